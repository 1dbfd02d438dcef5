"""The verdict on a conversion: how far apart the two models are, with a control that must fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ml_dtypes  # noqa: F401  # NumPy knows bfloat16 from here.
import numpy as np

from twinhead.models import losses, optimizers
from twinhead.models.arrays import Rows
from twinhead.models.backend import keras
from twinhead.models.reading import Reading, at, output_names
from twinhead.models.surgery import logits_of

BATCH = 256
STEPS = 3
STEP_ROWS = 16
# Largest gap after some steps that is rounding, as a share of how far they moved the
# probabilities.
# Training in float32 leaves 1e-6 to 1e-4; a momentum that was lost, 0.1 and more.
ROUNDING = 1e-2
# Where the map has a condition, and the head is not in the state that it asks for.
SMALL = 1e-4
ASYMMETRIC = 1e-3
# Gaps as a share of the largest logit: a few roundings of the weights, or of the arithmetic, of
# sums over thousands of features.
TOLERANCE = {"float64": 1e-12, "float32": 1e-5, "float16": 2e-2, "bfloat16": 1e-1}


@dataclass(frozen=True)
class Gap:
    """How far apart two models' outputs are, over the same rows.

    Attributes:
        precision: in which they were computed.
        log_odds, probability: the largest difference.
        tolerance: of log_odds.
        control: the largest difference of log-odds with the softmax head's columns swapped.
    """

    precision: str
    log_odds: float
    probability: float
    tolerance: float
    control: float

    @property
    def verdict(self) -> str:
        if not np.isfinite(self.log_odds) or self.log_odds > self.tolerance:
            return "fails"
        return "holds" if self.control > self.tolerance else "not tested"


@dataclass(frozen=True)
class Ranking:
    """What 16-bit arithmetic does to the order of rows, by each model's log-odds.

    Attributes:
        ties: neighbours in the true order that have the same log-odds: before, after.
        changed: neighbours whose order is another than the true one: before, after.
    """

    precision: str
    rows: int
    ties: tuple[int, int]
    changed: tuple[int, int]


@dataclass(frozen=True)
class Continuation:
    """Some steps of training, by both models, from where the first one is.

    Attributes:
        moved: how far they moved the first model's probabilities.
        gap: how far apart the two models' are after them.
        allowed: the share of it that is rounding.
    """

    moved: float
    gap: float
    allowed: float

    @property
    def share(self) -> float:
        return self.gap / self.moved if self.moved else 0.0

    @property
    def as_before(self) -> bool:
        return self.share <= self.allowed  # Not where it is not a number.


def outputs(model: Any, rows: Rows, position: int | None) -> np.ndarray:
    """Return a model's output over rows, a batch at a time, in float64: shape (cases, units).

    Args:
        position: of the output; None for a model of one.
    """
    parts = []
    for start in range(0, len(rows), BATCH):
        given = keras.tree.flatten(
            model(rows.inputs(model, slice(start, start + BATCH)), training=False)
        )
        one = keras.ops.convert_to_numpy(given[position or 0])
        parts.append(one.reshape(-1, one.shape[-1]).astype(np.float64))
    return np.concatenate(parts)


def log_odds(logits: np.ndarray, positive: int = 1) -> np.ndarray:
    """Return the log-odds of the positive class against each other one, shape (cases, K - 1)."""
    if logits.shape[1] == 1:
        return logits
    return logits[:, [positive]] - np.delete(logits, positive, axis=1)


def gaps(before: Reading, after: Reading, rows: Rows, positive: int = 1) -> list[Gap]:
    """Return how far apart two models are in their own precision and in float64."""
    stored = keras.backend.standardize_dtype(before.layer.kernel.dtype)
    own = before.layer.compute_dtype
    found = []
    for precision in dict.fromkeys((own, "float64")):
        as_is = precision == own
        two = [logits_of(each, None if as_is else precision) for each in (before, after)]
        logits = [outputs(each, rows, None) for each in two]
        odds = [log_odds(each, positive) for each in logits]
        p = [_probability(each) for each in odds]
        if as_is:
            p = [probability(each, rows, positive) for each in (before, after)]
        softmax = 0 if logits[0].shape[1] > 1 else 1
        swapped = log_odds(np.roll(logits[softmax], 1, axis=1), positive)
        allowed = max(TOLERANCE.get(name, 1e-1) for name in (precision, stored))
        found.append(
            Gap(
                precision,
                log_odds=_largest(odds[0] - odds[1]),
                probability=_largest(p[0] - p[1]),
                tolerance=allowed * max(_largest(each) for each in logits),
                control=_largest(swapped - odds[1 - softmax]),
            )
        )
    return found


def _largest(values: np.ndarray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _probability(odds: np.ndarray) -> np.ndarray:
    """Return the probability of a class from its log-odds against each other one."""
    every = np.concatenate([np.zeros((len(odds), 1)), -odds], axis=1)
    return np.exp(-np.logaddexp.reduce(every, axis=1))


def ranking(before: Reading, after: Reading, rows: Rows, positive: int = 1) -> Ranking | None:
    """Return what 16 bits do to the order of rows; None where the head has more, or classes do."""
    own = before.layer.compute_dtype
    if own not in ("float16", "bfloat16") or max(before.columns, after.columns) > 2:
        return None
    true = log_odds(outputs(logits_of(before, "float64"), rows, None), positive).ravel()
    order = np.argsort(true, kind="stable")
    steps = [
        np.diff(log_odds(outputs(logits_of(each), rows, None), positive).ravel()[order])
        for each in (before, after)
    ]
    apart = np.diff(true[order]) > 0
    ties, changed = [
        tuple(int(np.sum(test(each)[apart])) for each in steps)
        for test in (lambda step: step == 0, lambda step: step < 0)
    ]
    return Ranking(own, len(true), (ties[0], ties[1]), (changed[0], changed[1]))


def continuation(before: Reading, after: Reading, rows: Rows, allowed: float) -> Continuation:
    """Train both models for some steps on the same batch, and put everything back.

    Labels are made up: what is asked is whether both models do the same, not whether they learn.

    Args:
        allowed: the share of what the steps move that is rounding.
    """
    count = min(STEP_ROWS, len(rows))
    generator = np.random.default_rng(0)
    batch = Rows(tuple(each[:count] for each in rows.x), None, "a batch")
    drawn = generator.integers(0, 2, count)
    start, ends = probability(before, batch), []
    for each in (before, after):
        with _as_it_was(each.model):
            targets = _targets(each, batch, drawn)
            for _ in range(STEPS):
                each.model.train_on_batch(batch.inputs(each.model), targets)
            ends.append(probability(each, batch))
    return Continuation(_largest(ends[0] - start), _largest(ends[0] - ends[1]), allowed)


def probability(reading: Reading, rows: Rows, positive: int = 1) -> np.ndarray:
    """Return what the model itself gives the positive class, as a probability in float64."""
    given = outputs(reading.model, rows, reading.position)
    if not reading.activations:
        return _probability(log_odds(given, positive))
    return given[:, positive if given.shape[1] > 1 else 0]


def _targets(reading: Reading, batch: Rows, drawn: np.ndarray) -> Any:
    """Return made-up labels for every output of a model, in the form that its loss takes."""
    model = reading.model
    given = keras.tree.flatten(model(batch.inputs(model), training=False))
    targets = []
    for position, each in enumerate(given):
        output = keras.ops.convert_to_numpy(each)
        loss = losses.read(at(model, position, model.loss))
        labels = np.broadcast_to(
            drawn.reshape(-1, *[1] * (output.ndim - 1)), (*output.shape[:-1], 1)
        )
        kind = loss.kind if loss is not None else "none"
        if kind in ("sparse", "automatic"):
            targets.append(labels)
        elif kind.startswith("binary") or output.shape[-1] == 1:
            targets.append(np.broadcast_to(labels, output.shape).astype(output.dtype))
        elif kind in ("categorical", "categorical focal", "squared", "absolute"):
            targets.append((np.arange(output.shape[-1]) == labels).astype(output.dtype))
        else:
            targets.append(output + np.broadcast_to(labels, output.shape).astype(output.dtype))
    tensors = [keras.ops.convert_to_tensor(each) for each in targets]
    if len(tensors) == 1:
        return tensors[0]
    if isinstance(model.loss, dict):
        return dict(zip(output_names(model), tensors, strict=True))
    return tensors


@contextmanager
def _as_it_was(model: Any) -> Iterator[None]:
    """Let a model be trained, by a copy of its optimizer, and set it back to what it was."""
    optimizer, eagerly, function = model.optimizer, model.run_eagerly, model.train_function
    before = [(each, keras.ops.convert_to_numpy(each)) for each in model.variables]
    copy = optimizers.copied(optimizer)
    optimizers.set_off(copy, optimizer, model.trainable_variables)
    model.optimizer, model.run_eagerly, model.train_function = copy, True, None
    try:
        yield
    finally:
        for variable, value in before:
            variable.assign(value)
        model.optimizer, model.run_eagerly = optimizer, eagerly
        model.train_function = function
        model.reset_metrics()


def size(model: Any) -> tuple[int, int]:
    """Return a model's parameters and their bytes."""
    counts = [(int(np.prod(each.shape)), np.dtype(each.dtype).itemsize) for each in model.weights]
    return sum(count for count, _ in counts), sum(count * width for count, width in counts)
