"""What all arms of a run share in training: epochs, batch size, dropout, optimizer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from twinhead.data.sources import TwoClasses
from twinhead.settings import Count, Fraction, Positive, RunSettings, between
from twinhead.training.optimizers import BankOptimizer


@dataclass(frozen=True)
class Recipe:
    """How arms are trained; their learning rates are their own.

    Attributes:
        dropout: probability of dropping an input, in [0, 1).
        optimizer: `name` of one of Keras's, and its options.
    """

    epochs: int
    batch_size: int
    dropout: float = 0.0
    optimizer: Mapping[str, Any] = field(default_factory=lambda: {"name": "sgd"})


class TrainingSettings(RunSettings):
    """What every experiment that trains heads has in common; `learning_rate` is the softmax's."""

    data: Annotated[TwoClasses, Field(discriminator="name")]
    optimizer: BankOptimizer
    learning_rate: Positive
    epochs: Count
    batch_size: Count
    dropout: Fraction
    validation_fraction: Annotated[float, between(0, 1, "a number in (0, 1)")]

    def recipe(self) -> Recipe:
        return Recipe(self.epochs, self.batch_size, self.dropout, self.optimizer.model_dump())
