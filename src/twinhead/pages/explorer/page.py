"""The explorer as one HTML file: a lesson, the trainer and what draws it."""

import base64
from collections.abc import Mapping
from typing import Any

from twinhead.pages.typeset import environment


def page(lesson: Mapping[str, Any], links: Mapping[str, str]) -> str:
    """Return the page as HTML.

    Args:
        links: what stands above the title, name -> address.
    """

    def rows(part: str) -> int:
        return len(base64.b64decode(lesson["cuts"][0][part]["y"]))

    return (
        environment()
        .get_template("explorer.html.j2")
        .render(
            lesson=lesson,
            links=links,
            rows=rows("trained"),
            held=rows("held"),
            decays=[(f"{decay:g}", f"{decay:g}") for decay in lesson["decays"]],
            seeds=[(each["seed"], each["seed"]) for each in lesson["starts"]],
        )
    )
