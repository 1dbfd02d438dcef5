"""The two heads in Keras: how they start, what they are built of, what they are worth.

Everything works on logits. On probabilities Keras clips, and for the two losses differently.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from twinhead.matching import match_isometric, match_sigmoid
from twinhead.results.arm import Arm
from twinhead.training.backend import keras
from twinhead.training.evaluate import evaluate as _evaluate
from twinhead.training.isometric import Isometric
from twinhead.training.rows import Rows, tensor

UNITS = {"softmax": 2, "sigmoid": 1, "isometric": 1}
# The two logits of an isometric head are as far apart as its output times so much.
STRETCH = {"softmax": 1.0, "sigmoid": 1.0, "isometric": 2**0.5}


def initial(arm: Arm, features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights an arm starts from: kernel (d, units), bias (units,), in its precision.

    Drawn in float32 for both precisions, so that they can be compared. Matched in the arm's own:
    a difference rounded to float32 would cost float64 half of its digits.
    """
    if arm.head != "softmax" and arm.init == "transfer":
        match = match_sigmoid if arm.head == "sigmoid" else match_isometric
        return match(*_glorot("softmax", features, arm.seed, arm.precision))
    return _glorot(arm.head, features, arm.seed, arm.precision)


@lru_cache(maxsize=8)  # Hundreds of arms of a sweep start from the same draw.
def _glorot(head: str, features: int, seed: int, precision: str) -> tuple[np.ndarray, np.ndarray]:
    units = UNITS[head]
    # One seed for all heads would give them the same leading numbers.
    words = [seed, units] if head != "isometric" else [seed, units, 0]
    own_seed = int(np.random.SeedSequence(words).generate_state(1)[0]) >> 1
    drawn = keras.initializers.GlorotUniform(seed=own_seed)((features, units), dtype="float32")
    kernel = keras.ops.convert_to_numpy(drawn).astype(precision)
    bias = np.zeros(units, precision)
    kernel.flags.writeable = bias.flags.writeable = False  # They are handed out again.
    return kernel, bias


def model(
    arm: Arm, kernel: np.ndarray, bias: np.ndarray, dropout: float, seed: int | None = None
) -> keras.Model:
    """Return the arm's model, features to logits, holding these weights.

    Args:
        seed: of the dropout masks. Without one Keras draws it from Python's `random`, which all
            threads of a process share.
    """
    built = keras.Sequential(
        [
            keras.Input((len(kernel),), dtype=arm.precision),
            keras.layers.Dropout(dropout, seed=seed, dtype=arm.precision),
            _layer(arm, logits=True),
        ]
    )
    built.get_layer("head").set_weights([kernel, bias])
    return built


def _layer(arm: Arm, logits: bool) -> keras.layers.Layer:
    """Return the head's layer; two logits or probabilities where the head is isometric."""
    if arm.head == "isometric":
        return Isometric(1, logits=logits, name="head", dtype=arm.precision)
    activation = None if logits else arm.head
    return keras.layers.Dense(UNITS[arm.head], activation, name="head", dtype=arm.precision)


def loss(arm: Arm) -> keras.losses.Loss:
    """Return the arm's cross-entropy on logits; labels are 0 and 1, shape (n, 1), for both heads.

    Without a dtype Keras computes any loss in float32, float64 models included.
    """
    if arm.head != "sigmoid":
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=arm.precision)
    return keras.losses.BinaryCrossentropy(from_logits=True, dtype=arm.precision)


def accuracy(head: str) -> keras.metrics.Metric:
    if head != "sigmoid":
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)  # On logits.


def optimizer(options: Mapping[str, Any], learning_rate) -> keras.optimizers.Optimizer:
    """Return Keras's optimizer of this `name`, with its other options.

    Args:
        learning_rate: a number or one of Keras's schedules.
    """
    own = {key: value for key, value in options.items() if key != "name"}
    # By its class: keras.optimizers.get knows some of them only under other names, or not at all.
    (kind,) = (
        each for name, each in vars(keras.optimizers).items() if name.lower() == options["name"]
    )
    built = kind(**own)
    built.learning_rate = learning_rate
    return built


def evaluate(head: str, kernel: np.ndarray, bias: np.ndarray, X, y: np.ndarray) -> np.ndarray:
    """Return mean cross-entropies and accuracies at fixed weights, over all rows, (2, arms).

    Args:
        kernel, bias: of one or more arms with this head, side by side as Keras has them, shapes
            (d, arms * units) and (arms * units,).
        X: array or tensor, shape (n, d); the logits have its precision.
        y: labels, shape (n,).
    """
    if STRETCH[head] != 1:
        kernel, bias = (each * each.dtype.type(STRETCH[head]) for each in (kernel, bias))
    X = tensor(X) if isinstance(X, np.ndarray) else X
    pairs = len(bias) // 2 if head == "softmax" else 0
    return _evaluate(kernel.T, bias[:, None], pairs, Rows(X, y[:, None]), len(y))


def probabilities(head: str, logits: np.ndarray) -> np.ndarray:
    """Return p(y = 1 | x) as Keras computes it, shape (n,), of the logits' precision."""
    if head != "sigmoid":
        return keras.ops.convert_to_numpy(keras.ops.softmax(logits))[:, 1]
    return keras.ops.convert_to_numpy(keras.ops.sigmoid(logits))[:, 0]


def for_users(
    arm: Arm, kernel: np.ndarray, bias: np.ndarray, mean: np.ndarray, scale: np.ndarray
) -> keras.Model:
    """Return the trained head as a model from raw features to probabilities.

    Args:
        mean, scale: what was taken out of every column before training, and is inside the model.
    """
    layers = [keras.Input((len(kernel),), dtype=arm.precision)]
    if np.any(mean != 0) or np.any(scale != 1):
        layers.append(keras.layers.Normalization(mean=mean, variance=scale**2))
    layers.append(_layer(arm, logits=False))
    built = keras.Sequential(layers)
    built.layers[-1].set_weights([kernel, bias])
    return built
