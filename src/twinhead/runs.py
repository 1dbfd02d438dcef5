"""A run's folder: find a finished one, or write a new one aside and publish it whole.

outputs/<experiment>/<run id> exists only with everything in it: a run that was killed leaves at
most a hidden `.partial-…` folder, which nobody reads and a later run clears away.
"""

import csv
import hashlib
import json
import logging
import math
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from twinhead import claims, config, data, history, provenance
from twinhead.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from twinhead import report

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).parent
# What decides the numbers, and what only decides how they are judged and shown.
MEASURING = (
    *("config.py", "data.py", "surrogate.py", "noise.py", "matching.py", "history.py"),
    *("backend.py", "heads.py", "article.py", "bank.py"),
)
PRESENTING = (
    *("runs.py", "claims.py", "published.csv", "figures/__init__.py"),
    *("report.py", "report.html.j2", "macros.html.j2"),
)


@dataclass(frozen=True)
class Experiment:
    """One question: the stem of its files and folders, and the three functions it is made of.

    Attributes:
        export: writes files of its own into the run's folder, right after measuring.
        draw_sweep: pictures of all jobs of a multirun.
        table: rows that sum the run up, for the terminal and summary.csv.
        notes: what differs from the article and why.
        illustrates: which article a picture belongs to, where the experiment answers for several.
    """

    name: str
    title: str
    measure: Callable[[Any], history.History]
    judge: Callable[[history.History], list[claims.Verdict]]
    draw: Callable[[history.History], dict[str, "Figure"]]
    export: Callable[[Any, history.History, Path], None] | None = None
    draw_sweep: Callable[[list[history.History]], dict[str, "Figure"]] | None = None
    table: Callable[[history.History], list[history.Row]] | None = None
    notes: tuple[str, ...] = ()
    illustrates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path
    exit_code: int


def execute(experiment: Experiment, settings: config.Settings) -> Run:
    """Return the finished run of these settings; measure, judge, draw and publish it if needed.

    A run whose numbers still stand, but which is compared, drawn or shown in another way since, is
    presented anew from its history.h5, without TensorFlow.

    Raises:
        InputError: the data or the output folder are at fault.
    """
    outputs = Path(settings.outputs) / experiment.name
    run_id = _run_id(experiment, settings)
    folder = outputs / run_id
    presentation = provenance.code(
        *(PACKAGE / name for name in PRESENTING), PACKAGE / "figures" / f"{experiment.name}.py"
    )
    console = _console()

    past = None if settings.force else _finished(folder)
    if past is not None:
        if past["presentation"] != presentation:
            with _progress(settings.progress), _published_whole(outputs, run_id) as aside:
                shutil.copytree(folder, aside, dirs_exist_ok=True)
                _present(experiment, history.load(aside / "history.h5"), aside, presentation)
            console.print("Numbers found, pictures and verdicts made anew.")
        else:
            console.print(
                f"Found finished: measured {past['started'][:10]} in {past['seconds']:.0f} s. "
                "force=true measures again."
            )
    else:
        with _progress(settings.progress), _published_whole(outputs, run_id) as aside:
            _measure(experiment, settings, aside)
            _present(experiment, history.load(aside / "history.h5"), aside, presentation)
    _point_latest(outputs, run_id)
    return _summary(console, folder)


def _finished(folder: Path) -> dict | None:
    """Return the provenance of a run whose files are all there, else None: it is measured again."""
    try:
        json.loads((folder / "verdicts.json").read_text())
        whole = all(
            (folder / name).exists() for name in ("history.h5", "config.yaml", "report.html")
        )
        return json.loads((folder / "provenance.json").read_text()) if whole else None
    except (OSError, ValueError):
        return None


def gather(experiment: Experiment, settings: config.Settings, runs: list[Run]) -> None:
    """Write one sweep.csv, and the experiment's pictures, over all jobs of a multirun."""
    if experiment.draw_sweep is None:
        return
    outputs = Path(settings.outputs) / experiment.name
    name = (
        "sweep-"
        + hashlib.sha256(" ".join(run.folder.name for run in runs).encode()).hexdigest()[:12]
    )
    histories = [history.load(run.folder / "history.h5") for run in runs]
    with _published_whole(outputs, name) as aside:
        history.save_rows(_sweep_rows(runs, histories), aside / "sweep.csv")
        _save_figures(experiment.draw_sweep(histories), aside)
    for path in sorted((outputs / name).iterdir()):
        print(path)


ARTICLES_PAGE = "articles/articles.html"  # Below the folder of all results.


def write_articles(
    outputs: Path, articles: Mapping[str, str], finished: list[tuple[Experiment, Run]]
) -> Path:
    """Write one page over the runs of several experiments, a section an article; return its path.

    Args:
        articles: number -> title.
    """
    from twinhead import report

    page = report.articles_page(
        "The articles, measured",
        articles,
        [_answer(experiment, run.folder) for experiment, run in finished],
    )
    folder, _, name = ARTICLES_PAGE.partition("/")
    with _published_whole(outputs, folder) as aside:
        (aside / name).write_text(page, encoding="utf-8")
    return outputs / ARTICLES_PAGE


def _answer(experiment: Experiment, folder: Path) -> "report.Answer":
    """Return what a finished run's folder says; its experiment lends the words."""
    from twinhead import report

    rows = []
    if (folder / "summary.csv").exists():
        with (folder / "summary.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    return report.Answer(
        name=experiment.name,
        title=experiment.title,
        notes=experiment.notes,
        illustrates=experiment.illustrates,
        id=folder.name,
        verdicts=json.loads((folder / "verdicts.json").read_text(encoding="utf-8")),
        rows=rows,
        about=json.loads((folder / "provenance.json").read_text(encoding="utf-8")),
        figures={path.stem: path.read_bytes() for path in sorted(folder.glob("figures/*.svg"))},
    )


def _sweep_rows(runs: list[Run], histories: list[history.History]) -> list[dict[str, Any]]:
    """Return a row an arm: its run, every key in which the jobs differ, settings, final values."""
    loaded = (OmegaConf.load(run.folder / "config.yaml") for run in runs)
    configs = [_flat(OmegaConf.to_container(each)) for each in loaded]
    keys = dict.fromkeys(key for each in configs for key in each)
    differing = [key for key in keys if len({str(each.get(key)) for each in configs}) > 1]
    rows = []
    for run, settings, measured in zip(runs, configs, histories, strict=True):
        for record in measured.records.values():
            row = {"run": run.folder.name, "data": measured.data["name"]}
            row |= {name: getattr(record.arm, name) for name in history.SETTINGS}
            row |= {key: settings.get(key) for key in differing if key not in row}
            row["epoch"] = len(record.loss()) - 1
            for split in ("train", "validation"):
                for metric in ("loss", "accuracy"):
                    row[f"{split}_{metric}"] = float(record.series[split, metric][-1])
            rows.append(row)
    return rows


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, keyed as on the command line: optimizer.momentum."""
    flat = {}
    for key, value in settings.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat


def _run_id(experiment: Experiment, settings: config.Settings) -> str:
    """Return twelve characters that change with everything that decides the numbers."""
    values = config.as_dict(settings)
    if "data" in values:
        values["features"] = data.identity(settings.data)
        if "path" in values["data"]:  # The features and their name count, not where they lie.
            values["data"]["path"] = Path(values["data"]["path"]).name
    modules = [PACKAGE / name for name in MEASURING]
    values["code"] = provenance.code(
        *modules, provenance.PROJECT / "experiments" / f"{experiment.name}.py"
    )
    values["versions"] = provenance.versions()
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]


def _measure(experiment: Experiment, settings: config.Settings, aside: Path) -> None:
    started, clock = datetime.now(UTC), time.monotonic()
    measured = experiment.measure(settings)
    seconds = time.monotonic() - clock
    history.save(measured, aside / "history.h5")
    history.save_csv(measured, aside / "history.csv")
    for name, rows in measured.tables.items():
        history.save_rows(rows, aside / f"{name}.csv")
    if experiment.export is not None:
        experiment.export(settings, measured, aside)
    (aside / "config.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(asdict(settings))))
    _write_json(
        aside / "provenance.json",
        {
            **provenance.collect(),
            "data": measured.data["name"],
            "data_sha256": measured.data["sha256"],
            "started": started.isoformat(timespec="seconds"),
            "seconds": round(seconds, 1),
        },
    )


def _present(
    experiment: Experiment, measured: history.History, aside: Path, presentation: str
) -> None:
    """Write verdicts, figures and report of a measured history."""
    from twinhead import report  # Brings matplotlib: not for finding a finished run.

    log.info("judging and drawing")
    verdicts = experiment.judge(measured)
    figures = experiment.draw(measured)
    rows = experiment.table(measured) if experiment.table is not None else []
    origin = json.loads((aside / "provenance.json").read_text()) | {"presentation": presentation}
    page = report.page(
        title=experiment.title,
        history=measured,
        verdicts=verdicts,
        figures=figures,
        config=(aside / "config.yaml").read_text(),
        provenance=origin,
        printed=claims.published(measured.data["article"]),
        notes=experiment.notes,
        rows=rows,
    )
    # Each says on which data: a verdict on surrogate data must not be quoted as one on real data.
    named = [replace(verdict, data=verdict.data or measured.data["name"]) for verdict in verdicts]
    _write_json(aside / "verdicts.json", [asdict(verdict) for verdict in named])
    _write_json(aside / "provenance.json", origin)
    if rows:
        history.save_rows(rows, aside / "summary.csv")
    (aside / "report.html").write_text(page, encoding="utf-8")
    _save_figures(figures, aside / "figures")


def _save_figures(drawn: dict[str, "Figure"], folder: Path) -> None:
    from twinhead import figures

    folder.mkdir(exist_ok=True)
    for name, figure in drawn.items():
        for kind in ("png", "svg"):
            figures.save(figure, folder / f"{name}.{kind}", kind)


def _write_json(path: Path, content: Any) -> None:
    """Write strict JSON, which has no infinity: one is written as the text "inf"."""

    def strict(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strict(each) for key, each in value.items()}
        if isinstance(value, list):
            return [strict(each) for each in value]
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value

    path.write_text(
        json.dumps(strict(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


@contextmanager
def _published_whole(outputs: Path, name: str) -> Iterator[Path]:
    """Give a folder to write aside; outputs/name becomes it when all is written, or never."""
    aside = outputs / f".partial-{name}-{os.getpid()}"
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        for leftover in outputs.glob(".partial-*"):
            process = leftover.name.rpartition("-")[2]
            if process.isdecimal() and not _alive(int(process)):
                shutil.rmtree(leftover, ignore_errors=True)
        aside.mkdir()
    except OSError as error:
        raise InputError(
            f"outputs: cannot write to {outputs}: {error.strerror}; expected a writable folder"
        ) from error
    try:
        yield aside
        replaced = outputs / f".partial-{name}-replaced-{os.getpid()}"
        if (outputs / name).exists():
            os.rename(outputs / name, replaced)
        os.rename(aside, outputs / name)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _point_latest(outputs: Path, run_id: str) -> None:
    link = outputs / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(run_id)
    os.replace(link, outputs / "latest")


def _summary(console: Console, folder: Path) -> Run:
    """Print the verdicts of a finished run and where its page is."""
    verdicts = json.loads((folder / "verdicts.json").read_text())
    about = json.loads((folder / "provenance.json").read_text())
    if (folder / "summary.csv").exists():
        console.print(_summary_table(folder / "summary.csv", about["data"]))
    if verdicts:
        console.print(_table(verdicts, about["data"]))
    console.print(f"Data: {about['data']}", markup=False, soft_wrap=True)
    console.print(f"Report: {folder / 'report.html'}", markup=False, soft_wrap=True)
    failed = any(verdict["verdict"] == claims.FAILS for verdict in verdicts)
    return Run(folder, exit_code=1 if failed else 0)


def _table(verdicts: list[dict], title: str) -> Table:
    table = Table(title=escape(title), title_justify="left")
    for heading in ("#", "claim", "expected", "measured", "tolerance", "verdict", "control"):
        right = heading in ("expected", "measured", "tolerance")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading != "claim")
    signs = {"equal": "", "at most": "≤ ", "at least": "≥ "}
    colours = {claims.HOLDS: "green", claims.FAILS: "bold red", claims.NOT_TESTED: "dim"}
    for verdict in verdicts:
        table.add_row(
            verdict["id"],
            escape(verdict["claim"]),
            signs[verdict["comparison"]] + claims.number(verdict["expected"]),
            claims.number(verdict["measured"]),
            claims.number(verdict["tolerance"]),
            f"[{colours[verdict['verdict']]}]{verdict['verdict']}[/]",
            f"{verdict['control']['verdict']} ({claims.number(verdict['control']['measured'])})",
        )
    return table


# A terminal shows this many rows of a summary; summary.csv has them all.
ROWS_SHOWN = 20


def _summary_table(path: Path, title: str) -> Table:
    """Return the rows of summary.csv, without what only the page has room for."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    # What an article's example starts from, or only quotes, has nothing beside it.
    rows = [row for row in rows if row.get("remark") not in ("input", "cited")] or rows
    hidden = ("_low", "_high", "place", "remark")
    headings = [name for name in rows[0] if not name.endswith(hidden)]
    about = ": means over seeds" if "seeds" in headings else ""
    table = Table(title=escape(title) + about, title_justify="left")
    for heading in headings:
        text = any(_number_or_text(row[heading]) is row[heading] for row in rows)
        table.add_column(heading.replace("_", " "), justify="left" if text else "right")
    for row in rows[:ROWS_SHOWN]:
        cells = [_number_or_text(row[heading]) for heading in headings]
        table.add_row(*(escape(claims.number(cell)) for cell in cells))
    if len(rows) > ROWS_SHOWN:
        table.caption = f"{ROWS_SHOWN} of {len(rows)} rows; all are in {path}"
    return table


def _number_or_text(cell: str) -> float | str | None:
    """Return what a cell of a CSV file holds; an empty one holds nothing.

    With a leading zero it is a name: an article's, such as 003.
    """
    if re.fullmatch(r"0\d+", cell):
        return cell
    try:
        return float(cell) if cell else None
    except ValueError:
        return cell


def _console() -> Console:
    """Return a console that fills a terminal, and is wide enough for the table in a log."""
    return Console() if sys.stdout.isatty() else Console(width=140)


@contextmanager
def _progress(wanted: bool) -> Iterator[None]:
    """Show what the package logs while it works: bars in a terminal, plain lines in a log."""
    logger = logging.getLogger("twinhead")
    logger.setLevel(logging.INFO if wanted else logging.WARNING)
    logger.propagate = False
    handler = _Bars() if sys.stderr.isatty() else _Lines()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


class _Lines(logging.StreamHandler):
    """A line a step, with the seconds since the start."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.start = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        return f"{time.monotonic() - self.start:6.1f} s  {record.getMessage()}"


class _Bars(logging.Handler):
    """A bar for each thing that is counted; what is not counted is printed above them."""

    def __init__(self) -> None:
        super().__init__()
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.tasks: dict[str, TaskID] = {}
        self.progress.start()

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "counted"):
            self.progress.console.print(record.getMessage(), highlight=False)
            return
        what, done, total = record.counted
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=total)
        self.progress.update(self.tasks[what], completed=done, total=total)

    def close(self) -> None:
        self.progress.stop()
        super().close()
