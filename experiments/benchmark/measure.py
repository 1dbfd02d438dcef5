"""What does an arm cost? The bank beside Keras's `fit`, NumPy, scikit-learn, JAX and PyTorch.

All in one process and one run, in turn, on the same features:

    python experiments/benchmark.py
    python experiments/benchmark.py arms=[1,8,64] data=surrogate data.rows=5000

JAX and PyTorch take part where they are installed: pip install -e ".[bench]".
"""

import ctypes
import gc
import logging
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import contenders
import numpy as np

from twinhead import claims, config, data, runs
from twinhead.errors import InputError
from twinhead.history import Arm, History, Row
from twinhead.matching import sigmoid_learning_rate

log = logging.getLogger("twinhead.benchmark")

BANK, FIT = "twinhead bank", "Keras fit"
# Any number of arms in one pass, and one arm alone; a package that is not there takes no part.
MANY = {
    BANK: (contenders.with_bank, "tensorflow"),
    "NumPy": (contenders.with_numpy, "numpy"),
    "JAX": (contenders.with_jax, "jax"),
    "PyTorch": (contenders.with_torch, "torch"),
}
SINGLE = {
    FIT: (contenders.with_fit, "tensorflow"),
    "SGDClassifier": (contenders.with_scikit_learn, "sklearn"),
}
Job = tuple[str, Callable[[contenders.Problem], np.ndarray], contenders.Problem]
# Rows are cut to these shares to see what a row costs.
SHARES = (0.25, 0.5, 1.0)
ARMS_FOR_ROWS = 64


def measure(settings: config.Benchmark) -> History:
    plain = config.Sgd(momentum=0.0, nesterov=False)
    if settings.optimizer != plain:
        raise InputError(
            f"optimizer: found {config.as_dict(settings.optimizer)}, expected plain sgd: the "
            "contenders are written with it"
        )
    features = data.load(settings.data)
    split = data.split(features, settings.validation_fraction, settings.seed)
    history = History(data.describe(features, split))
    there = {name: call for name, (call, package) in MANY.items() if find_spec(package)}
    absent = [name for name in MANY if name not in there]
    log.info("in turn: %s%s", ", ".join([*there, *SINGLE]), _without(absent))

    arms = sorted({1, ARMS_FOR_ROWS, *settings.arms})
    beside_others: list[Job] = []
    for number in arms:
        problem = _problem(settings, split, number)
        beside_others += [(name, call, problem) for name, call in there.items()]
    one = _problem(settings, split, 1)
    beside_others += [(name, call, one) for name, (call, _) in SINGLE.items()]
    by_rows: list[Job] = []
    for share in SHARES:
        rows = slice(round(share * len(split.y_train)))
        part = replace(split, X_train=split.X_train[rows], y_train=split.y_train[rows])
        # The arms of the second grow with the square of the rows: what no line is.
        for number in (ARMS_FOR_ROWS, round(share**2 * arms[-1])):
            by_rows.append((BANK, contenders.with_bank, _problem(settings, part, number)))
    timings, losses = _rounds(settings, beside_others)
    history.tables["timings"] = timings
    history.tables["timings_by_rows"], _ = _rounds(settings, by_rows)
    rows = len(split.y_train)
    slowest = losses[BANK, arms[-1], rows][:, 0]
    history.tables["agreement"] = [
        {
            "contender": name,
            "arms": number,
            "deviation": float(np.abs(found - losses[BANK, number, rows]).max()),
            # The control: the arm at ratio 2, which every contender has, against the slowest.
            "to_slowest": float(np.abs(found[:, -1] - slowest).max()),
        }
        for (name, number, of_rows), found in losses.items()
        if name != BANK and of_rows == rows
    ]
    return history


def _rounds(
    settings: config.Benchmark, jobs: list[Job]
) -> tuple[list[Row], dict[tuple[str, int, int], np.ndarray]]:
    """Time every job in turn, then again, and return what was timed and the losses they came to.

    The round before the first is to warm up and to measure memory, for which all that is free is
    given back to the system: taking it again costs time that belongs to nobody.
    """
    timings: list[Row] = []
    losses: dict[tuple[str, int, int], np.ndarray] = {}
    quiet = logging.getLogger("twinhead.bank")
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
                    dict(zip(("contender", "arms", "rows"), key, strict=True))
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
    return timings, losses


def _without(absent: list[str]) -> str:
    return f"; not installed: {', '.join(absent)} (extra `bench`)" if absent else ""


def _problem(settings: config.Benchmark, split: data.Split, number: int) -> contenders.Problem:
    """Return sigmoid arms from one matched start, at ratios evenly spaced up to 2."""
    from twinhead import heads

    ratios = [2.0 * (i + 1) / number for i in range(number)]
    arms = [
        Arm(
            name=str(i),
            head="sigmoid",
            init="transfer",
            optimizer="sgd",
            learning_rate=sigmoid_learning_rate(settings.learning_rate, ratio),
            lr_ratio=ratio,
            seed=settings.seed,
            noise="common",
            precision="float32",
        )
        for i, ratio in enumerate(ratios)
    ]
    kernel, bias = heads.initial(arms[0], split.X_train.shape[1])
    rates = np.array([arm.learning_rate for arm in arms], np.float32)
    return contenders.Problem(
        settings, split, arms, np.repeat(kernel, number, axis=1), np.repeat(bias, number), rates
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


def _seconds(rows: list[Row]) -> dict[tuple[str, int, int], float]:
    """Return the median seconds of every (contender, arms, rows), the warm-up left out."""
    found: dict[tuple[str, int, int], list[float]] = {}
    for row in rows:
        if row["repeat"] > 0:
            found.setdefault((row["contender"], row["arms"], row["rows"]), []).append(
                row["seconds"]
            )
    return {key: float(np.median(seconds)) for key, seconds in found.items()}


def summarise(history: History) -> list[Row]:
    """Return a row for every contender and number of arms, with what it is worth in fits."""
    timings = history.tables["timings"]
    medians = _seconds(timings)
    fit = medians[FIT, 1, history.data["train_rows"]]
    summary = []
    for (name, arms, rows), seconds in medians.items():
        own = [row for row in timings if (row["contender"], row["arms"]) == (name, arms)]
        warm_up, *repeats = own
        summary.append(
            {
                "contender": name,
                "arms": arms,
                "seconds": seconds,
                "fastest": min(row["seconds"] for row in repeats),
                "slowest": max(row["seconds"] for row in repeats),
                "first_time": warm_up["seconds"],
                "times_faster_than_fits": fit * arms / seconds,
                "times_numpy": seconds / medians.get(("NumPy", arms, rows), float("nan")),
                "mebibytes": warm_up["mebibytes"],
            }
        )
    return sorted(summary, key=lambda row: (row["arms"], row["seconds"]))


def judge(history: History) -> list[claims.Verdict]:
    seconds, rows = _seconds(history.tables["timings"]), history.data["train_rows"]
    return [
        *_agreement(history),
        *_against_fits(seconds, rows),
        *_against_others(seconds, rows),
        _linear(_seconds(history.tables["timings_by_rows"]), rows),
    ]


SOURCE = "the bank's targets"


def _agreement(history: History) -> list[claims.Verdict]:
    found = history.tables["agreement"]
    tested = any(row["arms"] > 1 for row in found)
    return [
        claims.judge(
            id=id,
            claim=f"{who} (largest deviation over arms and epochs)",
            source=SOURCE,
            expected=0,
            measured=max(row["deviation"] for row in rows) if tested else None,
            tolerance=tolerance,
            comparison="equal",
            reason=reason if tested else "One arm alone could not be mistaken for another.",
            control="the arm at ratio 2 held against the slowest arm",
            control_measured=min(row["to_slowest"] for row in rows) if tested else None,
        )
        for id, who, rows, tolerance, reason in (
            (
                "1a",
                "All who are given the same noise come to the bank's validation losses",
                [row for row in found if row["contender"] in MANY],
                1e-5,
                "Float32 sums of thousands of products in another order: some 1e-7 a logit, which "
                "training adds up.",
            ),
            (
                "1b",
                "Keras's fit, with noise of its own, comes to nearly the bank's validation losses",
                [row for row in found if row["contender"] == FIT],
                0.02,
                "What two draws of the masks differ by; experiment equivalence measures it.",
            ),
        )
    ]


def _against_fits(seconds: dict, rows: int) -> list[claims.Verdict]:
    fit = seconds[FIT, 1, rows]
    verdicts = []
    for letter, number, target in (("a", 64, 200), ("b", 512, 500)):
        bank = seconds.get((BANK, number, rows))
        verdicts.append(
            claims.judge(
                id=f"2{letter}",
                claim=f"{number} arms in the bank are at least {target} times as fast as {number} "
                "fits (one fit's median, times as many)",
                source=SOURCE,
                expected=target,
                measured=number * fit / bank if bank else None,
                tolerance=0,
                comparison="at least",
                reason="A target set before it was measured." if bank else "Not among the arms.",
                control="as many fits against themselves",
                control_measured=1.0 if bank else None,
            )
        )
    return verdicts


def _against_others(seconds: dict, rows: int) -> list[claims.Verdict]:
    fit = seconds[FIT, 1, rows]
    verdicts = []
    for id, name, number, target in (
        *(("3a", "NumPy", 64, 1.5), ("3b", "NumPy", 512, 1.0)),
        *(("4a", "JAX", 1, 1.0), ("4b", "JAX", 64, 1.0), ("4c", "JAX", 512, 1.0)),
        *(("5a", "PyTorch", 1, 1.0), ("5b", "PyTorch", 64, 1.0), ("5c", "PyTorch", 512, 1.0)),
    ):
        bank, other = seconds.get((BANK, number, rows)), seconds.get((name, number, rows))
        tested = bank is not None and other is not None
        verdicts.append(
            claims.judge(
                id=id,
                claim=f"{number} arm(s) in the bank take at most {target:g} times as long as in "
                f"{name}",
                source=SOURCE,
                expected=target,
                measured=bank / other if tested else None,
                tolerance=0,
                comparison="at most",
                reason="A target set before it was measured."
                if tested
                else f"{name} is not installed, or {number} not among the arms.",
                control="as many fits in the bank's place",
                control_measured=number * fit / other if tested else None,
            )
        )
    return verdicts


def _linear(seconds: dict, rows: int) -> claims.Verdict:
    """Judge whether a row costs as much in the upper half of the rows as below it."""
    quarter, half = (round(share * rows) for share in SHARES[:2])
    widest = max(number for name, number, of_rows in seconds if (name, of_rows) == (BANK, rows))

    def bend(*costs: float) -> float:
        low, middle, high = costs
        return (high - middle) / (rows - half) / ((middle - low) / (half - quarter))

    line = [(BANK, ARMS_FOR_ROWS, of_rows) for of_rows in (quarter, half, rows)]
    shares = zip(SHARES, (quarter, half, rows), strict=True)
    parabola = [(BANK, round(share**2 * widest), of_rows) for share, of_rows in shares]
    tested = widest >= 256
    return claims.judge(
        id="6",
        claim=f"Cost is linear in rows ({ARMS_FOR_ROWS} arms: a row of the upper half against one "
        "of the second quarter)",
        source=SOURCE,
        expected=1,
        measured=bend(*(seconds[key] for key in line)) if tested else None,
        tolerance=0.3,
        comparison="equal",
        reason="Differences of noisy medians; a parabola would give 2."
        if tested
        else "Fewer than 256 arms are too few for the control.",
        control="arms that grow with the square of the rows",
        control_measured=bend(*(seconds[key] for key in parabola)) if tested else None,
    )


def draw(history: History) -> dict:
    from twinhead.figures import benchmark as figures

    return {
        "cost_by_arms": figures.cost_by_arms(history, summarise(history)),
        "cost_by_rows": figures.cost_by_rows(history, cost_of_rows(history)),
    }


def cost_of_rows(history: History) -> list[Row]:
    return [
        {"rows": of_rows, "seconds": seconds}
        for (name, arms, of_rows), seconds in sorted(
            _seconds(history.tables["timings_by_rows"]).items()
        )
        if (name, arms) == (BANK, ARMS_FOR_ROWS)
    ]


NOTES = (
    "NumPy, JAX, PyTorch and the bank are given the same start, batches and masks, and evaluate "
    "the validation loss after every epoch. JAX keeps what it has compiled, and so does the bank; "
    "first_time is with compiling.",
    "Keras's fit is written as the article writes it: probabilities, one-hot labels, noise of its "
    "own. As many fits as arms are extrapolated from one.",
    "SGDClassifier works row by row and has no dropout: the nearest that scikit-learn has, not the "
    "same work.",
    "Memory is how far the process grew beyond what it held, the features included, in the round "
    "that warms up.",
)

EXPERIMENT = runs.Experiment(
    "benchmark", "What an arm costs", measure, judge, draw, table=summarise, notes=NOTES
)

if __name__ == "__main__":
    config.launch("benchmark", partial(runs.execute, EXPERIMENT))
