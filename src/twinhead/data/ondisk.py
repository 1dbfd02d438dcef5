"""Rows that stay in their file and are read when they are asked for: all of them are too many.

Rows at random places are what training asks for. A disk gives those three to four times as fast to
many readers as to one, and a little faster in the order in which they lie.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import numpy as np

from twinhead.data.finite import not_finite, not_finite_in
from twinhead.data.room import aligned
from twinhead.data.stretches import SideBySide, Stretch, Tally, widened
from twinhead.errors import InputError
from twinhead.steps import Steps

THREADS = 16
# Of float32 rows that are worked on at a time: a window of training, a block of whatever goes
# through all rows. A few of them are in memory at once.
BLOCK_BYTES = 2**26
MEBI = 2**20

Item = TypeVar("Item")
# Features of a split: np.ndarray, or OnDisk for whoever asked for that, see `source.Source.load`.
Matrix: TypeAlias = Any
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="reading")


class OnDisk:
    """Features (n, d), float32 as everywhere, of which no more is in memory than is asked for.

    A slice is an array. What is a copy of some rows elsewhere is here a list of their places.

    Attributes:
        places: which of the stretches' rows these are, counted through; None: all.
        change: what is done to rows that were read, such as bringing columns to variance 1.
        tally: what was read of these rows, and of any that were chosen from them.
        gone_through: what was read to find them sound, in the order of the file.
    """

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(
        self,
        stretches: Sequence[Stretch | SideBySide],
        places: np.ndarray | None = None,
        change: Callable[[np.ndarray], np.ndarray] | None = None,
        tally: Tally | None = None,
    ):
        self.stretches, self.places, self.change = tuple(stretches), places, change
        self.tally = tally or Tally()
        self.ends = np.cumsum([each.rows for each in stretches])
        count = int(self.ends[-1]) if places is None else len(places)
        self.shape = count, self.stretches[0].columns
        self.nbytes = count * self.shape[1] * self.dtype.itemsize
        self.gone_through = Tally()
        self._digest: Any = None
        self._all = self

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> np.ndarray:
        return self.take(np.arange(*rows.indices(len(self))))

    def chosen(self, rows: np.ndarray) -> "OnDisk":
        """Return some rows, in this order, none of which is read."""
        places = rows if self.places is None else self.places[rows]
        return self._among(places, self.change)

    def changed(self, change: Callable[[np.ndarray], np.ndarray]) -> "OnDisk":
        """Return these rows, each passed through `change` as it is read."""
        return self._among(self.places, change)

    def _among(self, places: np.ndarray | None, change: Any) -> "OnDisk":
        found = OnDisk(self.stretches, places, change, self.tally)
        found._all = self._all
        return found

    def told(self) -> np.ndarray:
        """Return what tells these rows from others, but for how they are changed: no row is read.

        The hash of all rows of the file, and which of them these are.
        """
        places = np.arange(len(self)) if self.places is None else self.places
        of_all = np.frombuffer(self._all.digest().digest(), np.uint8)
        return np.concatenate([of_all, places])

    def take(self, rows: np.ndarray, precision: str = "float32") -> np.ndarray:
        """Read rows and return them in the order asked for, however they lie.

        Raises:
            InputError: the file was written to, or ends too early.
        """
        places = rows if self.places is None else self.places[rows]
        into = aligned((len(rows), self.shape[1]), precision)
        order = np.argsort(places, kind="stable")
        with self.tally:
            jobs = []
            for slots in np.array_split(order, THREADS):
                jobs.append(_pool.submit(self._fill, into, slots, places[slots]))
            for job in jobs:
                job.result()
            for stretch in self.stretches:
                stretch.check()
        return into

    def _fill(self, into: np.ndarray, slots: np.ndarray, places: np.ndarray) -> None:
        """Read these places, which ascend, into these rows of an array."""
        which = np.searchsorted(self.ends, places, side="right")
        for number, stretch in enumerate(self.stretches):
            own = which == number
            if own.any():
                first = int(self.ends[number]) - stretch.rows
                self._fill_from(stretch, into, slots[own], places[own] - first)

    def _fill_from(
        self, stretch: Stretch | SideBySide, into: np.ndarray, slots: np.ndarray, rows: np.ndarray
    ) -> None:
        direct = stretch.kind == into.dtype == self.dtype and self.change is None
        read = into if direct else np.empty((len(rows), stretch.columns), stretch.kind)
        to = memoryview(read.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
        size = stretch.row_bytes
        at = slots.tolist() if direct else range(len(rows))
        buffers = [to[k * size : (k + 1) * size] for k in at]
        # Neighbours in the file are read at once, wherever they go.
        starts = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), len(rows)]
        for start, end in pairwise(starts):
            stretch.read(int(rows[start]), buffers[start:end])
        self.tally.add(len(rows) * stretch.stored)
        if not direct:
            into[slots] = widened(read) if self.change is None else self.change(widened(read))

    def blocks(self) -> Iterator[np.ndarray]:
        """Give all rows in order, a block at a time; the next one is read meanwhile."""
        return ahead(self[block] for block in blocks(*self.shape))

    def digest(self) -> Any:
        """Return SHA-256 of all rows, ready to be updated with what comes after them."""
        if self._digest is None:
            self.check("")
        return self._digest.copy()

    def check(self, source: str) -> None:
        """Go through all rows once: that they are finite numbers, and what their hash is.

        Raises:
            InputError: a value is NaN, infinite or too large for float32.
        """
        if self._digest is not None:
            return
        digest, bad, first, start = hashlib.sha256(), 0, None, 0
        digest.update(header(self))
        steps = Steps(f"{source}: MiB gone through", self.nbytes / MEBI)
        for block in self._in_order():
            digest.update(block.data)
            steps.done(block.nbytes / MEBI)
            found, place = not_finite(block)
            first = first or (place and (start + place[0], place[1]))
            bad, start = bad + found, start + len(block)
        if first:
            raise InputError(not_finite_in(source, bad, *first))
        self._digest = digest

    def check_again(self) -> None:
        """Go through all rows of the file once more.

        What was written without a trace in the file's times, as through a map of memory, or went
        bad on the disk, shows nowhere else.

        Raises:
            InputError: they are others than those that were checked, whose hash is a run's own.
        """
        every, digest = self._all, hashlib.sha256(header(self._all))
        for block in every._in_order():
            digest.update(block.data)
        if digest.digest() != every.digest().digest():
            raise InputError(
                f"{' + '.join(each.called() for each in every.stretches)}: holds other rows than "
                "when it was first read; expected rows that stay as they are"
            )

    def _in_order(self) -> Iterator[np.ndarray]:
        return OnDisk(self.stretches, self.places, self.change, self.gone_through).blocks()


def header(array: Any) -> bytes:
    """Return what tells an array's type and shape in a fingerprint."""
    return f"{array.dtype.str}{tuple(array.shape)}".encode()


def blocks(rows: int, columns: int) -> list[slice]:
    """Return the blocks in which whatever goes through all rows does so, in memory as well."""
    size = max(1, BLOCK_BYTES // (4 * columns))
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]


def ahead(items: Iterable[Item]) -> Generator[Item, None, None]:
    """Give these items, each of which is made while the one before it is used."""
    end = object()
    iterator = iter(items)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, iterator, end)
        while (item := coming.result()) is not end:
            coming = pool.submit(next, iterator, end)
            yield item  # type: ignore[misc]
