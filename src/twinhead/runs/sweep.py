"""All jobs of a multirun in one table, in one picture, on one page."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinhead.results.wording import number
from twinhead.runs import console, index, store
from twinhead.runs.execute import Run
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings

ARM = ("head", "init", "optimizer", "learning_rate", "lr_ratio", "seed")


def gather(experiment: Experiment, settings: Sequence[RunSettings], runs: Sequence[Run]) -> None:
    """Write one sweep.csv, the experiment's pictures and a page over all jobs of a multirun."""
    import pandas as pd  # With Matplotlib: not for refusing the third of a thousand jobs.

    from twinhead.pages import style, sweep
    from twinhead.results import history
    from twinhead.runs import present

    outputs = Path(settings[0].outputs)
    ids = " ".join(run.folder.name for run in runs)
    name = f"sweep-{hashlib.sha256(ids.encode()).hexdigest()[:12]}"
    histories = [history.load(store.intact(run.folder, "history.h5")) for run in runs]
    answers = [json.loads((run.folder / "answer.json").read_text(encoding="utf-8")) for run in runs]
    configs = _differing(settings)
    jobs = [
        sweep.Job(f"../{run.folder.name}/report.html", config, about)
        for run, config, about in zip(runs, configs, answers, strict=True)
    ]
    title = f"{experiment.title}: {len(runs)} runs over {', '.join(configs[0]) or 'nothing'}"
    with store.published_whole(outputs / experiment.name, name) as aside:
        frame = pd.DataFrame(_rows(configs, runs, histories))
        frame.to_csv(aside / "sweep.csv", index=False, lineterminator="\n")
        figures = {figure: draw(histories) for figure, draw in experiment.sweep_figures.items()}
        for figure, drawn in figures.items():
            if any(measured.data.get("made_up") for measured in histories):
                style.say_made_up(drawn)
            present.save(drawn, aside / figure)
        page = sweep.page(title, experiment.question, jobs, figures)
        (aside / "report.html").write_text(page, encoding="utf-8")
        store.write_json(aside / "page.json", {"title": title, "page": "report.html"})
    index.write(outputs)
    console.say("")
    claims = any(any(about["counts"].values()) for about in answers)
    console.table(
        [
            [
                *map(_said, config.values()),
                number(about["number"]),
                *([console.counted(about["counts"])] if claims else []),
            ]
            for config, about in zip(configs, answers, strict=True)
        ],
        [*configs[0], "number", *(["claims"] if claims else [])],
    )
    console.say(f"Page: {outputs / experiment.name / name / 'report.html'}")


def _rows(
    configs: Sequence[Mapping[str, Any]], runs: Sequence[Run], histories: Sequence[Any]
) -> list[dict[str, Any]]:
    """Return a row an arm: its run, every key in which the jobs differ, settings, final values."""
    rows = []
    for run, config, measured in zip(runs, configs, histories, strict=True):
        for record in measured.records.values():
            row = {"run": run.folder.name, "data": measured.data["name"]}
            row |= {name: getattr(record.arm, name) for name in ARM}
            row |= {key: value for key, value in config.items() if key not in row}
            row["epoch"] = len(record.loss()) - 1
            for split in ("train", "validation"):
                for metric in ("loss", "accuracy"):
                    row[f"{split}_{metric}"] = float(record.series[split, metric][-1])
            rows.append(row)
    return rows


def _differing(settings: Sequence[RunSettings]) -> list[dict[str, Any]]:
    """Return of each job the keys in which the jobs differ, and their values."""
    configs = [_flat(each.measured()) for each in settings]
    keys = dict.fromkeys(key for each in configs for key in each)
    differing = [key for key in keys if len({str(each.get(key)) for each in configs}) > 1]
    return [{key: config.get(key) for key in differing} for config in configs]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, keyed as on the command line: optimizer.momentum."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat


def _said(value: Any) -> str:
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
