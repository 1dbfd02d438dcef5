"""Which head and loss for which task."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.experiments.tasks import names
from twinhead.pages.style import (
    BAND,
    EDGE,
    INK,
    QUIET,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    data_name,
    finding,
    label_ends,
    short,
)
from twinhead.pages.typeset import short as digits
from twinhead.results.history import History

HEADS = {names.SOFTMAX: SOFTMAX[0], names.SIGMOID: SIGMOID[0]}


def errors_by_task(history: History) -> Figure:
    """Draw what share of a constant answer's errors each head leaves, with 95 % intervals."""
    means = history.tables["means"]
    shown = means[(means["metric"] == names.ERRORS) & means["head"].isin(list(names.LOSS_OF))]
    data = {
        names.TWO: names.TWO_DATA,
        names.MANY: data_name(history),
        names.SEVERAL: names.SEVERAL_DATA,
    }
    tasks = {task: shown[shown["task"] == task] for task in data}
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.4 * len(shown) + 1.9), layout="constrained")
        lines = [len(rows) for rows in tasks.values()]
        grid = figure.subplots(len(tasks), 1, sharex=True, height_ratios=lines)
        said = []
        for axes, (task, rows) in zip(grid, tasks.items(), strict=True):
            for place, row in enumerate(rows.to_dict("records")):
                colour = _colour(row["head"])
                ends = [100 * row["low"], 100 * row["high"]]
                label = f"{_head(row['head'])}: {digits(100 * row['mean'])} %"
                axes.plot(ends, [place, place], color=colour, linewidth=2)
                axes.plot(100 * row["mean"], place, "o", color=colour, markersize=8, label=label)
            axes.set_yticks(range(len(rows)), [""] * len(rows))
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            for place, head in enumerate(rows["head"]):
                over = {"transform": axes.get_yaxis_transform(), "va": "bottom", "fontsize": 9}
                axes.text(0, place - 0.22, _head(head), color=QUIET, **over)
            axes.set_ylim(len(rows) - 0.5, -0.75)
            axes.axvline(100, color=EDGE, linewidth=1.2, linestyle=":")
            axes.set_title(f"{task.capitalize()}: {data[task]}", fontsize=10)
            said.append(f"{task} {_range(rows)}")
        grid[0].set_xlim(0)
        grid[-1].set_xlabel("errors left (% of a constant answer's)")
        finding(
            figure,
            f"Errors left of an answer that is always the same: {'; '.join(said)} "
            "(mean and 95 % interval over seeds)",
        )
    return figure


def _range(rows: pd.DataFrame) -> str:
    least, most = rows.loc[rows["mean"].idxmin()], rows.loc[rows["mean"].idxmax()]
    low, high = (digits(100 * row["mean"]) for row in (least, most))
    spread = f"{low}\u00a0%" if low == high else f"{low} to {high}\u00a0%"
    return f"{spread} (least: {least['head'].split(', categorical')[0]})"


def _colour(head: str) -> str:
    return HEADS[names.SOFTMAX if head.startswith(names.SOFTMAX) else names.SIGMOID]


def _head(name: str) -> str:
    return f"{name.split(', categorical')[0]}, {names.LOSS_OF[name]}"


def several_labels(history: History) -> Figure:
    """Draw F1 of both heads, per row by threshold and per label."""
    by_threshold, means = history.tables["f1_by_threshold"], history.tables["means"]
    by_label = means[means["metric"].str.startswith("F1, label")]
    threshold = history.numbers["threshold"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 6.2), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharey=True)
        ends, best = [], {}
        for shift, (head, colour) in zip((0.2, -0.2), HEADS.items(), strict=True):
            own = by_threshold[by_threshold["head"] == head]
            top.plot(own["threshold"], own["mean"], color=colour, linewidth=2.2, label=head)
            band = {"color": colour, "alpha": 0.2, "linewidth": 0}
            top.fill_between(own["threshold"], own["low"], own["high"], **band)
            ends.append((own["mean"].iloc[-1], head, colour))
            best[head] = own.loc[own["mean"].idxmax()]
            labels = by_label[by_label["head"] == head]
            places = np.arange(1, len(labels) + 1) + shift
            bottom.bar(places, labels["mean"], 0.38, color=colour, label=head)
            bottom.vlines(places, labels["low"], labels["high"], color=INK, linewidth=1.4)
        top.axvline(threshold, color=EDGE, linewidth=1.2, linestyle=":")
        top.set_ylim(0, 1)
        label_ends(top, ends)
        top.set_xlabel("threshold")
        top.set_title(f"F1 per row, by threshold; dotted: {threshold:g}, as set")
        bottom.set_title(f"F1 per label, at a threshold of {threshold:g}")
        bottom.set_xticks(range(1, len(by_label["metric"].unique()) + 1))
        bottom.set_xlabel("label")
        bottom.grid(axis="x", visible=False)
        for axes in (top, bottom):
            axes.set_ylabel("F1")
        peaks = ", ".join(
            f"{short(row['mean'])} with {head}, at a threshold of {row['threshold']:g}"
            for head, row in best.items()
        )
        finding(
            figure,
            f"Several labels a row, made-up data: the best F1 per row is {peaks} (mean and "
            "95 % interval over seeds)",
        )
    return figure


def example(history: History) -> Figure:
    """Draw the article's ten outputs: named rightly, wrongly, or left out."""
    rows = history.tables["example"]
    threshold = rows["threshold"].iloc[0]
    above, listed = rows["passes"] == 1, rows["listed"] == 1
    kinds = (
        (above & listed, {"color": SIGMOID[0]}, "above, listed"),
        (above & ~listed, {"color": SIGMOID[0], "hatch": "///"}, "above, not listed"),
        (~above & listed, {"facecolor": BAND, "hatch": "///"}, "not above, listed"),
        (~above & ~listed, {"facecolor": BAND}, "not above"),
    )
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        axes = figure.subplots()
        for kind, looks, label in kinds:
            own = rows[kind]
            edge = "white" if "color" in looks else EDGE
            looks = {**looks, "edgecolor": edge}
            bars = axes.bar(own["class"], own["p"], 0.8, label=label, **looks)
            axes.bar_label(bars, fmt="{:g}", fontsize=9.5)
        axes.axhline(threshold, color=INK, linestyle=(0, (5, 3)), linewidth=1.2)
        axes.annotate(
            f"p = {threshold:g}",
            (1, threshold),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=QUIET,
        )
        axes.set_xticks(rows["class"])
        axes.grid(axis="x", visible=False)
        axes.set_xlabel("class")
        axes.set_ylabel("sigmoid output p")
        figure.legend(loc="outside lower center", ncols=2)
        finding(figure, f"Article 001's example, classes with p > {threshold:g}: " + _wrong(rows))
    return figure


def _wrong(rows: pd.DataFrame) -> str:
    """Return what the article's list leaves out, and what it has too much."""
    above, listed = rows["passes"] == 1, rows["listed"] == 1
    mistakes = {"left out is": above & ~listed, "listed wrongly is": listed & ~above}
    said = [
        f"{what} {', '.join(map(str, rows['class'][wrong]))}"
        for what, wrong in mistakes.items()
        if wrong.any()
    ]
    return "; ".join(said) or "all are listed, and no other"
