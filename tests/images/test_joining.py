import h5py
import numpy as np
import pytest

from twinhead.cli.composing import compose
from twinhead.data import surrogate
from twinhead.data.features import fingerprint
from twinhead.data.features import split as cut
from twinhead.data.images.layout import Content, Writer
from twinhead.data.ondisk import OnDisk
from twinhead.data.sources import CatDog, Files
from twinhead.errors import InputError
from twinhead.experiments.equivalence import Settings
from twinhead.results.arm import Arm
from twinhead.training import bank
from twinhead.training.recipe import Recipe

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


def test_columns_of_files_on_the_disk_are_those_in_memory(tmp_path):
    """One of them in two bytes a number; no row is read but those that are asked for."""
    names = [f"{'cat' if i % 2 else 'dog'}.{i}.jpg" for i in range(500)]
    labels = np.arange(500) % 2
    paths = [write(tmp_path / f"{width}.h5", width, names, labels)[0] for width in (4, 1, 70)]
    with h5py.File(paths[2], "r+") as file:
        short = file["train"][:].astype("f2")
        del file["train"]
        file["train"] = short
    memory, disk = (
        Files(paths=paths, in_memory=where).load(on_disk=True) for where in (True, False)
    )
    assert isinstance(disk.X, OnDisk)
    assert memory.X.shape == disk.X.shape == (500, 75)
    assert disk.X[:].tobytes() == memory.X.tobytes()
    assert fingerprint(disk.X, disk.y) == fingerprint(memory.X, memory.y)
    order = np.random.default_rng(1).integers(0, 500, 300)
    before = disk.X.tally.bytes
    assert np.array_equal(disk.X.take(order, "float64"), memory.X[order])
    assert disk.X.tally.bytes - before == 300 * (4 * 4 + 4 * 1 + 2 * 70)
    arms = [Arm("one", "softmax", 0.1, 1), Arm("other", "sigmoid", 0.2, 1, init="transfer")]
    for one, other in zip(
        *(bank.train(arms, Recipe(2, 32, 0.5), cut(each, 0.2, 1)) for each in (memory, disk)),
        strict=True,
    ):
        assert one.weights["kernel"].tobytes() == other.weights["kernel"].tobytes()
        assert one.loss().tobytes() == other.loss().tobytes()

    with h5py.File(paths[1], "r+") as file:
        file["train"][321] = np.nan
    for where in (True, False):
        with pytest.raises(InputError, match=r"^\S+1.h5: .* row 321, column 0"):
            Files(paths=paths, in_memory=where).load(on_disk=True)


BAD = {
    "order": (
        {"names": NAMES[::-1], "labels": (1, 0, 0)},
        "row 0 is dog.0.jpg, expected cat.0.jpg",
    ),
    "fewer": ({"names": NAMES[:2], "labels": (0, 1)}, "2 rows, expected 3"),
    "labels": ({"labels": (1, 1, 0)}, "cat.0.jpg has label 1, expected 0"),
    "bytes": ({"images": "other"}, "its images have other bytes"),
}


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("case", BAD)
def test_rows_of_other_images_are_not_joined(tmp_path, case, in_memory):
    given, words = BAD[case]
    one, _ = write(tmp_path / "one.h5", 4)
    two, _ = write(tmp_path / "two.h5", 3, **given)
    with pytest.raises(InputError, match=words) as caught:
        Files(paths=[one, two], in_memory=in_memory).load(on_disk=True)
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
