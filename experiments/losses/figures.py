"""Losses by prediction, by margin and by outliers."""

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import STYLE
from twinhead.results.history import History

MARGIN = {
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


def margin_losses(history: History) -> Figure:
    """Draw the margin losses against ys, from near and from far."""
    zooms = history.tables["margins"].groupby("zoom", sort=False)
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        figure.suptitle("Margin losses of a sample with label y = ±1 and score s")
        for axes, (zoom, own) in zip(figure.subplots(1, len(zooms)), zooms, strict=True):
            for name, (colour, line) in MARGIN.items():
                axes.plot(own["ys"], own[name], line, color=colour, linewidth=2.4, label=name)
            axes.axvline(1, color="black", linewidth=0.8, alpha=0.5)
            axes.set_title(f"From {zoom}" if zoom == "far" else "Near the margin (line: ys = 1)")
            axes.set_xlabel("margin ys")
            axes.set_ylabel("loss")
            axes.legend(loc="upper right")
    return figure


def best_constants(history: History) -> Figure:
    """Draw the constant that each loss prefers against the share of outliers."""
    constants = history.tables["constants"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        for name, (colour, line) in REGRESSION.items():
            own = constants[constants["loss"] == name]
            axes.plot(
                100 * own["outlier_share"],
                own["constant"],
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


def soft_label(history: History) -> Figure:
    """Draw cross-entropy and divergence of the predictions for a soft label."""
    label, table = history.numbers["soft label"], history.tables["soft_label"]
    p, cross, divergence = (table[name] for name in ("p", "cross_entropy", "divergence"))
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
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
