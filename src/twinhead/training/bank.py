"""All arms of one seed in one pass over the data, under common noise.

The arms of one optimizer are columns of one kernel: softmax heads in pairs first, sigmoid heads
after them. Keras's optimizers take a vector of learning rates, so every column learns as if it
were alone.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from twinhead.data.features import ALIGNMENT, Split
from twinhead.results.history import Arm, Record
from twinhead.training import heads, noise, passes
from twinhead.training.backend import keras, tf
from twinhead.training.recipe import Recipe

log = logging.getLogger(__name__)

Initial = Callable[[Arm, int], tuple[np.ndarray, np.ndarray]]
PARTS = ("train", "validation")
METRICS = ("loss", "accuracy")


@np.errstate(over="ignore", invalid="ignore")  # An arm that diverges is a result.
def train(
    arms: Sequence[Arm],
    recipe: Recipe,
    split: Split,
    *,
    initial: Initial = heads.initial,
    optimizers: Mapping[str, Mapping[str, Any]] | None = None,
    parts: Sequence[str] = PARTS,
) -> list[Record]:
    """Train arms and return their records in the same order, epoch 0 first.

    Arms of one seed and precision share a pass: the same batches and masks. An arm whose weights
    overflow goes on as NaN and disturbs no other.

    Args:
        arms: any mixture of heads, inits, learning rates and optimizers; their noise is common.
        initial: (arm, features) -> kernel (features, units) and bias (units,) to start from.
        optimizers: `arm.optimizer` -> name and options of one of Keras's; `recipe.optimizer` for
            all if left out. None that mixes columns, as norm clipping does: arms would disturb each
            other.
        parts: the parts of the data on which every epoch ends with loss and accuracy. The training
            rows cost half as much as training on them.
    """
    if len({arm.name for arm in arms}) < len(arms):
        raise ValueError("two arms of one name")
    if any(arm.head == "isometric" for arm in arms):
        raise ValueError("the bank trains softmax and sigmoid heads; an isometric one: reference")
    if optimizers is None:
        optimizers = {arm.optimizer: recipe.optimizer for arm in arms}
    every: dict[tuple[int, str], list[Arm]] = {}
    for arm in arms:
        every.setdefault((arm.seed, arm.precision), []).append(arm)

    records: dict[str, Record] = {}
    for done, own in enumerate(every.values(), start=1):
        which = f"pass {done} of {len(every)}"

        def run(own: list[Arm] = own, which: str = which) -> list[Record]:
            layout = [(arm.optimizer, arm.head) for arm in own]
            bank = _compiled(layout, own[0].precision, recipe, split, optimizers)
            return bank.run(own, recipe, initial, parts, which)

        what = own, recipe, {arm.optimizer: optimizers[arm.optimizer] for arm in own}, parts
        weights = [each for arm in own for each in initial(arm, split.X_train.shape[1])]
        for record in passes.kept(split, what, weights, run):
            records[record.arm.name] = record
        log.info(
            "pass %d/%d done", done, len(every), extra={"counted": ("passes", done, len(every))}
        )
    lost = [arm.name for arm in arms if not np.isfinite(records[arm.name].loss()).all()]
    if lost:
        log.warning("%d of %d arm(s) diverged, the first: %s", len(lost), len(arms), lost[0])
    return [records[arm.name] for arm in arms]


# Compiled banks, all on the same features; some, because a caller may alternate between a few.
_kept: dict[Any, "_Bank"] = {}
KEPT = 8


def _compiled(
    layout: list[tuple[str, str]],
    precision: str,
    recipe: Recipe,
    split: Split,
    optimizers: Mapping[str, Mapping[str, Any]],
) -> "_Bank":
    """Return a bank for arms of this layout, one that is compiled already where there is one.

    The next seed of a sweep and the next round of a search then do without compiling, which takes
    as long as several epochs.
    """
    features = (split, precision)
    if len(_kept) >= KEPT or any(key[0] != features for key in _kept):
        _kept.clear()  # Lets go of the old features before the new ones are taken.
    families = repr([(name, optimizers[name]) for name, _ in layout])
    key = (features, tuple(layout), families, recipe.batch_size, recipe.dropout)
    if key not in _kept:
        _kept[key] = _Bank(layout, precision, recipe, split, optimizers)
    return _kept[key]


class _Rates(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate a column. As a schedule, because a plain rate has to be a scalar."""

    def __init__(self, columns: int):
        # Keras holds a learning rate in float32, whatever the weights are; so do we.
        self.values = tf.Variable(tf.zeros(columns, tf.float32))

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self.values


@dataclass
class _Family:
    """The arms of one optimizer: columns of one kernel.

    Attributes:
        places: where in the list of arms they are, in the order of their columns.
        pairs: how many of them are softmax heads; these come first.
        fresh: the optimizer's variables before the first step.
        weights: of all columns after every epoch, as in a Record.
    """

    places: list[int]
    pairs: int
    kernel: keras.Variable
    bias: keras.Variable
    rates: _Rates
    optimizer: keras.optimizers.Optimizer
    fresh: list[np.ndarray]
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def columns(self) -> list[slice]:
        ends = np.cumsum([2] * self.pairs + [1] * (len(self.places) - self.pairs))
        return [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]


class _Bank:
    """What one seed leaves for the next: features, variables and the compiled epoch."""

    def __init__(
        self,
        layout: list[tuple[str, str]],
        precision: str,
        recipe: Recipe,
        split: Split,
        optimizers: Mapping[str, Mapping[str, Any]],
    ):
        X = split.X_train.astype(precision, copy=False)
        self.parts = {
            "train": (_tensor(X), split.y_train),
            "validation": (
                _tensor(split.X_validation.astype(precision, copy=False)),
                split.y_validation,
            ),
        }
        self.families = []
        for name in dict.fromkeys(optimizer for optimizer, _ in layout):
            places = [i for i, (optimizer, _) in enumerate(layout) if optimizer == name]
            # Pairs first: the softmax losses need their two columns side by side.
            places.sort(key=lambda i: layout[i][1] != "softmax")
            units = sum(heads.UNITS[layout[i][1]] for i in places)
            kernel = keras.Variable(np.zeros((X.shape[1], units)), dtype=precision)
            bias = keras.Variable(np.zeros(units), dtype=precision)
            rates = _Rates(units)
            optimizer = heads.optimizer(optimizers[name], rates)
            optimizer.build([kernel, bias])
            self.families.append(
                _Family(
                    places=places,
                    pairs=sum(layout[i][1] == "softmax" for i in places),
                    kernel=kernel,
                    bias=bias,
                    rates=rates,
                    optimizer=optimizer,
                    fresh=[variable.numpy() for variable in optimizer.variables],
                )
            )
        self.run_epoch = _epoch(self.families, recipe, *self.parts["train"])

    def run(
        self,
        arms: list[Arm],
        recipe: Recipe,
        initial: Initial,
        parts: Sequence[str],
        which: str,
    ) -> list[Record]:
        """Train arms of this layout from the start and return their records."""
        rows, features = self.parts["train"][0].shape
        seed, epochs, dropout = arms[0].seed, recipe.epochs, recipe.dropout
        records = [
            Record(arm, {(p, m): np.full(epochs + 1, np.nan) for p in parts for m in METRICS})
            for arm in arms
        ]
        for family in self.families:
            self._start(family, records, initial, epochs)

        spoke = time.monotonic()
        for epoch in range(epochs + 1):
            if epoch:
                self.run_epoch(
                    tf.constant(noise.order(seed, epoch, rows)),
                    tf.constant(noise.masks(seed, epoch, rows, features, dropout))
                    if dropout
                    else None,
                )
            for family in self.families:
                self._measure(family, records, epoch, parts)
            # A line a second at most: an epoch may take a millisecond.
            if epoch == epochs or time.monotonic() - spoke > 1:
                spoke = time.monotonic()
                log.info(
                    "%s, seed %d, %s, %d arm(s): epoch %d/%d",
                    *(which, seed, arms[0].precision, len(arms), epoch, epochs),
                    extra={"counted": (f"epochs, {len(arms)} arm(s)", epoch, epochs)},
                )
        return records

    def _start(self, family: _Family, records: list[Record], initial: Initial, epochs: int) -> None:
        """Put a family's variables, and the series of its records, where training starts."""
        arms = [records[place].arm for place in family.places]
        kernels, biases = zip(*(initial(arm, family.kernel.shape[0]) for arm in arms), strict=True)
        family.kernel.assign(np.hstack(kernels))
        family.bias.assign(np.hstack(biases))
        rates = [np.full(heads.UNITS[arm.head], arm.learning_rate) for arm in arms]
        family.rates.values.assign(np.hstack(rates).astype(np.float32))
        for variable, value in zip(family.optimizer.variables, family.fresh, strict=True):
            variable.assign(value)
        # Every arm's weights are a view of these: one copy an epoch instead of one an arm.
        family.weights = {
            name: np.empty((epochs + 1, *variable.shape), variable.dtype)
            for name, variable in (("kernel", family.kernel), ("bias", family.bias))
        }
        for place, own in zip(family.places, family.columns(), strict=True):
            records[place].weights = {
                name: every[..., own] for name, every in family.weights.items()
            }

    def _measure(
        self, family: _Family, records: list[Record], epoch: int, parts: Sequence[str]
    ) -> None:
        kernel, bias = family.kernel.numpy(), family.bias.numpy()
        family.weights["kernel"][epoch], family.weights["bias"][epoch] = kernel, bias
        middle = 2 * family.pairs
        for part in parts:
            values = np.hstack(
                [
                    heads.evaluate(head, kernel[:, own], bias[own], *self.parts[part])
                    for head, own in (("softmax", slice(middle)), ("sigmoid", slice(middle, None)))
                ]
            )
            for place, both in zip(family.places, values.T, strict=True):
                for metric, value in zip(METRICS, both, strict=True):
                    records[place].series[part, metric][epoch] = value


def _tensor(X: np.ndarray) -> tf.Tensor:
    """Return X as a tensor, in the same memory where it lies as TensorFlow needs it."""
    shared = X.flags.c_contiguous and X.flags.writeable and X.ctypes.data % ALIGNMENT == 0
    if shared and not tf.config.list_logical_devices("GPU"):
        return tf.experimental.dlpack.from_dlpack(X.__dlpack__())
    return tf.constant(X)


def _epoch(
    families: list[_Family], recipe: Recipe, X: tf.Tensor, y: np.ndarray
) -> Callable[[tf.Tensor, tf.Tensor | None], None]:
    """Return the compiled function (order, masks) that trains all families for one epoch."""
    y = tf.constant(y)
    size, features = recipe.batch_size, X.shape[1]
    # Byte -> its eight masks, as factors: one look-up unpacks, converts and scales.
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    factors = tf.constant(bits.astype(X.dtype.as_numpy_dtype) / (1 - recipe.dropout), X.dtype)

    @tf.function
    def run(order: tf.Tensor, masks: tf.Tensor | None) -> None:
        for start in tf.range(0, len(X), size):
            rows = order[start : start + size]
            batch, labels = tf.gather(X, rows), tf.gather(y, rows)
            if masks is not None:
                kept = tf.gather(factors, tf.cast(masks[start : start + size], tf.int32))
                batch *= tf.reshape(kept, (-1, 8 * masks.shape[1]))[:, :features]
            for family in families:
                logits = batch @ family.kernel.value + family.bias.value
                with tf.GradientTape() as tape:
                    tape.watch(logits)
                    loss = _total_loss(logits, labels, family.pairs)
                slope = tape.gradient(loss, logits)
                gradients = [_kernel_gradient(batch, slope), tf.reduce_sum(slope, axis=0)]
                family.optimizer.apply(gradients)

    return run


def _total_loss(logits: tf.Tensor, labels: tf.Tensor, pairs: int) -> tf.Tensor:
    """Return the sum of all arms' mean losses: each column's gradient is that of its own arm."""
    total = tf.zeros((), logits.dtype)
    if pairs:
        of_pairs = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.repeat(tf.cast(labels, tf.int32)[:, None], pairs, axis=1),
            logits=tf.reshape(logits[:, : 2 * pairs], (-1, pairs, 2)),
        )
        total += tf.reduce_sum(tf.reduce_mean(of_pairs, axis=0))
    if logits.shape[1] > 2 * pairs:
        # The logistic loss: softplus(-z) for class 1 and softplus(z) for class 0.
        sign = 1 - 2 * tf.cast(labels, logits.dtype)[:, None]
        of_singles = tf.nn.softplus(sign * logits[:, 2 * pairs :])
        total += tf.reduce_sum(of_singles) / tf.cast(len(labels), logits.dtype)
    return total


def _kernel_gradient(batch: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Return batchᵀ slope, shape (d, units), the way round that TensorFlow multiplies fast.

    On some processors transposing a wide batch to meet a slope of a few columns, as TensorFlow's
    own gradient does, takes most of an epoch: 0.34 s instead of 0.13 s for 20 000 x 2 048 features
    and 2 units. From some dozens of columns on it is the other way round that loses.
    """
    if slope.shape[1] < 32:
        return tf.transpose(tf.matmul(slope, batch, transpose_a=True))
    return tf.matmul(batch, slope, transpose_a=True)
