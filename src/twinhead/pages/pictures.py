"""Figures as part of a page: SVG in the text, in the page's colours, with words for who sees none.

Matplotlib writes the colours of `style` as numbers; on a page each becomes the variable of the
style sheet that has its name, so that a picture follows the reader's choice of light or dark.
"""

import io
import re
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from twinhead.pages import style
from twinhead.pages.typeset import short

# A colour of pictures -> its variable in style.css.
VARIABLES = {
    style.SOFTMAX[0]: "softmax",
    style.SIGMOID[0]: "sigmoid",
    style.ISOMETRIC[0]: "isometric",
    style.TEXT[style.SOFTMAX[0]]: "softmax-text",
    style.TEXT[style.SIGMOID[0]]: "sigmoid-text",
    style.TEXT[style.ISOMETRIC[0]]: "isometric-text",
    style.INK: "ink",
    style.QUIET: "quiet",
    style.RULE: "rule",
    style.BAND: "band",
    style.EDGE: "edge",
    "#ffffff": "paper",
    "#000000": "ink",
}
SAID = 12  # Lines and bars that a picture's words go through one by one.


@dataclass(frozen=True)
class Picture:
    """A figure on a page.

    Attributes:
        finding: what it shows, in a sentence: the figure's title.
        words: what is seen, for readers who do not see it.
        width: in CSS pixels, as drawn; a wide one takes the page's whole width.
    """

    name: str
    finding: str
    words: str
    svg: Markup
    width: float


def picture(name: str, figure: Figure) -> Picture:
    """Return the figure for a page; its title is text there, and left out of the drawing."""
    finding = _finding(figure) or name.replace("_", " ")
    titles = [text for text in figure.texts if text.get_text() == figure.get_suptitle()]
    for title in titles:
        title.set_visible(False)
        title.set_in_layout(False)
    buffer = io.BytesIO()
    style.save(figure, buffer, "svg")
    for title in titles:
        title.set_visible(True)
        title.set_in_layout(True)
    width = 96 * figure.get_size_inches()[0]
    svg = inline(buffer.getvalue().decode(), name)
    return Picture(name, finding, words(figure), Markup(svg), width)


def _finding(figure: Figure) -> str:
    title = figure.get_suptitle() or "; ".join(
        axes.get_title(where)
        for axes in figure.axes
        for where in ("left", "center")
        if axes.get_title(where)
    )
    return re.sub(r"[ \n]+", " ", title.replace(r"\$", "$")).strip()


def inline(svg: str, name: str) -> str:
    """Return Matplotlib's file as an element of a page: colours as variables, names unique."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', svg))
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    for colour, variable in VARIABLES.items():
        svg = re.sub(colour, f"var(--{variable})", svg, flags=re.IGNORECASE)
    # Its size is the style sheet's; the viewBox stays.
    return re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)


def words(figure: Figure) -> str:
    """Return what is drawn in words: axes, and where each named line starts and ends."""
    return " ".join(filter(None, (_axes_words(axes) for axes in figure.axes)))


def _axes_words(axes: Axes) -> str:
    title = axes.get_title("left") or axes.get_title()
    y, x = axes.get_ylabel(), axes.get_xlabel()
    about = f"{y} against {x}" if x and y else y or x
    scale = ", log scale" if axes.get_yscale() == "log" else ""
    drawn = []
    for line in axes.get_lines():
        name, values = str(line.get_label()), np.asarray(line.get_ydata(), dtype=float)
        if name.startswith("_") or len(values) == 0:
            continue
        first, last = values[0], values[-1]
        drawn.append(f"{name}: {short(first)}" + (f" to {short(last)}" if len(values) > 1 else ""))
    for bars in axes.containers:
        name = str(bars.get_label())
        if not name.startswith("_"):
            drawn.append(name)
    more = [f"and {len(drawn) - SAID} more"] if len(drawn) > SAID else []
    parts = [title, about + scale if about else "", "; ".join([*drawn[:SAID], *more])]
    said = ". ".join(re.sub(r"\s+", " ", part) for part in parts if part)
    return said and said + "."
