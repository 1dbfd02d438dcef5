"""Verdicts, figures and provenance on one page that opens without a network."""

import base64
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from twinhead.pages.style import save
from twinhead.results.claim import NOT_TESTED, Verdict
from twinhead.results.history import History
from twinhead.results.published import Published
from twinhead.results.wording import number


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
) -> str:
    """Return the page as HTML, pictures inside.

    Args:
        printed: the article's numbers, to stand beside the measured ones; or nothing.
        notes: what differs from the article and why, a sentence each.
    """
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            history=history,
            verdicts=verdicts,
            figures={name: _data_uri(_svg(figure)) for name, figure in figures.items()},
            config=config,
            provenance=json.dumps(provenance, indent=2),
            printed={(p.arm, p.split, p.metric, p.epoch): p.printed for p in printed if p.arm},
            notes=notes,
            rows=history.tables["summary"].to_dict("records")
            if "summary" in history.tables
            else [],
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("twinhead.pages"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["number"] = number
    environment.filters["digits"] = lambda text: f"{float(text):.10g}"
    return environment


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    save(figure, buffer, "svg")
    return buffer.getvalue()


def _data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode()


@dataclass(frozen=True)
class Findings:
    """What one finished run says about the articles.

    Attributes:
        name, title, notes: the experiment's.
        illustrates: a picture's name -> the article it belongs to; without an entry it goes to the
            one that most of the verdicts are about.
        id: of the run.
        verdicts, rows, about: what verdicts.json, summary.csv and provenance.json hold.
        figures: name -> SVG.
    """

    name: str
    title: str
    notes: Sequence[str]
    illustrates: Mapping[str, str]
    id: str
    verdicts: list[dict]
    rows: list[dict[str, str]]
    about: dict
    figures: dict[str, bytes]


@dataclass(frozen=True)
class _Part:
    """One experiment's share of one article's section; `elsewhere` names its other pictures."""

    name: str
    title: str
    verdicts: list[dict]
    rows: list[dict[str, str]]
    others: int
    figures: dict[str, str]
    elsewhere: list[str]
    notes: list[str]


@dataclass(frozen=True)
class _Section:
    article: str
    title: str
    parts: list[_Part]

    def count(self, verdict: str) -> int:
        return sum(each["verdict"] == verdict for part in self.parts for each in part.verdicts)

    def printed(self, verdict: str) -> int:
        return sum(row["verdict"] == verdict for part in self.parts for row in part.rows)


def mentioned(text: str) -> set[str]:
    """Return the articles that a source or a note names, such as 003; 0.001 names none."""
    return set(re.findall(r"(?<![\d.])00\d(?![\d.]\d|\d)", text))


def articles_page(title: str, articles: Mapping[str, str], findings: Sequence[Findings]) -> str:
    """Return one page with a section for each article, from what several runs say about it.

    Args:
        articles: number -> title; nothing that is about others is shown.
    """
    homes = {found.name: _homes(found, articles) for found in findings}
    sections = [
        _Section(
            article,
            heading,
            [
                part
                for found in findings
                if (part := _part(article, found, homes[found.name])) is not None
            ],
        )
        for article, heading in articles.items()
    ]
    return (
        _environment()
        .get_template("articles.html.j2")
        .render(title=title, sections=sections, runs=findings)
    )


def _homes(found: Findings, articles: Mapping[str, str]) -> dict[str, str]:
    """Return the article that each picture of a run is shown under: one, for pictures are large."""
    named = Counter(
        article
        for verdict in found.verdicts
        for article in sorted(mentioned(verdict["source"]))
        if article in articles
    )
    usual = named.most_common(1)[0][0] if named else next(iter(articles))
    return {name: found.illustrates.get(name, usual) for name in found.figures}


def _part(article: str, found: Findings, homes: Mapping[str, str]) -> _Part | None:
    """Return what a run says about one article, or None if that is nothing."""
    verdicts = [each for each in found.verdicts if article in mentioned(each["source"])]
    rows = [row for row in found.rows if row.get("article") == article]
    tested = [row for row in rows if row["verdict"] != NOT_TESTED]
    own = [name for name, home in homes.items() if home == article]
    if not (verdicts or tested or own):
        return None
    return _Part(
        name=found.name,
        title=found.title,
        verdicts=verdicts,
        rows=tested,
        others=len(rows) - len(tested),
        figures={name: _data_uri(found.figures[name]) for name in own},
        elsewhere=[name for name in homes if name not in own],
        notes=[note for note in found.notes if article in mentioned(note)],
    )
