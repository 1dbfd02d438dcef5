"""What arms and rows cost."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from twinhead.experiments.benchmark.costs import BANK, FIT
from twinhead.pages.style import STYLE, TRANSFER, data_name
from twinhead.results.history import History

CONTENDERS = {
    BANK: "#E69F00",
    FIT: "#0072B2",
    "NumPy": "#000000",
    "JAX": "#009E73",
    "PyTorch": "#CC79A7",
    "SGDClassifier": "#56B4E9",
}


def cost_by_arms(history: History) -> Figure:
    """Draw seconds against the number of arms, a line for each contender."""
    summary = history.tables["summary"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        for (name, colour), marks in zip(CONTENDERS.items(), "osD^vP", strict=True):
            own = summary[summary["contender"] == name]
            if own.empty:  # Not installed.
                continue
            seconds = own["seconds"].to_numpy()
            axes.errorbar(
                own["arms"],
                seconds,
                yerr=[seconds - own["fastest"], own["slowest"] - seconds],
                fmt=f"{marks}-",
                color=colour,
                capsize=3,
                label=name,
            )
            if name == FIT:
                arms = np.array([1, summary["arms"].max()])
                axes.plot(arms, seconds[0] * arms, ":", color=colour, label=f"{name}, extrapolated")
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xlabel("arms")
        axes.set_ylabel("seconds (median; bar: fastest to slowest)")
        axes.xaxis.set_major_locator(FixedLocator(sorted(set(summary["arms"]))))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        axes.set_title(
            f"What arms cost: {history.data['train_rows']} rows of {history.data['features']} "
            f"features,\n{data_name(history)}"
        )
        axes.legend()
    return figure


def cost_by_rows(history: History) -> Figure:
    """Draw the bank's seconds against the number of training rows."""
    cost = history.tables["seconds_by_rows"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.subplots()
        axes.plot(cost["rows"], cost["seconds"], "o-", color=TRANSFER[0])
        axes.set_xlim(0)
        axes.set_ylim(0)
        axes.set_xlabel("training rows")
        axes.set_ylabel("seconds (median)")
        axes.set_title(f"What rows cost the bank, on\n{data_name(history)}")
    return figure
