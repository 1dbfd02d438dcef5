"""diagnose and convert as a user calls them, from an empty folder."""

import zipfile

import numpy as np
import pytest

from models.conftest import layers, odds, rows, small, train
from twinhead.models import files
from twinhead.training.backend import keras


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with models as users save them."""
    folder = tmp_path_factory.mktemp("saved")
    model = small(2, keras.optimizers.Adam(0.05), trunk=True, dropout=0.2, metrics=["accuracy"])
    train(model, *rows())
    model.save(folder / "model.keras")
    small(2, keras.optimizers.Lamb(0.05)).save(folder / "lamb.keras")
    small(1).save(folder / "old.h5")
    model.save_weights(folder / "model.weights.h5")
    bad = keras.Sequential([keras.Input((6,)), layers.Dense(1, "softmax")])
    bad.compile("adam", "binary_crossentropy")
    bad.save(folder / "bad.keras")
    doubled = layers.Lambda(lambda x: 2 * x)
    keras.Sequential([keras.Input((6,)), doubled, layers.Dense(2)]).save(folder / "lambda.keras")
    own = keras.Sequential([keras.Input((6,)), Own(), layers.Dense(2, "softmax")])
    own.save(folder / "own.keras")
    whole = (folder / "model.keras").read_bytes()
    (folder / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (folder / "text.keras").write_text("hello")
    other_version(folder / "model.keras", folder / "future.keras")
    (folder / "model.pt").write_bytes(b"PK")
    X, y = rows()
    np.savez(folder / "rows.npz", x=X, y=y)
    np.savez(folder / "narrow.npz", x=X[:, :3], y=y)
    return folder


class Own(layers.Layer):
    def call(self, x):
        return x


def other_version(source, target):
    """Write a model's file as another Keras might: with a layer that this one does not know."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "metadata.json":
                content = content.replace(keras.__version__.encode(), b"9.1.0")
            new.writestr(name, content.replace(b'"Dense"', b'"Denser"'))


def test_convert_writes_a_model_that_goes_on_as_before(twinhead, saved, tmp_path):
    done = twinhead("convert", saved / "model.keras", "twin.keras", f"inputs={saved / 'rows.npz'}")
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    assert first.startswith("head: softmax to sigmoid, the same function (")
    assert any("20 rows of rows.npz" in line for line in lines)
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["twin.keras"]
    model, twin = (
        keras.models.load_model(saved / "model.keras"),
        files.load(tmp_path / "twin.keras"),
    )
    X, y = rows()
    assert twin.optimizer.iterations == model.optimizer.iterations == 2
    for each in (model, twin):
        (dropout,) = (layer for layer in each.layers if isinstance(layer, keras.layers.Dropout))
        dropout.rate = 0.0  # Its generator is in no file.
        each.run_eagerly = True
        train(each, X.astype("float32"), y, epochs=3)
    assert np.abs(odds(model, X) - odds(twin, X)).max() <= 1e-4
    stale = keras.models.load_model(tmp_path / "twin.keras")
    assert np.abs(odds(model, X) - odds(stale, X)).max() > 1e-2, "three epochs moved nothing"


def test_diagnose_says_what_is_wrong_by_its_exit_code(twinhead, saved):
    bad = twinhead("diagnose", saved / "bad.keras")
    assert bad.returncode == 1
    assert bad.stdout.startswith("1 thing to mend")
    assert "output 1 to 1 over 256 rows" in bad.stdout
    good = twinhead("diagnose", saved / "model.keras")
    assert (good.returncode, good.stdout.splitlines()[0]) == (0, "nothing to mend")


REFUSED = {
    "model.pt out.keras": "found a pickle",
    "model.weights.h5 out.keras": "found weights alone",
    "nowhere.keras out.keras": "no such file",
    "text.keras out.keras": "damaged, or cut off",
    "cut.keras out.keras": "damaged, or cut off",
    "model.keras": "found 1 file(s)",
    "model.keras model.keras": "found a file already",
    "model.keras out.h5": "expected a .keras to write",
    "model.keras no/where.keras": "found no folder",
    "model.keras out.keras postive=1": "did you mean positive?",
    "model.keras out.keras positive=2": "positive: found 2",
    "model.keras out.keras rows=[1,2]": "rows: found [1, 2], expected it for a .safetensors",
    "x.safetensors out.safetensors weight=w rows=[1,1]": "expected two different rows",
    "x.safetensors out.safetensors inputs=rows.npz": "expected it for a Keras model only",
    "x.safetensors out.safetensors weight=w": "x.safetensors: no such file",
}


@pytest.mark.parametrize("words", REFUSED)
def test_bad_words_are_one_line_and_start_no_tensorflow(twinhead, saved, words):
    before = {path.name for path in saved.iterdir()}
    done = twinhead("convert", *words.split(), cwd=saved, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if not line.startswith("import time")]
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert REFUSED[words] in lines[0]
    assert "| tensorflow" not in done.stderr
    assert {path.name for path in saved.iterdir()} == before


UNREADABLE = {
    "lambda.keras": "found a Lambda layer, whose code would run",
    "own.keras": "found Own, which is not Keras's own",
    "future.keras": "written by Keras 9.1.0",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_model_that_cannot_be_read_is_one_line(saved, name):
    with pytest.raises(ValueError, match=UNREADABLE[name]) as refusal:
        files.load(saved / name)
    assert "\n" not in str(refusal.value)


def test_refused_conversions_leave_nothing_behind(twinhead, saved, tmp_path):
    done = twinhead("convert", saved / "lamb.keras", "out.keras")
    assert done.returncode == 2
    assert "anyway=true converts all the same" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    narrow = twinhead(
        "convert", saved / "model.keras", "out.keras", f"inputs={saved / 'narrow.npz'}"
    )
    assert "`x` has shape (20, 3), expected rows of (6,)" in narrow.stderr
    done = twinhead("convert", saved / "lamb.keras", "out.keras", "anyway=true")
    assert done.returncode == 0
    assert "OTHERWISE" in done.stdout


def test_an_old_file_is_read_and_what_it_lacks_is_said(twinhead, saved, tmp_path):
    done = twinhead("convert", saved / "old.h5", "new.keras")
    assert done.returncode == 0, done.stderr
    assert "head: sigmoid to softmax" in done.stdout


@pytest.mark.parametrize("command", ["convert", "diagnose"])
def test_help_shows_the_keys(twinhead, command):
    done = twinhead(command, "--help")
    assert done.returncode == 0
    assert f"twinhead {command} model.keras" in done.stdout
    assert "head: null" in done.stdout
