"""Both heads trained by Keras in one precision, all arms on the same batches."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from twinhead.data.features import Split
from twinhead.experiments.precision import Settings
from twinhead.experiments.precision.cases import (
    DRAWN,
    POLICIES,
    ROLES,
    STARTS,
    WITH_COMMON,
    ZERO_SUM,
)
from twinhead.matching import match_sigmoid, sigmoid_learning_rate
from twinhead.training import noise
from twinhead.training.backend import keras, tf

LOOKS = 25  # At the gap, in equal factors of the number of steps.


@dataclass(frozen=True)
class Trained:
    """A head with the weights it started from and what it learns by."""

    layer: keras.layers.Dense
    optimizer: keras.optimizers.Optimizer
    start: tuple[np.ndarray, np.ndarray]

    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel and bias in float64, where every 16-bit number is exact."""
        kernel, bias = (np.asarray(each).astype(np.float64) for each in self.layer.get_weights())
        return kernel, bias

    def odds(self, X: np.ndarray) -> np.ndarray:
        return _odds(*self.weights(), X)

    def way(self, X: np.ndarray) -> np.ndarray:
        """Return by how much every row's log-odds have changed since the start."""
        return self.odds(X) - _odds(*self.start, X)


def _odds(kernel: np.ndarray, bias: np.ndarray, X: np.ndarray) -> np.ndarray:
    z = X @ kernel + bias
    return z[:, 1] - z[:, 0] if z.shape[1] == 2 else z[:, 0]


def drawn(settings: Settings, features: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return softmax kernel and bias of every start; one function, if nothing rounded them."""
    limit = np.sqrt(6 / (features + 2))  # Glorot's.
    theta = np.random.default_rng(settings.seed).uniform(-limit, limit, (features, 2))
    bias = np.zeros(2)
    centred = theta - theta.mean(axis=1, keepdims=True)
    return {
        DRAWN: (theta, bias),
        WITH_COMMON: (theta + settings.common, bias + settings.common),
        ZERO_SUM: (centred, bias),
    }


def train(settings: Settings, split: Split, precision: str) -> tuple[pd.DataFrame, dict]:
    """Return the gap to softmax by start, role and step, and (start, role) -> Trained."""
    heads = _heads(settings, split.X_train.shape[1], precision)
    orders = _orders(settings, len(split.y_train))
    run = _steps(heads, split, orders.shape[1])
    X = np.concatenate([split.X_train, split.X_validation]).astype(np.float64)
    rows, done = [], 0
    for stop in np.unique(np.geomspace(1, settings.steps, LOOKS).astype(int)):
        run(tf.constant(orders[done:stop]))
        done = stop
        for start in STARTS:
            softmax = heads[start, "softmax"].odds(X)
            for role in [role for role in ROLES if role != "softmax"]:
                gap = float(np.abs(heads[start, role].odds(X) - softmax).max())
                rows.append(
                    {
                        "precision": precision,
                        "start": start,
                        "role": role,
                        "steps": int(stop),
                        "gap": gap,
                    }
                )
    return pd.DataFrame(rows), heads


def _heads(settings: Settings, features: int, precision: str) -> dict[tuple[str, str], Trained]:
    policy = keras.dtype_policies.get(POLICIES[precision])
    kept = tf.as_dtype(policy.variable_dtype).as_numpy_dtype
    heads = {}
    for start, exact in drawn(settings, features).items():
        theta, bias = (each.astype(kept).astype(np.float64) for each in exact)
        for role, ratio in ROLES.items():
            # Matched to what the softmax head really starts from.
            own = (theta, bias) if role == "softmax" else match_sigmoid(theta, bias)
            layer = keras.layers.Dense(len(own[1]), dtype=policy)
            layer.build((None, features))
            layer.set_weights([each.astype(kept) for each in own])
            optimizer = keras.optimizers.SGD(sigmoid_learning_rate(settings.learning_rate, ratio))
            if precision == "mixed float16":  # As Keras's compile() does.
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
            optimizer.build(layer.trainable_variables)
            rounded = tuple(each.astype(kept).astype(np.float64) for each in own)
            heads[start, role] = Trained(layer, optimizer, rounded)
    return heads


def _orders(settings: Settings, rows: int) -> np.ndarray:
    """Return the rows of every step; what fills no last batch is left out of an epoch."""
    size = min(settings.batch_size, rows)
    batches = rows // size
    epochs = -(-settings.steps // batches)
    orders = [noise.order(settings.seed, epoch, rows) for epoch in range(1, epochs + 1)]
    each = [order[: batches * size].reshape(batches, size) for order in orders]
    return np.concatenate(each)[: settings.steps]


def _steps(heads: dict[tuple[str, str], Trained], split: Split, batch: int):
    """Return a function that trains all heads on batches of these rows, shape (steps, batch)."""
    losses = {
        2: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        1: keras.losses.BinaryCrossentropy(from_logits=True),
    }
    X, y = tf.constant(split.X_train), tf.constant(split.y_train[:, None])

    @tf.function(input_signature=[tf.TensorSpec((None, batch), tf.int32)])
    def run(orders):
        for step in tf.range(tf.shape(orders)[0]):
            rows, labels = tf.gather(X, orders[step]), tf.gather(y, orders[step])
            for head in heads.values():
                variables = head.layer.trainable_variables
                with tf.GradientTape() as tape:
                    loss = losses[head.layer.units](labels, head.layer(rows))
                    if isinstance(head.optimizer, keras.optimizers.LossScaleOptimizer):
                        loss = head.optimizer.scale_loss(loss)
                head.optimizer.apply(tape.gradient(loss, variables), variables)

    return run
