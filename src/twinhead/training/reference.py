"""The reference: one Keras model and one `model.fit` an arm, as the article does it."""

import logging
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from twinhead.data.features import Cut, Split
from twinhead.results.arm import Arm
from twinhead.results.history import Record
from twinhead.training import heads, noise
from twinhead.training.backend import keras, tf
from twinhead.training.passes import each
from twinhead.training.recipe import Recipe
from twinhead.training.rows import tensor

log = logging.getLogger(__name__)


def train(arm: Arm, recipe: Recipe, split: Split) -> Record:
    """Train one arm alone and return its record, epoch 0 first.

    With `arm.noise` independent, Keras draws batch order and dropout masks for this arm alone.
    With common noise the arm is fed the batches and masks of module `noise`: slow, and what the
    bank is held against.
    """
    ((record,),) = each([(_Fit(arm, recipe, split.X_train.shape[1]), split)])
    return record


def train_cuts(arms: Sequence[tuple[Arm, Cut]], recipe: Recipe) -> Iterator[Record]:
    """Train every arm alone, on its own cut of the rows; on a cluster, where there is one."""
    fits = [(_Fit(arm, recipe, cut.features.X.shape[1]), cut) for arm, cut in arms]
    return (record for (record,) in each(fits))


@dataclass(frozen=True)
class _Fit:
    """One arm, trained alone."""

    arm: Arm
    recipe: Recipe
    features: int

    def decides(self) -> tuple[Any, tuple[np.ndarray, ...]]:
        return ("reference", self.arm, self.recipe), heads.initial(self.arm, self.features)

    def train(self, split: Split) -> list[Record]:
        start = heads.initial(self.arm, self.features)
        return [_train(self.arm, self.recipe, split, *start)]


def _train(arm: Arm, recipe: Recipe, split: Split, kernel: np.ndarray, bias: np.ndarray) -> Record:
    X, y = split.X_train.astype(arm.precision, copy=False), split.y_train
    if arm.noise == "independent":
        own_seed = np.random.SeedSequence([arm.seed, zlib.crc32(f"{arm.head} {arm.init}".encode())])
        seed = int(own_seed.generate_state(1)[0])
        keras.utils.set_random_seed(seed)  # TensorFlow's own generator: the order of rows.
        masks = random.Random(seed).randint(1, 10**9)
        model = heads.model(arm, kernel, bias, recipe.dropout, masks)
    else:
        model = heads.model(arm, kernel, bias, dropout=0.0)
    model.compile(
        optimizer=heads.optimizer(recipe.optimizer, arm.learning_rate),
        loss=heads.loss(arm),
        metrics=[heads.accuracy(arm.head)],
        # Some ten returns to Python an epoch instead of one a step; the steps are the same.
        steps_per_execution=max(1, len(y) // recipe.batch_size // 10),
    )
    observer = _Observer(arm, split, recipe.epochs)
    fit = {"verbose": 0, "callbacks": [observer]}
    if arm.noise == "independent":
        model.fit(tensor(X), y[:, None], batch_size=recipe.batch_size, epochs=recipe.epochs, **fit)
    else:
        # Keras would round a float64 NumPy array to float32; it leaves a data set alone.
        steps = -(-len(y) // recipe.batch_size)
        shapes = tf.TensorSpec((None, X.shape[1]), X.dtype), tf.TensorSpec((None, 1), y.dtype)
        for epoch in range(1, recipe.epochs + 1):
            order = noise.order(arm.seed, epoch, len(y), recipe.places(split))
            batches = partial(_batches, arm.seed, epoch, recipe, X, y, order)
            batches = tf.data.Dataset.from_generator(batches, output_signature=shapes)
            batches = batches.apply(tf.data.experimental.assert_cardinality(steps))
            model.fit(batches, shuffle=False, initial_epoch=epoch - 1, epochs=epoch, **fit)
    log.info(
        "%s: validation loss %.4f after %d epochs",
        arm.name,
        observer.record.loss()[-1],
        recipe.epochs,
    )
    return observer.record


def _batches(
    seed: int, epoch: int, recipe: Recipe, X: np.ndarray, y: np.ndarray, order: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give an epoch's masked batches and their labels: a whole epoch would be another X."""
    masks = noise.masks(seed, epoch, len(X), X.shape[1], recipe.dropout)
    for start in range(0, len(y), recipe.batch_size):
        visited = slice(start, start + recipe.batch_size)
        kept = noise.unpacked(masks[visited], X.shape[1]) / X.dtype.type(1 - recipe.dropout)
        yield X[order[visited]] * kept, y[order[visited], None]


class _Observer(keras.callbacks.Callback):
    """Evaluates at fixed weights before the first epoch and after each."""

    def __init__(self, arm: Arm, split: Split, epochs: int):
        super().__init__()
        self.parts = {
            "train": (split.X_train.astype(arm.precision, copy=False), split.y_train),
            "validation": (
                split.X_validation.astype(arm.precision, copy=False),
                split.y_validation,
            ),
        }
        self.record = Record(arm)
        for key in [(part, metric) for part in self.parts for metric in ("loss", "accuracy")]:
            self.record.series[key] = np.full(epochs + 1, np.nan)
        # Keras's own numbers: means over the epoch's batches, dropout on, as the article prints.
        for metric in ("running_loss", "running_accuracy"):
            self.record.series["train", metric] = np.full(epochs + 1, np.nan)

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 0:
            self._evaluate(0)

    def on_epoch_end(self, epoch, logs=None):
        self._evaluate(epoch + 1)
        for metric in ("loss", "accuracy"):
            self.record.series["train", f"running_{metric}"][epoch + 1] = logs[metric]

    def _evaluate(self, epoch: int) -> None:
        kernel, bias = self.model.get_layer("head").get_weights()
        self.record.keep_weights(kernel, bias)
        for part, (X, y) in self.parts.items():
            values = heads.evaluate(self.record.arm.head, kernel, bias, X, y)
            for metric, (value,) in zip(("loss", "accuracy"), values, strict=True):
                self.record.series[part, metric][epoch] = value
