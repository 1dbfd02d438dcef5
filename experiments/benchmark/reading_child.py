"""Train on a large file in a process of its own, whose peak of memory is nobody else's.

Called as `memory PATH HOW`, HOW true or false for rows in memory or not, or `epochs PATH HOW
ROUNDS`, HOW true or false for whether rows in memory are timed as well. A line of JSON is written
for whatever was measured.
"""

import ctypes
import json
import mmap
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from twinhead.data.features import Split, split
from twinhead.data.ondisk import THREADS, OnDisk
from twinhead.data.sources import File
from twinhead.data.stretches import Stretch
from twinhead.experiments.benchmark import machine
from twinhead.experiments.benchmark.reading_costs import (
    ALONE,
    AT_RANDOM,
    BLOCKS,
    EXACT,
    IN_MEMORY,
    IN_ORDER,
)
from twinhead.results.arm import Arm
from twinhead.training import bank
from twinhead.training.recipe import Recipe

SEED = 20180520
# Both heads: on a file they take as long as one, or as 64.
ARMS = [
    Arm("softmax", "softmax", 0.01, SEED),
    Arm("sigmoid", "sigmoid", 0.02, SEED, init="transfer"),
]
RECIPE = Recipe(epochs=1, batch_size=128, dropout=0.5)
# Of the rows: all of them, one by one, take minutes.
SHARES = {AT_RANDOM: 1 / 8, ALONE: 1 / 64}


def main() -> None:
    what, path, how, *rounds = sys.argv[1:]
    call = {"memory": memory, "epochs": epochs}[what]
    for said in call(Path(path), how == "true", *map(int, rounds)):
        print(json.dumps(said), flush=True)


def memory(path: Path, in_memory: bool) -> Iterator[dict[str, Any]]:
    """Train for an epoch, evaluate as ever, and tell the most memory that it took, in MiB."""
    bank.train(ARMS, RECIPE, _split(path, in_memory), parts=["validation"])
    # Not getrusage's: that begins with the peak of the process which started this one.
    yield {"mebibytes": machine.status("VmHWM")}


def epochs(path: Path, in_memory: bool, rounds: int) -> Iterator[dict[str, Any]]:
    """Time an epoch's training alone, and what the disk gives without it, in turn.

    The file is dropped from the system's memory before everything that reads it; `cached` is the
    share of it that was still there. The round before the first is to warm up.
    """
    parts = {False: _split(path, False)}
    if in_memory:
        parts[True] = _split(path, True)
    on_disk: OnDisk = parts[False].X_train
    (stretch,) = on_disk.stretches
    kernels: dict[str, np.ndarray] = {}

    def train(how: str) -> int:
        own = parts[how == IN_MEMORY]
        recipe = replace(RECIPE, shuffle="blocks" if how == BLOCKS else "rows")
        records = bank.train(ARMS, recipe, own, parts=(), weights="last")
        kernels[how] = np.concatenate([each.weights["kernel"].ravel() for each in records])
        return on_disk.nbytes

    trained = [*([IN_MEMORY] if in_memory else []), EXACT, BLOCKS]
    jobs: dict[str, Callable[[int], int]] = {how: lambda _, how=how: train(how) for how in trained}  # type: ignore[misc]
    jobs[IN_ORDER] = lambda _: _read_in_order(path)
    for how, readers in ((AT_RANDOM, THREADS), (ALONE, 1)):
        jobs[how] = partial(_read_at_random, stretch, SHARES[how], readers)
    for turn in range(rounds + 1):
        # To warm up is to compile, for which either order will do.
        names = [IN_MEMORY, BLOCKS] if turn == 0 else [*jobs][:: 1 if turn % 2 else -1]
        for how in [name for name in names if name in jobs]:
            cached = dropped(path)
            clock = time.perf_counter()
            count = jobs[how](turn)
            seconds = time.perf_counter() - clock
            yield (
                {"rows": how, "repeat": turn, "bytes": count}
                | {"seconds": seconds, "cached": cached}
            )
    apart = {how: float(np.abs(kernels[how] - kernels[EXACT]).max()) for how in kernels}
    yield {"apart": apart, "epoch": on_disk.nbytes}


def _split(path: Path, in_memory: bool) -> Split:
    features = File(path=os.fspath(path), in_memory=in_memory).load(on_disk=True)
    return split(features, 0.2, SEED)


def dropped(path: Path) -> float:
    """Let the system forget a file's pages; return the share of them that it still has.

    What lies below, a disk's own cache or that of whoever lends us a virtual one, forgets nothing.
    """
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            place = np.frombuffer(mapped, np.uint8)
            pages = np.empty(-(-len(place) // mmap.PAGESIZE), np.uint8)
            libc = ctypes.CDLL(None, use_errno=True)
            size = ctypes.c_size_t(len(place))
            failed = libc.mincore(
                ctypes.c_void_p(place.ctypes.data), size, ctypes.c_void_p(pages.ctypes.data)
            )
            del place  # What is looked at is not closed.
    if failed:
        raise OSError(ctypes.get_errno(), "mincore", os.fspath(path))
    return float((pages & 1).mean())


def _read_in_order(path: Path) -> int:
    room, count = bytearray(2**22), 0
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while got := file.readinto(room):
            count += got
    return count


def _read_at_random(stretch: Stretch, share: float, readers: int, turn: int) -> int:
    """Read some rows, no two at once but by other readers; other ones in every turn."""
    count = max(readers, round(share * stretch.rows))
    rows = np.random.default_rng(turn).permutation(stretch.rows)[:count]

    def read(own: np.ndarray) -> None:
        room = bytearray(stretch.row_bytes)
        for row in own.tolist():
            os.preadv(stretch.opened, [room], stretch.offset + row * stretch.row_bytes)

    with ThreadPoolExecutor(readers) as pool:
        for _ in pool.map(read, np.array_split(rows, readers)):
            pass
    return len(rows) * stretch.row_bytes


if __name__ == "__main__":
    main()
