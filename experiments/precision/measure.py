"""Softmax pair and matched sigmoid in five precisions: their gap by step, and how they rank."""

import logging

import ml_dtypes
import numpy as np
import pandas as pd

from twinhead.data.features import describe, sample, split
from twinhead.experiments.precision import Settings
from twinhead.experiments.precision.cases import (
    FORMS,
    MORE,
    POLICIES,
    PRECISIONS,
    PURE,
    STARTS,
    ZERO_SUM,
)
from twinhead.experiments.precision.scoring import scored
from twinhead.experiments.precision.training import train
from twinhead.matching import match_sigmoid
from twinhead.results.history import History
from twinhead.steps import Steps

log = logging.getLogger(__name__)

# Times √n, and nearly no sum of n coins is as far out.
RANDOM = 2.5
GAPS = {"twice the rate": "gap", "same rate": "gap_at_the_same_rate"}  # Role -> column.
TIED = "tied, {}: probability over logit"


def measure(settings: Settings) -> History:
    features = sample(settings.data.load(), settings.rows, settings.features, settings.seed)
    parts = split(features, 0.2, settings.seed)
    history = History(describe(features, parts))
    history.data |= {"steps": settings.steps, "common": settings.common}
    log.info("%d precisions, %d starts, %d steps", len(POLICIES), len(STARTS), settings.steps)
    steps = Steps("precisions", len(POLICIES))
    everything = np.concatenate([parts.X_validation, parts.X_train]).astype(np.float64)
    gaps, summary, trained = [], [], {}
    for precision in POLICIES:
        table, heads = train(settings, parts, precision)
        gaps.append(table)
        for start in STARTS:
            row = {"precision": precision, "start": start}
            # Weights that run away are no match: NumPy's extremes keep a NaN.
            for role, column in GAPS.items():
                own = table[(table.start == start) & (table.role == role)]
                row[column] = float(own.gap.to_numpy().max())
            trained.setdefault(start, heads[start, "softmax"])  # The first one's: float32.
            lengths = [
                float(np.linalg.norm(each.way(everything)))
                for each in (heads[start, "softmax"], trained[start])
            ]
            row["way"] = lengths[0] / lengths[1]
            summary.append(row)
        steps.done()
    history.tables["gaps"] = pd.concat(gaps, ignore_index=True)
    history.tables["summary"] = pd.DataFrame(summary)
    exact = trained[ZERO_SUM]
    largest = float(np.abs(exact.odds(everything)).max())
    order = scored(*exact.weights(), everything, settings.common)
    history.tables["order"] = order
    history.numbers["largest log-odds"] = largest
    beta, b = match_sigmoid(*exact.weights())
    parts = float((np.abs(everything) @ np.abs(beta) + np.abs(b)).max())
    history.numbers |= of_training(history.tables["summary"], largest, parts, settings.steps)
    history.numbers |= of_order(order)
    history.untested = untold(history.numbers)
    return history


def of_training(
    summary: pd.DataFrame, largest: float, parts: float, steps: int
) -> dict[str, float]:
    """Return the gaps, also as shares of the largest log-odds, and what roundings come to.

    Args:
        parts: the largest sum of what weights times features come to, signs left out.
    """
    found = {}
    for row in summary.to_dict("records"):
        which = f"{row['precision']}, {row['start']}"
        for column in GAPS.values():
            name = column.replace("_", " ")
            found[f"{name}, {which}"] = row[column]
            found[f"relative {name}, {which}"] = row[column] / largest
        found[f"way, {which}"] = row["way"]
    for precision, policy in POLICIES.items():
        rounding = float(ml_dtypes.finfo(policy.removeprefix("mixed_")).eps) / 2
        found[f"rounding, {precision}"] = rounding
        found[f"roundings, {precision}"] = RANDOM * float(np.sqrt(steps)) * rounding
        found[f"spacings, {precision}"] = 2 * rounding * parts / largest
        found[f"ten spacings, {precision}"] = 10 * found[f"spacings, {precision}"]
    return found


def of_order(order: pd.DataFrame) -> dict[str, float]:
    """Return how many times as many pairs of rows one way of scoring loses as another."""
    cells = order.set_index(["precision", "form", "score"])
    least = 1 / int(order.pairs.iloc[0])  # A share of none would divide by nothing.
    common, small, centred, one = FORMS

    def lost(precision: str, form: str) -> float:
        cell = cells.loc[precision, form, "log-odds"]
        return max(float(cell.tied + cell.reversed), least)

    def tied(precision: str, score: str) -> float:
        return max(float(cells.loc[precision, one, score].tied), least)

    found = {}
    for precision in PRECISIONS:
        for form in (common, small):
            ratio = lost(precision, form) / lost(precision, centred)
            found[f"out of order, {precision}: {form} over {centred}"] = ratio
        ratio = tied(precision, "probability") / tied(precision, "log-odds")
        found[TIED.format(precision)] = ratio
    return found


def untold(numbers: dict[str, float]) -> dict[str, str]:
    """Take out what 16 bits are not to blame for, and return why."""
    if numbers[TIED.format("float32")] < MORE:
        return {}
    why = "Log-odds are so large here that probabilities tie in float32 as well."
    lost = [TIED.format(precision) for precision in PURE]
    for name in lost:
        del numbers[name]
    return dict.fromkeys(lost, why)
