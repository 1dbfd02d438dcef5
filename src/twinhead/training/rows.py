"""What arms are trained and evaluated on, as tensors of one precision."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from twinhead.data.ondisk import BLOCK_BYTES, OnDisk, ahead
from twinhead.data.room import ALIGNMENT, aligned
from twinhead.errors import InputError
from twinhead.training.backend import tf

MOST_BATCH_BYTES = 2**28  # Of rows on the disk; a few batches are in memory at once.


@dataclass(frozen=True, eq=False)
class Labels:
    """What an arm learns in place of the split's own labels.

    Attributes:
        train, validation: 0 and 1, shapes (n,) and (m,).
        sample_weight: how much every training row counts, shape (n,), as in Keras: the loss is
            the sum of weight times loss over the number of rows. What is evaluated counts all
            rows alike.
    """

    train: np.ndarray
    validation: np.ndarray
    sample_weight: np.ndarray | None = None


class Rows(NamedTuple):
    """Rows of features with what is learnt of them.

    Attributes:
        X: shape (n, d).
        labels: uint8 of 0 and 1, shape (n, columns).
        label: which column every arm learns, in the order of units; None if there is but one.
        weights: how much rows count, shape (n, columns), or None.
        weight: which of these columns is every arm's, as `label`.
    """

    X: tf.Tensor
    labels: tf.Tensor
    label: tf.Tensor | None = None
    weights: tf.Tensor | None = None
    weight: tf.Tensor | None = None

    def labels_of(self, places: tf.Tensor) -> tf.Tensor:
        """Return the labels of these rows, shape (1 or arms, rows)."""
        return _columns(self.labels, self.label, places)

    def weights_of(self, places: tf.Tensor) -> tf.Tensor:
        """Return how much these rows count, shape (1 or arms, rows)."""
        return _columns(self.weights, self.weight, places)

    @property
    def row_bytes(self) -> int:
        return self.X.shape[1] * self.X.dtype.size

    def cuts(self, batch_size: int) -> list[slice]:
        """Return the pieces of an epoch's order in which `window` wants it: a single one."""
        return [slice(0, len(self.X))]

    def window(self, visited: np.ndarray) -> tuple["Rows", np.ndarray]:
        """Return rows that hold those that are visited next, and the places of these in them."""
        return self, visited

    def blocks(self, cuts: Iterable[slice]) -> Iterator["Rows"]:
        """Give neighbouring rows, without their weights, a block for each of `cuts`."""
        return (Rows(self.X[rows], self.labels[rows], self.label) for rows in cuts)


@dataclass(frozen=True, eq=False)
class RowsOnDisk:
    """What `Rows` are, but for X, of which only what comes next is in memory.

    As bits they are the same: an epoch ends in the same batches, wherever it is cut between two.
    """

    X: OnDisk
    precision: str
    labels: np.ndarray
    label: np.ndarray | None = None
    weights: np.ndarray | None = None
    weight: np.ndarray | None = None

    @property
    def row_bytes(self) -> int:
        return self.X.shape[1] * np.dtype(self.precision).itemsize

    def cuts(self, batch_size: int) -> list[slice]:
        rows = len(self.X)
        batch = min(batch_size, rows)
        if batch * self.row_bytes > MOST_BATCH_BYTES:
            raise InputError(
                f"batch_size: found {batch_size}, of which each takes "
                f"{batch * self.row_bytes / 1e9:.1f} GB; of rows on the disk expected at most "
                f"{MOST_BATCH_BYTES // self.row_bytes}"
            )
        size = max(1, BLOCK_BYTES // self.row_bytes // batch) * batch
        # What is left over at the end is filled up with what was visited before it, so that a
        # batch of its own would be another one.
        starts = [start for start in range(0, rows, size) if start + batch <= rows]
        return [slice(*ends) for ends in pairwise([*starts, rows])]

    def window(self, visited: np.ndarray) -> tuple[Rows, np.ndarray]:
        X = tensor(self.X.take(visited, self.precision))
        weights = None if self.weights is None else self.weights[visited]
        rows = Rows(X, self.labels[visited], self.label, weights, self.weight)
        return rows, np.arange(len(visited), dtype=np.int32)

    def blocks(self, cuts: Iterable[slice]) -> Iterator[Rows]:
        return ahead(self._block(rows) for rows in cuts)

    def _block(self, cut: slice) -> Rows:
        rows = np.arange(*cut.indices(len(self.X)))
        return Rows(tensor(self.X.take(rows, self.precision)), self.labels[cut], self.label)


def _columns(every: tf.Tensor, column: tf.Tensor | None, places: tf.Tensor) -> tf.Tensor:
    found = tf.transpose(tf.gather(every, places))
    return found if column is None else tf.gather(found, column)


def columns(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the different ones of these arrays side by side, and which column each has.

    None for the second if they are all one and the same.
    """
    different = {id(array): array for array in arrays}
    side_by_side = np.stack(list(different.values()), axis=1)
    if len(different) == 1:
        return side_by_side, None
    return side_by_side, np.array([[*different].index(id(array)) for array in arrays], np.int32)


def tensor(X: np.ndarray, precision: str | None = None) -> tf.Tensor:
    """Return X as a tensor of this precision, in the same memory where it can be.

    Where it cannot, the copy is NumPy's: TensorFlow keeps what it has once taken, and a copy in
    float64 is the largest thing there is.
    """
    dtype = np.dtype(precision or X.dtype)
    usable = X.flags.c_contiguous and X.flags.writeable and X.ctypes.data % ALIGNMENT == 0
    if X.dtype != dtype or not usable:
        own = aligned(X.shape, dtype)
        own[:] = X
        X = own
    if tf.config.list_logical_devices("GPU"):
        return tf.constant(X)
    return tf.experimental.dlpack.from_dlpack(X.__dlpack__())
