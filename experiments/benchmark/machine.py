"""The machine that times: how much others use it meanwhile, and what it could do at best."""

import ctypes
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from twinhead.data.features import Split
from twinhead.training import noise

BEFORE_SECONDS = 2.0  # For which others are watched before anything is timed.
SIZE = 2048  # Of the square matrices whose product tells the rate of products.


class Watch:
    """How many cores others use: all that the machine does, less what this process does."""

    def __init__(self) -> None:
        self.start = self._now()

    def cores(self) -> float:
        """Return the mean since the start; NaN where the system does not tell."""
        spent, (clock, busy, own) = self.start, self._now()
        return max(0.0, (busy - spent[1] - (own - spent[2])) / (clock - spent[0]))

    @staticmethod
    def _now() -> tuple[float, float, float]:
        try:
            line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
        except OSError:
            busy = float("nan")
        else:
            user, nice, system, _, _, irq, softirq, steal, *_ = map(int, line.split()[1:])
            busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), busy, sum(os.times()[:4])


def before() -> dict[str, float]:
    """Return how busy others keep the machine while this process does nothing."""
    watch = Watch()
    time.sleep(BEFORE_SECONDS)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {"cores that others use before": watch.cores(), "load before": load}


_MATRIX = np.full((512, 512), 1e-3, np.float32)
_LONG = np.zeros(2**22, np.float32)


def calibrate() -> float:
    """Return the seconds that a piece of work takes that is always the same: products, a copy.

    The best of three, as what was timed before may have left threads that still spin.
    """

    def work() -> None:
        _MATRIX @ _MATRIX
        _LONG.copy()

    return _best(work, 3)


def floor(split: Split, seed: int, dropout: float) -> dict[str, float]:
    """Measure what bounds every contender from below.

    Returns:
        `bytes a second` read by a product with one vector, of X; `products a second`, in
        multiplications and additions of a large square product; `noise`, the seconds that an
        epoch's order and masks take to draw, on one core.
    """
    X, rows = split.X_train, len(split.X_train)
    vector, square = np.ones(X.shape[1], np.float32), np.full((SIZE, SIZE), 1e-3, np.float32)

    def draw() -> None:
        noise.order(seed, 1, rows)
        noise.masks(seed, 1, *X.shape, dropout)

    return {
        "bytes a second": X.nbytes / _best(lambda: X @ vector, 7),
        "products a second": 2 * SIZE**3 / _best(lambda: square @ square, 5),
        "noise": _best(draw, 5),
    }


def forget_peak() -> float:
    """Return the MiB in use, and let the peak begin there; NaN where only Linux could tell."""
    if not sys.platform.startswith("linux"):
        return float("nan")
    # What earlier contenders have freed goes back first, or later ones would seem to need nothing.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def status(key: str) -> float:
    """Return MiB, as the system tells them of this process; NaN where it does not."""
    try:
        told = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return int(re.search(rf"{key}:\s+(\d+) kB", told)[1]) / 1024


def _best(work: Callable[[], object], times: int) -> float:
    """Return the fewest seconds of several goes."""
    found = []
    for _ in range(times):
        clock = time.perf_counter()
        work()
        found.append(time.perf_counter() - clock)
    return min(found)
