"""The isometric head as a twin: of two classes and of more, and what it needs no setting for."""

import numpy as np
import pytest

import twinhead
from models.conftest import layers, rows, small, train
from models.test_continuation import ALL, CENTRED, EXACT
from twinhead import convert
from twinhead.errors import InputError
from twinhead.training.backend import keras

O = keras.optimizers  # noqa: E741


def centred(model, X):
    """Return what a model's logits are of each other: their mean is in none of them."""
    z = keras.ops.convert_to_numpy(model(X, training=False)).astype(np.float64)
    return z - z.mean(axis=1, keepdims=True) if z.shape[1] > 1 else np.hstack([-z, z]) / 2


def model_of(classes, make, *, trunk=True, **head):
    """Return a model of some classes and labels for it; the columns' mean is zero."""
    generator = np.random.default_rng(classes)
    kernel = generator.standard_normal((5 if trunk else 6, classes))
    bias = generator.standard_normal(classes)
    start = kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = small(classes, make(), logits=True, trunk=trunk, loss=loss, weights=start, **head)
    return model, generator.integers(0, classes, (20, 1))


def parted(model, y, to):
    """Return how far two epochs take a model and its twin apart, and then the twin's twin."""
    X, _ = rows()
    train(model, X, y, epochs=3)
    twin = convert(model, to).model
    for each in (model, twin):
        train(each, X, y, epochs=2)
    back = convert(twin, "softmax").model
    gap = np.abs(centred(model, X) - centred(twin, X)).max()
    for each in (model, back):
        train(each, X, y, epochs=2)
    return gap, np.abs(centred(model, X) - centred(back, X)).max()


@pytest.mark.parametrize(
    "name", ["momentum", "global norm", "adam", "adamax", "rmsprop", "ftrl", "lamb"]
)
def test_training_goes_on_through_the_isometric_head_and_back(float64, name):
    model = small(2, ALL[name](), logits=True, centred=name in CENTRED)
    assert max(parted(model, rows()[1], "isometric")) <= 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("trunk", [True, False])
@pytest.mark.parametrize("name", sorted(set(ALL) - {"global norm"}))
def test_every_optimizer_goes_on_through_the_isometric_head(float64, name, trunk):
    model = small(2, ALL[name](), logits=True, centred=name in CENTRED, trunk=trunk)
    assert max(parted(model, rows()[1], "isometric")) <= 1e-12


@pytest.mark.parametrize("name", ["momentum", "adam", "rmsprop"])
def test_a_sigmoid_becomes_isometric_as_well(float64, name):
    X, y = rows()
    model = small(1, EXACT[name](), logits=True)
    train(model, X, y, epochs=3)
    twin = convert(model, "isometric").model
    for each in (model, twin):
        train(each, X, y, epochs=2)
    assert np.abs(centred(model, X) - centred(twin, X)).max() <= 1e-12


def test_a_norm_that_columns_are_held_to_goes_to_the_isometric_head_and_back(float64):
    """But for the 1e-7 that Keras adds to a norm, at each of some dozens of steps."""
    held = keras.constraints.MaxNorm(0.3)
    model = small(2, O.SGD(0.1), logits=True, centred=True, kernel_constraint=held)
    assert max(parted(model, rows()[1], "isometric")) <= 1e-5
    twin = convert(model, "isometric").model
    assert twin.get_layer("head").kernel_constraint.max_value == pytest.approx(0.3 * np.sqrt(2))
    model, _ = model_of(4, lambda: O.SGD(0.1), kernel_constraint=held)
    with pytest.raises(InputError, match="head: "):
        convert(model, "isometric")


NORM = {"momentum": 0.9, "weight_decay": 0.01, "global_clipnorm": 0.05}


@pytest.mark.parametrize("classes", [2, 4])
def test_one_norm_over_head_and_trunk_needs_no_second_optimizer(float64, classes):
    model, y = model_of(
        classes, lambda: O.SGD(0.1, **NORM), kernel_regularizer=keras.regularizers.L2(0.01)
    )
    assert max(parted(model, y, "isometric")) <= 1e-12
    twin = convert(model, "isometric").model
    assert isinstance(twin.optimizer, O.SGD)
    if classes == 2:
        with pytest.raises(InputError, match="under SGD to=isometric is the same with this norm"):
            convert(model, "sigmoid")


def test_adam_needs_a_rate_for_the_head_of_its_own(float64):
    twin = convert(small(2, O.Adam(0.1), logits=True, trunk=True), "isometric").model
    head, trunk = twin.optimizer.optimizers
    assert float(head.learning_rate) == pytest.approx(0.1 * np.sqrt(2))
    assert float(trunk.learning_rate) == pytest.approx(0.1)


def test_more_than_two_classes_are_refused_to_what_looks_at_one_weight_at_a_time():
    model, _ = model_of(4, lambda: O.Adam(0.1))
    with pytest.raises(InputError, match="contrasts turn the columns into one another"):
        convert(model, "isometric")


@pytest.mark.parametrize("classes", [2, 5])
def test_labels_metrics_and_probabilities_stay_what_they_are(classes):
    X, _ = rows()
    model = keras.Sequential([keras.Input((6,)), layers.Dense(classes, "softmax", name="head")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    twin, verdict = convert(model, "isometric")
    assert verdict.holds
    assert isinstance(twin.get_layer("head"), twinhead.Isometric)
    assert twin.get_layer("head").kernel.shape == (6, classes - 1)
    np.testing.assert_allclose(twin(X), model(X), atol=1e-6)
    y = np.arange(len(X)) % classes
    np.testing.assert_allclose(
        twin.evaluate(X, y, verbose=0), model.evaluate(X, y, verbose=0), rtol=1e-5
    )


def test_the_twin_is_saved_and_read_again(twinhead, tmp_path):
    small(2, O.SGD(0.1)).save(tmp_path / "model.keras")
    done = twinhead("convert", "model.keras", "twin.keras", "to=isometric")
    assert done.returncode == 0, done.stderr
    assert "head: softmax to isometric, the same function" in done.stdout
    again = keras.models.load_model(tmp_path / "twin.keras")
    X, _ = rows()
    model = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(X), model(X), atol=1e-6)


def test_a_convolution_has_no_isometric_twin():
    model = keras.Sequential([keras.Input((8, 3)), layers.Conv1D(2, 1, activation="softmax")])
    with pytest.raises(InputError, match="found Conv1D, expected Dense"):
        convert(model, "isometric")
