"""A features file is read whole and sound, or refused in one line; whatever lies in it."""

import os
import random
import sys
import time

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutate import COLUMNS, KINDS, ROWS, Forked, base, features, mutated, outcome_of_reading, tokens

from twinhead.data import hdf5
from twinhead.data.images import layout
from twinhead.data.sources import File
from twinhead.errors import InputError


@pytest.fixture
def forked(monkeypatch):
    """The child as a fork of this process, which costs milliseconds."""
    monkeypatch.setattr(hdf5.subprocess, "Popen", Forked)


def refused(path, *parts):
    with pytest.raises(InputError) as caught:
        hdf5.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_every_kind_is_read_as_it_is(tmp_path, kind, forked):
    base(kind, tmp_path / "a.h5")
    read = hdf5.read(tmp_path / "a.h5")
    X, y = features()
    assert read.X.tobytes() == X.tobytes()
    assert read.y.tobytes() == y.tobytes()


def test_incompressible_chunks_which_are_stored_as_they_are_are_read(tmp_path, forked):
    noise = np.random.default_rng(0).random((64, 8))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("train", data=noise, chunks=(8, 8), compression="lzf")
        file["label"] = np.arange(64) % 2
    assert np.array_equal(hdf5.read(tmp_path / "a.h5").X, noise.astype(np.float32))


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_a_damaged_file_is_refused_in_a_line_or_read_as_what_is_in_it(tmp_path, forked, kind, seed):
    path = tmp_path / "a.h5"
    path.write_bytes(mutated(base(kind, path), random.Random(seed)))
    started = time.monotonic()
    outcome = outcome_of_reading(kind, path)
    assert outcome in ("refused", "read"), outcome
    assert time.monotonic() - started < 10


def written(path, **datasets):
    """Write a file; each dataset is an array or a function (file, name) that makes it."""
    X, y = features()
    with h5py.File(path, "w") as file:
        for name, value in ({"train": X, "label": y} | datasets).items():
            if callable(value):
                value(file, name)
            else:
                file[name] = value
    return path


def test_what_lies_in_another_file_is_refused_unless_it_is_allowed(tmp_path, forked):
    X, _ = features()
    other = written(tmp_path / "other.h5")

    def linked(file, name):
        file[name] = h5py.ExternalLink("other.h5", "train")

    def behind_a_soft_link(file, name):
        file["way"] = h5py.ExternalLink("other.h5", "/")
        file[name] = h5py.SoftLink("/way/train")

    def virtual(file, name):
        layout = h5py.VirtualLayout(X.shape, X.dtype)
        layout[:] = h5py.VirtualSource("other.h5", "train", X.shape)
        file.create_virtual_dataset(name, layout)

    def raw(file, name):
        (tmp_path / "raw").write_bytes(X.tobytes())
        place = [(str(tmp_path / "raw"), 0, X.nbytes)]
        file.create_dataset(name, X.shape, X.dtype, external=place)

    for name, how, said in (
        ("linked", linked, "external link"),
        ("soft", behind_a_soft_link, str(other)),
        ("virtual", virtual, "virtual"),
        ("raw", raw, "external storage"),
    ):
        path = written(tmp_path / f"{name}.h5", train=how)
        refused(path, "another file", said, "data.external=true")
        assert np.array_equal(hdf5.read(path, external=True).X, X), name


def test_what_is_declared_and_not_stored_is_no_zero(tmp_path, forked):
    shape = (ROWS, COLUMNS)

    def nothing(file, name):
        file.create_dataset(name, shape, "f4")

    def no_chunk(file, name):
        # 1.2 GB in less than two kilobytes.
        file.create_dataset(name, (ROWS, 5_000_000), "f4", chunks=(1, 1000), compression="gzip")

    def one_chunk_less(file, name):
        file.create_dataset(name, shape, "f4", chunks=(10, COLUMNS))[: ROWS - 10] = 1

    refused(
        written(tmp_path / "a.h5", train=nothing), "`train` is not all there", "5760 of 5760 bytes"
    )
    path = written(tmp_path / "b.h5", train=no_chunk)
    assert path.stat().st_size < 4000
    refused(path, "300000 of 300000 chunks")
    refused(written(tmp_path / "c.h5", train=one_chunk_less), "1 of 6 chunks")


def test_what_is_allowed_to_lie_elsewhere_has_to_lie_there(tmp_path, forked):
    X, _ = features()

    def short(file, name):
        (tmp_path / "raw").write_bytes(X.tobytes()[:-1])
        place = [(str(tmp_path / "raw"), 0, X.nbytes)]
        file.create_dataset(name, X.shape, X.dtype, external=place)

    def virtual(of):
        def make(file, name):
            layout = h5py.VirtualLayout(X.shape, X.dtype)
            layout[:] = h5py.VirtualSource(of, "train", X.shape)
            file.create_virtual_dataset(name, layout)

        return make

    for name, how in (("a", short), ("b", virtual("gone.h5")), ("c", virtual("c.h5"))):
        path = written(tmp_path / f"{name}.h5", train=how)
        with pytest.raises(InputError, match="`train` is not all there"):
            hdf5.read(path, external=True)


@pytest.mark.parametrize("chunk", [(4, 3), (16, 100)])
def test_a_chunk_that_ends_too_early_is_not_filled_with_what_lay_in_memory(tmp_path, chunk):
    """LZF has no checksum, and takes the beginning of a stream for all of it."""
    values = np.repeat(np.arange(1, 801) % 97, 2).reshape(16, 100).astype("f4")
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        train = file.create_dataset("train", data=values, chunks=chunk, compression="lzf")
        file["label"] = np.arange(16) % 2
        mask, stream = train.id.read_direct_chunk((0, 0))
        train.id.write_direct_chunk((0, 0), stream[: tokens(stream)[-5]], mask)
    refused(path, "reads differently the second time")


def test_a_name_that_is_no_utf8_is_no_reason_to_refuse(tmp_path, forked):
    path = written(tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        h5py.h5g.create(file.id, b"caf\xe9")
    assert len(hdf5.read(path).X) == ROWS
    with h5py.File(path, "r+") as file:
        del file["train"]
    refused(path, "`train` is missing", "caf\\xe9, label")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "found a pipe")


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("while True: pass", "takes more than 1 s"),
        ("import time; time.sleep(100)", "takes more than 1 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "stops HDF5 (SIGSEGV)"),
        ("raise SystemExit(7)", "stops HDF5 (7)"),
        ("print('{}')", "stops HDF5 (0)"),
        ("print('{', end='')", "stops HDF5"),
    ],
)
def test_a_library_that_crashes_or_hangs_is_one_line(tmp_path, monkeypatch, does, said):
    script = tmp_path / "python"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))"
    script.write_text(f"#!{sys.executable}\n{limit}\n{does}\n")
    script.chmod(0o755)
    path = written(tmp_path / "a.h5")
    monkeypatch.setattr(hdf5.sys, "executable", str(script))
    monkeypatch.setattr(hdf5, "LEAST_SECONDS", 1)
    monkeypatch.setattr(hdf5, "WAITING", 3)
    refused(path, said)


def test_what_lies_in_data_is_opened_by_another_process(tmp_path, monkeypatch):
    path = written(tmp_path / "a.h5")
    with h5py.File(path, "r+") as file:
        file.attrs.update({"identity": "mine", "size": 3, "more": [1, 2]})
    assert layout.about(path) == {"identity": "mine", "size": 3}
    monkeypatch.setattr(h5py, "File", None)
    assert layout.about(path) == {"identity": "mine", "size": 3}
    path.write_bytes(path.read_bytes()[:100])
    assert layout.about(path) == {}
    assert layout.about(tmp_path / "none.h5") == {}


def test_a_file_that_is_swapped_after_its_identity_was_taken_is_not_measured(tmp_path):
    one, other = written(tmp_path / "a.h5"), written(tmp_path / "b.h5", train=features()[0] + 100)
    source = File(path=str(one))
    identity = source.identity()
    other.rename(one)
    assert source.load().X.max() < 100, "read twice"
    assert File(path=str(one)).identity() != identity
    # The first arrays are no longer in memory, and the file is another.
    with pytest.raises(InputError, match="other features than a moment ago"):
        source.load()
