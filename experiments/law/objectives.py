"""Losses, and weights made of others: trained by gradient descent on what TensorFlow derives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from twinhead.experiments.law.small import Small
from twinhead.training.backend import keras, tf

Weights = dict[str, np.ndarray]
RATE, STEPS = 0.3, 25
# Of everything below, and not 1 anywhere: a factor that is forgotten shows.
GAMMA, TEMPERATURE, ENTROPY, PRIOR, MIXED, SMOOTHING, SCALE = 2.0, 2.5, 0.2, 0.8, 0.3, 0.2, 3.0


@dataclass(frozen=True)
class Side:
    """One way to have the head: its weights, its logits, its loss, its rates.

    Attributes:
        odds: (weights, X) -> every row's log-odds.
        loss: (weights, X, y) -> a number.
        rates: of every weight, beside RATE.
    """

    weights: Weights
    odds: Callable[[Any, Any], Any]
    loss: Callable[[Any, Any, Any], Any]
    rates: dict[str, float]


def _two(w, X):
    """Return the softmax head's logits."""
    return X @ w["theta"]


def _difference(z):
    return z[:, 1] - z[:, 0]


def _cross_entropy(z, targets):
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, z))


def _binary(odds, targets):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(targets, odds))


def _path(side: Side, small: Small, adam: float | None = None) -> np.ndarray:
    """Return the log-odds after every step; by Adam where its epsilon is given."""
    variables = {key: tf.Variable(value) for key, value in side.weights.items()}
    first, second = (dict.fromkeys(variables, 0.0) for _ in range(2))
    X, found = tf.constant(small.X), []
    for step, rows in enumerate(small.batches[:STEPS], start=1):
        with tf.GradientTape() as tape:
            loss = side.loss(variables, tf.gather(X, rows), small.y[rows].astype(float))
        for key, gradient in tape.gradient(loss, variables).items():
            change = gradient
            if adam is not None:
                first[key] = 0.9 * first[key] + 0.1 * gradient
                second[key] = 0.99 * second[key] + 0.01 * gradient**2
                spread = tf.sqrt(second[key] / (1 - 0.99**step)) + adam
                change = first[key] / (1 - 0.9**step) / spread
            variables[key].assign_sub(RATE * side.rates[key] * change)
        found.append(side.odds(variables, X).numpy())
    return np.array(found)


def _heads(small: Small, softmax: Callable, sigmoid: Callable, rate: float = 2.0, **start: bool):
    """Return both heads with a loss of logits each: (z or odds, y, X) -> a number."""
    return (
        Side(
            {"theta": small.start("softmax", **start)},
            lambda w, X: _difference(_two(w, X)),
            lambda w, X, y: softmax(_two(w, X), y),
            {"theta": 1.0},
        ),
        Side(
            {"beta": small.start("sigmoid", **start)},
            lambda w, X: (X @ w["beta"])[:, 0],
            lambda w, X, y: sigmoid((X @ w["beta"])[:, 0], y),
            {"beta": rate},
        ),
    )


def _pairs(y):
    return tf.stack([1 - y, y], axis=1)


def _losses(small: Small, wrong: float) -> dict[str, tuple[Side, Side]]:
    """Return pairs of sides; the sigmoid's own knob is `wrong` times what it should be."""
    log_prior = np.log([0.2, 0.8])

    def focal(z, y):
        p = tf.reduce_sum(tf.nn.softmax(z) * _pairs(y), axis=1)
        return tf.reduce_mean(-((1 - p) ** GAMMA) * tf.math.log(p))

    def focal_of_one(odds, y):
        p = tf.sigmoid(tf.where(y > 0, odds, -odds))
        return tf.reduce_mean(-((1 - p) ** (GAMMA * wrong)) * tf.math.log(p))

    def less_sure(z, y):
        p = tf.nn.softmax(z)
        entropy = -tf.reduce_sum(p * tf.nn.log_softmax(z), axis=1)
        return _cross_entropy(z, _pairs(y)) - ENTROPY * tf.reduce_mean(entropy)

    def less_sure_of_one(odds, y):
        p = tf.sigmoid(odds)
        entropy = p * tf.nn.softplus(-odds) + (1 - p) * tf.nn.softplus(odds)
        return _binary(odds, y) - ENTROPY * wrong * tf.reduce_mean(entropy)

    def mix(y, share):
        return (1 - share) * y + share * y[::-1]

    def smooth(y, by):
        return y * (1 - by) + by / 2

    def teach(z, y, temperature):
        # A teacher of two logits, sure of every label to the same degree.
        targets = tf.nn.softmax(tf.stack([-(2 * y - 1), 2 * y - 1], axis=1) / TEMPERATURE)
        return _cross_entropy(z / temperature, targets)

    def teach_one(odds, y, temperature):
        return _binary(odds / temperature, tf.sigmoid(2 * (2 * y - 1) / TEMPERATURE))

    return {
        "focal loss, γ": _heads(small, focal, focal_of_one),
        "temperature": _heads(
            small,
            lambda z, y: _cross_entropy(z / TEMPERATURE, _pairs(y)),
            lambda odds, y: _binary(odds / (TEMPERATURE * wrong), y),
        ),
        "distillation, its temperature": _heads(
            small,
            lambda z, y: teach(z, y, TEMPERATURE),
            lambda odds, y: teach_one(odds, y, TEMPERATURE * wrong),
        ),
        "entropy penalty": _heads(small, less_sure, less_sure_of_one),
        "logit adjustment": _heads(
            small,
            lambda z, y: _cross_entropy(z + PRIOR * log_prior, _pairs(y)),
            lambda odds, y: _binary(odds + PRIOR * wrong * (log_prior[1] - log_prior[0]), y),
        ),
        "mixup": _heads(
            small,
            lambda z, y: _cross_entropy(z, _pairs(mix(y, MIXED))),
            lambda odds, y: _binary(odds, mix(y, MIXED * wrong)),
        ),
        "smoothing of one output by s/2": _heads(
            small,
            lambda z, y: _cross_entropy(z, smooth(_pairs(y), SMOOTHING)),
            lambda odds, y: _binary(odds, smooth(y, SMOOTHING * wrong)),
        ),
        "Keras's focal losses, α in one of them": _heads(
            small,
            lambda z, y: keras.losses.CategoricalFocalCrossentropy(
                gamma=GAMMA, from_logits=True, dtype="float64"
            )(_pairs(y), z),
            lambda odds, y: keras.losses.BinaryFocalCrossentropy(
                gamma=GAMMA, from_logits=True, dtype="float64"
            )(y[:, None], odds[:, None]),
            rate=0.5 if wrong == 1 else 2.0,
        ),
    }


def _logit_scale(small: Small, rate: float, scale: float = SCALE) -> tuple[Side, Side]:
    softmax, sigmoid = _heads(small, lambda z, y: _cross_entropy(z, _pairs(y)), _binary, rate)
    return softmax, Side(
        {"beta": sigmoid.weights["beta"] / scale},
        lambda w, X: scale * sigmoid.odds(w, X),
        lambda w, X, y: _binary(scale * sigmoid.odds(w, X), y),
        sigmoid.rates,
    )


def _two_sigmoids(small: Small, rate: float) -> tuple[Side, Side]:
    beta = small.start("sigmoid")
    one = Side(
        {"beta": beta},
        lambda w, X: (X @ w["beta"])[:, 0],
        lambda w, X, y: _binary((X @ w["beta"])[:, 0], y),
        {"beta": 1.0},
    )
    two = Side(
        {"both": np.hstack([-beta, beta])},
        lambda w, X: (X @ w["both"])[:, 1],
        lambda w, X, y: _binary(X @ w["both"], _pairs(y)),  # The mean over outputs as well.
        {"both": rate},
    )
    return one, two


def _made(small: Small, make: Callable, softmax: Weights, other: Weights, rates: dict, scale=1.0):
    """Return sides whose kernel is made of weights; the other's is `scale` times what it makes."""
    one, two = _heads(small, lambda z, y: _cross_entropy(z, _pairs(y)), _binary)
    return (
        Side(
            softmax,
            lambda w, X: one.odds({"theta": make(w)}, X),
            lambda w, X, y: one.loss({"theta": make(w)}, X, y),
            dict.fromkeys(softmax, 1.0),
        ),
        Side(
            other,
            lambda w, X: two.odds({"beta": scale * make(w)}, X),
            lambda w, X, y: two.loss({"beta": scale * make(w)}, X, y),
            rates,
        ),
    )


def _made_of_others(small: Small, naive: bool) -> dict[str, tuple[Side, Side]]:
    """Return pairs whose start is antisymmetric; naive: rates or a scale as they were."""
    theta = small.start("softmax", antisymmetric=True)
    beta = theta[:, 1:] - theta[:, :1]
    length = {"g": np.linalg.norm(theta, axis=0)}
    generator = np.random.default_rng(small.seed + 1)
    down, up = generator.normal(size=(len(theta), 3)) / 2, generator.normal(size=(3, 1)) / 2

    def turned(w):  # A bias is one more feature, and has the direction's length in common.
        return w["g"] * w["v"] / tf.norm(w["v"], axis=0)

    def low_rank(w):
        return w["kernel"] + w["a"] @ w["b"]

    def spectral(w):
        return w["v"] / tf.norm(w["v"])

    frozen = {"kernel": 0.0}
    normed = {"v": theta} | length
    return {
        "weight normalisation, v = β": _made(
            small,
            turned,
            normed,
            {"v": beta, "g": 2 * length["g"][1:]},
            {"v": 1.0 if naive else 2.0, "g": 2.0},
        ),
        "weight normalisation, v = β/2": _made(
            small,
            turned,
            normed,
            {"v": beta / 2, "g": 2 * length["g"][1:]},
            {"v": 2.0 if naive else 0.5, "g": 2.0},
        ),
        "LoRA on the head": _lora(small, low_rank, theta, beta, down, up, naive, frozen),
        "spectral normalisation": _made(
            small,
            spectral,
            {"v": theta},
            {"v": beta},
            {"v": 2.0},
            scale=1.0 if naive else np.sqrt(2),
        ),
    }


def _lora(small, low_rank, theta, beta, down, up, naive, frozen):
    one, two = _made(
        small,
        low_rank,
        {"kernel": theta, "a": down, "b": np.hstack([-up, up])},
        {"kernel": beta, "a": down, "b": 2 * up},
        # As it is beside the features; twice beside the units.
        {"a": 1.0, "b": 1.0 if naive else 2.0} | frozen,
    )
    return Side(one.weights, one.odds, one.loss, one.rates | frozen), two


def measure(small: Small) -> list[dict[str, Any]]:
    """Train every pair, mapped and not, and return how far their log-odds are apart."""
    mapped = {
        **_losses(small, 1.0),
        **_made_of_others(small, naive=False),
        "logit scale c, SGD": _logit_scale(small, 2 / SCALE**2),
        "two sigmoids, mean loss": _two_sigmoids(small, 2.0),
    }
    naive = {
        **_losses(small, 2.0),
        **_made_of_others(small, naive=True),
        "logit scale c, SGD": _logit_scale(small, 2.0),
        "two sigmoids, mean loss": _two_sigmoids(small, 1.0),
    }
    rows = []
    for name, pair in mapped.items():
        apart = [
            float(np.abs(np.subtract(*(_path(side, small) for side in each))).max())
            for each in (pair, naive[name])
        ]
        rows.append({"method": name, "mapped_gap": apart[0], "naive_gap": apart[1]})
    return [*rows, _adam_with_a_scale(small)]


def _adam_with_a_scale(small: Small) -> dict[str, Any]:
    """Adam: the rate by 2/c, and epsilon by c."""
    epsilon = 0.05
    softmax, scaled = _logit_scale(small, 2 / SCALE)
    reference = _path(softmax, small, epsilon)
    apart = [
        float(np.abs(_path(scaled, small, own) - reference).max())
        for own in (epsilon * SCALE, epsilon)
    ]
    return {"method": "logit scale c, Adam's ε", "mapped_gap": apart[0], "naive_gap": apart[1]}


def z_loss(small: Small) -> dict[str, float]:
    """Search a z-loss of the sigmoid head, log²(1 + e^z), that would be the softmax head's."""

    def softmax(weight: float) -> np.ndarray:
        side, _ = _heads(
            small,
            lambda z, y: (
                _cross_entropy(z, _pairs(y))
                + weight * tf.reduce_mean(tf.reduce_logsumexp(z, axis=1) ** 2)
            ),
            _binary,
        )
        return _path(side, small)

    def apart(weight: float, reference: np.ndarray) -> float:
        _, side = _heads(
            small,
            lambda z, y: _cross_entropy(z, _pairs(y)),
            lambda odds, y: _binary(odds, y) + weight * tf.reduce_mean(tf.nn.softplus(odds) ** 2),
        )
        return float(np.abs(_path(side, small) - reference).max())

    best = minimize_scalar(
        apart,
        args=(softmax(0.1),),
        bounds=(0.0, 0.5),
        method="bounded",
        options={"maxiter": 12, "xatol": 1e-4},
    )
    return {
        "z-loss: gap at the best factor": float(best.fun),
        "z-loss: gap without one": apart(0.0, softmax(0.0)),
    }
