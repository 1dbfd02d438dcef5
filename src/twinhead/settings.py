"""What a setting may be: types with their range and its words, for the fields that have them.

pydantic does the checking, strictly: `epochs=true` is not 1, and a list's `true` is no number.
Nothing here knows Hydra, the command line, or any one experiment.
"""

import math
import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, WrapValidator
from pydantic_core import PydanticCustomError

MOST_VALUES = 100_000  # Of a list or a range: more is a slip of the finger, and takes for ever.


def expected(words: str, accepts: Callable[[Any], bool] = lambda value: True) -> WrapValidator:
    """Return a validator that says `words` of whatever is of the wrong type or not accepted."""

    def check(value: Any, handler: Callable[[Any], Any]) -> Any:
        try:
            checked = handler(value)
        except ValidationError:
            checked = None
        if checked is None or not accepts(checked):
            raise PydanticCustomError("expected", "{words}", {"words": words})
        return checked

    return WrapValidator(check)


def whole(low: int, high: int) -> WrapValidator:
    """Return the validator of a whole number in [low, high]."""
    return expected(f"a whole number from {low} to {high}", lambda n: low <= n <= high)


def between(low: float, high: float, words: str) -> WrapValidator:
    """Return the validator of a number strictly between `low` and `high`."""
    return expected(words, lambda x: low < x < high)


def one_of(*words: str) -> WrapValidator:
    return expected(", ".join(words[:-1]) + f" or {words[-1]}", lambda word: word in words)


def different(words: str) -> WrapValidator:
    """Return the validator of a list of different values, at least one."""
    return expected(
        f"{words}, at most {MOST_VALUES}",
        lambda values: 0 < len(values) <= MOST_VALUES and len(set(values)) == len(values),
    )


MOST = 2**31 - 1  # Keras and scikit-learn both take 32-bit seeds; some of theirs are signed.
Seed = Annotated[int, whole(0, MOST)]
Count = Annotated[int, whole(1, MOST)]
Positive = Annotated[float, expected("a finite number above 0", lambda x: 0 < x < math.inf)]
FromZero = Annotated[float, expected("a finite number from 0", lambda x: 0 <= x < math.inf)]
Fraction = Annotated[float, expected("a number in [0, 1)", lambda x: 0 <= x < 1)]
Flag = Annotated[bool, expected("true or false")]
Text = Annotated[str, expected("a text", lambda text: text.strip() != "")]
Precision = Annotated[str, one_of("float32", "float64")]
Seeds = Annotated[list[Seed], different("a list of different whole numbers from 0 to 2147483647")]

RANGE = re.compile(r"(linspace|geomspace)\(([^,]+),([^,]+),([^,]+)\)")


def in_full(value: Any) -> Any:
    """Return the numbers that a range such as "linspace(1,3,41)" stands for; a list as it is.

    linspace spaces evenly, geomspace by equal factors; both ends are in. As in NumPy.
    """
    match = RANGE.fullmatch(value.replace(" ", "")) if isinstance(value, str) else None
    if match is None:
        return value
    try:
        kind, low, high, count = match[1], float(match[2]), float(match[3]), int(match[4])
        if not 2 <= count <= MOST_VALUES:
            return value
        # Fifteen digits: 1.9999999999999998 would be another ratio than 2.
        if kind == "linspace":
            return [float(f"{low + (high - low) * i / (count - 1):.15g}") for i in range(count)]
        return [float(f"{low * (high / low) ** (i / (count - 1)):.15g}") for i in range(count)]
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return value


# A list of positive numbers, or a range that stands for one.
Numbers = Annotated[list[Positive], BeforeValidator(in_full)]


class Values(BaseModel):
    """Some settings that belong together; unknown keys are refused, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class RunSettings(Values):
    """What every run has, and what decides none of its numbers."""

    outputs: Annotated[str, expected("a folder", lambda text: text.strip() != "")]
    force: Flag
    progress: Flag
    details: Flag

    def measured(self) -> dict[str, Any]:
        """Return the settings that decide what is measured: no output folder, no display."""
        return self.model_dump(exclude=set(RunSettings.model_fields))
