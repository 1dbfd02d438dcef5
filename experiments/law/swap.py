"""A head swapped in the middle of training, with what the optimizer has kept."""

from collections.abc import Mapping

import numpy as np

from twinhead.experiments.law.small import Small
from twinhead.matching import translate
from twinhead.training.backend import keras
from twinhead.training.heads import optimizer

BEFORE, AFTER = 30, 30
RUNS: tuple[Mapping[str, object], ...] = (
    {"optimizer": "sgd", "learning_rate": 0.125, "momentum": 0.9},
    {"optimizer": "adam", "learning_rate": 0.0625},
    {"optimizer": "adagrad", "learning_rate": 0.25},
)


def measure(small: Small) -> dict[str, float]:
    """Swap after half of the steps; return how far the log-odds are from softmax going on."""
    found = {}
    for settings in RUNS:
        softmax, weights, state = _trained(small, "softmax", settings, small.start("softmax"), None)
        mapped = translate(settings).settings
        beta = weights[:, 1:] - weights[:, :1]
        for role, own in (("mapped", _of_sigmoid(settings["optimizer"], state)), ("fresh", None)):
            other, *_ = _trained(small, "sigmoid", mapped, beta, own, BEFORE)
            key = f"swap, {settings['optimizer']}: {role} state"
            found[key] = float(np.abs(other - softmax[BEFORE:]).max())
    return found


def _of_sigmoid(name: str, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the optimizer's variables for β: of column 1, as the rate doubles what they move.

    SGD's momentum holds steps, with the rate in them: there it is the columns' difference.
    """
    return {
        key: value
        if value.ndim < 2
        else (value[:, 1:] - value[:, :1] if name == "sgd" else value[:, 1:])
        for key, value in state.items()
    }


def _trained(small, head, settings, start, state, first=0):
    """Return odds after every step; weights and the optimizer's variables after BEFORE of them."""
    own = {k: v for k, v in settings.items() if k not in ("optimizer", "learning_rate")}
    learner = optimizer(own | {"name": settings["optimizer"]}, settings["learning_rate"])
    w, gradient = keras.Variable(start, dtype="float64"), small.gradient(head)
    learner.build([w])
    # By their order, which both heads have in common; what is no matrix is the count of steps.
    rate = learner._learning_rate
    kept = {str(i): each for i, each in enumerate(learner.variables) if each is not rate}
    for key, value in (state or {}).items():
        kept[key].assign(value)
    odds, half = [], None
    for step in range(first, BEFORE + AFTER):
        if step == BEFORE:
            half = w.numpy(), {key: each.numpy() for key, each in kept.items()}
        g = gradient(w.numpy(), small.batches[step])
        learner.apply([keras.ops.convert_to_tensor(g)])
        odds.append(gradient.odds(w.numpy()))
    return np.array(odds), *half
