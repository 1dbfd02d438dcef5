"""Curves, dying units and cost."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhead.pages.style import (
    BAND,
    EDGE,
    INK,
    QUIET,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    finding,
    label_ends,
)
from twinhead.pages.typeset import short
from twinhead.results.history import History

HEADS = {"softmax": SOFTMAX[0], "sigmoid": SIGMOID[0]}  # What is no head has no colour.
LOOKS = {
    "ReLU": {"color": INK, "linewidth": 2.4},
    "leaky ReLU": {"color": QUIET, "linewidth": 1.8, "linestyle": (0, (5, 2))},
    "ELU": {"color": QUIET, "linewidth": 2.2, "linestyle": (0, (1, 1.2))},
}
FLAT = 0.01  # A slope of a hundredth of the linear one.


def curves(history: History) -> Figure:
    """Draw every activation function and its derivative, a panel each."""
    panels = history.tables["curves"].groupby("activation", sort=False)
    columns = 3
    lines = -(-len(panels) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.55 * lines + 0.7), layout="constrained")
        grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
        flat = []
        for axes, (name, own) in zip(grid.flat, panels, strict=False):
            x, slope, colour = own["x"], own["slope"], HEADS.get(name, INK)
            axes.plot(x, own["value"], color=colour, linewidth=2, label="function")
            dashes = {"linestyle": (0, (3, 1.5)), "linewidth": 1.5}
            axes.plot(x, slope, color=QUIET, label="derivative", **dashes)
            axes.axhline(0, color=EDGE, linewidth=0.6)
            axes.axvline(0, color=EDGE, linewidth=0.6)
            axes.set_title(name if name != "softmax" else "softmax of (x, 0)", fontsize=10)
            # Bounded functions fill their panel; the others show what they do around 0.
            bounded = own["value"].max() < 2
            axes.set_ylim(*((-1.1, 1.1) if bounded else (-1.6, 6.6)))
            axes.tick_params(labelbottom=True, labelsize=9.5)
            if (abs(slope.to_numpy()[[0, -1]]) < FLAT).any():
                flat.append(name)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for column in range(columns):
            shown = [axes for axes in grid[:, column] if axes.get_visible()]
            shown[-1].set_xlabel("x")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
        x = history.tables["curves"]["x"]
        finding(
            figure,
            f"{len(flat)} of {len(panels)} activation functions have a slope below {FLAT:g} at "
            f"x = {short(x.min())} or {short(x.max())}: {', '.join(flat) or 'none'}",
        )
    return figure


def dead_units(history: History) -> Figure:
    """Draw loss and dead units of the small training runs, a line for each activation."""
    training, units = history.tables["training"], int(history.numbers["units"])
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True)
        dead = {}
        for axes, what in ((top, "dead"), (bottom, "loss")):
            ends = []
            for name, looks in LOOKS.items():
                own = training[training["activation"] == name]
                axes.plot(own["step"], own[what], label=name, **looks)
                last = own[what].iloc[-1]
                if what == "dead":
                    dead[name] = int(last)
                if np.isfinite(last):
                    ends.append((float(last), name, looks["color"]))
            if what == "loss":
                axes.set_yscale("log")
            else:
                axes.axhline(units, color=EDGE, linewidth=1)
                axes.set_ylim(-0.03 * units, 1.05 * units)
                axes.yaxis.set_major_locator(MaxNLocator(integer=True))
                ends.append((float(units), f"all {units}", QUIET))
            label_ends(axes, ends)
        top.set_ylabel(f"dead units, of {units}")
        bottom.set_ylabel("mean squared error")
        bottom.set_xlabel("step of gradient descent")
        steps = int(training["step"].max())
        others = ", ".join(f"{count} with {name}" for name, count in [*dead.items()][1:])
        finding(
            figure,
            f"After {steps} steps at too large a rate {dead['ReLU']} of {units} ReLU units have "
            f"no gradient any more; {others}",
        )
    return figure


def cost(history: History) -> Figure:
    """Draw what an element of each activation costs, in elements of ReLU."""
    counted = history.numbers["counted"]
    shown = history.tables["costs"].sort_values("in_relus", kind="stable", ignore_index=True)
    names, medians = shown["activation"], shown["in_relus"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.32 * len(shown) + 1.4), layout="constrained")
        axes = figure.subplots()
        for place, row in shown.iterrows():
            filled = HEADS.get(row["activation"])
            looks = {"facecolor": filled or BAND, "edgecolor": filled or EDGE}
            axes.barh(place, row["in_relus"], height=0.7, **looks)
            axes.plot([row["low"], row["high"]], [place, place], color=INK, linewidth=1.4)
        sigmoid = names[names == "sigmoid"].index[0]
        axes.plot(counted, sigmoid, "D", color=INK, markersize=6, label="counted operations")
        axes.annotate(
            f"counted: {counted:g}",
            (counted, sigmoid),
            xytext=(8, -4),
            textcoords="offset points",
            fontsize=9.5,
        )
        axes.axvline(1, color=EDGE, linestyle=":", linewidth=1.2)
        axes.set_yticks(
            shown.index,
            [f"{name}: {cost:.2g}" for name, cost in zip(names, medians, strict=True)],
        )
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("time an element, in ReLUs (line: middle half)")
        by_name = dict(zip(names, medians, strict=True))
        finding(
            figure,
            f"On this run's machine an element of sigmoid costs {by_name['sigmoid']:.2g} of "
            f"ReLU's, where counting operations says {counted:g}; the dearest, {names.iloc[-1]}, "
            f"{medians.iloc[-1]:.2g}",
        )
    return figure
