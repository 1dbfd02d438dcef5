"""Features from a file in the article's layout, read and checked by a process with limits.

Whatever the file does to the library that reads it, it does not do to the run. Rows that are too
many for memory are read by the run itself, from where that process says that they lie.
"""

import json
import logging
import math
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from twinhead.data import rewriting
from twinhead.data.features import fingerprint
from twinhead.data.hdf5_rows import BYTES_A_SECOND, LAYOUT, LEAST_SECONDS, kind
from twinhead.data.ondisk import Matrix, OnDisk
from twinhead.data.stretches import Stretch, Tally
from twinhead.errors import InputError

log = logging.getLogger(__name__)

LONG = 2**28  # Bytes that take so long to read that it is said.
WAITING = 20  # Times as long on the clock: disks and other processes have to be waited for.


@dataclass(frozen=True)
class Contents:
    """What one reading of a file gave.

    Attributes:
        X: float32 (n, d), or rows on the disk; read-only, as y is, which has the type it has in
            the file.
        sha256: the fingerprint of X and y.
        tally: how long it took to load X; of rows on the disk, X has its own.
        about: the file's attributes that are texts or numbers.
        names: of the rows, where the file has them in `train_names`.
    """

    X: Matrix
    y: np.ndarray
    made_up: bool
    sha256: str
    tally: Tally
    about: Mapping[str, str | int | float] = field(default_factory=dict)
    names: list[str] | None = None


def read(
    path: Path,
    external: bool = False,
    most: float = math.inf,
    names: bool = False,
    alone: bool = True,
) -> Contents:
    """Read and check a file in the article's layout.

    Args:
        external: whether to follow links, external storage and virtual sets to other files.
        most: bytes of X, as float32, beyond which it stays on the disk.
        names: whether to tell the rows' names even then, and not only where X is loaded.
        alone: whether to go through X if it stays on the disk; otherwise, as one of several that
            are joined, it is not, and `sha256` is empty.

    Raises:
        InputError: the file is missing, damaged, in another layout, or takes too long.
    """
    tally = Tally()
    X: Matrix
    how = "external" if external else "names" if names else ""
    with _child(path, how, most) as child, tally:
        if (size := path.stat().st_size) > LONG:
            log.info("%s: looking at %.1f GB", path, size / 1e9)
        said, arrays = _received(path, child)
        if "rows" not in said:
            X, y = arrays
            tally.add(X.nbytes)
        else:
            (y,) = arrays
            X = _left_on_disk(path, external, said["rows"], child)
    sha256 = ""
    if alone or not isinstance(X, OnDisk):
        if isinstance(X, OnDisk):
            X.check(str(path))
        sha256 = fingerprint(X, y)
    told = said["about"]
    return Contents(X, y, "made_up" in told, sha256, tally, told, said["names"])


def about(path: Path) -> dict[str, str | int | float]:
    """Return the attributes of a file, as they are in `Contents`; it may hold anything else.

    Raises:
        InputError: the file is missing or damaged, or takes too long.
    """
    with _child(path, "about") as child:
        return _received(path, child)[0]["about"]


@contextmanager
def _child(path: Path, how: str, most: float = math.inf) -> Iterator["_Child"]:
    """Give a process of its own that reads the file; see `hdf5_child` for what it says."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; expected {LAYOUT}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); expected {LAYOUT}") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{path}: found a folder, expected {LAYOUT}")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: found a pipe or device, expected {LAYOUT}")

    seconds = LEAST_SECONDS + status.st_size // BYTES_A_SECOND
    words = [os.fspath(path), how, str(seconds), str(most)]
    process = subprocess.Popen(
        [sys.executable, "-m", "twinhead.data.hdf5_child", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(sys.path),  # It finds what this process has found.
            "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",  # See `_fill_memory_with` there.
        },
    )
    child = _Child(process, seconds)
    child.wait_for(WAITING * seconds)
    try:
        yield child
    finally:
        child.end()


@dataclass
class _Child:
    process: subprocess.Popen
    seconds: int
    timer: threading.Timer | None = None

    def wait_for(self, seconds: float) -> None:
        """Kill it if it takes longer than this from now."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = threading.Timer(seconds, self.process.kill)
        self.timer.start()

    def end(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        self.process.kill()
        self.process.wait()


def _left_on_disk(path: Path, external: bool, rows: dict[str, Any], child: _Child) -> OnDisk:
    """Return the rows where they lie, or where they are written to one behind the other."""
    own = kind(rows["kind"])
    if rows["offset"] is not None:
        return OnDisk([Stretch(path, rows["offset"], own, rows["shape"], rows["state"])])
    if external:
        raise InputError(
            f"{path}: found `train` in other files and too large for memory, expected one file; "
            "data.in_memory=true reads it all the same"
        )
    size = math.prod(rows["shape"]) * own.itemsize
    child.wait_for(WAITING * (LEAST_SECONDS + 2 * size // BYTES_A_SECOND))
    name = f"rows_{fingerprint(np.array([*rows['state'], *rows['shape']]))[:16]}"
    return rewriting.rewritten(path, name, own, rows["shape"], _blocks(path, child))


def _blocks(path: Path, child: _Child) -> Iterator[np.ndarray]:
    while True:
        said, arrays = _received(path, child)
        if "end" in said:
            return
        yield from arrays


SLOW = ("SIGXCPU", "SIGKILL")


def _received(path: Path, child: _Child) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return what the child says next, and its arrays.

    Raises:
        InputError: it says what is wrong, or says no more.
    """
    pipe = child.process.stdout
    assert pipe is not None
    line = pipe.readline()
    said = json.loads(line) if line.endswith(b"\n") else {}
    if "error" in said:
        raise InputError(said["error"])
    wanted = said.get("arrays")
    arrays = [array for each in wanted or [] if (array := _array(pipe, *each)) is not None]
    if wanted is not None and len(arrays) == len(wanted):
        return said, arrays
    code = child.process.wait()
    how = signal.Signals(-code).name if code < 0 else code
    slow = f"takes more than {child.seconds} s, or all memory"
    reason = slow if how in SLOW else f"stops HDF5 ({how})"
    raise InputError(f"{path}: damaged or unreadable ({reason}); expected {LAYOUT}")


def _array(pipe: IO[bytes], kind: str, shape: list[int]) -> np.ndarray | None:
    array = np.empty(shape, kind)
    room = array.reshape(-1).view(np.uint8).data
    # A buffered pipe waits for all there is room for.
    if pipe.readinto(room) < len(room):  # type: ignore[attr-defined]
        return None
    array.flags.writeable = False
    return array
