"""What prevents a translation, or has to be true for it."""

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from twinhead.errors import InputError
from twinhead.matching.rules import (
    ANTISYMMETRIC,
    LONG_GRADIENTS,
    OF_SOFTMAX,
    OPPOSITE,
    SOME_GRADIENT,
    ZERO_SUM,
    Setting,
)

# Their steps turn with the weights: contrasts of any number of classes do as softmax does.
_TURNING = ("sgd", "muon", "torch.sgd", "torch.asgd", "torch.lbfgs", "torch.muon")

# A smaller epsilon lets rounding noise decide a step where the true gradient is zero.
LEAST_EPSILON = 1e-10


def in_force(given: Mapping[str, Any], key: str) -> bool:
    """Tell whether a setting is in force: zero, False and None are not."""
    value = given.get(key)
    return value is not None and not (isinstance(value, Real) and value == 0)


ISOMETRIC = "to=isometric, whose gradient is as long as softmax's: under SGD nothing changes at all"
_STAY = "stay with this head, or train the other one anew with a rate of its own"


def prevented(
    optimizer: str, given: Mapping[str, Any], heads: set[str], classes: int
) -> tuple[str, str]:
    """Return why no settings do, and what to do instead; nothing where some do."""
    for key in ("non_negative", "unit_norm"):
        if in_force(given, key):
            return (
                f"{key}: it holds for θ1, −θ0 and β only if all of them are one number",
                f"train without {key}; max_norm bounds a length, and maps",
            )
    whole = in_force(given, "trunk_learning_rate") and in_force(given, "global_clipnorm")
    if whole and "sigmoid" in heads:
        return (
            "one norm over head and trunk: the head's part of it is √2 times as long for softmax, "
            "the trunk's is not; the isometric head's is as long as softmax's",
            f"clipnorm, a norm for each variable; or {ISOMETRIC}",
        )
    if optimizer == "torch.lbfgs" and heads == {"sigmoid", "isometric"}:
        return (
            "its first step is divided by the sum of absolute gradients only where that is above 1",
            "start from softmax, which has a map to either",
        )
    if optimizer == "torch.radam" and "isometric" in heads:
        return (
            "RAdam's first steps are gradients, its later ones not: their measures differ",
            "to=sigmoid, or Adam with a warm-up",
        )
    if classes == 2:
        return "", ""
    if "sigmoid" in heads:
        return f"{classes} classes: a sigmoid head has two", "to=isometric, one unit fewer"
    turned = (
        f"{classes} classes: contrasts turn the columns into one another, and {{}} looks at one at "
        "a time; only SGD with momentum, decay, L2 and clipping by norm, or Muon, turns with them"
    )
    if optimizer not in _TURNING:
        return turned.format(optimizer), f"SGD with momentum; or {_STAY}"
    for key in ("l1", "clipvalue", "max_norm", "min_norm"):
        if in_force(given, key):
            return turned.format(key), "L2 and clipping by norm, which turn with the weights"
    if in_force(given, "C") and share_of_l1(given) > 0:
        return turned.format("an L1 penalty"), "an L2 penalty, which turns with the weights"
    return "", ""


def conditions(
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
    if not (small or in_force(given, key)):
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
        in_force(given, key) for key in clips
    )


def share_of_l1(given: Mapping[str, Any]) -> float:
    """Return how much of scikit-learn's penalty is L1, from 0 to 1."""
    penalty = given.get("penalty")
    if penalty is not None:
        known_name("penalty", penalty, ("l1", "l2", "elasticnet"))
    share = given.get("l1_ratio")
    if share is None:
        share = 1.0 if penalty == "l1" else 0.0
    if not isinstance(share, Real) or not 0 <= float(share) <= 1:
        raise InputError(f"l1_ratio: found {share!r}, expected a number from 0 to 1")
    return float(share)


def known_name(key: str, found: Any, names: Iterable[str]) -> str:
    """Return a name in lower case."""
    if str(found).lower() not in (name.lower() for name in names):
        raise InputError(f"{key}: found {found}, expected one of {', '.join(names)}")
    return str(found).lower()
