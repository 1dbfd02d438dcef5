"""A trunk of ReLU units under either head: what the head does to it, trained from one start."""

import numpy as np

from twinhead.matching import match_sigmoid
from twinhead.training.backend import keras, tf

ROWS, INPUTS, UNITS, STEPS, RATE = 256, 4, 32, 100, 0.1


def under_either_head(random: np.random.Generator) -> dict[str, float]:
    """Return how far a trunk under a sigmoid ends from where it ends under softmax.

    The head learns at twice softmax's rate, from matched weights; or at the same one.
    """
    x = random.standard_normal((ROWS, INPUTS))
    y = (np.sin(2 * x[:, 0]) + x[:, 1] > 0).astype(int)
    trunk = [random.standard_normal((INPUTS, UNITS)) * np.sqrt(2 / INPUTS), np.zeros(UNITS)]
    theta, bias = random.standard_normal((UNITS, 2)) / np.sqrt(UNITS), np.zeros(2)
    head = list(match_sigmoid(theta, bias))
    softmax = _trained(x, y, trunk, [theta, bias], ratio=1.0)
    return {
        f"ReLU trunk under sigmoid, to under softmax, ratio {ratio:g}": max(
            float(np.abs(mine - other).max())
            for mine, other in zip(_trained(x, y, trunk, head, ratio), softmax, strict=True)
        )
        for ratio in (2.0, 1.0)
    }


def _trained(
    x: np.ndarray, y: np.ndarray, trunk: list[np.ndarray], head: list[np.ndarray], ratio: float
) -> list[np.ndarray]:
    """Return the trunk's weights after gradient descent on all rows.

    Args:
        ratio: of the head's rate to the trunk's.
    """
    variables = [tf.Variable(each) for each in (*trunk, *head)]
    parts = variables[:2], variables[2:]
    optimizers = [keras.optimizers.SGD(rate) for rate in (RATE, ratio * RATE)]
    for optimizer, own in zip(optimizers, parts, strict=True):
        optimizer.build(own)
    softmax = head[0].shape[1] == 2

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            kernel, bias, weights, offset = variables
            z = keras.activations.relu(x @ kernel + bias) @ weights + offset
            losses = (
                keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)
                if softmax
                else keras.losses.binary_crossentropy(y[:, None], z, from_logits=True)
            )
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, variables)
        for optimizer, own, of_own in zip(
            optimizers, parts, (gradients[:2], gradients[2:]), strict=True
        ):
            optimizer.apply(of_own, own)

    for _ in range(STEPS):
        step()
    return [variable.numpy() for variable in parts[0]]
