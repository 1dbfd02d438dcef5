"""All arms of a multirun in one picture."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import (
    ISOMETRIC,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    epoch_axis,
    finding,
    label_ends,
    line,
)
from twinhead.pages.typeset import short
from twinhead.results.history import History, Record

# What an arm's label may say, in this order, if arms differ in it.
STARTS = {
    ("sigmoid", "random"): "own start",
    ("sigmoid", "transfer"): "β = θ1 − θ0",
    ("isometric", "random"): "own start",
    ("isometric", "transfer"): "γ = (θ1 − θ0)/√2",
}
# Softmax first and wide: the others are drawn narrow on top of it.
LOOKS = {
    "softmax": (SOFTMAX[0], 7.0),
    "sigmoid": (SIGMOID[0], 1.4),
    "isometric": (ISOMETRIC[0], 4.0),
}
ORDER = ("softmax", "isometric", "sigmoid")


def sweep(histories: Sequence[History]) -> Figure:
    """Draw the validation losses of many arms, one colour a head, their names at the ends.

    Arms that differ in what no label says, such as the seed, share one; theirs is where they end
    on average.
    """
    records = [(h, record) for h in histories for record in h.records.values()]
    alike: dict[tuple[str, str], list[np.ndarray]] = {}
    for name, (_, record) in zip(_names(records), records, strict=True):
        alike.setdefault((record.arm.head, name), []).append(record.loss())
    alike = dict(sorted(alike.items(), key=lambda each: ORDER.index(each[0][0])))
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, max(4, 0.26 * len(alike) + 1.2)), layout="constrained")
        axes = figure.subplots()
        for (head, name), losses in alike.items():
            colour, width = LOOKS[head]
            dashes = (0, (3, 2)) if "own start" in name else "-"
            for loss in losses:
                looks = {"linewidth": width, "linestyle": dashes, "markersize": width + 2}
                line(axes, loss, colour, label=name if loss is losses[0] else None, **looks)
        ends = {
            (head, name): float(np.mean([loss[-1] for loss in losses]))
            for (head, name), losses in alike.items()
        }
        label_ends(
            axes,
            [(end, name, LOOKS[head][0]) for (head, name), end in ends.items() if np.isfinite(end)],
        )
        axes.set_ylabel("validation loss (nats)")
        epoch_axis(axes)
        finding(figure, _best(ends, len(records)))
    return figure


def _best(ends: dict[tuple[str, str], float], arms: int) -> str:
    finite = {name: end for (_, name), end in ends.items() if np.isfinite(end)}
    if not finite:
        return f"All {arms} arms diverged"
    low, high = min(finite, key=finite.__getitem__), max(finite, key=finite.__getitem__)
    return (
        f"Of {arms} arms {low} ends lowest, at {short(finite[low])}; {high} highest, at "
        f"{short(finite[high])} (validation loss)"
    )


def _names(records: Sequence[tuple[History, Record]]) -> list[str]:
    """Return a label an arm: its head, and in what else arms differ."""
    said = [
        {
            "start": STARTS.get((arm["head"], arm["init"]), ""),
            "lr_ratio": f"×{arm['lr_ratio']:g}" if arm["head"] != "softmax" else "",
            "rate": f"rate {arm['learning_rate'] / arm['lr_ratio']:g}",
            "optimizer": arm["optimizer"],
            "data": str(history.data["name"]),
        }
        for history, record in records
        for arm in [asdict(record.arm)]
    ]
    differing = [key for key in said[0] if len({words[key] for words in said} - {""}) > 1]
    return [
        " ".join(filter(None, [record.arm.head, *(words[key] for key in differing)]))
        for (_, record), words in zip(records, said, strict=True)
    ]
