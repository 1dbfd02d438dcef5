"""Floating point: shares and errors by logit."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.figures import FLOOR, STYLE, short
from twinhead.history import History

WAYS = {
    "from logits": ("#0072B2", "o"),
    "from probabilities": ("#D55E00", "s"),
    "written out": ("#009E73", "^"),
}


def loss_errors(history: History, head: str) -> Figure:
    """Draw relative errors of loss and gradient against the logit, for each way to the loss."""
    rows = [row for row in history.tables["errors"] if row["head"] == head]
    logits = {"softmax": "softmax, logits (0, z)", "sigmoid": "sigmoid, logit z"}[head]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 7.6), layout="constrained")
        grid = figure.subplots(2, 2, sharex=True, sharey=True)
        figure.suptitle(f"Cross-entropy in floating point: {logits}")
        for line, case in zip(grid, ("wrong", "right"), strict=True):
            for axes, what in zip(line, ("loss", "gradient"), strict=True):
                for precision, dashes in (("float32", "--"), ("float64", "-")):
                    for way, (colour, marks) in WAYS.items():
                        own = [
                            row
                            for row in rows
                            if (row["case"], row["precision"], row["way"]) == (case, precision, way)
                        ]
                        axes.plot(
                            [row["size"] for row in own],
                            [_shown(row[f"{what}_error"]) for row in own],
                            dashes,
                            color=colour,
                            # A curve that hides another shows it.
                            linewidth=5 if way == "from logits" else 1.8,
                            alpha=0.45 if way == "from logits" else 1,
                            marker=marks,
                            markevery=10,
                            markersize=5,
                            label=f"{way}, {precision}",
                        )
                axes.set_title(f"{what}, the {case} class has the large logit")
                axes.set_xscale("log")
                axes.set_yscale("log")
        grid[0, 0].set_ylim(FLOOR / 3, 3 * CEILING)
        powers = (-13, -9, -5, -1)
        grid[0, 0].set_yticks([FLOOR, *(10.0**power for power in powers), CEILING])
        ends = r"$\leq 10^{-17}$", r"$\geq 10$"
        grid[0, 0].set_yticklabels([ends[0], *(f"$10^{{{power}}}$" for power in powers), ends[1]])
        for axes in grid[:, 0]:
            axes.set_ylabel("relative error")
        for axes in grid[1]:
            axes.set_xlabel("z, the larger logit")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        title = "a line that ends: from there on the result is no finite number"
        figure.legend(handles, labels, loc="outside lower center", ncols=3, title=title)
    return figure


CEILING = 10.0  # A loss that is clipped may be any number of times too large.


def _shown(error: float) -> float:
    """Return what a log axis can show of a relative error: nothing where the result was lost."""
    return min(max(error, FLOOR), CEILING) if np.isfinite(error) else np.nan


def shares(history: History) -> Figure:
    """Draw the shares of three nodes, with and without the exponential, in several units."""
    rows = history.tables["shares"]
    scales = list(dict.fromkeys(row["scale"] for row in rows))
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        figure.suptitle("The same logits in three units: softmax changes, plain shares do not")
        for axes, scale in zip(figure.subplots(1, len(scales), sharey=True), scales, strict=True):
            for way, colour, offset in (
                ("without exponential", "#56B4E9", -0.2),
                ("softmax", "#0072B2", 0.2),
            ):
                own = [row for row in rows if (row["scale"], row["way"]) == (scale, way)]
                bars = axes.bar(
                    [row["node"] + offset for row in own],
                    [row["share"] for row in own],
                    width=0.38,
                    color=colour,
                    label=way,
                )
                axes.bar_label(bars, [short(row["share"]) for row in own], fontsize=9)
            axes.set_xticks([row["node"] for row in own], [f"{row['logit']:g}" for row in own])
            axes.set_xlabel("logits")
            axes.grid(axis="x", visible=False)
            axes.set_ylim(0, 1.1)
        figure.axes[0].set_ylabel("share")
        figure.axes[0].legend(loc="upper left")
    return figure
