"""The algebra between the two heads: beta from theta and back, and which setting maps how."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from twinhead.errors import InputError


@overload
def match_sigmoid(theta: ArrayLike) -> np.ndarray: ...
@overload
def match_sigmoid(theta: ArrayLike, bias: ArrayLike) -> tuple[np.ndarray, np.ndarray]: ...
def match_sigmoid(
    theta: ArrayLike, bias: ArrayLike | None = None
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Return the sigmoid weights with the softmax head's odds: beta = theta1 - theta0.

    Column 1 is the positive class. Swapped columns flip every logit, and nothing downstream
    notices.

    Args:
        theta: softmax kernel, shape (d, 2).
        bias: softmax bias, shape (2,). A head that has one is not the same without it.
    Returns:
        beta, shape (d, 1), of the same dtype; with a bias also the sigmoid's, shape (1,).
    Raises:
        InputError: another shape.
    Source: article 000, section 1.
    """
    theta = _shaped("theta", theta, ("d", 2))
    beta = theta[:, 1:] - theta[:, :1]
    if bias is None:
        return beta
    bias = _shaped("bias", bias, (2,))
    return beta, bias[1:] - bias[:1]


@overload
def match_softmax(beta: ArrayLike) -> np.ndarray: ...
@overload
def match_softmax(beta: ArrayLike, bias: ArrayLike) -> tuple[np.ndarray, np.ndarray]: ...
def match_softmax(
    beta: ArrayLike, bias: ArrayLike | None = None
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """Return softmax weights with the sigmoid head's odds: theta1 = beta / 2, theta0 = -beta / 2.

    One of infinitely many: any vector may be added to both columns. This is the one with
    theta0 + theta1 = 0, which training then keeps.

    Args:
        beta: sigmoid kernel, shape (d, 1).
        bias: sigmoid bias, shape (1,). A head that has one is not the same without it.
    Returns:
        theta, shape (d, 2), of the same dtype; with a bias also the softmax's, shape (2,).
    Raises:
        InputError: another shape.
    Source: article 000, conclusion 2.
    """
    beta = _shaped("beta", beta, ("d", 1))
    theta = np.hstack([-beta, beta]) / 2
    if bias is None:
        return theta
    bias = _shaped("bias", bias, (1,))
    return theta, np.concatenate([-bias, bias]) / 2


def _shaped(name: str, values: ArrayLike, expected: tuple[str | int, ...]) -> np.ndarray:
    """Return the array; another shape would be matched into numbers that look like weights."""
    array = np.asarray(values)
    if array.ndim != len(expected) or array.shape[-1] != expected[-1]:
        words = str(expected).replace("'", "")
        raise InputError(f"{name}: found shape {array.shape}, expected {words}")
    return array


def sigmoid_learning_rate(learning_rate: float, lr_ratio: float) -> float:
    """Return the rate at which the sigmoid head learns beside a softmax head at `learning_rate`.

    With lr_ratio = 2 both heads make the same step: the softmax's logit difference is moved by
    both of its columns, each with the gradient of the sigmoid's one, up to the sign.
    Source: article 000, conclusion 3, with the sides the right way round.
    """
    return learning_rate * lr_ratio


# What can be said of a setting: the same function at every step; only if a condition is met; not
# by any number.
EXACT, CONDITIONAL, IMPOSSIBLE = "exact", "conditional", "impossible"

ANTISYMMETRIC = "the softmax head starts with θ1 = −θ0 and b1 = −b0, as match_softmax gives it"


@dataclass(frozen=True)
class Rule:
    """How one setting maps: the sigmoid's value is `factor` times the softmax's.

    Attributes:
        condition: what has to be true for that; empty where it always is.
    """

    factor: float
    why: str
    condition: str = ""


TWICE = Rule(
    2,
    "Every weight moves by the history of its own gradient, and by the opposite for the opposite "
    "history. The columns' gradients are g and −g, so θ1 − θ0 moves twice as far as one of them.",
)
SAME = Rule(1, "It acts on gradients or steps, which are as large for both heads.")
HALF = Rule(
    1 / 2,
    "It pulls in proportion to the weight, beside gradients of one size, and β is twice as large "
    "as each of θ1 and −θ0 that it is made of.",
)
PULL_ONE = Rule(
    1,
    "The pull is as large for each of θ1, −θ0 and β as long as they have one sign.",
    ANTISYMMETRIC,
)
NORM = Rule(
    math.sqrt(1 / 2), "The softmax head's gradient [−g, g] is √2 times as long as the sigmoid's g."
)

_ADAM = {"learning_rate": TWICE, "beta_1": SAME, "beta_2": SAME, "epsilon": SAME}
_TRUST = Rule(
    1,
    "The step is proportional to the length of the weights: β is √2 times as long as [−β/2, β/2], "
    "and its update √2 times as short.",
    ANTISYMMETRIC + ", the bias not zero",
)
_SIZE = Rule(
    1,
    "The step is proportional to the root mean square of the weights, which is twice as large for "
    "β as for [−β/2, β/2].",
    ANTISYMMETRIC,
)
_MUON = Rule(
    math.sqrt(2),
    "The step has a given length whatever the gradient's is, and √2 times the length is needed.",
    "gradients are long beside the 1e-7 that Keras adds to their length",
)

# Optimizer -> its settings. What is not in here maps as ANYWHERE says.
OPTIMIZERS: dict[str, dict[str, Rule]] = {
    "sgd": {"learning_rate": TWICE, "momentum": SAME, "nesterov": SAME},
    "adam": {**_ADAM, "amsgrad": SAME},
    "adamw": {**_ADAM, "amsgrad": SAME},
    "nadam": _ADAM,
    "adamax": _ADAM,
    "rmsprop": {
        **{"learning_rate": TWICE, "rho": SAME, "momentum": SAME},
        **{"epsilon": SAME, "centered": SAME},
    },
    "adagrad": {"learning_rate": TWICE, "initial_accumulator_value": SAME, "epsilon": SAME},
    "adadelta": {"learning_rate": TWICE, "rho": SAME, "epsilon": SAME},
    "lion": {"learning_rate": TWICE, "beta_1": SAME, "beta_2": SAME},
    "ftrl": {
        "learning_rate": TWICE,
        "learning_rate_power": SAME,
        "initial_accumulator_value": SAME,
        "beta": SAME,
        "l1_regularization_strength": PULL_ONE,
        "l2_regularization_strength": HALF,
        "l2_shrinkage_regularization_strength": HALF,
    },
    "schedulefreeadamw": {**_ADAM, "warmup_steps": SAME},
    "lamb": {**_ADAM, "learning_rate": _TRUST},
    "adafactor": {
        "learning_rate": _SIZE,
        "beta_2_decay": SAME,
        "epsilon_1": SAME,
        "epsilon_2": Rule(2, "It is a least size of the weights, and β is twice as large."),
        "clip_threshold": SAME,
        "relative_step": SAME,
    },
    "muon": {
        "learning_rate": _MUON,
        "adam_lr_ratio": Rule(
            math.sqrt(2), "The bias learns by Adam, at 2 times the rate; √2 is in the rate already."
        ),
        "adam_weight_decay": Rule(
            math.sqrt(1 / 2), "Rate times decay stays what it is, and the rate is √2 times as high."
        ),
        **dict.fromkeys(("adam_beta_1", "adam_beta_2", "epsilon", "momentum", "ns_steps"), SAME),
        **dict.fromkeys(("nesterov", "rms_rate", "muon_a", "muon_b", "muon_c"), SAME),
        **dict.fromkeys(("exclude_layers", "exclude_embeddings"), SAME),
    },
}
# Settings that need a factor and that Keras does not leave at zero: they have to be given.
NEEDED = {
    "adamw": ("weight_decay",),
    "adafactor": ("epsilon_2",),
    "muon": ("weight_decay", "adam_weight_decay", "adam_lr_ratio"),
}
# These hand their work to other optimizers, and map as those do.
WRAPPERS = ("lossscaleoptimizer", "multioptimizer")

# Whatever the optimizer.
ANYWHERE: dict[str, Rule] = {
    "l2": HALF,
    "l1": PULL_ONE,
    "clipvalue": SAME,
    "clipnorm": NORM,
    "global_clipnorm": NORM,
    "label_smoothing": Rule(1, "Both losses move the labels by as much towards one half."),
    **dict.fromkeys(("class_weight", "sample_weight"), Rule(1, "They multiply both losses alike.")),
    "dropout": Rule(1, "Both heads lose the same inputs, given the same masks."),
    "schedule": Rule(1, "The factor of the rate holds at every step, so the curve keeps its form."),
    **dict.fromkeys(("warmup_steps", "decay_steps"), SAME),
    **dict.fromkeys(("use_ema", "ema_momentum", "ema_overwrite_frequency"), SAME),
    **dict.fromkeys(("gradient_accumulation_steps", "loss_scale_factor"), SAME),
    "trunk_learning_rate": Rule(
        1, "A layer under the head is given the same gradient by both heads, and keeps its rate."
    ),
    "initial_stddev": Rule(
        math.sqrt(2), "θ1 − θ0 has twice the variance of θ1; Glorot's rule gives β about half that."
    ),
    "C": Rule(
        2,
        "Inverse regularisation as in scikit-learn: at the optimum ‖θ0‖² + ‖θ1‖² is half of ‖β‖².",
        "the optimum is reached",
    ),
}


# Keras's, by name and in any case.
SCHEDULES = (
    *("CosineDecay", "CosineDecayRestarts", "ExponentialDecay"),
    *("InverseTimeDecay", "PiecewiseConstantDecay", "PolynomialDecay"),
)


@dataclass(frozen=True)
class Translation:
    """The other head's settings, and for each of them how it came about.

    Attributes:
        settings: of the other head; None where there are none that would do.
        rules: of every setting; of none where it is impossible.
        status: exact, conditional or impossible.
        conditions: what has to be true for the same function at every step; or what prevents it.
    """

    settings: dict[str, Any] | None
    rules: dict[str, Rule]
    status: str
    conditions: tuple[str, ...]


def translate(settings: Mapping[str, Any], to: str = "sigmoid") -> Translation:
    """Return what the other head needs to be the same function at every step, if anything does.

    Start the other head with `match_sigmoid` or `match_softmax`, bias included.

    Args:
        settings: `optimizer` and what is set besides: its own settings, those of ANYWHERE, and
            weight_decay. `schedule` is the name of one of Keras's, `learning_rate` then its peak.
            A value that is None is none. Names of optimizers and schedules are taken in any case.
        to: the head to translate to, sigmoid or softmax; the settings are the other one's.
    Raises:
        InputError: an optimizer or a setting is not in the map, is not what it has to be, or is
            one of NEEDED and not given.
    Source: docs/theory.md.
    """
    if to not in ("sigmoid", "softmax"):
        raise InputError(f"to: found {to}, expected sigmoid or softmax")
    given = {key: value for key, value in settings.items() if value is not None}
    optimizer = _known("optimizer", given.get("optimizer", "nothing"), OPTIMIZERS)
    if "schedule" in given:
        _known("schedule", given["schedule"], SCHEDULES)
    own = OPTIMIZERS[optimizer]
    missing = [key for key in NEEDED.get(optimizer, ()) if key not in given]
    if missing:
        raise InputError(f"{optimizer}: {missing[0]} is not given, and is not zero if left out")
    rate = own["learning_rate"]
    decay = Rule(1 / rate.factor, "Rate times decay is what a weight loses, and stays what it is.")
    known = {"weight_decay": decay, **ANYWHERE, **own}
    unknown = [key for key in given if key not in {"optimizer", *known}]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        words = ", ".join(sorted(known))
        raise InputError(f"{unknown[0]}: no setting of {optimizer}; {hint}expected one of {words}")
    rules = {key: known[key] for key in given if key != "optimizer"}
    if {"trunk_learning_rate", "global_clipnorm"} <= given.keys():
        why = (
            "one norm over head and trunk: the head's part of it is √2 times as long for softmax, "
            "the trunk's is not"
        )
        return Translation(None, {}, IMPOSSIBLE, (why,))
    if "l2" in given and _bends(optimizer, given):
        rules["l2"] = Rule(HALF.factor, HALF.why, ANTISYMMETRIC)
    conditions = {rule.condition: None for rule in rules.values() if rule.condition}
    if optimizer in ("lamb", "adafactor", "muon"):
        conditions[rate.condition] = None
    translated = dict(given)
    for key, rule in rules.items():
        if rule.factor == 1:
            continue
        if not isinstance(given[key], Real) or isinstance(given[key], bool):
            raise InputError(f"{key}: found {given[key]!r}, expected a number")
        translated[key] = given[key] * (rule.factor if to == "sigmoid" else 1 / rule.factor)
    return Translation(translated, rules, CONDITIONAL if conditions else EXACT, tuple(conditions))


def _known(key: str, found: Any, names: Iterable[str]) -> str:
    """Return a name in lower case."""
    if str(found).lower() not in (name.lower() for name in names):
        raise InputError(f"{key}: found {found}, expected one of {', '.join(names)}")
    return str(found).lower()


def _bends(optimizer: str, given: Mapping[str, Any]) -> bool:
    """Tell whether a step is not linear in the gradient, so that L2 mixes θ0 + θ1 into it."""
    return optimizer != "sgd" or any(
        key in given for key in ("clipvalue", "clipnorm", "global_clipnorm")
    )
