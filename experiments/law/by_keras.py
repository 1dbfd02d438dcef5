"""Keras's own steps on the small problem: the isometric head, and two edges of the map."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from twinhead.experiments.law.small import Small
from twinhead.matching import DEFAULTS, OPTIMIZERS, translate
from twinhead.training.backend import keras
from twinhead.training.heads import optimizer

STEPS = 25
# A few steps have to move weights by some tenths.
RATES = {"sgd": 0.3, "adadelta": 2.0, "adagrad": 0.2, "ftrl": 0.3}
# Noise of a sum whose true value is zero, beside the largest of its gradients.
NOISE = 1e-12
ORDERS = 4  # Of rows: sums of the same numbers, rounded otherwise.


class WideRate(keras.optimizers.schedules.LearningRateSchedule):
    """A constant with all its digits: a plain number Keras keeps in float32."""

    def __init__(self, rate: float):
        self.rate = np.float64(rate)

    def __call__(self, step):
        return keras.ops.convert_to_tensor(self.rate)


def settings_of(name: str) -> dict[str, Any]:
    """Return an optimizer's settings in full, as the law's row of it has."""
    own = DEFAULTS[name] | {"optimizer": name, "learning_rate": RATES.get(name, 0.03)}
    # Keras multiplies by a root that it has in float32 alone.
    return own | ({"rms_rate": None} if name == "muon" else {})


def odds(
    small: Small,
    head: str,
    settings: dict[str, Any],
    start: np.ndarray,
    *,
    wide: bool = True,
    scale: float = 1.0,
    least: float = 0.0,
) -> np.ndarray:
    """Return every row's log-odds after each step.

    Args:
        wide: the rate and all other settings in float64, not as Keras has a plain number.
        scale: of the loss.
        least: gradients under this share of the largest are zero.
    """
    own = {k: v for k, v in settings.items() if k not in ("optimizer", "learning_rate")}
    rate = settings["learning_rate"]
    if wide:
        own = {k: np.float64(v) if isinstance(v, float) else v for k, v in own.items()}
    learner = optimizer(
        own | {"name": settings["optimizer"]}, WideRate(rate) if wide else float(rate)
    )
    w, gradient = keras.Variable(start, dtype="float64"), small.gradient(head)
    learner.build([w])
    found = []
    for rows in small.batches[:STEPS]:
        g = scale * gradient(w.numpy(), rows)
        g[np.abs(g) < least * np.abs(g).max()] = 0
        learner.apply([keras.ops.convert_to_tensor(g)])
        found.append(gradient.odds(w.numpy()))
    return np.array(found)


def isometric(small: Small) -> pd.DataFrame:
    """Train the isometric head by each of Keras's optimizers, mapped and with settings as they are.

    From θ1 = −θ0, so that every row's condition is met.
    """
    rows = []
    for name in OPTIMIZERS:
        settings = settings_of(name)
        found = translate(settings, "isometric")
        starts = {head: small.start(head, antisymmetric=True) for head in ("softmax", "isometric")}
        softmax = odds(small, "softmax", settings, starts["softmax"])
        as_it_is = odds(small, "isometric", settings, starts["isometric"])
        mapped = odds(small, "isometric", found.settings, starts["isometric"])
        changed = [
            f"{key} × {rule.factor:.4g}" for key, rule in found.rules.items() if rule.factor != 1
        ]
        rows.append(
            {
                "optimizer": name,
                "status": found.status,
                "factors": ", ".join(changed) or "as it is",
                "mapped_gap": float(np.abs(mapped - softmax).max()),
                "unmapped_gap": float(np.abs(as_it_is - softmax).max()),
            }
        )
    return pd.DataFrame(rows)


def edges(small: Small) -> dict[str, float]:
    """Return what is left of Muon's gap, and what rounding does to a sign where nothing is true."""
    found = {}
    settings = settings_of("muon")
    mapped = translate(settings).settings
    for rate, wide in (("float32", False), ("float64", True)):
        for length, scale in (("as they are", 1.0), ("1e9 times as long", 1e9)):
            apart = [
                odds(small, head, own, small.start(head), wide=wide, scale=scale)
                for head, own in (("softmax", settings), ("sigmoid", mapped))
            ]
            key = f"Muon, rate in {rate}, gradients {length}"
            found[key] = float(np.abs(np.subtract(*apart)).max())
    lion = settings_of("lion")
    for role, least in (("as it is", 0.0), ("mended", NOISE)):
        # Whether rounding gives both heads one sign is chance: the largest gap of some orders.
        found[f"Lion, balanced design, {role}"] = max(
            _lion(_balanced(small, order), lion, least) for order in range(ORDERS)
        )
    return found


def _balanced(small: Small, order: int) -> Small:
    """Return every row once more with its sign turned and the other label, in some order.

    The bias's true gradient is then zero, as long as the bias is.
    """
    turned = np.append(-np.ones(small.X.shape[1] - 1), 1.0)
    rows = np.random.default_rng(order).permutation(2 * len(small.y))
    return replace(
        small,
        X=np.vstack([small.X, small.X * turned])[rows],
        y=np.concatenate([small.y, 1 - small.y])[rows],
        batches=(np.arange(len(rows)),) * STEPS,
    )


def _lion(balanced: Small, settings: dict[str, Any], least: float) -> float:
    apart = []
    for head, own in (("softmax", settings), ("sigmoid", translate(settings).settings)):
        start = balanced.start(head)
        start[-1] = 0
        apart.append(odds(balanced, head, own, start, least=least))
    return float(np.abs(np.subtract(*apart)).max())
