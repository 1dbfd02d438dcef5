"""A page an article, and one over all: what it states and prints, and what came out.

What does not come out comes first; a number that an article prints wrong is an erratum.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from twinhead.pages import pictures, strips
from twinhead.pages.typeset import environment, power_of_ten
from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, Verdict, counts
from twinhead.results.published import published
from twinhead.results.statements import statements
from twinhead.results.wording import count

HOME = "../index.html"
QUESTION = "Does what the articles state and print come out when it is measured?"
OVERVIEW = "articles.html"


@dataclass(frozen=True)
class Findings:
    """What one finished run says about the articles.

    Attributes:
        name, title, notes: the experiment's.
        illustrates: a picture's name -> the article it belongs to; without an entry it goes to the
            one that most of the verdicts are about.
        id: of the run.
        verdicts: all of the run's.
        rows: of its summary; those that stand beside a print have article, place, quantity,
            printed, measured, tolerance, verdict and remark.
        figures: name -> SVG.
    """

    name: str
    title: str
    notes: Sequence[str]
    illustrates: Mapping[str, str]
    id: str
    verdicts: Sequence[Verdict]
    rows: Sequence[Mapping[str, Any]]
    figures: Mapping[str, str]

    @property
    def folder(self) -> str:
        """Where the run lies, seen from an article's page."""
        return f"../{self.name}/{self.id}"


@dataclass(frozen=True)
class Part:
    """What one run says about one article; `others` counts prints that nobody here can measure."""

    found: Findings
    groups: Mapping[str, list[strips.Row]]
    rows: list[Mapping[str, Any]]
    others: int
    drawings: Mapping[str, Markup]
    notes: list[str]


@dataclass(frozen=True)
class Article:
    """All that runs say about one article.

    Attributes:
        errata: rows of what it prints wrong, with why; they fail because it is the print that is
            wrong.
        misses: rows that fail and are no known erratum.
    """

    number: str
    title: str
    parts: list[Part]
    counts: Mapping[str, int]
    errata: list[Mapping[str, Any]]
    misses: list[Mapping[str, Any]]

    @property
    def printed(self) -> int:
        return sum(len(part.rows) for part in self.parts)

    @property
    def failing(self) -> list[tuple[Part, strips.Row]]:
        return [
            (part, row)
            for part in self.parts
            for rows in part.groups.values()
            for row in rows
            if row.verdict.verdict == FAILS
        ]

    @property
    def answer(self) -> str:
        """Say in one sentence what came of it."""
        tested = self.counts[HOLDS] + self.counts[FAILS]
        claims = "no claim of it could be tested"
        if tested:
            claims = f"{self.counts[HOLDS]} of {tested} claims about it hold"
        prints = "it prints no number that is measured here"
        if self.printed:
            again = self.printed - len(self.errata) - len(self.misses)
            prints = f"{again} of {self.printed} results that it prints come out again"
        return f"{claims[0].upper()}{claims[1:]}; {prints}."


def mentioned(text: str) -> set[str]:
    """Return the articles that a source or a note names, such as 003; 0.001 names none."""
    return set(re.findall(r"(?<![\d.])00\d(?![\d.]\d|\d)", text))


def gather(titles: Mapping[str, str], findings: Sequence[Findings]) -> list[Article]:
    """Return what the runs say, by article.

    Args:
        titles: number -> title; nothing that is about other articles is kept.
    """
    homes = {found.name: _homes(found, titles) for found in findings}
    return [_article(number, title, findings, homes) for number, title in titles.items()]


def answer(articles: Sequence[Article]) -> str:
    """Say in one sentence whether what all of them state and print comes out."""
    failing = sum(article.counts[FAILS] for article in articles)
    missing = sum(len(article.misses) for article in articles)
    if failing or missing:
        return (
            f"Not all: {count(failing, 'claim')} of theirs {'fails' if failing == 1 else 'fail'}, "
            f"{count(missing, 'printed result')} {'does' if missing == 1 else 'do'} not come out."
        )
    errata = sum(len(article.errata) for article in articles)
    return f"Yes, but for {count(errata, 'number')} that they print wrong."


def page(article: Article, articles: Sequence[Article]) -> str:
    """Return an article's page as HTML, with links to those of the others."""
    return (
        environment()
        .get_template("article.html.j2")
        .render(
            home=HOME,
            article=article,
            articles=articles,
            overview=OVERVIEW,
            statements=statements(article.number),
            ticks=[(strips.place(10.0**power), power_of_ten(power)) for power in strips.TICKS],
        )
    )


def overview(articles: Sequence[Article], findings: Sequence[Findings]) -> str:
    """Return the page over all articles as HTML."""
    return (
        environment()
        .get_template("articles.html.j2")
        .render(
            home=HOME,
            articles=articles,
            findings=findings,
            question=QUESTION,
            answer=answer(articles),
            errata=count(sum(len(article.errata) for article in articles), "number"),
        )
    )


def _article(
    number: str,
    title: str,
    findings: Sequence[Findings],
    homes: Mapping[str, Mapping[str, str]],
) -> Article:
    parts = [
        part for found in findings if (part := _part(number, found, homes[found.name])) is not None
    ]
    known = {each.quantity: each.erratum for each in published(number) if each.erratum}
    fails = [row for part in parts for row in part.rows if row["verdict"] == FAILS]
    return Article(
        number=number,
        title=title,
        parts=parts,
        counts=counts(row.verdict for p in parts for rows in p.groups.values() for row in rows),
        errata=[row for row in fails if row["quantity"] in known],
        misses=[row for row in fails if row["quantity"] not in known],
    )


def _homes(found: Findings, titles: Mapping[str, str]) -> dict[str, str]:
    """Return the article that each picture of a run is shown under: one, for pictures are large."""
    named = Counter(
        article
        for verdict in found.verdicts
        for article in sorted(mentioned(verdict.source))
        if article in titles
    )
    usual = named.most_common(1)[0][0] if named else next(iter(titles))
    return {name: found.illustrates.get(name, usual) for name in found.figures}


def _part(article: str, found: Findings, homes: Mapping[str, str]) -> Part | None:
    """Return what a run says about one article, or None if that is nothing."""
    verdicts = [each for each in found.verdicts if article in mentioned(each.source)]
    rows = [row for row in found.rows if row.get("article") == article]
    tested = [row for row in rows if row["verdict"] != NOT_TESTED]
    own = [name for name, home in homes.items() if home == article]
    if not (verdicts or tested or own):
        return None
    return Part(
        found=found,
        groups=strips.groups(verdicts),
        rows=tested,
        others=len(rows) - len(tested),
        drawings={
            name: Markup(pictures.inline(found.figures[name], f"{found.name}-{name}"))
            for name in own
        },
        notes=[note for note in found.notes if article in mentioned(note)],
    )
