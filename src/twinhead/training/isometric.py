"""The isometric head as a layer: K classes from K - 1 units that learn as softmax's K do."""

from typing import Any

from twinhead.matching import contrasts
from twinhead.models.backend import keras


@keras.saving.register_keras_serializable(package="twinhead")
class Isometric(keras.layers.Layer):
    """A head of K - 1 units in place of `Dense(K, activation="softmax")`, with its geometry.

    Under SGD with momentum, decay, L2 and clipping by norm it is that head at every step with
    every setting as it is, from `match_isometric` of its weights; (K - 1) / K of the parameters,
    and no direction that does nothing. Other optimizers: `twinhead.translate(..., "isometric")`.

    It gives K values whatever its units are. With probabilities (the default) the loss is Keras's
    categorical one, sparse or not; Keras takes the logits out of a softmax by itself, so both
    ways lose no digits.

    Args:
        units: K - 1, so 1 for two classes.
        logits: give K logits, with the sum zero, and not probabilities.
        use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            kernel_constraint: as Dense has them. `"glorot_uniform"` draws for K - 1 units.
    Source: docs/theory.md.
    """

    def __init__(
        self,
        units: int,
        logits: bool = False,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        **options: Any,
    ):
        super().__init__(**options)
        if isinstance(units, bool) or not isinstance(units, int) or units < 1:
            raise ValueError(f"units: found {units!r}, expected a whole number from 1 (K - 1)")
        self.units, self.logits, self.use_bias = units, logits, use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.bias_regularizer = keras.regularizers.get(bias_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
            )

    def call(self, inputs: Any) -> Any:
        coordinates = keras.ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            coordinates = coordinates + self.bias
        # NumPy's numbers keep their digits; a constant made in build() would not be saved.
        turn = contrasts(self.units + 1).T.astype(self.compute_dtype)
        logits = keras.ops.matmul(coordinates, turn)
        return logits if self.logits else keras.activations.softmax(logits)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.units + 1)

    def get_config(self) -> dict[str, Any]:
        keep = ("units", "logits", "use_bias")
        kinds = {
            "kernel_initializer": keras.initializers,
            "bias_initializer": keras.initializers,
            "kernel_regularizer": keras.regularizers,
            "bias_regularizer": keras.regularizers,
            "kernel_constraint": keras.constraints,
        }
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in keep},
            **{name: kind.serialize(getattr(self, name)) for name, kind in kinds.items()},
        }
