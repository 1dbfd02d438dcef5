"""A run's folder, end to end on a small surrogate."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import equivalence
import h5py
import numpy as np
import pytest
import train
from conftest import PROJECT

from twinhead import config, figures, history, runs

SMALL = ("data=surrogate", "data.rows=400", "data.features=12", "epochs=2", "progress=false")
FILES = {
    "config.yaml",
    "provenance.json",
    "history.h5",
    "history.csv",
    "verdicts.json",
    "figures",
    "report.html",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One folder in which finished runs may be found again."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


def execute(*words):
    settings = config.compose("equivalence", [*SMALL, "repeats=2", "learning_rate=0.1", *words])
    return runs.execute(equivalence.EXPERIMENT, settings)


def test_a_run_holds_every_file_of_the_contract(here, capsys):
    run = execute()
    assert run.exit_code == 0
    assert {path.name for path in run.folder.iterdir()} == FILES
    assert {path.name for path in (run.folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("loss_curves", "loss_gap") for kind in ("png", "svg")
    }
    assert (here / "outputs/equivalence/latest").resolve() == run.folder.resolve()
    shown = capsys.readouterr().out
    assert "surrogate" in shown
    assert "not tested" in shown
    assert str(run.folder / "report.html") in shown

    verdicts = json.loads((run.folder / "verdicts.json").read_text())
    assert {verdict["id"][0] for verdict in verdicts} == set("12345678")
    for verdict in verdicts:
        assert verdict["data"].startswith("surrogate")
        if verdict["id"][0] == "8":
            assert verdict["verdict"] == verdict["control"]["verdict"] == "not tested"
        else:
            assert (verdict["verdict"], verdict["control"]["verdict"]) == ("holds", "fails")

    page = (run.folder / "report.html").read_text()
    assert "Surrogate data." in page
    assert page.count("data:image/svg+xml;base64,") == 2
    assert "http://" not in page
    assert "https://" not in page

    about = json.loads((run.folder / "provenance.json").read_text())
    assert {"commit", "dirty", "versions", "platform", "cpu", "threads", "command"} <= set(about)
    assert len(about["data_sha256"]) == 64
    measured = history.load(run.folder / "history.h5")
    assert all(len(record.loss()) == 3 for record in measured.records.values())


def test_a_finished_run_is_found_and_another_setting_is_not(here, capsys):
    first = execute()
    changed = (first.folder / "history.h5").stat().st_mtime_ns
    assert execute().folder == first.folder
    assert "Found finished" in capsys.readouterr().out
    assert (first.folder / "history.h5").stat().st_mtime_ns == changed
    settings = config.compose("equivalence", [*SMALL, "learning_rate=0.1", "seed=1"])
    assert runs._run_id(equivalence.EXPERIMENT, settings) != first.folder.name


def test_finding_a_finished_run_imports_nothing_slow(here, run_script):
    words = (*SMALL, "repeats=2", "learning_rate=0.1")
    execute()
    done = run_script("equivalence", *words, cwd=here, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    assert "Found finished" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "twinhead.runs" in imported
    assert not imported & {"tensorflow", "keras", "matplotlib", "sklearn", "scipy.stats"}


def test_forcing_measures_again_and_gives_the_same_bits(here):
    first = execute()
    before = history.load(first.folder / "history.h5")
    started = (first.folder / "history.h5").stat().st_ino
    after = history.load(execute("force=true").folder / "history.h5")
    assert (first.folder / "history.h5").stat().st_ino != started
    for name, record in before.records.items():
        for key, values in record.series.items():
            assert values.tobytes() == after.records[name].series[key].tobytes(), (name, key)


def test_new_drawing_code_draws_anew_without_measuring(here, monkeypatch):
    run = execute()
    numbers = (run.folder / "history.h5").read_bytes()
    past = json.loads((run.folder / "provenance.json").read_text())
    past["presentation"] = "drawn by older code"
    (run.folder / "provenance.json").write_text(json.dumps(past))
    (run.folder / "figures/loss_gap.png").write_bytes(b"old")

    def never(settings):
        raise AssertionError("measured again")

    again = replace(equivalence.EXPERIMENT, measure=never)
    settings = config.compose("equivalence", [*SMALL, "repeats=2", "learning_rate=0.1"])
    runs.execute(again, settings)
    assert (run.folder / "history.h5").read_bytes() == numbers
    assert (run.folder / "figures/loss_gap.png").stat().st_size > 1000
    assert json.loads((run.folder / "provenance.json").read_text())["seconds"] == past["seconds"]


def test_a_failing_claim_gives_exit_code_1_and_everything_is_written(here):
    run = execute("lr_ratio=1.9")
    assert run.exit_code == 1
    assert {path.name for path in run.folder.iterdir()} == FILES
    verdicts = json.loads((run.folder / "verdicts.json").read_text())
    failed = {verdict["id"] for verdict in verdicts if verdict["verdict"] == "fails"}
    assert {"2a", "2b"} <= failed
    assert not failed & {"1a", "1b", "5a", "5b", "6a", "6b", "7a", "7b"}


def test_equal_rates_fail_as_they_must(here):
    """The configured arm and the control are then alike."""
    run = execute("lr_ratio=1")
    assert run.exit_code == 1
    verdicts = json.loads((run.folder / "verdicts.json").read_text())
    failed = {verdict["id"] for verdict in verdicts if verdict["verdict"] == "fails"}
    assert {"2a", "2b"} <= failed


def test_a_diverged_run_is_written_with_failing_claims(here):
    run = execute("learning_rate=1e39", "repeats=1")
    assert run.exit_code == 1
    assert {path.name for path in run.folder.iterdir()} == FILES

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    json.loads((run.folder / "verdicts.json").read_text(), parse_constant=refuse)


def test_large_features_that_nobody_standardised_keep_claims_2_and_6(here):
    generator = np.random.default_rng(0)
    y = np.arange(300) % 2
    with h5py.File("large.h5", "w") as file:
        file["train"] = 300 * (generator.standard_normal((300, 6)) + 0.3 * y[:, None])
        file["label"] = y
    words = ("data=file", "data.path=large.h5", "repeats=1", "epochs=3", "progress=false")
    run = runs.execute(equivalence.EXPERIMENT, config.compose("equivalence", words))
    verdicts = {v["id"]: v for v in json.loads((run.folder / "verdicts.json").read_text())}
    measured = history.load(run.folder / "history.h5")
    softmax = measured.one(head="softmax", noise="common", precision="float32")
    assert softmax.loss().max() > 5, "not large enough to tell"
    for number in ("2a", "2b", "6a", "6b"):
        assert verdicts[number]["verdict"] == "holds", verdicts[number]


@pytest.mark.parametrize("spoilt", ["verdicts.json", "provenance.json", "history.h5"])
def test_a_damaged_run_is_measured_again(here, spoilt):
    settings = config.compose("train", [*SMALL, "seed=99"])
    folder = runs.execute(train.EXPERIMENT, settings).folder
    (folder / spoilt).unlink()
    if spoilt == "verdicts.json":
        (folder / spoilt).write_text("")
    runs.execute(train.EXPERIMENT, settings)
    assert (folder / spoilt).stat().st_size > 0


def test_a_run_that_breaks_leaves_nothing(here):
    def breaks(settings):
        raise RuntimeError("in the middle")

    broken = replace(equivalence.EXPERIMENT, name="train", measure=breaks)
    settings = config.compose("equivalence", [*SMALL, "outputs=broken"])
    with pytest.raises(RuntimeError):
        runs.execute(broken, settings)
    assert list((here / "broken/train").iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_is_never_taken_for_finished(here, how):
    """Killed while it measures; the next run clears what is left and finishes."""
    outputs = here / f"killed-{how}"
    words = ["data=surrogate", "data.rows=2000", "data.features=40", "epochs=100000"]
    command = [sys.executable, PROJECT / "experiments/train.py", *words, f"outputs={outputs}"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 100
    for line in process.stderr:
        assert time.monotonic() < deadline
        if "/100000" in line:
            break
    os.kill(process.pid, how)
    rest = process.stderr.read()
    process.wait(timeout=60)
    left = [path.name for path in (outputs / "train").iterdir()]
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in rest
        assert "Traceback" not in rest
        assert left == []
    else:
        assert [name[:9] for name in left] == [".partial-"]
    settings = config.compose("train", [*SMALL, f"outputs={outputs}"])
    run = runs.execute(train.EXPERIMENT, settings)
    assert {path.name for path in (outputs / "train").iterdir()} == {run.folder.name, "latest"}


def test_an_output_folder_that_cannot_be_written_is_refused(here, run_script):
    (here / "a file").write_text("")
    for script in ("train", "equivalence"):
        done = run_script(script, *SMALL, "outputs=a file/below", cwd=here)
        assert done.returncode == 2
        assert done.stderr.startswith("error: outputs: cannot write")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_the_trained_head_loads_in_plain_keras(here, head):
    """On standardised data, so that a head that forgot the means would show."""
    settings = config.compose(
        "train", ["data=breast_cancer", f"head={head}", "learning_rate=0.05", "progress=false"]
    )
    run = runs.execute(train.EXPERIMENT, settings)
    script = (
        "import keras, sys\n"
        "from sklearn.datasets import load_breast_cancer\n"
        "from sklearn.model_selection import train_test_split\n"
        "X, y = load_breast_cancer(return_X_y=True)\n"
        f"_, X, _, y = train_test_split(X, y, test_size=0.2, random_state={settings.seed})\n"
        "p = keras.saving.load_model(sys.argv[1]).predict(X, verbose=0)[:, -1]\n"
        "print(((p > 0.5) == y).mean())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, run.folder / "head.keras"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    (record,) = history.load(run.folder / "history.h5").records.values()
    accuracy = float(done.stdout.splitlines()[-1])
    assert accuracy == pytest.approx(record.series["validation", "accuracy"][-1], abs=1e-12)
    assert accuracy > 0.85


def test_a_multirun_gives_one_table_and_one_picture(here, run_script):
    words = (*SMALL, "outputs=swept", "head=softmax,sigmoid", "seed=0,1,2")
    done = run_script("train", "-m", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    (folder,) = (here / "swept/train").glob("sweep-*")
    assert {path.name for path in folder.iterdir()} == {"sweep.csv", "sweep.png", "sweep.svg"}
    with (folder / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["head"], row["seed"]) for row in rows] == [
        (head, seed) for head in ("softmax", "sigmoid") for seed in "012"
    ]
    for row in rows:
        assert row["data"].startswith("surrogate")
        (record,) = history.load(here / "swept/train" / row["run"] / "history.h5").records.values()
        assert float(row["validation_loss"]) == record.loss()[-1]
    # Same seed, same noise: the two heads end alike, and other seeds do not.
    losses = np.array([float(row["validation_loss"]) for row in rows]).reshape(2, 3)
    assert np.abs(losses[0] - losses[1]).max() <= 1e-6
    assert np.abs(np.diff(losses[0])).min() >= 1e-4

    again = run_script("train", "-m", *words, cwd=here)
    assert again.stdout.count("Found finished") == 6


def test_sweep_csv_names_every_key_that_was_swept(here, run_script):
    words = (*SMALL, "outputs=keys", "head=softmax", "dropout=0.1,0.2", "init=random,transfer")
    done = run_script("train", "-m", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    (folder,) = (here / "keys/train").glob("sweep-*")
    with (folder / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["dropout"] for row in rows] == ["0.1", "0.1", "0.2", "0.2"]
    # A softmax head is what the others are matched to: init cannot change it, nor split its runs.
    assert rows[0]["run"] == rows[1]["run"]
    assert "Data: surrogate" in done.stdout


def test_the_same_history_gives_the_same_pictures(here):
    measured = history.load(execute().folder / "history.h5")
    for kind in ("png", "svg"):
        for name in ("one", "two"):
            figures.save(equivalence.draw(measured)["loss_curves"], here / f"{name}.{kind}", kind)
        assert (here / f"one.{kind}").read_bytes() == (here / f"two.{kind}").read_bytes()


def test_names_with_markup_and_formulas_are_shown_as_they_are(here, run_script):
    with h5py.File(here / "a$_$b [bold].h5", "w") as file:
        file["train"], file["label"] = np.random.default_rng(0).random((60, 3)), np.arange(60) % 2
    place = here / "out [old]"
    words = ("data=file", "data.path='a$_$b [bold].h5'", "epochs=1", f"outputs='{place}'")
    done = run_script("train", *words, cwd=here)
    assert done.returncode == 0, done.stderr
    assert str(place) in done.stdout
    assert "a$_$b [bold].h5" in done.stdout


def test_reproduce_checks_every_word_before_it_runs_anything(here, run_script):
    done = run_script("reproduce", "dropout=2", cwd=here)
    assert done.returncode == 2
    assert done.stderr == "error: dropout: found 2.0, expected a number in [0, 1)\n"
