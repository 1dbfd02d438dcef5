"""All jobs of a multirun in one table and its pictures."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinhead.runs import console, store
from twinhead.runs.execute import Run
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings

ARM = ("head", "init", "optimizer", "learning_rate", "lr_ratio", "seed")


def gather(experiment: Experiment, settings: Sequence[RunSettings], runs: Sequence[Run]) -> None:
    """Write one sweep.csv, and the experiment's pictures, over all jobs of a multirun."""
    import pandas as pd  # With Matplotlib: not for refusing the third of a thousand jobs.

    from twinhead.results import history
    from twinhead.runs import present

    outputs = Path(settings[0].outputs) / experiment.name
    ids = " ".join(run.folder.name for run in runs)
    name = f"sweep-{hashlib.sha256(ids.encode()).hexdigest()[:12]}"
    histories = [history.load(run.folder / "history.h5") for run in runs]
    with store.published_whole(outputs, name) as aside:
        frame = pd.DataFrame(_rows(settings, runs, histories))
        frame.to_csv(aside / "sweep.csv", index=False, lineterminator="\n")
        for figure, draw in experiment.sweep_figures.items():
            present.save(draw(histories), aside / figure)
    for path in sorted((outputs / name).iterdir()):
        console.say(str(path))


def _rows(
    settings: Sequence[RunSettings], runs: Sequence[Run], histories: Sequence[Any]
) -> list[dict[str, Any]]:
    """Return a row an arm: its run, every key in which the jobs differ, settings, final values."""
    configs = [_flat(each.model_dump()) for each in settings]
    keys = dict.fromkeys(key for each in configs for key in each)
    differing = [key for key in keys if len({str(each.get(key)) for each in configs}) > 1]
    rows = []
    for run, config, measured in zip(runs, configs, histories, strict=True):
        for record in measured.records.values():
            row = {"run": run.folder.name, "data": measured.data["name"]}
            row |= {name: getattr(record.arm, name) for name in ARM}
            row |= {key: config.get(key) for key in differing if key not in row}
            row["epoch"] = len(record.loss()) - 1
            for split in ("train", "validation"):
                for metric in ("loss", "accuracy"):
                    row[f"{split}_{metric}"] = float(record.series[split, metric][-1])
            rows.append(row)
    return rows


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as one level, keyed as on the command line: optimizer.momentum."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{key}.") if nested else {prefix + key: value}
    return flat
