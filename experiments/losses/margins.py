"""Losses of the margin ys, for labels y = ±1 and scores s, and the machine that hinge trains."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale
from sklearn.svm import SVC, LinearSVC

from twinhead.results.statistics import mean_interval
from twinhead.training.backend import keras, tf

# Half the width of the picture, near and far.
ZOOMS = {"near": 2.0, "far": 6.0}


def _of_one(loss: Callable) -> Callable:
    return lambda ys: loss(tf.ones_like(ys), ys)


# Losses of ys, shape (n, 1) -> (n,), as Keras has them for label 1 and score ys.
LOSSES: dict[str, Callable] = {
    "0-1": _of_one(lambda y, s: 1 - keras.metrics.binary_accuracy(y, s, threshold=0.0)[:, 0]),
    "hinge": _of_one(keras.losses.hinge),
    "squared hinge": _of_one(keras.losses.squared_hinge),
    "logistic": _of_one(partial(keras.losses.binary_crossentropy, from_logits=True)),
    "exponential": lambda ys: keras.ops.exp(-ys)[:, 0],
}


def softmax_loss(s: tf.Tensor) -> tf.Tensor:
    """Return the softmax loss of a true class with logit s beside two with logit 0."""
    logits = tf.concat([s, tf.zeros((len(s), 2), tf.float64)], axis=1)
    return keras.losses.sparse_categorical_crossentropy(np.zeros(len(s)), logits, from_logits=True)


def values(loss: Callable, ys: ArrayLike) -> np.ndarray:
    return np.asarray(loss(np.asarray(ys, np.float64)[:, None]), np.float64)


def slopes(loss: Callable, ys: ArrayLike) -> np.ndarray:
    column = tf.constant(np.asarray(ys, np.float64)[:, None])
    with tf.GradientTape() as tape:
        tape.watch(column)
        found = loss(column)
    return tape.gradient(found, column).numpy()[:, 0]


def jump(loss: Callable, at: float) -> float:
    """Return by how much the slope changes from a millionth below to a millionth above."""
    return np.ptp(slopes(loss, [at - 1e-6, at + 1e-6]))


def table() -> pd.DataFrame:
    zooms = []
    for zoom, half in ZOOMS.items():
        ys = np.linspace(-half, half, 241)
        losses = {name: values(loss, ys) for name, loss in LOSSES.items()}
        zooms.append(pd.DataFrame({"zoom": zoom, "ys": ys} | losses))
    return pd.concat(zooms, ignore_index=True)


def margins() -> dict[str, float]:
    positive = np.linspace(0, 10, 1001)[1:]
    hinge = values(LOSSES["hinge"], positive)
    slope = {name: np.abs(slopes(LOSSES[name], [0.5, -5])) for name in ("exponential", "hinge")}
    value = {name: values(LOSSES[name], [-2, -5]) for name in ("exponential", "squared hinge")}
    steeper = slope["exponential"] / slope["hinge"]
    larger = value["exponential"] / value["squared hinge"]
    far = {name: values(LOSSES[name], [-1000, -2000]) for name in ("squared hinge", "logistic")}
    linear = slopes(softmax_loss, [-20, 20])
    return {
        "hinge beyond 1": hinge[positive >= 1].max(),
        "hinge beyond 1, control": hinge.max(),
        "exponential over hinge, slope": steeper[0],
        "exponential over hinge, slope, control": steeper[1],
        "exponential over squared hinge": larger[0],
        "exponential over squared hinge, control": larger[1],
        "growth": np.log2(far["squared hinge"][1] / far["squared hinge"][0]),
        "growth, control": np.log2(far["logistic"][1] / far["logistic"][0]),
        "jump at the margin": jump(LOSSES["squared hinge"], 1),
        "jump at the margin, control": jump(LOSSES["hinge"], 1),
        "softmax slope": linear[0],
        "softmax slope, control": linear[1],
    }


def support_vectors() -> dict[str, float]:
    """Train a support vector machine on breast cancer: which rows carry it, how far scores go."""
    X, y = load_breast_cancer(return_X_y=True)
    machine = SVC(kernel="linear", C=1.0, tol=1e-6).fit(scale(X), y)
    scores = machine.decision_function(scale(X))
    small = SVC(kernel="linear", C=1e-4, tol=1e-6).fit(scale(X), y).decision_function(scale(X))
    carrying = ((2 * y - 1) * scores)[machine.support_]
    return {
        "support vectors beyond 1": (carrying > 1 + 1e-3).sum(),
        "support vectors beyond 1, control": (carrying > 0).sum(),
        "scores outside": (np.abs(scores) > 1).mean(),
        "scores outside, control": (np.abs(small) > 1).mean(),
        "lowest score": scores.min(),
        "highest score": scores.max(),
    }


# Rows to train on and to be tested on, draws of both, columns, and the share of wrong labels.
ROWS, NEW_ROWS, DRAWS, COLUMNS, WRONG = 400, 5000, 12, 40, 0.2
BY_BOTH = {"C": 0.1, "tol": 1e-3, "max_iter": 200_000}  # Of ways to train a line.


def two_kinds(rng: np.random.Generator, rows: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return two normal clouds, and two groups with a gap between, of which labels are wrong."""
    y = np.arange(rows) % 2
    side = 2 * y - 1
    clouds = rng.normal(size=(rows, COLUMNS)) + side[:, None] / np.sqrt(COLUMNS)
    parted = rng.normal(size=(rows, COLUMNS))
    parted[:, 0] = side * (2 + rng.exponential(size=rows))
    wrong = rng.random(rows) < WRONG
    return {"clouds": (clouds, y), "wrong labels": (parted, np.where(wrong, 1 - y, y))}


def hinge_or_entropy(rng: np.random.Generator) -> dict[str, float]:
    """Train a line by either loss, regularised alike: who gets more new rows right, and where."""
    leads: dict[str, list[float]] = {"clouds": [], "wrong labels": []}
    for _ in range(DRAWS):
        seen, new = two_kinds(rng, ROWS), two_kinds(rng, NEW_ROWS)
        for kind, own in leads.items():
            by_hinge = LinearSVC(loss="hinge", random_state=0, **BY_BOTH).fit(*seen[kind])
            by_entropy = LogisticRegression(**BY_BOTH).fit(*seen[kind])
            own.append(by_hinge.score(*new[kind]) - by_entropy.score(*new[kind]))
    intervals = {kind: mean_interval(np.array(own)) for kind, own in leads.items()}
    return {f"lead of hinge, {kind}": low for kind, (_, low, _) in intervals.items()} | {
        f"lead of cross-entropy, {kind}": -high for kind, (_, _, high) in intervals.items()
    }
