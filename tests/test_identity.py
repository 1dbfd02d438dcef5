"""A run's id changes with all that decides its numbers, and with nothing else."""

import shutil

import numpy as np
import pytest
from images.drawn import flat
from small import PROJECT, SMALL
from test_data import write

from twinhead.cli.composing import compose
from twinhead.runs import identity
from twinhead.runs.experiment import Experiment, names


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A copy of the package, to edit files in; identities are taken from it."""
    copy = tmp_path / "twinhead"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "src/twinhead", copy, symlinks=False, ignore=ignored)
    monkeypatch.setattr(identity, "PACKAGE", copy)
    monkeypatch.chdir(tmp_path)
    flat(tmp_path / "drawn", 1)  # The images that `extraction` is about.
    return copy


def ids(house, name, *words):
    """Return the run's id and its presentation, as they would be in the copied house."""
    experiment = Experiment(name)
    experiment.folder = house / "experiments" / name
    given = [*SMALL[name].split(), *words]
    settings = compose(f"experiment/{name}", experiment.Settings, given)
    return identity.run_id(experiment, settings), identity.presentation(experiment)


def own_files(house, name):
    return {path.name for path in (house / "experiments" / name).glob("*.py")}


def presents(file):
    return file.startswith("claims") or file.endswith("figures.py")


@pytest.mark.parametrize("name", names())
def test_every_file_of_an_experiments_folder_measures_or_presents(house, name):
    before = ids(house, name)
    for file in own_files(house, name):
        path = house / "experiments" / name / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\nEDITED = 1\n", encoding="utf-8")
        after = ids(house, name)
        path.write_text(text, encoding="utf-8")
        assert (after[0] != before[0]) == (not presents(file)), file
        if file != "measure.py":
            assert after[1] != before[1] or not (presents(file) or file == "__init__.py"), file


def test_words_of_an_experiment_are_not_measured_but_shown(house):
    path = house / "experiments/equivalence/__init__.py"
    before = ids(house, "equivalence")
    path.write_text(path.read_text(encoding="utf-8").replace('TITLE = "', 'TITLE = "New: '))
    after = ids(house, "equivalence")
    assert after[0] == before[0]
    assert after[1] != before[1]


MEASURES = ("training/bank.py", "training/noise.py", "data/features.py", "results/history.py")
MEASURES += ("matching/algebra.py", "results/published.csv", "data/surrogate.py", "results/arm.py")
SHOWS = ("pages/style.py", "results/claim.py", "settings.py", "errors.py", "cli/main.py")


@pytest.mark.parametrize(
    ("file", "decides"), [(f, True) for f in MEASURES] + [(f, False) for f in SHOWS]
)
def test_the_core_decides_what_it_measures_and_no_more(house, file, decides):
    before = ids(house, "equivalence")[0]
    with (house / file).open("a", encoding="utf-8") as opened:
        opened.write("\n")
    assert (ids(house, "equivalence")[0] != before) == decides


def test_an_experiment_without_training_does_not_depend_on_the_bank(house):
    before = ids(house, "numerics")[0]
    (house / "training/bank.py").write_text("")
    assert ids(house, "numerics")[0] == before


def test_settings_decide_and_folders_and_display_do_not(house):
    before = ids(house, "equivalence")[0]
    assert ids(house, "equivalence", "seed=1")[0] != before
    assert ids(house, "equivalence", "outputs=elsewhere", "progress=false")[0] == before


def test_where_a_file_lies_does_not_decide_what_it_holds_does(tmp_path):
    experiment = Experiment("train")

    def run_id(path):
        words = ["data=file", f"data.path={path}"]
        settings = compose("experiment/train", experiment.Settings, words)
        return identity.run_id(experiment, settings)

    one = write(tmp_path / "a.h5")
    (tmp_path / "b").mkdir()
    two = shutil.copy(one, tmp_path / "b" / "a.h5")
    assert run_id(one) == run_id(two)
    write(two, train=np.ones((20, 3), np.float32))
    assert run_id(one) != run_id(two)


@pytest.mark.parametrize("found", ["absent", "99.9"])
def test_a_benchmark_with_another_jax_or_without_it_is_another_run(monkeypatch, house, found):
    before = ids(house, "benchmark")[0]
    real = identity.versions

    def versions(modules):
        assert "jax" in modules
        return real(modules) | {"jax": found}

    monkeypatch.setattr(identity, "versions", versions)
    assert ids(house, "benchmark")[0] != before or real({"jax"})["jax"] == found


def test_the_number_of_threads_is_part_of_a_run(house, monkeypatch):
    before = ids(house, "equivalence")[0]
    monkeypatch.setattr(identity, "threads", lambda: 48)
    assert ids(house, "equivalence")[0] != before


def test_versions_of_what_is_imported_count_and_absence_does_too():
    found = identity.versions({"sklearn", "no_such_module"})
    assert found.keys() == {"scikit-learn", "no_such_module"}
    assert found["no_such_module"] == "absent"
    assert found["scikit-learn"][0].isdigit()


@pytest.mark.parametrize("name", ["numerics", "equivalence"])
def test_another_version_of_what_measures_is_another_run(house, monkeypatch, name):
    before = ids(house, name)[0]
    real = identity.version
    monkeypatch.setattr(identity, "version", lambda of: "0.1" if of == "keras" else real(of))
    assert ids(house, name)[0] != before


def test_another_python_is_another_run(house, monkeypatch):
    before = ids(house, "numerics")[0]
    monkeypatch.setattr(identity.platform, "python_version", lambda: "3.99.0")
    assert ids(house, "numerics")[0] != before


@pytest.mark.parametrize("module", ["torch", "xgboost", "lightgbm"])
def test_an_extra_that_is_there_or_not_is_part_of_the_law(house, monkeypatch, module):
    """Its rows are measured where it is installed: a run without them must not be found again."""
    measure = house / "experiments/law/measure.py"
    assert module in identity.reached(measure)[1]
    monkeypatch.setattr(identity, "version", lambda of: "1.0")
    monkeypatch.setattr(identity, "_called_otherwise", lambda module: [])
    before = ids(house, "law")[0]

    def version(of):
        if of == module:
            raise identity.PackageNotFoundError(of)
        return "1.0"

    monkeypatch.setattr(identity, "version", version)
    assert identity.versions({module}) == {module: "absent"}
    assert ids(house, "law")[0] != before
