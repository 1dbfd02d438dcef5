"""A features file in the article's layout with names beside its rows, and how one is written.

`train` (n, d) and `test` (m, d) float32, `label` (n,), `train_names`, `test_names`, `broken`; the
rest is in attributes. All but the features is written first, and they then go straight to their
place in the file, block by block: a killed writer leaves whole blocks, and the next one goes on.
"""

import fcntl
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np

from twinhead.data import hdf5
from twinhead.data.features import fingerprint
from twinhead.errors import InputError

PARTS = ("train", "test")
SHA256 = "sha256"  # Of train and label, as `fingerprint` makes it.
UNKNOWN = np.bytes_(b"0" * 64)  # Until the last row is there; as long as what replaces it.


def about(path: Path) -> Mapping[str, str | int | float]:
    """Return a file's attributes; none if it is no features file, or there is none."""
    try:
        return hdf5.about(path)  # Whatever lies in data/: not for this process to open.
    except InputError:
        return {}


def names(path: Path, part: str = "train") -> list[str]:
    """Return the names beside the rows.

    Raises:
        InputError: there are none.
    """
    try:
        with h5py.File(path) as file:
            if f"{part}_names" in file:
                return list(file[f"{part}_names"].asstr()[:])
    except (OSError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: `{part}_names` cannot be read ({error})") from error
    raise InputError(
        f"{path}: dataset `{part}_names` is missing; expected a file that `twinhead features` made"
    )


def test(path: Path) -> np.ndarray:
    """Return the features of the images without labels."""
    with h5py.File(path) as file:
        return file["test"][:]


def left_out(path: Path) -> list[str]:
    """Return the images that were left out, each with its reason."""
    with h5py.File(path) as file:
        return list(file["broken"].asstr()[:])


def _opened(path: Path) -> h5py.File:
    """Open what is in the making without HDF5's own lock: its writer holds it already."""
    return h5py.File(path, locking=False)


def _attributes(file: h5py.File) -> dict[str, str | int]:
    def plain(value):
        if isinstance(value, bytes):
            return value.decode()
        return value.item() if isinstance(value, np.generic) else value

    return {key: plain(value) for key, value in file.attrs.items()}


@dataclass(frozen=True)
class Content:
    """All of a features file but the features, whose number of columns is `width`."""

    names: Mapping[str, Sequence[str]]
    labels: np.ndarray
    width: int
    broken: Sequence[str]
    attributes: Mapping[str, str | int]

    def write(self, descriptor: int) -> None:
        early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        early.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        with _written(descriptor, "w") as file:
            for part in PARTS:
                shape = len(self.names[part]), self.width
                file.create_dataset(part, shape, np.float32, dcpl=early.copy())
                _write_text(file, f"{part}_names", self.names[part])
            file["label"] = self.labels
            _write_text(file, "broken", self.broken)
            file.attrs.update(self.attributes)
            file.attrs[SHA256] = UNKNOWN

    def is_in(self, path: Path) -> bool:
        """Tell whether a file was begun with the very same content."""
        try:
            with _opened(path) as file:
                same = all(
                    list(file[f"{part}_names"].asstr()[:]) == list(self.names[part])
                    and file[part].shape == (len(self.names[part]), self.width)
                    for part in PARTS
                )
                same = same and np.array_equal(file["label"][:], self.labels)
                same = same and list(file["broken"].asstr()[:]) == list(self.broken)
                found = _attributes(file)
        except (OSError, KeyError, RuntimeError, TypeError, ValueError):
            return False  # Not ours, or its writer was killed before all of this was there.
        found.pop(SHA256, None)
        return same and found == dict(self.attributes)


def _write_text(file: h5py.File, name: str, lines: Sequence[str]) -> None:
    """Write a line a row, in room for the longest."""
    room = max((len(line.encode()) for line in lines), default=1)
    file.create_dataset(
        name, data=[line.encode() for line in lines], shape=(len(lines),),
        dtype=h5py.string_dtype(length=max(1, room)),
    )  # fmt: skip


class _Quiet(io.RawIOBase):
    """A file as h5py takes one, that never fails: on a full disk libhdf5 would, and may crash."""

    def __init__(self, descriptor: int):
        self.descriptor, self.at = descriptor, 0
        self.size = os.fstat(descriptor).st_size  # As it would be if nothing had failed.
        self.error: OSError | None = None

    def seek(self, to: int, whence: int = os.SEEK_SET) -> int:
        self.at = to + {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.size}[whence]
        return self.at

    def readinto(self, room: Any) -> int:
        found = os.pread(self.descriptor, len(room), self.at)
        room[:] = found.ljust(len(room), b"\0")
        self.at += len(room)
        return len(room)

    def write(self, block: Any) -> int:
        with self._kept():
            _write(self.descriptor, self.at, bytes(block))
        self.at += len(block)
        self.size = max(self.size, self.at)
        return len(block)

    def truncate(self, size: int | None = None) -> int:
        self.size = self.at if size is None else size
        with self._kept():
            os.ftruncate(self.descriptor, self.size)
        return self.size

    @contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.error = self.error or error


@contextmanager
def _written(descriptor: int, mode: str) -> Iterator[h5py.File]:
    """Give a file that is open already for HDF5 to write.

    Raises:
        OSError: not all of it could be.
    """
    quiet = _Quiet(descriptor)
    if mode == "w":
        quiet.truncate(0)
    with h5py.File(quiet, mode) as file:
        yield file
    if quiet.error is not None:
        raise quiet.error


def _write(descriptor: int, start: int, rest: bytes) -> None:
    while rest:
        written = os.pwrite(descriptor, rest, start)
        start, rest = start + written, rest[written:]


class Writer:
    """A features file in the making: `.gap_Xception.h5.partial` beside where it will be.

    Attributes:
        done: rows of each part that are on the disk, by this writer or one that was killed.
    """

    def __init__(self, target: Path, content: Content):
        self.target, self.content = target, content
        self.aside = target.with_name(f".{target.name}.partial")
        self.count = target.with_name(f".{target.name}.rows")

    def __enter__(self) -> Self:
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.aside, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._has_its_name():
                raise BlockingIOError  # Published between our opening it and locking it.
            self.done = self._begin()
        except BlockingIOError as error:
            os.close(self._file)
            raise InputError(
                f"{self.target}: another twinhead is writing it; expected to wait for that one"
            ) from error
        except OSError as error:
            os.close(self._file)
            raise self._unwritable(error) from error
        with _opened(self.aside) as file:
            self._starts = {part: file[part].id.get_offset() for part in PARTS}
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def _has_its_name(self) -> bool:
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._file), self.aside.stat())
        return False

    def _begin(self) -> dict[str, int]:
        """Return how many rows of each part are there; write all else if none are."""
        rows = {part: len(self.content.names[part]) for part in PARTS}
        with suppress(OSError, ValueError):
            # As long as nothing is counted, what is in the file may be half.
            found = [int(word) for word in self.count.read_text().split()]
            done = dict(zip(PARTS, found, strict=True))
            possible = all(0 <= done[part] <= rows[part] for part in PARTS)
            if possible and self.content.is_in(self.aside):
                return done
        self.count.unlink(missing_ok=True)
        self.content.write(self._file)
        return dict.fromkeys(PARTS, 0)

    def append(self, part: str, block: np.ndarray) -> None:
        """Write the next rows; once they are on the disk, they are counted as done."""
        row = 4 * self.content.width
        try:
            content = np.ascontiguousarray(block, np.dtype("<f4")).tobytes()
            _write(self._file, self._starts[part] + row * self.done[part], content)
            os.fsync(self._file)
            self.done[part] += len(block)
            new = self.count.with_suffix(".new")
            new.write_text(" ".join(str(self.done[part]) for part in PARTS))
            os.replace(new, self.count)
        except OSError as error:
            raise self._unwritable(error) from error

    def publish(self) -> None:
        """Let the file have its name, now that all of it is there."""
        try:
            with _written(self._file, "r+") as file:
                own = fingerprint(self._rows(), file["label"][:])
                file.attrs.modify(SHA256, np.bytes_(own.encode()))
            os.fsync(self._file)
            os.replace(self.aside, self.target)
            self.count.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def _rows(self) -> np.ndarray:
        """Return `train` as it is in the file: what is not being looked at is not in memory."""
        shape = len(self.content.names["train"]), self.content.width
        return np.memmap(self.aside, "<f4", "r", self._starts["train"], shape)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"{self.target}: cannot be written ({error.strerror or error}); "
            "expected a writable folder with room"
        )
