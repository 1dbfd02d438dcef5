"""Keras's optimizers as settings: their options, and what each may be. Imports no Keras."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from twinhead.settings import MOST, Flag, Fraction, FromZero, Positive, Values, expected, whole


class Sgd(Values):
    name: Literal["sgd"] = "sgd"
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @model_validator(mode="after")
    def _looks_ahead_at_something(self) -> "Sgd":
        if self.nesterov and self.momentum == 0:
            raise PydanticCustomError(
                "key", "nesterov: found true with momentum=0, expected momentum"
            )
        return self


class Adam(Values):
    name: Literal["adam"]
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive
    amsgrad: Flag


class AdamW(Values):
    name: Literal["adamw"]
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive
    amsgrad: Flag
    weight_decay: FromZero


class RmsProp(Values):
    name: Literal["rmsprop"]
    rho: Fraction
    momentum: Fraction
    epsilon: Positive
    centered: Flag


class Adagrad(Values):
    name: Literal["adagrad"]
    initial_accumulator_value: FromZero
    epsilon: Positive


class Adadelta(Values):
    name: Literal["adadelta"]
    rho: Fraction
    epsilon: Positive


class Adamax(Values):
    name: Literal["adamax"]
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive


class Nadam(Values):
    name: Literal["nadam"]
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive


class Ftrl(Values):
    name: Literal["ftrl"]
    learning_rate_power: Annotated[
        float, expected("a finite number up to 0", lambda x: float("-inf") < x <= 0)
    ]
    initial_accumulator_value: FromZero
    l1_regularization_strength: FromZero
    l2_regularization_strength: FromZero
    l2_shrinkage_regularization_strength: FromZero
    beta: FromZero


class Lion(Values):
    name: Literal["lion"]
    beta_1: Fraction
    beta_2: Fraction


class Lamb(Values):
    name: Literal["lamb"]
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive


class Adafactor(Values):
    name: Literal["adafactor"]
    beta_2_decay: Annotated[float, expected("a finite number up to 0", lambda x: -1e300 < x <= 0)]
    epsilon_1: Positive
    epsilon_2: Positive
    clip_threshold: Positive
    relative_step: Flag


class Muon(Values):
    name: Literal["muon"]
    momentum: Fraction
    nesterov: Flag
    rms_rate: Positive | None
    weight_decay: FromZero
    adam_beta_1: Fraction
    adam_beta_2: Fraction
    epsilon: Positive
    adam_weight_decay: FromZero
    adam_lr_ratio: Positive


class ScheduleFreeAdamW(Values):
    name: Literal["schedulefreeadamw"]
    beta_1: Fraction
    beta_2: Fraction
    epsilon: Positive
    warmup_steps: whole(0, MOST)


# These treat every weight by itself, so many arms can be trained as columns of one kernel.
_Bank = Sgd | Adam | AdamW | RmsProp | Adagrad | Adadelta | Adamax | Nadam | Ftrl | Lion
# These look at all columns of a kernel together, or at where it starts.
_Alone = Lamb | Adafactor | Muon | ScheduleFreeAdamW

BankOptimizer = Annotated[_Bank, Field(discriminator="name")]
AnyOptimizer = Annotated[_Bank | _Alone, Field(discriminator="name")]


def names(kind: Any) -> list[str]:
    """Return the `name` of every member of a union of settings."""
    return [each.model_fields["name"].annotation.__args__[0] for each in kind.__args__]


ALONE = tuple(names(_Alone))
