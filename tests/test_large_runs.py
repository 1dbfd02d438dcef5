"""Runs on features that are too many for memory: the same runs, in little of it."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from test_large import (  # noqa: F401, fixtures among them.
    COLUMNS,
    DRAWN,
    both,
    in_an_empty_folder,
    small_blocks,
    written,
)
from test_training import arm, recipe

from twinhead.cli.composing import compose
from twinhead.cli.main import run as command
from twinhead.data import hdf5, ondisk, room
from twinhead.data.features import split as cut
from twinhead.data.sources import File
from twinhead.errors import InputError
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.verify import verify
from twinhead.training import bank, passes, rows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("data.more_rows=[a.h5]", "data.more_rows: found a.h5, expected other files"),
        ("data.more_rows=[b.h5,b.h5]", "data.more_rows: found [b.h5,b.h5], expected a list of"),
        ("data.in_memory=sometimes", "data.in_memory: found sometimes, expected auto, true or"),
        ("shuffle=never", "shuffle: found never, expected rows or blocks"),
    ],
)
def test_a_wrong_word_is_one_line(words, said):
    with pytest.raises(InputError) as caught:
        compose(
            "experiment/train",
            Experiment("train").Settings,
            ["data=file", "data.path=a.h5", *words.split()],
        )
    assert str(caught.value).startswith(said)


def test_a_batch_that_is_too_large_for_memory_is_refused(monkeypatch):
    monkeypatch.setattr(rows, "MOST_BATCH_BYTES", 100 * 4 * COLUMNS)
    split = cut(both(written("a.h5"))[1], 0.2, seed=1)
    bank.train([arm("sigmoid", precision="float32")], recipe(batch_size=100), split)
    with pytest.raises(InputError, match=r"batch_size: found 101, .* expected at most 100"):
        bank.train([arm("sigmoid", precision="float32")], recipe(batch_size=101), split)


@pytest.mark.usefixtures("small_blocks")
def test_every_window_and_block_of_an_epoch_moves_the_bar(monkeypatch, caplog):
    """An epoch of a large file takes minutes."""
    split = cut(both(written("a.h5"))[1], 0.2, seed=1)
    clock = iter(range(0, 10**6, 2))
    monkeypatch.setattr(bank.time, "monotonic", lambda: next(clock))
    with caplog.at_level("INFO"):
        bank.train([arm("sigmoid", precision="float32")], recipe(epochs=2, batch_size=50), split)
    counts = [each.counted for each in caplog.records if hasattr(each, "counted")]
    done = [done for what, done, total in counts if what == "rows, 1 arm(s)"]
    # 2400 rows for training, which are trained on twice, and they and 600 more evaluated thrice.
    assert {total for what, _, total in counts if what.startswith("rows")} == {2 * 2400 + 3 * 3000}
    assert done[-1] == 2 * 2400 + 3 * 3000
    assert done == sorted(done)
    assert max(np.diff(done)) < 2400 / 8, "a window has 200 rows"


@pytest.mark.usefixtures("small_blocks")
def test_what_a_file_takes_before_the_run_is_known_is_counted(caplog):
    written("a.h5", chunks=(100, COLUMNS))
    with caplog.at_level("INFO"):
        File(path="a.h5", in_memory=False).load(on_disk=True)
    counts = [each.counted for each in caplog.records if hasattr(each, "counted")]
    for words in ("a.h5: MiB written anew", "a.h5: MiB gone through"):
        own = [(done, total) for what, done, total in counts if what.startswith(words)]
        assert own[-1][0] == pytest.approx(own[-1][1]) == pytest.approx(4 * DRAWN.size / 2**20)
        assert own[0][0] == 0
        assert [done for done, _ in own].count(0) == 1, "once"
    assert len(own) > 5


def test_memory_that_is_left_decides_where_rows_are(monkeypatch):
    source = File(path=written("a.h5"))
    size = 4 * DRAWN.size
    for free, kind in ((4 * size, np.ndarray), (4 * size - 4, ondisk.OnDisk)):
        monkeypatch.setattr(room, "free", lambda free=free: free)
        assert isinstance(source.model_copy()._read().X, kind)


def test_a_small_file_beside_a_large_one_stays_on_the_disk_too(monkeypatch):
    """And is not loaded first, where the large one comes before it."""
    written("a.h5")
    written("b.h5", DRAWN[:10], np.arange(10) % 2)
    monkeypatch.setattr(room, "free", lambda: 4 * (2 * DRAWN.size * 4 - 4))
    asked, read = [], hdf5.read
    monkeypatch.setattr(
        hdf5, "read", lambda path, **how: asked.append(path.name) or read(path, **how)
    )
    for order, reads in (("ab", ["a", "b"]), ("ba", ["b", "a", "b"])):
        asked.clear()
        one, other = (f"{name}.h5" for name in order)
        X = File(path=one, more_rows=[other])._read().X
        assert isinstance(X, ondisk.OnDisk)
        assert len(X) == len(DRAWN) + 10
        assert asked == [f"{name}.h5" for name in reads]


def test_a_containers_limit_counts(tmp_path):
    own = tmp_path / "job"
    own.mkdir()
    for name, value in (("max", "5000"), ("current", "4000"), ("stat", "active_file 300\nanon 9")):
        (own / f"memory.{name}").write_text(f"{value}\n")
    assert room._left_by_group(own) == [1300]
    (own / "memory.max").write_text("max\n")
    assert room._left_by_group(own) == []
    assert room._left_by_group(tmp_path) == []
    assert 0 < room.free() < 2**50


def test_an_experiment_that_needs_rows_in_memory_says_so(capsys):
    written("a.h5")
    assert command(["equivalence", "data=file", "data.path=a.h5", "data.in_memory=false"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: a.h5: found 0.0 GB of features, left on the disk; expected")


def test_passes_of_other_rows_on_the_disk_are_told_apart():
    disk = both(written("a.h5"))[1]
    one, same, other = (cut(disk, 0.2, seed) for seed in (1, 1, 2))
    before = disk.X.tally.bytes
    assert passes._of(one) == passes._of(same) != passes._of(other)
    assert disk.X.tally.bytes == before, "no row is read for it"
    written("a.h5", DRAWN + 1)
    assert passes._of(cut(both()[1], 0.2, 1)) != passes._of(one)


def test_a_run_is_the_same_run_wherever_its_rows_are():
    written("a.h5")
    runs = []
    for where in ("true", "false"):
        experiment = Experiment("lr_ratio")
        words = [
            "data=file",
            "data.path=a.h5",
            f"data.in_memory={where}",
            "seeds=[0,1]",
            "epochs=2",
        ]
        words += ["lr_ratios=[1.5,2,3]", f"outputs=in_memory_{where}", "progress=false"]
        runs.append(execute(experiment, compose("experiment/lr_ratio", experiment.Settings, words)))
    one, other = (run.folder for run in runs)
    assert one.name == other.name
    for file in ("history.csv", "summary.csv", "answer.json", "lesson.json"):
        assert (one / file).read_bytes() == (other / file).read_bytes(), file
    assert verify(other).faults == {}
    in_memory, read = (
        json.loads((folder / "provenance.json").read_text())["reading"] for folder in (one, other)
    )
    assert in_memory["whole"]["bytes"] == 4 * DRAWN.size
    # Once for their hash, and after each of two passes to see that they are what they were.
    assert read["in_order"]["bytes"] == 3 * 4 * DRAWN.size
    # Two seeds: rows before training, then trained on and evaluated in each of two epochs.
    assert read["at_random"]["bytes"] >= 2 * (1 + 2 * 1.8) * 4 * DRAWN.size
    assert read["at_random"]["bytes_per_second"] > 0
    assert "features read</dt><dd>in order 1.3 MB at " in (other / "report.html").read_text()


LARGE = """
import re, resource
import h5py, numpy as np
from dataclasses import replace
from twinhead.data.features import split
from twinhead.data.sources import File
from twinhead.results.arm import Arm
from twinhead.training import bank
from twinhead.training.recipe import Recipe

def virtual():
    return int(open("/proc/self/statm").read().split()[0]) * 4096

# Threads reserve more than they use; all rows together would not fit.
limit = virtual() + {room}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
arms = [Arm("one", "softmax", 1e-3, 1), Arm("other", "sigmoid", 2e-3, 1, init="transfer")]
recipe = Recipe(1, 128, 0.5)
large = File(path="large.h5", in_memory=False).load(on_disk=True)
assert large.X.nbytes >= {size}
first = large.X.chosen(np.arange({first}))
some = replace(large, X=first, y=large.y[:{first}])
loaded = replace(some, X=File(path="first.h5", in_memory=True).load().X)
assert loaded.X.tobytes() == first[:].tobytes()
for one, other in zip(*(bank.train(arms, recipe, split(each, 0.2, 1)) for each in (some, loaded))):
    assert one.weights["kernel"].tobytes() == other.weights["kernel"].tobytes()
    assert one.loss().tobytes() == other.loss().tobytes()
records = bank.train(arms, recipe, split(large, 0.2, 1))
assert abs(records[0].loss() - records[1].loss()).max() < 1e-6
try:
    np.ones(limit, np.uint8)
except MemoryError:
    # Not getrusage's: that has the peak of the process that this one was forked from.
    print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]))
"""


def sparse(name, count, columns, first):
    """Write a file of which only the first rows take room on the disk; the others are zeros."""
    X = np.random.default_rng(0).standard_normal((first, columns)).astype("f4")
    with h5py.File(name, "w") as file:
        settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        settings.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        settings.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        place = h5py.h5s.create_simple((count, columns))
        h5py.h5d.create(file.id, b"train", h5py.h5t.IEEE_F32LE, place, settings)
        file["train"][:first] = X
        file["label"] = np.arange(count) % 2
    written("first.h5", X, np.arange(first) % 2)


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
@pytest.mark.parametrize(
    ("size", "room"),
    [
        (2**28, 2**31),
        pytest.param(2**32, 5 * 2**29, marks=pytest.mark.slow),
    ],
    ids=["256 MB", "4 GB"],
)
def test_a_large_file_is_trained_on_in_little_memory(size, room):
    """Its first rows with the bits that they have in memory."""
    sparse("large.h5", size // 8192, 2048, 9000)
    program = LARGE.format(room=room, size=size, first=9000)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    peak = int(done.stdout)
    assert peak < 2e9
