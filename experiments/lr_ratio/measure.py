"""For every seed one softmax arm and, in the same pass, one matched sigmoid arm for each ratio."""

import logging

import numpy as np
import pandas as pd

from twinhead.data.features import Cut, describe
from twinhead.experiments.lr_ratio import Settings, edge
from twinhead.matching import sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.results.history import History, Record
from twinhead.results.statistics import mean_interval
from twinhead.steps import Steps
from twinhead.training import bank

log = logging.getLogger(__name__)

TO_FAST = "loss_gap_to_twice_the_rate"
# A ratio closer to 2 differs from it by rounding too, and could tell nothing apart.
CLOSE = 0.01
# Of the time that a sweep of the default's size takes, that the search for the edge does.
EDGE = 0.1


def measure(settings: Settings) -> History:
    features = settings.data.load(on_disk=True)
    # Every seed cuts the rows anew, so that an interval over seeds is one over validation sets.
    cuts = {seed: Cut(features, settings.validation_fraction, seed) for seed in settings.seeds}
    first = cuts[settings.seeds[0]].split()
    history = History(describe(features, first) | {"precision": settings.precision})
    del first
    log.info(
        "%s: %d ratio(s), %d seed(s)",
        features.name,
        len(settings.lr_ratios),
        len(settings.seeds),
    )
    steps = Steps("parts", 1 + EDGE)
    groups = [(_arms(settings, seed), cut) for seed, cut in cuts.items()]
    for softmax, fast, *sigmoids in bank.train_cuts(groups, settings.recipe()):
        for record in sigmoids:
            history.add_gap(record, softmax)
            record.series["validation", TO_FAST] = record.loss() - fast.loss()
        for record in (softmax, fast, *sigmoids):
            # A wide sweep keeps where its arms ended, not the way there.
            record.weights = {name: values[-1:].copy() for name, values in record.weights.items()}
            history.add(record)
    steps.done()
    history.tables["summary"] = _summary(history, sorted(settings.lr_ratios))
    _compare(history)
    log.info("edge of stability: full-batch gradient descent, %d rounds of rates", edge.ROUNDS)
    history.numbers.update(edge.measure(settings.seeds[0]))
    steps.done(EDGE)
    return history


def _arms(settings: Settings, seed: int) -> list[Arm]:
    """Return the softmax arm, one at twice its rate, and the sigmoids by ratio."""
    wanted = [
        ("softmax", "ratio 1.0", 1.0),
        # The control's partner: a softmax arm for which the right ratio is 4.
        ("softmax", "at twice the rate", 2.0),
        *(("sigmoid", f"ratio {ratio!r}", ratio) for ratio in sorted(settings.lr_ratios)),
    ]
    return [
        Arm(
            f"{head} {how}, seed {seed}",
            head,
            learning_rate=sigmoid_learning_rate(settings.learning_rate, lr_ratio),
            seed=seed,
            init="transfer" if head == "sigmoid" else "random",
            optimizer=settings.optimizer.name,
            lr_ratio=lr_ratio,
            precision=settings.precision,
        )
        for head, how, lr_ratio in wanted
    ]


def _summary(history: History, ratios: list[float]) -> pd.DataFrame:
    """Return a row a ratio: means over seeds with the ends of their 95 % intervals."""
    rows = []
    for ratio in ratios:
        arms = history.pick(head="sigmoid", lr_ratio=ratio)
        ends = [end for record in arms if (end := _end(record)) is not None]
        row: dict[str, float | str] = {"lr_ratio": ratio, "seeds": len(arms)}
        row |= {"diverged": len(ends), "diverged_at_epoch": str(min(ends, default=""))}
        for name, values in (
            ("loss_gap", _largest(arms, "validation", "loss_gap")),
            ("weight_gap", _largest(arms, "weights", "weight_gap")),
            ("loss", np.array([r.loss()[-1] for r in arms])),
            ("accuracy", np.array([r.series["validation", "accuracy"][-1] for r in arms])),
        ):
            row[name], row[f"{name}_low"], row[f"{name}_high"] = mean_interval(values)
        rows.append(row)
    return pd.DataFrame(rows)


def _end(record: Record) -> int | None:
    """Return the epoch at which an arm was found diverged, or None."""
    lost = ~np.isfinite(record.loss())
    return int(lost.argmax()) if lost.any() else None


def _largest(records: list[Record], split: str, metric: str) -> np.ndarray:
    """Return each arm's largest absolute value over the epochs; infinite where it diverged."""
    values = np.abs([record.series[split, metric] for record in records])
    return np.where(np.isnan(values), np.inf, values).max(axis=1)


def _compare(history: History) -> None:
    """Add the gap at 2, which ratio has the smallest, and how it grows away from 2.

    Each number where the grid can tell it, and otherwise why it cannot.
    """
    summary = history.tables["summary"]
    grid, gaps = summary["lr_ratio"].to_numpy(), summary["loss_gap"].to_numpy()
    history.numbers |= {"ratios": len(grid), "seeds": int(summary["seeds"].iloc[0])}
    smallest, rounding, turns = (
        "ratio with the smallest gap",
        "gap at ratio 2",
        "neighbours whose gap does not grow away from 2",
    )
    if 2 not in grid:
        history.untested |= dict.fromkeys((smallest, rounding, turns), "The grid lacks 2.")
        return
    arms = {ratio: history.pick(head="sigmoid", lr_ratio=ratio) for ratio in grid}
    others = gaps[np.abs(grid - 2) > CLOSE]
    if len(others):
        history.numbers |= {
            rounding: float(_largest(arms[2], "validation", "loss_gap").max()),
            "smallest gap at another ratio": float(others.min()),
        }
    else:
        history.untested[rounding] = f"The grid lacks a ratio more than {CLOSE} away from 2."
    to_fast = np.array([_largest(each, "validation", TO_FAST).mean() for each in arms.values()])
    # Near: a search that could have come out at 1.9 or 2.1, were the law off by that much.
    if np.any((grid >= 1.5) & (grid < 2)) and np.any((grid > 2) & (grid <= 3)):
        history.numbers |= {
            smallest: float(grid[gaps.argmin()]),
            "ratio with the smallest gap to twice the rate": float(grid[np.argmin(to_fast)]),
        }
    else:
        history.untested[smallest] = "The grid lacks a ratio from 1.5 to below 2, or to 3 above it."

    # Beyond a factor of two a rate may be one that overshoots.
    around = (grid >= 1) & (grid <= 4)
    near = grid[around]

    def turning(gaps: np.ndarray) -> int:
        """Count the neighbours between which a gap does not grow away from ratio 2."""
        below, above = gaps[around][near <= 2], gaps[around][near >= 2]
        return int((np.diff(below) >= 0).sum() + (np.diff(above) <= 0).sum())

    if near.min() < 2 < near.max():
        history.numbers |= {
            turns: turning(gaps),
            "neighbours whose gap to twice the rate does not grow away from 2": turning(to_fast),
        }
    else:
        history.untested[turns] = "The grid lacks a ratio from 1 to below 2, or to 4 above it."
