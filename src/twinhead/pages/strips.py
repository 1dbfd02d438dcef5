"""Claims as strips: measured, allowed and control as places on one logarithmic axis.

A strip shows what the verdict rests on: the dot must lie on the tinted range, the cross must not.
Where a claim says "equal", places are distances from what is expected. Zero and what is below it
have a place of their own, left of the scale.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twinhead.pages.typeset import short
from twinhead.results.claim import NOT_TESTED, Verdict

LOW, HIGH = -17, 6  # Decades of the axis that all strips share.
ZERO, LEFT, RIGHT = 3.0, 9.0, 97.0  # Places in per cent: of zero, and of the axis's ends.
TICKS = (-16, -12, -8, -4, 0, 4)


@dataclass(frozen=True)
class Strip:
    """Where the marks of a claim stand, in per cent of the strip's width; None: nowhere."""

    measured: float | None
    control: float | None
    start: float
    end: float
    limit: float


@dataclass(frozen=True)
class Row:
    """A claim as a row of the page; `strip` is None where nothing was tested."""

    verdict: Verdict
    allowed: str
    strip: Strip | None


def groups(verdicts: Sequence[Verdict]) -> dict[str, list[Row]]:
    """Return the claims under the heads of their groups, in the order in which they are given."""
    found: dict[str, list[Row]] = {}
    for verdict in verdicts:
        row = Row(verdict, allowed(verdict), strip(verdict))
        found.setdefault(verdict.group, []).append(row)
    return found


def place(value: float) -> float | None:
    """Return where a value stands, in per cent; beyond the axis it stands at its end."""
    if math.isnan(value):
        return None
    if value < 10.0**LOW:
        return ZERO
    share = (math.log10(min(value, 10.0**HIGH)) - LOW) / (HIGH - LOW)
    return round(LEFT + (RIGHT - LEFT) * share, 2)


def strip(verdict: Verdict) -> Strip | None:
    if verdict.verdict == NOT_TESTED or verdict.measured is None:
        return None
    told = verdict.control.measured
    if verdict.comparison == "equal":
        measured = abs(verdict.measured - verdict.expected)
        control = math.nan if told is None else abs(told - verdict.expected)
        limit = verdict.tolerance
    else:
        sign = -1 if verdict.comparison == "at least" else 1
        measured, control = verdict.measured, math.nan if told is None else told
        limit = verdict.expected + sign * verdict.tolerance
    edge = place(limit)
    if edge is None:
        return None
    least = verdict.comparison == "at least"
    return Strip(
        measured=place(measured),
        control=place(control),
        start=edge if least else 0.5,
        end=99.5 if least else max(edge, ZERO + 2.5),
        limit=edge if least else max(edge, ZERO + 2.5),
    )


def allowed(verdict: Verdict) -> str:
    """Return in words what the measured number may be."""
    expected, tolerance = verdict.expected, verdict.tolerance
    if verdict.comparison == "equal":
        if tolerance == 0:
            return f"exactly {short(expected)}"
        return f"{short(expected)} ± {short(tolerance)}"
    more = f", give or take {short(tolerance)}" if tolerance else ""
    return f"{verdict.comparison} {short(expected)}{more}"
