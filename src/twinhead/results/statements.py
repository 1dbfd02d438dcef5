"""What the articles state, in our own words, and which claims judge it."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Statement:
    """A sentence of an article.

    Attributes:
        number: counted from 1 in its article.
        claims: that judge it, such as "equivalence:2a"; or none.
        why_not: why none does; or nothing.
    """

    article: str
    number: int
    statement: str
    claims: tuple[str, ...]
    why_not: str


def statements(article: str = "") -> list[Statement]:
    """Return the statements of one article, or of all, from statements.csv beside this file."""
    with Path(__file__).with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        return [
            Statement(
                row["article"],
                int(row["number"]),
                row["statement"],
                tuple(row["claims"].split()),
                row["why_not"],
            )
            for row in csv.DictReader(file)
            if article in ("", row["article"])
        ]


def counted() -> dict[str, tuple[int, int]]:
    """Return article -> how many of its statements are judged, and how many are not."""
    found: dict[str, tuple[int, int]] = {}
    for each in statements():
        judged, untested = found.get(each.article, (0, 0))
        found[each.article] = (judged + bool(each.claims), untested + (not each.claims))
    return found
