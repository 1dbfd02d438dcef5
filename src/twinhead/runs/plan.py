"""How long a run would take on other numbers of workers: its own passes' times, played through.

Nothing is assumed but that a worker takes the next pass when it is done with one, and that the
process that asked handles what comes back one after the other.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhead.errors import InputError

ENOUGH = 0.95  # Twice as many workers that leave so much of the time are no help.


@dataclass(frozen=True)
class Times:
    """What a run on a cluster took, in seconds.

    Attributes:
        start: until work was sent.
        giving: of sending the features to one worker; 0 where workers read them.
        first: of a worker's first pass, with the start of TensorFlow, compiling and reading.
        later: of each pass after that.
        here: of what the process that asked did with each pass's result.
        rest: of all that no worker did.
    """

    passes: int
    workers: int
    start: float
    giving: float
    first: float
    later: float
    here: float
    rest: float


def times(provenance: Mapping[str, Any]) -> Times:
    """Return the times of a run from its provenance.

    Raises:
        InputError: it was not trained on a cluster, or by each worker at most once.
    """
    workers = [each.get("pass_seconds", []) for each in provenance.get("workers", [])]
    passes, spent = sum(map(len, workers)), provenance.get("cluster", {})
    later = [seconds for own in workers for seconds in own[1:]]
    if not later:
        raise InputError(
            f"plan: found a run with {passes} pass(es) trained by workers, expected one of several "
            "a worker, such as lr_ratio cluster=local cluster.workers=1"
        )
    return Times(
        passes,
        len(workers),
        spent["start"],
        spent["giving"],
        float(np.median([own[0] for own in workers])),
        float(np.median(later)),
        spent["here"] / passes,
        provenance["seconds"] - spent["all"],
    )


def wall(measured: Times, workers: int, passes: int) -> float:
    """Return the seconds that a run of so many passes takes on so many workers."""
    free = [(measured.start + k * measured.giving, True) for k in range(workers)]
    heapq.heapify(free)
    here = measured.start
    for _ in range(passes):
        at, is_new = heapq.heappop(free)
        done = at + (measured.first if is_new else measured.later)
        heapq.heappush(free, (done, False))
        here = max(here, done) + measured.here
    return here + measured.rest


def enough(measured: Times, passes: int) -> int:
    """Return the number of workers, a power of two, of which twice as many are no help."""
    workers = 1
    while wall(measured, 2 * workers, passes) < ENOUGH * wall(measured, workers, passes):
        workers *= 2
    return workers
