"""How far a step of gradient descent goes: behind a bounded output, and one without bounds."""

from collections.abc import Callable

import numpy as np

from twinhead.training.backend import keras, tf

ROWS, COLUMNS, STEPS, RATE = 200, 4, 30, 10.0
WRONG = 10  # Times the weights that made the labels, with the other sign: what a start may be.


def longest_steps(random: np.random.Generator) -> dict[str, float]:
    """Return the longest step of the weights, in the rate times the mean length of x.

    Rows are given once and for all, labels are a line's, and the start is as wrong as can be.
    """
    X = random.standard_normal((ROWS, COLUMNS))
    line = random.standard_normal((COLUMNS, 1))
    y = (X @ line > 0).astype(float)
    bound = RATE * np.linalg.norm(X, axis=1).mean()
    losses: dict[str, Callable] = {
        "sigmoid": lambda z: keras.losses.binary_crossentropy(y, z, from_logits=True),
        "linear": lambda z: keras.losses.mean_squared_error(y, z),
    }
    return {
        f"longest step in its bound, {output} output": max(_steps(X, -WRONG * line, loss)) / bound
        for output, loss in losses.items()
    }


def _steps(X: np.ndarray, start: np.ndarray, loss: Callable) -> list[float]:
    weights = tf.Variable(start)
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build([weights])
    lengths = []
    for _ in range(STEPS):
        before = weights.numpy()
        with tf.GradientTape() as tape:
            mean = tf.reduce_mean(loss(X @ weights))
        optimizer.apply([tape.gradient(mean, weights)], [weights])
        lengths.append(float(np.linalg.norm(weights.numpy() - before)))
    return lengths
