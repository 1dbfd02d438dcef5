"""Verdicts, figures and provenance on one page that opens without a network."""

import base64
import io
import json
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from twinhead.claims import Published, Verdict, number
from twinhead.figures import save
from twinhead.history import History, Row


def page(
    *,
    title: str,
    history: History,
    verdicts: list[Verdict],
    figures: dict[str, Figure],
    config: str,
    provenance: dict,
    printed: list[Published],
    notes: Sequence[str],
    rows: list[Row],
) -> str:
    """Return the page as HTML, pictures inside.

    Args:
        printed: the article's numbers, to stand beside the measured ones; or nothing.
        notes: what differs from the article and why, a sentence each.
        rows: the run summed up.
    """
    environment = Environment(
        loader=PackageLoader("twinhead", "."), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["number"] = number
    return environment.get_template("report.html.j2").render(
        title=title,
        history=history,
        verdicts=verdicts,
        figures={name: _data_uri(figure) for name, figure in figures.items()},
        config=config,
        provenance=json.dumps(provenance, indent=2),
        printed={(p.arm, p.split, p.metric, p.epoch): p.printed for p in printed if p.arm},
        notes=notes,
        rows=rows,
    )


def _data_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    save(figure, buffer, "svg")
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
