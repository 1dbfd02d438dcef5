"""What went in and what came out: images with their labels, near and far pairs, two components."""

import base64
import io

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import imread

from twinhead.pages.style import STYLE, data_name
from twinhead.results.history import History

# Okabe and Ito's, and marks for those who see no colours; classes after the last begin again.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = "o^svDPX"
COLUMNS = 6


def contact_sheet(history: History) -> Figure:
    """Draw some images as the network saw them, each with its name and class."""
    shown = history.tables["shown"]
    shown = shown[shown["kind"] == "sheet"]
    rows = -(-len(shown) // COLUMNS)
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 1.75 * rows + 0.7), layout="constrained")
        grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        counts = history.tables["classes"]
        said = ", ".join(
            f"{images} {word}"
            for word, images in zip(counts["class"], counts["images"], strict=True)
        )
        title = f"{history.data['rows']} images became {history.data['features']} features each"
        figure.suptitle(f"{title}\n{said if len(counts) < 8 else f'{len(counts)} classes'}")
        for axes, (_, row) in zip(grid, shown.iterrows(), strict=False):
            _picture(axes, row["thumbnail"])
            axes.set_title(f"{row['class']}\n{_short(row['name'])}", fontsize=8)
        for axes in grid[len(shown) :]:
            axes.set_axis_off()
    return figure


def pairs(history: History) -> Figure:
    """Draw the nearest and the farthest pairs by cosine: a look for whoever doubts the features."""
    shown = history.tables["shown"]
    kinds = {kind: shown[shown["kind"] == kind] for kind in ("near", "far")}
    columns = max(len(each) // 2 for each in kinds.values())
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 3.5), layout="constrained")
        grid = figure.subplots(2, 2 * columns, squeeze=False)
        near, far = (each["cosine"] for each in kinds.values())
        figure.suptitle(
            f"Nearest pairs (first row) have cosines up to {near.max():.3f}, "
            f"farthest (second row) down to {far.min():.3f}"
        )
        for line, each in zip(grid, kinds.values(), strict=True):
            for k, (axes, (_, row)) in enumerate(zip(line, each.iterrows(), strict=False)):
                _picture(axes, row["thumbnail"])
                above = f"cosine {row['cosine']:.3f}" if k % 2 == 0 else ""
                axes.set_title(f"{above}\n{row['class']}\n{_short(row['name'])}", fontsize=8)
            for axes in line[len(each) :]:
                axes.set_axis_off()
    return figure


def components(history: History) -> Figure:
    """Draw the first two principal components of a sample of rows, coloured by class."""
    table = history.tables["components"]
    words = list(history.tables["classes"]["class"])
    share = history.numbers["variance of two components"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5.4), layout="constrained")
        axes = figure.subplots()
        for k, word in enumerate(words):
            own = table[table["class"] == word]
            axes.plot(
                own["first"],
                own["second"],
                MARKS[k % len(MARKS)],
                color=COLOURS[k % len(COLOURS)],
                markersize=4,
                alpha=0.6,
                label=f"{word} ({len(own)})",
            )
        if len(words) <= 12:
            axes.legend(loc="best")
        axes.set_title(
            f"Two components hold {100 * share:.0f} % of the variance of {data_name(history)};\n"
            f"{100 * _nearer_to_own(table):.0f} % of the images lie nearest to the middle of "
            "their class"
        )
        axes.set_xlabel("first component")
        axes.set_ylabel("second component")
    return figure


def speed(history: History) -> Figure:
    """Draw images a second: the network alone on ready arrays, decoding alone, and both at once."""
    ways = ("network alone", "pipeline", "decoding alone")
    rates = [history.numbers[f"images a second, {way}"] for way in ways]
    share = history.numbers["pipeline over network alone"]
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 2.4), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(ways, rates, color=("#0072B2", "#D55E00", "#999999"))
        axes.bar_label(bars, fmt="%.3g", padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("images a second")
        axes.set_title(f"Decoding and network at once reach {share:.2f} of the network alone")
    return figure


def _nearer_to_own(table) -> float:
    """Return the share of rows whose class has the nearest mean, in these two components."""
    points = table[["first", "second"]].to_numpy()
    means = table.groupby("class")[["first", "second"]].mean()
    apart = np.linalg.norm(points[:, None] - means.to_numpy()[None], axis=2)
    return float((means.index.to_numpy()[apart.argmin(axis=1)] == table["class"]).mean())


def _picture(axes: Axes, thumbnail: str) -> None:
    axes.imshow(
        imread(io.BytesIO(base64.b64decode(thumbnail)), format="jpeg"), interpolation="none"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)


def _short(name: str) -> str:
    name = name.rpartition("/")[2].replace("$", r"\$")
    return name if len(name) <= 16 else f"{name[:7]}…{name[-8:]}"
