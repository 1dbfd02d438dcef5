"""The sweep of the learning-rate ratio."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from twinhead.pages.style import (
    CONTROL,
    FLOOR,
    RANDOM,
    SOFTMAX,
    STYLE,
    TRANSFER,
    data_name,
    epoch_axis,
)
from twinhead.results.history import History

Rows = Sequence[dict[str, Any]]


def gap_by_ratio(history: History) -> Figure:
    """Draw the largest gap to softmax against the learning-rate ratio, the smallest marked."""
    rows = _rows(history)
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        finite = [row for row in rows if not row["diverged"]]
        for name, colour, marks, label in (
            ("loss_gap", TRANSFER[0], "o-", "validation loss (nats)"),
            ("weight_gap", RANDOM[0], "s--", "weights of the log-odds"),
        ):
            ratios = [row["lr_ratio"] for row in finite]
            shown = {
                end: np.maximum([row[name + end] for row in finite], FLOOR)
                for end in ("", "_low", "_high")
            }
            axes.plot(ratios, shown[""], marks, color=colour, markersize=4, label=label)
            # An interval that reaches below zero has no lower end on a log axis.
            low = np.maximum(shown["_low"], shown[""] / 10)
            axes.fill_between(ratios, low, shown["_high"], color=colour, alpha=0.2, linewidth=0)
        if finite:
            best = min(finite, key=lambda row: row["loss_gap"])
            axes.annotate(
                f"smallest at {best['lr_ratio']:g}: {best['loss_gap']:.0e}",
                (best["lr_ratio"], max(best["loss_gap"], FLOOR)),
                xytext=(12, 4),
                textcoords="offset points",
            )
        _diverged(axes, rows)
        axes.set_yscale("log")
        axes.set_title(
            f"Largest gap to softmax over all epochs, on\n{data_name(history)}"
            f" (n = {rows[0]['seeds']} seed(s), band: 95 % interval)"
        )
        axes.set_ylabel("absolute gap")
        axes.legend()
        _ratio_axis(axes, rows)
    return figure


def loss_by_ratio(history: History) -> Figure:
    """Draw the final validation loss against the learning-rate ratio, softmax as a line."""
    rows = _rows(history)
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        finite = [row for row in rows if not row["diverged"]]
        ratios = [row["lr_ratio"] for row in finite]
        axes.plot(
            ratios,
            [row["loss"] for row in finite],
            "o-",
            color=TRANSFER[0],
            label=TRANSFER[1],
            markersize=4,
        )
        low, high = ([row[f"loss_{end}"] for row in finite] for end in ("low", "high"))
        axes.fill_between(ratios, low, high, color=TRANSFER[0], alpha=0.2, linewidth=0)
        for record in history.pick(head="softmax", lr_ratio=1.0):
            first = record is history.pick(head="softmax", lr_ratio=1.0)[0]
            label = f"{SOFTMAX[1]}, each seed" if first else None
            axes.axhline(record.loss()[-1], color=SOFTMAX[0], alpha=0.5, label=label)
        axes.axvline(2, color="black", linewidth=0.8, linestyle=":")
        _diverged(axes, rows)
        axes.set_title(
            f"Final validation loss, on\n{data_name(history)}"
            f" (n = {rows[0]['seeds']} seed(s), band: 95 % interval)"
        )
        axes.set_ylabel("cross-entropy (nats)")
        axes.legend()
        _ratio_axis(axes, rows)
    return figure


def loss_curves(history: History) -> Figure:
    """Draw the first seed's validation-loss curves, coloured by ratio, softmax on top."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        seed = history.pick(head="softmax")[0].arm.seed
        records = history.pick(head="sigmoid", seed=seed)
        ratios = [record.arm.lr_ratio for record in records]
        colours = ScalarMappable(LogNorm(min(ratios) * 0.99, max(ratios) * 1.01), "viridis")
        for record in records:
            colour = colours.to_rgba(record.arm.lr_ratio)
            axes.plot(record.loss(), color=colour, linewidth=1.5)
        softmax = history.one(head="softmax", lr_ratio=1.0, seed=seed)
        axes.plot(softmax.loss(), "--", color="black", linewidth=2, label="softmax")
        bar = figure.colorbar(colours, ax=axes, label="sigmoid: learning-rate ratio")
        bar.ax.set_yticks(ratios if len(ratios) <= 12 else [], minor=False)
        bar.ax.yaxis.set_major_formatter("{x:g}")
        bar.ax.minorticks_off()
        axes.set_title(f"Validation loss, seed {seed}, on\n{data_name(history)}")
        axes.set_ylabel("cross-entropy (nats)")
        axes.legend()
        epoch_axis(axes)
    return figure


def _rows(history: History) -> Rows:
    """Return a row a ratio: means over seeds, the ends of their 95 % intervals, what diverged."""
    return history.tables["summary"].to_dict("records")


def _diverged(axes: Axes, rows: Rows) -> None:
    """Mark the ratios of which an arm diverged at the top edge."""
    ratios = [row["lr_ratio"] for row in rows if row["diverged"]]
    if ratios:
        top = axes.get_xaxis_transform()
        style = {"color": CONTROL[0], "transform": top, "clip_on": False}
        axes.plot(ratios, np.ones(len(ratios)), "^", markersize=9, label="diverged", **style)


def _ratio_axis(axes: Axes, rows: Rows) -> None:
    ratios = [row["lr_ratio"] for row in rows]
    axes.set_xscale("log")
    axes.set_xlabel("sigmoid learning rate / softmax learning rate")
    axes.xaxis.set_major_locator(FixedLocator(ratios if len(ratios) <= 12 else ratios[::8]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")
