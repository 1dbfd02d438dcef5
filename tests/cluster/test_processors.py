"""Workers with different kinds of processors: named, compared, and judged."""

import json

import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.results.history import load
from twinhead.runs import cluster, identity, processors
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.verify import verify

distributed = pytest.importorskip("distributed")
OTHER = "import twinhead.runs.provenance as provenance\nprovenance.cpu = lambda: 'Another kind'\n"
# The same processor without its wide registers sums in another order: another kind, in earnest.
NARROW = {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"}


@pytest.fixture
def two_kinds():
    own = {"nthreads": 1, "memory_limit": 0, "host": cluster.LOOPBACK}
    scheduler = {"host": cluster.LOOPBACK, "dashboard_address": cluster.ANY_PORT}
    spec = {
        "usual": {"cls": distributed.Nanny, "options": own},
        "other": {"cls": distributed.Nanny, "options": own | {"env": NARROW, "preload": [OTHER]}},
    }
    with (
        cluster._environment({identity.THREADS: str(identity.threads())}),
        distributed.SpecCluster(
            workers=spec, scheduler={"cls": distributed.Scheduler, "options": scheduler}
        ) as started,
    ):
        yield started


def test_processors_of_different_kinds_are_named_and_compared(two_kinds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = Experiment("lr_ratio")
    given = [
        *SMALL["lr_ratio"].split(),
        "seeds=[0,1,2,3,4,5]",
        "progress=false",
        "cluster=dask",
        f"cluster.threads={identity.threads()}",
        f"cluster.scheduler={two_kinds.scheduler_address}",
    ]
    run = execute(experiment, compose("experiment/lr_ratio", experiment.Settings, given))
    about = json.loads((run.folder / "provenance.json").read_text())
    kinds = {each["cpu"] for each in about["workers"]}
    assert len(kinds) == 2
    page = (run.folder / "report.html").read_text()
    assert all(kind in page for kind in kinds)
    numbers = load(run.folder / "history.h5").numbers
    # Bits do differ, or this test would show nothing.
    assert 0 < numbers[processors.APART] <= 1e-6 <= numbers[processors.EPOCHS_APART]
    judged = {each["id"]: each for each in json.loads((run.folder / "verdicts.json").read_text())}
    assert judged["P"]["verdict"] == "holds"
    assert verify(run.folder).faults == {}
