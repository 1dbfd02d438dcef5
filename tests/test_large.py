"""Features that are too many for memory: read where they are, with the numbers of those in it."""

import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from test_training import arm, four, recipe
from trust.mutate import tokens

from twinhead.cli.main import run as command
from twinhead.data import ondisk, rewriting
from twinhead.data.features import fingerprint
from twinhead.data.features import split as cut
from twinhead.data.sources import File
from twinhead.disk import manifest
from twinhead.errors import InputError
from twinhead.training import bank, evaluate, rows

ROWS, COLUMNS = 3000, 37
DRAWN = np.random.default_rng(0).standard_normal((ROWS, COLUMNS))
SINGLE = DRAWN.astype("f4")
LABELS = (DRAWN[:, 0] > 0).astype(np.uint8)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    """Rows are rewritten to ./data."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of some hundred rows, so that a few thousand take many."""
    for module in (ondisk, rows, evaluate):
        monkeypatch.setattr(module, "BLOCK_BYTES", 2**15)


def written(name, X=SINGLE, y=LABELS, **options):
    with h5py.File(name, "w") as file:
        file.create_dataset("train", data=X, **options)
        file["label"] = y
    return name


def in_bfloat16(name):
    """Write 16 bits a number, as HDF5 2 has them; NumPy alone knows no such type."""
    kind = h5py.h5t.IEEE_F16LE.copy()
    kind.set_fields(15, 7, 8, 0, 7)
    kind.set_ebias(127)
    with h5py.File(name, "w") as file:
        place = h5py.h5s.create_simple(DRAWN.shape)
        train = h5py.h5d.create(file.id, b"train", kind, place)
        train.write(h5py.h5s.ALL, h5py.h5s.ALL, DRAWN.astype("f4"))
        file["label"] = LABELS
    return name


def both(path="a.h5", **more):
    """Return the same features in memory and on the disk."""
    sources = [File(path=path, in_memory=where, **more) for where in (True, False)]
    loaded = [source.load(on_disk=True) for source in sources]
    assert sources[0].identity() == sources[1].identity()
    assert isinstance(loaded[0].X, np.ndarray)
    assert isinstance(loaded[1].X, ondisk.OnDisk)
    return loaded


KINDS = {
    "float32": lambda name: written(name),
    "float64": lambda name: written(name, DRAWN),
    "float16": lambda name: written(name, DRAWN.astype("f2")),
    "bfloat16": in_bfloat16,
    "big-endian": lambda name: written(name, DRAWN.astype(">f4")),
    "whole numbers": lambda name: written(name, (10 * DRAWN).astype("i8")),
    "booleans": lambda name: written(name, DRAWN > 0),
    "chunked": lambda name: written(name, chunks=(100, 10)),
    "short and compressed": lambda name: written(
        name, DRAWN.astype("f2"), chunks=(64, COLUMNS), compression="gzip"
    ),
    "chunks longer than a block": lambda name: written(name, chunks=(ROWS, 1), compression="lzf"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_any_type_and_storage_are_those_in_memory(kind, small_blocks):
    memory, disk = both(KINDS[kind]("a.h5"))
    assert fingerprint(disk.X, disk.y) == fingerprint(memory.X, memory.y)
    order = np.random.default_rng(1).integers(0, ROWS, 2000)  # Some more than once.
    for precision in ("float32", "float64"):
        assert np.array_equal(disk.X.take(order, precision), memory.X[order].astype(precision))
    assert np.array_equal(np.concatenate([*disk.X.blocks()]), memory.X)
    assert np.array_equal(
        disk.X.chosen(order).chosen(np.arange(9, 3, -1))[2:], memory.X[order[7:3:-1]]
    )
    (stretch,) = disk.X.stretches
    short = kind in ("float16", "bfloat16", "short and compressed")
    assert stretch.kind.itemsize == 2 if short else stretch.kind.itemsize != 2


@pytest.mark.parametrize("shuffle", ["rows", "blocks"])
@pytest.mark.parametrize("batch", [64, 70, 2400])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_training_from_the_disk_has_the_bits_of_training_in_memory(
    small_blocks, precision, batch, shuffle
):
    """With a short last batch of 32 or 20 rows, and with one batch that is everything."""
    memory, disk = (cut(each, 0.2, seed=3) for each in both(written("a.h5")))
    how = replace(recipe("adam", epochs=2, batch_size=batch), shuffle=shuffle)
    for one, other in zip(
        bank.train(four(precision), how, memory),
        bank.train(four(precision), how, disk),
        strict=True,
    ):
        for name in ("kernel", "bias"):
            assert one.weights[name].tobytes() == other.weights[name].tobytes()
        for key, values in one.series.items():
            assert values.tobytes() == other.series[key].tobytes(), key
        assert one.loss()[-1] != one.loss()[0]
    assert disk.X_train.tally.bytes >= 2 * 3 * disk.X_train.nbytes / 2, "read in every epoch"


def test_labels_and_weights_of_an_arms_own_go_with_their_rows(small_blocks):
    memory, disk = (cut(each, 0.2, seed=3) for each in both(written("a.h5")))
    count = len(memory.y_train)
    draw = np.random.default_rng(4).integers
    own = rows.Labels(draw(0, 2, count, np.uint8), memory.y_validation, draw(0, 3, count))
    arms = [arm("softmax"), arm("sigmoid")]
    trained = [
        bank.train(arms, recipe(), each, labels={arms[1].name: own}) for each in (memory, disk)
    ]
    for one, other in zip(*trained, strict=True):
        assert one.weights["kernel"].tobytes() == other.weights["kernel"].tobytes()
        assert one.loss("train").tobytes() == other.loss("train").tobytes()


def test_columns_are_standardised_alike(small_blocks):
    written("a.h5", 3 + 2 * DRAWN.astype("f4"))
    memory, disk = (cut(replace(each, standardise=True), 0.2, seed=1) for each in both())
    assert disk.mean.tobytes() == memory.mean.tobytes()
    assert disk.scale.tobytes() == memory.scale.tobytes()
    for part in ("X_train", "X_validation"):
        assert getattr(disk, part)[:].tobytes() == getattr(memory, part).tobytes()
    np.testing.assert_allclose(disk.X_train[:].std(axis=0), 1, atol=1e-5)


def test_a_shuffle_by_blocks_reads_neighbours_together_and_mixes_them():
    written("a.h5", np.zeros((40_000, 2), "f4"), np.arange(40_000) % 2)
    split = cut(both()[1], 0.2, seed=1)
    order = bank.noise.order(1, 1, 32_000, split.places)
    assert sorted(order) == list(range(32_000))
    together = bank.noise.BLOCK * bank.noise.TOGETHER
    for start in range(0, 32_000, together):
        places = np.sort(split.places[order[start : start + together]])
        # Four in five rows are for training, so that neighbours are 1.25 apart; by chance, 4.9.
        assert np.median(np.diff(places)) == 1
        assert np.abs(np.diff(split.places[order[start : start + together]])).mean() > 5000
    with pytest.raises(ValueError, match="nobody knows where they lie"):
        replace(recipe(), shuffle="blocks").places(replace(split, places=None))


def test_the_masks_of_an_epoch_in_parts_are_those_of_the_epoch():
    for dropout in (0.5, 0.3):
        whole = bank.noise.masks(3, 2, 5000, 51, dropout)
        parts = bank.noise.masks_in_parts(3, 2, [1024, 1, 2000, 1975], 51, dropout)
        assert np.array_equal(np.concatenate([*parts]), whole)


def test_chunked_rows_are_written_anew_once_for_each_file(capsys, monkeypatch):
    monkeypatch.setattr(manifest, "SMALL", 0)  # Larger files than this are not hashed at a look.
    written("a.h5", chunks=(100, 10))
    source = File(path="a.h5", in_memory=False)
    source.load(on_disk=True)
    (folder,) = rewriting.sizes()
    made = (folder / rewriting.FILE).stat()
    again = both()[1].X[:]
    assert [*rewriting.sizes()] == [folder]
    assert (folder / rewriting.FILE).stat().st_mtime_ns == made.st_mtime_ns

    # A copy that is another than it was is made again.
    content = bytearray((folder / rewriting.FILE).read_bytes())
    content[1000] ^= 1
    (folder / rewriting.FILE).write_bytes(content)
    assert both()[1].X[:].tobytes() == again.tobytes()
    assert (folder / rewriting.FILE).read_bytes() != content

    written("a.h5", 2 * DRAWN.astype("f4"), chunks=(100, 10))
    assert np.array_equal(both()[1].X[:], 2 * DRAWN.astype("f4"))
    assert len(rewriting.sizes()) == 2
    assert command(["clean"]) == 0
    assert "Removed 2 folder(s)" in capsys.readouterr().out
    assert not rewriting.sizes()


def test_a_disk_without_room_for_rewritten_rows_is_one_line(monkeypatch):
    written("a.h5", chunks=(100, 10))
    usage = shutil.disk_usage(".")._replace(free=rewriting.RESERVE + 4 * DRAWN.size - 1)
    monkeypatch.setattr(rewriting.shutil, "disk_usage", lambda place: usage)
    with pytest.raises(
        InputError, match=r"a.h5: .*found 0.3 GB free there, expected 0.3 more than"
    ):
        File(path="a.h5", in_memory=False).load(on_disk=True)
    assert not rewriting.sizes()
    monkeypatch.setattr(
        rewriting.shutil, "disk_usage", lambda place: usage._replace(free=usage.free + 1)
    )
    File(path="a.h5", in_memory=False).load(on_disk=True)


def test_a_damaged_chunk_is_found_before_its_rows_are_written():
    """LZF has no checksum, and what is missing at its end is whatever lay in memory."""
    values = np.repeat(np.arange(1, 801) % 97, 2).reshape(16, 100).astype("f4")
    with h5py.File("a.h5", "w") as file:
        train = file.create_dataset("train", data=values, chunks=(16, 100), compression="lzf")
        file["label"] = np.arange(16) % 2
        mask, stream = train.id.read_direct_chunk((0, 0))
        train.id.write_direct_chunk((0, 0), stream[: tokens(stream)[-5]], mask)
    for where in (True, False):
        with pytest.raises(InputError, match="reads differently the second time"):
            File(path="a.h5", in_memory=where).load(on_disk=True)
    assert not rewriting.sizes()


def test_what_is_no_number_is_refused_in_the_same_words(small_blocks):
    X = DRAWN.copy()
    X[1234, 5], X[2999, 0], X[2000, 36] = np.nan, np.inf, 1e39
    written("a.h5", X)
    said = []
    for where in (True, False):
        with pytest.raises(InputError) as caught:
            File(path="a.h5", in_memory=where).load(on_disk=True)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "holds 3 value(s)" in said[0]
    assert "row 1234, column 5" in said[0]


def test_a_file_that_changes_while_it_is_read_is_refused():
    features = both(written("a.h5"))[1]
    with open("a.h5", "r+b") as file:
        file.seek(100_000)
        file.write(b"other")
    with pytest.raises(InputError, match=r"^a.h5: was changed while it was read"):
        features.X[:10]
    features = both(written("a.h5"))[1]
    with open("a.h5", "r+b") as file:
        file.truncate(100_000)
    with pytest.raises(InputError, match=r"^a.h5: (was changed|ended) while it was read"):
        features.X[ROWS - 10 :]


def test_files_are_joined_row_by_row(small_blocks):
    written("a.h5")
    written("b.h5", -DRAWN[:500], LABELS[:500])
    written("c.h5", DRAWN[:7].astype("f2"), LABELS[:7], chunks=(2, 5))
    memory, disk = both("a.h5", more_rows=["b.h5", "c.h5"])
    X = np.concatenate([DRAWN, -DRAWN[:500], DRAWN[:7].astype("f2")]).astype("f4")
    assert np.array_equal(memory.X, X)
    assert disk.X.gone_through.bytes == COLUMNS * (4 * ROWS + 8 * 500 + 2 * 7), "once"
    assert np.array_equal(disk.X[:], X)
    order = np.random.default_rng(1).permutation(len(X))
    assert np.array_equal(disk.X.take(order), X[order])
    assert memory.y.tolist() == disk.y.tolist() == [*LABELS, *LABELS[:500], *LABELS[:7]]
    assert memory.name == disk.name == "a.h5 + b.h5 + c.h5"

    written("d.h5", DRAWN[:, 1:])
    other = DRAWN[:500].copy()
    other[77, 3] = np.inf
    written("e.h5", other, LABELS[:500])
    for where in (True, False):
        with pytest.raises(InputError, match=r"^e.h5: .* row 77, column 3"):
            File(path="a.h5", more_rows=["e.h5"], in_memory=where).load(on_disk=True)
        with pytest.raises(
            InputError, match=r"d.h5: `train` has 36 columns, expected 37, as in a.h5"
        ):
            File(path="a.h5", more_rows=["d.h5"], in_memory=where).load(on_disk=True)
