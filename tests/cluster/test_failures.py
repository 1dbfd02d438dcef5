"""What goes wrong on a cluster: nothing is lost, and whoever asked is told in one line."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from broken import Odd

from twinhead.cli.main import run as command
from twinhead.data.features import Cut
from twinhead.data.sources import BreastCancer, File
from twinhead.errors import InputError
from twinhead.runs import cluster, identity, worker
from twinhead.runs.experiment import Experiment
from twinhead.training import backend, passes
from twinhead.training.recipe import Dask

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
psutil = pytest.importorskip("psutil")


@pytest.fixture
def asked(workers):
    """Return settings enough to open a cluster with: no experiment is run."""
    address, threads = workers.scheduler_address, identity.threads()
    asks = Dask(name="dask", scheduler=address, threads=threads)
    return SimpleNamespace(data=BreastCancer(name="breast_cancer"), cluster=asks)


@pytest.fixture
def cuts(asked):
    features = asked.data.load()
    return [Cut(features, 0.2, seed) for seed in range(8)]


def opened(asked):
    return cluster.opened(Experiment("train"), asked)


def losses(found):
    return {key: records[0].loss().tolist() for key, records in found}


def here(cuts):
    return losses((seed, Odd(seed).train(cut.split())) for seed, cut in enumerate(cuts))


def test_a_worker_that_is_killed_in_a_pass_is_replaced_and_the_pass_runs_again(
    asked, cuts, tmp_path
):
    work = {seed: (Odd(seed), cut) for seed, cut in enumerate(cuts)}
    work[3] = (Odd(3, kills=str(tmp_path / "killed")), cuts[3])
    with opened(asked) as others:
        assert losses(others.train(work)) == here(cuts)
    assert (tmp_path / "killed").exists()


def test_a_pass_that_kills_every_worker_is_given_up(asked, cuts):
    work = {seed: (Odd(seed), cut) for seed, cut in enumerate(cuts)}
    work[3] = (Odd(3, kills="/nowhere/killed"), cuts[3])
    found, said = set(), r"1 of 8 passes failed, .*: it died, as 3 did before"
    with opened(asked) as others, pytest.raises(InputError, match=said):
        found.update(key for key, _ in others.train(work))
    assert sorted(found) == [0, 1, 2, 4, 5, 6, 7]


def test_a_pass_that_fails_names_its_worker_and_the_others_are_kept(asked, cuts, tmp_path):
    work = [(Odd(seed, disk_full=seed in (1, 5)), cut) for seed, cut in enumerate(cuts)]
    said = r"2 of 8 passes failed, the first on worker tcp://127\.0\.0\.1:\d+: OSError: .*No space"
    with opened(asked) as others, passes.trained_by(others):
        with passes.kept_in(tmp_path), pytest.raises(InputError, match=said):
            list(passes.each(work))
        assert len(list(tmp_path.glob("*.npz"))) == 6
        mended = [(Odd(seed), cut) for seed, cut in enumerate(cuts)]
        with passes.kept_in(tmp_path):
            assert losses(enumerate(passes.each(mended))) == here(cuts)
        assert sum(map(len, others.done.values())) == 8, "what was kept is not trained again"


def test_features_that_were_lost_with_all_workers_are_sent_again(asked, cuts, tmp_path):
    asked.data = File(path="/nowhere.h5")  # That only this process has.
    work = {seed: (Odd(seed), cut) for seed, cut in enumerate(cuts)}
    for seed in (0, 1):
        work[seed] = (Odd(seed, kills=str(tmp_path / f"killed {seed}")), cuts[seed])
    with opened(asked) as others:
        assert losses(others.train(work)) == here(cuts)
    assert len(list(tmp_path.glob("killed *"))) == 2


def test_a_worker_that_is_not_heard_of_is_replaced(cuts, asked, tmp_path):
    """As when its network is gone: it is stopped in a pass, and answers nobody."""
    with dask.config.set({"distributed.scheduler.worker-ttl": "2s"}):
        started = cluster._local(2)
    with started:
        asked.cluster = asked.cluster.model_copy(update={"scheduler": started.scheduler_address})
        work = {seed: (Odd(seed), cut) for seed, cut in enumerate(cuts)}
        work[3] = (Odd(3, kills=str(tmp_path / "stopped"), by=signal.SIGSTOP), cuts[3])
        with opened(asked) as others:
            assert losses(others.train(work)) == here(cuts)
            others.client.wait_for_workers(2, timeout=60)
            assert losses(others.train(work)) == here(cuts)
    assert (tmp_path / "stopped").exists()


def test_a_scheduler_that_goes_away_is_one_line_and_what_was_done_is_kept(cuts, asked, tmp_path):
    started = cluster._local(1)
    asked.cluster = asked.cluster.model_copy(update={"scheduler": started.scheduler_address})
    work = [(Odd(seed, waits=0.2), cut) for seed, cut in enumerate(cuts)]
    with opened(asked) as others, passes.trained_by(others), passes.kept_in(tmp_path):
        found = passes.each(work)
        next(found)
        started.close()
        with pytest.raises(
            InputError, match=r"found the scheduler gone, .* what is finished is kept"
        ):
            list(found)
    assert list(tmp_path.glob("*.npz"))


def test_another_version_is_refused_with_both(asked, cuts, monkeypatch):
    real = worker.versions("train")
    monkeypatch.setattr(worker, "versions", lambda experiment: real | {"numpy": "0.1"})
    said = rf"worker tcp\S+: found numpy {real['numpy']}, expected 0\.1, as here"
    with pytest.raises(InputError, match=said), opened(asked):
        pass
    # A worker that joined when the others had been found alike.
    monkeypatch.setattr(cluster.Cluster, "check", lambda self, address: None)
    with opened(asked) as others, pytest.raises(InputError, match=said):
        list(others.train({0: (Odd(0), cuts[0])}))


def test_a_worker_makes_do_with_no_other_features_than_were_asked_for(monkeypatch):
    """As where its scikit-learn comes with other rows; a file's source looks by itself."""
    source = BreastCancer(name="breast_cancer")
    asked = worker.Asked("train", source, "of others", identity.threads(), {})
    with pytest.raises(worker._LackingError, match="found other features than are here"):
        worker._features(asked, None)
    asked = replace(asked, sha256=passes.sha256(source.load()))
    assert len(worker._features(asked, None).y) == 569


def test_what_is_trained_here_has_as_many_threads_as_what_is_not(asked):
    assert backend.tf  # TensorFlow has started.
    threads = identity.threads()
    asked.cluster = asked.cluster.model_copy(update={"threads": threads + 1})
    said = rf"cluster.threads: .*started with {threads} thread\(s\), expected {threads + 1}"
    with pytest.raises(InputError, match=said), opened(asked):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "tcp://"])
def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch, capfd, tmp_path, address):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    given = ["data=breast_cancer", "cluster=dask", f"cluster.scheduler={address}"]
    threads = f"cluster.threads={identity.threads()}"
    assert command(["train", *given, threads, "progress=false"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: cluster.scheduler: found no Dask scheduler at {address}, ")


def test_a_key_of_a_cluster_that_was_not_asked_for_is_one_line(capsys):
    assert command(["train", "cluster.threads=2"]) == 2
    said = "error: cluster.threads: unknown key; expected cluster=... of another kind, with keys"
    assert capsys.readouterr().err.splitlines() == [said]


def test_without_dask_is_one_line(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert command(["train", "data=breast_cancer", "cluster=local", "progress=false"]) == 2
    assert "pip install 'twinhead[cluster]'" in capsys.readouterr().err


def test_a_cluster_on_this_machine_is_reached_from_nowhere_else(workers, asked):
    with opened(asked) as others:
        pids = [os.getpid(), *others.client.run(os.getpid).values()]
    listening = [
        each.laddr.ip
        for pid in pids
        for each in psutil.Process(pid).net_connections("inet")
        if each.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4, "a scheduler and two workers, with a page each"
    assert {*listening} == {"127.0.0.1"}


def test_dask_leaves_the_environment_as_it_was():
    before = dict(os.environ)
    with (
        cluster._environment({identity.THREADS: "1"}),
        cluster._local(1) as started,
        distributed.Client(started, set_as_default=False) as client,
    ):
        (inside,) = client.run(lambda: dict(os.environ)).values()
    assert os.environ == before
    # With it TensorFlow takes up to twice as long: memory is given back after every step.
    assert "MALLOC_TRIM_THRESHOLD_" not in inside
    assert inside[identity.THREADS] == "1"


def test_ctrl_c_ends_all_workers_and_keeps_what_is_done(tmp_path):
    words = "lr_ratio data=surrogate data.rows=4000 data.features=256 epochs=40 cluster=local"
    seeds = f"seeds={[*range(40)]}".replace(" ", "")
    started = subprocess.Popen(
        [sys.executable, "-m", "twinhead", *words.split(), seeds],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    limit = time.monotonic() + 240
    while not list(tmp_path.glob("outputs/lr_ratio/.partial-*/passes/[!.]*")):
        assert started.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.1)
    workers = psutil.Process(started.pid).children(recursive=True)
    assert len(workers) >= 2
    os.killpg(started.pid, signal.SIGINT)  # As a terminal does.
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130
    last = "interrupted (SIGINT): the same command goes on with what was finished"
    assert said.splitlines()[-1].startswith(last)
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    assert list(tmp_path.glob("outputs/lr_ratio/.partial-*/passes/[!.]*"))
