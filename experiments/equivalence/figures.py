"""The article's two pictures: the losses, and how far they are apart."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhead.experiments.equivalence.claims import ROUNDING
from twinhead.pages.style import (
    EDGE,
    FLOOR,
    INK,
    QUIET,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    epoch_axis,
    finding,
    gap_axis,
    label_ends,
    line,
    times,
)
from twinhead.pages.typeset import raised, short
from twinhead.results.history import History, Record
from twinhead.results.published import Published, published


def loss_gap(history: History) -> Figure:
    """Draw how far each sigmoid's validation loss is from softmax's, on a log scale.

    On a linear one everything that matters lies on the zero line.
    """
    ratio = _ratio(history)
    lines = [
        ("transfer", 1.0, "common", "float32", "same rate", {"linestyle": ":"}),
        ("random", ratio, "independent", "float32", "own start", {"linestyle": "--"}),
        ("transfer", ratio, "independent", "float32", "own batches", {"linestyle": "--"}),
        ("transfer", ratio, "common", "float32", "float32", {"linewidth": 2.6}),
        ("transfer", ratio, "common", "float64", "float64", {"linewidth": 2.6}),
    ]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.3), layout="constrained")
        axes = figure.subplots()
        ends, highest, band = [], 0.0, ""
        for init, lr_ratio, noise, precision, label, looks in lines:
            arms = {"init": init, "lr_ratio": lr_ratio, "noise": noise, "precision": precision}
            # Where equal rates are what is asked for, the control is the same arm once more.
            gaps = np.abs(_gaps(history.pick(head="sigmoid", **arms)))
            mean = np.maximum(gaps.mean(axis=0), FLOOR)
            colour = SIGMOID[0] if init == "transfer" and label != "same rate" else QUIET
            line(axes, mean, colour, label=label, **looks)
            if len(gaps) > 1 and noise == "independent":
                low, high = np.maximum(gaps.min(axis=0), FLOOR), gaps.max(axis=0)
                after = range(1, len(mean))
                axes.fill_between(after, low[1:], high[1:], color=colour, alpha=0.15, linewidth=0)
                band = f" (band: {len(gaps)} seeds)"
            ends.append((mean[-1], label, colour))
            highest = max(highest, gaps.max())
        gap_axis(axes, highest)
        for precision, rule in ROUNDING.items():
            axes.axhline(rule.tolerance, color=EDGE, linestyle=(0, (5, 4)), linewidth=1)
            axes.annotate(
                f"allowed in {precision}",
                (1, rule.tolerance),
                xytext=(-2, -3),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                ha="right",
                va="top",
                color=QUIET,
                fontsize=9.5,
            )
        label_ends(axes, ends)
        axes.set_ylabel("gap of the validation losses (nats)")
        epoch_axis(axes)
        common = np.abs(_gaps(history.pick(lr_ratio=ratio, init="transfer", noise="common")))
        equal = np.abs(_gaps(history.pick(lr_ratio=1.0, init="transfer", noise="common")))
        finding(
            figure,
            f"At {times(ratio)} the losses are at most {short(common.max())} apart, "
            f"at the same rate {short(equal.max())}{band}",
        )
    return figure


def loss_curves(history: History) -> Figure:
    """Draw train and validation loss of both heads, as published and at the same rate."""
    ratio = _ratio(history)
    panels = [
        ("As published, β = θ1 − θ0", "transfer", ratio, "independent"),
        ("As published, own start", "random", ratio, "independent"),
        ("Same rate and batches", "transfer", 1.0, "common"),
    ]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 6), layout="constrained")
        every = figure.subplots(3, 1, sharex=True, sharey=True)
        apart = {}
        for axes, (title, init, lr_ratio, noise) in zip(every, panels, strict=True):
            arms = {"noise": noise, "precision": "float32"}
            softmax = history.pick(head="softmax", **arms)
            sigmoid = history.pick(head="sigmoid", init=init, lr_ratio=lr_ratio, **arms)
            _losses(axes, softmax, SOFTMAX, 6)
            _losses(axes, sigmoid, SIGMOID, 1.8)
            apart[title] = np.abs(_gaps(sigmoid))[:, -1].mean()
            axes.set_title(raised(f"{title}: {short(apart[title])} apart at the end"))
            axes.set_ylim(bottom=0)
        every[1].set_ylabel("cross-entropy (nats); dashed: on the training rows")
        epoch_axis(every[-1])
        seeds = len(history.pick(head="softmax", noise="independent"))
        first, *_, last = apart.values()
        finding(
            figure,
            f"As published both heads end {short(first)} apart, at the same rate {short(last)}"
            + (f" (band: {seeds} seeds)" if seeds > 1 else ""),
        )
    return figure


def gap_as_published(history: History) -> Figure:
    """Draw the article's picture 2.2 and ours beside it, signed, on its linear scale.

    The article takes softmax's and the own start's loss off the matched sigmoid's; we take
    softmax's off both sigmoids'. Its printed log is drawn where the data are or stand in for its.
    """
    printed = published(str(history.data["article"]))
    matched = "transfer", "softmax"
    panels = [
        ("The article's: β = θ1 − θ0 less …", matched, "softmax", ("transfer", "random")),
        ("Ours: … less softmax", matched, "β = θ1 − θ0", ("random", "softmax")),
    ]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
        every = figure.subplots(2, 1, sharex=True, sharey=True)
        after, every_end = {}, []
        for axes, (title, first, name, second) in zip(every, panels, strict=True):
            ends = []
            for (init, partner), label, colour, looks in (
                (first, name, SIGMOID[0], {}),
                (second, "own start", QUIET, {"linestyle": "--"}),
            ):
                gaps = _apart(history, init, partner)
                # A mean would let seeds of two signs cancel; the article has one, the first here.
                axes.plot(gaps[1:].T, color=colour, linewidth=0.8, alpha=0.4)
                line(axes, gaps[0], colour, label=label, **looks)
                ends.append((gaps[0, -1], label, colour))
                after[init, partner] = np.abs(gaps).mean(axis=0)[1]
                if printed:
                    of, to = (_arm_of(name) for name in (init, partner))
                    epochs, values = _printed_gap(printed, of, to)
                    axes.plot(epochs, values, "x", color=colour, markersize=8)
            axes.axhline(0, color=INK, linewidth=0.8)
            axes.set_title(raised(title))
            every_end.append(ends)
        for axes, ends in zip(every, every_end, strict=True):  # Now that they share their limits.
            label_ends(axes, ends)
        figure.supylabel("difference of validation losses (nats)", fontsize=11, color=QUIET)
        epoch_axis(every[-1])
        crosses = "; crosses: what it prints" if printed else ""
        others = f"; thin: {len(gaps) - 1} more seeds" if len(gaps) > 1 else ""
        finding(
            figure,
            f"As published, after epoch 1: {short(after['transfer', 'softmax'])} from softmax to "
            f"β = θ1 − θ0, {short(after['random', 'softmax'])} to a start of its own on average"
            f"{others}{crosses}",
        )
    return figure


def reliability(history: History) -> Figure:
    """Draw how often class 1 came beside how often it was said to, in tenths."""
    table = history.tables["reliability"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=EDGE, linewidth=1, linestyle=(0, (5, 4)))
        for name, (colour, label), looks in (
            ("sigmoid at equal rates", (QUIET, "sigmoid, same rate"), {"linestyle": ":"}),
            ("softmax", SOFTMAX, {"linewidth": 6, "markersize": 9}),
            ("sigmoid", SIGMOID, {"linewidth": 1.8}),
        ):
            own = table[table["head"] == name]
            looks = {"marker": "o", "markersize": 4.5, "linewidth": 2, **looks}
            axes.plot(own["said"], own["came"], color=colour, label=label, **looks)
        axes.set_xlabel("probability of class 1 as said, mean of a tenth")
        axes.set_ylabel("share of rows where it came")
        axes.legend(loc="upper left")
        error = history.numbers["calibration error of softmax, float32"]
        apart = history.numbers["calibration errors apart, float32"]
        finding(
            figure,
            f"Softmax's probabilities are {short(error)} off what comes true, "
            f"and sigmoid's at twice the rate {short(apart)} from that",
        )
    return figure


def _ratio(history: History) -> float:
    return history.pick(init="transfer", noise="independent")[0].arm.lr_ratio


def _gaps(records: Sequence[Record]) -> np.ndarray:
    return np.array([record.series["validation", "loss_gap"] for record in records])


def _losses(axes: Axes, records: Sequence[Record], look: tuple[str, str], width: float) -> None:
    """Draw a head's mean curves over seeds; a band from the lowest to the highest one."""
    for split, style in (("train", (0, (3, 2))), ("validation", "-")):
        curves = np.stack([record.loss(split) for record in records])
        label = f"{look[1]}, {split}" if split == "validation" else None
        looks = {"linestyle": style, "linewidth": width if split == "validation" else 1}
        axes.plot(curves.mean(axis=0), color=look[0], label=label, **looks)
        if len(curves) > 1 and split == "validation":
            low, high = curves.min(axis=0), curves.max(axis=0)
            axes.fill_between(range(len(low)), low, high, color=look[0], alpha=0.2, linewidth=0)


def _arm_of(init: str) -> str:
    """Return what the table of printed numbers calls an arm."""
    return init if init == "softmax" else f"sigmoid {init}"


def _apart(history: History, init: str, partner: str) -> np.ndarray:
    """Return the loss of the sigmoid with this start less its partner's, a row a seed."""
    gaps = _gaps(history.pick(head="sigmoid", init=init, noise="independent"))
    if partner == "softmax":
        return gaps
    return gaps - _gaps(history.pick(head="sigmoid", init=partner, noise="independent"))


def _printed_gap(printed: Sequence[Published], of: str, to: str) -> tuple[list[int], list[float]]:
    """Return the difference of two arms' printed validation losses, epoch by epoch."""
    losses = {
        (number.arm, number.epoch): number.printed
        for number in printed
        if (number.split, number.metric) == ("validation", "loss")
    }
    epochs = sorted(epoch for arm, epoch in losses if arm == of)
    return epochs, [losses[of, epoch] - losses[to, epoch] for epoch in epochs]
