"""Plans for more workers than there are: what two of them take lies on the curve."""

import json
import time
from types import SimpleNamespace

import pytest
from broken import Odd

from twinhead.cli.main import run as command
from twinhead.data.features import Cut
from twinhead.data.sources import BreastCancer
from twinhead.runs import cluster, identity, plan
from twinhead.runs.experiment import Experiment
from twinhead.training.recipe import Dask

TIMES = plan.Times(passes=20, workers=2, start=1, giving=0, first=5, later=1, here=0.01, rest=2)


def spread(count, passes):
    """Return the provenance of passes that each wait for 0.3 s, on so many workers."""
    source = BreastCancer(name="breast_cancer")
    cut = Cut(source.load(), 0.2, 1)
    started = time.monotonic()
    with cluster._local(count) as those:
        asks = Dask(name="dask", scheduler=those.scheduler_address, threads=identity.threads())
        settings = SimpleNamespace(data=source, cluster=asks)
        with cluster.opened(Experiment("train"), settings) as others:
            for _ in others.train({k: (Odd(k, waits=0.3), cut) for k in range(passes)}):
                time.sleep(0.02)
            seconds = time.monotonic() - started
            return {"workers": others.workers(), "cluster": others.times, "seconds": seconds}


@pytest.mark.slow  # It compares seconds: on a machine that runs no other tests meanwhile.
def test_two_workers_take_what_one_foretells():
    pytest.importorskip("distributed")
    one, two = spread(1, 20), spread(2, 20)
    foretold = plan.wall(plan.times(one), 2, 20)
    alone = plan.wall(plan.times(one), 1, 20)
    assert abs(alone - one["seconds"]) <= 0.1 * one["seconds"]
    # A machine that others use: a fifth, where a second worker takes off nearly a half.
    assert abs(foretold - two["seconds"]) <= 0.2 * two["seconds"]
    assert two["seconds"] <= 0.75 * one["seconds"]


def test_a_plan_is_what_a_schedule_by_hand_gives():
    # 1 to start, 5 + 19 passes, the last result, 2 for the rest; 0.01 s hide behind the passes.
    assert plan.wall(TIMES, 1, 20) == pytest.approx(1 + 5 + 19 + 0.01 + 2)
    # Ten each, the last two results one after the other.
    assert plan.wall(TIMES, 2, 20) == pytest.approx(1 + 5 + 9 + 0.02 + 2)
    # As many as passes, all done at once: what comes back decides.
    assert plan.wall(TIMES, 1000, 20) == pytest.approx(1 + 5 + 20 * 0.01 + 2)


def test_features_that_are_sent_to_one_after_the_other_slow_a_large_cluster():
    sent = plan.Times(**{**vars(TIMES), "giving": 0.8})
    assert plan.wall(sent, 1000, 1000) > plan.wall(TIMES, 1000, 1000) + 5
    assert plan.enough(sent, 1000) < plan.enough(TIMES, 1000)


def test_the_command_says_how_many_workers_are_enough(tmp_path, capsys):
    seconds = [[5.0, *[1.0] * 9]] * 2
    workers = [{"address": "a", "cpu": "b", "pass_seconds": own} for own in seconds]
    spent = {"start": 1.0, "giving": 0.0, "here": 0.2, "all": 15.2}
    about = {"workers": workers, "cluster": spent, "seconds": 17.2}
    (tmp_path / "provenance.json").write_text(json.dumps(about))
    assert command(["plan", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("32 worker(s) are enough for 20 passes: 8.2 s, where one takes 27.0 s.")
    assert [line.split() for line in said.splitlines() if line.split()[:1] == ["2"]] == [
        ["2", "17.0", "1.6"]
    ]
    assert command(["plan", str(tmp_path), "passes=1000"]) == 0
    assert "for 1000 passes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "plan: found 0 folders, expected that of one run"),
        (["nowhere"], "nowhere: found no run"),
        ([".", "passes=0"], "passes: found 0, expected a whole number"),
        ([".", "pases=3"], "pases: unknown key"),
    ],
)
def test_a_wrong_word_is_one_line(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    workers = [{"address": "a", "cpu": "b", "pass_seconds": [2.0, 1.0]}]
    spent = {"start": 1.0, "giving": 0.0, "here": 0.2, "all": 4.0}
    about = {"workers": workers, "cluster": spent, "seconds": 5.0}
    (tmp_path / "provenance.json").write_text(json.dumps(about))
    assert command(["plan", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_run_of_one_process_is_no_ground_for_a_plan(tmp_path, capsys):
    (tmp_path / "provenance.json").write_text('{"workers": [], "seconds": 3.0}')
    assert command(["plan", str(tmp_path)]) == 2
    assert "plan: found a run with 0 pass(es) trained by workers" in capsys.readouterr().err
