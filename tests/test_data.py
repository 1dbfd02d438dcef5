import h5py
import numpy as np
import pytest
from small import PROJECT

from twinhead.data import surrogate
from twinhead.data.features import Features, describe, fingerprint
from twinhead.data.features import split as cut
from twinhead.data.sources import BreastCancer, CatDog, File, Surrogate
from twinhead.errors import InputError

REAL = PROJECT.parent / "shared/features/gap_MobileNet.h5"


def write(path, train=None, label=None, **more):
    """Write a small valid file, but for what is passed."""
    generator = np.random.default_rng(0)
    train = generator.random((20, 3), np.float32) if train is None else train
    label = np.arange(20) % 2 if label is None else label
    with h5py.File(path, "w") as file:
        for name, value in {"train": train, "label": label, **more}.items():
            if not isinstance(value, str) or value != "absent":
                file[name] = value
    return path


def read(path):
    return File(path=str(path)).load()


def test_a_file_in_the_layout_is_read(tmp_path):
    features = read(write(tmp_path / "mine.h5", test=np.zeros((5, 3))))
    assert features.name == "mine.h5"
    assert features.X.dtype == np.float32
    assert features.X.shape == (20, 3)
    assert features.y.dtype == np.uint8
    assert not features.made_up


@pytest.mark.parametrize("kind", [bool, np.int64, np.float64])
def test_labels_of_any_numeric_type_are_read(tmp_path, kind):
    features = read(write(tmp_path / "a.h5", label=(np.arange(20) % 2).astype(kind)))
    assert features.y.tolist() == [0, 1] * 10


def spoilt(position, value):
    train = np.ones((20, 3), np.float32)
    train[position] = value
    return train


BAD = {
    "no train": ({"train": "absent"}, ["`train` is missing", "found label"]),
    "no label": ({"label": "absent"}, ["`label` is missing", "found train"]),
    "rank of train": ({"train": np.ones(20)}, ["`train` has shape (20,)"]),
    "rank of label": ({"label": np.ones((20, 1))}, ["`label` has shape (20, 1)"]),
    "lengths": ({"label": np.arange(19) % 2}, ["20 rows", "`label` 19"]),
    "three classes": ({"label": np.arange(20) % 3}, ["3 different value(s) (0, 1, 2)", "0 and 1"]),
    "classes 1 and 2": ({"label": np.arange(20) % 2 + 1}, ["(1, 2)", "expected 0 and 1"]),
    "labels with NaN": ({"label": np.r_[np.nan, np.ones(19)]}, ["nan", "expected 0 and 1"]),
    "one class": ({"label": np.ones(20)}, ["only class 1"]),
    "text": ({"label": np.array([b"cat"] * 20)}, ["expected numbers"]),
    "NaN": ({"train": spoilt((7, 2), np.nan)}, ["1 value(s)", "row 7, column 2"]),
    "infinity": ({"train": spoilt(([3, 9], [1, 0]), np.inf)}, ["2 value(s)", "row 3, column 1"]),
    "both infinities": (
        {"train": spoilt(([3, 9], [1, 0]), [np.inf, -np.inf])},
        ["2 value(s)", "row 3, column 1"],
    ),
    "too large": ({"train": np.full((20, 3), 1e300)}, ["60 value(s)", "float32"]),
    "no rows": ({"train": np.ones((0, 3)), "label": np.ones(0)}, ["(0, 3)", "at least one"]),
    "no columns": ({"train": np.ones((20, 0))}, ["(20, 0)"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_with_what_was_found(tmp_path, case):
    content, expected = BAD[case]
    path = write(tmp_path / "bad.h5", **content)
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    for part in expected:
        assert part in message


def test_large_finite_numbers_are_no_error(tmp_path):
    train = np.full((20, 3), np.float32(3e38))
    assert read(write(tmp_path / "large.h5", train=train)).X.max() == np.float32(3e38)


def test_missing_files_folders_and_other_formats_are_refused(tmp_path):
    (tmp_path / "text.h5").write_text("train, label")
    (tmp_path / "empty.h5").write_bytes(b"")
    for name, expected in (
        ("nowhere.h5", "no such file"),
        ("text.h5", "not an HDF5 file"),
        ("empty.h5", "not an HDF5 file"),
        (".", "found a folder"),
    ):
        with pytest.raises(InputError, match=expected):
            read(tmp_path / name)


@pytest.mark.parametrize("kept", [0.05, 0.5, 0.99])
def test_truncated_files_are_refused(tmp_path, kept):
    whole = write(tmp_path / "whole.h5", train=np.ones((20, 300))).read_bytes()
    path = tmp_path / "truncated.h5"
    path.write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(InputError, match="damaged or unreadable"):
        read(path)


def test_fingerprint_is_of_the_arrays_not_the_file(tmp_path):
    one, two = write(tmp_path / "one.h5"), write(tmp_path / "two.h5", test=np.zeros(3))
    assert File(path=str(one)).identity() == File(path=str(two)).identity()
    X = np.zeros((2, 3), np.float32)
    assert fingerprint(X) != fingerprint(X.reshape(3, 2))
    assert fingerprint(X) != fingerprint(X.astype(np.float64))
    assert fingerprint(X) != fingerprint(X.astype(np.int32)), "as many bytes, all of them zero"


def test_split_standardises_on_the_training_rows_only():
    features = BreastCancer().load()
    split = cut(features, 0.2, seed=1)
    np.testing.assert_allclose(split.X_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(split.X_train.std(axis=0), 1, atol=1e-5)
    assert np.abs(split.X_validation.mean(axis=0)).max() > 0.01
    assert len(split.y_train) + len(split.y_validation) == 569


def test_a_split_is_its_seeds_and_has_the_share_that_was_asked_for():
    features = BreastCancer().load()
    one, again, other = (cut(features, 0.2, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.X_train, again.X_train)
    assert not np.array_equal(one.y_train, other.y_train)
    assert len(one.y_validation) == 114
    described = describe(features, one)
    assert (described["train_rows"], described["validation_rows"]) == (455, 114)


def test_rows_keep_their_labels_and_come_back_from_what_was_taken_out():
    features = BreastCancer().load()
    split = cut(features, 0.2, seed=1)
    for X, y in ((split.X_train, split.y_train), (split.X_validation, split.y_validation)):
        raw = X * split.scale.astype(np.float64) + split.mean
        for row, label in zip(raw, y, strict=True):
            nearest = np.abs(features.X - row).max(axis=1).argmin()
            np.testing.assert_allclose(features.X[nearest], row, rtol=1e-4, atol=1e-4)
            assert features.y[nearest] == label


@pytest.mark.parametrize("fraction", [0.001, 0.999, 0.1])
def test_a_split_that_leaves_a_class_out_is_refused(fraction):
    features = Features("x", np.ones((8, 2), np.float32), np.r_[1, np.zeros(7)].astype("u1"))
    with pytest.raises(InputError, match="validation_fraction"):
        cut(features, fraction, seed=0)


def test_catdog_is_the_real_file_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(surrogate, "ROWS", 20)
    monkeypatch.setattr(surrogate, "FEATURES", 3)
    (tmp_path / "data").mkdir()
    settings = CatDog()
    assert settings.identity().startswith("surrogate")
    write(tmp_path / "data/gap_Xception.h5")
    assert settings.load().made_up, "not what its identity says"
    settings = CatDog()
    features = settings.load()
    assert (features.made_up, features.article) == (False, "000")
    assert not settings.identity().startswith("surrogate")


@pytest.mark.parametrize("words", [{"made_up": "yes"}, {}])
def test_other_features_are_not_taken_for_the_articles(tmp_path, words):
    """A surrogate in the real file's place, and a file of another shape."""
    path = write(tmp_path / "mine.h5")
    with h5py.File(path, "r+") as file:
        file.attrs.update(words)
    with pytest.raises(InputError, match="expected the article's features"):
        CatDog(path=str(path), seed=1).load()


def test_a_named_catdog_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        CatDog(path=str(tmp_path / "typo.h5"), seed=1).load()


def test_a_file_that_says_it_is_made_up_is_a_surrogate(tmp_path):
    path = write(tmp_path / "mine.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["made_up"] = "yes"
    assert read(path).made_up
    assert read(path).name == "surrogate in mine.h5"


def test_surrogate_is_non_negative_balanced_and_the_same_again():
    X, y = surrogate.make(601, 32, seed=4)
    assert X.shape == (601, 32)
    assert X.dtype == np.float32
    assert X.min() == 0
    assert np.bincount(y).tolist() == [301, 300]
    assert fingerprint(X, y) == fingerprint(*surrogate.make(601, 32, seed=4))
    assert fingerprint(X, y) != fingerprint(*surrogate.make(601, 32, seed=5))


def test_surrogate_is_kept_for_the_next_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Surrogate(rows=50, features=4, seed=1)
    first = settings.load()
    assert first.made_up
    assert "surrogate" in first.name
    monkeypatch.setattr(surrogate, "make", None)
    assert settings.load().X.tobytes() == first.X.tobytes()
    assert settings.load().made_up, "it says so as it is read again"


@pytest.mark.skipif(not REAL.exists(), reason="the real features are not in the repository")
def test_real_features_are_read():
    features = read(REAL)
    assert features.X.shape == (2000, 1024)
    assert features.y.mean() == 0.5


def test_a_surrogate_of_another_recipe_is_made_anew(tmp_path, monkeypatch):
    """Kept by another version of this file or of NumPy: its numbers are others."""
    monkeypatch.chdir(tmp_path)
    settings = Surrogate(rows=50, features=4, seed=1)
    settings.load()
    made, make = [], surrogate.make
    monkeypatch.setattr(surrogate, "recipe", lambda *_: "another")
    monkeypatch.setattr(surrogate, "make", lambda *args: made.append(args) or make(*args))
    settings.load()
    assert made == [(50, 4, 1)]
