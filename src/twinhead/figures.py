"""One figure, one function: measured history in, Figure out.

No file is read, and none written but by `save`. Drawn without pyplot and without TensorFlow.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from twinhead.claims import Published
from twinhead.history import History, Record, Row

STYLE = {
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.hashsalt": "twinhead",  # The same figure gives the same file.
}

# Okabe and Ito's colours, which colour-blind readers can tell apart.
SOFTMAX = ("#0072B2", "softmax")
TRANSFER = ("#E69F00", "sigmoid, β = θ1 − θ0")
RANDOM = ("#009E73", "sigmoid, own random start")
CONTROL = ("#CC79A7", "sigmoid, β = θ1 − θ0, equal learning rates")
OTHER = ("#D55E00", "sigmoid, β = θ1 − θ0, ratio other than 2")

CONTENDERS = {
    "twinhead bank": "#E69F00",
    "Keras fit": "#0072B2",
    "NumPy": "#000000",
    "JAX": "#009E73",
    "PyTorch": "#CC79A7",
    "SGDClassifier": "#56B4E9",
}

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

# Where a log axis shows an exact zero; below anything that float64 losses can differ by.
FLOOR = 1e-17


def look(record: Record) -> tuple[str, str]:
    """Return colour and label of an arm: the same for the same arm in every picture."""
    arm = record.arm
    if arm.head == "softmax":
        return SOFTMAX
    if arm.init == "random":
        return RANDOM
    return {1: CONTROL, 2: TRANSFER}.get(arm.lr_ratio, OTHER)


def save(figure: Figure, target: Path | BinaryIO, kind: str) -> None:
    """Write a figure as png or svg; the same figure gives the same bytes.

    Resolution and SVG ids are style too, and Matplotlib looks them up only now.
    """
    with rc_context(STYLE):
        figure.savefig(target, format=kind, metadata={"Date": None} if kind == "svg" else None)


def _name(history: History) -> str:
    """Return the data's name for a title: a file may be called a$b, and $ starts a formula."""
    return history.data["name"].replace("$", r"\$")


def loss_curves(history: History) -> Figure:
    """Draw train and validation loss of every arm: as published, and under common noise."""
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 5), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        figure.suptitle(f"Loss of both heads on {_name(history)}")
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
                label=f"{style[1]}, {split}" + _seeds(alike),
            )
            if len(alike) > 1 and split == "validation":
                axes.fill_between(
                    epochs, curves.min(axis=0), curves.max(axis=0), color=style[0], alpha=0.12
                )
    _epochs(axes)


def loss_gap(history: History, printed: Sequence[Published]) -> Figure:
    """Draw how far the sigmoid arms' validation loss is from softmax: linear, and on a log scale.

    Args:
        printed: the article's log, where the data are or stand in for the article's; or nothing.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 5), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(f"Validation loss, sigmoid minus softmax, on {_name(history)}")

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
                    label=name + _seeds(alike) if record is alike[0] else None,
                )
            if printed:
                epochs, gaps = _printed_gap(printed, f"sigmoid {init}")
                label = f"{name}: article, as printed"
                left.plot(epochs, gaps, "x", color=colour, markersize=9, label=label)
        left.axhline(0, color="black", linewidth=0.8)
        left.set_title("As published")
        left.set_ylabel("loss gap (nats)")
        left.legend(loc="best")
        _epochs(left)

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
                label=label + (_seeds(alike) if noise == "independent" else ""),
            )
        right.set_yscale("log")
        right.set_ylim(FLOOR / 3, 30)
        right.set_yticks([10.0**power for power in range(-17, 1, 4)])
        right.set_yticklabels(["0 (exact)"] + [f"$10^{{{power}}}$" for power in range(-13, 1, 4)])
        right.set_title("The same on a log scale, and under common noise")
        right.set_ylabel("absolute loss gap (nats)")
        right.legend(loc="center", bbox_to_anchor=(0.5, 0.27))
        _epochs(right)
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


def arm_curves(history: History) -> Figure:
    """Draw loss and accuracy of a run with one arm."""
    (record,) = history.records.values()
    colour, label = look(record)
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(
            f"{label}, learning rate {record.arm.learning_rate:g}, seed {record.arm.seed}, "
            f"on {_name(history)}"
        )
        for split, line in (("train", "--"), ("validation", "-")):
            left.plot(record.loss(split), line, color=colour, label=split, linewidth=2)
            accuracy = record.series[split, "accuracy"]
            right.plot(100 * accuracy, line, color=colour, label=split, linewidth=2)
        left.set_ylabel("cross-entropy (nats)")
        right.set_ylabel("accuracy (%)")
        for axes in (left, right):
            axes.legend()
            _epochs(axes)
    return figure


def sweep_curves(histories: Sequence[History]) -> Figure:
    """Draw the validation loss of many single arms in one picture."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        titles = dict.fromkeys(map(_name, histories))
        axes.set_title(f"Validation loss of {len(histories)} arm(s) on\n{'; '.join(titles)}")
        lines: dict[str, str] = {}  # Label -> line style: arms of one colour are told apart by it.
        colours: list[str] = []
        for history in histories:
            for record in history.records.values():
                colour, label = look(record)
                softmax = (colour, label) == SOFTMAX
                if (colour, label) == OTHER:
                    label = f"sigmoid, β = θ1 − θ0, ratio {record.arm.lr_ratio:g}"
                label = f"{label}, {record.arm.optimizer}"
                first = label not in lines
                if first:
                    lines[label] = ("-", "--", ":", "-.")[colours.count(colour) % 4]
                    colours.append(colour)
                axes.plot(
                    record.loss(),
                    lines[label],
                    color=colour,
                    linewidth=4 if softmax else 1.5,
                    alpha=0.4 if softmax else 0.9,
                    label=label if first else None,
                )
        axes.set_ylabel("cross-entropy (nats)")
        axes.legend()
        _epochs(axes)
    return figure


def gap_by_ratio(history: History, rows: Sequence[Row]) -> Figure:
    """Draw the largest gap to softmax against the learning-rate ratio, the smallest marked.

    Args:
        rows: per ratio the means over seeds of `loss_gap` and `weight_gap`, and their intervals.
    """
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
            f"Largest gap to softmax over all epochs, on\n{_name(history)}"
            f" (n = {rows[0]['seeds']} seed(s), band: 95 % interval)"
        )
        axes.set_ylabel("absolute gap")
        axes.legend()
        _ratio_axis(axes, rows)
    return figure


def loss_by_ratio(history: History, rows: Sequence[Row]) -> Figure:
    """Draw the final validation loss against the learning-rate ratio, softmax as a line."""
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
            f"Final validation loss, on\n{_name(history)}"
            f" (n = {rows[0]['seeds']} seed(s), band: 95 % interval)"
        )
        axes.set_ylabel("cross-entropy (nats)")
        axes.legend()
        _ratio_axis(axes, rows)
    return figure


def curves_by_ratio(history: History) -> Figure:
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
        axes.set_title(f"Validation loss, seed {seed}, on\n{_name(history)}")
        axes.set_ylabel("cross-entropy (nats)")
        axes.legend()
        _epochs(axes)
    return figure


def cost_by_arms(history: History, rows: Sequence[Row]) -> Figure:
    """Draw seconds against the number of arms, a line for each contender.

    Args:
        rows: per contender and number of arms the median `seconds`, `fastest` and `slowest`.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        widest = max(row["arms"] for row in rows)
        for (name, colour), marks in zip(CONTENDERS.items(), "osD^vP", strict=True):
            own = sorted(
                (row for row in rows if row["contender"] == name), key=lambda row: row["arms"]
            )
            if not own:  # Not installed.
                continue
            seconds = np.array([row["seconds"] for row in own])
            apart = [seconds - [r["fastest"] for r in own], [r["slowest"] for r in own] - seconds]
            axes.errorbar(
                [row["arms"] for row in own],
                seconds,
                yerr=apart,
                fmt=f"{marks}-",
                color=colour,
                capsize=3,
                label=name,
            )
            if name == "Keras fit":
                arms = np.array([1, widest])
                axes.plot(arms, seconds[0] * arms, ":", color=colour, label=f"{name}, extrapolated")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("arms")
        axes.set_ylabel("seconds (median; bar: fastest to slowest)")
        axes.xaxis.set_major_locator(FixedLocator(sorted({row["arms"] for row in rows})))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.set_title(
            f"What arms cost: {history.data['train_rows']} rows of {history.data['features']} "
            f"features,\n{_name(history)}"
        )
        axes.legend()
    return figure


def cost_by_rows(history: History, rows: Sequence[Row]) -> Figure:
    """Draw the bank's seconds against the number of training rows."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.plot([r["rows"] for r in rows], [r["seconds"] for r in rows], "o-", color=TRANSFER[0])
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.set_xlabel("training rows")
        axes.set_ylabel("seconds (median)")
        axes.set_title(f"What rows cost the bank, on\n{_name(history)}")
    return figure


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


HEADS = {"sigmoid": ("#0072B2", "-"), "softmax": ("#E69F00", "--")}
COLUMNS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")


def errors_by_task(rows: Sequence[Row], data: dict[str, str]) -> Figure:
    """Draw what share of a constant answer's errors each head leaves, with 95 % intervals.

    Args:
        rows: `task`, `head`, `loss`, `mean`, `low`, `high`.
        data: task -> what it was measured on.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 5.4), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(rows):
            axes.errorbar(
                100 * row["mean"],
                place,
                xerr=[[100 * (row["mean"] - row["low"])], [100 * (row["high"] - row["mean"])]],
                fmt="os^"[list(data).index(row["task"])],
                color=COLUMNS[list(data).index(row["task"])],
                capsize=4,
                markersize=8,
            )
        axes.set_yticks(range(len(rows)), [_head(row) for row in rows])
        axes.invert_yaxis()
        axes.axvline(100, color="black", linewidth=0.8, linestyle=":")
        axes.set_xlim(0)
        axes.set_xlabel(
            "errors left (% of those of an answer that is always the same; "
            "mean and 95 % interval over seeds)"
        )
        axes.set_title("Which head and loss for which task")
        for task, colour, marks in zip(data, COLUMNS, "os^", strict=False):
            name = data[task].replace("$", r"\$")
            axes.plot([], [], marks, color=colour, markersize=8, label=f"{task}: {name}")
        axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.13), ncols=len(data))
    return figure


def _head(row: Row) -> str:
    head = row["head"].split(", categorical")[0]
    return f"{head}\n{row['loss']}"


def several_labels(rows: Sequence[Row], by_threshold: Sequence[Row]) -> Figure:
    """Draw F1 of both heads, per row by threshold and per label.

    Args:
        rows: `head`, `metric`, `mean`, `low`, `high`; those called "F1, label …" are drawn.
        by_threshold: `head`, `threshold`, `mean`, `low`, `high`.
    """
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        figure.suptitle("Several labels a row, made-up data: F1, mean and 95 % interval over seeds")
        for shift, (head, (colour, line)) in zip((-0.2, 0.2), HEADS.items(), strict=True):
            own = [row for row in by_threshold if row["head"] == head]
            mean, low, high = (np.array([row[n] for row in own]) for n in ("mean", "low", "high"))
            thresholds = [row["threshold"] for row in own]
            left.plot(thresholds, mean, line, color=colour, linewidth=2.4, label=head)
            left.fill_between(thresholds, low, high, color=colour, alpha=0.25, linewidth=0)
            own = [r for r in rows if r["head"] == head and r["metric"].startswith("F1, label")]
            mean, low, high = (np.array([row[n] for row in own]) for n in ("mean", "low", "high"))
            places = np.arange(1, len(own) + 1) + shift
            right.bar(
                places,
                mean,
                0.38,
                color=colour,
                label=head,
                yerr=[mean - low, high - mean],
                capsize=3,
            )
        left.set_xlabel("threshold")
        left.set_ylabel("F1")
        left.set_title("Per row, by threshold")
        right.set_xlabel("label")
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        right.set_title("Per label, at the threshold that is set")
        left.set_ylim(0, 1)
        left.legend(loc="lower left")
    return figure


def label_example(rows: Sequence[Row]) -> Figure:
    """Draw the article's ten outputs: named rightly, wrongly, or left out.

    Args:
        rows: `class`, `p`, `threshold`, `passes` and `listed`, which are 0 or 1.
    """
    kinds = {
        (1, 1): ("#009E73", "", "above, and listed"),
        (1, 0): ("#D55E00", "//", "above, but left out by the article"),
        (0, 1): ("#CC79A7", "xx", "not above, but listed by the article"),
        (0, 0): ("#999999", "", "not above"),
    }
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.6), layout="constrained")
        axes = figure.subplots()
        for kind, (colour, hatch, label) in kinds.items():
            own = [row for row in rows if (row["passes"], row["listed"]) == kind]
            places, heights = ([row[n] for row in own] for n in ("class", "p"))
            style = {"color": colour, "hatch": hatch, "edgecolor": "white", "label": label}
            bars = axes.bar(places, heights, 0.8, **style)
            axes.bar_label(bars, fmt="{:g}")
        threshold = rows[0]["threshold"]
        axes.axhline(threshold, color="black", linestyle="--", linewidth=1)
        axes.set_xticks([row["class"] for row in rows])
        axes.set_xlabel("class")
        axes.set_ylabel("sigmoid output p")
        axes.set_title(f"Which classes have p > {threshold:g}? The example of article 001")
        axes.legend(loc="upper left")
    return figure


def _diverged(axes: Axes, rows: Sequence[Row]) -> None:
    """Mark the ratios of which an arm diverged at the top edge."""
    ratios = [row["lr_ratio"] for row in rows if row["diverged"]]
    if ratios:
        top = axes.get_xaxis_transform()
        style = {"color": CONTROL[0], "transform": top, "clip_on": False}
        axes.plot(ratios, np.ones(len(ratios)), "^", markersize=9, label="diverged", **style)


def _ratio_axis(axes: Axes, rows: Sequence[Row]) -> None:
    ratios = [row["lr_ratio"] for row in rows]
    axes.set_xscale("log")
    axes.set_xlabel("sigmoid learning rate / softmax learning rate")
    axes.xaxis.set_major_locator(FixedLocator(ratios if len(ratios) <= 12 else ratios[::8]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")


def _seeds(alike: Sequence[Record]) -> str:
    return f" ({len(alike)} seeds)" if len(alike) > 1 else ""


def _epochs(axes: Axes) -> None:
    axes.set_xlabel("epoch (0: before the first update)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def law_map(history: History, rows: Sequence[Row]) -> Figure:
    """Draw the map as a table: a row a setting, its gaps as colour and number.

    Args:
        rows: `setting`, `status` and the gaps `mapped`, `naive` and `unmet` (NaN: no condition).
    """
    columns = {"mapped": "mapped", "naive": "not mapped", "unmet": "condition\nnot met"}
    gaps = np.array([[row[column] for column in columns] for row in rows])
    with rc_context(STYLE):
        figure = Figure(figsize=(8.5, 0.3 * len(rows) + 1.8), layout="constrained")
        axes = figure.subplots()
        powers = np.log10(np.maximum(gaps, FLOOR))
        image = axes.imshow(powers, cmap="cividis", vmin=-17, vmax=0, aspect="auto")
        for (i, j), gap in np.ndenumerate(gaps):
            if not np.isnan(gap):
                colour = "white" if powers[i, j] < -8.5 else "black"
                axes.text(j, i, f"{gap:.0e}", ha="center", va="center", color=colour, fontsize=9)
        axes.set_xticks(range(len(columns)), columns.values())
        axes.xaxis.tick_top()
        axes.set_yticks(range(len(rows)), [f"{row['setting']}  ({row['status']})" for row in rows])
        axes.grid(False)
        axes.tick_params(length=0)
        for spine in axes.spines.values():
            spine.set_visible(False)
        figure.colorbar(image, ax=axes, label="log10 of the largest gap to softmax", shrink=0.5)
        figure.suptitle(f"Which settings map, and what if not, on\n{_law_data(history)}")
    return figure


def float32_gap(rows: Sequence[Row]) -> Figure:
    """Draw how far rounding drives the heads apart, against the number of steps."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        _rounding(figure.subplots(), rows)
    return figure


def _rounding(axes: Axes, rows: Sequence[Row]) -> None:
    colours = {"sgd": SOFTMAX[0], "adam": RANDOM[0]}
    for optimizer, colour in colours.items():
        for precision, line in (("float32", "-"), ("float64", "--")):
            own = [r for r in rows if (r["optimizer"], r["precision"]) == (optimizer, precision)]
            steps = [row["steps"] for row in own]
            gaps = np.maximum([row["mapped_weight_gap"] for row in own], FLOOR)
            axes.plot(steps, gaps, line, color=colour, label=f"{optimizer}, {precision}")
            if precision == "float32":
                naive = [row["naive_weight_gap"] for row in own]
                axes.plot(steps, naive, ":", color=colour, label=f"{optimizer}, equal rates")
    bound = np.finfo(np.float32).eps / 2 * np.array(steps)
    axes.plot(steps, bound, color="black", linewidth=0.8, label="one float32 rounding a step")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("steps")
    axes.set_ylabel("largest gap of a weight,\nrelative to the largest weight")
    axes.set_title("Rounding over many steps, breast cancer (Wisconsin)")
    axes.legend(ncols=2, loc="center right", fontsize=8.5)


def law_slide(history: History, rows: Sequence[Row], long: Sequence[Row]) -> Figure:
    """Draw the law on one lecture slide: every setting mapped and not, and rounding."""
    with rc_context(STYLE):
        figure = Figure(figsize=(16, 9), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
        shown = [row for row in rows if row["status"] != "impossible"][::-1]
        places = np.arange(len(shown))
        for column, colour, marks, label in (
            ("mapped", TRANSFER[0], "o", "mapped"),
            ("naive", SOFTMAX[0], "s", "not mapped"),
            ("unmet", CONTROL[0], "^", "mapped, its condition not met"),
        ):
            gaps = np.array([row[column] for row in shown])
            left.plot(np.maximum(gaps, FLOOR), places, marks, color=colour, label=label)
        for place, row in zip(places, shown, strict=True):
            ends = [max(row[column], FLOOR) for column in ("mapped", "naive")]
            left.plot(ends, [place, place], color="black", alpha=0.15, zorder=0)
        left.set_yticks(places, [row["setting"] for row in shown], fontsize=9)
        left.set_xscale("log")
        left.set_xlim(FLOOR / 2, 10)
        left.set_ylim(-1, len(shown) + 3)  # Room for the legend.
        left.set_xlabel("largest gap to softmax: of any row's log-odds if mapped, else of the loss")
        left.set_title(f"Every setting, on {_law_data(history)}")
        left.legend(loc="upper center")
        _rounding(right, long)
        figure.suptitle(
            "Two softmax units learn like one sigmoid at twice the rate: Δβ = Δθ1 − Δθ0 = 2 Δθ1",
            fontsize=17,
        )
    return figure


def _law_data(history: History) -> str:
    return f"{_name(history)} and breast cancer"


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
                axes.bar_label(bars, [_share(row["share"]) for row in own], fontsize=9)
            axes.set_xticks([row["node"] for row in own], [f"{row['logit']:g}" for row in own])
            axes.set_xlabel("logits")
            axes.grid(axis="x", visible=False)
            axes.set_ylim(0, 1.1)
        figure.axes[0].set_ylabel("share")
        figure.axes[0].legend(loc="upper left")
    return figure


def _share(value: float) -> str:
    """Return a bar's label; a number with many zeros would cover its neighbour."""
    return f"{value:.2g}" if abs(value) > 5e-4 else "≈ 0"


def push_pull(history: History) -> Figure:
    """Draw one step of rate 1 on three logits: push all by p, pull the true one by 1."""
    rows = history.tables["push_pull"]
    nodes = [row["node"] for row in rows]
    (true,) = (row["node"] for row in rows if row["label"] == 1)
    names = [f"class {node}" + ("\n(true)" if node == true else "") for node in nodes]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        figure.suptitle("Push all, pull one: a step of rate 1 against the gradient p − y")
        left, middle, right = figure.subplots(1, 3)
        pairs = (
            (left, "logit", "logits z, and one step on", "logit"),
            (right, "probability", "probabilities p, and one step on", "probability"),
        )
        for axes, what, title, unit in pairs:
            for key, colour, offset, label in (
                (what, "#56B4E9", -0.2, "before"),
                (f"{what}_after", "#0072B2", 0.2, "after"),
            ):
                values = [row[key] for row in rows]
                bars = axes.bar(
                    [n + offset for n in nodes], values, 0.38, color=colour, label=label
                )
                axes.bar_label(bars, [_share(value) for value in values], fontsize=9, padding=2)
            axes.set_title(title)
            axes.set_ylabel(unit)
            axes.legend(loc="best")
        for key, colour, label, sign in (
            ("probability", "#D55E00", "push: p", -1),
            ("label", "#009E73", "pull: y", 1),
        ):
            middle.bar(nodes, [sign * row[key] for row in rows], 0.5, color=colour, label=label)
        middle.plot(
            nodes, [-row["gradient"] for row in rows], "D", color="black", label="sum: −dCE/dz"
        )
        for row in rows:
            middle.annotate(
                _share(-row["gradient"]),
                (row["node"], -row["gradient"]),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
            )
        middle.set_title("what moves them")
        middle.set_ylabel("change of the logit, rate 1")
        middle.legend(loc="upper left")
        for axes in (left, middle, right):
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xticks(nodes, names)
            axes.margins(y=0.15)
            axes.grid(axis="x", visible=False)
    return figure


def jacobian(history: History) -> Figure:
    """Draw softmax's Jacobian as a table of colours, and what the ways to it differ by."""
    rows = history.tables["jacobian"]
    size = 1 + max(row["output"] for row in rows)
    logits = ", ".join(f"{row['logit']:g}" for row in history.tables["push_pull"])
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        figure.suptitle(f"Softmax's Jacobian at [{logits}]")
        grid = figure.subplots(1, 3)
        for axes, way, title in zip(
            grid,
            ("automatic", "formula", "differences"),
            ("automatic (TensorFlow)", "diag(y) − y yᵀ", "differences (SciPy)"),
            strict=True,
        ):
            values = np.array([row[way] for row in rows]).reshape(size, size)
            axes.imshow(values, cmap="PuOr_r", vmin=-0.25, vmax=0.25)
            for row in rows:
                axes.text(
                    row["logit"],
                    row["output"],
                    f"{row[way]:.3g}",
                    ha="center",
                    va="center",
                    color="white" if abs(row[way]) > 0.15 else "black",
                )
            axes.set_title(title)
            axes.set_xticks(range(size), [f"$z_{i}$" for i in range(size)])
            axes.set_yticks(range(size), [f"$y_{i}$" for i in range(size)])
            axes.grid(visible=False)
            axes.set_xlabel("with respect to logit")
        grid[0].set_ylabel("derivative of output")
    return figure


def sigmoid_slope(history: History) -> Figure:
    """Draw the sigmoid, and its derivative by three ways."""
    rows = history.tables["sigmoid"]
    x = [row["x"] for row in rows]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle("The sigmoid and its derivative")
        left.plot(x, [row["sigmoid"] for row in rows], color="#0072B2", linewidth=2)
        left.set_title("sigmoid(x) = 1 / (1 + e$^{-x}$)")
        left.set_ylabel("sigmoid(x)")
        for way, marks, colour, width, label in (
            ("automatic", "-", "#0072B2", 5, "automatic (TensorFlow)"),
            ("formula", "--", "#E69F00", 2, "formula, s (1 − s)"),
            ("differences", ":", "#000000", 2, "differences (SciPy)"),
        ):
            right.plot(
                x,
                [row[way] for row in rows],
                marks,
                color=colour,
                linewidth=width,
                alpha=0.45 if width == 5 else 1,
                label=label,
            )
        top = max(rows, key=lambda row: row["automatic"])
        right.plot(top["x"], top["automatic"], "o", color="#D55E00")
        right.annotate(
            f"{top['automatic']:g} at {top['x']:.3g}",
            (top["x"], top["automatic"]),
            xytext=(10, 4),
            textcoords="offset points",
        )
        right.set_ylim(0, 0.29)
        right.set_title("derivative")
        right.set_ylabel("d sigmoid / dx")
        right.legend(loc="upper left")
        for axes in (left, right):
            axes.set_xlabel("x")
    return figure


def activation_curves(history: History) -> Figure:
    """Draw every activation function and its derivative, a panel each."""
    rows = history.tables["curves"]
    names = list(dict.fromkeys(row["activation"] for row in rows))
    columns = 5
    lines = -(-len(names) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(13, 2.6 * lines + 0.9), layout="constrained")
        grid = figure.subplots(lines, columns, sharex=True, squeeze=False)
        figure.suptitle("Activation functions and their derivatives")
        for axes, name in zip(grid.flat, names, strict=False):
            own = [row for row in rows if row["activation"] == name]
            x = [row["x"] for row in own]
            axes.plot(x, [r["value"] for r in own], color="#0072B2", linewidth=2, label="function")
            axes.plot(
                x,
                [r["slope"] for r in own],
                "--",
                color="#D55E00",
                linewidth=1.6,
                label="derivative",
            )
            axes.axhline(0, color="black", linewidth=0.6)
            axes.axvline(0, color="black", linewidth=0.6)
            axes.set_title(name if name != "softmax" else "softmax of (x, 0)")
            # Bounded functions fill their panel; the others show what they do around 0.
            bounded = max(row["value"] for row in own) < 2
            axes.set_ylim(*((-1.1, 1.1) if bounded else (-1.6, 6.6)))
            axes.tick_params(labelbottom=True)
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("value")
        for column in range(columns):
            shown = [axes for axes in grid[:, column] if axes.get_visible()]
            shown[-1].set_xlabel("x")
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def dead_units(history: History) -> Figure:
    """Draw loss and dead units of the small training runs, a line for each activation."""
    rows = history.tables["training"]
    looks = {"ReLU": ("#D55E00", "-"), "leaky ReLU": ("#0072B2", "--"), "ELU": ("#009E73", ":")}
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle("One hidden layer, trained at a large rate on purpose")
        for name, (colour, dashes) in looks.items():
            own = [row for row in rows if row["activation"] == name]
            steps = [row["step"] for row in own]
            for axes, what in ((left, "loss"), (right, "dead")):
                axes.plot(
                    steps, [r[what] for r in own], dashes, color=colour, linewidth=2, label=name
                )
        left.set_yscale("log")
        left.set_title("loss")
        left.set_ylabel("mean squared error")
        right.set_title("units without any gradient, in the hidden layer")
        right.set_ylabel("dead units")
        right.yaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (left, right):
            axes.set_xlabel("step of gradient descent")
            axes.legend()
    return figure


def activation_cost(history: History, rows: Sequence[Row]) -> Figure:
    """Draw what an element of each activation costs, in elements of ReLU.

    Args:
        rows: per activation the median `in_relus`, its quartiles `low` and `high`.
    """
    counted = (
        history.numbers["001: FLOPs(sigmoid): neg, exp, add, div"]
        / history.numbers["001: FLOPs(ReLU): max"]
    )
    shown = sorted(rows, key=lambda row: row["in_relus"])
    places = range(len(shown))
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.subplots()
        medians = np.array([row["in_relus"] for row in shown])
        spread = [medians - [r["low"] for r in shown], [r["high"] for r in shown] - medians]
        sigmoid = next(i for i, row in enumerate(shown) if row["activation"] == "sigmoid")
        axes.barh(places, medians, xerr=spread, color="#56B4E9", capsize=3)
        axes.plot(
            counted,
            sigmoid,
            "D",
            color="#D55E00",
            label=f"sigmoid by counting operations: {counted:g}",
        )
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_yticks(places, [f"{row['activation']}:  {row['in_relus']:.2g}" for row in shown])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("time per element, in ReLUs (median; line: middle half of the repeats)")
        axes.set_title("What an activation costs, on the machine of this run")
        axes.legend(loc="lower right")
    return figure
