"""A killed run goes on where it was, and nothing tells it from one that was never killed."""

from dataclasses import replace

import numpy as np
import pytest
from bits import bits
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.disk import whole
from twinhead.experiments.law import alone, jobs
from twinhead.experiments.law.cases import CASES
from twinhead.results import history
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.verify import verify
from twinhead.training import passes


def executed(name, *words):
    experiment = Experiment(name)
    given = [*SMALL[name].split(), "progress=false", *words]
    return execute(experiment, compose(f"experiment/{name}", experiment.Settings, given)).folder


@pytest.fixture
def trained(monkeypatch):
    """Count passes that are trained; `stop` kills the run after so many."""
    real, counted = passes._keep, {"passes": 0, "stop": None}

    def keep(folder, key, records):
        path = real(folder, key, records)
        counted["passes"] += 1
        if counted["passes"] == counted["stop"]:
            raise KeyboardInterrupt
        return path

    monkeypatch.setattr(passes, "_keep", keep)
    return counted


@pytest.mark.parametrize("name", ["lr_ratio", "equivalence"])
def test_a_killed_run_trains_what_is_missing_and_ends_with_the_same_bits(
    tmp_path, monkeypatch, trained, name, capsys
):
    monkeypatch.chdir(tmp_path)
    never_killed = executed(name, "outputs=whole")
    total, trained["passes"] = trained["passes"], 0
    assert total > 4
    for stop in (1, 2):
        trained["stop"] = trained["passes"] + stop
        with pytest.raises(KeyboardInterrupt):
            executed(name, "outputs=killed")
    trained["stop"] = None
    # A pass that was damaged meanwhile is one that is missing.
    (aside,) = (tmp_path / "killed" / name).glob(".partial-*")
    first = sorted((aside / whole.PASSES).iterdir())[0]
    with np.load(first) as file:
        arrays = dict(file)
    arrays["0/weights/kernel"][-1] += 1
    with first.open("wb") as file:
        np.savez(file, **arrays)
    capsys.readouterr()
    resumed = executed(name, "outputs=killed", "progress=true")
    assert "going on after 2 passes" in capsys.readouterr().err
    assert trained["passes"] == total + 1
    assert bits(resumed) == bits(never_killed)
    for file in ("history.csv", "verdicts.json", "answer.json"):
        assert (resumed / file).read_bytes() == (never_killed / file).read_bytes(), file
    assert not list((tmp_path / "killed" / name).glob(".partial-*"))
    assert verify(resumed).faults == {}


def record(arm):
    return history.Record(arm, {("train", "loss"): np.zeros(2)}, {})


def test_a_pass_comes_back_from_the_disk_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    arms = [
        history.Arm("a/b θ", "sigmoid", 1 / 3, seed=1, init="transfer", precision="float32"),
        history.Arm("two", "softmax", 1e-3, seed=1, lr_ratio=2.0, precision="float64"),
    ]
    made = [
        history.Record(
            arm,
            {("validation", "loss"): rng.random(3), ("train", "accuracy"): np.full(3, np.nan)},
            {"kernel": rng.random((3, 4, units)).astype(arm.precision), "bias": np.zeros((3, 1))},
        )
        for units, arm in enumerate(arms, 1)
    ]
    found = passes._records(passes._keep(tmp_path, "key", made))
    assert [each.arm for each in found] == arms
    for one, other in zip(made, found, strict=True):
        for ours, theirs in ((one.series, other.series), (one.weights, other.weights)):
            assert list(ours) == list(theirs)
            for key in ours:
                assert ours[key].dtype == theirs[key].dtype
                assert ours[key].tobytes() == theirs[key].tobytes()


def test_a_pass_is_told_from_others_by_all_that_decides_it(tmp_path, split):
    arm = history.Arm("one", "softmax", 0.1, seed=0)
    other_rows = replace(split, X_train=split.X_train + 1)
    weights = [np.zeros((17, 2))]
    called = []

    def train():
        called.append(1)
        return [record(arm)]

    with passes.kept_in(tmp_path):
        passes.kept(split, "what", weights, train)
        passes.kept(split, "what", weights, train)
    assert len(called) == 2, "who trains the same twice has reasons"
    calls = [
        (split, "else", weights),
        (split, "what", [np.ones((17, 2))]),
        (other_rows, "what", weights),
        (split, "what", weights),
    ]
    with passes.kept_in(tmp_path):
        for given in calls:
            (found,) = passes.kept(*given, train)
            assert found.arm == arm
    assert len(called) == 5
    with passes.kept_in(tmp_path), passes.kept_in(None):
        passes.kept(*calls[0], train)
    assert len(called) == 6, "who measures time has to train"


def test_a_setting_of_the_law_that_was_trained_alone_is_found_again(tmp_path, split, monkeypatch):
    problem = jobs.in_whole_batches(split, seed=3, batch_size=50, steps=16)
    (case,) = (each for each in CASES if "clipnorm" in each.softmax)
    softmax, mapped, *_ = jobs.jobs(case, problem)
    real, trained = alone._train, []

    def train(job, problem):
        trained.append(job.head)
        return real(job, problem)

    monkeypatch.setattr(alone, "_train", train)
    never_killed = [alone.train(job, problem) for job in (softmax, mapped)]
    trained.clear()
    with passes.kept_in(tmp_path):
        alone.train(softmax, problem)
    with passes.kept_in(tmp_path):  # The killed run's next call.
        resumed = [alone.train(job, problem) for job in (softmax, mapped)]
        assert trained == ["softmax", "sigmoid"]
        other = {**mapped.settings, "learning_rate": 0.5 * mapped.settings["learning_rate"]}
        alone.train(replace(mapped, settings=other), problem)
    assert trained == ["softmax", "sigmoid", "sigmoid"]
    for one, same in zip(never_killed, resumed, strict=True):
        assert one.head == same.head
        assert one.logits.tobytes() == same.logits.tobytes()
        assert one.kernel.tobytes() == same.kernel.tobytes()
