"""Pages over the runs of several experiments: what they say about each article."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinhead.pages import articles
from twinhead.results.claim import ControlVerdict, Verdict
from twinhead.results.history import load
from twinhead.runs import console, index, store
from twinhead.runs.execute import Run


def write(titles: Mapping[str, str], runs: Sequence[Run]) -> Path:
    """Write a page an article and one over all, from finished runs' folders; return the latter.

    Args:
        titles: an article's number -> its title.
    """
    outputs = runs[0].folder.parents[1]
    findings = [_findings(run) for run in runs]
    found = articles.gather(titles, findings)
    with store.published_whole(outputs, "articles") as aside:
        for article in found:
            page = articles.page(article, found)
            (aside / f"{article.number}.html").write_text(page, encoding="utf-8")
        overview = articles.overview(found, findings)
        (aside / articles.OVERVIEW).write_text(overview, encoding="utf-8")
        about = {"title": "The articles, measured", "page": articles.OVERVIEW}
        store.write_json(aside / "page.json", about)
    index.write(outputs)
    console.say(f"\n{articles.QUESTION}\n{articles.answer(found)}")
    return outputs / "articles" / articles.OVERVIEW


def _findings(run: Run) -> articles.Findings:
    """Return what a finished run's folder says; its experiment lends the words."""
    summary = load(store.intact(run.folder, "history.h5")).tables.get("summary")
    verdicts = json.loads((run.folder / "verdicts.json").read_text(encoding="utf-8"))
    return articles.Findings(
        name=run.experiment.name,
        title=run.experiment.title,
        notes=run.experiment.notes,
        illustrates=run.experiment.illustrates,
        id=run.folder.name,
        verdicts=[_verdict(each) for each in verdicts],
        rows=[] if summary is None else summary.to_dict("records"),
        figures={
            path.stem: path.read_text(encoding="utf-8")
            for path in sorted(run.folder.glob("figures/*.svg"))
        },
    )


def _verdict(read: Mapping[str, Any]) -> Verdict:
    """Return a verdict of verdicts.json, where infinity and NaN are texts."""

    def number(value: float | str | None) -> float | None:
        return None if value is None else float(value)

    control = read["control"]
    return Verdict(
        **{
            **read,
            "measured": number(read["measured"]),
            "expected": float(read["expected"]),
            "control": ControlVerdict(**{**control, "measured": number(control["measured"])}),
        }
    )
