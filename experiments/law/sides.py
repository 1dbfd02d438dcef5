"""Two ways to have a head, side by side: trained by descent on what TensorFlow derives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhead.experiments.law.small import Small
from twinhead.training.backend import tf

Weights = dict[str, np.ndarray]
RATE, STEPS = 0.3, 25


@dataclass(frozen=True)
class Side:
    """One way to have the head: its weights, its logits, its loss, its rates.

    Attributes:
        odds: (weights, X) -> every row's log-odds.
        loss: (weights, X, y) -> a number.
        rates: of every weight, beside RATE.
    """

    weights: Weights
    odds: Callable[[Any, Any], Any]
    loss: Callable[[Any, Any, Any], Any]
    rates: dict[str, float]


def two_logits(w, X):
    """Return the softmax head's logits."""
    return X @ w["theta"]


def difference(z):
    return z[:, 1] - z[:, 0]


def cross_entropy(z, targets):
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, z))


def binary(odds, targets):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, odds))


def path(side: Side, small: Small, adam: float | None = None) -> np.ndarray:
    """Return the log-odds after every step; by Adam where its epsilon is given."""
    variables = {key: tf.Variable(value) for key, value in side.weights.items()}
    first, second = (dict.fromkeys(variables, 0.0) for _ in range(2))
    X, found = tf.constant(small.X), []
    for step, rows in enumerate(small.batches[:STEPS], start=1):
        with tf.GradientTape() as tape:
            loss = side.loss(variables, tf.gather(X, rows), small.y[rows].astype(float))
        for key, gradient in tape.gradient(loss, variables).items():
            change = gradient
            if adam is not None:
                first[key] = 0.9 * first[key] + 0.1 * gradient
                second[key] = 0.99 * second[key] + 0.01 * gradient**2
                spread = tf.sqrt(second[key] / (1 - 0.99**step)) + adam
                change = first[key] / (1 - 0.9**step) / spread
            variables[key].assign_sub(RATE * side.rates[key] * change)
        found.append(side.odds(variables, X).numpy())
    return np.array(found)


def heads(small: Small, softmax: Callable, sigmoid: Callable, rate: float = 2.0, **start: bool):
    """Return both heads with a loss of logits each: (z or odds, y, X) -> a number."""
    return (
        Side(
            {"theta": small.start("softmax", **start)},
            lambda w, X: difference(two_logits(w, X)),
            lambda w, X, y: softmax(two_logits(w, X), y),
            {"theta": 1.0},
        ),
        Side(
            {"beta": small.start("sigmoid", **start)},
            lambda w, X: (X @ w["beta"])[:, 0],
            lambda w, X, y: sigmoid((X @ w["beta"])[:, 0], y),
            {"beta": rate},
        ),
    )


def pairs(y):
    return tf.stack([1 - y, y], axis=1)


def apart(small: Small, one: Side, *others: Side) -> list[float]:
    """Return how far each other side's log-odds are from the first one's, any row, any step."""
    reference = path(one, small)
    return [float(np.abs(path(other, small) - reference).max()) for other in others]
