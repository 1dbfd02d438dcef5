"""All jobs of a multirun: one after the other, or on a cluster as many at once as it has workers.

There a worker makes a whole run, pictures and page as well. To draw takes as long as to train one
arm: a single process that draws would keep ten machines waiting.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinhead.disk import manifest
from twinhead.errors import InputError
from twinhead.runs import console, identity, index, progress, provenance, store
from twinhead.runs.execute import FINISHED, Run, execute, state
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings
from twinhead.steps import Steps


def execute_all(experiment: Experiment, settings: Sequence[RunSettings]) -> list[Run]:
    """Return the finished runs of these settings, in their order.

    Raises:
        InputError: as `execute` does; or a worker could not make its run: all others are finished.
    """
    asked = [identity.cluster_of(each) for each in settings]
    if any(each != asked[0] for each in asked):
        raise InputError("cluster: found several, expected one for all jobs")
    if asked[0] is None:
        return [execute(experiment, each) for each in settings]
    ids = [identity.run_id(experiment, each) for each in settings]
    made = _make(experiment, dict(zip(ids, settings, strict=True)))
    runs = []
    for run_id, each in zip(ids, settings, strict=True):
        if run_id in made:
            folder = Path(each.outputs) / experiment.name / run_id
            runs.append(Run(experiment, folder, console.tell(folder, each.details)))
        else:
            runs.append(execute(experiment, each))
    return runs


def _make(experiment: Experiment, runs: Mapping[str, Any]) -> set[str]:
    """Have workers make every run, id -> settings, that is not there; return the ids of those."""
    from twinhead.runs import cluster  # With what trains: not for runs that are there.

    first = next(iter(runs.values()))
    outputs = Path(first.outputs) / experiment.name
    shown_by = identity.presentation(experiment)
    missing = {
        run_id: each
        for run_id, each in runs.items()
        if each.force or state(outputs / run_id, shown_by) != FINISHED
    }
    if not missing:
        return set()
    with progress.shown(first.progress):
        steps = Steps("runs", len(missing))
        with cluster.opened(experiment, first) as others:
            assert others is not None  # Settings ask for one.
            for run_id, files, worker in others.make(missing):
                with store.published_whole(
                    outputs, run_id, presentation=shown_by, fresh=True
                ) as aside:
                    _write(aside, files, worker)
                steps.done()
        index.write(outputs.parent)
        store.point_latest(outputs, [*missing][-1])
    return {*missing}


def _write(aside: Path, files: dict[str, bytes], worker: str) -> None:
    """Write what a worker sent, whole as its manifest has it, and who that was."""
    for name, content in files.items():
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        (aside / name).write_bytes(content)
    wrong = manifest.faults(aside, thorough=True)
    if wrong:
        raise InputError(f"cluster: worker {worker}: sent a damaged run: {wrong}")
    about = json.loads(files["provenance.json"])
    workers = [{"address": worker, "cpu": about["cpu"]}]
    about |= {"command": provenance.command(), "workers": workers}
    store.write_json(aside / "provenance.json", about)
