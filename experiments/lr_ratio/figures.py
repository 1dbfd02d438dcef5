"""The sweep of the learning-rate ratio."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from twinhead.experiments.lr_ratio.claims import ROUNDING
from twinhead.pages.style import (
    EDGE,
    FLOOR,
    QUIET,
    SIGMOID,
    SOFTMAX,
    STYLE,
    TEXT,
    WIDTH,
    epoch_axis,
    finding,
    gap_axis,
    label_ends,
    line,
)
from twinhead.pages.typeset import raised, short
from twinhead.results.history import History

Rows = Sequence[dict[str, Any]]


def gap_by_ratio(history: History) -> Figure:
    """Draw the largest gap to softmax against the learning-rate ratio, 2 marked."""
    allowed = ROUNDING[str(history.data["precision"])].tolerance
    with rc_context(STYLE):
        figure, axes = _gaps(history, "loss_gap", "validation losses")
        axes.axhline(allowed, color=EDGE, linestyle=(0, (5, 4)), linewidth=1)
        _say(axes, f"allowed at 2, in {history.data['precision']}", (0, allowed), (4, 3))
        axes.set_ylabel("largest gap of the losses (nats)")
    return figure


def weights_by_ratio(history: History) -> Figure:
    """Draw the largest gap of the log-odds' weights against the learning-rate ratio."""
    with rc_context(STYLE):
        figure, axes = _gaps(history, "weight_gap", "weights")
        axes.set_ylabel("largest gap of the log-odds' weights")
    return figure


def _gaps(history: History, name: str, what: str) -> tuple[Figure, Axes]:
    rows = _rows(history)
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    finite = [row for row in rows if not row["diverged"]]
    _both_sides(axes, finite, name, lambda values: np.maximum(values, FLOOR))
    gap_axis(axes, max((row[f"{name}_high"] for row in finite), default=0))
    _diverged(axes, rows)
    _ratio_axis(axes, rows)
    gaps = {row["lr_ratio"]: row[name] for row in finite}
    if 2 in gaps:
        _say(axes, raised(f"{short(gaps[2])} at 2"), (2, max(gaps[2], FLOOR)), (9, -4))
    else:
        axes.text(2, FLOOR, " 2: not measured", color=QUIET, va="bottom")
    finding(figure, _smallest(gaps, what) + _seeds(rows))
    return figure, axes


def _smallest(gaps: dict[float, float], what: str) -> str:
    """Return which ratio has the smallest gap, and how much the next one has."""
    if not gaps:
        return "Every ratio diverged"
    best, *others = sorted(gaps, key=gaps.__getitem__)
    said = f"Of {len(gaps)} ratios the {what} are closest at {best:g}: {short(gaps[best])} apart"
    if others:
        said += f"; at any other at least {short(gaps[others[0]])}"
    return said


def loss_by_ratio(history: History) -> Figure:
    """Draw the final validation loss against the ratio, and where softmax ends."""
    rows = _rows(history)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
        axes = figure.subplots()
        finite = [row for row in rows if not row["diverged"]]
        _both_sides(axes, finite, "loss", lambda values: values, joined=True)
        softmax = {
            ratio: np.mean([r.loss()[-1] for r in history.pick(head="softmax", lr_ratio=rate)])
            for ratio, rate in ((2, 1.0), (4, 2.0))
        }
        for ratio, name, away in ((2, "softmax", (9, 7)), (4, "softmax, rate × 2", (-20, 16))):
            looks = {"markersize": 13, "markerfacecolor": "none", "markeredgewidth": 3}
            axes.plot(ratio, softmax[ratio], "o", color=SOFTMAX[0], label=name, zorder=3, **looks)
            _say(axes, name, (ratio, softmax[ratio]), away, SOFTMAX[0])
        _diverged(axes, rows)
        axes.set_ylabel("validation loss at the end (nats)")
        _ratio_axis(axes, rows)
        losses = {row["lr_ratio"]: row["loss"] for row in finite}
        beside = [
            f"at {ratio} it is {short(losses[ratio])} ({who} {short(softmax[ratio])})"
            for ratio, who in ((2, "softmax"), (4, "softmax at twice its rate"))
            if ratio in losses
        ]
        if losses:
            finding(
                figure,
                f"Sigmoid's loss is lowest at {min(losses, key=losses.__getitem__):g}, which "
                "tells of the rate and not of the head"
                + "".join(f"; {each}" for each in beside)
                + _seeds(rows),
            )
    return figure


def loss_curves(history: History) -> Figure:
    """Draw the first seed's validation losses: softmax, sigmoid at 2 on top, others in grey."""
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        axes = figure.subplots()
        seed = history.pick(head="softmax")[0].arm.seed
        softmax = history.one(head="softmax", lr_ratio=1.0, seed=seed).loss()
        records = {r.arm.lr_ratio: r for r in history.pick(head="sigmoid", seed=seed)}
        named = _apart([*records])
        ends = [(softmax[-1], "softmax", SOFTMAX[0])]
        for ratio, record in records.items():
            if ratio != 2:
                line(axes, record.loss(), EDGE, marker="", linewidth=0.9)
                if ratio in named:
                    ends.append((record.loss()[-1], f"at {ratio:g}", QUIET))
        line(axes, softmax, SOFTMAX[0], label="softmax", linewidth=6, markersize=9)
        if 2 in records:
            line(axes, records[2].loss(), SIGMOID[0], label="sigmoid, at 2", linewidth=1.8)
            ends.append((records[2].loss()[-1], "sigmoid, at 2", SIGMOID[0]))
        # A ratio at which it diverges would leave no room for the others.
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, 0), min(high, 2 * softmax.max()))
        label_ends(
            axes, [end for end in ends if axes.get_ylim()[0] <= end[0] <= axes.get_ylim()[1]]
        )
        axes.set_ylabel("validation loss (nats)")
        epoch_axis(axes)
        off = {ratio: np.abs(r.loss() - softmax).max() for ratio, r in records.items()}
        least, most = min(off, key=off.__getitem__), max(off, key=off.__getitem__)
        finding(
            figure,
            f"Seed {seed}: at {least:g} sigmoid is at most {short(off[least])} off softmax's "
            f"curve, at {most:g} up to {short(off[most])}",
        )
    return figure


def _rows(history: History) -> Rows:
    """Return a row a ratio: means over seeds, the ends of their 95 % intervals, what diverged."""
    return history.tables["summary"].to_dict("records")


def _seeds(rows: Rows) -> str:
    seeds = rows[0]["seeds"]
    return f" (mean of {seeds} seeds; band: 95 % interval)" if seeds > 1 else ""


def _both_sides(
    axes: Axes,
    rows: Rows,
    name: str,
    shown: Callable[[np.ndarray], np.ndarray],
    joined: bool = False,
) -> None:
    """Draw a quantity against the ratio; no line where none was measured."""
    # A line to 2 would draw a valley that is not there.
    sides = (rows,) if joined else tuple([r for r in rows if side(r["lr_ratio"])] for side in SIDES)
    for side in sides:
        ratios = [row["lr_ratio"] for row in side]
        values, low, high = (
            shown(np.array([row[name + end] for row in side])) for end in ("", "_low", "_high")
        )
        label = f"sigmoid, from ratio {ratios[0]:g} to {ratios[-1]:g}" if ratios else None
        axes.plot(ratios, values, "o-", color=SIGMOID[0], markersize=4, linewidth=1.6, label=label)
        # An interval that reaches below zero has no lower end on a log axis.
        low = low if joined else np.maximum(low, values / 10)
        axes.fill_between(ratios, low, high, color=SIGMOID[0], alpha=0.2, linewidth=0)
    axes.axvline(2, color=EDGE, linestyle=":", linewidth=1.2, zorder=0)


SIDES: tuple[Callable[[float], bool], ...] = (
    lambda ratio: ratio < 2,
    lambda ratio: ratio == 2,
    lambda ratio: ratio > 2,
)


def _say(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    away: tuple[float, float],
    colour: str = QUIET,
) -> None:
    """Write beside a point; at x = 0 for a level, from the left edge."""
    where = axes.get_yaxis_transform() if place[0] == 0 else axes.transData
    looks = {"color": TEXT.get(colour, colour), "fontsize": 10, "annotation_clip": False}
    axes.annotate(text, place, xytext=away, xycoords=where, textcoords="offset points", **looks)


def _diverged(axes: Axes, rows: Rows) -> None:
    """Mark the ratios of which an arm diverged at the top edge."""
    ratios = [row["lr_ratio"] for row in rows if row["diverged"]]
    if ratios:
        top = axes.get_xaxis_transform()
        style = {"color": QUIET, "transform": top, "clip_on": False}
        axes.plot(ratios, np.ones(len(ratios)), "^", markersize=9, label="diverged", **style)
        axes.annotate(
            "diverged",
            (ratios[0], 1),
            xytext=(-8, -3),
            xycoords=top,
            textcoords="offset points",
            ha="right",
            color=QUIET,
        )


def _apart(ratios: Sequence[float]) -> list[float]:
    """Return the ratios that have room for a label: 2 and the ends first, then powers of two."""
    share = 0.09 * np.log(max(*ratios, 2) / min(*ratios, 2))
    chosen = [2.0]
    ends = (min(ratios), max(ratios))
    for ratio in sorted(ratios, key=lambda r: (r not in ends, np.log2(r) % 1 != 0, len(f"{r:g}"))):
        if all(abs(np.log(ratio / other)) >= share for other in chosen):
            chosen.append(ratio)
    return sorted(chosen)


def _ratio_axis(axes: Axes, rows: Rows) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("sigmoid's learning rate / softmax's")
    axes.xaxis.set_major_locator(FixedLocator(_apart([row["lr_ratio"] for row in rows])))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
