"""All arms of one seed in one pass over the data, under common noise.

The arms are columns of one kernel: softmax heads in pairs first, sigmoid heads after them. Keras's
optimizers take a vector of learning rates, so every column learns as if it were alone.
"""

import logging
import time
from collections.abc import Callable

import numpy as np

from twinhead import heads, noise
from twinhead.backend import keras, tf
from twinhead.config import Training
from twinhead.data import Split
from twinhead.history import Arm, Record

log = logging.getLogger(__name__)

Initial = Callable[[Arm, int], tuple[np.ndarray, np.ndarray]]


@np.errstate(over="ignore", invalid="ignore")  # An arm that diverges is a result.
def train(
    arms: list[Arm], settings: Training, split: Split, initial: Initial = heads.initial
) -> list[Record]:
    """Train arms that share seed and precision, and return their records, epoch 0 first.

    An arm whose weights overflow goes on as NaN and disturbs no other.

    Args:
        arms: any mixture of heads, inits and learning rates, in any order; noise is common.
        initial: (arm, features) -> kernel (features, units) and bias (units,) to start from.
    """
    (seed, precision), *others = {(arm.seed, arm.precision) for arm in arms}
    if others:
        raise ValueError("arms of different seeds or precisions cannot share a pass")
    if len({arm.name for arm in arms}) < len(arms):
        raise ValueError("two arms of one name")
    # Pairs first: the softmax losses need their two columns side by side.
    ordered = sorted(arms, key=lambda arm: arm.head != "softmax")
    pairs = sum(arm.head == "softmax" for arm in arms)
    columns, start = {}, 0
    for arm in ordered:
        columns[arm.name] = slice(start, start + heads.UNITS[arm.head])
        start += heads.UNITS[arm.head]

    X = split.X_train.astype(precision, copy=False)
    X_validation = split.X_validation.astype(precision, copy=False)
    kernels, biases = zip(*(initial(arm, X.shape[1]) for arm in ordered), strict=True)
    kernel = keras.Variable(np.hstack(kernels), dtype=precision)
    bias = keras.Variable(np.hstack(biases), dtype=precision)
    # Keras holds a learning rate in float32, whatever the weights are; so do we.
    rates = np.hstack([np.full(heads.UNITS[arm.head], arm.learning_rate) for arm in ordered])
    rates = tf.constant(rates.astype(np.float32))
    run_epoch = _epoch(kernel, bias, rates, pairs, settings, X, split.y_train)

    records = {arm.name: Record(arm) for arm in ordered}
    parts = {"train": (X, split.y_train), "validation": (X_validation, split.y_validation)}

    def measure(epoch: int) -> None:
        weights, offsets = kernel.numpy(), bias.numpy()
        for arm in ordered:
            own = columns[arm.name]
            records[arm.name].keep_weights(weights[:, own], offsets[own])
        for part, (inputs, y) in parts.items():
            logits = inputs @ weights + offsets
            of_pairs = heads.evaluate("softmax", logits[:, : 2 * pairs], y)
            of_singles = heads.evaluate("sigmoid", logits[:, 2 * pairs :], y)
            for metric, *values in zip(("loss", "accuracy"), of_pairs, of_singles, strict=True):
                for arm, value in zip(ordered, np.concatenate(values), strict=True):
                    series = records[arm.name].series
                    series.setdefault((part, metric), np.full(settings.epochs + 1, np.nan))
                    series[part, metric][epoch] = value

    measure(0)
    spoke = time.monotonic()
    for epoch in range(1, settings.epochs + 1):
        run_epoch(
            tf.constant(noise.order(seed, epoch, len(X))),
            tf.constant(noise.masks(seed, epoch, *X.shape, settings.dropout)),
        )
        measure(epoch)
        # A line a second at most: an epoch may take a millisecond.
        if epoch == settings.epochs or time.monotonic() - spoke > 1:
            spoke = time.monotonic()
            log.info(
                "seed %d, %s, %d arm(s) in one pass: epoch %d/%d",
                *(seed, precision, len(arms), epoch, settings.epochs),
                extra={"counted": (f"epochs, {len(arms)} arm(s)", epoch, settings.epochs)},
            )
    lost = [arm.name for arm in arms if not np.isfinite(records[arm.name].loss()).all()]
    if lost:
        log.warning("%d of %d arm(s) diverged, the first: %s", len(lost), len(arms), lost[0])
    return [records[arm.name] for arm in arms]


def _epoch(
    kernel: keras.Variable,
    bias: keras.Variable,
    rates: tf.Tensor,
    pairs: int,
    settings: Training,
    X: np.ndarray,
    y: np.ndarray,
):
    """Return the compiled function (order, masks) -> None that trains one epoch in place."""
    optimizer = heads.optimizer(settings.optimizer, learning_rate=1.0)  # Never used: see rates.
    optimizer.build([kernel, bias])
    X, y = tf.constant(X), tf.constant(y)
    size = settings.batch_size

    def total_loss(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Sum of all arms' mean losses: each column's gradient is that of its own arm alone."""
        total = tf.zeros((), logits.dtype)
        if pairs:
            of_pairs = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=tf.repeat(tf.cast(labels, tf.int32)[:, None], pairs, axis=1),
                logits=tf.reshape(logits[:, : 2 * pairs], (-1, pairs, 2)),
            )
            total += tf.reduce_sum(tf.reduce_mean(of_pairs, axis=0))
        if logits.shape[1] > 2 * pairs:
            single = logits[:, 2 * pairs :]
            of_singles = tf.nn.sigmoid_cross_entropy_with_logits(
                labels=tf.broadcast_to(tf.cast(labels, logits.dtype)[:, None], tf.shape(single)),
                logits=single,
            )
            total += tf.reduce_sum(tf.reduce_mean(of_singles, axis=0))
        return total

    @tf.function
    def run(order: tf.Tensor, masks: tf.Tensor) -> None:
        for start in tf.range(0, len(X), size):
            rows = order[start : start + size]
            kept = tf.cast(masks[start : start + size], X.dtype) / (1 - settings.dropout)
            batch, labels = tf.gather(X, rows) * kept, tf.gather(y, rows)
            logits = batch @ kernel.value + bias.value
            with tf.GradientTape() as tape:
                tape.watch(logits)
                loss = total_loss(logits, labels)
            slope = tape.gradient(loss, logits)
            gradients = (_kernel_gradient(batch, slope), tf.reduce_sum(slope, axis=0))
            for gradient, variable in zip(gradients, (kernel, bias), strict=True):
                optimizer.update_step(gradient, variable, rates)
            optimizer.iterations.assign_add(1)

    return run


def _kernel_gradient(batch: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    """Return batchᵀ slope, shape (d, units), the way round that TensorFlow multiplies fast.

    Transposing a wide batch to meet a narrow slope, as TensorFlow's own gradient does, takes most
    of an epoch: 0.34 s instead of 0.13 s for 20 000 x 2 048 features and 2 units, where 512 units
    take 1.4 s instead of 2.1 s.
    """
    if slope.shape[1] < 128:
        return tf.transpose(tf.matmul(slope, batch, transpose_a=True))
    return tf.matmul(batch, slope, transpose_a=True)
