"""What all pictures share: style, colours, axes. An experiment's own are in its figures.py.

One figure, one function: measured history in, Figure out. No file is read, and none written but by
`save`. Drawn without pyplot and without TensorFlow.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from twinhead.results.history import History, Record

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

# Where a log axis shows an exact zero; below anything that float64 losses can differ by.
FLOOR = 1e-17


def look(record: Record) -> tuple[str, str]:
    """Return colour and label of an arm: the same for the same arm in every picture."""
    arm = record.arm
    if arm.head == "softmax":
        return SOFTMAX
    if arm.init == "random":
        return RANDOM
    ratios: dict[float, tuple[str, str]] = {1: CONTROL, 2: TRANSFER}
    return ratios.get(arm.lr_ratio, OTHER)


def save(figure: Figure, target: Path | BinaryIO, kind: str) -> None:
    """Write a figure as png or svg; the same figure gives the same bytes.

    Resolution and SVG ids are style too, and Matplotlib looks them up only now.
    """
    with rc_context(STYLE):
        figure.savefig(target, format=kind, metadata={"Date": None} if kind == "svg" else None)


def data_name(history: History) -> str:
    """Return the data's name for a title: a file may be called a$b, and $ starts a formula."""
    return str(history.data["name"]).replace("$", r"\$")


def seeds_label(alike: Sequence[Record]) -> str:
    return f" ({len(alike)} seeds)" if len(alike) > 1 else ""


def epoch_axis(axes: Axes) -> None:
    axes.set_xlabel("epoch (0: before the first update)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def short(value: float) -> str:
    """Return a bar's label; a number with many zeros would cover its neighbour."""
    return f"{value:.2g}" if abs(value) > 5e-4 else "≈ 0"
