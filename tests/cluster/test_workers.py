"""Passes trained by workers of a cluster: the same bits, whatever happens to a worker."""

import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from bits import bits
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data.features import Cut, Features
from twinhead.errors import InputError
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.jobs import execute_all
from twinhead.runs.verify import verify
from twinhead.training import passes


def write(path, X, y):
    with h5py.File(path, "w") as file:
        file["train"], file["label"] = X, y


def run_on(workers, function):
    """Return what a function gives on each worker."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(workers, set_as_default=False) as client:
        return [*client.run(function).values()]


def settings(name, *given):
    experiment = Experiment(name)
    every = [*SMALL[name].split(), *given]
    return experiment, compose(f"experiment/{name}", experiment.Settings, every)


def provenance(folder):
    return json.loads((folder / "provenance.json").read_text())


@pytest.mark.parametrize("name", ["lr_ratio", "equivalence"])
def test_a_cluster_gives_the_bits_of_one_process(words, name):
    alone = execute(*settings(name, "progress=false", "outputs=alone")).folder
    spread = execute(*settings(name, "outputs=spread", *words)).folder
    assert spread.name == alone.name, "where passes are trained decides no number"
    for one, other in zip(bits(spread), bits(alone), strict=True):
        assert {key: one[key] for key in one if one[key] != other.get(key)} == {}
        assert one.keys() == other.keys()
    for file in ("history.csv", "verdicts.json", "answer.json"):
        assert (spread / file).read_bytes() == (alone / file).read_bytes(), file
    assert verify(spread).faults == {}
    assert provenance(alone)["workers"] == []
    assert len(provenance(spread)["workers"]) == 2
    passed = sum(len(each["pass_seconds"]) for each in provenance(spread)["workers"])
    assert passed == {"lr_ratio": 2, "equivalence": 15}[name]


def test_a_multirun_makes_whole_runs_on_workers(words, tmp_path):
    jobs = [settings("train", f"seed={seed}", *words)[1] for seed in (1, 2, 3)]
    runs = execute_all(Experiment("train"), jobs)
    assert [run.exit_code for run in runs] == [0, 0, 0]
    for job, run in zip(jobs, runs, strict=True):
        plain = settings("train", f"seed={job.seed}", "progress=false", "outputs=alone")
        alone = execute(*plain).folder
        assert run.folder.name == alone.name
        assert bits(run.folder) == bits(alone)
        assert verify(run.folder).faults == {}
        assert (run.folder / "report.html").exists()
        (told,) = provenance(run.folder)["workers"]
        assert told["address"].startswith("tcp://127.0.0.1:")
    assert not list(tmp_path.glob("outputs/train/.partial-*"))
    before = {run.folder: (run.folder / "provenance.json").stat().st_mtime_ns for run in runs}
    again = execute_all(Experiment("train"), [*jobs, settings("train", "seed=4", *words)[1]])
    for run in again[:3]:
        found = (run.folder / "provenance.json").stat().st_mtime_ns
        assert found == before[run.folder], "what is finished is found"


def test_features_that_a_worker_cannot_read_are_sent(words, tmp_path):
    """The workers were started in another folder: there is no such path for them."""
    rng = np.random.default_rng(0)
    X, y = rng.random((300, 5), np.float32), (rng.random(300) > 0.5).astype(np.uint8)
    write(tmp_path / "mine.h5", X, y)
    given = ["data=file", "data.path=mine.h5", "epochs=1", "learning_rate=0.1"]

    def of(name, *more):
        experiment = Experiment(name)
        return experiment, compose(f"experiment/{name}", experiment.Settings, [*given, *more])

    alone = execute(*of("lr_ratio", "seeds=[0,1,2]", "progress=false", "outputs=alone")).folder
    spread = execute(*of("lr_ratio", "seeds=[0,1,2]", *words)).folder
    assert bits(spread) == bits(alone)
    runs = execute_all(Experiment("train"), [of("train", f"seed={k}", *words)[1] for k in (1, 2)])
    assert all(verify(run.folder).faults == {} for run in runs)
    write(tmp_path / "mine.h5", X + 1, y)
    others = execute(*of("lr_ratio", "seeds=[0,1,2]", *words)).folder
    assert others.name != spread.name
    assert bits(others)[2] != bits(spread)[2]


def test_another_file_of_that_name_on_a_worker_is_not_trained_on(words, workers, tmp_path):
    """Its path leads a worker to other rows, as on a machine with an older copy."""
    rng = np.random.default_rng(0)
    X, y = rng.random((300, 5), np.float32), (rng.random(300) > 0.5).astype(np.uint8)
    given = ["data=file", "data.path=mine.h5", "epochs=1", "seeds=[0,1]"]
    experiment = Experiment("lr_ratio")
    started_in = Path(next(iter(run_on(workers, os.getcwd))))
    older = started_in / "mine.h5"
    try:
        write(older, X + 1, y)
        write(tmp_path / "mine.h5", X, y)
        spread = compose("experiment/lr_ratio", experiment.Settings, [*given, *words])
        alone = [*given, "progress=false", "outputs=alone"]
        alone = compose("experiment/lr_ratio", experiment.Settings, alone)
        assert bits(execute(experiment, spread).folder) == bits(execute(experiment, alone).folder)
    finally:
        older.unlink()


def test_a_cut_is_told_from_others_by_features_share_and_seed():
    X = np.random.default_rng(0).random((50, 3), np.float32)
    y = (X[:, 0] > 0.5).astype(np.uint8)
    same = Features("a", X, y)
    told = [
        passes._of(cut)
        for cut in (
            Cut(same, 0.2, 1),
            Cut(Features("b", X + 1, y), 0.2, 1),
            Cut(Features("b", X, 1 - y), 0.2, 1),
            Cut(Features("b", X, y, standardise=True), 0.2, 1),
            Cut(same, 0.3, 1),
            Cut(same, 0.2, 2),
        )
    ]
    assert len({*told}) == len(told)
    assert passes._of(Cut(Features("another name", X.copy(), y), 0.2, 1)) == told[0]


def test_rows_left_on_the_disk_need_a_path_that_workers_share(words, tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.random((300, 5), np.float32), (rng.random(300) > 0.5).astype(np.uint8)
    write(tmp_path / "mine.h5", X, y)
    experiment = Experiment("lr_ratio")

    def run(path, *more):
        own = ["data=file", f"data.path={path}", "data.in_memory=false", "epochs=1", "seeds=[0,1]"]
        return execute(
            experiment, compose("experiment/lr_ratio", experiment.Settings, [*own, *more])
        )

    with pytest.raises(InputError, match=r"worker tcp.*mine\.h5.*expected a path that all workers"):
        run("mine.h5", *words)
    spread = run(tmp_path / "mine.h5", *words).folder
    alone = run(tmp_path / "mine.h5", "progress=false", "outputs=alone").folder
    assert bits(spread) == bits(alone)
