"""What arms and rows cost."""

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from twinhead.experiments.benchmark.claims import target
from twinhead.experiments.benchmark.costs import BANK, FIT, OTHERS, SGD, called, not_quiet
from twinhead.experiments.benchmark.reading_costs import (
    AT_RANDOM,
    BLOCKS,
    EXACT,
    IN_MEMORY,
    IN_ORDER,
    OF_READS,
)
from twinhead.pages.style import EDGE, INK, QUIET, STYLE, WIDTH, finding, label_ends
from twinhead.pages.typeset import short
from twinhead.results.history import History

# None is a head: the bank's line is heavy, the others have a mark each.
MARKS = {BANK: "o", FIT: "s", "NumPy": "D", "JAX": "^", "PyTorch": "v", "SGDClassifier": "P"}
FLOOR = "this machine's floor"
TRAINED = (IN_MEMORY, EXACT, BLOCKS)
MEMORY = {
    "mib_loaded": ("loaded", "s", QUIET),
    "mib_from_disk": ("read from\nthe disk", "o", INK),
}


def bank_over_others(history: History) -> Figure:
    """Draw the bank's time as a share of every other's, by arms, with the targets."""
    ratios = history.tables["ratios"]
    rows = list(dict.fromkeys(ratios["row"]))
    others = [other for other in OTHERS if other in set(ratios["other"])]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.2 + 0.62 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for other in others:
            own = ratios[ratios["other"] == other]
            y = [rows.index(row) + 0.24 * (others.index(other) - 1) for row in own["row"]]
            axes.hlines(y, own["lower_quartile"], own["upper_quartile"], color=QUIET, linewidth=2.4)
            axes.plot(own["ratio"], y, MARKS[other], color=INK, markersize=6, label=other)
            aims = [
                target(other, *each) for each in zip(own["arms"], own["optimizer"], strict=True)
            ]
            known = [(aim, at) for aim, at in zip(aims, y, strict=True) if aim is not None]
            axes.plot(*zip(*known, strict=True), "|", color=QUIET, markersize=11, label=None)
        axes.axvline(1, color=EDGE, linewidth=1.2)
        axes.set_xlim(0, max(1.1, 1.05 * ratios["upper_quartile"].max()))
        axes.set_yticks(range(len(rows)), rows)
        axes.invert_yaxis()
        axes.set_ylabel("arms")
        axes.set_xlabel("the bank's time, as a share of the other's\n(bar: quartiles; |: target)")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.0 + 0.5 / len(rows)), ncols=3)
        quick, slow = (
            ratios.loc[find()] for find in (ratios["ratio"].idxmin, ratios["ratio"].idxmax)
        )
        behind = int((ratios["ratio"] > 1).sum())
        where = (
            f"the others in all {len(ratios)} comparisons"
            if not behind
            else (f"the others in {len(ratios) - behind} of {len(ratios)} comparisons")
        )
        finding(
            figure,
            f"{_hedge(history)}The bank is ahead of {where}: it takes from {_where(quick)} to "
            f"{_where(slow)} of their time",
        )
    return figure


def cost_by_arms(history: History) -> Figure:
    """Draw an epoch's time against the number of arms, a line for each contender."""
    summary = history.tables["summary"]
    summary = summary[summary["optimizer"] == SGD]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
        axes = figure.subplots()
        ends = []
        for name, mark in MARKS.items():
            own = summary[summary["contender"] == name]
            if own.empty:  # Not installed.
                continue
            colour, width = (INK, 2.6) if name == BANK else (QUIET, 1.4)
            axes.vlines(
                own["arms"],
                own["lower_quartile"],
                own["upper_quartile"],
                color=colour,
                linewidth=width,
            )
            looks = {"color": colour, "linewidth": width, "markersize": 6}
            axes.plot(own["arms"], own["ms_an_epoch"], f"{mark}-", label=name, **looks)
            if len(own) > 1:
                ends.append((own["ms_an_epoch"].iloc[-1], name, colour))
            else:
                _name(axes, own.iloc[0], name, colour)
        bank = summary[summary["contender"] == BANK]
        axes.plot(bank["arms"], bank["floor_ms"], ":", color=EDGE, linewidth=1.8)
        ends.append((bank["floor_ms"].iloc[-1], FLOOR, EDGE))
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("arms, with SGD")
        axes.set_ylabel("ms an epoch (median; bar: quartiles)")
        axes.xaxis.set_major_locator(FixedLocator(bank["arms"].to_list()))
        axes.xaxis.set_minor_locator(NullLocator())
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        label_ends(axes, ends)
        last = bank.iloc[-1]
        fit = summary.loc[summary["contender"] == FIT, "ms_an_epoch"].item()
        finding(
            figure,
            f"{_hedge(history)}An epoch of {last['arms']} arms takes the bank "
            f"{short(last['ms_an_epoch'])} ms, {last['times_floor']:.1f} times the floor, one arm "
            f"{short(bank.iloc[0]['ms_an_epoch'])} ms, and one of Keras's fits {short(fit)} ms: "
            f"{history.data['train_rows']} rows of {history.data['features']} features, "
            f"{history.data['name']}",
        )
    return figure


def cost_by_rows(history: History) -> Figure:
    """Draw the bank's time against the number of training rows."""
    cost = history.tables["ms_by_rows"].sort_values("rows")
    rows, ms = cost["rows"].to_numpy(), cost["ms"].to_numpy()
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.plot(rows, ms, "o-", color=INK, linewidth=2, label=BANK)
        axes.plot([0, rows[-1]], [0, ms[-1]], ":", color=EDGE, label="in proportion to rows")
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.set_xticks([0, *rows])
        axes.set_xlabel("training rows (dotted: in proportion)")
        axes.set_ylabel("ms an epoch (median)")
        finding(
            figure,
            f"{_hedge(history)}{rows[-1] / rows[0]:.2g} times as many rows take the bank "
            f"{ms[-1] / ms[0]:.2g} times as long, on {history.data['name']}",
        )
    return figure


def seconds_from_disk(history: History) -> Figure | None:
    """Draw an epoch's seconds from a cold disk beside what the disk takes without training."""
    reading = history.tables.get("reading")
    if reading is None:
        return None
    seconds = reading.set_index("rows")["seconds_an_epoch"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
        axes = figure.subplots()
        for at, own in enumerate(reading.itertuples()):
            colour = INK if own.rows in TRAINED else QUIET
            axes.hlines(at, own.lower_quartile, own.upper_quartile, color=EDGE, linewidth=2.4)
            axes.plot(own.seconds_an_epoch, at, "o" if own.rows in TRAINED else "d", color=colour)
            axes.annotate(
                f"{short(own.seconds_an_epoch)} s",
                (own.upper_quartile, at),
                xytext=(7, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontsize=10,
            )
        axes.set_yticks(range(len(reading)), reading["rows"])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(right=2.5 * reading["upper_quartile"].max())
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("seconds (median; bar: quartiles)")
        gigabytes = short(history.numbers["bytes of an epoch"] / 1e9)
        in_memory = f", from memory {short(seconds[IN_MEMORY])} s" if IN_MEMORY in seconds else ""
        doubt = "" if OF_READS[1] in history.numbers else "No verdict on time. "
        finding(
            figure,
            f"{doubt}An epoch of {gigabytes} GB takes {short(seconds[EXACT])} s from a cold disk, "
            f"by blocks {short(seconds[BLOCKS])} s{in_memory}; the disk gives as much in order in "
            f"{short(seconds[IN_ORDER])} s and at random places in {short(seconds[AT_RANDOM])} s",
        )
    return figure


def memory_by_file(history: History) -> Figure | None:
    """Draw the most memory that training takes against the size of the file."""
    table = history.tables.get("memory_by_file")
    if table is None or table.empty:
        return None
    table = table.assign(**{key: table[key] * 2**20 / 1e9 for key in MEMORY})
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.subplots()
        ends = []
        for key, (name, mark, colour) in MEMORY.items():
            own = table[["gibibytes", key]].dropna()
            if own.empty:
                continue
            axes.plot(own["gibibytes"], own[key], f"{mark}-", color=colour, linewidth=2)
            ends.append((own[key].iloc[-1], name, colour))
        axes.set_xscale("log", base=2)
        axes.set_xticks(table["gibibytes"].to_list())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0)
        axes.set_xlabel("size of the file, GiB")
        axes.set_ylabel("most memory of the process, GB")
        label_ends(axes, ends)
        first, last = table.iloc[0], table.iloc[-1]
        found = (
            f"A file of {last['gibibytes']:g} GiB takes {last['mib_from_disk']:.2f} GB of memory, "
            f"one of {first['gibibytes']:g} GiB {first['mib_from_disk']:.2f} GB"
        )
        loaded = table[["gibibytes", "mib_loaded"]].dropna()
        if len(loaded):
            most = loaded.iloc[-1]
            found += f"; loaded, {most['gibibytes']:g} GiB take {most['mib_loaded']:.2f} GB"
        finding(figure, found)
    return figure


def _hedge(history: History) -> str:
    """Return what a title says first where the machine was busy."""
    return "The machine was busy, so no verdict. " if not_quiet(history.numbers) else ""


def _where(ratio: pd.Series) -> str:
    return f"{ratio['ratio']:.2f} ({ratio['other']}, {called(ratio['arms'], ratio['optimizer'])})"


def _name(axes: Axes, point: pd.Series, name: str, colour: str) -> None:
    """Write a name beside a contender's only point."""
    axes.annotate(
        name,
        (point["arms"], point["ms_an_epoch"]),
        xytext=(7, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=10,
    )
