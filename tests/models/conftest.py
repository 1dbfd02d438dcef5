"""Small models of every kind that people save, and rows for them."""

import numpy as np
import pytest

from twinhead.training.backend import keras

layers = keras.layers


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(3)


@pytest.fixture
def float64():
    """Let Keras build and train in float64."""
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # Keras makes it of floatx once, and keeps it.
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def rows(count=20, features=6, seed=0):
    """Return inputs and labels of whole numbers, shape (n, 1), that can be learnt."""
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((count, features))
    y = (X[:, :1] + generator.standard_normal((count, 1)) > 0).astype("int64")
    return X, y


LOSSES = {2: "SparseCategoricalCrossentropy", 1: "BinaryCrossentropy"}
ACTIVATIONS = {2: "softmax", 1: "sigmoid"}


def small(
    units,
    optimizer="sgd",
    *,
    logits=False,
    trunk=False,
    dropout=0.0,
    loss=None,
    metrics=None,
    weights=None,
    centred=False,
    **head,
):
    """Return a compiled model of six inputs with a Dense head of one or two units.

    Args:
        centred: θ1 = −θ0, as match_softmax gives it.
        weights: kernel and bias to start from; random ones, bias not zero, if left out.
    """
    under = [layers.Dense(5, activation="tanh", name="under")] if trunk else []
    under += [layers.Dropout(dropout, seed=8)] if dropout else []
    activation = None if logits else ACTIVATIONS[units]
    model = keras.Sequential(
        [keras.Input((6,)), *under, layers.Dense(units, activation, name="head", **head)]
    )
    generator = np.random.default_rng(units)
    shape = model.layers[-1].kernel.shape
    kernel, bias = weights or (generator.standard_normal(shape), generator.standard_normal(units))
    if centred:
        kernel, bias = (np.concatenate([-v[..., 1:], v[..., 1:]], axis=-1) for v in (kernel, bias))
    model.layers[-1].set_weights([kernel, bias][: len(model.layers[-1].weights)])
    if loss is None:
        loss = getattr(keras.losses, LOSSES[units])(from_logits=logits)
    model.compile(optimizer, loss, metrics=metrics, run_eagerly=True)
    return model


def train(model, X, y, epochs=1, batch=10):
    """Train a model batch by batch, in the order of the rows."""
    for _ in range(epochs):
        for start in range(0, len(X), batch):
            part = slice(start, start + batch)
            model.train_on_batch(*map(keras.ops.convert_to_tensor, (X[part], y[part])))


def odds(model, *X):
    """Return a model's log-odds in float64: of its logits, or of its probabilities.

    Probabilities of one unit have lost digits near 1: three of them at log-odds of 7.
    """
    given = keras.ops.convert_to_numpy(model(X[0] if len(X) == 1 else list(X), training=False))
    given = given.astype(np.float64)
    last = model.layers[-1]
    logits = getattr(last, "activation", None) is keras.activations.linear
    if given.shape[-1] == 2:
        given = given if logits else np.log(given)
        return given[..., 1] - given[..., 0]
    given = given[..., 0]
    return given if logits else np.log(given) - np.log1p(-given)
