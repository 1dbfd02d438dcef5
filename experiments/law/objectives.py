"""Losses, trained by gradient descent on what TensorFlow derives; and the table of all of them."""

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from twinhead.experiments.law import made
from twinhead.experiments.law.cases import FROM_OPPOSITE, OBJECTIVES
from twinhead.experiments.law.sides import Side, apart, binary, cross_entropy, heads, pairs, path
from twinhead.experiments.law.small import Small
from twinhead.training.backend import keras, tf

# Not 1 anywhere: a factor that is forgotten shows.
GAMMA, TEMPERATURE, ENTROPY, PRIOR, MIXED, SMOOTHING, SCALE = 2.0, 2.5, 0.2, 0.8, 0.3, 0.2, 3.0


def _losses(small: Small, wrong: float) -> dict[str, tuple[Side, Side]]:
    """Return pairs of sides; the sigmoid's own knob is `wrong` times what it should be."""
    log_prior = np.log([0.2, 0.8])

    def focal(z, y):
        p = tf.reduce_sum(tf.nn.softmax(z) * pairs(y), axis=1)
        return tf.reduce_mean(-((1 - p) ** GAMMA) * tf.math.log(p))

    def focal_of_one(odds, y):
        p = tf.sigmoid(tf.where(y > 0, odds, -odds))
        return tf.reduce_mean(-((1 - p) ** (GAMMA * wrong)) * tf.math.log(p))

    def less_sure(z, y):
        p = tf.nn.softmax(z)
        entropy = -tf.reduce_sum(p * tf.nn.log_softmax(z), axis=1)
        return cross_entropy(z, pairs(y)) - ENTROPY * tf.reduce_mean(entropy)

    def less_sure_of_one(odds, y):
        p = tf.sigmoid(odds)
        entropy = p * tf.nn.softplus(-odds) + (1 - p) * tf.nn.softplus(odds)
        return binary(odds, y) - ENTROPY * wrong * tf.reduce_mean(entropy)

    def mix(y, share):
        return (1 - share) * y + share * y[::-1]

    def smooth(y, by):
        return y * (1 - by) + by / 2

    def teach(z, y, temperature):
        # A teacher of two logits, sure of every label to the same degree.
        targets = tf.nn.softmax(tf.stack([-(2 * y - 1), 2 * y - 1], axis=1) / TEMPERATURE)
        return cross_entropy(z / temperature, targets)

    def teach_one(odds, y, temperature):
        return binary(odds / temperature, tf.sigmoid(2 * (2 * y - 1) / TEMPERATURE))

    return {
        "focal loss, γ": heads(small, focal, focal_of_one),
        "temperature": heads(
            small,
            lambda z, y: cross_entropy(z / TEMPERATURE, pairs(y)),
            lambda odds, y: binary(odds / (TEMPERATURE * wrong), y),
        ),
        "distillation, its temperature": heads(
            small,
            lambda z, y: teach(z, y, TEMPERATURE),
            lambda odds, y: teach_one(odds, y, TEMPERATURE * wrong),
        ),
        "entropy penalty": heads(small, less_sure, less_sure_of_one),
        "logit adjustment": heads(
            small,
            lambda z, y: cross_entropy(z + PRIOR * log_prior, pairs(y)),
            lambda odds, y: binary(odds + PRIOR * wrong * (log_prior[1] - log_prior[0]), y),
        ),
        "mixup": heads(
            small,
            lambda z, y: cross_entropy(z, pairs(mix(y, MIXED))),
            lambda odds, y: binary(odds, mix(y, MIXED * wrong)),
        ),
        "smoothing of one output by s/2": heads(
            small,
            lambda z, y: cross_entropy(z, smooth(pairs(y), SMOOTHING)),
            lambda odds, y: binary(odds, smooth(y, SMOOTHING * wrong)),
        ),
        "Keras's focal losses, α in one of them": heads(
            small,
            lambda z, y: keras.losses.CategoricalFocalCrossentropy(
                gamma=GAMMA, from_logits=True, dtype="float64"
            )(pairs(y), z),
            lambda odds, y: keras.losses.BinaryFocalCrossentropy(
                gamma=GAMMA, from_logits=True, dtype="float64"
            )(y[:, None], odds[:, None]),
            rate=0.5 if wrong == 1 else 2.0,
        ),
    }


def _logit_scale(small: Small, rate: float, scale: float = SCALE) -> tuple[Side, Side]:
    softmax, sigmoid = heads(small, lambda z, y: cross_entropy(z, pairs(y)), binary, rate)
    return softmax, Side(
        {"beta": sigmoid.weights["beta"] / scale},
        lambda w, X: scale * sigmoid.odds(w, X),
        lambda w, X, y: binary(scale * sigmoid.odds(w, X), y),
        sigmoid.rates,
    )


def _two_sigmoids(small: Small, rate: float) -> tuple[Side, Side]:
    beta = small.start("sigmoid")
    one = Side(
        {"beta": beta},
        lambda w, X: (X @ w["beta"])[:, 0],
        lambda w, X, y: binary((X @ w["beta"])[:, 0], y),
        {"beta": 1.0},
    )
    two = Side(
        {"both": np.hstack([-beta, beta])},
        lambda w, X: (X @ w["both"])[:, 1],
        lambda w, X, y: binary(X @ w["both"], pairs(y)),  # The mean over outputs as well.
        {"both": rate},
    )
    return one, two


def measure(small: Small) -> list[dict[str, Any]]:
    """Train every pair, mapped and not, and return how far their log-odds are apart."""
    mapped = {
        **_losses(small, 1.0),
        **made.pairs(small, naive=False),
        "logit scale c, SGD": _logit_scale(small, 2 / SCALE**2),
        "two sigmoids, mean loss": _two_sigmoids(small, 2.0),
    }
    naive = {
        **_losses(small, 2.0),
        **made.pairs(small, naive=True),
        "logit scale c, SGD": _logit_scale(small, 2.0),
        "two sigmoids, mean loss": _two_sigmoids(small, 1.0),
    }
    unmet = made.pairs(small, naive=False, antisymmetric=False)
    rows = []
    for name, pair in mapped.items():
        # The softmax side is the same for both.
        gaps = apart(small, *pair, naive[name][1])
        gaps += apart(small, *unmet[name]) if name in FROM_OPPOSITE else [float("nan")]
        keys = ("mapped_gap", "naive_gap", "unmet_gap")
        row = {"method": name, "factors": _factors(pair[1])}
        rows.append(row | dict(zip(keys, gaps, strict=True)))
    rows.append(_adam_with_a_scale(small))
    return sorted(rows, key=lambda row: [*OBJECTIVES].index(row["method"]))


def _adam_with_a_scale(small: Small) -> dict[str, Any]:
    """Adam: the rate by 2/c, and epsilon by c."""
    epsilon = 0.05
    softmax, scaled = _logit_scale(small, 2 / SCALE)
    reference = path(softmax, small, epsilon)
    mapped, naive = (
        float(np.abs(path(scaled, small, own) - reference).max())
        for own in (epsilon * SCALE, epsilon)
    )
    row = {"method": "logit scale c, Adam's ε", "factors": "learning_rate × 2/c, epsilon × c"}
    return row | {"mapped_gap": mapped, "naive_gap": naive, "unmet_gap": float("nan")}


def _factors(side: Side) -> str:
    """Return what the rates are multiplied by, of weights made of others one by one."""
    rates = {key: rate for key, rate in side.rates.items() if rate}
    if len(rates) == 1:
        return f"learning_rate × {next(iter(rates.values())):.4g}"
    return ", ".join(f"rate of {key} × {rate:.4g}" for key, rate in rates.items())


def z_loss(small: Small) -> dict[str, float]:
    """Search a z-loss of the sigmoid head, log²(1 + e^z), that would be the softmax head's."""

    def softmax(weight: float) -> np.ndarray:
        side, _ = heads(
            small,
            lambda z, y: (
                cross_entropy(z, pairs(y))
                + weight * tf.reduce_mean(tf.reduce_logsumexp(z, axis=1) ** 2)
            ),
            binary,
        )
        return path(side, small)

    def gap(weight: float, reference: np.ndarray) -> float:
        _, side = heads(
            small,
            lambda z, y: cross_entropy(z, pairs(y)),
            lambda odds, y: binary(odds, y) + weight * tf.reduce_mean(tf.nn.softplus(odds) ** 2),
        )
        return float(np.abs(path(side, small) - reference).max())

    best = minimize_scalar(
        gap,
        args=(softmax(0.1),),
        bounds=(0.0, 0.5),
        method="bounded",
        options={"maxiter": 12, "xatol": 1e-4},
    )
    return {
        "z-loss: gap at the best factor": float(best.fun),
        "z-loss: gap without one": gap(0.0, softmax(0.0)),
    }
