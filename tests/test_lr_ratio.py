"""The sweep, on small data."""

import csv
import json

import lr_ratio
import numpy as np
import pytest

from twinhead import config, history, runs

SMALL = ("data=surrogate", "data.rows=600", "data.features=20", "learning_rate=0.1")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("sweeps")


@pytest.fixture
def measured(place, monkeypatch):
    """Run a sweep, or find it, and return (run, history, verdicts by id, rows of summary.csv)."""
    monkeypatch.chdir(place)

    def run(*words):
        settings = config.compose("lr_ratio", [*SMALL, "progress=false", *words])
        finished = runs.execute(lr_ratio.EXPERIMENT, settings)
        loaded = history.load(finished.folder / "history.h5")
        with (finished.folder / "summary.csv").open() as file:
            rows = list(csv.DictReader(file))
        verdicts = {verdict.id: verdict for verdict in lr_ratio.judge(loaded)}
        return finished, loaded, verdicts, rows

    return run


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_smallest_gap_is_at_two(measured, precision):
    run, _, verdicts, rows = measured(f"precision={precision}", "seeds=[0,1]")
    assert run.exit_code == 0
    assert {verdict.verdict for verdict in verdicts.values()} == {"holds"}
    written = json.loads((run.folder / "verdicts.json").read_text())
    for verdict in written:
        own = "breast cancer" if verdict["id"][0] in "45" else "surrogate"
        assert verdict["data"].startswith(own)
    assert [float(row["lr_ratio"]) for row in rows] == [0.25, 0.5, 1, 1.5, 2, 3, 4, 8]
    assert {path.name for path in (run.folder / "figures").glob("*.png")} == {
        "gap_by_ratio.png",
        "loss_by_ratio.png",
        "loss_curves.png",
    }


def test_ratios_that_hardly_differ_are_different_arms(measured):
    _, loaded, _, _ = measured("lr_ratios=[2,2.0000001]", "seeds=[0]", "epochs=1")
    assert len(loaded.pick(head="sigmoid")) == 2


def test_a_grid_without_two_is_not_tested(measured):
    run, _, verdicts, _ = measured("lr_ratios=[1,1.9,2.1,3]", "seeds=[0]")
    assert run.exit_code == 0
    assert {verdicts[number].verdict for number in "123"} == {"not tested"}
    assert verdicts["4"].verdict == "holds"


def test_a_grid_without_neighbours_of_two_is_not_tested(measured):
    _, _, verdicts, _ = measured("lr_ratios=[0.1,2,20]", "seeds=[0]")
    assert {verdicts[number].verdict for number in "123"} == {"not tested"}


def test_a_diverging_ratio_is_recorded_and_disturbs_no_other(measured):
    _, together, _, rows = measured("lr_ratios=[1.5,2,3,1e40]", "seeds=[0]")
    _, without, _, _ = measured("lr_ratios=[1.5,2,3]", "seeds=[0]")
    assert [int(row["diverged"]) for row in rows] == [0, 0, 0, 1]
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
    from scipy import stats

    _, loaded, _, rows = measured("precision=float32", "seeds=[0,1]")
    row = next(row for row in rows if float(row["lr_ratio"]) == 3)
    losses = [record.loss()[-1] for record in loaded.pick(head="sigmoid", lr_ratio=3.0)]
    assert float(row["loss"]) == pytest.approx(np.mean(losses), rel=1e-12)
    interval = stats.t.interval(0.95, 1, np.mean(losses), stats.sem(losses))
    ends = [float(row["loss_low"]), float(row["loss_high"])]
    np.testing.assert_allclose(ends, interval, rtol=1e-10)


def test_a_wide_sweep_shows_a_screenful(measured, capsys):
    _, _, _, rows = measured("lr_ratios=linspace(1,3,41)", "seeds=[0]", "epochs=1")
    assert len(rows) == 41
    shown = capsys.readouterr().out
    assert "20 of 41 rows" in shown
    assert shown.count("\n") < 80
