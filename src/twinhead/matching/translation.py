"""The other head's settings, if any are, and under which conditions."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from twinhead.errors import InputError
from twinhead.matching.optimizers import DEFAULTS, OPTIMIZERS, SCHEDULES, WRAPPERS
from twinhead.matching.rules import (
    ANTISYMMETRIC,
    ANYWHERE,
    CONDITIONAL,
    DISTRIBUTION,
    EXACT,
    HALF,
    HEADS,
    IMPOSSIBLE,
    LONG_GRADIENTS,
    OF_GRADIENT,
    OF_SOFTMAX,
    OPPOSITE,
    SOME_GRADIENT,
    ZERO_SUM,
    Rule,
    Setting,
)
from twinhead.matching.torch_optimizers import DECOUPLED, TORCH, TORCH_DEFAULTS

_EVERY = OPTIMIZERS | TORCH
_DEFAULTS = DEFAULTS | TORCH_DEFAULTS
# Their steps turn with the weights: contrasts of any number of classes do as softmax does.
_TURNING = ("sgd", "muon", "torch.sgd", "torch.asgd", "torch.lbfgs", "torch.muon")

# A smaller epsilon lets rounding noise decide a step where the true gradient is zero.
LEAST_EPSILON = 1e-10
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
    """

    settings: dict[str, Any] | None
    rules: dict[str, Rule]
    status: str
    conditions: tuple[str, ...]
    given: dict[str, Any] = field(default_factory=dict)
    trunk: dict[str, Any] | None = None


def translate(
    settings: Mapping[str, Any], to: str = "sigmoid", source: str | None = None, classes: int = 2
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
            A LossScaleOptimizer has its inner settings in `inner_optimizer`.
        to: the head to translate to: sigmoid, softmax or isometric.
        source: the head that the settings are of; left out: softmax, or sigmoid to softmax.
        classes: more than two have no sigmoid head.
    Raises:
        InputError: an optimizer or a setting is not in the map, or is not what it has to be.
    Source: docs/theory.md.
    """
    source = _heads(to, source)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        raise InputError(f"classes: found {classes!r}, expected a whole number from 2")
    name = str(settings.get("optimizer")).lower()
    if name in WRAPPERS:
        return _unwrapped(name, settings, to, source, classes)
    optimizer = _known("optimizer", settings.get("optimizer") or "nothing", _EVERY)
    if settings.get("schedule") is not None:
        _known("schedule", settings["schedule"], SCHEDULES)
    known = _settings_of(optimizer, settings)
    _refuse_unknown(optimizer, settings, known)
    given = _DEFAULTS[optimizer] | dict(settings)
    trunk = _trunk(given, optimizer)
    reason = _prevented(optimizer, given, {source, to}, classes)
    if reason:
        return Translation(None, {}, IMPOSSIBLE, (reason,), given, trunk)

    factors, whys = {}, {}
    for key, setting in known.items():
        if key in given:
            factors[key], whys[key] = setting.factor(source, to), setting.why
    if given.get("C") is not None:
        factors |= _of_C(given, source, to)
    if classes > 2:  # Contrasts are only turned: what is left maps as it is.
        factors = dict.fromkeys(factors, 1.0)
    translated, rules = dict(settings), {}
    conditions: dict[str, None] = {}
    for key, factor in factors.items():
        own = _conditions(key, known[key], optimizer, given, {source, to}, to, classes)
        conditions |= dict.fromkeys(own)
        if key not in settings and factor == 1:
            continue
        rules[key] = Rule(factor, whys[key], "; ".join(own))
        if factor != 1 and given[key] is not None:
            translated[key] = _times(key, given[key], factor)
    rate = "lr" if optimizer in TORCH else "learning_rate"
    if given[rate] is None:
        raise InputError(f"{rate}: found None, expected a number")
    _times(rate, given[rate], 1)
    status = CONDITIONAL if conditions else EXACT
    if _on(given, "initial_stddev") and conditions.keys() == {*known["initial_stddev"].conditions}:
        status = DISTRIBUTION
    shown = {key: given[key] for key in given if key in settings or key in rules}
    return Translation(translated, rules, status, tuple(conditions), shown, trunk)


def _times(key: str, value: Any, factor: float) -> Any:
    """Return a number times the factor; of several, each that is there."""
    if isinstance(value, tuple):
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


def _on(given: Mapping[str, Any], key: str) -> bool:
    """Tell whether a setting is in force: zero, False and None are not."""
    value = given.get(key)
    return value is not None and not (isinstance(value, Real) and value == 0)


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
        own = _known("trunk.optimizer", trunk.get("optimizer") or optimizer, _EVERY)
        _refuse_unknown(own, trunk, _settings_of(own, trunk))
        return {"optimizer": own} | dict(trunk)
    if given.get("trunk_learning_rate") is None:
        return None
    names = {*_SHARED, *_EVERY[optimizer]}
    shared = {key: value for key, value in given.items() if key in names}
    rate = "lr" if optimizer in TORCH else "learning_rate"
    return shared | {"optimizer": optimizer, rate: given["trunk_learning_rate"]}


def _prevented(optimizer: str, given: Mapping[str, Any], heads: set[str], classes: int) -> str:
    """Return why no settings do; nothing where some do."""
    for key in ("non_negative", "unit_norm"):
        if _on(given, key):
            return f"{key}: it holds for θ1, −θ0 and β only if all of them are one number"
    whole = _on(given, "trunk_learning_rate") and _on(given, "global_clipnorm")
    if whole and "sigmoid" in heads:
        return (
            "one norm over head and trunk: the head's part of it is √2 times as long for softmax, "
            "the trunk's is not; the isometric head's is as long as softmax's"
        )
    if optimizer == "torch.lbfgs" and heads == {"sigmoid", "isometric"}:
        return (
            "its first step is divided by the sum of absolute gradients only where that is above 1"
        )
    if optimizer == "torch.radam" and "isometric" in heads:
        return "RAdam's first steps are gradients, its later ones not: their measures differ"
    if classes == 2:
        return ""
    if "sigmoid" in heads:
        return f"{classes} classes: a sigmoid head has two"
    turned = (
        f"{classes} classes: contrasts turn the columns into one another, and {{}} looks at one at "
        "a time; only SGD with momentum, decay, L2 and clipping by norm, or Muon, turns with them"
    )
    if optimizer not in _TURNING:
        return turned.format(optimizer)
    for key in ("l1", "clipvalue", "max_norm", "min_norm"):
        if _on(given, key):
            return turned.format(key)
    if _on(given, "C") and _share_of_l1(given) > 0:
        return turned.format("an L1 penalty")
    return ""


def _conditions(
    key: str,
    setting: Setting,
    optimizer: str,
    given: Mapping[str, Any],
    heads: set[str],
    to: str,
    classes: int,
) -> list[str]:
    """Return what has to be true of one setting that is in force."""
    value = given[key]
    small = key == "epsilon" and isinstance(value, Real) and value < LEAST_EPSILON
    if not (small or _on(given, key)):
        return []
    own = list(setting.conditions)
    if key == "l2" and _bends(optimizer, given):
        own.append(OPPOSITE)
    if small:
        own.append(SOME_GRADIENT)
    if optimizer == "muon" and key == "rms_rate":
        own.append(f"the head has {classes} features or more")
    if optimizer == "muon" and key == "exclude_layers":
        own.append("exclude_layers does not name the head")
    if optimizer == "muon" and key == "learning_rate":
        if "sigmoid" not in heads:
            own.remove(LONG_GRADIENTS)  # Both are equally long.
        if classes > 2:
            own.append("the head has no bias, which Adam would move")
    if optimizer == "torch.lbfgs" and key == "lr":
        # Its first step is min(1, 1 / Σ|g|) times the rate, and what follows is scaled by it.
        size = "more" if "sigmoid" in heads else "less"
        own.append(f"the absolute values of the first gradient sum to 1 or {size}, with both heads")
    if ANTISYMMETRIC in own and OPPOSITE in own:
        own.remove(OPPOSITE)
    if classes > 2:
        own = [ZERO_SUM if each in OF_SOFTMAX else each for each in own]
    # Matching gives it, or there is no second column.
    if to == "softmax" or "softmax" not in heads:
        own = [each for each in own if each not in OF_SOFTMAX]
    return own


def _bends(optimizer: str, given: Mapping[str, Any]) -> bool:
    """Tell whether a step is not linear in the gradient, so that L2 mixes θ0 + θ1 into it."""
    clips = ("clipvalue", "clipnorm", "global_clipnorm")
    return optimizer not in ("sgd", "torch.sgd", "torch.asgd") or any(
        _on(given, key) for key in clips
    )


def _share_of_l1(given: Mapping[str, Any]) -> float:
    """Return how much of scikit-learn's penalty is L1, from 0 to 1."""
    penalty = given.get("penalty")
    if penalty is not None:
        _known("penalty", penalty, ("l1", "l2", "elasticnet"))
    share = given.get("l1_ratio")
    if share is None:
        share = 1.0 if penalty == "l1" else 0.0
    if not isinstance(share, Real) or not 0 <= float(share) <= 1:
        raise InputError(f"l1_ratio: found {share!r}, expected a number from 0 to 1")
    return float(share)


def _of_C(given: Mapping[str, Any], source: str, to: str) -> dict[str, float]:  # noqa: N802
    """Return the factors of C and l1_ratio: an L2 pull and an L1 pull of their own factors."""
    share = _share_of_l1(given)
    square = (1 - share) * HALF.factor(source, to)
    absolute = share * OF_GRADIENT.factor(source, to)
    factors = {"C": 1 / (square + absolute)}
    if _on(given, "l1_ratio"):
        factors["l1_ratio"] = absolute / share / (square + absolute)
    return factors


def _known(key: str, found: Any, names: Iterable[str]) -> str:
    """Return a name in lower case."""
    if str(found).lower() not in (name.lower() for name in names):
        raise InputError(f"{key}: found {found}, expected one of {', '.join(names)}")
    return str(found).lower()
