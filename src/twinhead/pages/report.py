"""A run on one page that opens without a network: answer first, then what it rests on."""

from collections.abc import Mapping, Sequence
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
            gaps=any(("validation", "loss_gap") in r.series for r in history.records.values()),
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
