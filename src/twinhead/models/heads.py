"""Which head becomes which: units, weights, and what an optimizer keeps of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.matching import contrasts, match_isometric, match_sigmoid, match_softmax

MATCH: dict[str, Callable[..., Any]] = {
    "sigmoid": match_sigmoid,
    "softmax": match_softmax,
    "isometric": match_isometric,
}

# What an optimizer keeps of a weight, by how it follows from the weight's gradients, which are
# g and −g for θ1 and θ0, g for β and √2·g for γ:
WEIGHT = "a weight, or a sum of steps: β = θ1 − θ0"
LINEAR = "linear in the gradient"
SQUARE = "a square of the gradient, or a mean of squares"
SIZE = "the gradient's size"
ROWS = "a mean over the units of squares of the gradient"
EVEN = (SQUARE, SIZE, ROWS)  # As large for θ0 as for θ1.


@dataclass(frozen=True)
class Swap:
    """One head in place of another.

    Attributes:
        source, to: softmax, sigmoid or isometric.
        classes: 2, or more where no sigmoid takes part.
        positive: the softmax's column of the class that the sigmoid is of.
    """

    source: str
    to: str
    classes: int = 2
    positive: int = 1

    @property
    def units(self) -> int:
        """Units of the new head."""
        return {"softmax": self.classes, "sigmoid": 1, "isometric": self.classes - 1}[self.to]

    @property
    def columns(self) -> int:
        """Columns that the new head gives."""
        return 1 if self.to == "sigmoid" else self.classes

    @property
    def function(self) -> str:
        """The new head's activation."""
        return "sigmoid" if self.to == "sigmoid" else "softmax"

    @property
    def same_outputs(self) -> bool:
        """Whether loss, labels and metrics stay what they are."""
        return "sigmoid" not in (self.source, self.to)

    def matched(self, kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the new head's kernel and bias: of any rank, units last.

        16-bit weights are matched in float32 and rounded once.
        """
        wide = np.float32 if kernel.dtype.itemsize < 4 else kernel.dtype
        flat = kernel.reshape(-1, kernel.shape[-1]).astype(wide)
        offset = bias.astype(wide)
        if self.positive == 0 and self.source == "softmax":
            flat, offset = flat[:, ::-1], offset[::-1]
        made, new = MATCH[self.to](flat, offset, head=self.source)
        if self.positive == 0 and self.to == "softmax":
            made, new = made[:, ::-1], new[::-1]
        made = made.reshape((*kernel.shape[:-1], made.shape[-1]))
        return made.astype(kernel.dtype), new.astype(bias.dtype)

    def kept(self, kind: str, value: np.ndarray) -> np.ndarray:
        """Return what the new head's optimizer keeps, from what the old one's does, units last.

        Raises:
            InputError: of more than two classes, what each weight has by itself is not turned.
        """
        if kind in (WEIGHT, LINEAR):
            two = value if self.source == "softmax" else self._apart(kind, value)
            return two if self.to == "softmax" else self._together(kind, two)
        if self.classes > 2:
            raise InputError(
                f"optimizer: found what each weight has by itself, of {self.classes} classes; "
                "expected SGD, whose momentum turns as the weights do"
            )
        scale = {SQUARE: 2.0, ROWS: 2.0, SIZE: np.sqrt(2.0)}[kind]
        power = (self.to == "isometric") - (self.source == "isometric")
        one = value if kind == ROWS or value.shape[-1] == 1 else value.mean(axis=-1, keepdims=True)
        one = one * value.dtype.type(scale**power)
        return np.repeat(one, self.units, axis=-1) if kind != ROWS else one

    def _together(self, kind: str, two: np.ndarray) -> np.ndarray:
        """Return the one-unit or isometric head's, from the softmax's."""
        if self.to == "isometric":
            return two @ contrasts(self.classes).astype(two.dtype)
        difference = two[..., 1:] - two[..., :1]
        return difference if kind == WEIGHT else difference / 2

    def _apart(self, kind: str, one: np.ndarray) -> np.ndarray:
        """Return the softmax's, with the sum zero, from the one-unit or isometric head's."""
        if self.source == "isometric":
            return one @ contrasts(self.classes).astype(one.dtype).T
        half = one / 2 if kind == WEIGHT else one
        return np.concatenate([-half, half], axis=-1)
