"""Where rows lie in files, one behind the other, and what was read of them in which time."""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twinhead.errors import InputError

MOST_BUFFERS = 1024  # That one call fills; the system's limit.


@dataclass
class Tally:
    """What was read and in which time: the seconds in which at least one reader was at it."""

    bytes: int = 0
    seconds: float = 0.0
    _reading: int = 0
    _since: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __enter__(self) -> None:
        with self._lock:
            self._since = self._since if self._reading else time.monotonic()
            self._reading += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._reading -= 1
            if not self._reading:
                self.seconds += time.monotonic() - self._since

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.bytes + other.bytes, self.seconds + other.seconds)

    def told(self) -> dict[str, float]:
        rate = {"bytes_per_second": round(self.bytes / self.seconds)} if self.seconds else {}
        return {"bytes": self.bytes, "seconds": round(self.seconds, 3), **rate}

    def add(self, count: int) -> None:
        with self._lock:
            self.bytes += count


class Stretch:
    """Rows of one file, one behind the other as they are in memory.

    The file stays open: another one that takes its name is another file. One that is written to
    is noticed.
    """

    def __init__(
        self,
        path: Path,
        offset: int,
        kind: np.dtype,
        shape: Sequence[int],
        expected: list[int] | None = None,
    ):
        """Open a file.

        Args:
            kind: the numbers' type in it.
            expected: its `state` when somebody found out that its rows lie there.

        Raises:
            InputError: the file ends before its rows do, or is another than was expected.
        """
        self.path, self.offset, self.kind = path, offset, np.dtype(kind)
        self.rows, self.columns = shape
        self.row_bytes = self.stored = self.columns * self.kind.itemsize
        # A pipe of that name would be waited for.
        self.opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.state = state(self.opened)
        if expected not in (None, self.state):
            raise self._changed("was changed while it was read")
        if self.state[0] < offset + self.rows * self.row_bytes:
            raise self._changed("ends before its rows do")
        if hasattr(os, "posix_fadvise"):  # What lies around a row will not be asked for next.
            os.posix_fadvise(self.opened, 0, 0, os.POSIX_FADV_RANDOM)

    def __del__(self) -> None:
        if hasattr(self, "opened"):
            os.close(self.opened)

    def called(self) -> str:
        return str(self.path)

    def check(self) -> None:
        """Raise InputError if the file was written to since it was opened, as its times tell."""
        # Not the third, which changes as well when the file is renamed or removed.
        if state(self.opened)[:2] != self.state[:2]:
            raise self._changed("was changed while it was read")

    def _changed(self, how: str) -> InputError:
        return InputError(f"{self.path}: {how}; expected rows that stay as they are")

    def read(self, row: int, buffers: list[memoryview]) -> None:
        """Fill the buffers, together a number of whole rows, from this row on.

        Raises:
            InputError: the file has become shorter, or its disk refuses to be read.
        """
        try:
            self._read(row, buffers)
        except OSError as error:
            raise self._changed(f"cannot be read ({error.strerror})") from error

    def _read(self, row: int, buffers: list[memoryview]) -> None:
        at = self.offset + row * self.row_bytes
        while buffers:
            some, buffers = buffers[:MOST_BUFFERS], buffers[MOST_BUFFERS:]
            wanted = sum(map(len, some))
            got = os.preadv(self.opened, some, at)
            at += got
            while got < wanted:  # A signal, or the file's end.
                while got and got >= len(some[0]):
                    got, wanted = got - len(some[0]), wanted - len(some.pop(0))
                some[0], wanted = some[0][got:], wanted - got
                got = os.preadv(self.opened, some, at)
                if not got:
                    raise self._changed("ended while it was read")
                at += got


class SideBySide:
    """Rows each of which is one of every stretch, behind each other and as float32.

    Attributes:
        row_bytes, stored: of a row in memory, and in the files.
    """

    kind = np.dtype(np.float32)

    def __init__(self, stretches: Sequence[Stretch]):
        self.stretches, self.rows = stretches, stretches[0].rows
        self.columns = sum(each.columns for each in stretches)
        self.row_bytes = self.columns * self.kind.itemsize
        self.stored = sum(each.stored for each in stretches)

    def called(self) -> str:
        return " + ".join(each.called() for each in self.stretches)

    def check(self) -> None:
        """As every stretch does."""
        for each in self.stretches:
            each.check()

    def read(self, row: int, buffers: list[memoryview]) -> None:
        """Fill the buffers, each of which takes a row, from this row on."""
        start = 0
        for each in self.stretches:
            end = start + each.columns * self.kind.itemsize
            own = [buffer[start:end] for buffer in buffers]
            start = end
            if each.kind == self.kind:
                each.read(row, own)
                continue
            raw = np.empty((len(own), each.columns), each.kind)
            each.read(row, [memoryview(raw.reshape(-1).view(np.uint8))])  # type: ignore[arg-type]
            for to, values in zip(own, widened(raw), strict=True):
                to[:] = values.view(np.uint8).data


def widened(raw: np.ndarray) -> np.ndarray:
    """Return rows as they are in memory: float32."""
    with np.errstate(over="ignore"):  # Nothing overflows that was found finite.
        return raw.astype(np.float32, copy=False)


def state(opened: int) -> list[int]:
    """Return what tells an open file from others, and from itself when it was written to."""
    about = os.fstat(opened)
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
