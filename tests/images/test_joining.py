import h5py
import numpy as np
import pytest

from twinhead.cli.composing import compose
from twinhead.data import surrogate
from twinhead.data.images.layout import Content, Writer
from twinhead.data.sources import CatDog, Files
from twinhead.errors import InputError
from twinhead.experiments.equivalence import Settings

NAMES = ["cat.0.jpg", "cat.1.jpg", "dog.0.jpg"]


def write(path, width, names=NAMES, labels=(0, 0, 1), images="same", **more):
    content = Content(
        {"train": names, "test": []},
        np.array(labels, np.uint8),
        width,
        [],
        {"images_sha256": images, **more},
    )
    X = np.random.default_rng(width).random((len(names), width), np.float32)
    with Writer(path, content) as writer:
        writer.append("train", X)
        writer.publish()
    return str(path), X


def test_columns_of_several_backbones_stand_side_by_side(tmp_path):
    one, X_one = write(tmp_path / "one.h5", 4)
    two, X_two = write(tmp_path / "two.h5", 3)
    features = Files(paths=[one, two]).load()
    assert np.array_equal(features.X, np.hstack([X_one, X_two]))
    assert features.y.tolist() == [0, 0, 1]
    assert features.name == "one + two"
    assert Files(paths=[one, two]).identity() != Files(paths=[two, one]).identity()


BAD = {
    "order": (
        {"names": NAMES[::-1], "labels": (1, 0, 0)},
        "row 0 is dog.0.jpg, expected cat.0.jpg",
    ),
    "fewer": ({"names": NAMES[:2], "labels": (0, 1)}, "2 rows, expected 3"),
    "labels": ({"labels": (1, 1, 0)}, "cat.0.jpg has label 1, expected 0"),
    "bytes": ({"images": "other"}, "its images have other bytes"),
}


@pytest.mark.parametrize("case", BAD)
def test_rows_of_other_images_are_not_joined(tmp_path, case):
    given, words = BAD[case]
    one, _ = write(tmp_path / "one.h5", 4)
    two, _ = write(tmp_path / "two.h5", 3, **given)
    with pytest.raises(InputError, match=words) as caught:
        Files(paths=[one, two]).load()
    assert str(caught.value).startswith(two)


def test_a_file_without_names_cannot_be_joined(tmp_path):
    one, _ = write(tmp_path / "one.h5", 4)
    two = tmp_path / "two.h5"
    with h5py.File(two, "w") as file:
        file["train"], file["label"] = np.ones((3, 2)), [0, 0, 1]
    with pytest.raises(InputError, match="`train_names` is missing"):
        Files(paths=[one, str(two)]).load()
    with pytest.raises(InputError, match=r"nowhere\.h5"):
        Files(paths=[one, str(tmp_path / "nowhere.h5")]).load()


def test_files_are_chosen_on_the_command_line(tmp_path):
    words = ["data=files", f"data.paths=[{tmp_path}/a.h5,{tmp_path}/b.h5]"]
    settings = compose("experiment/equivalence", Settings, words)
    assert isinstance(settings.data, Files)
    with pytest.raises(InputError, match=r"data\.paths: found nothing"):
        compose("experiment/equivalence", Settings, ["data=files"])


@pytest.mark.parametrize(("weights", "accepted"), [("imagenet", True), ("none", False)])
def test_the_articles_file_is_taken_for_it_with_imagenets_weights_alone(
    tmp_path, monkeypatch, weights, accepted
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(surrogate, "ROWS", 3)
    monkeypatch.setattr(surrogate, "FEATURES", 4)
    write(tmp_path / "data/gap_Xception.h5", 4, weights=weights)
    if accepted:
        features = CatDog().load()
        assert (features.article, features.made_up) == ("000", False)
    else:
        with pytest.raises(InputError, match="weights none, expected the article's features"):
            CatDog().load()
