"""Claims with a number, a tolerance and a direction, each with a control that must fail."""

import csv
import math
from collections.abc import Mapping
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
        experiment: the one that measures it.
        kind: result; input, which an example starts from; or cited, from where nobody here can go.
        quantity: what it is, unique in its article.
        arm, epoch, split, metric: which number of a training log it is; otherwise empty, or 0.
        erratum: what is wrong with it, where the article is; otherwise empty.
    """

    article: str
    experiment: str
    kind: str
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


def published(article: str = "", experiment: str = "") -> list[Published]:
    """Return the numbers of an article or an experiment, transcribed by hand into published.csv."""
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
            if row["article"] == article or row["experiment"] == experiment
        ]


def beside_print(experiment: str, measured: Mapping[str, float]) -> list[dict[str, float | str]]:
    """Return a row for every number that the articles print and this experiment answers for.

    Args:
        measured: keyed "article: quantity", such as "003: softmax([2, 3, 5])[0]"; has every number
            that is a result.
    """
    rows = []
    for each in published(experiment=experiment):
        value = measured[f"{each.article}: {each.quantity}"] if each.kind == "result" else math.nan
        holds = value == each.printed or abs(value - each.printed) <= each.tolerance
        if math.isnan(each.printed):
            holds = math.isnan(value)
        rows.append(
            {
                "article": each.article,
                "place": each.place,
                "quantity": each.quantity,
                "printed": each.printed,
                "measured": value,
                "tolerance": each.tolerance,
                "verdict": (HOLDS if holds else FAILS) if each.kind == "result" else NOT_TESTED,
                "remark": each.erratum or (each.reason if each.kind == "result" else each.kind),
            }
        )
    return rows


def printed_numbers(
    id: str, article: str, experiment: str, measured: Mapping[str, float]
) -> Verdict:
    """Judge all results of one article that one experiment answers for, its errata left out.

    The control holds every number against the next one's print.
    """
    numbers = [
        each
        for each in published(experiment=experiment)
        if each.article == article and each.kind == "result" and not each.erratum
    ]
    values = [measured[f"{article}: {each.quantity}"] for each in numbers]

    def misses(printed: list[float]) -> int:
        return sum(
            not (
                value == other
                or (math.isnan(value) and math.isnan(other))
                or abs(value - other) <= each.tolerance
            )
            for value, other, each in zip(values, printed, numbers, strict=True)
        )

    own = [each.printed for each in numbers]
    return judge(
        id=id,
        claim=f"The {len(numbers)} results that article {article} prints here come out again "
        "(how many do not)",
        source=f"article {article}",
        expected=0,
        measured=misses(own),
        tolerance=0,
        comparison="equal",
        reason="Half a unit of the last digit printed, unless the table says why not.",
        control="every number held against the next one's print",
        control_measured=misses([*own[1:], own[0]]),
    )


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
