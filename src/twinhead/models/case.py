"""A head with rows to try it on: what every check of `diagnose` looks at."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from twinhead.models import arrays, losses, optimizers, verify
from twinhead.models.backend import keras
from twinhead.models.reading import Reading, at
from twinhead.models.surgery import logits_of, weights

MEND, KNOW = "mend", "know"


@dataclass(frozen=True, eq=False)
class Case:
    """A head, and rows that it is tried on; labels are made up where the rows have none."""

    head: Reading
    rows: arrays.Rows

    @cached_property
    def logits(self) -> np.ndarray:
        """What the head gives without its activations, float64, shape (cases, units)."""
        return verify.outputs(logits_of(self.head), self.rows, None)

    @cached_property
    def raw(self) -> Any:
        """What the model gives, as a tensor: Keras may have hung the logits on it."""
        model = self.head.model
        given = model(self.rows.inputs(model, slice(0, verify.BATCH)), training=False)
        return keras.tree.flatten(given)[self.head.position]

    @cached_property
    def outputs(self) -> np.ndarray:
        """What the model gives, float64, shape (cases, units)."""
        return verify.outputs(self.head.model, self.rows, self.head.position)

    @cached_property
    def kernel(self) -> np.ndarray:
        return weights(self.head.layer)[0].astype(np.float64)

    @cached_property
    def labels(self) -> np.ndarray:
        """Whole numbers 0 and 1, made up, of the shape of `raw` but for one unit."""
        shape = (*self.raw.shape[:-1], 1)
        return np.random.default_rng(1).integers(0, 2, shape)

    @property
    def loss(self) -> losses.Loss | None:
        return self.head.loss

    @property
    def acts(self) -> tuple[str, ...]:
        return self.head.activations

    @property
    def metrics(self) -> list[Any]:
        """The metrics of this output, as objects, as Keras resolves them by the shapes."""
        model = self.head.model
        if not model.compiled:
            return []
        config = model.get_compile_config()
        found = []
        for name in ("metrics", "weighted_metrics"):
            given = keras.saving.deserialize_keras_object(config.get(name))
            own = at(model, self.head.position, given) if self.head.several else given
            found += [each for each in keras.tree.flatten(own) if each is not None]
        return [self._resolved(each) for each in found]

    def _resolved(self, metric: Any) -> Any:
        if isinstance(metric, str) and metric.lower() in ("accuracy", "acc"):
            if self.head.columns == 1:
                return keras.metrics.BinaryAccuracy(name=metric)
            one_hot = self.loss is not None and self.loss.kind.startswith("categorical")
            kind = (
                keras.metrics.CategoricalAccuracy
                if one_hot
                else (keras.metrics.SparseCategoricalAccuracy)
            )
            return kind(name=metric)
        return keras.metrics.get(metric)

    @property
    def optimizer(self) -> Any:
        """What trains the head, out of its wrappers; None if nothing does."""
        own = getattr(self.head.model, "optimizer", None)
        return optimizers.mover(own, self.head.layer.kernel)

    def targets(self, one_hot: bool) -> Any:
        """Return the made-up labels for some rows, one-hot or as whole numbers."""
        if not one_hot:
            return keras.ops.convert_to_tensor(self.labels)
        whole = np.arange(self.head.columns) == self.labels
        return keras.ops.convert_to_tensor(whole.astype("float32"))

    def read(self, given: Any, **options: Any) -> float:
        """Return the loss of the head over some rows, computed from `given`, with other options."""
        loss = self.loss
        if loss is None or loss.kind not in losses.CLASS:
            return float("nan")
        built = getattr(keras.losses, losses.CLASS[loss.kind])(
            **{**loss.options, **options}, dtype=loss.dtype
        )
        one_hot = loss.kind != "sparse" and self.head.columns > 1
        try:
            value = built(self.targets(one_hot), given)
        except Exception:  # Shapes that do not fit are what a check is about.
            return float("nan")
        return float(keras.ops.convert_to_numpy(value))

    def array(self) -> Any:
        """Return `raw` without the logits that Keras may have hung on it."""
        return keras.ops.convert_to_tensor(keras.ops.convert_to_numpy(self.raw))
