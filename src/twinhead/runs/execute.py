"""One run, from settings to a finished folder: find it, or measure, present and publish it."""

import logging
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from twinhead.data import cache
from twinhead.data.source import Source
from twinhead.data.sources import Images
from twinhead.disk import manifest, whole
from twinhead.runs import console, identity, index, progress, provenance, store
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings

if TYPE_CHECKING:
    from twinhead.results.history import History

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
    for place in (cache.PLACE, outputs.parent, outputs):
        whole.tidy(place)
    with progress.shown(settings.progress):  # All features may have to be read for it.
        run_id = identity.run_id(experiment, settings)
    shown_by = identity.presentation(experiment)
    folder = outputs / run_id
    found = MISSING if settings.force else state(folder, shown_by)
    if found == FINISHED:
        past = store.about(folder)
        console.say(
            f"Found finished: measured {past['started'][:10]} in {past['seconds']:.0f} s. "
            "force=true measures again."
        )
    else:
        with (
            progress.shown(settings.progress),
            store.published_whole(
                outputs, run_id, presentation=shown_by, fresh=settings.force
            ) as aside,
        ):
            if found == MEASURED:
                store.copy_measurement(folder, aside)
            kept = store.measured(aside)
            if not kept:
                _measure(experiment, settings, aside)
                store.keep_measurement(aside, run_id)
            _present(experiment, run_id, aside)
        if kept:
            console.say("Numbers found; verdicts, pictures and page made anew.")
    # A finished run is shown where nothing can be written.
    with suppress(OSError) if found == FINISHED else store.on_disk(outputs):
        store.point_latest(outputs, run_id)
        index.write(outputs.parent)
    return Run(experiment, folder, console.tell(folder, settings.details))


# What of a run is there: nothing that can be trusted, its numbers, or all.
MISSING, MEASURED, FINISHED = "missing", "measured", "finished"


def state(folder: Path, shown_by: str) -> str:
    """Return which it is of a run that is shown by this; mark what is damaged."""
    wrong = store.faults(folder)
    if wrong is None:
        return MISSING
    if not wrong and store.presentation(folder) == shown_by:
        return FINISHED
    # What was measured is sealed anew, and what was wrong with it would be sealed as well.
    wrong |= manifest.faults(folder, thorough=True)
    if wrong:
        manifest.mark(folder, wrong)
        console.say(f"Found damaged, and set aside: {'; '.join(map(': '.join, wrong.items()))}")
    return MISSING if wrong.keys() & {manifest.MANIFEST, *store.measured(folder)} else MEASURED


def _measure(experiment: Experiment, settings: RunSettings, aside: Path) -> None:
    _, modules = identity.reached(experiment.folder / "measure.py")
    if "tensorflow" in modules:
        log.info("starting TensorFlow", extra={"starting": True})  # Seconds, without a word.
    source = getattr(settings, "data", None)
    if isinstance(source, Images) and source.wanted().file() is None:
        from twinhead.training import extraction  # With TensorFlow: not for what is there.

        extraction.make(source)
    from twinhead.results import history  # With h5py: not for finding a finished run.
    from twinhead.runs import cluster  # As above.
    from twinhead.training import passes

    started, clock = datetime.now(UTC), time.monotonic()
    with (
        cluster.opened(experiment, settings) as others,
        passes.kept_in(aside / whole.PASSES),
        passes.trained_by(others),
    ):
        measured = experiment.measure(settings)
    if others is not None:
        measured.numbers |= others.numbers
    seconds = time.monotonic() - clock

    history.save(measured, aside / "history.h5")
    write_tables(measured, aside)
    if experiment.explorer:
        from twinhead.runs import explorer  # As above.

        explorer.write_lesson(settings, aside)
    if experiment.export is not None:
        experiment.export(settings, measured, aside)
    (aside / "config.yaml").write_text(as_yaml(settings.model_dump()), encoding="utf-8")
    about = provenance.collect(modules) | {
        "threads": identity.threads_of(settings),
        "data": measured.data["name"],
        "data_sha256": measured.data["sha256"],
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "workers": others.workers() if others else [],
        "cluster": others.times if others else {},
        "reading": source.reading() if isinstance(source, Source) else {},
    }
    store.write_json(aside / "provenance.json", about)


def _present(experiment: Experiment, run_id: str, aside: Path) -> None:
    from twinhead.runs import present  # With Matplotlib: not for finding a finished run.

    log.info("judging and drawing")
    try:
        present.write(experiment, run_id, aside)
    except Exception:
        log.warning("what was measured is kept: the same command presents it without training")
        raise


def write_tables(measured: "History", folder: Path) -> None:
    """Write what history.h5 holds as text: a measured value a row, and every table."""
    from twinhead.results import history  # As above.

    history.save_csv(measured, folder / "history.csv")
    for name, frame in measured.tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", na_rep="nan")


def as_yaml(values: dict[str, Any]) -> str:
    """Return settings as YAML, lists in one line."""
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=10**6)
