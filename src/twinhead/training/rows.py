"""What arms are trained and evaluated on, as tensors of one precision."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twinhead.data.features import ALIGNMENT, aligned
from twinhead.training.backend import tf


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

    def block(self, rows: slice) -> "Rows":
        """Return some neighbouring rows, without their weights."""
        return Rows(self.X[rows], self.labels[rows], self.label)


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
