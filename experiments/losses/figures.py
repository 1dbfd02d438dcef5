"""Losses by prediction, by margin and by outliers."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import (
    BAND,
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

# A loss is no head, and has no colour: dashes and a name at its end tell it.
DASHED, DOTTED, MIXED = (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5))
MARGIN = {
    "0-1": {"color": INK, "linewidth": 1.2},
    "hinge": {"color": INK, "linewidth": 2.8},
    "squared hinge": {"color": QUIET, "linestyle": DASHED},
    "logistic": {"color": QUIET, "linestyle": MIXED},
    "exponential": {"color": QUIET, "linestyle": DOTTED},
}
REGRESSION = {
    "MSE": {"color": INK, "marker": "o"},
    "MSLE": {"color": QUIET, "marker": "s", "linestyle": DASHED},
    "Huber": {"color": QUIET, "marker": "o", "markersize": 11, "markerfacecolor": "none"},
    "Poisson": {"color": INK, "marker": "s", "markersize": 9, "markerfacecolor": "none"},
    "MAE": {"color": INK, "marker": "x", "markersize": 7, "linestyle": DOTTED},
}


def margin_losses(history: History) -> Figure:
    """Draw the margin losses against ys, from near and from far."""
    table = history.tables["margins"]
    zooms = table.groupby("zoom", sort=False)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.4 * len(zooms)), layout="constrained")
        for axes, (zoom, own) in zip(figure.subplots(len(zooms), 1), zooms, strict=True):
            for name, looks in MARGIN.items():
                axes.plot(own["ys"], own[name], label=name, **{"linewidth": 2.2, **looks})
            axes.axvline(1, color=EDGE, linestyle=":", linewidth=1.2)
            axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
            # Losses part on the left, and there stand their names.
            axes.spines["left"].set_visible(False)
            axes.spines["right"].set_visible(True)
            axes.yaxis.tick_right()
            axes.yaxis.set_label_position("right")
            first = own.sort_values("ys").iloc[0]
            ends = [(first[name], name, looks["color"]) for name, looks in MARGIN.items()]
            label_ends(axes, ends, side="left")
            axes.set_title("From far" if zoom == "far" else "Near the margin, ys = 1 (dotted)")
            axes.set_xlabel("margin ys (wrong below 0)")
            axes.set_ylabel("loss")
        first = table.sort_values("ys").iloc[0]
        at = {name: first[name] for name in MARGIN}
        lowest, *_, highest = sorted(at, key=at.__getitem__)
        finding(
            figure,
            f"At a margin of {short(first['ys'])} losses range from {short(at[lowest])} ({lowest}) "
            f"to {short(at[highest])} ({highest}); hinge and logistic are "
            f"{short(at['hinge'])} and {short(at['logistic'])}",
        )
    return figure


def best_constants(history: History) -> Figure:
    """Draw the constant that each loss prefers against the share of outliers."""
    constants = history.tables["constants"]
    shares = np.sort(constants["outlier_share"].unique())
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
        axes = figure.subplots()
        ends, moved = [], {}
        for name, looks in REGRESSION.items():
            own = constants[constants["loss"] == name].sort_values("outlier_share")
            values = own["constant"].to_numpy()
            looks = {"markersize": 5, "linewidth": 1.8, **looks}
            axes.plot(100 * own["outlier_share"], values, label=name, **looks)
            ends.append((values[-1], name, looks["color"]))
            moved[name] = values[-1] - values[0]
        label_ends(axes, ends)
        axes.set_xlabel("outliers (% of the rows)")
        axes.set_ylabel("best constant (unit of y)")
        most, *_, least = sorted(moved, key=moved.__getitem__, reverse=True)
        finding(
            figure,
            f"From {100 * shares[0]:g} to {100 * shares[-1]:g} % outliers {most}'s best constant "
            f"moves by {short(moved[most])}, {least}'s by {short(moved[least])}",
        )
    return figure


def soft_label(history: History) -> Figure:
    """Draw cross-entropy and divergence of the predictions for a soft label."""
    label, table = history.numbers["soft label"], history.tables["soft_label"]
    p, cross, divergence = (table[name] for name in ("p", "cross_entropy", "divergence"))
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
        axes = figure.subplots()
        axes.plot(p, cross, color=INK, linewidth=2.4, label="cross-entropy")
        axes.plot(p, divergence, color=QUIET, linestyle=DASHED, linewidth=2, label="divergence")
        axes.fill_between(p, divergence, cross, color=BAND, linewidth=0)
        axes.axvline(label, color=EDGE, linewidth=1.2, linestyle=":")
        axes.set_ylim(0)
        label_ends(
            axes,
            [
                (cross.iloc[-1], "cross-entropy", INK),
                (divergence.iloc[-1], "divergence (KL)", QUIET),
                ((cross.iloc[-1] + divergence.iloc[-1]) / 2, "entropy, between", QUIET),
            ],
        )
        axes.set_xlabel("predicted probability p")
        axes.set_ylabel("loss (nats)")
        best = cross.idxmin()
        finding(
            figure,
            f"A soft label of {label:g}: cross-entropy is lowest at p = {short(p[best])}, and "
            f"{short(cross[best])} there; the divergence is {short(abs(divergence[best]))}",
        )
    return figure
