"""The benchmark, small: the same work by everyone, and targets that can be missed."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.experiments.benchmark import contenders, costs, machine, measure
from twinhead.results.claim import judge_all
from twinhead.results.history import load
from twinhead.runs import identity
from twinhead.runs.experiment import Experiment

EXPERIMENT = Experiment("benchmark")


@pytest.fixture
def history(run):
    words = ("arms=[1,3,256]", "data.features=40", "epochs=2", "learning_rate=0.05")
    return load(run("benchmark", *words).folder / "history.h5")


def again(history, used=0.0, slow=1.0):
    """Judge the tables anew, as if others had used so many cores and the machine been so steady."""
    made = ("ms an epoch", "arms", "cost of a row", "losses")
    for name in [name for name in history.numbers if any(each in name for each in made)]:
        del history.numbers[name]
    history.untested.clear()
    history.numbers["cores that others use before"] = 0.0
    history.numbers["cores that others use meanwhile"] = used
    calibration = history.tables["calibration"]
    calibration["seconds"] = np.where(np.arange(len(calibration)) % 5, 1.0, slow)
    costs.add(history)
    return {verdict.id: verdict for verdict in judge_all(EXPERIMENT.claims, history)}


def test_everyone_does_the_same_work(history):
    agreement = history.tables["agreement"]
    assert set(agreement["contender"]) >= {"NumPy", "Keras fit", "SGDClassifier"}
    same = agreement[agreement["contender"].isin(costs.OTHERS)]
    assert {*zip(same["arms"], same["optimizer"], strict=True)} == {
        *((arms, "sgd") for arms in (1, 3, 64, 256)),
        (64, "adam"),
    }
    assert same["deviation"].max() <= 1e-6
    assert same["to_slowest"].min() >= 1e-3, "nothing was trained"


@pytest.mark.parametrize("name", costs.OTHERS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_both_layouts_of_a_contender_come_to_the_banks_losses(split, name, optimizer):
    call, package = contenders.OTHERS[name]
    pytest.importorskip(package)
    settings = compose("experiment/benchmark", EXPERIMENT.Settings, ["learning_rate=0.05"])
    for arms in (1, 3):
        problem = measure._problem(settings, split, arms, optimizer)
        expected = contenders.with_bank(problem)
        assert expected.shape == (settings.epochs + 1, arms)
        assert np.abs(expected[-1] - expected[0]).max() >= 1e-3
        for transposed in (False, True):
            for _ in range(2):  # What trains in place must not move where the next one starts.
                found = call(problem, transposed=transposed)
                np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_contenders_layout_is_the_quicker_one(history):
    layouts, summary = history.tables["layouts"], history.tables["summary"]
    by = ["contender", "arms", "optimizer"]
    quicker = layouts.loc[layouts.groupby(by)["seconds"].idxmin()].set_index(by)["layout"]
    chosen = summary.set_index(by)["layout"]
    assert len(quicker) >= 5
    assert all(chosen[key] == layout for key, layout in quicker.items())


def test_summary_is_of_the_measured_repeats(history):
    timings = history.tables["timings"]
    measured = timings[timings["repeat"] > 0]
    for row in history.tables["summary"].to_dict("records"):
        key = [measured[name] == row[name] for name in ("contender", "arms", "optimizer")]
        own = measured[np.logical_and.reduce(key)]
        assert row["ms_an_epoch"] == (1000 * own["seconds"] / own["epochs"]).median()
        assert row["times_faster_than_fits"] > 0


def test_targets_are_judged_by_ratios_of_this_run(history):
    timings = history.tables["timings"]
    timings["epochs"] = 1
    timings["seconds"] = timings["contender"].map({"Keras fit": 4.0, "NumPy": 2.0}).fillna(1.0)
    rows = history.tables["timings_by_rows"]
    rows["seconds"] = rows["epochs"] * (1.0 + rows["arms"] * rows["rows"])  # A line in the rows.
    found = again(history)
    assert (found["2a"].measured, found["2a"].verdict) == (64 * 4.0, "holds")
    assert found["2b"].verdict == "not tested", "512 arms were not among them"
    assert (found["7c"].measured, found["7c"].control.measured) == (0.5, 64 * 2.0)
    assert {found[id].verdict for id in ("7a", "7c", "7d")} == {"holds"}
    assert found["6"].measured == pytest.approx(1)
    assert found["6"].verdict == "holds"

    late = (timings["contender"] == costs.BANK) & (timings["arms"] == 64)
    timings.loc[late, "seconds"] = 100.0
    rows["seconds"] **= 2
    found = again(history)
    assert {found[id].verdict for id in ("2a", "7c", "7d", "6")} == {"fails"}


@pytest.mark.parametrize(
    ("used", "slow", "why"),
    [(1.3, 1.0, "meanwhile, others used 1.3"), (0.0, 1.5, "1.50 times as long as usual")],
)
def test_a_machine_that_was_not_quiet_gives_no_verdict_on_time(history, used, slow, why):
    found = again(history, used, slow)
    assert found["1a"].verdict == "holds", "losses do not depend on time"
    for id in ("7a", "7c", "7d", "2a", "6"):
        assert found[id].verdict == "not tested"
        assert why in found[id].reason
    sentence = EXPERIMENT.answer(history, list(found.values())).sentence
    assert sentence.startswith("No verdict on time")
    drawn = [draw(history) for draw in EXPERIMENT.figures.values()]
    titles = [figure.get_suptitle() for figure in drawn if figure is not None]
    assert len(titles) == 3
    assert all("no verdict" in title for title in titles)


def test_others_are_whoever_else_uses_the_machine(monkeypatch):
    now = iter([(10.0, 100.0, 3.0), (14.0, 107.0, 4.0)])
    monkeypatch.setattr(machine.Watch, "_now", staticmethod(lambda: next(now)))
    assert machine.Watch().cores() == (7 - 1) / 4


def test_the_floor_is_bytes_products_and_noise(history):
    history.numbers |= {"bytes a second": 1e9, "products a second": 1e30, "noise": 0.0}
    again(history)
    data, summary = history.data, history.tables["summary"]
    rows = data["train_rows"] + 1.5 * data["validation_rows"]  # Two epochs, three evaluations.
    assert summary["floor_ms"].to_numpy() == pytest.approx(1e-6 * 4 * 40 * rows)
    history.numbers |= {"bytes a second": 1e30, "products a second": 1e6}
    again(history)
    own = history.tables["summary"].set_index(["contender", "row"])["floor_ms"]
    rows = 2 * data["train_rows"] + 1.5 * data["validation_rows"]
    assert own[costs.BANK, "256"] == pytest.approx(1e-3 * 2 * 40 * 256 * rows)
    assert own[costs.BANK, "1"] == pytest.approx(own[costs.BANK, "256"] / 256)


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
