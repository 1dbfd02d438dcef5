"""All runs on one page, newest first: what was asked, what came out, and where it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinhead.pages.typeset import environment


@dataclass(frozen=True)
class Card:
    """A run as the page over all runs shows it.

    Attributes:
        address: of its page, seen from the folder of all outputs.
        picture: address of its first picture, or None.
        latest: whether it is the newest finished one of its experiment.
    """

    about: dict[str, Any]
    started: str
    seconds: float
    address: str
    picture: str | None
    latest: bool


@dataclass(frozen=True)
class Other:
    """A page over several runs: a sweep, an article."""

    title: str
    address: str


def page(cards: Sequence[Card], others: Sequence[Other]) -> str:
    """Return the page as HTML; its pictures are the runs' own files.

    Args:
        cards: newest first.
    """
    fails = sum(bool(card.about["counts"]["fails"]) for card in cards)
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            home="index.html",
            cards=cards,
            others=others,
            fails=fails,
            experiments=sorted({card.about["experiment"] for card in cards}),
            data=sorted({card.about["data"]["name"] for card in cards}),
        )
    )
