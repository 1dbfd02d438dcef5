"""What rows that stay on the disk cost: memory by the size of their file, and seconds an epoch.

Files are made on the spot, in data/, and are gone afterwards. Memory is measured on sparse ones, of
which the system makes up the zeros: how fast it does that is nobody's disk. Seconds are measured on
one that is written in full and dropped from memory before it is read.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from twinhead.data import room
from twinhead.disk import whole
from twinhead.errors import InputError
from twinhead.experiments.benchmark import Settings, machine, reading_child, reading_costs
from twinhead.experiments.benchmark.reading_costs import BLOCKS, GIB, IN_MEMORY, MEBI
from twinhead.results.history import History
from twinhead.steps import Steps

log = logging.getLogger(__name__)

PLACE = Path("data")
COLUMNS, ROW_BYTES = 2048, 4 * 2048
ROUNDS = 3
REAL = 8192  # Rows of a sparse file that are none of zeros; and that are written at a time.
RESERVE = 2**30  # Bytes that the disk keeps.
# Of a file's size: X, its two parts, and what the process that reads the file holds meanwhile.
LOADED = 3.5


def work(settings: Settings) -> float:
    """Return about how long all this takes, in seconds of a common machine."""
    in_memory = sum(15 + 3 * size for size in settings.sparse_gib)
    return in_memory + (settings.dense_gib and 20 + 20 * settings.dense_gib)


def measure(settings: Settings, history: History) -> None:
    """Add tables of memory and of seconds, and what claims rest on."""
    if work(settings):
        _make_and_read(settings, history)
    reading_costs.add(history)


def _make_and_read(settings: Settings, history: History) -> None:
    whole.tidy(PLACE)
    steps = Steps("files read", work(settings))
    with whole.scratch(PLACE, "benchmark") as folder:
        for name, call, wanted in (
            ("memory_by_file", _memory, settings.sparse_gib),
            ("reads", _reads, settings.dense_gib),
        ):
            if wanted:
                try:
                    found = list(call(folder, settings, steps, history))
                except InputError as error:  # No reason to lose what took minutes before.
                    log.warning("%s: %s", name, error)
                    history.untested[name] = str(error)
                else:
                    history.tables[name] = pd.DataFrame(found)


def _memory(
    folder: Path, settings: Settings, steps: Steps, history: History
) -> Iterator[dict[str, float]]:
    log.info("memory, by the size of a file: %s GiB", settings.sparse_gib)
    path, are_sparse = folder / "sparse.h5", _makes_sparse(folder)
    for size in sorted(settings.sparse_gib):
        if not are_sparse:
            _has_room(folder, size)
        rows = make(path, size, REAL)
        found = {"gibibytes": size, "rows": rows}
        for column, in_memory in (("mib_from_disk", False), ("mib_loaded", True)):
            fits = LOADED * size * GIB <= room.free()
            if fits or not in_memory:
                ((said),) = _child("memory", path, in_memory)
                found[column] = said["mebibytes"]
            else:
                found[column] = float("nan")
            steps.done((15 + 3 * size) / 2)
        path.unlink()
        yield found


def _reads(
    folder: Path, settings: Settings, steps: Steps, history: History
) -> Iterator[dict[str, Any]]:
    """Give what was read, how much and how long, in turn, from a cold file."""
    if not sys.platform.startswith("linux"):
        raise InputError("Only on Linux can a file be dropped from memory and be seen to be.")
    size, rounds = settings.dense_gib, min(ROUNDS, settings.repeats)
    _has_room(folder, size)
    path = folder / "dense.h5"
    log.info("a file of %g GiB, from a cold disk", size)
    rows = make(path, size)
    fits = LOADED * size * GIB <= room.free()
    watch, last = machine.Watch(), {}
    each = (20 + 20 * size) / (2 + 6 * rounds)
    for said in _child("epochs", path, fits, rounds):
        if "apart" in said:
            last = said
        else:
            yield said
            steps.done(each)
    history.numbers["cores that others use while reading"] = watch.cores()
    history.numbers["bytes of an epoch"] = last["epoch"]
    for how, name in ((IN_MEMORY, "in memory"), (BLOCKS, "in blocks")):
        if how in last["apart"]:
            history.numbers[f"weights apart, exact order and {name}"] = last["apart"][how]
    history.numbers["rows of the cold file"] = rows


def _has_room(folder: Path, size: float) -> None:
    free = shutil.disk_usage(folder).free
    if size * GIB + RESERVE > free:
        raise InputError(
            f"A file of {size:g} GiB does not fit: {free / GIB:.1f} GiB are free in {PLACE}/, "
            f"and {RESERVE / GIB:g} are to stay so."
        )


def _makes_sparse(folder: Path) -> bool:
    path = folder / "sparse"
    with path.open("wb") as file:
        file.truncate(MEBI)
    found = path.stat().st_blocks == 0
    path.unlink()
    return found


def make(path: Path, gibibytes: float, real: int | None = None) -> int:
    """Write a features file of so many GiB and return its rows; all but the first `real` are holes.

    What is not a hole is random: a disk that compresses gains nothing.
    """
    rows = max(32, round(gibibytes * GIB / ROW_BYTES))
    draw = np.random.Generator(np.random.SFC64(0))
    early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    early.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    with h5py.File(path, "w") as file:
        train = file.create_dataset("train", (rows, COLUMNS), np.float32, dcpl=early)
        last = rows if real is None else min(real, rows)
        for start in range(0, last, REAL):
            end = min(start + REAL, last)
            train[start:end] = draw.random((end - start, COLUMNS), np.float32)
        file["label"] = np.arange(rows, dtype=np.uint8) % 2
    with path.open("rb") as file:
        os.fsync(file.fileno())  # What has not reached the disk is not dropped from memory.
    return rows


def _child(what: str, path: Path, how: bool, *words: int) -> Iterator[dict[str, Any]]:
    """Give what the process that reads a file says, while it does."""
    program = [sys.executable, "-m", reading_child.__name__, what, os.fspath(path)]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [*program, str(how).lower(), *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                yield json.loads(line)
            if process.wait():
                errors.seek(0)
                told = errors.read().strip().rpartition("\n")[2]
                raise InputError(f"{path}: could not be read ({told or process.returncode})")
        finally:
            process.kill()
            process.wait()
