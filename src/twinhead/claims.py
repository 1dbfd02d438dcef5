"""Claims with a number, a tolerance and a direction, each with a control that must fail."""

import csv
import math
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

HOLDS, FAILS, NOT_TESTED = "holds", "fails", "not tested"


@dataclass(frozen=True)
class Control:
    """The same measurement where the claim must not come out true."""

    claim: str
    measured: float | None
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """What came out of a claim.

    Attributes:
        comparison: equal (within the tolerance), at most, at least.
        reason: why the tolerance is what it is; or why nothing was tested.
        verdict: holds, fails or not tested. A claim holds only if its control fails.
        data: what it was measured on, where that is not the data of the run.
    """

    id: str
    claim: str
    source: str
    expected: float
    measured: float | None
    tolerance: float
    comparison: str
    reason: str
    verdict: str
    control: Control
    data: str


def judge(
    *,
    id: str,
    claim: str,
    source: str,
    expected: float,
    measured: float | None,
    tolerance: float,
    comparison: str,
    reason: str,
    control: str,
    control_measured: float | None,
    data: str = "",
) -> Verdict:
    """Judge one claim and its control by the same rule.

    A control that does not fail makes the claim fail: the measurement could not have told.
    With measured = None the claim is `not tested`, and `reason` says why.
    """
    if measured is None:
        verdict = control_verdict = NOT_TESTED
    else:
        accepted = _accepts(comparison, expected, tolerance, measured)
        control_accepted = _accepts(comparison, expected, tolerance, control_measured)
        verdict = HOLDS if accepted and not control_accepted else FAILS
        control_verdict = HOLDS if control_accepted else FAILS
    return Verdict(
        id,
        claim,
        source,
        expected,
        measured,
        tolerance,
        comparison,
        reason,
        verdict,
        Control(control, control_measured, control_verdict),
        data,
    )


def _accepts(comparison: str, expected: float, tolerance: float, measured: float) -> bool:
    """Tell whether the number satisfies the claim; NaN satisfies none."""
    match comparison:
        case "equal":
            return abs(measured - expected) <= tolerance
        case "at most":
            return measured <= expected + tolerance
        case "at least":
            return measured >= expected - tolerance
    raise ValueError(f"no comparison is called {comparison!r}")


def ratio_of_means(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    """Return mean(above) / mean(below) over seeds and the upper end of its 95 % interval.

    The pairs are resampled together (BCa bootstrap). With few pairs such an interval is a little
    short: its upper end covers the true ratio in about nine of ten cases at five pairs. One pair
    has no interval: then the upper end is the ratio itself.

    Args:
        above, below: one positive value a seed, shape (seeds,).
    """
    from scipy.stats import bootstrap  # More than a second: not for a table of finished verdicts.

    ratio = float(np.mean(above) / np.mean(below))
    if len(above) == 1:
        return ratio, ratio
    interval = bootstrap(
        (above, below),
        lambda a, b, axis=-1: np.mean(a, axis=axis) / np.mean(b, axis=axis),
        paired=True,
        vectorized=True,
        alternative="less",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return ratio, float(interval.high)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean over seeds and the ends of its 95 % t-interval.

    One value has no interval, and a diverged arm none that is finite: the ends are then the mean.
    """
    mean = float(np.mean(values))
    if len(values) == 1 or not np.isfinite(values).all():
        return mean, mean, mean
    from scipy.stats import t

    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return mean, float(mean - half), float(mean + half)


@dataclass(frozen=True)
class Published:
    """A number that an article prints, with the tolerance that a reproduction has to meet.

    Attributes:
        quantity: what it is, unique in its article.
        arm, epoch, split, metric: which number of a training log it is; otherwise empty, or 0.
        erratum: what is wrong with it, where the article is; otherwise empty.
    """

    article: str
    place: str
    quantity: str
    arm: str
    epoch: int
    split: str
    metric: str
    printed: float
    tolerance: float
    reason: str
    erratum: str


def published(article: str) -> list[Published]:
    """Return the numbers that an article prints, transcribed by hand into published.csv."""
    with (files("twinhead") / "published.csv").open(newline="", encoding="utf-8") as file:
        return [
            Published(
                **{
                    **row,
                    "epoch": int(row["epoch"] or 0),
                    "printed": float(row["printed"]),
                    "tolerance": float(row["tolerance"]),
                }
            )
            for row in csv.DictReader(file)
            if row["article"] == article
        ]


def number(value: float | str | None) -> str:
    """Return a number as tables show it: whole ones whole, small ones in powers of ten."""
    if value is None:
        return "–"
    if isinstance(value, str):  # "inf" or "nan", which JSON has no numbers for.
        return value
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.4f}" if 0.01 <= abs(value) < 1e4 else f"{value:.2e}"
