"""All contenders in one process and one run, in turn, on the same features."""

import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd

from twinhead.data.features import Split, describe, split
from twinhead.experiments.benchmark import Settings, alone, contenders, costs, machine, reading
from twinhead.experiments.benchmark.contenders import Problem
from twinhead.experiments.benchmark.costs import ADAM, ARMS_FOR_ROWS, BANK, FIT, SGD, SHARES
from twinhead.matching import sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.results.history import History
from twinhead.steps import Steps
from twinhead.training import bank, heads, passes
from twinhead.training.recipe import Recipe

log = logging.getLogger(__name__)

OPTIMIZERS = {
    SGD: {"name": "sgd"},
    ADAM: {"name": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
}
# Every contender's layout is the one that took it less time on so many rows, the best of so many
# goes after one to warm up.
ROWS_TO_TRY, GOES = 2048, 2
# So many arms train for all epochs, more of them for fewer; those alone for so many at most.
ARMS_FOR_ALL_EPOCHS, EPOCHS_ALONE = 256, 2
LAYOUTS = {False: "features × units", True: "units × features"}


@dataclass(frozen=True)
class Job:
    """A contender with what it has to do."""

    name: str
    call: Callable[[Problem], np.ndarray]
    problem: Problem
    layout: str = ""

    @property
    def key(self) -> tuple[str, str, int, int]:
        optimizer = str(self.problem.recipe.optimizer["name"])
        return self.name, optimizer, len(self.problem.arms), len(self.problem.split.y_train)


@passes.kept_in(None)  # What is timed has to be trained.
def measure(settings: Settings) -> History:
    history = _beside_others(settings)
    reading.measure(settings, history)
    return history


def _beside_others(settings: Settings) -> History:
    features = settings.data.load()
    parts = split(features, settings.validation_fraction, settings.seed)
    history = History(describe(features, parts))
    history.numbers |= machine.before()
    watch = machine.Watch()
    there = {
        name: call for name, (call, package) in contenders.OTHERS.items() if find_spec(package)
    }
    absent = [name for name in contenders.OTHERS if name not in there]
    without = f"; not installed: {', '.join(absent)} (extra `bench`)" if absent else ""
    log.info("in turn: %s%s", ", ".join([BANK, *there, FIT, "SGDClassifier"]), without)
    history.numbers |= machine.floor(parts, settings.seed, settings.dropout)

    arms = sorted({1, ARMS_FOR_ROWS, *settings.arms})
    held = [(number, SGD) for number in arms]
    held.insert(arms.index(costs.ARMS_WITH_ADAM) + 1, (costs.ARMS_WITH_ADAM, ADAM))
    problems = [_problem(settings, parts, *each) for each in held]
    one = _problem(settings, parts, 1, SGD)
    few = min(EPOCHS_ALONE, one.recipe.epochs)
    one = replace(one, recipe=replace(one.recipe, epochs=few))
    by_rows: list[Job] = []
    widest = min(arms[-1], costs.MOST_GROWN)
    for share in SHARES:
        part = _cut(parts, round(share * len(parts.y_train)), len(parts.y_validation))
        for number, like in (
            (ARMS_FOR_ROWS, ARMS_FOR_ROWS),
            (costs.arms_of_share(share, widest), widest),
        ):
            problem = _problem(settings, part, number, SGD, epochs=_epochs(settings, like))
            by_rows.append(Job(BANK, contenders.with_bank, problem))
    small = [_small(problem) for problem in problems]
    once = [*problems * (1 + len(there)), one, one, *(job.problem for job in by_rows)]
    tries = len(there) * len(LAYOUTS) * (1 + GOES) * sum(map(_work, small))
    steps = Steps("timings", tries + (settings.repeats + 1) * sum(map(_work, once)))

    beside_others: list[Job] = []
    tried: list[dict[str, str | int | float]] = []
    for problem, cut in zip(problems, small, strict=True):
        beside_others.append(Job(BANK, contenders.with_bank, problem, LAYOUTS[True]))
        for name, call in there.items():
            seconds = _try(call, cut, steps)
            chosen = min(seconds, key=lambda transposed: seconds[transposed])
            call = partial(call, transposed=chosen)
            job = Job(name, call, problem, LAYOUTS[chosen])
            beside_others.append(job)
            about = dict(zip(costs.KEY, job.key, strict=True))
            tried += [about | {"layout": LAYOUTS[t], "seconds": s} for t, s in seconds.items()]
    beside_others.append(Job(FIT, alone.with_fit, one))
    beside_others.append(Job("SGDClassifier", alone.with_scikit_learn, one))
    history.tables["layouts"] = pd.DataFrame(tried)
    history.tables["timings"], constant, losses = _rounds(settings, beside_others, steps)
    history.tables["timings_by_rows"], constant_too, _ = _rounds(settings, by_rows, steps)
    history.tables["calibration"] = pd.concat([constant, constant_too], ignore_index=True)
    history.numbers["cores that others use meanwhile"] = watch.cores()
    history.tables["agreement"] = _agreement(losses, len(parts.y_train))
    costs.add(history)
    return history


def _agreement(losses: dict[tuple[str, str, int, int], np.ndarray], rows: int) -> pd.DataFrame:
    """Return how far every contender's losses are from the bank's, and from the slowest arm's."""
    slowest = losses[BANK, SGD, ARMS_FOR_ROWS, rows][:, 0]
    found = []
    for (name, *which), own in losses.items():
        if name == BANK:
            continue
        banks = losses[BANK, *which]
        # Those who train alone do so for fewer epochs, and tell no loss before the first.
        start = 0 if len(own) == len(banks) else 1
        epochs = slice(start, start + len(own))
        found.append(
            {
                "contender": name,
                "arms": which[1],
                "optimizer": which[0],
                "deviation": float(np.abs(own - banks[epochs]).max()),
                # The control: the arm at ratio 2, which every contender has.
                "to_slowest": float(np.abs(own[:, -1] - slowest[epochs]).max()),
            }
        )
    return pd.DataFrame(found)


def _try(call: Callable[..., np.ndarray], problem: Problem, steps: Steps) -> dict[bool, float]:
    """Return the least seconds that a contender takes in each layout, transposed or not."""
    seconds: dict[bool, list[float]] = {transposed: [] for transposed in LAYOUTS}
    for _ in range(1 + GOES):
        for transposed, own in seconds.items():
            clock = time.perf_counter()
            call(problem, transposed=transposed)
            own.append(time.perf_counter() - clock)
            steps.done(_work(problem))
    return {transposed: min(own[1:]) for transposed, own in seconds.items()}


def _small(problem: Problem) -> Problem:
    """Return a problem on few of its rows, for one epoch."""
    few = _cut(problem.split, ROWS_TO_TRY, ROWS_TO_TRY // 4)
    return replace(problem, split=few, recipe=replace(problem.recipe, epochs=1))


def _cut(split: Split, rows: int, validation_rows: int) -> Split:
    return replace(
        split,
        X_train=split.X_train[:rows],
        y_train=split.y_train[:rows],
        places=None if split.places is None else split.places[:rows],
        X_validation=split.X_validation[:validation_rows],
        y_validation=split.y_validation[:validation_rows],
    )


def _work(problem: Problem) -> float:
    """Return about how long a problem takes: 64 arms cost twice as much as one."""
    return problem.recipe.epochs * len(problem.split.y_train) * (64 + len(problem.arms))


def _rounds(
    settings: Settings, jobs: list[Job], steps: Steps
) -> tuple[pd.DataFrame, pd.DataFrame, dict[tuple[str, str, int, int], np.ndarray]]:
    """Time every job in turn, then again the other way round, and so on.

    The round before the first is to warm up and to measure memory, for which all that is free is
    given back to the system: taking it again costs time that belongs to nobody.

    Returns:
        what was timed; what a piece of work that is always the same took before each; the losses.
    """
    timings: list[dict[str, str | int | float]] = []
    calibration: list[dict[str, str | int | float]] = []
    losses: dict[tuple[str, str, int, int], np.ndarray] = {}
    quiet = logging.getLogger(bank.__name__)
    quiet.setLevel(logging.WARNING)
    try:
        for repeat in range(settings.repeats + 1):
            for job in jobs if repeat % 2 == 0 else jobs[::-1]:
                gc.collect()
                before = machine.forget_peak() if repeat == 0 else float("nan")
                if repeat:
                    seconds = machine.calibrate()
                    calibration.append({"repeat": repeat, "before": job.name, "seconds": seconds})
                clock = time.perf_counter()
                losses[job.key] = job.call(job.problem)
                seconds = time.perf_counter() - clock
                timings.append(
                    dict(zip(costs.KEY, job.key, strict=True))
                    | {"layout": job.layout, "epochs": job.problem.recipe.epochs}
                    | {"repeat": repeat, "seconds": seconds}
                    | {"mebibytes": machine.status("VmHWM") - before}
                )
                steps.done(_work(job.problem))
    finally:
        quiet.setLevel(logging.NOTSET)
    return pd.DataFrame(timings), pd.DataFrame(calibration), losses


def _epochs(settings: Settings, arms: int) -> int:
    return max(1, min(settings.epochs, round(settings.epochs * ARMS_FOR_ALL_EPOCHS / arms)))


def _problem(
    settings: Settings, parts: Split, number: int, optimizer: str, epochs: int | None = None
) -> Problem:
    """Return sigmoid arms from one matched start, at ratios evenly spaced up to 2."""
    ratios = [2.0 * (i + 1) / number for i in range(number)]
    arms = [
        Arm(
            name=str(i),
            head="sigmoid",
            learning_rate=sigmoid_learning_rate(settings.learning_rate, ratio),
            seed=settings.seed,
            init="transfer",
            optimizer=optimizer,
            lr_ratio=ratio,
        )
        for i, ratio in enumerate(ratios)
    ]
    recipe = Recipe(
        epochs or _epochs(settings, number),
        settings.batch_size,
        settings.dropout,
        OPTIMIZERS[optimizer],
        settings.shuffle,
    )
    kernel, bias = heads.initial(arms[0], parts.X_train.shape[1])
    return Problem(
        recipe,
        parts,
        settings.seed,
        arms,
        np.repeat(kernel, number, axis=1),
        np.repeat(bias, number),
        np.array([arm.learning_rate for arm in arms], np.float32),
    )
