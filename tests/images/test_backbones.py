import sys
import urllib.error
from importlib import import_module

import numpy as np
import pytest
from images.drawn import flat, picture

from twinhead.data.images.backbones import SIZES, called
from twinhead.data.images.decoding import decode
from twinhead.data.sources import Images
from twinhead.errors import InputError
from twinhead.training import backbone
from twinhead.training.backend import keras

SMALL = {"images": "train", "weights": "none", "size": 32}


class AskedError(Exception):
    """Ends the making of a network once its size is known."""


@pytest.mark.parametrize("name", [n for n in dir(keras.applications) if n[0].isupper()])
def test_every_network_of_keras_is_known_with_its_own_size(name, monkeypatch):
    home = import_module(getattr(keras.applications, name).__module__)

    if name.startswith("MobileNetV3"):  # Takes any size, and says which is its own in words.
        assert "(224, 224, 3)" in getattr(keras.applications, name).__doc__
        assert SIZES[name] == 224
        return

    def asked(*_, default_size, **__):
        raise AskedError(default_size)

    monkeypatch.setattr(sys.modules[home.__name__].imagenet_utils, "obtain_input_shape", asked)
    with pytest.raises(AskedError) as caught:
        getattr(keras.applications, name)(weights=None)
    assert caught.value.args == (SIZES[name],)
    assert callable(home.preprocess_input)


def test_no_network_is_known_that_keras_has_not():
    assert {*SIZES} == {name for name in dir(keras.applications) if name[0].isupper()}


def test_names_are_taken_in_any_case():
    assert called("xception") == called("XCEPTION") == "Xception"
    assert called("resnet50v2") == "ResNet50V2"
    assert called("nonsense") is None


def pixels():
    return np.stack(
        [np.asarray(picture(word, k, (32, 32))) for word in ("cat", "dog") for k in (0, 1)]
    )


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV3Small", "VGG16"])
def test_features_are_those_of_keras_fed_by_hand(name):
    """Preprocessing, pooling and the order of channels, against plain Keras."""
    made = backbone.build(Images(backbone=name, **SMALL))
    plain = getattr(keras.applications, name)(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    plain.set_weights(backbone._application(Images(backbone=name, **SMALL), 32).get_weights())
    home = import_module(getattr(keras.applications, name).__module__)
    expected = plain.predict(home.preprocess_input(pixels().astype(np.float32)), verbose=0)
    expected = expected.astype(np.float64).mean(axis=(1, 2))
    found = made.features(pixels())
    assert found.shape == (4, made.width)
    # Keras compiles `predict` with XLA, which adds up in another order: 1e-4, where the network's
    # rounding is 1e-5. Wrong preprocessing or channels are 1e-1.
    assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()
    swapped = made.features(pixels()[..., ::-1])
    assert np.abs(swapped - expected).max() > 1e-2 * np.abs(expected).max()


def test_random_weights_are_the_same_for_a_seed_and_give_features_of_a_size_to_train_on():
    one, other, third = (
        backbone.build(Images(backbone="mobilenet", seed=seed, **SMALL)) for seed in (1, 1, 2)
    )
    assert one.weights_sha256 == other.weights_sha256 != third.weights_sha256
    found = one.features(pixels())
    assert np.array_equal(found, other.features(pixels()))
    assert 0.1 < np.abs(found).mean() < 10


@pytest.fixture
def weights(tmp_path):
    """A MobileNet's weights, and where they lie in three formats."""
    made = keras.applications.MobileNet(
        include_top=False, weights=None, pooling="avg", input_shape=(32, 32, 3)
    )
    whole = keras.Sequential([made, keras.layers.Dense(2, activation="softmax")])
    made.save_weights(tmp_path / "a.weights.h5")
    made.save(tmp_path / "alone.keras")
    whole.save(tmp_path / "whole.keras")
    return backbone.fingerprint(*made.get_weights())


@pytest.mark.parametrize("file", ["a.weights.h5", "alone.keras", "whole.keras"])
def test_weights_of_a_file_are_loaded(tmp_path, weights, file):
    given = Images(backbone="mobilenet", **SMALL | {"weights": str(tmp_path / file)})
    assert backbone.build(given).weights_sha256 == weights


@pytest.mark.parametrize(
    ("file", "network", "words"),
    [
        ("a.weights.h5", "mobilenetv2", "expected weights of MobileNetV2 without its head"),
        ("alone.keras", "mobilenetv2", "weights of other shapes"),
        ("text.weights.h5", "mobilenet", "expected weights of MobileNet"),
        ("text.keras", "mobilenet", "expected weights of MobileNet"),
    ],
)
def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path, weights, file, network, words):
    for name in ("text.weights.h5", "text.keras"):
        (tmp_path / name).write_text("no weights")
    with pytest.raises(InputError, match=words) as caught:
        backbone.build(Images(backbone=network, **SMALL | {"weights": str(tmp_path / file)}))
    assert "\n" not in str(caught.value)


def test_without_a_network_imagenets_weights_are_asked_for_with_name_and_place(monkeypatch):
    from keras.src.utils import file_utils  # Where Keras looks the downloading function up.

    asked = []

    def unreachable(address, place, *_):
        asked.append(place)
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(file_utils, "urlretrieve", unreachable)
    monkeypatch.setattr(file_utils.os.path, "exists", lambda path: False)  # Nor in the cache.
    with pytest.raises(InputError) as caught:
        backbone.build(Images(images="train", backbone="xception"))
    message = str(caught.value)
    name = "xception_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert f"{name} cannot be reached" in message
    place = message.rpartition(" in ")[2]
    assert asked == [f"{place}/{name}"], "Keras looks there"
    assert "\n" not in message


def test_a_file_that_has_weights_for_some_layers_alone_is_refused(tmp_path, weights, monkeypatch):
    monkeypatch.setattr(keras.Model, "load_weights", lambda model, path: None)
    with pytest.raises(InputError, match="found none for 27 of 27 layers"):
        backbone.build(
            Images(backbone="mobilenet", **SMALL | {"weights": str(tmp_path / "a.weights.h5")})
        )


def test_a_size_that_a_network_cannot_have_is_told():
    with pytest.raises(InputError, match=r"size: found 40; .*71"):
        backbone.build(Images(images="train", backbone="xception", weights="none", size=40))


def own(tmp_path, layers, shape=(16, 16, 3)):
    model = keras.Sequential([keras.Input(shape), *layers])
    model.save(tmp_path / "mine.keras")
    return model, Images(images="train", backbone=str(tmp_path / "mine.keras"))


L = keras.layers


def test_a_model_of_ones_own_is_cut_before_its_head(tmp_path):
    model, given = own(
        tmp_path,
        [
            *(L.Rescaling(1 / 255), L.Conv2D(4, 3), L.Flatten(), L.Dense(7, "relu")),
            *(L.Dropout(0.5), L.Dense(2), L.Softmax()),
        ],
    )
    made = backbone.build(given)
    images = pixels()[:, :16, :16]
    assert (made.size, made.width) == (16, 7)
    X = made.features(images)
    kernel, bias = model.layers[-2].get_weights()
    logits = X.astype(np.float64) @ kernel + bias
    odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(odds - model.predict(images.astype(np.float32), verbose=0)).max() < 1e-6


def test_a_model_without_a_head_is_pooled(tmp_path):
    model, given = own(tmp_path, [L.Conv2D(4, 3, activation="relu")])
    images = pixels()[:, :16, :16]
    expected = model.predict(images.astype(np.float32), verbose=0).mean(axis=(1, 2))
    assert np.abs(backbone.build(given).features(images) - expected).max() < 1e-3


def test_the_pixels_of_a_model_of_ones_own_are_as_preprocess_says(tmp_path):
    _, given = own(tmp_path, [L.GlobalAveragePooling2D()])
    images = pixels()[:, :16, :16]
    mean = images.mean(axis=(1, 2))
    for mode, expected in (("none", mean), ("tf", mean / 127.5 - 1)):
        made = backbone.build(given.model_copy(update={"preprocess": mode}))
        assert np.abs(made.features(images) - expected).max() < 1e-4


def test_a_model_that_takes_any_size_needs_one(tmp_path):
    _, given = own(tmp_path, [L.GlobalAveragePooling2D()], (None, None, 3))
    with pytest.raises(InputError, match="size: found nothing, expected size="):
        backbone.build(given)
    assert backbone.build(given.model_copy(update={"size": 40})).size == 40


BAD = {
    "rows in": ([L.Dense(2)], (16,), "found input shape"),
    "one channel": ([L.Flatten()], (16, 16, 1), "found input shape"),
    "code in it": ([L.Lambda(lambda x: x)], (16, 16, 3), "expected a Keras model"),
    "a row for each line": ([L.Reshape((16, 48)), L.Dense(2)], (16, 16, 3), "found shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_model_that_turns_no_images_into_features_is_refused(tmp_path, case):
    layers, shape, words = BAD[case]
    _, given = own(tmp_path, layers, shape)
    with pytest.raises(InputError, match=words) as caught:
        backbone.build(given)
    assert "\n" not in str(caught.value)


def test_what_the_network_is_given_is_what_decoding_gives(tmp_path):
    path = flat(tmp_path, 1) / "cat.0.jpg"
    made = backbone.build(Images(backbone="mobilenet", **SMALL))
    assert made.features(decode(path, made.size)[None]).shape == (1, 1024)
