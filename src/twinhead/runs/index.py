"""outputs/index.html: written anew after every run, from what the finished runs say themselves."""

import json
from pathlib import Path

from twinhead.disk import whole
from twinhead.pages import index


def write(outputs: Path) -> Path:
    """Write the page over all finished runs of a folder; return its path."""
    cards = [card for path in outputs.glob("*/*/answer.json") if (card := _card(path.parent))]
    cards.sort(key=lambda card: card.started, reverse=True)
    page = index.page(cards, _others(outputs))
    path = outputs / "index.html"
    whole.write(path, page)  # Another run may write the same page now.
    return path


def _card(folder: Path) -> index.Card | None:
    """Return what a run's folder says of it; None where it is no whole run of this version."""
    # `latest` is one of the others, and what begins with a dot is being written.
    if folder.name == "latest" or folder.name.startswith("."):
        return None
    try:
        about = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        provenance = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        place = f"{folder.parent.name}/{folder.name}"
        return index.Card(
            about=about,
            started=provenance["started"],
            seconds=provenance["seconds"],
            address=f"{place}/report.html",
            picture=f"{place}/{about['picture']}" if about["picture"] else None,
            latest=(folder.parent / "latest").resolve() == folder.resolve(),
        )
    except (OSError, ValueError, KeyError):
        return None


def _others(outputs: Path) -> list[index.Other]:
    """Return the pages over several runs, which a page.json beside them names; newest first."""
    found = []
    for path in (*outputs.glob("*/page.json"), *outputs.glob("*/*/page.json")):
        place = path.parent.relative_to(outputs)
        if any(part.startswith(".") for part in place.parts):
            continue
        try:
            about = json.loads(path.read_text(encoding="utf-8"))
            other = index.Other(about["title"], f"{place.as_posix()}/{about['page']}")
            found.append((path.stat().st_mtime, other))
        except (OSError, ValueError, KeyError):
            continue  # As with a run: another version's, or damaged.
    return [other for _, other in sorted(found, key=lambda each: each[0], reverse=True)]
