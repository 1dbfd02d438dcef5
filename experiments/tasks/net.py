"""Linear heads that Keras trains, or the bank, and the losses that Keras has no name for."""

from collections.abc import Callable

import numpy as np
from scipy.special import log_softmax

from twinhead.data.features import Split
from twinhead.errors import InputError
from twinhead.experiments.tasks import Settings
from twinhead.results.arm import Arm
from twinhead.training import bank, heads
from twinhead.training.backend import keras
from twinhead.training.rows import Labels

Logits = Callable[[np.ndarray], np.ndarray]
Wanted = tuple[np.ndarray, np.ndarray]


class Net:
    """A linear head, compiled once and started anew for every seed.

    Args:
        loss: of (labels, logits).
    """

    def __init__(
        self, settings: Settings, rows: int, features: int, units: int, loss: Callable
    ) -> None:
        self.settings, self.features, self.units = settings, features, units
        dropout, dense = keras.layers.Dropout(settings.dropout), keras.layers.Dense(units)
        self.model = keras.Sequential([keras.Input((features,)), dropout, dense])
        optimizer = heads.optimizer(settings.optimizer.model_dump(), settings.learning_rate)
        # One return to Python an epoch instead of one a step; the steps are the same.
        steps = max(1, rows // settings.batch_size)
        self.model.compile(optimizer, loss, steps_per_execution=steps)
        optimizer.build(self.model.trainable_variables)
        self.variables = optimizer.variables
        self.fresh = [variable.numpy() for variable in self.variables]

    def train(self, X: np.ndarray, labels: np.ndarray, seed: int) -> tuple[Logits, Logits]:
        """Return the logits before training and after it, as functions of the features."""
        keras.utils.set_random_seed(seed)
        for variable, value in zip(self.variables, self.fresh, strict=True):
            variable.assign(value)
        weights = start(self.settings, self.features, self.units, seed)
        self.model.set_weights(weights)
        recipe = {"batch_size": self.settings.batch_size, "epochs": self.settings.epochs}
        self.model.fit(X, labels, verbose=0, **recipe)
        return _logits(*weights), _logits(*self.model.get_weights())


def sigmoids(settings: Settings, parts: Split, wanted: Wanted, seed: int) -> tuple[Logits, Logits]:
    """Train a sigmoid head for every label, all in the bank; return the logits as `Net` does.

    Args:
        wanted: 0 and 1, shape (rows, labels), of the training and the validation rows.
    """
    kernel, bias = start(settings, parts.X_train.shape[1], wanted[0].shape[1], seed)
    name = settings.optimizer.name
    arms = {
        Arm(f"label {k}", "sigmoid", settings.learning_rate, seed, optimizer=name): k
        for k in range(len(bias))
    }
    own = {
        arm.name: Labels(*(np.ascontiguousarray(each[:, k], np.uint8) for each in wanted))
        for arm, k in arms.items()
    }

    def initial(arm: Arm, _: int) -> tuple[np.ndarray, np.ndarray]:
        k = arms[arm]
        return kernel[:, k : k + 1], bias[k : k + 1]

    records = bank.train(
        list(arms), settings.recipe(), parts, initial=initial, parts=(), labels=own, weights="last"
    )
    trained = (
        np.concatenate([record.weights[weight][-1] for record in records], axis=-1)
        for weight in ("kernel", "bias")
    )
    return _logits(kernel, bias), _logits(*trained)


def start(settings: Settings, features: int, units: int, seed: int) -> list[np.ndarray]:
    """Return the kernel and bias that a head with so many units starts from."""
    drawn = keras.initializers.RandomNormal(0.0, settings.init_sd, seed=seed)((features, units))
    return [keras.ops.convert_to_numpy(drawn), np.zeros(units, np.float32)]


def _logits(kernel: np.ndarray, bias: np.ndarray) -> Logits:
    def of(X: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            z = X @ kernel + bias
        if not np.isfinite(z).all():
            raise InputError(
                "learning_rate: found one at which a head diverges on these features; expected a "
                "smaller one, or features of mean 0 and variance 1"
            )
        return z

    return of


def binary(labels: int, y, z):
    """Return Keras's binary cross-entropy, summed over the labels and not averaged.

    Each head then learns at the rate it would have alone.
    """
    return labels * keras.losses.binary_crossentropy(y, z, from_logits=True)


def categorical_of_sigmoids(y, z):
    """Return −sum y log p of sigmoids: binary cross-entropy, without the labels not there."""
    return keras.ops.sum(y * keras.ops.softplus(-z), axis=-1)


def epoch_cost(z: np.ndarray, y: np.ndarray, size: int) -> dict[str, float]:
    """Return an epoch's cost as article 002 sums it from its batches, and by rows, in the true one.

    The article divides by the number of whole batches, but adds what is left over too.
    """
    losses = np.asarray(keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True))
    batches = [losses[start : start + size] for start in range(0, len(y), size)]
    truth = -log_softmax(z.astype(np.float64), axis=1)[np.arange(len(y)), y].mean()
    by_rows = np.average([b.mean() for b in batches], weights=[len(b) for b in batches])
    printed = sum(batch.mean() for batch in batches) / max(len(y) // size, 1)
    return {
        "epoch cost by rows": float(by_rows / truth),
        "epoch cost as printed": float(printed / truth),
        "rows left over": len(y) % size if len(y) > size else 0,
    }
