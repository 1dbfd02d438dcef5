"""The article's two pictures."""

from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhead.pages.style import FLOOR, SOFTMAX, STYLE, data_name, epoch_axis, look, seeds_label
from twinhead.results.history import History, Record
from twinhead.results.published import Published, published


def loss_curves(history: History) -> Figure:
    """Draw train and validation loss of every arm: as published, and under common noise."""
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 5), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        figure.suptitle(f"Loss of both heads on {data_name(history)}")
        published = history.pick(noise="independent")
        _losses(left, published)
        left.set_title("As published: every arm its own batches and masks")
        if len(published) > 3:
            left.set_title("As published, mean over seeds; band: lowest to highest")
        # The arms of the left side again; the control, which is only here, is left out.
        kinds = {(record.arm.head, record.arm.lr_ratio) for record in published}
        common = history.pick(noise="common", precision="float32")
        _losses(right, [r for r in common if (r.arm.head, r.arm.lr_ratio) in kinds])
        right.set_title("Common noise: the same batches and masks for all")
        left.set_ylabel("cross-entropy (nats)")
        left.legend(loc="upper right")
    return figure


def _losses(axes: Axes, records: Sequence[Record]) -> None:
    """Draw mean curves of the arms that look alike; a band from lowest to highest seed."""
    for style in dict.fromkeys(map(look, records)):
        alike = [record for record in records if look(record) == style]
        for split, line in (("train", "--"), ("validation", "-")):
            curves = np.stack([record.loss(split) for record in alike])
            epochs = np.arange(curves.shape[1])
            axes.plot(
                epochs,
                curves.mean(axis=0),
                line,
                color=style[0],
                linewidth=5 if style == SOFTMAX else 2,  # A curve that hides another shows it.
                alpha=0.45 if style == SOFTMAX else 1,
                label=f"{style[1]}, {split}" + seeds_label(alike),
            )
            if len(alike) > 1 and split == "validation":
                axes.fill_between(
                    epochs, curves.min(axis=0), curves.max(axis=0), color=style[0], alpha=0.12
                )
    epoch_axis(axes)


def loss_gap(history: History) -> Figure:
    """Draw how far the sigmoid arms' validation loss is from softmax: linear, and on a log scale.

    The article's log is drawn where the data are or stand in for the article's.
    """
    printed = published(str(history.data["article"]))
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 5), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(f"Validation loss, sigmoid minus softmax, on {data_name(history)}")

        for init in ("transfer", "random"):
            alike = history.pick(head="sigmoid", init=init, noise="independent")
            colour, name = look(alike[0])
            for record in alike:
                left.plot(
                    record.series["validation", "loss_gap"],
                    "o-",
                    color=colour,
                    markersize=5,
                    alpha=1 if len(alike) == 1 else 0.5,
                    label=name + seeds_label(alike) if record is alike[0] else None,
                )
            if printed:
                epochs, gaps = _printed_gap(printed, f"sigmoid {init}")
                label = f"{name}: article, as printed"
                left.plot(epochs, gaps, "x", color=colour, markersize=9, label=label)
        left.axhline(0, color="black", linewidth=0.8)
        left.set_title("As published")
        left.set_ylabel("loss gap (nats)")
        left.legend(loc="best")
        epoch_axis(left)

        ratio = history.pick(init="transfer", noise="independent")[0].arm.lr_ratio
        lines = [
            ("random", ratio, "independent", "float32", "o-", "own random start, as published"),
            ("transfer", 1.0, "common", "float32", "v-", "equal learning rates, common noise"),
            ("transfer", ratio, "independent", "float32", "o-", "β = θ1 − θ0, as published"),
            ("transfer", ratio, "common", "float32", "s--", "β = θ1 − θ0, common noise, float32"),
            ("transfer", ratio, "common", "float64", "D:", "β = θ1 − θ0, common noise, float64"),
        ]
        for init, lr_ratio, noise, precision, marks, label in lines:
            arms = {"init": init, "lr_ratio": lr_ratio, "noise": noise, "precision": precision}
            alike = history.pick(head="sigmoid", **arms)
            gaps = np.abs([record.series["validation", "loss_gap"] for record in alike]).mean(
                axis=0
            )
            right.plot(
                np.maximum(gaps, FLOOR),
                marks,
                color=look(alike[0])[0],
                markersize=6,
                label=label + (seeds_label(alike) if noise == "independent" else ""),
            )
        right.set_yscale("log")
        right.set_ylim(FLOOR / 3, 30)
        right.set_yticks([10.0**power for power in range(-17, 1, 4)])
        right.set_yticklabels(["0 (exact)"] + [f"$10^{{{power}}}$" for power in range(-13, 1, 4)])
        right.set_title("The same on a log scale, and under common noise")
        right.set_ylabel("absolute loss gap (nats)")
        right.legend(loc="center", bbox_to_anchor=(0.5, 0.27))
        epoch_axis(right)
    return figure


def _printed_gap(printed: Sequence[Published], name: str) -> tuple[list[int], list[float]]:
    """Return the article's own gap to softmax, from its printed validation losses."""
    losses = {
        (number.arm, number.epoch): number.printed
        for number in printed
        if (number.split, number.metric) == ("validation", "loss")
    }
    epochs = sorted(epoch for arm, epoch in losses if arm == name)
    return epochs, [losses[name, epoch] - losses["softmax", epoch] for epoch in epochs]
