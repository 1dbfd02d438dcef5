"""What can be wrong with a head and its loss: each with its reason, its number and its mend."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twinhead.models import losses
from twinhead.models.backend import keras
from twinhead.models.case import KNOW, MEND, Case

PROBABILITIES = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Check:
    """Something that can be wrong, or worth knowing, with a head.

    Attributes:
        reason, mend: a sentence each.
        shown: returns the number that shows it, measured on the case; nothing where all is well.
        kind: whether there is something to mend.
    """

    name: str
    reason: str
    mend: str
    shown: Callable[[Case], str | None]
    kind: str = MEND


def _one_unit_softmax(case: Case) -> str | None:
    if case.head.columns != 1 or "softmax" not in case.acts:
        return None
    low, high = case.outputs.min(), case.outputs.max()
    return f"output {low:g} to {high:g} over {len(case.outputs)} rows"


def _softmax_twice(case: Case) -> str | None:
    twice = [each for each in case.acts if each in PROBABILITIES]
    if len(twice) < 2:
        return None
    return f"no output above {case.outputs.max():.3f} nor below {case.outputs.min():.3f}"


def _other_activation(case: Case) -> str | None:
    odd = [each for each in case.acts if each not in PROBABILITIES]
    cross = (*losses.OF_SOFTMAX, *losses.OF_SIGMOID)
    if not odd or case.loss is None or case.loss.kind not in cross:
        return None
    return f"{odd[0]}: outputs {case.outputs.min():.3g} to {case.outputs.max():.3g}"


def _both(case: Case) -> str | None:
    if not case.loss or not case.loss.from_logits or case.acts not in (("softmax",), ("sigmoid",)):
        return None
    once, twice = case.read(case.array(), from_logits=False), case.read(case.array())
    return f"loss {twice:.4f} where the activation counts twice, {once:.4f} where it counts once"


def _neither(case: Case) -> str | None:
    cross = (*losses.OF_SOFTMAX, *losses.OF_SIGMOID)
    if not case.loss or case.acts or case.loss.from_logits or case.loss.kind not in cross:
        return None
    read, meant = case.read(case.array()), case.read(case.array(), from_logits=True)
    return f"loss {read:.4f} of logits taken for probabilities, {meant:.4f} of logits"


def _softmax_binary(case: Case) -> str | None:
    if case.acts != ("softmax",) or case.head.columns < 2 or not case.loss:
        return None
    if case.loss.kind not in losses.OF_SIGMOID:
        return None
    trained, read = case.read(case.raw), case.read(case.array())
    return f"loss {trained:.4f} in training, {read:.4f} of the probabilities it gives"


def _sigmoid_categorical(case: Case) -> str | None:
    if case.acts != ("sigmoid",) or case.head.columns < 2 or not case.loss:
        return None
    if case.loss.kind not in losses.OF_SOFTMAX:
        return None
    sums = case.outputs.sum(axis=1)
    return f"outputs of a row sum to {sums.min():.2f} to {sums.max():.2f}, trained as if to 1"


def _one_unit_categorical(case: Case) -> str | None:
    if case.head.columns != 1 or not case.loss or case.loss.kind not in losses.OF_SOFTMAX:
        return None
    if "softmax" in case.acts:
        return None  # Said already.
    if case.loss.kind == "sparse":
        return "a label of 1 is no column of one"
    return f"loss {case.read(case.raw):g} whatever the labels"


def _two_sigmoids_alike(case: Case) -> str | None:
    if case.head.columns != 2 or case.acts != ("sigmoid",):
        return None
    if case.loss and case.loss.kind in losses.OF_SOFTMAX:
        return None
    left = _common(case)
    return f"θ0 + θ1 is {left:.1%} of θ: the two say the same" if left < ALIKE else None


def _two_sigmoids(case: Case) -> str | None:
    if case.head.columns != 2 or case.acts != ("sigmoid",) or _common(case) < ALIKE:
        return None
    if case.loss and case.loss.kind in losses.OF_SOFTMAX:
        return None
    sums = case.outputs.sum(axis=1)
    return f"the two outputs of a row sum to {sums.min():.2f} to {sums.max():.2f}"


ALIKE = 0.1


def _common(case: Case) -> float:
    length = float(np.linalg.norm(case.kernel))
    return float(np.linalg.norm(case.kernel.sum(axis=-1))) / length if length else 1.0


def _dead(case: Case) -> str | None:
    flat = case.kernel.reshape(-1, case.kernel.shape[-1])
    difference = flat[:, 1] - flat[:, 0] if case.head.columns == 2 else flat[:, 0]
    if case.head.columns > 2 or float(np.abs(difference).max()) > 1e-7 * max(
        1.0, np.abs(flat).max()
    ):
        return None
    spread = np.ptp(case.outputs, axis=0).max()
    return f"outputs of {len(case.outputs)} rows differ by {spread:.0e}"


def _recovery_lost(case: Case) -> str | None:
    if not case.loss or len(case.acts) != 1:
        return None
    own = case.loss.dtype or keras.config.floatx()
    given = keras.backend.standardize_dtype(case.raw.dtype)
    cross = (*losses.OF_SOFTMAX, *losses.OF_SIGMOID)
    if case.loss.kind not in cross or given == own or case.loss.from_logits:
        return None
    most = -math.log(keras.config.epsilon())
    return f"{given} outputs, {own} loss: no row costs more than {most:.1f}"


def _focal_alpha(case: Case) -> str | None:
    if not case.loss or case.loss.kind != "categorical focal" or case.head.columns < 2:
        return None
    alpha = case.loss.options.get("alpha", 0.25)
    if isinstance(alpha, list | tuple) or alpha == 1:
        return None
    whole = case.read(case.array(), alpha=1.0)
    return f"loss {case.read(case.array()) / whole:.2f} of the one without α" if whole else None


def _two_units(case: Case) -> str | None:
    if case.head.isometric or case.head.columns != 2 or case.acts not in (("softmax",), ()):
        return None
    if case.loss.kind not in losses.OF_SOFTMAX if case.loss else not case.acts:
        return None  # It is not clear what is meant.
    count = case.head.layer.count_params()
    return f"{count:,} parameters in the head, {count // 2:,} would do"


HEAD_CHECKS = (
    Check(
        "softmax over one unit",
        "softmax divides the one output by itself, so it is 1 for every row.",
        "Dense(1, activation='sigmoid') with binary cross-entropy, or two units.",
        _one_unit_softmax,
    ),
    Check(
        "activation twice",
        "A softmax of probabilities squeezes them between e⁰ and e¹ and is another function.",
        "Leave one of the two activations out.",
        _softmax_twice,
    ),
    Check(
        "no activation for probabilities",
        "Cross-entropy wants probabilities or logits, and this activation gives neither.",
        "activation=None and from_logits=True.",
        _other_activation,
    ),
    Check(
        "activation and from_logits=True",
        "The loss applies the activation once more; TensorFlow mends it, JAX and PyTorch do not.",
        "from_logits=False, or no activation.",
        _both,
    ),
    Check(
        "logits taken for probabilities",
        "from_logits=False clips logits into [0, 1], and their gradients with them.",
        "from_logits=True in the loss (and thresholds of 0 in metrics).",
        _neither,
    ),
    Check(
        "softmax with a binary loss",
        "TensorFlow takes the logits from under the softmax and trains two sigmoids, which "
        "are not what the model gives.",
        "Categorical cross-entropy, or one unit with sigmoid.",
        _softmax_binary,
    ),
    Check(
        "sigmoids with a categorical loss",
        "TensorFlow takes the logits from under the sigmoids and trains a softmax, which is "
        "not what the model gives.",
        "activation='softmax', or a binary loss for independent labels.",
        _sigmoid_categorical,
    ),
    Check(
        "one unit with a categorical loss",
        "A categorical loss of one column compares it with itself.",
        "Binary cross-entropy.",
        _one_unit_categorical,
    ),
    Check(
        "two sigmoids where one would do",
        "Two sigmoid units of opposite weights are one answer, learnt twice.",
        "Dense(1, activation='sigmoid') at the same rate, twice of it for a mean over both.",
        _two_sigmoids_alike,
    ),
    Check(
        "two sigmoid units",
        "They are two answers, each yes or no, and not two classes.",
        "Nothing, if two labels are meant; else Dense(1, activation='sigmoid').",
        _two_sigmoids,
        KNOW,
    ),
    Check(
        "the head says nothing",
        "Its columns are the same, so every row is given the same probability.",
        "Train it, or look for what keeps it from learning.",
        _dead,
    ),
    Check(
        "loss of another precision than the outputs",
        "The cast loses the logits that Keras hung on the outputs, and probabilities are clipped.",
        "dtype='float32' in the last layer, or logits and from_logits=True.",
        _recovery_lost,
    ),
    Check(
        "α in the categorical focal loss",
        "Keras multiplies by a number α always; in the binary focal loss only with "
        "apply_class_balancing, and then by class.",
        "alpha=1.0, or [1 − α, α] to balance the classes.",
        _focal_alpha,
        KNOW,
    ),
    Check(
        "two units where one would do",
        "Only the difference of the two columns counts.",
        "twinhead convert gives the same function, and the same training, with one.",
        _two_units,
        KNOW,
    ),
)
