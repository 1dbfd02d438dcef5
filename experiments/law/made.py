"""Weights made of others, and logits that a batch normalises: pairs of heads to be trained."""

from collections.abc import Callable

import numpy as np

from twinhead.experiments.law.sides import Side, Weights, binary, cross_entropy, difference, heads
from twinhead.experiments.law.sides import pairs as both
from twinhead.experiments.law.small import Small
from twinhead.training.backend import tf

EPSILON = 0.05  # Of batch normalisation, and large enough to be seen.


def _made(small: Small, make: Callable, softmax: Weights, other: Weights, rates: dict, scale=1.0):
    """Return sides whose kernel is made of weights; the other's is `scale` times what it makes."""
    one, two = heads(small, lambda z, y: cross_entropy(z, both(y)), binary)
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


def pairs(small: Small, naive: bool, antisymmetric: bool = True) -> dict[str, tuple[Side, Side]]:
    """Return pairs of sides; naive: rates, a scale or an epsilon as they were."""
    theta = small.start("softmax", antisymmetric=antisymmetric)
    beta = theta[:, 1:] - theta[:, :1]
    length = {"g": np.linalg.norm(theta, axis=0)}
    of_both = {"g": np.linalg.norm(beta, axis=0)}
    generator = np.random.default_rng(small.seed + 1)
    down, up = generator.normal(size=(len(theta), 3)) / 2, generator.normal(size=(3, 1)) / 2

    def turned(w):  # A bias is one more feature, and has the direction's length in common.
        return w["g"] * w["v"] / tf.norm(w["v"], axis=0)

    def low_rank(w):
        return w["kernel"] + w["a"] @ w["b"]

    def spectral(w):  # By the largest singular value.
        return w["v"] / tf.sqrt(tf.linalg.eigvalsh(tf.transpose(w["v"]) @ w["v"])[-1])

    frozen = {"kernel": 0.0}
    normed = {"v": theta} | length
    return {
        "weight normalisation, v = β": _made(
            small,
            turned,
            normed,
            {"v": beta} | of_both,
            {"v": 1.0 if naive else 2.0, "g": 2.0},
        ),
        "weight normalisation, v = β/2": _made(
            small,
            turned,
            normed,
            {"v": beta / 2} | of_both,
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
        "batch normalisation of the logits": _normalised(theta, beta, naive),
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


def _normalised(theta: np.ndarray, beta: np.ndarray, naive: bool) -> tuple[Side, Side]:
    """Return heads whose logits are normalised over the batch, with a gain and a shift.

    A logit of z1 = −z0 and one of twice the size are the same, normalised: the one has half of
    the gain that both columns have together, and a variance four times as large beside epsilon.
    """

    def logits(w, X, epsilon):
        z = X @ w["kernel"]
        centred = z - tf.reduce_mean(z, axis=0)
        spread = tf.sqrt(tf.reduce_mean(centred**2, axis=0) + epsilon)
        return centred / spread * w["gain"] + w["shift"]

    def odds(w, X):
        return difference(logits(w, X, EPSILON))

    def odds_of_one(w, X):
        return logits(w, X, EPSILON * (1 if naive else 4))[:, 0]

    return (
        Side(
            {"kernel": theta, "gain": np.ones(2), "shift": np.zeros(2)},
            odds,
            lambda w, X, y: cross_entropy(logits(w, X, EPSILON), both(y)),
            {"kernel": 1.0, "gain": 1.0, "shift": 1.0},
        ),
        Side(
            {"kernel": beta, "gain": np.full(1, 2.0), "shift": np.zeros(1)},
            odds_of_one,
            lambda w, X, y: binary(odds_of_one(w, X), y),
            {"kernel": 2.0, "gain": 2.0, "shift": 2.0},
        ),
    )
