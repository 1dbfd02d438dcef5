"""One page over the runs of several experiments: what they say about each article."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from twinhead.pages.report import Findings, articles_page
from twinhead.results.history import load
from twinhead.runs import store
from twinhead.runs.execute import Run


def write(articles: Mapping[str, str], runs: Sequence[Run]) -> Path:
    """Write the page from finished runs' folders, a section an article; return its path.

    Args:
        articles: number -> title.
    """
    outputs = runs[0].folder.parents[1]
    page = articles_page("The articles, measured", articles, [_findings(run) for run in runs])
    with store.published_whole(outputs, "articles") as aside:
        (aside / "articles.html").write_text(page, encoding="utf-8")
    return outputs / "articles" / "articles.html"


def _findings(run: Run) -> Findings:
    """Return what a finished run's folder says; its experiment lends the words."""
    summary = load(run.folder / "history.h5").tables.get("summary")
    return Findings(
        name=run.experiment.name,
        title=run.experiment.title,
        notes=run.experiment.notes,
        illustrates=run.experiment.illustrates,
        id=run.folder.name,
        verdicts=json.loads((run.folder / "verdicts.json").read_text(encoding="utf-8")),
        rows=[] if summary is None else summary.to_dict("records"),
        about=json.loads((run.folder / "provenance.json").read_text(encoding="utf-8")),
        figures={path.stem: path.read_bytes() for path in sorted(run.folder.glob("figures/*.svg"))},
    )
