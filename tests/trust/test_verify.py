"""A finished run is what it says, or it is said what is not; and what comes of that."""

import json
import random
import shutil

import h5py
import pytest
from small import SMALL

from twinhead.cli.commands import verify as command
from twinhead.cli.composing import compose
from twinhead.data import surrogate
from twinhead.disk import manifest
from twinhead.errors import InputError
from twinhead.results import history
from twinhead.runs import articles, present, store, sweep
from twinhead.runs.execute import Run, execute
from twinhead.runs.experiment import Experiment, names
from twinhead.runs.verify import _features, runs, verify


@pytest.fixture
def folder(run, tmp_path, monkeypatch):
    """A finished run that a test may spoil, where its features can be made again."""
    made = run("equivalence").folder
    monkeypatch.chdir(tmp_path)
    _features.cache_clear()
    return shutil.copytree(made, tmp_path / "outputs/equivalence" / made.name)


def again():
    experiment = Experiment("equivalence")
    words = [*SMALL["equivalence"].split(), "progress=false"]
    return execute(experiment, compose("experiment/equivalence", experiment.Settings, words))


@pytest.fixture
def unmeasured(monkeypatch):
    def never(self, settings):
        raise AssertionError("measured again")

    monkeypatch.setattr(Experiment, "measure", never)


def test_a_finished_run_is_what_it_says(folder, capsys):
    run = verify(folder)
    assert run.faults == {}
    assert run.left == []
    files, claims, numbers = (int(words.split()[0]) for words in run.done)
    listed = [path for path in folder.rglob("*") if path.is_file()]
    assert files == len(listed) - 1, "all but the manifest"
    assert claims == len(Experiment("equivalence").claims)
    # Three epochs; losses and accuracies on two parts, and four gaps of arms that are held
    # against another: at least as many as the first version trained.
    records = history.load(folder / "history.h5").records.values()
    gaps = sum(("train", "loss_gap") in record.series for record in records)
    assert len(records) >= 14
    assert gaps >= 10
    assert numbers == len(records) * 3 * 4 + gaps * 3 * 4
    assert command.main([]) == 0
    assert "1 of 1 run(s) are what they say" in capsys.readouterr().out


@pytest.mark.parametrize("name", names())
def test_a_run_of_every_experiment_is_what_it_says(run, name, tmp_path, monkeypatch):
    made = run(name).folder
    monkeypatch.chdir(tmp_path)
    _features.cache_clear()
    found = verify(made)
    assert found.faults == {}
    assert found.left == []
    kept = any(record.weights for record in history.load(made / "history.h5").records.values())
    assert any("recomputed" in words for words in found.done) == kept


def test_any_changed_byte_of_any_file_is_found(folder):
    generator = random.Random(0)
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        at = generator.randrange(len(content))
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert str(path.relative_to(folder)) in verify(folder).faults, (path, at)
        path.write_bytes(content)
        assert verify(folder).faults == {}
        assert not (folder / manifest.MARK).exists()


def forged(folder):
    """Seal a folder as it is now, as somebody would who knows how."""
    about = {key: value for key, value in manifest.read(folder).items() if key != "files"}
    about.pop("sha256")
    manifest.seal(folder, **about)


def edit_json(name, change):
    def edit(folder):
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        change(content)
        (folder / name).write_text(json.dumps(content), encoding="utf-8")

    return edit


def a_claim_that_holds(verdicts):
    verdicts[2]["measured"] = 1e-3


def no_claims(verdicts):
    verdicts.clear()


def a_better_answer(answer):
    answer["counts"]["not tested"] = 0


def a_series(series, by):
    def edit(folder):
        with h5py.File(folder / "history.h5", "r+") as file:
            for arm in file["arms"].values():
                if arm.attrs["init"] == "transfer":
                    arm["series"][series][1] += by

    return edit


def a_weight(folder):
    with h5py.File(folder / "history.h5", "r+") as file:
        next(iter(file["arms"].values()))["weights/kernel"][1, 0, 0] += 1e-3


def a_row(folder):
    lines = (folder / "history.csv").read_text().splitlines(keepends=True)
    (folder / "history.csv").write_text("".join(lines[:-1]))


@pytest.mark.parametrize(
    ("edit", "file", "said"),
    [
        (edit_json("verdicts.json", a_claim_that_holds), "verdicts.json", "claim 2a: measured is"),
        (edit_json("verdicts.json", no_claims), "verdicts.json", "claim 1a"),
        (edit_json("answer.json", a_better_answer), "answer.json", "counts is"),
        (a_row, "history.csv", "something else than history.h5"),
        (a_series("validation/loss", 1e-5), "history.h5", "validation loss"),
        (a_series("train/loss", -1e-5), "history.h5", "train loss"),
        (a_series("validation/accuracy", 1 / 80), "history.h5", "validation accuracy"),
        (a_series("weights/weight_gap", 1e-5), "history.h5", "weight_gap"),
        (a_series("validation/logit_gap", 1e-4), "history.h5", "logit_gap"),
        (a_series("validation/loss_gap", 1e-12), "history.h5", "is to no arm"),
        (a_weight, "history.h5", "recomputed"),
        (lambda folder: (folder / "history.h5").write_bytes(b"text"), "history.h5", "no sense"),
    ],
)
def test_numbers_that_were_changed_and_sealed_are_found(folder, edit, file, said, capsys):
    edit(folder)
    forged(folder)
    assert manifest.faults(folder, thorough=True) == {}
    faults = verify(folder).faults
    assert said in faults[file], faults
    assert command.main([str(folder)]) == 1
    assert f"{file}: " in capsys.readouterr().out


def test_other_features_are_said_and_are_no_fault_of_the_run(folder, monkeypatch):
    monkeypatch.setattr(surrogate, "CLASS_SHIFT", 0.5)
    run = verify(folder)
    assert run.faults == {}
    assert run.left == ["losses not recomputed: the features are not those it was measured on"]


def test_a_note_beside_a_runs_files_is_no_damage(folder):
    (folder / "note.txt").write_text("mine")
    run = verify(folder)
    assert run.faults == {}
    assert run.left == ["note.txt is none of its files"]


def test_what_can_be_made_from_the_numbers_is_made_from_them(folder, unmeasured, capsys):
    (folder / "figures/loss_gap.png").unlink()
    (folder / "verdicts.json").write_text("[]\n")
    assert again().exit_code == 0
    assert "figures/loss_gap.png: missing" in capsys.readouterr().out
    assert verify(folder).faults == {}
    (aside,) = folder.parent.glob(".damaged-*")
    assert "verdicts.json: 3 bytes" in (aside / manifest.MARK).read_text()


def test_a_damaged_measurement_is_set_aside_and_measured_anew(folder, capsys):
    before = (folder / "history.csv").read_bytes()
    a_weight(folder)
    forged(folder)
    assert "Found finished" in (again() and capsys.readouterr().out), "a quick look cannot tell"
    assert command.main([]) == 1
    capsys.readouterr()
    again()
    assert "Found damaged, and set aside: history.h5" in capsys.readouterr().out
    assert verify(folder).faults == {}
    assert (folder / "history.csv").read_bytes() == before
    assert len(list(folder.parent.glob(".damaged-*"))) == 1


def test_pages_over_several_runs_are_made_of_no_damaged_one(folder, monkeypatch):
    monkeypatch.setattr(manifest, "SMALL", 0)  # As if its numbers were too many for a quick look.
    experiment = Experiment("equivalence")
    settings = compose("experiment/equivalence", experiment.Settings, SMALL["equivalence"].split())
    finished = Run(experiment, folder, 0)
    articles.write({"000": "The article"}, [finished])
    assert [path.name for path in runs(folder.parents[1])] == ["articles", folder.name]
    assert verify(folder.parents[1] / "articles").faults == {}
    content = bytearray((folder / "history.h5").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "history.h5").write_bytes(content)
    for gathered in (
        lambda: sweep.gather(experiment, [settings], [finished]),
        lambda: articles.write({"000": "The article"}, [finished]),
    ):
        with pytest.raises(InputError, match=r"history\.h5: found other content"):
            gathered()
    assert "history.h5" in store.faults(folder), "the next call would find it finished"


def test_a_measurement_outlives_a_failure_to_draw_it(folder, unmeasured, monkeypatch, caplog):
    """The folder's files stand for what was measured; drawing them fails, and then does not."""

    def measured(experiment, settings, aside):
        for name in store.measured(folder.with_name("kept")):
            shutil.copyfile(folder.with_name("kept") / name, aside / name)

    def breaks(*arguments):
        raise ZeroDivisionError("in a picture")

    folder.rename(folder.with_name("kept"))
    monkeypatch.setattr("twinhead.runs.execute._measure", measured)
    real = present.write
    monkeypatch.setattr(present, "write", breaks)
    with pytest.raises(ZeroDivisionError):
        again()
    assert not folder.exists()
    monkeypatch.setattr("twinhead.runs.execute._measure", None)
    monkeypatch.setattr(present, "write", real)
    assert again().folder.resolve() == folder
    assert verify(folder).faults == {}
