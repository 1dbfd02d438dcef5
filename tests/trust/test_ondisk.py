"""Attacks on rows that stay on the disk: they are what a run's id says, or it ends in a line."""

import errno
import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from crash import before_call, full, kill
from crash import forked as in_forks
from small import SMALL
from test_large import COLUMNS, DRAWN, LABELS, ROWS, SINGLE, in_an_empty_folder, written  # noqa: F401

from twinhead.cli.main import run as command
from twinhead.data import hdf5, hdf5_child, ondisk, rewriting, stacking
from twinhead.data.sources import File
from twinhead.disk import manifest, whole
from twinhead.errors import InputError
from twinhead.results import history
from twinhead.training import passes

NEVER = 10**9
CHUNKS = {"chunks": (100, 10)}
WORDS = ["data=file", "data.path=a.h5", "data.in_memory=false", "epochs=2", "progress=false"]


def forked(*works):
    """As in crash.py; a fork has none of the threads that read."""

    def alone(work):
        ondisk._pool = ThreadPoolExecutor(2)
        work()

    return in_forks(*(lambda work=work: alone(work) for work in works))


def load(path="a.h5"):
    return File(path=path, in_memory=False).load(on_disk=True).X


def flip(path, at, as_it_was=False):
    """Change a byte in the middle of a file, and its times as well unless nobody is to notice."""
    about = os.stat(path)
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))
    times = about.st_mtime_ns if as_it_was else about.st_mtime_ns + 10**6
    os.utime(path, ns=(about.st_atime_ns, times))


def unnoticed(path):
    flip(path, 200_000, as_it_was=True)


def overwritten(path):
    flip(path, 200_000)


def truncated(path):
    os.truncate(path, 100_000)


def swapped(path):
    os.replace("b.h5", path)


def piped(path):
    os.unlink(path)
    os.mkfifo(path)


@pytest.fixture
def in_mid_run(monkeypatch):
    """Let something happen before rows are read for the nth time, 221 at a time.

    The first 14 are for their hash, the next 14 for the losses before training.
    """
    real = ondisk.OnDisk.take

    def prepare(happen, when=33):
        asked = []

        def take(self, rows, precision="float32"):
            asked.append(1)
            if len(asked) == when:
                happen()
            return real(self, rows, precision)

        monkeypatch.setattr(ondisk, "BLOCK_BYTES", 2**15)
        monkeypatch.setattr("twinhead.training.rows.BLOCK_BYTES", 2**15)
        monkeypatch.setattr(ondisk.OnDisk, "take", take)
        return asked

    return prepare


def trained(outputs):
    (folder,) = Path(outputs, "train").glob("[0-9a-f]*")
    (record,) = history.load(folder / "history.h5").records.values()
    return folder.name, record.weights["kernel"].tobytes(), record.loss("train").tobytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("undisturbed"))
    written("a.h5")
    assert command(["train", *WORDS]) == 0
    found = trained("outputs")
    os.chdir(before)
    return found


@pytest.mark.parametrize("when", [10, 33], ids=["after its hash", "in the first epoch"])
@pytest.mark.parametrize("change", [unnoticed, overwritten, truncated])
def test_rows_that_change_in_mid_run_end_it_in_a_line(
    undisturbed, in_mid_run, change, when, capsys
):
    """What was trained on them is not gone on with when the file is again what it was."""
    content = Path(written("a.h5")).read_bytes()
    asked = in_mid_run(lambda: change("a.h5"), when)
    assert command(["train", *WORDS]) == 2
    assert len(asked) >= when
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: a.h5: ")
    assert error.endswith("expected rows that stay as they are")
    assert not Path("outputs/train").exists() or list(Path("outputs/train").iterdir()) == []
    Path("a.h5").write_bytes(content)
    assert command(["train", *WORDS]) == 0
    assert trained("outputs") == undisturbed


@pytest.mark.parametrize("change", [swapped, os.unlink, piped])
def test_another_file_of_that_name_is_another_file(undisturbed, in_mid_run, change):
    written("a.h5")
    written("b.h5", 2 * SINGLE)
    asked = in_mid_run(lambda: change("a.h5"))
    assert command(["train", *WORDS]) == 0
    assert len(asked) > 33
    assert trained("outputs") == undisturbed


@pytest.fixture
def changed_first(monkeypatch):
    """Let something happen to a file between what a process of its own saw and the run's look."""
    real = hdf5._left_on_disk

    def prepare(change):
        def left_on_disk(*arguments):
            change("a.h5")
            return real(*arguments)

        monkeypatch.setattr(hdf5, "_left_on_disk", left_on_disk)

    return prepare


@pytest.mark.parametrize("change", [unnoticed, overwritten, truncated, swapped, os.unlink, piped])
def test_rows_are_not_looked_for_in_another_file_than_was_looked_at(changed_first, change):
    written("a.h5")
    written("b.h5", 2 * SINGLE)
    changed_first(change)
    with pytest.raises((InputError, FileNotFoundError), match=r"a\.h5"):
        load()


@pytest.mark.parametrize("change", [swapped, os.unlink, piped])
def test_rows_are_written_anew_from_the_file_that_was_looked_at(changed_first, change):
    written("a.h5", **CHUNKS)
    written("b.h5", 2 * SINGLE, **CHUNKS)
    changed_first(change)
    assert np.array_equal(load()[:], SINGLE)


@pytest.mark.parametrize("most", [1e9, -1], ids=["into memory", "to the disk"])
def test_a_file_that_is_written_to_while_it_is_read_is_refused(most, monkeypatch):
    written("a.h5", **CHUNKS)
    real = hdf5_child._attributes

    def changed_before(file):
        overwritten("a.h5")
        return real(file)

    monkeypatch.setattr(hdf5_child, "_attributes", changed_before)
    monkeypatch.setattr(hdf5_child, "_limit", lambda what, value: None)
    said = []
    with pytest.raises(InputError, match=r"a\.h5: was changed while it was read"):
        said.extend(hdf5_child.read(Path("a.h5"), False, most))
    assert not any("end" in each[0] for each in said)


def test_labels_are_those_of_the_rows_when_a_file_is_read_twice(monkeypatch):
    """The small file beside a large one: first into memory, then left where it is."""
    written("a.h5")
    written("b.h5", SINGLE[:100], LABELS[:100])
    written("c.h5", -SINGLE[:100], 1 - LABELS[:100])
    real, read = hdf5.read, []

    def once(path, external, most):
        found = real(path, external, 4 * 100 * COLUMNS if most >= 0 else most)
        read.append(str(path))
        if read == ["a.h5", "b.h5"]:
            os.replace("c.h5", "b.h5")
        return found

    monkeypatch.setattr(hdf5, "read", once)
    found = stacking.stack([Path("a.h5"), Path("b.h5")])
    assert read == ["a.h5", "b.h5", "b.h5"]
    assert np.array_equal(found.X[ROWS:], -SINGLE[:100])
    assert found.y[ROWS:].tolist() == (1 - LABELS[:100]).tolist()


def test_a_disk_that_cannot_be_read_is_one_line_about_the_file(capsys, monkeypatch):
    written("a.h5")

    def refuses(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "preadv", refuses)
    assert command(["train", *WORDS]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: a.h5: cannot be read (Input/output error)")


# Rows that are written anew.


def rewrite(name="rows_of_a"):
    kind = np.dtype("<f4")
    X = rewriting.rewritten(Path("a.h5"), name, kind, SINGLE.shape, iter(np.split(SINGLE, 10)))
    assert np.array_equal(X[:], SINGLE)


def test_wherever_rewriting_crashes_nothing_half_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda opened: None)
    for happen in (kill, full):
        monkeypatch.chdir((tmp_path / happen.__name__).mkdir() or tmp_path / happen.__name__)
        with before_call(NEVER, happen) as made:
            rewrite("counted")
        for crash in range(made[0]):
            name = f"rows_{crash}"

            def work(name=name, crash=crash, happen=happen):
                with before_call(crash, happen):
                    try:
                        rewrite(name)
                    except InputError as error:
                        said = str(error)
                        assert said.startswith("a.h5: its rows cannot be written to data/: ")

            assert forked(work) == [-9 if happen is kill else 0], crash
            folder = rewriting.PLACE / name
            assert not folder.exists() or manifest.faults(folder, thorough=True) == {}
            rewrite(name)
            assert not list(rewriting.PLACE.glob(".*"))


def test_a_disk_that_fills_up_while_rows_are_written_is_one_line():
    written("a.h5", **CHUNKS)

    def work(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        with pytest.raises(InputError, match=r"^a\.h5: its rows cannot be written to data/: File"):
            load()
        assert command(["train", *WORDS]) == 2

    for limit in (0, 5000, 4 * DRAWN.size - 1):
        assert forked(lambda limit=limit: work(limit)) == [0]
        assert not list(rewriting.PLACE.iterdir())
    assert np.array_equal(load()[:], SINGLE)


def test_every_damage_to_rewritten_rows_is_healed(monkeypatch):
    monkeypatch.setattr(manifest, "SMALL", 0)  # As if they were too many for a quick look.
    rewrite()
    folder = rewriting.PLACE / "rows_of_a"
    rows = folder / rewriting.FILE
    size = rows.stat().st_size

    def replaced(by):
        rows.unlink()
        by()

    for damage in (
        *(lambda at=at: flip(rows, at, as_it_was=True) for at in (0, size // 2, size - 1)),
        lambda: os.truncate(rows, size - 1),
        lambda: os.truncate(rows, size + 1),
        lambda: flip(folder / manifest.MANIFEST, 20),
        lambda: (folder / manifest.MANIFEST).unlink(),
        rows.unlink,
        lambda: replaced(lambda: os.mkfifo(rows)),
        lambda: replaced(rows.mkdir),
        lambda: replaced(lambda: rows.symlink_to(rows)),
        lambda: manifest.seal(folder, finished=True),  # Of nothing's rows.
    ):
        damage()
        rewrite()
        assert manifest.faults(folder, thorough=True) == {}
        assert [path.name for path in rewriting.PLACE.iterdir()] == ["rows_of_a"]


def test_rewritten_rows_that_change_in_mid_run_end_it_in_a_line(in_mid_run, capsys):
    written("a.h5", **CHUNKS)
    for change in (unnoticed, overwritten, truncated):
        in_mid_run(lambda change=change: change(next(iter(rewriting.sizes())) / rewriting.FILE))
        assert command(["train", *WORDS]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: data/rows_"), error
    in_mid_run(lambda: command(["clean"]))
    assert command(["train", *WORDS]) == 0
    assert not rewriting.sizes()


def test_several_runs_that_write_the_same_rows_at_once_all_have_them():
    begin = time.monotonic() + 0.5

    def at_once():
        time.sleep(max(0, begin - time.monotonic()))
        rewrite()

    def killed():
        with before_call(8, kill):
            at_once()

    codes = forked(at_once, at_once, killed, at_once, at_once)
    assert codes in ([0, 0, -9, 0, 0], [0] * 5)  # It may have found what another had written.
    whole.tidy(rewriting.PLACE)
    assert [path.name for path in rewriting.PLACE.iterdir()] == ["rows_of_a"]


def test_what_a_killed_rewriting_left_is_cleared_by_a_run_of_any_kind(monkeypatch):
    def killed():
        with before_call(8, kill):
            rewrite()

    assert forked(killed) == [-9]
    assert list(rewriting.PLACE.glob(".partial-rows_of_a-*"))
    monkeypatch.setattr(passes, "kept_in", refuses_to_measure)
    with pytest.raises(ZeroDivisionError):
        command(["train", *SMALL["train"].split(), "progress=false"])
    assert not list(rewriting.PLACE.glob(".partial-rows*"))


def refuses_to_measure(folder):
    raise ZeroDivisionError
