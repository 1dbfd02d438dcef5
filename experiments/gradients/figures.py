"""Jacobian, push and pull, the sigmoid's slope."""

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from twinhead.pages.style import (
    BAND,
    EDGE,
    FLOOR,
    INK,
    QUIET,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    finding,
    gap_axis,
    short,
)
from twinhead.pages.typeset import raised
from twinhead.pages.typeset import short as digits
from twinhead.results.history import History

LOW = "₀₁₂₃₄₅₆₇₈₉"
# The two other ways to a derivative: neither is a head, so neither has a colour.
OTHERS = {
    "formula": ("the formula", {"marker": "o", "color": INK}),
    "differences": ("differences (SciPy)", {"marker": "x", "color": QUIET}),
}


def push_pull(history: History) -> Figure:
    """Draw one step of rate 1 on three logits: push all by p, pull the true one by 1."""
    rows = history.tables["push_pull"]
    nodes, moves = rows["node"], -rows["gradient"]
    before, after = {"facecolor": BAND, "edgecolor": EDGE}, {"color": SOFTMAX[0]}
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 7.6), layout="constrained")
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        for axes, what, title in (
            (top, "logit", "Logits z, before the step and after"),
            (bottom, "probability", "Probabilities p, before the step and after"),
        ):
            _bars(axes, nodes - 0.2, rows[what], 0.38, label="before", **before)
            _bars(axes, nodes + 0.2, rows[f"{what}_after"], 0.38, label="after", **after)
            axes.set_title(title)
            axes.set_ylabel(what)
        _bars(middle, nodes - 0.27, -rows["probability"], 0.25, label="push, −p", **before)
        hatched = {**before, "hatch": "///"}
        _bars(middle, nodes, rows["label"], 0.25, label="pull, y", **hatched)
        _bars(middle, nodes + 0.27, moves, 0.25, label="sum, y − p", **after)
        middle.set_title("What moves them: push, pull, and their sum")
        middle.set_ylabel("change of the logit")
        names = [f"class {row.node}" + " (true)" * (row.label == 1) for row in rows.itertuples()]
        for axes in (top, middle, bottom):
            axes.axhline(0, color=INK, linewidth=0.8)
            axes.margins(y=0.2)
            axes.grid(axis="x", visible=False)
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        bottom.set_xticks(nodes, names)
        true = rows[rows["label"] == 1].iloc[0]
        finding(
            figure,
            f"Push all, pull one: a step of rate 1 along y − p moves the true class's logit by "
            f"{digits(-true.gradient)} and takes its probability from {digits(true.probability)} "
            f"to {digits(true.probability_after)}",
        )
    return figure


def _bars(axes: Axes, places: object, heights: object, width: float, **looks: object) -> None:
    bars = axes.bar(places, heights, width, linewidth=1, **looks)
    axes.bar_label(bars, list(map(short, heights)), fontsize=9, padding=2)


def jacobian(history: History) -> Figure:
    """Draw softmax's Jacobian once, as areas, and how far the other ways to it are from it."""
    rows = history.tables["jacobian"]
    logits = ", ".join(f"{logit:g}" for logit in history.tables["push_pull"]["logit"])
    largest, size = rows["automatic"].abs().max(), rows["output"].max() + 1
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 6.6), layout="constrained")
        left, axes = figure.subplots(2, 1, height_ratios=(1.35, 1))
        for row in rows.itertuples():
            side = 0.62 * (abs(row.automatic) / largest) ** 0.5
            corner = row.logit - side / 2, row.output - side / 2 - 0.1
            fill = SOFTMAX[0] if row.automatic > 0 else "none"
            left.add_patch(
                Rectangle(corner, side, side, facecolor=fill, edgecolor=SOFTMAX[0], linewidth=1.5)
            )
            left.text(
                row.logit, row.output + 0.38, raised(digits(row.automatic)), ha="center", fontsize=9
            )
        left.set_xlim(-0.5, size - 0.5)
        left.set_ylim(size - 0.4, -0.6)
        left.set_aspect("equal")
        left.set_xticks(range(size), [f"z{LOW[i]}" for i in range(size)])
        left.set_yticks(range(size), [f"y{LOW[i]}" for i in range(size)])
        left.set_xlabel("by logit; hollow: negative")
        left.set_ylabel("derivative of output")
        left.grid(visible=False)
        left.tick_params(length=0)
        worst = _apart(axes, rows, np.arange(len(rows)), {"linestyle": "", "markersize": 7})
        names = [f"y{LOW[row.output]}\nz{LOW[row.logit]}" for row in rows.itertuples()]
        axes.set_xticks(range(len(rows)), names)
        finding(
            figure,
            f"Softmax's Jacobian at [{logits}]: diag(y) − y yᵀ is within "
            f"{digits(worst['formula'])} of TensorFlow's, differences within "
            f"{digits(worst['differences'])}",
        )
    return figure


def _apart(axes: Axes, rows: object, places: object, looks: dict) -> dict[str, float]:
    """Draw how far formula and differences are from the automatic derivative; return the most."""
    worst = {}
    for way, (label, own) in OTHERS.items():
        gaps = (rows[way] - rows["automatic"]).abs()
        axes.plot(places, np.maximum(gaps, FLOOR), label=label, **{**own, **looks})
        worst[way] = float(gaps.max())
    gap_axis(axes, max(worst.values()))
    axes.set_ylim(top=max(1e-4, 1e6 * max(worst.values())))  # Room for the legend.
    axes.set_ylabel("gap to automatic")
    axes.legend(loc="upper right", ncols=2)
    return worst


def sigmoid_slope(history: History) -> Figure:
    """Draw the sigmoid, its derivative, and how far the other ways to it are from it."""
    rows = history.tables["sigmoid"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 6.8), layout="constrained")
        top, middle, bottom = figure.subplots(3, 1, sharex=True)
        top.plot(rows["x"], rows["sigmoid"], color=SIGMOID[0], linewidth=2.4, label="sigmoid")
        top.set_ylabel("sigmoid(x)")
        middle.plot(rows["x"], rows["automatic"], color=SIGMOID[0], linewidth=2.4, label="slope")
        x, largest = rows.loc[rows["automatic"].idxmax(), ["x", "automatic"]]
        middle.plot(x, largest, "o", color=SIGMOID[0], markersize=7)
        middle.annotate(
            f"{largest:g} at {x:.3g}", (x, largest), xytext=(12, -4), textcoords="offset points"
        )
        middle.set_ylim(0, 0.29)
        middle.set_ylabel("its derivative")
        looks = {"linestyle": "", "markersize": 3}
        worst = _apart(bottom, rows, rows["x"], looks)
        bottom.set_xlabel("x")
        finding(
            figure,
            f"The sigmoid's slope is at most {largest:g}, at {x:.3g}; the formula s (1 − s) is "
            f"within {digits(worst['formula'])} of TensorFlow's, differences within "
            f"{digits(worst['differences'])}",
        )
    return figure
