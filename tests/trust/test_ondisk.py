"""Attacks on rows that stay on the disk: they are what a run's id says, or it ends in a line."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from test_large import COLUMNS, LABELS, SINGLE, in_an_empty_folder, written  # noqa: F401

from twinhead.cli.main import run as command
from twinhead.data import hdf5, hdf5_child, ondisk, stacking
from twinhead.data.sources import File
from twinhead.errors import InputError
from twinhead.results import history

CHUNKS = {"chunks": (100, 10)}
WORDS = ["data=file", "data.path=a.h5", "data.in_memory=false", "epochs=2", "progress=false"]


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
        said.extend(hdf5_child.read(Path("a.h5"), False, most, False))
    assert not any("end" in each[0] for each in said)


def test_labels_are_those_of_the_rows_when_a_file_is_read_twice(monkeypatch):
    """The small file before a large one: first into memory, then left where it is."""
    written("a.h5")
    written("b.h5", SINGLE[:100], LABELS[:100])
    written("c.h5", -SINGLE[:100], 1 - LABELS[:100])
    real, read = hdf5.read, []

    def once(path, most, **how):
        found = real(path, most=4 * 100 * COLUMNS if most >= 0 else most, **how)
        read.append(str(path))
        if read == ["b.h5", "a.h5"]:
            os.replace("c.h5", "b.h5")
        return found

    monkeypatch.setattr(hdf5, "read", once)
    found = stacking.stack([Path("b.h5"), Path("a.h5")])
    assert read == ["b.h5", "a.h5", "b.h5"]
    assert np.array_equal(found.X[:100], -SINGLE[:100])
    assert found.y[:100].tolist() == (1 - LABELS[:100]).tolist()


def test_a_disk_that_cannot_be_read_is_one_line_about_the_file(capsys, monkeypatch):
    written("a.h5")

    def refuses(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "preadv", refuses)
    assert command(["train", *WORDS]) == 2
    (error,) = capsys.readouterr().err.splitlines()
    assert error.startswith("error: a.h5: cannot be read (Input/output error)")
