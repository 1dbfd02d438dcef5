"""All contenders in one process and one run, in turn, on the same features."""

import ctypes
import gc
import logging
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from twinhead.data.features import Split, describe, split
from twinhead.experiments.benchmark import Settings, contenders, costs
from twinhead.experiments.benchmark.costs import ARMS_FOR_ROWS, BANK, KEY, SHARES
from twinhead.matching import sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.results.history import History
from twinhead.training import bank, heads, passes

log = logging.getLogger(__name__)

Job = tuple[str, Callable[[contenders.Problem], np.ndarray], contenders.Problem]


@passes.kept_in(None)  # What is timed has to be trained.
def measure(settings: Settings) -> History:
    features = settings.data.load()
    parts = split(features, settings.validation_fraction, settings.seed)
    history = History(describe(features, parts))
    there = {name: call for name, (call, package) in contenders.MANY.items() if find_spec(package)}
    absent = [name for name in contenders.MANY if name not in there]
    without = f"; not installed: {', '.join(absent)} (extra `bench`)" if absent else ""
    log.info("in turn: %s%s", ", ".join([*there, *contenders.SINGLE]), without)

    arms = sorted({1, ARMS_FOR_ROWS, *settings.arms})
    beside_others: list[Job] = []
    for number in arms:
        problem = _problem(settings, parts, number)
        beside_others += [(name, call, problem) for name, call in there.items()]
    one = _problem(settings, parts, 1)
    beside_others += [(name, call, one) for name, call in contenders.SINGLE.items()]
    by_rows: list[Job] = []
    for share in SHARES:
        rows = slice(round(share * len(parts.y_train)))
        part = replace(
            parts,
            X_train=parts.X_train[rows],
            y_train=parts.y_train[rows],
            places=parts.places[rows],
        )
        for number in (ARMS_FOR_ROWS, costs.arms_of_share(share, arms[-1])):
            by_rows.append((BANK, contenders.with_bank, _problem(settings, part, number)))
    history.tables["timings"], losses = _rounds(settings, beside_others)
    history.tables["timings_by_rows"], _ = _rounds(settings, by_rows)
    all_rows = len(parts.y_train)
    slowest = losses[BANK, arms[-1], all_rows][:, 0]
    history.tables["agreement"] = pd.DataFrame(
        {
            "contender": name,
            "arms": number,
            "deviation": float(np.abs(found - losses[BANK, number, all_rows]).max()),
            # The control: the arm at ratio 2, which every contender has, against the slowest.
            "to_slowest": float(np.abs(found[:, -1] - slowest).max()),
        }
        for (name, number, _), found in losses.items()
        if name != BANK
    )
    costs.add(history)
    return history


def _rounds(
    settings: Settings, jobs: list[Job]
) -> tuple[pd.DataFrame, dict[tuple[str, int, int], np.ndarray]]:
    """Time every job in turn, then again, and return what was timed and the losses they came to.

    The round before the first is to warm up and to measure memory, for which all that is free is
    given back to the system: taking it again costs time that belongs to nobody.
    """
    timings: list[dict[str, Any]] = []
    losses: dict[tuple[str, int, int], np.ndarray] = {}
    quiet = logging.getLogger(bank.__name__)
    quiet.setLevel(logging.WARNING)
    try:
        for repeat in range(settings.repeats + 1):
            for name, call, problem in jobs:
                key = (name, len(problem.arms), len(problem.split.y_train))
                gc.collect()
                before = _forget_peak() if repeat == 0 else float("nan")
                clock = time.perf_counter()
                losses[key] = call(problem)
                seconds = time.perf_counter() - clock
                timings.append(
                    dict(zip(KEY, key, strict=True))
                    | {"repeat": repeat, "seconds": seconds}
                    | {"mebibytes": _status("VmHWM") - before}
                )
            log.info(
                "round %d of %d done%s",
                *(repeat, settings.repeats, " (to warm up)" if repeat == 0 else ""),
                extra={"counted": ("rounds", repeat + 1, settings.repeats + 1)},
            )
    finally:
        quiet.setLevel(logging.NOTSET)
    return pd.DataFrame(timings), losses


def _problem(settings: Settings, parts: Split, number: int) -> contenders.Problem:
    """Return sigmoid arms from one matched start, at ratios evenly spaced up to 2."""
    ratios = [2.0 * (i + 1) / number for i in range(number)]
    arms = [
        Arm(
            name=str(i),
            head="sigmoid",
            learning_rate=sigmoid_learning_rate(settings.learning_rate, ratio),
            seed=settings.seed,
            init="transfer",
            lr_ratio=ratio,
        )
        for i, ratio in enumerate(ratios)
    ]
    kernel, bias = heads.initial(arms[0], parts.X_train.shape[1])
    rates = np.array([arm.learning_rate for arm in arms], np.float32)
    return contenders.Problem(
        settings, parts, arms, np.repeat(kernel, number, axis=1), np.repeat(bias, number), rates
    )


def _forget_peak() -> float:
    """Return the MiB in use, and let the peak begin there; NaN where only Linux could tell."""
    if not sys.platform.startswith("linux"):
        return float("nan")
    # What earlier contenders have freed goes back first, or later ones would seem to need nothing.
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(key: str) -> float:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return float("nan")
    return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) / 1024
