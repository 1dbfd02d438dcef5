"""The benchmark, small: the same work by everyone, and targets that can be missed."""

from importlib.metadata import PackageNotFoundError, version

import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.experiments.benchmark import costs
from twinhead.results.claim import judge_all
from twinhead.results.history import load
from twinhead.runs import identity
from twinhead.runs.experiment import Experiment

EXPERIMENT = Experiment("benchmark")


@pytest.fixture
def history(run):
    words = ("arms=[1,3,256]", "data.features=40", "epochs=2", "learning_rate=0.05")
    return load(run("benchmark", *words).folder / "history.h5")


def test_everyone_does_the_same_work(history):
    agreement = history.tables["agreement"]
    assert set(agreement["contender"]) >= {"NumPy", "Keras fit", "SGDClassifier"}
    same = agreement[agreement["contender"].isin(costs.OTHERS)]
    assert set(same["arms"]) == {1, 3, 64, 256}
    assert same["deviation"].max() <= 1e-5
    assert same["to_slowest"].min() >= 1e-3, "nothing was trained"


def test_summary_is_of_the_measured_repeats(history):
    timings = history.tables["timings"]
    measured = timings[timings["repeat"] > 0]
    for row in history.tables["summary"].to_dict("records"):
        key = (measured["contender"] == row["contender"]) & (measured["arms"] == row["arms"])
        assert row["seconds"] == measured["seconds"][key].median()
        assert row["times_faster_than_fits"] > 0


def test_targets_are_judged_by_ratios_of_this_run(history):
    def verdicts():
        history.numbers.clear()
        history.untested.clear()
        costs.add(history)
        return {verdict.id: verdict for verdict in judge_all(EXPERIMENT.claims, history)}

    timings = history.tables["timings"]
    own = {"Keras fit": 4.0, "NumPy": 2.0}
    timings["seconds"] = timings["contender"].map(own).fillna(1.0)
    rows = history.tables["timings_by_rows"]
    rows["seconds"] = 1.0 + rows["arms"] * rows["rows"]  # A line in the rows.
    found = verdicts()
    assert (found["2a"].measured, found["2a"].verdict) == (64 * 4.0, "holds")
    assert found["2b"].verdict == "not tested", "512 arms were not among them"
    assert (found["3a"].measured, found["3a"].control.measured) == (0.5, 64 * 2.0)
    assert found["6"].measured == pytest.approx(1)
    assert found["6"].verdict == "holds"

    late = (timings["contender"] == costs.BANK) & (timings["arms"] == 64)
    timings.loc[late, "seconds"] = 100.0
    rows["seconds"] **= 2
    found = verdicts()
    assert {found[id].verdict for id in ("2a", "3a", "6")} == {"fails"}


def test_a_benchmark_with_another_jax_or_torch_or_none_is_another_run(monkeypatch):
    settings = compose("experiment/benchmark", EXPERIMENT.Settings, SMALL["benchmark"].split())

    def run_id(**pretended):
        def pretend(name):
            found = pretended.get(name) or version(name)
            if found == "absent":
                raise PackageNotFoundError(name)
            return found

        monkeypatch.setattr(identity, "version", pretend)
        return identity.run_id(EXPERIMENT, settings)

    ids = [
        run_id(jax=jax, torch=torch)
        for jax in ("absent", "0.10.2", "0.11.0")
        for torch in ("absent", "2.13.0")
    ]
    assert len(set(ids)) == len(ids)
    assert run_id(jax="absent", torch="absent") == ids[0]


def test_only_plain_sgd_can_be_compared(twinhead):
    for word in ("optimizer=adam", "optimizer.momentum=0.9"):
        finished = twinhead("benchmark", *SMALL["benchmark"].split(), word)
        assert finished.returncode == 2
        assert finished.stderr.startswith("error: optimizer: found")
        assert len(finished.stderr.splitlines()) == 1
