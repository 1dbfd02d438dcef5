"""What arms and rows cost."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from twinhead.experiments.benchmark.costs import BANK, FIT
from twinhead.pages.style import (
    EDGE,
    INK,
    QUIET,
    STYLE,
    WIDTH,
    finding,
    label_ends,
)
from twinhead.pages.typeset import short
from twinhead.results.history import History

# None is a head: the bank's line is heavy, the others have a mark each.
MARKS = {BANK: "o", FIT: "s", "NumPy": "D", "JAX": "^", "PyTorch": "v", "SGDClassifier": "P"}


def cost_by_arms(history: History) -> Figure:
    """Draw seconds against the number of arms, a line for each contender."""
    summary = history.tables["summary"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        axes = figure.subplots()
        arms = np.array(sorted(set(summary["arms"])))
        ends = []
        for name, mark in MARKS.items():
            own = summary[summary["contender"] == name]
            if own.empty:  # Not installed.
                continue
            colour, width = (INK, 2.6) if name == BANK else (QUIET, 1.4)
            seconds = own["seconds"].to_numpy()
            axes.vlines(own["arms"], own["fastest"], own["slowest"], color=colour, linewidth=width)
            looks = {"color": colour, "linewidth": width, "markersize": 6}
            axes.plot(own["arms"], seconds, f"{mark}-", label=name, **looks)
            if name == FIT:
                axes.plot(arms, seconds[0] * arms, ":", color=colour, linewidth=1.4)
                ends.append((seconds[0] * arms[-1], f"{name} × arms", colour))
            elif len(own) == len(arms):
                ends.append((seconds[-1], name, colour))
            else:
                axes.annotate(
                    name,
                    (own["arms"].iloc[-1], seconds[-1]),
                    xytext=(7, 0),
                    textcoords="offset points",
                    va="center",
                    color=colour,
                    fontsize=10,
                )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("arms")
        axes.set_ylabel("seconds (median; bar: all repeats)")
        axes.xaxis.set_major_locator(FixedLocator(arms))
        axes.xaxis.set_minor_locator(NullLocator())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        label_ends(axes, ends)
        bank, fit = (
            summary[summary["contender"] == name].sort_values("arms")["seconds"]
            for name in (BANK, FIT)
        )
        finding(
            figure,
            f"{arms[-1]} arms take {short(bank.iloc[-1])} s in the bank, one takes "
            f"{short(bank.iloc[0])} s, and one of Keras's fits {short(fit.iloc[0])} s: "
            f"{history.data['train_rows']} rows of {history.data['features']} features, "
            f"{history.data['name']}",
        )
    return figure


def cost_by_rows(history: History) -> Figure:
    """Draw the bank's seconds against the number of training rows."""
    cost = history.tables["seconds_by_rows"].sort_values("rows")
    rows, seconds = cost["rows"].to_numpy(), cost["seconds"].to_numpy()
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(rows, seconds, "o-", color=INK, linewidth=2, label=BANK)
        axes.plot([0, rows[-1]], [0, seconds[-1]], ":", color=EDGE, label="in proportion to rows")
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.set_xticks([0, *rows])
        axes.set_xlabel("training rows (dotted: in proportion)")
        axes.set_ylabel("seconds (median)")
        finding(
            figure,
            f"{rows[-1] / rows[0]:.2g} times as many rows take the bank "
            f"{seconds[-1] / seconds[0]:.2g} times as long, on {history.data['name']}",
        )
    return figure
