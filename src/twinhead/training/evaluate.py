"""What heads are worth at fixed weights: mean cross-entropy and accuracy over all rows.

Keras's epoch loss is another thing: a running mean over weights that move.
"""

from collections.abc import Callable

import numpy as np

from twinhead.data.ondisk import BLOCK_BYTES
from twinhead.training.backend import tf
from twinhead.training.rows import Rows, RowsOnDisk

# Rows at a time: no fewer, for a call costs as much; no more than whose logits take so many bytes,
# or which do themselves take what is read from a disk at a time: sums are to have the same bits.
LEAST_ROWS, MOST_BYTES = 2048, 2**26


def evaluate(
    kernel: tf.Tensor,
    bias: tf.Tensor,
    pairs: int,
    rows: Rows | RowsOnDisk,
    at_a_time: int,
    worked: Callable[[int], object] = lambda rows: None,
) -> np.ndarray:
    """Return losses and accuracies of heads that lie one below the other, shape (2, arms).

    Logits and losses have the features' precision, sums over rows float64: with float32 that is
    some 1e-9 away from float64 all through, and takes half the time. How much a row counts in
    training does not matter here.

    Args:
        kernel, bias: shapes (units, d) and (units, 1), softmax heads first.
        pairs: how many of the heads are softmax, of two units each.
        at_a_time: rows that are worked on at a time, if that is no bad idea. What several parts
            can be cut into alike is compiled once.
        worked: is told of every block how many rows it has.
    """
    total, number = len(rows.X), rows.row_bytes // rows.X.shape[1]
    size = min(max(at_a_time, LEAST_ROWS), MOST_BYTES // (len(kernel) * number))
    size = max(1, min(size, BLOCK_BYTES // rows.row_bytes, total))
    starts = range(0, total, size)
    # The last block, where it is smaller, is filled up with rows that were there before.
    firsts = [min(start, total - size) for start in starts]
    blocks = rows.blocks(slice(first, first + size) for first in firsts)
    sums = []
    for start, first, block in zip(starts, firsts, blocks, strict=True):
        sums.append(_sums(kernel, bias, pairs, block, tf.constant(start - first)))
        worked(first + size - start)
    return np.sum(sums, axis=0) / total


@tf.function(jit_compile=True, autograph=False)
def _sums(
    kernel: tf.Tensor, bias: tf.Tensor, pairs: int, rows: Rows, skipped: tf.Tensor
) -> tf.Tensor:
    """Return the sums of losses and of right answers of all rows but the first few."""
    logits = tf.matmul(kernel, rows.X, transpose_b=True) + bias
    labels = rows.labels_of(tf.range(rows.X.shape[0])) > 0
    losses, right = [], []
    if pairs:
        own = labels[:pairs]
        first, second = logits[0 : 2 * pairs : 2], logits[1 : 2 * pairs : 2]
        beyond = tf.math.log1p(tf.exp(-tf.abs(second - first)))
        losses.append(tf.maximum(first, second) - tf.where(own, second, first) + beyond)
        right.append((second > first) == own)
    singles = kernel.shape[0] - 2 * pairs
    if singles:
        own, single = labels[-singles:], logits[2 * pairs :]
        wrong = tf.where(own, -single, single)  # Large where the head is wrong.
        losses.append(tf.nn.relu(wrong) + tf.math.log1p(tf.exp(-tf.abs(single))))
        right.append((single > 0) == own)
    counted = tf.range(rows.X.shape[0]) >= skipped
    every = tf.stack([tf.cast(tf.concat(each, 0), tf.float64) for each in (losses, right)])
    return tf.reduce_sum(tf.where(counted, every, tf.zeros_like(every)), axis=2)
