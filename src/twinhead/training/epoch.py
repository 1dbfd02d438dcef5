"""The bank's epoch: every arm's steps over the data as one program that XLA compiles.

Kernels lie as (units, features), the other way round than Keras's: the products with a batch are
`kernel batchᵀ` and `slope batch` then, which take a fraction of the others' time when units are
few. The order of units is that of `Program.arms`: softmax heads first, each with its two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhead.training import heads
from twinhead.training.backend import keras, tf
from twinhead.training.rows import Rows


class _Rates(keras.optimizers.schedules.LearningRateSchedule):
    """A learning rate a unit. As a schedule, because a plain rate has to be a scalar."""

    def __init__(self, units: int):
        # Keras holds a learning rate in float32, whatever the weights are; so do we.
        self.values = tf.Variable(tf.zeros((units, 1), tf.float32))

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return self.values


@dataclass
class _Family:
    """The arms of one optimizer.

    Attributes:
        units: which of all units are theirs; their kernel's rows are in the same order.
        fresh: the optimizer's variables before the first step.
    """

    units: np.ndarray
    kernel: keras.Variable
    bias: keras.Variable
    rates: _Rates
    optimizer: keras.optimizers.Optimizer
    fresh: list[np.ndarray]


class Program:
    """The compiled epoch of arms of one layout, with their weights and optimizers.

    It holds no rows: `run` is given all of them, or those that come next.

    Attributes:
        arms: every arm's place in the layout, in the order of units.
        pairs: how many arms are softmax heads; they come first.
        units: every arm's units, in the order of the layout.
        stretch: what every unit's output is times to be its logit, (units, 1); None if it is one.
    """

    def __init__(
        self,
        layout: Sequence[tuple[str, str]],
        optimizers: Mapping[str, Mapping[str, Any]],
        features: int,
        precision: str,
        batch_size: int,
        dropout: float,
    ):
        """Make room for arms, each given by its optimizer's name and its head."""
        self.precision, self.batch_size, self.dropout = precision, batch_size, dropout
        self.arms = sorted(range(len(layout)), key=lambda i: layout[i][1] != "softmax")
        self.pairs = sum(head == "softmax" for _, head in layout)
        widths = [heads.UNITS[layout[i][1]] for i in self.arms]
        ends = np.cumsum(widths).tolist()
        place = {i: slice(end - w, end) for i, end, w in zip(self.arms, ends, widths, strict=True)}
        self.units = [place[i] for i in range(len(layout))]
        stretch = np.repeat([heads.STRETCH[layout[i][1]] for i in self.arms], widths)[:, None]
        self.stretch = stretch.astype(precision) if np.any(stretch != 1) else None
        of_units = np.repeat([layout[i][0] for i in self.arms], widths)
        self.families = [
            self._family(optimizers[name], np.flatnonzero(of_units == name), features)
            for name in dict.fromkeys(name for name, _ in layout)
        ]
        # Which row of the families' kernels, one below the other, is a unit's; and back.
        self._stacked = np.concatenate([family.units for family in self.families])
        self._in_order = np.argsort(self._stacked)

    def _family(self, options: Mapping[str, Any], units: np.ndarray, features: int) -> _Family:
        kernel = keras.Variable(np.zeros((len(units), features)), dtype=self.precision)
        bias = keras.Variable(np.zeros((len(units), 1)), dtype=self.precision)
        rates = _Rates(len(units))
        optimizer = heads.optimizer(options, rates)
        optimizer.build([kernel, bias])
        fresh = [variable.numpy() for variable in optimizer.variables]
        return _Family(units, kernel, bias, rates, optimizer, fresh)

    def start(self, kernel: np.ndarray, bias: np.ndarray, rates: np.ndarray) -> None:
        """Put all units where training starts: kernel (units, d), bias and rates (units, 1)."""
        for family in self.families:
            family.kernel.assign(kernel[family.units])
            family.bias.assign(bias[family.units])
            family.rates.values.assign(rates[family.units].astype(np.float32))
            for variable, value in zip(family.optimizer.variables, family.fresh, strict=True):
                variable.assign(value)

    def weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return all units' kernel (units, d) and bias (units, 1) as they are now."""
        return tuple(self._rearranged(each, self._in_order) for each in self._stack())

    def logit_weights(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return what gives the logits: all units' weights, an isometric head's times sqrt 2."""
        return tuple(self._stretched(each) for each in self.weights())

    def _stretched(self, values: tf.Tensor) -> tf.Tensor:
        return values if self.stretch is None else values * self.stretch

    def _stack(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the families' kernels and biases, one family below the other."""
        if len(self.families) == 1:
            (family,) = self.families
            return tf.convert_to_tensor(family.kernel.value), tf.convert_to_tensor(
                family.bias.value
            )
        return (
            tf.concat([family.kernel.value for family in self.families], 0),
            tf.concat([family.bias.value for family in self.families], 0),
        )

    def _rearranged(self, values: tf.Tensor, order: np.ndarray) -> tf.Tensor:
        return values if len(self.families) == 1 else tf.gather(values, order)

    @tf.function(jit_compile=True, autograph=False)  # AutoGraph would rewrite Keras: 0.4 s.
    def run(self, rows: Rows, places: tf.Tensor, masks: tf.Tensor | None) -> None:
        """Train all arms on these rows, batch by batch.

        Args:
            places: of the rows in `rows.X`, in the order in which they are visited, int32.
            masks: what of each visited row is kept, packed as module `noise` does; or None.
        """
        visits = places.shape[0]
        size = min(self.batch_size, visits)

        def visit(start: tf.Tensor) -> list[tf.Tensor]:
            # The last batch, where it is smaller, is filled up with rows visited before, that
            # count nothing: so there is one step to compile.
            first = tf.minimum(start, visits - size)
            counts = tf.ones((1, size), rows.X.dtype)
            if visits % size:
                counts = tf.cast(tf.range(size) >= start - first, rows.X.dtype)[None]
            kept = None if masks is None else tf.slice(masks, [first, 0], [size, masks.shape[1]])
            self._step(rows, tf.slice(places, [first], [size]), kept, counts)
            return [start + size]

        tf.while_loop(lambda start: start < visits, visit, [tf.constant(0)])

    def _step(
        self, rows: Rows, places: tf.Tensor, masks: tf.Tensor | None, counts: tf.Tensor
    ) -> None:
        batch = tf.gather(rows.X, places)
        if masks is not None:
            scale = np.asarray(1 / (1 - self.dropout), self.precision)
            batch = tf.where(_kept(masks, batch.shape[1]), batch * scale, tf.zeros_like(batch))
        kernel, bias = self._stack()
        logits = self._rearranged(tf.matmul(kernel, batch, transpose_b=True) + bias, self._in_order)
        counts /= tf.reduce_sum(counts)
        if rows.weights is not None:
            counts *= rows.weights_of(places)
        logits = self._stretched(logits)
        slope = self._stretched(_slope(logits, self.pairs, rows.labels_of(places), counts))
        slope = self._rearranged(slope, self._stacked)
        gradients = [tf.matmul(slope, batch), tf.reduce_sum(slope, axis=1, keepdims=True)]
        sizes = [len(family.units) for family in self.families]
        own = zip(*(tf.split(each, sizes) for each in gradients), strict=True)
        for family, (to_kernel, to_bias) in zip(self.families, own, strict=True):
            family.optimizer.apply([to_kernel, to_bias])


def _kept(masks: tf.Tensor, features: int) -> tf.Tensor:
    """Return packed masks as booleans, one an input.

    Bit by bit, each over a stretch of neighbours, is what XLA makes vector instructions of.
    """
    bits = [tf.bitwise.bitwise_and(masks, tf.constant(1 << k, tf.uint8)) > 0 for k in range(8)]
    return tf.concat(bits[::-1], axis=1)[:, :features]


def _slope(logits: tf.Tensor, pairs: int, labels: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """Return the gradient of all arms' losses with respect to the logits, (units, batch).

    A softmax head's two rows each come from their own probability and label. From the difference
    of its logits alone the heads would be the same thing by construction.

    Args:
        labels, counts: what a row is and how much it counts, shape (1 or arms, batch).
    """
    labels, slopes = tf.cast(labels, logits.dtype), []
    if pairs:
        own = labels[:pairs]
        both = [logits[k : 2 * pairs : 2] for k in (0, 1)]
        powers = [tf.exp(each - tf.maximum(*both)) for each in both]
        shares = [each / (powers[0] + powers[1]) for each in powers]
        apart = tf.stack([shares[0] - (1 - own), shares[1] - own], axis=1) * counts[:pairs, None]
        slopes.append(tf.reshape(apart, (2 * pairs, -1)))
    singles = logits.shape[0] - 2 * pairs
    if singles:
        sign = 1 - 2 * labels[-singles:]  # From the end: what all arms share is a single row.
        # Not sigmoid(z) - y, which is a difference of nearly equal numbers where it is small.
        slopes.append(sign * tf.sigmoid(sign * logits[2 * pairs :]) * counts[-singles:])
    return tf.concat(slopes, 0)
