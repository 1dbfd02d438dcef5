"""Which head and loss for which task."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhead.experiments.tasks import names
from twinhead.pages.style import STYLE
from twinhead.results.history import History

HEADS = {"sigmoid": ("#0072B2", "-"), "softmax": ("#E69F00", "--")}
COLUMNS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")


def errors_by_task(history: History) -> Figure:
    """Draw what share of a constant answer's errors each head leaves, with 95 % intervals."""
    means = history.tables["means"]
    shown = (means["metric"] == names.ERRORS) & means["head"].isin(list(names.LOSS_OF))
    rows = means[shown].to_dict("records")
    data = {
        names.TWO: names.TWO_DATA,
        names.MANY: str(history.data["name"]),
        names.SEVERAL: names.SEVERAL_DATA,
    }
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
        axes.set_yticks(range(len(rows)), [_head(row["head"]) for row in rows])
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


def _head(name: str) -> str:
    return f"{name.split(', categorical')[0]}\n{names.LOSS_OF[name]}"


def several_labels(history: History) -> Figure:
    """Draw F1 of both heads, per row by threshold and per label."""
    by_threshold, means = history.tables["f1_by_threshold"], history.tables["means"]
    by_label = means[means["metric"].str.startswith("F1, label")]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        figure.suptitle("Several labels a row, made-up data: F1, mean and 95 % interval over seeds")
        for shift, (head, (colour, line)) in zip((-0.2, 0.2), HEADS.items(), strict=True):
            own = by_threshold[by_threshold["head"] == head]
            left.plot(own["threshold"], own["mean"], line, color=colour, linewidth=2.4, label=head)
            left.fill_between(
                own["threshold"], own["low"], own["high"], color=colour, alpha=0.25, linewidth=0
            )
            own = by_label[by_label["head"] == head]
            places = np.arange(1, len(own) + 1) + shift
            right.bar(
                places,
                own["mean"],
                0.38,
                color=colour,
                label=head,
                yerr=[own["mean"] - own["low"], own["high"] - own["mean"]],
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


def example(history: History) -> Figure:
    """Draw the article's ten outputs: named rightly, wrongly, or left out."""
    rows = history.tables["example"].to_dict("records")
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
