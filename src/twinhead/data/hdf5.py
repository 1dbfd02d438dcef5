"""Features from a file in the article's layout, read and checked by a process with limits.

Whatever the file does to the library that reads it, it does not do to the run.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from twinhead.data.features import fingerprint
from twinhead.errors import InputError

LAYOUT = "an HDF5 file with `train` (n, d) and `label` (n,)"
# Seconds of computing that a file may take: some, and as many as a slow machine decompresses in.
LEAST_SECONDS, BYTES_A_SECOND = 5, 5_000_000
WAITING = 20  # Times as long on the clock: disks and other processes have to be waited for.


@dataclass(frozen=True)
class Contents:
    """What one reading of a file gave.

    Attributes:
        X: float32 (n, d); read-only, as y is, which has the type it has in the file.
        sha256: the fingerprint of X and y.
        about: the file's attributes that are texts or numbers.
        names: of the rows, where the file has them in `train_names`.
    """

    X: np.ndarray
    y: np.ndarray
    made_up: bool
    sha256: str
    about: Mapping[str, str | int | float] = field(default_factory=dict)
    names: list[str] | None = None


def read(path: Path, external: bool = False) -> Contents:
    """Read and check a file in the article's layout.

    Args:
        external: whether to follow links, external storage and virtual sets to other files.

    Raises:
        InputError: the file is missing, damaged, in another layout, or takes too long.
    """
    said, arrays = _asked(path, "external" if external else "")
    X, y = arrays
    about = said["about"]
    return Contents(X, y, "made_up" in about, fingerprint(X, y), about, said["names"])


def about(path: Path) -> dict[str, str | int | float]:
    """Return the attributes of a file, as they are in `Contents`; it may hold anything else.

    Raises:
        InputError: the file is missing or damaged, or takes too long.
    """
    return _asked(path, "about")[0]["about"]


def _asked(path: Path, how: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return what a process of its own says of the file, and its arrays."""
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
    words = [os.fspath(path), how, str(seconds)]
    child = subprocess.Popen(
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
    timer = threading.Timer(WAITING * seconds, child.kill)
    timer.start()
    try:
        assert child.stdout is not None
        said, arrays = _received(child.stdout)
        child.wait()
    finally:
        timer.cancel()
        child.kill()
        child.wait()
    if "error" in said:
        raise InputError(said["error"])
    if not said or len(arrays) < len(said["arrays"]):
        code = child.returncode
        how = signal.Signals(-code).name if code < 0 else str(code)
        reason = (
            f"takes more than {seconds} s, or all memory" if how in SLOW else f"stops HDF5 ({how})"
        )
        raise InputError(f"{path}: damaged or unreadable ({reason}); expected {LAYOUT}")
    return said, arrays


SLOW = ("SIGXCPU", "SIGKILL")


def _received(pipe: IO[bytes]) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Return what the child says, and its arrays; less of them if it died before."""
    line = pipe.readline()
    said = json.loads(line) if line.endswith(b"\n") else {}
    arrays = []
    for kind, shape in said.get("arrays", []):
        array = np.empty(shape, kind)
        room = array.reshape(-1).view(np.uint8).data
        # A buffered pipe waits for all there is room for.
        if pipe.readinto(room) < len(room):  # type: ignore[attr-defined]
            break
        array.flags.writeable = False
        arrays.append(array)
    return said, arrays
