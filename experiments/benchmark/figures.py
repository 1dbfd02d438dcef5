"""What arms and rows cost."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from twinhead.figures import STYLE, TRANSFER, data_name
from twinhead.history import History, Row

CONTENDERS = {
    "twinhead bank": "#E69F00",
    "Keras fit": "#0072B2",
    "NumPy": "#000000",
    "JAX": "#009E73",
    "PyTorch": "#CC79A7",
    "SGDClassifier": "#56B4E9",
}


def cost_by_arms(history: History, rows: Sequence[Row]) -> Figure:
    """Draw seconds against the number of arms, a line for each contender.

    Args:
        rows: per contender and number of arms the median `seconds`, `fastest` and `slowest`.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        widest = max(row["arms"] for row in rows)
        for (name, colour), marks in zip(CONTENDERS.items(), "osD^vP", strict=True):
            own = sorted(
                (row for row in rows if row["contender"] == name), key=lambda row: row["arms"]
            )
            if not own:  # Not installed.
                continue
            seconds = np.array([row["seconds"] for row in own])
            apart = [seconds - [r["fastest"] for r in own], [r["slowest"] for r in own] - seconds]
            axes.errorbar(
                [row["arms"] for row in own],
                seconds,
                yerr=apart,
                fmt=f"{marks}-",
                color=colour,
                capsize=3,
                label=name,
            )
            if name == "Keras fit":
                arms = np.array([1, widest])
                axes.plot(arms, seconds[0] * arms, ":", color=colour, label=f"{name}, extrapolated")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("arms")
        axes.set_ylabel("seconds (median; bar: fastest to slowest)")
        axes.xaxis.set_major_locator(FixedLocator(sorted({row["arms"] for row in rows})))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.set_title(
            f"What arms cost: {history.data['train_rows']} rows of {history.data['features']} "
            f"features,\n{data_name(history)}"
        )
        axes.legend()
    return figure


def cost_by_rows(history: History, rows: Sequence[Row]) -> Figure:
    """Draw the bank's seconds against the number of training rows."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.plot([r["rows"] for r in rows], [r["seconds"] for r in rows], "o-", color=TRANSFER[0])
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.set_xlabel("training rows")
        axes.set_ylabel("seconds (median)")
        axes.set_title(f"What rows cost the bank, on\n{data_name(history)}")
    return figure
