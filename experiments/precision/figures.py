"""The gap by step in every precision, and which rows change places."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.experiments.precision.cases import (
    FORMS,
    POLICIES,
    PURE,
    SCORES,
    STARTS,
    WITH_COMMON,
    ZERO_SUM,
)
from twinhead.pages.style import EDGE, INK, QUIET, STYLE, WIDTH, finding, label_ends
from twinhead.pages.typeset import power_of_ten, raised, short
from twinhead.results.history import History

LOOKS = {
    "float32": {"color": EDGE, "linestyle": "-"},
    "mixed float16": {"color": QUIET, "linestyle": (0, (1, 1.2))},
    "mixed bfloat16": {"color": QUIET, "linestyle": (0, (4, 2))},
    "float16": {"color": INK, "linestyle": (0, (1, 1.2))},
    "bfloat16": {"color": INK, "linestyle": "-"},
}
LEAST = 1e-8  # Where the axis ends: float32 has no smaller gaps.
NONE = 1e-7  # Where the axis shows that no pair is.


def gap(history: History) -> Figure:
    """Draw the gap to softmax by step, a panel a start and a line a precision."""
    table = history.tables["gaps"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 7.4), layout="constrained")
        panels = figure.subplots(len(STARTS), 1, sharex=True, sharey=True)
        for axes, start in zip(panels, STARTS, strict=True):
            own = table[table.start == start]
            axes.set_xscale("log")
            axes.set_yscale("log")
            axes.set_ylim(LEAST, 30)
            ends = []
            for precision in POLICIES:
                line = own[(own.precision == precision) & (own.role == "twice the rate")]
                gaps = np.maximum(line.gap, LEAST)
                axes.plot(line.steps, gaps, linewidth=2, **LOOKS[precision])
                ends.append((gaps.iloc[-1], precision, LOOKS[precision]["color"]))
            same = own[(own.precision == "float32") & (own.role == "same rate")]
            axes.plot(same.steps, same.gap, color=EDGE, linewidth=1, linestyle=":")
            ends.append((same.gap.iloc[-1], "same rate", QUIET))
            label_ends(axes, ends)
            common = f" of {history.data['common']:g}" if start == WITH_COMMON else ""
            axes.set_title(raised(f"Start {start}{common}"))
        panels[1].set_ylabel("largest gap of a row's log-odds")
        panels[-1].set_xlabel("steps")
        found = history.numbers
        far, near = (found[f"gap, bfloat16, {start}"] for start in (WITH_COMMON, ZERO_SUM))
        finding(
            figure,
            f"In pure bfloat16 a common part of {history.data['common']:g} drives the log-odds "
            f"{short(far)} apart in {short(history.data['steps'])} steps at twice the rate; "
            f"from θ0 + θ1 = 0 it is {short(near)}",
        )
    return figure


def order(history: History) -> Figure:
    """Draw the share of pairs of rows that are tied or reversed, by how the head is kept."""
    table = history.tables["order"]
    table = table[table.precision.isin(PURE)]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
        panels = figure.subplots(len(PURE), 1, sharex=True)
        for axes, precision in zip(panels, PURE, strict=True):
            own = table[table.precision == precision].set_index(["form", "score"])
            keys = [(form, score) for form in FORMS for score in SCORES][::-1]
            for column, mark, looks in (
                ("tied", "o", {"color": INK}),
                ("reversed", "s", {"color": QUIET, "markerfacecolor": "none"}),
            ):
                shares = [max(float(own.loc[key, column]), NONE) for key in keys]
                axes.plot(shares, range(len(keys)), mark, label=column, **looks)
            names = [f"{form}: {score}" for form, score in keys]
            axes.set_yticks(range(len(keys)), names, fontsize=9)
            axes.set_ylim(-0.7, len(keys) - 0.3)
            axes.set_title(precision)
            axes.set_xscale("log")
            axes.set_xlim(NONE / 2, 0.2)
            ticks = [-6, -4, -2]
            axes.set_xticks([NONE, *(10.0**t for t in ticks)], ["0", *map(power_of_ten, ticks)])
            axes.minorticks_off()
        panels[-1].set_xlabel("share of all pairs of rows")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        lost = {
            form: float(
                table[(table.precision == "bfloat16") & (table.score == "log-odds")]
                .set_index("form")
                .loc[form, ["tied", "reversed"]]
                .sum()
            )
            for form in FORMS
        }
        finding(
            figure,
            f"In bfloat16 a common part of {history.data['common']:g} ties or turns round "
            f"{short(100 * lost[FORMS[0]])} % of the pairs of rows, one column "
            f"{short(100 * lost[FORMS[-1]])} %",
        )
    return figure
