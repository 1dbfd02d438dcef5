"""A measured run made readable: verdicts, answer, pictures, page. Reads history.h5 and no data."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from matplotlib.figure import Figure

from twinhead.pages import report, style
from twinhead.pages.explorer import lesson
from twinhead.pages.explorer import page as explorer
from twinhead.results import claim, history, published
from twinhead.runs import store
from twinhead.runs.experiment import Experiment
from twinhead.runs.processors import claims

DATA = ("name", "article", "train_rows", "validation_rows", "features", "made_up")


def write(experiment: Experiment, run: str, folder: Path) -> None:
    """Write everything that follows from a measured history.h5 into its run's folder.

    Args:
        run: the run's id; the folder is one that is written aside.
    """
    measured = history.load(folder / "history.h5")
    verdicts = claim.judge_all(claims(experiment, measured), measured)
    answer = experiment.answer(measured, verdicts)
    drawn = {name: draw(measured) for name, draw in experiment.figures.items()}
    figures = {name: figure for name, figure in drawn.items() if figure is not None}
    if measured.data.get("made_up"):
        for figure in figures.values():
            style.say_made_up(figure)
    about = {
        "experiment": experiment.name,
        "run": run,
        "title": experiment.title,
        "question": experiment.question,
        "answer": answer.sentence,
        "number": answer.number,
        "counts": claim.counts(verdicts),
        "data": {key: measured.data[key] for key in DATA if key in measured.data},
        "picture": f"figures/{next(iter(figures))}.svg" if figures else None,
        "differs": experiment.notes,
    }
    store.write_json(folder / "verdicts.json", [asdict(verdict) for verdict in verdicts])
    store.write_json(folder / "answer.json", about)
    (folder / "figures").mkdir(exist_ok=True)
    for name, figure in figures.items():
        save(figure, folder / "figures" / name)
    code = folder / report.CODE
    code.mkdir(exist_ok=True)
    for path in experiment.folder.glob("*.py"):
        shutil.copyfile(path, code / path.name)
    if (folder / "lesson.json").exists():
        taught = json.loads((folder / "lesson.json").read_text(encoding="utf-8"))
        if taught["format"] == lesson.FORMAT:  # Otherwise it is another version's.
            links = {"All runs": report.HOME, "This run": "report.html"}
            explored = explorer.page(taught, links)
            (folder / "explore.html").write_text(explored, encoding="utf-8")
    page = report.page(
        folder,
        about=about,
        history=measured,
        verdicts=verdicts,
        figures=figures,
        provenance=json.loads((folder / "provenance.json").read_text(encoding="utf-8")),
        printed=published.published(str(measured.data.get("article", ""))),
    )
    (folder / "report.html").write_text(page, encoding="utf-8")


def save(figure: Figure, stem: Path) -> None:
    for kind in ("png", "svg"):
        style.save(figure, stem.with_suffix(f".{kind}"), kind)
