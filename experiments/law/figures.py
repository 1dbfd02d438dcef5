"""The map of settings, and rounding over many steps."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhead.experiments.law.cases import LONG
from twinhead.matching import IMPOSSIBLE
from twinhead.pages.style import CONTROL, FLOOR, RANDOM, SOFTMAX, STYLE, TRANSFER, data_name
from twinhead.results.history import History


def slide(history: History) -> Figure:
    """Draw the law on one lecture slide: every setting mapped and not, and rounding."""
    summary = history.tables["summary"]
    with rc_context(STYLE):
        figure = Figure(figsize=(16, 9), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
        shown = summary[summary.status != IMPOSSIBLE][::-1]
        places = np.arange(len(shown))
        for column, colour, marks, label in (
            ("mapped", TRANSFER[0], "o", "mapped"),
            ("naive", SOFTMAX[0], "s", "not mapped"),
            ("unmet", CONTROL[0], "^", "mapped, its condition not met"),
        ):
            gaps = np.maximum(shown[column], FLOOR)
            left.plot(gaps, places, marks, color=colour, label=label)
        for place, row in zip(places, shown.itertuples(), strict=True):
            ends = np.maximum([row.mapped, row.naive], FLOOR)
            left.plot(ends, [place, place], color="black", alpha=0.15, zorder=0)
        left.set_yticks(places, shown.setting, fontsize=9)
        left.set_xscale("log")
        left.set_xlim(FLOOR / 2, 10)
        left.set_ylim(-1, len(shown) + 3)  # Room for the legend.
        left.set_xlabel("largest gap to softmax: of any row's log-odds if mapped, else of the loss")
        left.set_title(f"Every setting, on {_both_data(history)}")
        left.legend(loc="upper center")
        _rounding(right, history.tables["float32"])
        figure.suptitle(
            "Two softmax units learn like one sigmoid at twice the rate: Δβ = Δθ1 − Δθ0 = 2 Δθ1",
            fontsize=17,
        )
    return figure


def map(history: History) -> Figure:
    """Draw the map as a table: a row a setting, its gaps as colour and number."""
    summary = history.tables["summary"]
    columns = {"mapped": "mapped", "naive": "not mapped", "unmet": "condition\nnot met"}
    gaps = summary[[*columns]].to_numpy()
    with rc_context(STYLE):
        figure = Figure(figsize=(8.5, 0.3 * len(summary) + 1.8), layout="constrained")
        axes = figure.subplots()
        powers = np.log10(np.maximum(gaps, FLOOR))
        image = axes.imshow(powers, cmap="cividis", vmin=-17, vmax=0, aspect="auto")
        for (i, j), gap in np.ndenumerate(gaps):
            if not np.isnan(gap):
                colour = "white" if powers[i, j] < -8.5 else "black"
                axes.text(j, i, f"{gap:.0e}", ha="center", va="center", color=colour, fontsize=9)
        axes.set_xticks(range(len(columns)), columns.values())
        axes.xaxis.tick_top()
        axes.set_yticks(range(len(summary)), summary.setting + "  (" + summary.status + ")")
        axes.grid(False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        figure.colorbar(image, ax=axes, label="log10 of the largest gap to softmax", shrink=0.5)
        figure.suptitle(f"Which settings map, and what if not, on\n{_both_data(history)}")
    return figure


def float32(history: History) -> Figure:
    """Draw how far rounding drives the heads apart, against the number of steps."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        _rounding(figure.subplots(), history.tables["float32"])
    return figure


def isometric(history: History) -> Figure:
    """Draw how far the isometric head is from softmax under every optimizer, mapped and not."""
    table = history.tables["isometric"][::-1]
    unchanged = int((table.unmapped_gap < 1e-12).sum())
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5.5), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(table))
        for column, colour, marks, label in (
            ("mapped_gap", TRANSFER[0], "o", "mapped"),
            ("unmapped_gap", SOFTMAX[0], "s", "every setting as it is"),
        ):
            gaps = np.maximum(table[column], FLOOR)
            axes.plot(gaps, places, marks, color=colour, label=label)
        axes.set_yticks(places, table.optimizer + "  (" + table.factors + ")", fontsize=9)
        axes.set_xscale("log")
        axes.set_xlim(FLOOR / 2, 10)
        axes.set_xlabel("largest gap of a row's log-odds to softmax")
        axes.set_title(
            f"The isometric head: {unchanged} of {len(table)} optimizers\nneed no map at all"
        )
        axes.legend()
    return figure


def _rounding(axes: Axes, table: pd.DataFrame) -> None:
    for optimizer, colour in zip(LONG, (SOFTMAX[0], RANDOM[0]), strict=True):
        for precision, line in (("float32", "-"), ("float64", "--")):
            own = table[(table.optimizer == optimizer) & (table.precision == precision)]
            gaps = np.maximum(own.mapped_weight_gap, FLOOR)
            axes.plot(own.steps, gaps, line, color=colour, label=f"{optimizer}, {precision}")
            if precision == "float32":
                label = f"{optimizer}, equal rates"
                axes.plot(own.steps, own.naive_weight_gap, ":", color=colour, label=label)
    bound = np.finfo(np.float32).eps / 2 * own.steps
    axes.plot(own.steps, bound, color="black", linewidth=0.8, label="one float32 rounding a step")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("steps")
    axes.set_ylabel("largest gap of a weight,\nrelative to the largest weight")
    axes.set_title("Rounding over many steps, breast cancer (Wisconsin)")
    axes.legend(ncols=2, loc="center right", fontsize=8.5)


def _both_data(history: History) -> str:
    return f"{data_name(history)} and breast cancer"
