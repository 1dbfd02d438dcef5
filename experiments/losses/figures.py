"""Losses by prediction, by margin and by outliers."""

from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.figures import STYLE
from twinhead.history import Row

LOSSES = {
    "0-1": ("#000000", "-"),
    "hinge": ("#0072B2", "-"),
    "squared hinge": ("#E69F00", "--"),
    "logistic": ("#009E73", "-."),
    "exponential": ("#D55E00", ":"),
}


REGRESSION = {
    "MSE": ("#D55E00", "o-"),
    "MSLE": ("#E69F00", "s--"),
    "Huber": ("#0072B2", "^-."),
    "MAE": ("#009E73", "D:"),
}


def margin_losses(rows: Sequence[Row]) -> Figure:
    """Draw the margin losses against ys, from near and from far.

    Args:
        rows: `zoom`, `ys` and a column for each loss.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        figure.suptitle("Margin losses of a sample with label y = ±1 and score s")
        zooms = dict.fromkeys(row["zoom"] for row in rows)
        for axes, zoom in zip(figure.subplots(1, len(zooms)), zooms, strict=True):
            own = [row for row in rows if row["zoom"] == zoom]
            for name, (colour, line) in LOSSES.items():
                axes.plot(
                    [row["ys"] for row in own],
                    [row[name] for row in own],
                    line,
                    color=colour,
                    linewidth=2.4,
                    label=name,
                )
            axes.axvline(1, color="black", linewidth=0.8, alpha=0.5)
            axes.set_title(f"From {zoom}" if zoom == "far" else "Near the margin (line: ys = 1)")
            axes.set_xlabel("margin ys")
            axes.set_ylabel("loss")
            axes.legend(loc="upper right")
    return figure


def best_constants(rows: Sequence[Row]) -> Figure:
    """Draw the constant that each loss prefers against the share of outliers."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        for name, (colour, line) in REGRESSION.items():
            own = [row for row in rows if row["loss"] == name]
            axes.plot(
                [100 * row["outlier_share"] for row in own],
                [row["constant"] for row in own],
                line,
                color=colour,
                markersize=12 if name == "Huber" else 6,  # It hides behind MAE otherwise.
                label=name,
            )
        axes.set_xlabel("outliers (% of the rows)")
        axes.set_ylabel("best constant (unit of y)")
        axes.set_title("The constant that fits a sample best, by loss")
        axes.legend()
    return figure


def soft_label(rows: Sequence[Row], label: float) -> Figure:
    """Draw cross-entropy and divergence of the predictions for a soft label."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        p = [row["p"] for row in rows]
        cross, divergence = ([row[n] for row in rows] for n in ("cross_entropy", "divergence"))
        axes.plot(p, cross, color=REGRESSION["Huber"][0], linewidth=2.4, label="cross-entropy")
        style = {"color": REGRESSION["MSE"][0], "linewidth": 2.4}
        axes.plot(p, divergence, "--", label="divergence (KL)", **style)
        axes.fill_between(p, divergence, cross, alpha=0.12, label="between: entropy of the label")
        axes.axvline(label, color="black", linewidth=0.8, linestyle=":")
        axes.set_ylim(0)
        axes.set_xlabel("predicted probability p")
        axes.set_ylabel("loss (nats)")
        axes.set_title(f"A soft label of {label:g}: cross-entropy is lowest there, but not 0")
        axes.legend(loc="upper center")
    return figure
