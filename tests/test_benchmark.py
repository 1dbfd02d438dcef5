"""The benchmark, small: the same work by everyone, and targets that can be missed."""

import benchmark
import numpy as np
import pytest

from twinhead import config, history, runs

SMALL = [
    *("data=surrogate", "data.rows=600", "data.features=40"),
    *("epochs=2", "learning_rate=0.05", "progress=false"),
]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    outputs = tmp_path_factory.mktemp("outputs")
    words = [*SMALL, "arms=[1,3,256]", "repeats=1", f"outputs={outputs}"]
    settings = config.compose("benchmark", words)
    run = runs.execute(benchmark.EXPERIMENT, settings)
    return lambda: history.load(run.folder / "history.h5")


def test_everyone_does_the_same_work(measured):
    result = measured()
    agreement = {(row["contender"], row["arms"]): row for row in result.tables["agreement"]}
    assert {name for name, _ in agreement} >= {"NumPy", "Keras fit", "SGDClassifier"}
    for (name, arms), row in agreement.items():
        if name in benchmark.MANY:
            assert row["deviation"] <= 1e-5, (name, arms)
            assert row["to_slowest"] >= 1e-3, "nothing was trained"


def test_summary_is_of_the_measured_repeats(measured):
    result = measured()
    for row in benchmark.summarise(result):
        own = [
            each["seconds"]
            for each in result.tables["timings"]
            if (each["contender"], each["arms"]) == (row["contender"], row["arms"])
            and each["repeat"] > 0
        ]
        assert row["seconds"] == np.median(own)


def test_targets_are_judged_by_ratios_of_this_run(measured):
    result = measured()
    for row in result.tables["timings"]:
        row["seconds"] = {"Keras fit": 4.0, "NumPy": 2.0}.get(row["contender"], 1.0)
    verdicts = {verdict.id: verdict for verdict in benchmark.judge(result)}
    assert verdicts["2a"].measured == 64 * 4.0
    assert verdicts["2a"].verdict == "holds"
    assert verdicts["2b"].verdict == "not tested", "512 arms were not among them"
    assert verdicts["3a"].measured == 0.5
    for row in result.tables["timings"]:
        if (row["contender"], row["arms"]) == (benchmark.BANK, 64):
            row["seconds"] = 100.0
    late = {verdict.id: verdict.verdict for verdict in benchmark.judge(result)}
    assert (late["2a"], late["3a"]) == ("fails", "fails")


def test_only_plain_sgd_can_be_compared(run_script):
    finished = run_script("benchmark", *SMALL, "optimizer=adam")
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: optimizer: found")
    assert len(finished.stderr.splitlines()) == 1
