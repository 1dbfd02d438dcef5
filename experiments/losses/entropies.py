"""Cross-entropy by its many names, the divergence beside it, and weights of classes."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import xlog1py, xlogy
from scipy.stats import bernoulli, entropy
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

from twinhead.training.backend import keras, tf

SOFT = 0.7  # The label of the picture: 70 % of such samples are positive.

binary, categorical, sparse, divergence = (
    keras.losses.binary_crossentropy,
    keras.losses.categorical_crossentropy,
    keras.losses.sparse_categorical_crossentropy,
    keras.losses.kl_divergence,
)


def _apart(a: ArrayLike, b: ArrayLike) -> float:
    return np.abs(np.asarray(a) - np.asarray(b)).max()


def _both(p: np.ndarray) -> np.ndarray:
    """Return the probabilities of class 0 and 1, shape (n, 2)."""
    return np.column_stack([1 - p, p])


def names(rng: np.random.Generator) -> dict[str, float]:
    """Measure that the categorical, sparse and binary one and the NLL are one cross-entropy."""
    z, y = rng.normal(0, 3, (60, 4)), rng.integers(0, 4, 60)
    onehot = keras.ops.one_hot(y, 4, dtype="float64")
    logits = tf.constant(z)

    def with_slope(loss: Callable, labels: ArrayLike) -> np.ndarray:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            values = loss(labels, logits, from_logits=True)
        return np.hstack([values.numpy()[:, None], tape.gradient(values, logits).numpy()])

    def negative_likelihood(log_probabilities: tf.Tensor) -> np.ndarray:
        return -np.take_along_axis(np.asarray(log_probabilities), y[:, None], axis=1)[:, 0]

    dense = with_slope(categorical, onehot)
    right, p = (y % 2).astype(float), rng.uniform(0.01, 0.99, 60)
    of_p, truth, guess = binary(right[:, None], p[:, None]), _both(right), _both(p)
    s, sign = z[:, :1], 2 * right[:, None] - 1
    logistic = np.asarray(tf.math.softplus(-sign * s))[:, 0]
    mean = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    other = rng.normal(0, 3, (3, 4)), rng.integers(0, 4, 3)
    return {
        "sparse": _apart(dense, with_slope(sparse, y)),
        "sparse, control": _apart(dense, with_slope(sparse, (y + 1) % 4)),
        "binary": _apart(of_p, categorical(truth, guess)),
        "binary, control": _apart(of_p, categorical(truth[:, ::-1], guess)),
        "NLL": _apart(dense[:, 0], negative_likelihood(keras.ops.log_softmax(z))),
        "NLL, control": _apart(dense[:, 0], negative_likelihood(keras.ops.softmax(z))),
        "blocks": abs(float(mean(y, z)) - np.mean(sparse(y, z, from_logits=True))),
        "blocks, control": abs(float(mean(y, z)) - float(mean(other[1], other[0]))),
        "logistic": _apart(logistic, binary(right[:, None], s, from_logits=True)),
        "logistic, control": _apart(logistic, binary(sign, s, from_logits=True)),
    }


def divergences(rng: np.random.Generator) -> dict[str, float]:
    """Measure cross-entropy, entropy and divergence, Keras's against SciPy's."""
    p, q = rng.dirichlet(np.ones(5), 40), rng.dirichlet(np.ones(5), 40)
    cross = categorical(p, q)
    logits = tf.Variable(np.log(q))

    def slope(loss: Callable) -> np.ndarray:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(loss(tf.nn.softmax(logits)))
        return tape.gradient(total, logits).numpy()

    of_cross = slope(lambda found: categorical(p, found))
    even, uneven, nearer = np.array([0.5, 0.5]), np.array([0.9, 0.1]), np.array([0.6, 0.4])
    nats = float(divergence(even, uneven))
    return {
        "CE - KL - H": _apart(cross, entropy(p, q, axis=1) + entropy(p, axis=1)),
        "CE - KL - H, control": _apart(cross, divergence(p, q)),
        "slopes of CE and KL": _apart(of_cross, slope(lambda found: divergence(p, found))),
        "slopes of CE and KL, control": _apart(of_cross, slope(lambda found: divergence(found, p))),
        "nats": abs(nats - entropy(even, uneven)),
        "nats, control": abs(nats - entropy(even, uneven, base=2)),
        "asymmetry": abs(nats - float(divergence(uneven, even))),
        "asymmetry, control": abs(
            float(divergence(even, nearer)) - float(divergence(nearer, even))
        ),
    }


def soft_label() -> pd.DataFrame:
    """Return cross-entropy and divergence of every prediction p for the label SOFT."""
    p = np.linspace(0.02, 0.98, 193)
    label = np.full_like(p, SOFT)
    cross = np.asarray(binary(label[:, None], p[:, None]))
    apart = np.asarray(divergence(_both(label), _both(p)))
    return pd.DataFrame({"p": p, "cross_entropy": cross, "divergence": apart})


def log_losses() -> dict[str, float]:
    """Measure the log loss where the article's formula lost a bracket, a hat or its minimum."""

    def loss(y: float, p: float) -> float:
        return float(binary(np.array([y]), np.array([p])))

    def lowest(y: float) -> float:
        return minimize_scalar(lambda p: loss(y, p), bounds=(0, 1), method="bounded").fun

    least = float(bernoulli(SOFT).entropy())
    y, p = np.array([0.0, 1.0]), np.array([0.2, 0.7])  # Made up; any would do.
    total = log_loss(y, p, normalize=False)
    printed = -xlogy(y, p).sum() + xlog1py(1 - y, -p).sum()
    guesses = np.array([0.1, 0.9])
    return {
        "soft label": SOFT,
        "lowest for a soft label": abs(lowest(SOFT) - least),
        "lowest for a soft label, control": abs(lowest(1.0) - least),
        "price of 0.012": loss(1.0, 0.012),
        "price of 0.012, control": loss(0.0, 0.012),
        "brackets": abs(2 * float(binary(y, p)) - total),
        "brackets, control": abs(printed - total),
        "spread over predictions": np.ptp([loss(1.0, guess) for guess in guesses]),
    }


def weights(rng: np.random.Generator) -> dict[str, float]:
    """Measure that a class weight is a number of copies: in the loss, and in what is learnt."""
    z, y, weight = rng.normal(0, 3, (40, 3)), rng.integers(0, 3, 40), np.array([1, 2, 5])
    every, copies = np.arange(40), np.repeat(np.arange(40), weight[y])
    own = weight[y].astype(float)

    def weighted(reduction: str, of: np.ndarray, weights: np.ndarray | None = None) -> float:
        loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction=reduction, dtype="float64"
        )
        return float(loss(y[of], z[of], sample_weight=weights))

    X, label = load_breast_cancer(return_X_y=True)
    X = scale(X)[:, :2]  # Two features overlap; with all thirty there is no optimum.
    once = np.arange(len(label))

    def learnt(rows: np.ndarray, class_weight: dict | None = None) -> np.ndarray:
        fit = LogisticRegression(
            C=np.inf, solver="newton-cholesky", tol=1e-10, class_weight=class_weight
        )
        fit.fit(X[rows], label[rows])
        return np.append(fit.coef_, fit.intercept_)

    repeated = learnt(np.repeat(once, np.where(label == 1, 3, 1)))
    total, mean = weighted("sum", copies), weighted("mean", copies)
    return {
        "weighted sum": abs(weighted("sum", every, own) - total),
        "weighted sum, control": abs(weighted("sum", every) - total),
        "weighted mean": abs(weighted("mean_with_sample_weight", every, own) - mean),
        "weighted mean, control": abs(weighted("mean", every, own) - mean),
        "weighted fit": _apart(learnt(once, {0: 1, 1: 3}), repeated),
        "weighted fit, control": _apart(learnt(once), repeated),
    }


def order(rng: np.random.Generator) -> dict[str, float]:
    """Return how often the logarithm leaves the classes of a row in their order."""
    p = rng.dirichlet(np.ones(5), 200)
    kept = {
        name: (values.argsort(axis=1) == p.argsort(axis=1)).all(axis=1).mean()
        for name, values in (("log p", np.log(p)), ("p log p", xlogy(p, p)))
    }
    return {"order kept": kept["log p"], "order kept, control": kept["p log p"]}
