"""Room for arrays: where TensorFlow takes them as they are, and how much of it is left."""

import os
from pathlib import Path

import numpy as np

ALIGNMENT = 64  # Bytes; TensorFlow copies, or worse, what begins elsewhere.


def aligned(shape: tuple[int, ...], dtype: np.dtype | str) -> np.ndarray:
    """Return room for an array that TensorFlow can use where it lies, without a copy."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return room[start : start + size].view(dtype).reshape(shape)


def free() -> int:
    """Return the bytes of memory that this process may still take, as far as can be told."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(0, min(_available(pages), *_left_by_groups(pages)))


def _available(otherwise: int) -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return otherwise // 2  # Who knows; macOS does not say.


def _left_by_groups(otherwise: int, root: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """Return what the control groups that this process is in leave, a container's among them."""
    left = [otherwise]
    try:
        own = Path("/proc/self/cgroup").read_text().partition("0::/")[2].splitlines()
        place = root / own[0] if own else root
        while place.is_relative_to(root):
            left += _left_by_group(place)
            place = place.parent
    except OSError:
        pass
    return left


def _left_by_group(place: Path) -> list[int]:
    try:
        most, used = ((place / f"memory.{name}").read_text().strip() for name in ("max", "current"))
        # Pages of files count as used, and are given up when somebody needs room.
        stat = (place / "memory.stat").read_text().splitlines()
        files = sum(int(line.split()[1]) for line in stat if line.split()[0].endswith("ive_file"))
        return [int(most) - int(used) + files] if most != "max" else []
    except (OSError, ValueError):
        return []
