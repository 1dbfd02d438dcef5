"""Losses of two classes: which one a model has, and the other head's that is the same function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.models.backend import keras

# What Keras calls it -> what it expects of outputs and labels.
KINDS = {
    "CategoricalCrossentropy": "categorical",
    "SparseCategoricalCrossentropy": "sparse",
    "BinaryCrossentropy": "binary",
    "CategoricalFocalCrossentropy": "categorical focal",
    "BinaryFocalCrossentropy": "binary focal",
    "MeanSquaredError": "squared",
    "MeanAbsoluteError": "absolute",
}
CLASS = {kind: name for name, kind in KINDS.items()}
# The same losses under the names of functions; keras.losses.get resolves their short forms.
FUNCTIONS = {
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
}
AUTOMATIC = ("crossentropy", "ce")  # Keras chooses by the shapes of labels and outputs.

OF_SOFTMAX = ("categorical", "sparse", "categorical focal")
OF_SIGMOID = ("binary", "binary focal")
# Of probabilities: a mean over two columns whose errors are alike, so the same for one.
OF_EITHER = ("squared", "absolute", "automatic")


@dataclass(frozen=True)
class Loss:
    """A loss as a model has it.

    Attributes:
        kind: one of KINDS's, "automatic", or what Keras calls it where it is none of these.
        options: its configuration, without name; empty for a function.
        dtype: what it computes in: Keras keeps it out of the configuration.
        given: what compile() was given.
    """

    kind: str
    options: Mapping[str, Any]
    dtype: str | None
    given: Any

    @property
    def from_logits(self) -> bool:
        return bool(self.options.get("from_logits", False))


def read(given: Any) -> Loss | None:
    """Return what a loss given to compile() is; None where there is none."""
    if given is None:
        return None
    if isinstance(given, str) and given.lower() in AUTOMATIC:
        return Loss("automatic", {}, None, given)
    found = keras.losses.get(given)
    dtype = found.dtype if isinstance(found, keras.losses.Loss) else None
    config = dict(found.get_config()) if isinstance(found, keras.losses.Loss) else {}
    name = type(found).__name__
    if type(found) not in vars(keras.losses).values():
        # A function, or Keras's wrapper of one.
        function = getattr(found, "fn", found)
        name = getattr(function, "__name__", type(found).__name__)
        name = FUNCTIONS.get(name, name)
        config.pop("fn", None)
    config.pop("name", None)
    return Loss(KINDS.get(name, name), config, dtype, given)


@dataclass(frozen=True)
class Swapped:
    """The other head's loss.

    Attributes:
        loss: for compile().
        factor: what the loss has to be multiplied by, as a loss weight.
        labels: what has to be done to the labels; empty where they stay.
    """

    loss: Any
    factor: float = 1.0
    labels: str = ""


def swap(loss: Loss, to: str) -> Swapped:
    """Return the loss that is the same function of the log-odds, for the other head.

    Raises:
        InputError: it has no counterpart.
    """
    if loss.kind == "automatic":
        return Swapped(loss.given, labels=COLUMN_IF)
    swaps = _TO_SIGMOID if to == "sigmoid" else _TO_SOFTMAX
    if loss.kind not in swaps:
        known = ", ".join(CLASS[kind] for kind in swaps)
        raise InputError(f"loss: found {CLASS.get(loss.kind, loss.kind)}, expected one of {known}")
    return swaps[loss.kind](loss)


def _built(kind: str, loss: Loss, **options: Any) -> Any:
    shared = {key: loss.options[key] for key in ("reduction", "from_logits") if key in loss.options}
    return getattr(keras.losses, CLASS[kind])(**shared | options, dtype=loss.dtype)


COLUMN_IF = "labels: of one-hot ones the second column from now on, y[:, 1:]; others stay"
COLUMN = "labels: the second column of the one-hot ones from now on, y[:, 1:]"
ONE_HOT = "labels: one-hot from now on, keras.utils.to_categorical(y, 2)"
WHOLE = "labels stay as they are if they are whole numbers 0 and 1"


def relabelled(swapped: Swapped, y: np.ndarray) -> np.ndarray:
    """Return labels in the form that the other head's loss takes."""
    if swapped.labels in (COLUMN, COLUMN_IF) and y.ndim > 1 and y.shape[-1] == 2:
        return y[..., 1:]
    if swapped.labels == ONE_HOT:
        y = y if y.ndim > 1 and y.shape[-1] == 1 else y[..., None]
        return np.concatenate([1 - y, y], axis=-1)
    return y


def _categorical(loss: Loss) -> Swapped:
    smoothing = loss.options.get("label_smoothing", 0.0)
    return Swapped(_built("binary", loss, label_smoothing=smoothing), labels=COLUMN)


def _sparse(loss: Loss) -> Swapped:
    if loss.options.get("ignore_class") is not None:
        raise InputError(
            f"loss: found ignore_class={loss.options['ignore_class']}, expected none: the binary "
            "loss has no such class (sample weights of 0 do the same)"
        )
    return Swapped(_built("binary", loss))


def _binary(loss: Loss) -> Swapped:
    smoothing = loss.options.get("label_smoothing", 0.0)
    if smoothing:
        return Swapped(_built("categorical", loss, label_smoothing=smoothing), labels=ONE_HOT)
    return Swapped(_built("sparse", loss), labels=WHOLE)


def _without_smoothing(loss: Loss) -> None:
    if loss.options.get("label_smoothing"):
        raise InputError(
            f"loss: found a focal loss with label_smoothing={loss.options['label_smoothing']}, "
            "expected none: the two heads' are different functions of the log-odds"
        )


def _categorical_focal(loss: Loss) -> Swapped:
    """Keras weights classes by alpha in this loss always, in the binary one only if asked."""
    _without_smoothing(loss)
    alpha, gamma = loss.options.get("alpha", 0.25), loss.options.get("gamma", 2.0)
    if isinstance(alpha, list | tuple):
        negative, positive = map(float, alpha)
        total = negative + positive
        own = {"alpha": positive / total, "apply_class_balancing": True}
        return Swapped(_built("binary focal", loss, gamma=gamma, **own), total, COLUMN)
    return Swapped(_built("binary focal", loss, gamma=gamma), float(alpha), COLUMN)


def _binary_focal(loss: Loss) -> Swapped:
    _without_smoothing(loss)
    alpha, gamma = loss.options.get("alpha", 0.25), loss.options.get("gamma", 2.0)
    balanced = loss.options.get("apply_class_balancing", False)
    weights = [1 - alpha, alpha] if balanced else 1.0
    return Swapped(_built("categorical focal", loss, gamma=gamma, alpha=weights), labels=ONE_HOT)


def _same_with(labels: str) -> Callable[[Loss], Swapped]:
    return lambda loss: Swapped(loss.given, labels=labels)


_TO_SIGMOID: dict[str, Callable[[Loss], Swapped]] = {
    "categorical": _categorical,
    "sparse": _sparse,
    "categorical focal": _categorical_focal,
    "squared": _same_with(COLUMN),
    "absolute": _same_with(COLUMN),
}
_TO_SOFTMAX: dict[str, Callable[[Loss], Swapped]] = {
    "binary": _binary,
    "binary focal": _binary_focal,
    "squared": _same_with(ONE_HOT),
    "absolute": _same_with(ONE_HOT),
}
