"""Curves, dying units and cost."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhead.pages.style import STYLE
from twinhead.results.history import History


def curves(history: History) -> Figure:
    """Draw every activation function and its derivative, a panel each."""
    panels = history.tables["curves"].groupby("activation", sort=False)
    columns = 5
    lines = -(-len(panels) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(13, 2.6 * lines + 0.9), layout="constrained")
        grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
        figure.suptitle("Activation functions and their derivatives")
        for axes, (name, own) in zip(grid.flat, panels, strict=False):
            x, slope = own["x"], own["slope"]
            axes.plot(x, own["value"], color="#0072B2", linewidth=2, label="function")
            axes.plot(x, slope, "--", color="#D55E00", linewidth=1.6, label="derivative")
            axes.axhline(0, color="black", linewidth=0.6)
            axes.axvline(0, color="black", linewidth=0.6)
            axes.set_title(name if name != "softmax" else "softmax of (x, 0)")
            # Bounded functions fill their panel; the others show what they do around 0.
            bounded = own["value"].max() < 2
            axes.set_ylim(*((-1.1, 1.1) if bounded else (-1.6, 6.6)))
            axes.tick_params(labelbottom=True)
        for axes in grid.flat[len(panels) :]:
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
    training = history.tables["training"]
    looks = {"ReLU": ("#D55E00", "-"), "leaky ReLU": ("#0072B2", "--"), "ELU": ("#009E73", ":")}
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle("One hidden layer, trained at a large rate on purpose")
        for name, (colour, dashes) in looks.items():
            own = training[training["activation"] == name]
            for axes, what in ((left, "loss"), (right, "dead")):
                axes.plot(own["step"], own[what], dashes, color=colour, linewidth=2, label=name)
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


def cost(history: History) -> Figure:
    """Draw what an element of each activation costs, in elements of ReLU."""
    counted = history.numbers["counted"]
    shown = history.tables["costs"].sort_values("in_relus", kind="stable", ignore_index=True)
    names, medians = shown["activation"], shown["in_relus"]
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.subplots()
        spread = np.array([medians - shown["low"], shown["high"] - medians])
        axes.barh(shown.index, medians, xerr=spread, color="#56B4E9", capsize=3)
        axes.plot(
            counted,
            names[names == "sigmoid"].index[0],
            "D",
            color="#D55E00",
            label=f"sigmoid by counting operations: {counted:g}",
        )
        axes.axvline(1, color="black", linewidth=0.8)
        labels = [f"{name}:  {cost:.2g}" for name, cost in zip(names, medians, strict=True)]
        axes.set_yticks(shown.index, labels)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("time per element, in ReLUs (median; line: middle half of the repeats)")
        axes.set_title("What an activation costs, on the machine of this run")
        axes.legend(loc="lower right")
    return figure
