"""What all pictures share: style, colours, axes. An experiment's own are in its figures.py.

One figure, one function: measured history in, Figure out. No file is read, and none written but by
`save`. Drawn without pyplot and without TensorFlow.
"""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from twinhead.pages.typeset import power_of_ten, raised
from twinhead.results.history import History

# What is not a head has no colour. These are the page's own, see style.css.
INK, QUIET, RULE, BAND, EDGE = "#1c1c1e", "#5c5a57", "#e2dfd9", "#e4e9e6", "#6d7a74"

# Five inches are what a page's column is wide, and a phone shows its text at 11 px.
WIDTH = 5.0

STYLE = {
    "font.size": 11,
    "text.color": INK,
    "figure.titlesize": 12,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": QUIET,
    "xtick.color": EDGE,
    "ytick.color": EDGE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.hashsalt": "twinhead",  # The same figure gives the same file.
    "svg.fonttype": "none",  # Text stays text: it is found, and takes the page's colours.
}

# One colour a head, of Okabe and Ito's, which colour-blind readers can tell apart. Softmax is
# wide and sigmoid narrow on top of it, so that "two lines, one place" shows in grey too.
SOFTMAX = ("#0072b2", "softmax")
SIGMOID = ("#d55e00", "sigmoid")
ISOMETRIC = ("#00805f", "isometric")

# Text is thinner than a line and needs more contrast.
TEXT = {SOFTMAX[0]: "#00639b", SIGMOID[0]: "#ad4c00", ISOMETRIC[0]: "#006b4f"}

# Where a log axis shows an exact zero; below anything that float64 losses can differ by.
FLOOR = 1e-17


def save(figure: Figure, target: Path | BinaryIO, kind: str) -> None:
    """Write a figure as png or svg; the same figure gives the same bytes.

    Resolution and SVG ids are style too, and Matplotlib looks them up only now.
    """
    with rc_context(STYLE):
        figure.savefig(target, format=kind, metadata={"Date": None} if kind == "svg" else None)


def finding(figure: Figure, text: str) -> None:
    """Give a figure its title: the finding, in a sentence computed from the run.

    On a page it is the picture's caption.
    """
    _title(figure, raised(text).replace("$", r"\$"))


def say_made_up(figure: Figure) -> None:
    """Say in a figure's title that its data are a surrogate: pictures travel without their page."""
    title = " ".join(figure.get_suptitle().split())
    if "surrogate" not in title.lower():
        _title(figure, f"{title} (surrogate data)" if title else "Surrogate data")


def _title(figure: Figure, text: str) -> None:
    lines = textwrap.wrap(text, int(10.4 * figure.get_figwidth()))
    figure.suptitle("\n".join(lines), x=0.02, ha="left")


def times(ratio: float) -> str:
    """Return a learning-rate ratio in words."""
    return {1.0: "the same rate", 2.0: "twice the rate"}.get(ratio, f"{ratio:g} times the rate")


def line(axes: Axes, y: ArrayLike, colour: str, **looks: Any) -> None:
    """Draw a value an epoch. Epoch 0 is a dot of its own: between it and 1 nothing was measured."""
    looks = {"marker": "o", "markersize": 4.5, "linewidth": 2, **looks}
    values = np.asarray(y)
    axes.plot(range(1, len(values)), values[1:], color=colour, **looks)
    axes.plot(0, values[0], color=colour, **{**looks, "linestyle": "", "label": None})


def label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], side: str = "right") -> None:
    """Write a name beside the end of each line, outside the axes, pushed apart where they meet.

    To be called when the axes have their limits.

    Args:
        ends: y, name and colour of each; y as in the data.
    """
    to_share = axes.transScale + axes.transLimits
    ends = sorted(ends)
    shares = [float(to_share.transform((axes.get_xlim()[0], y))[1]) for y, _, _ in ends]
    # Of a line of text, as a share of the axes' height: about as much as a layout leaves them.
    spec, figure = axes.get_subplotspec(), axes.get_figure(root=True)
    if spec is None or figure is None:
        raise ValueError("these axes are none of a figure's subplots")
    line_height = 0.19 * spec.get_gridspec().nrows / (0.72 * figure.get_figheight())
    for share, (_, name, colour) in zip(spread(shares, line_height), ends, strict=True):
        axes.annotate(
            raised(name),
            (1 if side == "right" else 0, share),
            xytext=(6 if side == "right" else -6, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="left" if side == "right" else "right",
            va="center",
            color=TEXT.get(colour, colour),
            fontsize=10,
            annotation_clip=False,
        )


def spread(places: Sequence[float], apart: float) -> list[float]:
    """Return ascending places with neighbours `apart`: what is crowded is spread about its mean."""
    crowds: list[list[float]] = []
    for place in places:
        crowds.append([place])
        while (
            len(crowds) > 1
            and _middle(crowds[-1]) - _middle(crowds[-2])
            < apart * (len(crowds[-1]) + len(crowds[-2])) / 2
        ):
            crowds[-2:] = [crowds[-2] + crowds[-1]]
    return [
        _middle(crowd) + apart * (i - (len(crowd) - 1) / 2)
        for crowd in crowds
        for i in range(len(crowd))
    ]


def _middle(crowd: Sequence[float]) -> float:
    return sum(crowd) / len(crowd)


def gap_axis(axes: Axes, highest: float) -> None:
    """Make y a log axis for gaps: decades to `highest` or 1, exact zeros on a line of their own."""
    axes.set_yscale("log")
    top = max(0, math.ceil(math.log10(highest))) if 0 < highest < math.inf else 0
    axes.set_ylim(FLOOR / 3, 3 * 10.0**top)
    powers = range(-16, top + 1, 4)
    labels = ["0", *(power_of_ten(power) for power in powers)]
    axes.set_yticks([FLOOR, *(10.0**power for power in powers)], labels)
    axes.yaxis.set_minor_locator(NullLocator())


def data_name(history: History) -> str:
    """Return the data's name for a title: a file may be called a$b, and $ starts a formula."""
    return str(history.data["name"]).replace("$", r"\$")


def epoch_axis(axes: Axes) -> None:
    axes.set_xlabel("epoch (0: before the first update)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def short(value: float) -> str:
    """Return a bar's label; a number with many zeros would cover its neighbour."""
    return f"{value:.2g}".replace("-", "−") if abs(value) > 5e-4 else "≈ 0"
