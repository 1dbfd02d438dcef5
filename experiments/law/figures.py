"""The map of settings, and rounding over many steps."""

import re

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from twinhead.experiments.law.cases import LONG
from twinhead.matching import CONDITIONAL, EXACT, IMPOSSIBLE
from twinhead.pages.style import (
    EDGE,
    FLOOR,
    INK,
    ISOMETRIC,
    QUIET,
    SIGMOID,
    STYLE,
    WIDTH,
    finding,
    gap_axis,
    label_ends,
)
from twinhead.pages.typeset import power_of_ten, short
from twinhead.results.history import History

ROUNDING = 1e-12  # As the claims have it.
MARKS = {
    "mapped": ("o", {"color": SIGMOID[0]}, "with its factor"),
    "naive": ("o", {"color": QUIET, "markerfacecolor": "none"}, "without"),
    "unmet": ("x", {"color": INK}, "with it, its condition not met"),
}


def slide(history: History) -> Figure:
    """Draw the law on one lecture slide: every setting a dot, by the factor of its rate."""
    rows = _rows(history)
    rates = rows.factors.map(_rate)
    groups = sorted(set(rates), key=lambda rate: (-(rates == rate).sum(), rate))
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.5 * len(groups) + 2.3), layout="constrained")
        axes = figure.subplots()
        places = pd.Series(0.0, rows.index)
        for place, rate in enumerate(groups):
            own = rates == rate
            places[own] = place + np.linspace(-0.3, 0.3, own.sum()) * (own.sum() > 1)
        _dots(axes, rows, places)
        counted = [f"{rate}\n{_settings((rates == rate).sum())}" for rate in groups]
        axes.set_yticks(range(len(groups)), counted, multialignment="left")
        axes.set_ylim(len(groups) - 0.4, -0.6)
        axes.set_ylabel("learning rate")
        figure.legend(loc="outside lower center", ncols=2)
        finding(figure, _apart(rows))
    return figure


def law(history: History) -> Figure:
    """Draw a row a setting: its factor, and how far the losses part with it and without."""
    rows = _rows(history)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.4 * len(rows) + 1.6), layout="constrained")
        axes = figure.subplots()
        _dots(axes, rows, pd.Series(np.arange(len(rows)), rows.index))
        for place, row in enumerate(rows.itertuples()):
            over = {"transform": axes.get_yaxis_transform(), "fontsize": 9, "va": "bottom"}
            axes.text(0, place - 0.22, row.setting, color=INK, **over)
            axes.text(1, place - 0.22, _short(row), color=QUIET, ha="right", **over)
        axes.set_yticks(range(len(rows)), [""] * len(rows))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(rows) - 0.4, -0.8)
        axes.xaxis.set_tick_params(labeltop=True)
        figure.legend(loc="outside lower center", ncols=2)
        statuses = [f"{(rows.status == s).sum()} {s}" for s in (EXACT, CONDITIONAL, IMPOSSIBLE)]
        finding(
            figure,
            f"Of {len(rows)} settings {', '.join(statuses)}, each with its factor; on "
            + " and ".join(history.tables["map"].data.unique()),
        )
    return figure


def float32(history: History) -> Figure:
    """Draw how far rounding drives the heads apart, against the number of steps."""
    table = history.tables["float32"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.6), layout="constrained")
        axes = figure.subplots()
        ends = []
        for optimizer, colour in zip(LONG, (INK, QUIET), strict=True):
            for precision in ("float32", "float64"):
                own = table[(table.optimizer == optimizer) & (table.precision == precision)]
                gaps = np.maximum(own.mapped_weight_gap, FLOOR)
                label = f"{optimizer}, {precision}"
                axes.plot(own.steps, gaps, color=colour, linewidth=2, label=label)
                ends.append((gaps.iloc[-1], label, colour))
            naive, label = own.naive_weight_gap, f"{optimizer}, same rate"
            axes.plot(own.steps, naive, ":", color=colour, linewidth=2, label=label)
            ends.append((naive.iloc[-1], label, colour))
        steps = np.sort(table.steps.unique())
        bound = np.finfo(np.float32).eps / 2 * steps
        axes.plot(steps, bound, "--", color=EDGE, linewidth=1.2, label="a rounding a step")
        ends.append((bound[-1], "a rounding a step", QUIET))
        axes.set_xscale("log")
        gap_axis(axes, table.naive_weight_gap.max())
        label_ends(axes, ends)
        axes.set_xlabel("steps, breast cancer (Wisconsin)")
        axes.set_ylabel("gap of a weight, of the largest")
        last = table[table.steps == steps[-1]]
        worst = last.groupby("precision").mapped_weight_gap.max()
        finding(
            figure,
            f"After {short(float(steps[-1]))} steps at twice the rate weights are "
            f"{short(worst['float32'])} apart in float32 and {short(worst['float64'])} in float64, "
            f"at the same rate {short(last.naive_weight_gap.min())} or more",
        )
    return figure


def isometric(history: History) -> Figure:
    """Draw how far the isometric head is from softmax under every optimizer, mapped and not."""
    table = history.tables["isometric"]
    unchanged = int((table.unmapped_gap <= ROUNDING).sum())
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.4 * len(table) + 1.6), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(table))
        for column, colour, fill, label in (
            ("mapped_gap", ISOMETRIC[0], ISOMETRIC[0], "mapped"),
            ("unmapped_gap", QUIET, "none", "every setting as it is"),
        ):
            gaps = np.clip(table[column], FLOOR, 1.0)
            looks = {"color": colour, "markerfacecolor": fill, "markersize": 5.5}
            axes.plot(gaps, places, "o", label=label, **looks)
        for place, row in enumerate(table.itertuples()):
            over = {"transform": axes.get_yaxis_transform(), "fontsize": 9, "va": "bottom"}
            axes.text(0, place - 0.22, row.optimizer, color=INK, **over)
            axes.text(1, place - 0.22, _short(row), color=QUIET, ha="right", **over)
        axes.set_yticks(places, [""] * len(table))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(table) - 0.4, -0.8)
        _gap_axis(axes, "largest gap of a row's log-odds to softmax")
        figure.legend(loc="outside lower center", ncols=2)
        finding(
            figure,
            f"Under {unchanged} of {len(table)} optimizers the isometric head is softmax with "
            f"every setting as it is, mapped under all, to {short(table.mapped_gap.max())}",
        )
    return figure


def _rows(history: History) -> pd.DataFrame:
    """Return a row a setting, one quantity for all: the loss gaps, the worst over the data."""
    # NumPy's extremes: those of pandas pass over a NaN, and a head that diverged is no match.
    return pd.DataFrame(
        {
            "setting": setting,
            "status": both.status.iloc[0],
            "factors": both.factors.iloc[0],
            "mapped": both.mapped_loss_gap.to_numpy().max(),
            "naive": both.naive_loss_gap.to_numpy().min(),
            "unmet": both.unmet_loss_gap.to_numpy().min(),
        }
        for setting, both in history.tables["map"].groupby("setting", sort=False)
    )


def _settings(count: int) -> str:
    return "1 setting" if count == 1 else f"{count} settings"


def _rate(factors: str) -> str:
    """Return what the learning rate is multiplied by, of "learning_rate × 2, l2 × 0.5"."""
    if factors == "none does":
        return "no factor"
    found = re.search(r"(?<!\w)learning_rate × ([\d.]+)", factors)
    return f"× {found[1] if found else 1}"


def _short(row: object) -> str:
    """Return a row's factors as short as a label must be, and what they hang on."""
    factors = row.factors.replace("learning_rate", "rate").replace("_regularization_strength", "")
    named = factors.split(", ")
    if len(named) > 2:
        factors = f"{named[0]} and {len(named) - 1} more"
    return factors + {CONDITIONAL: ", on a condition"}.get(row.status, "")


def _dots(axes: Axes, rows: pd.DataFrame, places: pd.Series) -> None:
    for column, (mark, looks, label) in MARKS.items():
        # A setting without a factor has nothing to be mapped by.
        own = rows[rows[column].notna() & ((column == "naive") | (rows.status != IMPOSSIBLE))]
        gaps = np.clip(own[column], FLOOR, 1.0)
        axes.plot(gaps, places[own.index], mark, markersize=5.5, label=label, **looks)
    _gap_axis(axes, "largest gap of the losses to softmax (nats)")


def _gap_axis(axes: Axes, label: str) -> None:
    axes.set_xscale("log")
    axes.set_xlim(FLOOR / 3, 3)
    powers = range(-12, 1, 4)
    labels = ["0", *(power_of_ten(power) for power in powers)]
    axes.set_xticks([FLOOR, *(10.0**power for power in powers)], labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)


def _apart(rows: pd.DataFrame) -> str:
    """Return how far losses part with the factors and without, and what has none."""
    has = rows[rows.status != IMPOSSIBLE]
    exact = has[has.status == EXACT]
    none = len(rows) - len(has)
    return (
        f"With its factor none of {len(exact)} settings parts the losses by more than "
        f"{short(exact.mapped.max())}, without it each by {short(exact.naive.min())} or more; "
        f"{len(has) - len(exact)} map on a condition, {none} not at all"
    )
