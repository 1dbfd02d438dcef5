"""Floating point: errors by logit, and shares."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import FLOOR, STYLE, short
from twinhead.results.history import History

WAYS = {
    "from logits": ("#0072B2", "o"),
    "from probabilities": ("#D55E00", "s"),
    "written out": ("#009E73", "^"),
}
CEILING = 10.0  # A loss that is clipped may be any number of times too large.


def softmax_error(history: History) -> Figure:
    return _errors(history, "softmax", "softmax, logits (0, z)")


def sigmoid_error(history: History) -> Figure:
    return _errors(history, "sigmoid", "sigmoid, logit z")


def _errors(history: History, head: str, logits: str) -> Figure:
    """Draw relative errors of loss and gradient against the logit, for each way to the loss."""
    errors = history.tables["errors"].groupby(["head", "case", "precision", "way"])
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 7.6), layout="constrained")
        grid = figure.subplots(2, 2, sharex=True, sharey=True)
        figure.suptitle(f"Cross-entropy in floating point: {logits}")
        for line, case in zip(grid, ("wrong", "right"), strict=True):
            for axes, what in zip(line, ("loss", "gradient"), strict=True):
                for precision, dashes in (("float32", "--"), ("float64", "-")):
                    for way, (colour, marks) in WAYS.items():
                        own = errors.get_group((head, case, precision, way))
                        error = own[f"{what}_error"]
                        axes.plot(
                            own["size"],
                            # A lost result is not drawn, and a log axis has two ends.
                            error.clip(FLOOR, CEILING).where(np.isfinite(error)),
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


def shares(history: History) -> Figure:
    """Draw the shares of three nodes, with and without the exponential, in several units."""
    scales = history.tables["shares"].groupby("scale")
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        figure.suptitle("The same logits in three units: softmax changes, plain shares do not")
        grid = figure.subplots(1, len(scales), sharey=True)
        for axes, (_, rows) in zip(grid, scales, strict=True):
            for way, colour, offset in (
                ("without exponential", "#56B4E9", -0.2),
                ("softmax", "#0072B2", 0.2),
            ):
                own = rows[rows["way"] == way]
                bars = axes.bar(
                    own["node"] + offset, own["share"], width=0.38, color=colour, label=way
                )
                axes.bar_label(bars, [short(share) for share in own["share"]], fontsize=9)
            axes.set_xticks(own["node"], [f"{logit:g}" for logit in own["logit"]])
            axes.set_xlabel("logits")
            axes.grid(axis="x", visible=False)
            axes.set_ylim(0, 1.1)
        grid[0].set_ylabel("share")
        grid[0].legend(loc="upper left")
    return figure
