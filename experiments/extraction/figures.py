"""What went in and what came out: images with their labels, near and far pairs, two components."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhead.pages.style import EDGE, QUIET, STYLE, WIDTH, finding
from twinhead.results.history import History

# Okabe and Ito's, and marks for those who see no colours; classes after the last begin again.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = "o^svDPX"
COLUMNS = 4


def contact_sheet(history: History) -> Figure:
    """Draw some images as the network saw them, each with its name and class."""
    shown = _shown(history, "sheet")
    lines = -(-len(shown) // COLUMNS)
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 1.6 * lines + 0.6), layout="constrained")
        grid = figure.subplots(lines, COLUMNS, squeeze=False).ravel()
        classes = history.tables["classes"]
        said = ", ".join(f"{row['images']} {row['class']}" for _, row in classes.iterrows())
        of = said if len(classes) < 6 else f"{len(classes)} classes"
        finding(
            figure,
            f"{history.data['rows']} images ({of}) became {history.data['features']} features each",
        )
        _pictures(grid, shown)
    return figure


def pairs(history: History) -> Figure:
    """Draw the nearest and the farthest pairs by cosine: a look for whoever doubts the features."""
    near, far = _shown(history, "near"), _shown(history, "far")
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 0.8 * len(near) + 0.9), layout="constrained")
        grid = figure.subplots(len(near) // 2, 4, squeeze=False)
        finding(
            figure,
            f"The nearest pairs (left) have cosines up to {near['cosine'].max():.3f}, the "
            f"farthest (right) down to {far['cosine'].min():.3f}",
        )
        for columns, each in ((grid[:, :2], near), (grid[:, 2:], far)):
            _pictures(columns.ravel(), each)
            for axes, (_, row) in zip(columns[:, 0], each[::2].iterrows(), strict=False):
                axes.set_ylabel(f"{row['cosine']:.3f}", fontsize=9)
    return figure


def components(history: History) -> Figure:
    """Draw the first two principal components of a sample of rows, coloured by class."""
    table = history.tables["components"]
    share = history.numbers["variance of two components"]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
        axes = figure.subplots()
        words = list(history.tables["classes"]["class"])
        for k, word in enumerate(words):
            own = table[table["class"] == word]
            axes.plot(
                own["first"],
                own["second"],
                MARKS[k % len(MARKS)],
                color=COLOURS[k % len(COLOURS)],
                markersize=4,
                alpha=0.6,
                label=f"{word} ({len(own)})".replace("$", r"\$"),
            )
        if len(words) <= 12:
            axes.legend(loc="best")
        finding(
            figure,
            f"{100 * _nearest_to_own(table):.0f} % of {len(table)} images lie nearest to the "
            "middle of their own class in the first two components, which hold "
            f"{100 * share:.0f} % of the variance",
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
        figure = Figure(figsize=(WIDTH, 2.2), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh(ways, rates, color=(QUIET, COLOURS[0], EDGE))
        axes.bar_label(bars, fmt="%.3g", padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set_xlabel("images a second")
        finding(
            figure,
            f"Decoding while the network works, the pipeline reaches {share:.2f} of the network "
            "alone on arrays that are ready",
        )
    return figure


def _shown(history: History, kind: str) -> pd.DataFrame:
    """Return the pictures of a kind, with their pixels."""
    table = history.tables["shown"]
    table = table.assign(pixels=list(history.images["shown"]))
    return table[table["kind"] == kind]


def _nearest_to_own(table: pd.DataFrame) -> float:
    """Return the share of rows whose own class has the nearest mean, in these two components."""
    points = table[["first", "second"]].to_numpy()
    means = table.groupby("class")[["first", "second"]].mean()
    apart = np.linalg.norm(points[:, None] - means.to_numpy()[None], axis=2)
    return float((means.index.to_numpy()[apart.argmin(axis=1)] == table["class"]).mean())


def _pictures(grid: np.ndarray, shown: pd.DataFrame) -> None:
    for axes, (_, row) in zip(grid, shown.iterrows(), strict=False):
        _picture(axes, row)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()


def _picture(axes: Axes, row: pd.Series) -> None:
    axes.imshow(row["pixels"], interpolation="none")  # Or an SVG holds more pixels than there are.
    axes.set_title(f"{_short(row['class'])}\n{_short(row['name'])}", fontsize=8, loc="center")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)


def _short(name: str) -> str:
    name = name.rpartition("/")[2].replace("$", r"\$")
    return name if len(name) <= 16 else f"{name[:7]}…{name[-8:]}"
