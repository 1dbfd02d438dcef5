"""The other head's settings, if any are, and under which conditions."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from twinhead.errors import InputError
from twinhead.matching import pasting
from twinhead.matching.conditions import conditions, in_force, known_name, prevented, share_of_l1
from twinhead.matching.objects import settings_of
from twinhead.matching.optimizers import DEFAULTS, OPTIMIZERS, SCHEDULES, WRAPPERS
from twinhead.matching.rules import (
    ANYWHERE,
    CONDITIONAL,
    DISTRIBUTION,
    EXACT,
    HALF,
    HEADS,
    IMPOSSIBLE,
    OF_GRADIENT,
    Rule,
    Setting,
)
from twinhead.matching.torch_optimizers import DECOUPLED, TORCH, TORCH_DEFAULTS

_EVERY = OPTIMIZERS | TORCH
_DEFAULTS = DEFAULTS | TORCH_DEFAULTS

# What a trunk's optimizer has in common with the head's, besides what is its own. A norm
# over both of them is impossible, or stands in `trunk` by itself.
_SHARED = ("optimizer", "weight_decay", "clipvalue", "clipnorm", "schedule")


@dataclass(frozen=True)
class Translation:
    """The other head's settings, and for each of them how it came about.

    Attributes:
        settings: of the other head; None where there are none that would do. Those that were left
            out and need a factor are in it.
        rules: of every setting; of none where it is impossible.
        status: exact, conditional, exact in distribution or impossible.
        conditions: what suffices for the same function at every step, or what prevents it.
        given: what `settings` were translated from, with what was left out.
        trunk: settings of the layers under the head, which keep their own; None without a trunk.
        instead: what to do where it is impossible.
    """

    settings: dict[str, Any] | None
    rules: dict[str, Rule]
    status: str
    conditions: tuple[str, ...]
    given: dict[str, Any] = field(default_factory=dict)
    trunk: dict[str, Any] | None = None
    instead: str = ""

    @property
    def code(self) -> list[str]:
        """Lines of Python, Keras's or PyTorch's, that say `settings`; none if there are none."""
        return pasting.code(self.settings, self.trunk) if self.settings is not None else []


def translate(
    settings: Mapping[str, Any] | Any,
    to: str = "sigmoid",
    source: str | None = None,
    classes: int = 2,
) -> Translation:
    """Return what the other head needs to be the same function at every step, if anything does.

    Start the other head with `match_sigmoid`, `match_softmax` or `match_isometric`, bias included.

    Args:
        settings: `optimizer` and what is set besides: its own settings, those of ANYWHERE, and
            weight_decay. `schedule` is the name of one of Keras's, `learning_rate` then its peak.
            What is left out is what Keras takes; None is none, and stays. Names of optimizers and
            schedules are taken in any case. `trunk_learning_rate`: layers under the head learn by
            the same optimizer at this rate, `global_clipnorm` being one norm over both;
            `trunk`: they have an optimizer and settings of their own.
            PyTorch's optimizers are named torch.Adam and so on, and have PyTorch's settings.
            A LossScaleOptimizer has its inner settings in `inner_optimizer`. Or an optimizer
            itself, Keras's or PyTorch's, such as model.optimizer.
        to: the head to translate to: sigmoid, softmax or isometric.
        source: the head that the settings are of; left out: softmax, or sigmoid to softmax.
        classes: more than two have no sigmoid head.
    Raises:
        InputError: an optimizer or a setting is not in the map, or is not what it has to be.
    Source: docs/theory.md.
    """
    source = _heads(to, source)
    if not isinstance(settings, Mapping):
        settings = settings_of(settings)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        raise InputError(f"classes: found {classes!r}, expected a whole number from 2")
    name = str(settings.get("optimizer")).lower()
    if name in WRAPPERS:
        return _unwrapped(name, settings, to, source, classes)
    optimizer = known_name("optimizer", settings.get("optimizer") or "nothing", _EVERY)
    if settings.get("schedule") is not None:
        known_name("schedule", settings["schedule"], SCHEDULES)
    known = _settings_of(optimizer, settings)
    _refuse_unknown(optimizer, settings, known)
    given = _DEFAULTS[optimizer] | dict(settings)
    trunk = _trunk(given, optimizer)
    reason, instead = prevented(optimizer, given, {source, to}, classes)
    if reason:
        return Translation(None, {}, IMPOSSIBLE, (reason,), given, trunk, instead)

    factors, whys = {}, {}
    for key, setting in known.items():
        if key in given:
            factors[key], whys[key] = setting.factor(source, to), setting.why
    if given.get("C") is not None:
        factors |= _of_C(given, source, to)
    if classes > 2:  # Contrasts are only turned: what is left maps as it is.
        factors = dict.fromkeys(factors, 1.0)
    translated, rules = dict(settings), {}
    wanted: dict[str, None] = {}
    for key, factor in factors.items():
        own = conditions(key, known[key], optimizer, given, {source, to}, to, classes)
        wanted |= dict.fromkeys(own)
        if key not in settings and factor == 1:
            continue
        rules[key] = Rule(factor, whys[key], "; ".join(own))
        if factor != 1 and given[key] is not None:
            translated[key] = _times(key, given[key], factor)
    rate = "lr" if optimizer in TORCH else "learning_rate"
    if given[rate] is None:
        raise InputError(f"{rate}: found None, expected a number")
    _times(rate, given[rate], 1)
    status = CONDITIONAL if wanted else EXACT
    drawn = {*known["initial_stddev"].conditions}
    if in_force(given, "initial_stddev") and wanted.keys() == drawn:
        status = DISTRIBUTION
    shown = {key: given[key] for key in given if key in settings or key in rules}
    return Translation(translated, rules, status, tuple(wanted), shown, trunk)


def _times(key: str, value: Any, factor: float) -> Any:
    """Return a number times the factor; of several, each that is there."""
    if isinstance(value, tuple | list):
        return tuple(None if each is None else _times(key, each, factor) for each in value)
    if not isinstance(value, Real) or isinstance(value, bool):
        raise InputError(f"{key}: found {value!r}, expected a number")
    return value * factor


def _heads(to: str, source: str | None) -> str:
    if to not in HEADS:
        raise InputError(f"to: found {to}, expected {', '.join(HEADS[:-1])} or {HEADS[-1]}")
    if source is None:
        return "sigmoid" if to == "softmax" else "softmax"
    others = [head for head in HEADS if head != to]
    if source not in others:
        raise InputError(f"source: found {source}, expected {' or '.join(others)}")
    return source


def _unwrapped(
    name: str, settings: Mapping[str, Any], to: str, source: str, classes: int
) -> Translation:
    """Translate what a wrapper wraps."""
    inner = settings.get("inner_optimizer")
    if name == "multioptimizer" or not isinstance(inner, Mapping):
        hint = "" if name == "multioptimizer" else "; or its settings as inner_optimizer"
        raise InputError(
            f"optimizer: found {name}, expected the optimizer in it that moves the head{hint}"
        )
    found = translate(inner, to, source, classes)
    if found.settings is None:
        return found
    wrapped = dict(settings) | {"inner_optimizer": found.settings}
    return replace(found, settings=wrapped, given=dict(settings) | {"inner_optimizer": found.given})


def _settings_of(optimizer: str, given: Mapping[str, Any]) -> dict[str, Setting]:
    """Return every setting of an optimizer, with what it is measured in beside the others given."""
    own = dict(_EVERY[optimizer])
    if optimizer in TORCH:
        if given.get("decoupled_weight_decay"):
            own["weight_decay"] = DECOUPLED
        return ANYWHERE | own
    if optimizer == "ftrl":
        # A weight's denominator is the squares' sum to the power of -learning_rate_power.
        power = given.get("learning_rate_power")
        power = -0.5 if power is None else power
        if not isinstance(power, Real):
            raise InputError(f"learning_rate_power: found {power!r}, expected a number")
        own["learning_rate"] = replace(own["learning_rate"], gradient=-2 * float(power) - 1)
        own["beta"] = replace(own["beta"], gradient=-2 * float(power))
    rate = own["learning_rate"]
    decay = Setting(
        "Rate times decay is what a weight loses, and stays what it is.",
        weight=-rate.weight,
        gradient=-rate.gradient,
        columns=-rate.columns,
    )
    return {"weight_decay": decay, **ANYWHERE, **own}


def _refuse_unknown(optimizer: str, settings: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = [key for key in settings if key not in {"optimizer", *known}]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        words = ", ".join(sorted(known))
        raise InputError(f"{unknown[0]}: no setting of {optimizer}; {hint}expected one of {words}")


def _trunk(given: Mapping[str, Any], optimizer: str) -> dict[str, Any] | None:
    """Return the settings of the layers under the head, as they are."""
    if given.get("trunk") is not None:
        trunk = given["trunk"]
        if not isinstance(trunk, Mapping):
            raise InputError(f"trunk: found {trunk!r}, expected settings by their names")
        own = known_name("trunk.optimizer", trunk.get("optimizer") or optimizer, _EVERY)
        _refuse_unknown(own, trunk, _settings_of(own, trunk))
        return {"optimizer": own} | dict(trunk)
    if given.get("trunk_learning_rate") is None:
        return None
    names = {*_SHARED, *_EVERY[optimizer]}
    shared = {key: value for key, value in given.items() if key in names}
    rate = "lr" if optimizer in TORCH else "learning_rate"
    return shared | {"optimizer": optimizer, rate: given["trunk_learning_rate"]}


def _of_C(given: Mapping[str, Any], source: str, to: str) -> dict[str, float]:  # noqa: N802
    """Return the factors of C and l1_ratio: an L2 pull and an L1 pull of their own factors."""
    share = share_of_l1(given)
    square = (1 - share) * HALF.factor(source, to)
    absolute = share * OF_GRADIENT.factor(source, to)
    factors = {"C": 1 / (square + absolute)}
    if in_force(given, "l1_ratio"):
        factors["l1_ratio"] = absolute / share / (square + absolute)
    return factors
