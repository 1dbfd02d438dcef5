"""The sweep, on small data."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.experiments.lr_ratio import Settings
from twinhead.experiments.lr_ratio import measure as lr_ratio
from twinhead.results import claim
from twinhead.results.history import load
from twinhead.training import bank
from twinhead.training.epoch import Program

DENSE = [0.25, 0.5, 1, 1.5, 1.75, 1.9, 1.95, 1.98, 2, 2.02, 2.05, 2.1, 2.25, 2.5, 3, 4, 8]


@pytest.fixture
def measured(run):
    """Return what a small run measured: its folder, history and verdicts by id."""

    def measured(*words):
        finished = run("lr_ratio", *words)
        history = load(finished.folder / "history.h5")
        verdicts = claim.judge_all(finished.experiment.claims, history)
        return finished, history, {verdict.id: verdict.verdict for verdict in verdicts}

    return measured


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_smallest_gap_is_at_two(measured, precision):
    finished, history, verdicts = measured(f"precision={precision}")
    assert finished.exit_code == 0
    assert set(verdicts.values()) == {"holds"}
    assert history.numbers["ratio with the smallest gap"] == 2
    assert list(history.tables["summary"]["lr_ratio"]) == DENSE
    pictures = {path.stem for path in finished.folder.glob("figures/*.png")}
    assert pictures == {"gap_by_ratio", "weights_by_ratio", "loss_by_ratio", "loss_curves"}


def test_every_seed_has_one_softmax_arm_at_the_configured_rate(measured):
    _, history, _ = measured("precision=float32")
    for seed in (0, 1):
        (softmax,) = history.pick(head="softmax", lr_ratio=1.0, seed=seed)
        fast = history.records[f"softmax at twice the rate, seed {seed}"]
        assert fast.arm.learning_rate == 2 * softmax.arm.learning_rate
        # A ratio of 4 to the one is a ratio of 2 to the other.
        four = history.one(head="sigmoid", lr_ratio=4.0, seed=seed)
        np.testing.assert_allclose(four.loss(), fast.loss(), atol=1e-6)


def test_ratios_that_hardly_differ_are_different_arms(measured):
    _, history, _ = measured("lr_ratios=[2,2.0000001]", "seeds=[0]", "epochs=1")
    assert len(history.pick(head="sigmoid")) == 2


@pytest.mark.parametrize(
    ("grid", "tested", "why"),
    [
        ("[0.5,1,2,4]", "23", "from 1.5 to below 2"),  # The README's.
        ("geomspace(0.25,16,13)", "23", "from 1.5 to below 2"),
        ("[0.1,2,20]", "2", "from 1 to below 2"),
        ("[1.9,2]", "2", "from 1 to below 2"),
        ("[2,2.0000001]", "", "more than 0.01 away from 2"),
        ("[1,1.9,2.1,3]", "", "The grid lacks 2."),
    ],
)
def test_each_claim_asks_of_the_grid_what_it_needs_and_no_more(measured, grid, tested, why):
    finished, _, verdicts = measured(f"lr_ratios={grid}", "seeds=[0]")
    assert finished.exit_code == 0
    assert "".join(number for number in "123" if verdicts[number] == "holds") == tested
    assert {verdicts[number] for number in "123" if number not in tested} == {"not tested"}
    assert verdicts["4"] == "holds"
    assert why in (finished.folder / "verdicts.json").read_text()


def test_no_line_is_drawn_to_two_where_nothing_was_measured(measured):
    finished, history, _ = measured("lr_ratios=[1,1.5,2,3]", "seeds=[0]", "epochs=1")
    (axes,) = finished.experiment.figures["gap_by_ratio"](history).axes
    drawn = [line.get_xdata() for line in axes.get_lines() if "sigmoid" in str(line.get_label())]
    assert [list(x) for x in drawn] == [[1, 1.5], [2], [3]]


def test_a_diverging_ratio_is_recorded_and_disturbs_no_other(measured):
    _, together, _ = measured("lr_ratios=[1.5,2,3,1e40]", "seeds=[0]")
    _, without, _ = measured("lr_ratios=[1.5,2,3]", "seeds=[0]")
    assert list(together.tables["summary"]["diverged"]) == [0, 0, 0, 1]
    lost = together.one(head="sigmoid", lr_ratio=1e40)
    assert np.isfinite(lost.loss()[0])
    assert not np.isfinite(lost.loss()[-1])
    for ratio in (1.5, 2.0, 3.0):
        np.testing.assert_allclose(
            together.one(head="sigmoid", lr_ratio=ratio).loss(),
            without.one(head="sigmoid", lr_ratio=ratio).loss(),
            atol=1e-6,
        )


def test_summary_holds_means_and_intervals_over_seeds(measured):
    finished, history, _ = measured("precision=float32")
    rows = pd.read_csv(finished.folder / "summary.csv")
    (row,) = rows[rows["lr_ratio"] == 3].to_dict("records")
    losses = [record.loss()[-1] for record in history.pick(head="sigmoid", lr_ratio=3.0)]
    assert row["loss"] == pytest.approx(np.mean(losses), rel=1e-12)
    interval = stats.t.interval(0.95, 1, np.mean(losses), stats.sem(losses))
    np.testing.assert_allclose([row["loss_low"], row["loss_high"]], interval, rtol=1e-10)


def test_a_range_is_as_many_ratios(measured):
    _, history, _ = measured("lr_ratios=linspace(1,3,41)", "seeds=[0]", "epochs=1")
    assert list(history.tables["summary"]["lr_ratio"]) == pytest.approx(np.linspace(1, 3, 41))


def test_a_seed_more_compiles_nothing_more(monkeypatch):
    """A split of its own is other rows, and the same program."""
    traced, step = [], Program._step
    monkeypatch.setattr(Program, "_step", lambda *args: traced.append(1) or step(*args))
    bank._program.cache_clear()

    def programs(*words):
        before = len(traced)
        own = compose("experiment/lr_ratio", Settings, [*SMALL["lr_ratio"].split(), *words])
        lr_ratio.measure(own)
        return len(traced) - before

    assert programs("seeds=[0,1,2]") == 2, "the sweep's and the edge's"
    assert programs("seeds=[3]") == 0
    assert programs("seeds=[3]", "batch_size=64") == 1
