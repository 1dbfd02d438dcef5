"""Curves, dying units and cost."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhead.figures import STYLE
from twinhead.history import History, Row


def activation_curves(history: History) -> Figure:
    """Draw every activation function and its derivative, a panel each."""
    rows = history.tables["curves"]
    names = list(dict.fromkeys(row["activation"] for row in rows))
    columns = 5
    lines = -(-len(names) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(13, 2.6 * lines + 0.9), layout="constrained")
        grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
        figure.suptitle("Activation functions and their derivatives")
        for axes, name in zip(grid.flat, names, strict=False):
            own = [row for row in rows if row["activation"] == name]
            x = [row["x"] for row in own]
            axes.plot(x, [r["value"] for r in own], color="#0072B2", linewidth=2, label="function")
            axes.plot(
                x,
                [r["slope"] for r in own],
                "--",
                color="#D55E00",
                linewidth=1.6,
                label="derivative",
            )
            axes.axhline(0, color="black", linewidth=0.6)
            axes.axvline(0, color="black", linewidth=0.6)
            axes.set_title(name if name != "softmax" else "softmax of (x, 0)")
            # Bounded functions fill their panel; the others show what they do around 0.
            bounded = max(row["value"] for row in own) < 2
            axes.set_ylim(*((-1.1, 1.1) if bounded else (-1.6, 6.6)))
            axes.tick_params(labelbottom=True)
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("value")
        for column in range(columns):
            shown = [axes for axes in grid[:, column] if axes.get_visible()]
            shown[-1].set_xlabel("x")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def dead_units(history: History) -> Figure:
    """Draw loss and dead units of the small training runs, a line for each activation."""
    rows = history.tables["training"]
    looks = {"ReLU": ("#D55E00", "-"), "leaky ReLU": ("#0072B2", "--"), "ELU": ("#009E73", ":")}
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle("One hidden layer, trained at a large rate on purpose")
        for name, (colour, dashes) in looks.items():
            own = [row for row in rows if row["activation"] == name]
            steps = [row["step"] for row in own]
            for axes, what in ((left, "loss"), (right, "dead")):
                axes.plot(
                    steps, [r[what] for r in own], dashes, color=colour, linewidth=2, label=name
                )
        left.set_yscale("log")
        left.set_title("loss")
        left.set_ylabel("mean squared error")
        right.set_title("units without any gradient, in the hidden layer")
        right.set_ylabel("dead units")
        right.yaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (left, right):
            axes.set_xlabel("step of gradient descent")
            axes.legend()
    return figure


def activation_cost(history: History, rows: Sequence[Row]) -> Figure:
    """Draw what an element of each activation costs, in elements of ReLU.

    Args:
        rows: per activation the median `in_relus`, its quartiles `low` and `high`.
    """
    counted = (
        history.numbers["001: FLOPs(sigmoid): neg, exp, add, div"]
        / history.numbers["001: FLOPs(ReLU): max"]
    )
    shown = sorted(rows, key=lambda row: row["in_relus"])
    places = range(len(shown))
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.subplots()
        medians = np.array([row["in_relus"] for row in shown])
        spread = [medians - [r["low"] for r in shown], [r["high"] for r in shown] - medians]
        sigmoid = next(i for i, row in enumerate(shown) if row["activation"] == "sigmoid")
        axes.barh(places, medians, xerr=spread, color="#56B4E9", capsize=3)
        axes.plot(
            counted,
            sigmoid,
            "D",
            color="#D55E00",
            label=f"sigmoid by counting operations: {counted:g}",
        )
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_yticks(places, [f"{row['activation']}:  {row['in_relus']:.2g}" for row in shown])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("time per element, in ReLUs (median; line: middle half of the repeats)")
        axes.set_title("What an activation costs, on the machine of this run")
        axes.legend(loc="lower right")
    return figure
