"""A run on one page that opens without a network: answer first, then what it rests on."""

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from twinhead.pages import losses, pictures, strips, tables
from twinhead.pages.typeset import environment, power_of_ten, rich
from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, Verdict
from twinhead.results.history import History
from twinhead.results.published import Published
from twinhead.results.wording import number

# From a run's folder to the page over all runs.
HOME = "../../index.html"
CODE = "code"  # Folder of a run: the experiment's own files, as they were.


def page(
    folder: Path,
    *,
    about: Mapping[str, Any],
    history: History,
    verdicts: Sequence[Verdict],
    figures: Mapping[str, Figure],
    provenance: Mapping[str, Any],
    printed: Sequence[Published],
) -> str:
    """Return a run's page as HTML, pictures inside; the first figure stands beside the answer.

    Args:
        folder: the run's, with all its other files; the page links to them.
        about: what answer.json holds.
        printed: the article's numbers, to stand beside the measured ones; or nothing.
    """
    drawn = [pictures.picture(name, figure) for name, figure in figures.items()]
    links = {picture.name: _picture_links(picture.name) for picture in drawn}
    measured = {"configuration": "#configuration"}
    groups = strips.groups(verdicts)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            home=HOME,
            experiment=about["experiment"],
            run=about["run"],
            about=about,
            answer=answer(about["answer"], about["number"]),
            failing=[
                row for rows in groups.values() for row in rows if row.verdict.verdict == FAILS
            ],
            groups=groups,
            claims_heading=claims_heading(about["counts"]),
            claim_links={"verdicts.json": "verdicts.json", "code": f"{CODE}/claims.py", **measured},
            ticks=[(strips.place(10.0**power), power_of_ten(power)) for power in strips.TICKS],
            hero=drawn[0] if drawn else None,
            hero_links=links[drawn[0].name] if drawn else {},
            pictures=drawn[1:],
            picture_links=links,
            tables=[
                tables.table(name, frame, {f"{name}.csv": f"{name}.csv", **measured})
                for name, frame in history.tables.items()
            ],
            losses=losses.tables(history, printed),
            config=(folder / "config.yaml").read_text(encoding="utf-8"),
            provenance=provenance,
            files=_files(folder),
        )
    )


def answer(sentence: str, value: float | None) -> Markup:
    """Return the answer with the number it rests on in bold."""
    told = rich(sentence)
    bold = rich(number(value)) if value is not None else ""
    return Markup(told.replace(bold, Markup(f"<b>{bold}</b>"), 1)) if bold else told


def claims_heading(counts: Mapping[str, int]) -> str:
    """Return what came of the claims in a few words."""
    holds, fails, untested = (counts[verdict] for verdict in (HOLDS, FAILS, NOT_TESTED))
    tested = holds + fails
    if not tested:
        return f"None of {untested} claims could be tested here"
    told = f"{fails} of {tested} claims fail{'s' * (fails == 1)}"
    if not fails:
        told = f"All {tested} claims hold" if tested > 1 else "The claim holds"
    return f"{told}; {untested} could not be tested here" if untested else told


def _picture_links(name: str) -> dict[str, str]:
    return {
        "SVG": f"figures/{name}.svg",
        "PNG": f"figures/{name}.png",
        "data": "history.csv",
        "code": f"{CODE}/figures.py",
        "configuration": "#configuration",
    }


def _files(folder: Path) -> dict[str, int]:
    """Return name -> bytes of the run's files that are there; the page itself is left out."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "report.html"
    }


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
        environment()
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
