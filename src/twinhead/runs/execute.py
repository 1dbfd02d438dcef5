"""One run, from settings to a finished folder: find it, or measure, present and publish it."""

import json
import logging
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from twinhead.data.sources import Images
from twinhead.runs import console, identity, index, progress, provenance, store
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A finished run."""

    experiment: Experiment
    folder: Path
    exit_code: int


def execute(experiment: Experiment, settings: RunSettings) -> Run:
    """Return the finished run of these settings; measure, judge, draw and publish it if needed.

    A run whose numbers still stand, but which is judged, worded or drawn in another way since, is
    presented anew from its history.h5, without TensorFlow.

    Raises:
        InputError: the data or the output folder are at fault.
    """
    outputs = Path(settings.outputs) / experiment.name
    run_id = identity.run_id(experiment, settings)
    folder = outputs / run_id
    past = None if settings.force else store.finished(folder)
    if past is not None and past["presentation"] == identity.presentation(experiment):
        console.say(
            f"Found finished: measured {past['started'][:10]} in {past['seconds']:.0f} s. "
            "force=true measures again."
        )
    else:
        with progress.shown(settings.progress), store.published_whole(outputs, run_id) as aside:
            if past is None:
                _measure(experiment, settings, aside)
            else:
                shutil.copytree(folder, aside, dirs_exist_ok=True)
            _present(experiment, run_id, aside)
        if past is not None:
            console.say("Numbers found; verdicts, pictures and page made anew.")
    store.point_latest(outputs, run_id)
    index.write(outputs.parent)
    return Run(experiment, folder, console.tell(folder, settings.details))


def _measure(experiment: Experiment, settings: RunSettings, aside: Path) -> None:
    _, modules = identity.reached(experiment.folder / "measure.py")
    if "tensorflow" in modules:
        log.info("starting TensorFlow", extra={"starting": True})  # Seconds, without a word.
    source = getattr(settings, "data", None)
    if isinstance(source, Images) and source.wanted().file() is None:
        from twinhead.training import extraction  # With TensorFlow: not for what is there.

        extraction.make(source)
    started, clock = datetime.now(UTC), time.monotonic()
    measured = experiment.measure(settings)
    seconds = time.monotonic() - clock

    from twinhead.results import history  # With pandas: not for finding a finished run.

    history.save(measured, aside / "history.h5")
    history.save_csv(measured, aside / "history.csv")
    for name, frame in measured.tables.items():
        frame.to_csv(aside / f"{name}.csv", index=False, lineterminator="\n", na_rep="nan")
    if experiment.explorer:
        from twinhead.runs import explorer  # As above.

        explorer.write_lesson(settings, aside)
    if experiment.export is not None:
        experiment.export(settings, measured, aside)
    (aside / "config.yaml").write_text(as_yaml(settings.model_dump()), encoding="utf-8")
    about = provenance.collect(modules) | {
        "data": measured.data["name"],
        "data_sha256": measured.data["sha256"],
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
    }
    store.write_json(aside / "provenance.json", about)


def _present(experiment: Experiment, run_id: str, aside: Path) -> None:
    from twinhead.runs import present  # With Matplotlib: not for finding a finished run.

    log.info("judging and drawing")
    about = json.loads((aside / "provenance.json").read_text(encoding="utf-8"))
    about["presentation"] = identity.presentation(experiment)
    store.write_json(aside / "provenance.json", about)
    present.write(experiment, run_id, aside)


def as_yaml(values: dict[str, Any]) -> str:
    """Return settings as YAML, lists in one line."""
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=10**6)
