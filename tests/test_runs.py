"""A run's folder, end to end on a small surrogate."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial

import h5py
import numpy as np
import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.pages import style
from twinhead.results import history
from twinhead.runs import identity, present
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment

FILES = {
    *("config.yaml", "provenance.json", "history.h5", "history.csv", "verdicts.json"),
    *("answer.json", "figures", "report.html"),
}


def read(run, name):
    return json.loads((run.folder / name).read_text(encoding="utf-8"))


def again(run, *words):
    """Execute once more what made a run, in the same folder."""
    name = run.experiment.name
    given = [*SMALL[name].split(), f"outputs={run.folder.parent.parent}", "progress=false", *words]
    return execute(run.experiment, compose(f"experiment/{name}", run.experiment.Settings, given))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mine(run, tmp_path):
    """A finished run of `train` that a test may spoil."""
    made = run("train")
    copy = tmp_path / "outputs" / "train" / made.folder.name
    shutil.copytree(made.folder, copy)
    return type(made)(made.experiment, copy, made.exit_code)


def test_a_run_holds_every_file_of_the_contract(run):
    made = run("equivalence")
    assert made.exit_code == 0
    assert {path.name for path in made.folder.iterdir()} >= FILES
    pictures = made.experiment.figures
    assert {"loss_curves", "loss_gap"} <= pictures.keys(), "the article's two"
    assert {path.name for path in (made.folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in pictures for kind in ("png", "svg")
    }
    verdicts = read(made, "verdicts.json")
    assert {verdict["id"].rstrip("ab") for verdict in verdicts} == {str(n) for n in range(1, 13)}
    for verdict in verdicts:
        assert verdict["data"].startswith("surrogate")
        if verdict["id"][0] == "8":
            assert verdict["verdict"] == verdict["control"]["verdict"] == "not tested"
        else:
            told_apart = "identity" if verdict["id"][0] == "7" else "fails"
            assert (verdict["verdict"], verdict["control"]["verdict"]) == ("holds", told_apart)
    about = read(made, "provenance.json")
    assert {"commit", "dirty", "versions", "platform", "cpu", "threads", "command"} <= set(about)
    assert len(about["data_sha256"]) == 64
    measured = history.load(made.folder / "history.h5")
    assert all(len(record.loss()) == 3 for record in measured.records.values())


def test_a_run_says_its_answer_on_what_data_and_how_many_claims_hold(run):
    answer = read(run("equivalence"), "answer.json")
    assert answer["question"].endswith("?")
    assert answer["counts"] == {"holds": 19, "fails": 0, "not tested": 2}
    assert answer["data"]["made_up"] is True
    assert answer["data"]["train_rows"] == 320
    measured = {v["id"]: v["measured"] for v in read(run("equivalence"), "verdicts.json")}
    assert answer["number"] == measured["2a"]


def test_every_picture_says_that_its_data_are_a_surrogates(mine, monkeypatch):
    titles = {}
    monkeypatch.setattr(
        present, "save", lambda figure, stem: titles.update({stem.name: figure.get_suptitle()})
    )
    present.write(mine.experiment, mine.folder.name, mine.folder)
    assert titles.keys() == mine.experiment.figures.keys()
    for name, title in titles.items():
        assert "surrogate" in " ".join(title.split()), name


def test_the_page_says_that_data_are_a_surrogates_and_opens_offline(run):
    page = (run("equivalence").folder / "report.html").read_text(encoding="utf-8")
    assert "urrogate" in page
    assert 'src="http' not in page


def test_a_finished_run_is_found(run, capsys):
    made = run("equivalence")
    changed = (made.folder / "history.h5").stat().st_mtime_ns
    assert again(made).folder == made.folder
    assert "Found finished" in capsys.readouterr().out
    assert (made.folder / "history.h5").stat().st_mtime_ns == changed
    latest = made.folder.parent / "latest"
    assert latest.resolve() == made.folder.resolve()


def test_finding_a_finished_run_imports_nothing_slow(run, twinhead):
    made = run("equivalence")
    words = (*SMALL["equivalence"].split(), f"outputs={made.folder.parent.parent}")
    done = twinhead("equivalence", *words, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    assert "Found finished" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "twinhead.runs.execute" in imported
    slow = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy.stats", "pandas"}
    assert not imported & slow


def test_forcing_measures_again_and_gives_the_same_bits(mine):
    before = history.load(mine.folder / "history.h5")
    inode = (mine.folder / "history.h5").stat().st_ino
    after = history.load(again(mine, "force=true").folder / "history.h5")
    assert (mine.folder / "history.h5").stat().st_ino != inode
    for name, record in before.records.items():
        for key, values in record.series.items():
            assert values.tobytes() == after.records[name].series[key].tobytes(), (name, key)


def test_new_drawing_code_draws_anew_without_measuring(mine, monkeypatch):
    numbers = (mine.folder / "history.h5").read_bytes()
    seconds = read(mine, "provenance.json")["seconds"]

    def never(self, settings):
        raise AssertionError("measured again")

    monkeypatch.setattr(Experiment, "measure", never)
    monkeypatch.setattr(identity, "presentation", lambda experiment: "drawn by newer code")
    (mine.folder / "figures/loss_curves.png").write_bytes(b"")
    again(mine)
    assert (mine.folder / "history.h5").read_bytes() == numbers
    assert (mine.folder / "figures/loss_curves.png").stat().st_size > 1000
    assert read(mine, "provenance.json")["seconds"] == seconds
    assert read(mine, "manifest.json")["presentation"] == "drawn by newer code"


@pytest.mark.parametrize(("ratio", "seen"), [("1.9", {"2a", "2b"}), ("1", {"2a", "2b"})])
def test_a_failing_claim_gives_exit_code_1_and_everything_is_written(run, ratio, seen):
    """At equal rates the configured arm and the control are alike."""
    made = run("equivalence", f"lr_ratio={ratio}")
    assert made.exit_code == 1
    assert {path.name for path in made.folder.iterdir()} >= FILES
    failed = {v["id"] for v in read(made, "verdicts.json") if v["verdict"] == "fails"}
    assert seen <= failed
    assert not failed & {"1a", "1b", "5a", "5b", "6a", "6b", "7a", "7b"}
    assert read(made, "answer.json")["answer"].startswith("No")


def test_a_diverged_run_is_written_with_failing_claims(run):
    made = run("equivalence", "learning_rate=1e39", "repeats=1")
    assert made.exit_code == 1
    assert {path.name for path in made.folder.iterdir()} >= FILES

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    for name in ("verdicts.json", "answer.json"):
        json.loads((made.folder / name).read_text(encoding="utf-8"), parse_constant=refuse)


def test_large_features_that_nobody_standardised_keep_claims_2_and_6(here):
    generator = np.random.default_rng(0)
    y = np.arange(300) % 2
    with h5py.File("large.h5", "w") as file:
        file["train"] = 300 * (generator.standard_normal((300, 6)) + 0.3 * y[:, None])
        file["label"] = y
    words = ("data=file", "data.path=large.h5", "repeats=1", "epochs=3", "progress=false")
    experiment = Experiment("equivalence")
    made = execute(experiment, compose("experiment/equivalence", experiment.Settings, words))
    verdicts = {v["id"]: v for v in read(made, "verdicts.json")}
    measured = history.load(made.folder / "history.h5")
    softmax = measured.one(head="softmax", noise="common", precision="float32")
    assert softmax.loss().max() > 5, "not large enough to tell"
    for number in ("2a", "2b", "6a", "6b"):
        assert verdicts[number]["verdict"] == "holds", verdicts[number]


@pytest.mark.parametrize("spoilt", ["verdicts.json", "provenance.json", "history.h5"])
def test_a_damaged_run_is_measured_again(mine, spoilt):
    (mine.folder / spoilt).unlink()
    if spoilt == "verdicts.json":
        (mine.folder / spoilt).write_text("")
    again(mine)
    assert (mine.folder / spoilt).stat().st_size > 0


def test_a_run_that_breaks_while_it_measures_leaves_nothing(mine, monkeypatch):
    def breaks(self, settings):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(Experiment, "measure", breaks)
    before = {path.name for path in mine.folder.parent.iterdir()}
    with pytest.raises(RuntimeError):
        again(mine, "seed=5")
    assert {path.name for path in mine.folder.parent.iterdir()} == before


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_is_never_taken_for_finished(here, how):
    """Killed while it measures; the next run clears what is left and finishes."""
    words = ["data=surrogate", "data.rows=2000", "data.features=40", "epochs=100000"]
    command = [sys.executable, "-m", "twinhead", "train", *words]
    # Who starts the tests in the background of a shell hands on that Ctrl-C is ignored.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    deadline = time.monotonic() + 100
    for line in process.stderr:
        assert time.monotonic() < deadline
        if "/100000" in line:
            break
    os.kill(process.pid, how)
    rest = process.stderr.read()
    process.wait(timeout=60)
    place = here / "outputs/train"
    assert not [path for path in place.iterdir() if not path.name.startswith(".")]
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "interrupted" in rest
        assert "Traceback" not in rest
    experiment = Experiment("train")
    words = [*SMALL["train"].split(), "progress=false"]
    made = execute(experiment, compose("experiment/train", experiment.Settings, words))
    left = {path.name for path in place.iterdir() if path.name[:9] == ".partial-"}
    assert not left
    assert (place / "latest").resolve() == made.folder.resolve()


def test_an_output_folder_that_cannot_be_written_is_refused(twinhead, tmp_path):
    (tmp_path / "a file").write_text("")
    for name in ("train", "equivalence"):
        done = twinhead(name, *SMALL[name].split(), "outputs=a file/below")
        assert done.returncode == 2
        assert done.stderr.startswith("error: outputs: cannot write")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_the_trained_head_loads_in_plain_keras(here, head):
    """On standardised data, so that a head that forgot the means would show."""
    experiment = Experiment("train")
    words = ["data=breast_cancer", f"head={head}", "learning_rate=0.05", "progress=false"]
    settings = compose("experiment/train", experiment.Settings, words)
    made = execute(experiment, settings)
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
        [sys.executable, "-c", script, made.folder / "head.keras"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    (record,) = history.load(made.folder / "history.h5").records.values()
    accuracy = float(done.stdout.splitlines()[-1])
    assert accuracy == pytest.approx(record.series["validation", "accuracy"][-1], abs=1e-12)
    assert accuracy > 0.85


def test_a_multirun_gives_one_table_and_one_picture(twinhead, tmp_path):
    words = (*SMALL["train"].split(), "head=softmax,sigmoid", "seed=0,1,2")
    done = twinhead("train", "-m", *words)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs/train").glob("sweep-*")
    files = {"sweep.csv", "sweep.png", "sweep.svg", "report.html"}
    assert {path.name for path in folder.iterdir()} >= files
    assert f"train/{folder.name}/report.html" in (tmp_path / "outputs/index.html").read_text()
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("Page: outputs/train/sweep-")
    assert [line.split()[0] for line in lines[-7:-1]] == ["softmax"] * 3 + ["sigmoid"] * 3
    with (folder / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["head"], row["seed"]) for row in rows] == [
        (head, seed) for head in ("softmax", "sigmoid") for seed in "012"
    ]
    for row in rows:
        assert row["data"].startswith("surrogate")
        own = history.load(tmp_path / "outputs/train" / row["run"] / "history.h5")
        (record,) = own.records.values()
        assert float(row["validation_loss"]) == record.loss()[-1]
    # Same seed, same noise: the two heads end alike, and other seeds do not.
    losses = np.array([float(row["validation_loss"]) for row in rows]).reshape(2, 3)
    assert np.abs(losses[0] - losses[1]).max() <= 1e-6
    assert np.abs(np.diff(losses[0])).min() >= 1e-4
    assert twinhead("train", "-m", *words).stdout.count("Found finished") == 6


def test_sweep_csv_names_every_key_that_was_swept(twinhead, tmp_path):
    words = ("head=softmax", "dropout=0.1,0.2", "init=random,transfer")
    done = twinhead("train", "-m", *SMALL["train"].split(), *words)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "outputs/train").glob("sweep-*")
    with (folder / "sweep.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["dropout"] for row in rows] == ["0.1", "0.1", "0.2", "0.2"]
    # A softmax head is what the others are matched to: init cannot change it, nor split its runs.
    assert rows[0]["run"] == rows[1]["run"]
    assert "Data: surrogate" in done.stdout


def test_the_same_history_gives_the_same_pictures(run, here):
    made = run("equivalence")
    measured = history.load(made.folder / "history.h5")
    for kind in ("png", "svg"):
        for name in ("one", "two"):
            figure = made.experiment.figures["loss_curves"](measured)
            style.save(figure, here / f"{name}.{kind}", kind)
        assert (here / f"one.{kind}").read_bytes() == (here / f"two.{kind}").read_bytes()


def test_names_with_markup_and_formulas_are_shown_as_they_are(twinhead, tmp_path):
    with h5py.File(tmp_path / "a$_$b [bold].h5", "w") as file:
        file["train"], file["label"] = np.random.default_rng(0).random((60, 3)), np.arange(60) % 2
    place = tmp_path / "out [old]"
    words = ("data=file", "data.path='a$_$b [bold].h5'", "epochs=1", f"outputs='{place}'")
    done = twinhead("train", *words)
    assert done.returncode == 0, done.stderr
    assert str(place) in done.stdout
    assert "a$_$b [bold].h5" in done.stdout
