"""Floating point: errors by logit, and shares."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
)
from twinhead.pages.style import short as bar
from twinhead.pages.typeset import raised, short
from twinhead.results.history import History

# What is no head has no colour; the way that keeps its digits has its head's.
WAYS = {
    "from logits": {"linewidth": 5},
    "from probabilities": {"linewidth": 1.8, "color": INK},
    "written out": {"linewidth": 1.8, "color": QUIET, "linestyle": (0, (3, 1.5))},
}
CEILING = 10.0  # A loss that is clipped may be any number of times too large.
LOST = 0.1  # A relative error from which on not even one digit is left.


def softmax_error(history: History) -> Figure:
    return _errors(history, SOFTMAX, "logits (0, z)")


def sigmoid_error(history: History) -> Figure:
    return _errors(history, SIGMOID, "logit z")


def _errors(history: History, look: tuple[str, str], logits: str) -> Figure:
    """Draw relative errors against the logit, for each way to the loss: the worse of both.

    Loss and gradient are lost at much the same logit. A column a precision, so that no line has to
    say which it is.
    """
    errors = history.tables["errors"]
    errors = errors[errors["head"] == look[1]]
    worse = errors[["loss_error", "gradient_error"]].max(axis=1, skipna=False)
    errors = errors.assign(error=worse)
    cases, precisions = ("wrong", "right"), ("float32", "float64")
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.9), layout="constrained")
        grid = figure.subplots(len(cases), len(precisions), sharex=True, sharey=True)
        for line, case in zip(grid, cases, strict=True):
            for axes, precision in zip(line, precisions, strict=True):
                own = errors[(errors["precision"] == precision) & (errors["case"] == case)]
                _ways(axes, own, look[0])
            line[0].set_title(f"{case.capitalize()} class ahead", fontsize=10)
        for axes, last, precision in zip(grid[0], grid[-1], precisions, strict=True):
            axes.set_title(precision, loc="right", fontsize=10, color=QUIET)
            last.set_xlabel(f"{logits}, {precision}")
        first = grid[0, 0]
        first.set_xscale("log")
        first.set_yscale("log")
        first.set_ylim(FLOOR / 3, 3 * CEILING)
        ticks = {FLOOR: "≤ 1e-17", 1e-13: "1e-13", 1e-9: "1e-9", 1e-5: "1e-5", CEILING: "≥ 10"}
        first.set_yticks([*ticks], map(raised, ticks.values()))
        figure.supylabel("error of loss or gradient, relative", color=QUIET, fontsize=11)
        handles, labels = first.get_legend_handles_labels()
        (cross,) = grid[0, 1].plot([], [], "x", color=INK, markersize=7)
        figure.legend(
            [*handles, cross],
            [*labels, "from here on no finite number"],
            loc="outside lower center",
            ncols=2,
        )
        finding(figure, _lost(errors))
    return figure


def _ways(axes: Axes, own: pd.DataFrame, colour: str) -> None:
    for way, looks in WAYS.items():
        of_way = own[own["way"] == way]
        size, error = of_way["size"].to_numpy(), of_way["error"].to_numpy()
        finite = np.isfinite(error)
        # A log axis has two ends.
        shown = np.where(finite, np.clip(error, FLOOR, CEILING), np.nan)
        looks = {"color": colour, **looks}
        axes.plot(size, shown, label=way, **looks)
        if not finite.all() and finite.any():
            last = np.flatnonzero(finite)[-1]
            axes.plot(size[last], shown[last], "x", color=looks["color"], markersize=7)


def _lost(errors: pd.DataFrame) -> str:
    """Return from which logit on each way has lost all digits, with the wrong class ahead.

    There the loss is large and its digits matter; with the right one ahead every way loses them.
    """
    wrong = errors[errors["case"] == "wrong"]
    said = [f"{way} {_from(wrong[wrong['way'] == way])}" for way in WAYS]
    return f"Wrong class ahead: {'; '.join(said)} (float32, float64)"


def _from(own: pd.DataFrame) -> str:
    lost = own[~(own["error"] <= LOST)].groupby("precision")["size"].min()
    if lost.empty:
        return f"no error is above {short(own['error'].max())}"
    logits = [short(lost[name]) if name in lost else "none" for name in ("float32", "float64")]
    return f"no digit is left from a logit of {', '.join(dict.fromkeys(logits))} on"


def shares(history: History) -> Figure:
    """Draw the shares of three nodes, with and without the exponential, in several units."""
    table = history.tables["shares"]
    scales = table.groupby("scale")
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.75 * len(scales) + 0.4), layout="constrained")
        grid = figure.subplots(len(scales), 1, sharey=True)
        for axes, (_, rows) in zip(grid, scales, strict=True):
            for way, looks, offset in (
                ("without exponential", {"facecolor": BAND, "edgecolor": EDGE}, -0.2),
                ("softmax", {"facecolor": SOFTMAX[0], "edgecolor": SOFTMAX[0]}, 0.2),
            ):
                own = rows[rows["way"] == way]
                bars = axes.bar(own["node"] + offset, own["share"], width=0.38, label=way, **looks)
                axes.bar_label(bars, [bar(share) for share in own["share"]], fontsize=9)
            axes.set_xticks(own["node"], [f"logit {logit:g}" for logit in own["logit"]])
            axes.grid(axis="x", visible=False)
            axes.set_ylim(0, 1.2)
        grid[len(grid) // 2].set_ylabel("share")
        figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        highest = table.groupby(["way", "scale"])["share"].max()
        soft, plain = highest["softmax"], highest["without exponential"]
        finding(
            figure,
            f"The same logits in {len(scales)} units: the largest of softmax goes from "
            f"{bar(soft.min())} to {bar(soft.max())}, the largest plain share stays at "
            + " or ".join(dict.fromkeys(map(bar, plain))),
        )
    return figure
