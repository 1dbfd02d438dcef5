"""What all arms of a run share in training: epochs, batch size, dropout, optimizer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from twinhead.data.features import Split
from twinhead.data.sources import TwoClasses
from twinhead.settings import (
    Count,
    Fraction,
    Positive,
    RunSettings,
    Text,
    Values,
    between,
    one_of,
    whole,
)
from twinhead.training.optimizers import BankOptimizer


@dataclass(frozen=True)
class Recipe:
    """How arms are trained; their learning rates are their own.

    Attributes:
        dropout: probability of dropping an input, in [0, 1).
        optimizer: `name` of one of Keras's, and its options.
        shuffle: `rows`, or `blocks` of rows that lie beside each other, see `noise.order`.
    """

    epochs: int
    batch_size: int
    dropout: float = 0.0
    optimizer: Mapping[str, Any] = field(default_factory=lambda: {"name": "sgd"})
    shuffle: str = "rows"

    def places(self, split: Split) -> np.ndarray | None:
        """Return where the training rows lie, if their order is to depend on it."""
        if self.shuffle == "rows":
            return None
        if split.places is None or len(split.places) != len(split.y_train):
            raise ValueError("shuffle=blocks of rows of which nobody knows where they lie")
        return split.places


class TrainingSettings(RunSettings):
    """What every experiment that trains heads has in common; `learning_rate` is the softmax's."""

    data: Annotated[TwoClasses, Field(discriminator="name")]
    optimizer: BankOptimizer
    learning_rate: Positive
    epochs: Count
    batch_size: Count
    dropout: Fraction
    shuffle: Annotated[str, one_of("rows", "blocks")]
    validation_fraction: Annotated[float, between(0, 1, "a number in (0, 1)")]

    def recipe(self) -> Recipe:
        optimizer = self.optimizer.model_dump()
        return Recipe(self.epochs, self.batch_size, self.dropout, optimizer, self.shuffle)


Workers = Annotated[int, whole(1, 1024)]


class Here(Values):
    """This process alone."""

    name: Literal["none"] = "none"


class Local(Values):
    """Workers on this machine."""

    name: Literal["local"]
    workers: Workers
    threads: Workers | None


class Dask(Values):
    """The workers of a Dask scheduler."""

    name: Literal["dask"]
    scheduler: Text
    threads: Workers


class SpreadSettings(TrainingSettings):
    """What an experiment has whose passes other processes may train.

    Which processes those are decides no number. How many threads each has does.
    """

    cluster: Annotated[Here | Local | Dask, Field(discriminator="name")]

    def measured(self) -> dict[str, Any]:
        return {key: value for key, value in super().measured().items() if key != "cluster"}
