"""What sigmoids cannot know of several labels, and what decides where several say yes."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import mutual_info_score

from twinhead.data.features import Split
from twinhead.experiments.tasks import Settings
from twinhead.experiments.tasks.net import sigmoids
from twinhead.training.backend import keras, tf

# Clouds around the corners of a simplex, near enough for several heads to say yes to a row.
CLASSES, ROWS, NEW_ROWS, FAR = 6, 2000, 20_000, 2.0
CONFIDENT = "the most confident"


def marginals(Y: np.ndarray, random: np.random.Generator) -> dict[str, float]:
    """Return what a softmax over all combinations of two labels knows beyond a sigmoid for each.

    In nats a row, without features, where both heads are at their best; of the two labels of Y,
    shape (rows, labels), that go together most. And where one of the two is shuffled.
    """
    correlations = np.nan_to_num(np.abs(np.triu(np.corrcoef(Y.T), 1)))  # NaN: a label for all rows.
    one, other = Y[:, np.unravel_index(correlations.argmax(), correlations.shape)].T
    return {
        "nats that two labels tell of each other": float(mutual_info_score(one, other)),
        "nats that softmax over both gains": _gained(one, other),
        "nats that softmax over both gains, one shuffled": _gained(one, random.permutation(other)),
    }


def _gained(one: np.ndarray, other: np.ndarray) -> float:
    both = np.column_stack([one, other]).astype(float)
    pair = (2 * one + other).astype(int)

    def marginal(z: tf.Tensor) -> tf.Tensor:
        rows = tf.repeat(z[None], len(both), axis=0)
        return 2 * keras.losses.binary_crossentropy(both, rows, from_logits=True)

    def joint(z: tf.Tensor) -> tf.Tensor:
        rows = tf.repeat(z[None], len(both), axis=0)
        return keras.losses.sparse_categorical_crossentropy(pair, rows, from_logits=True)

    return _lowest(marginal, 2) - _lowest(joint, 4)


def _lowest(losses: Callable, logits: int) -> float:
    def mean(z: np.ndarray) -> tuple[float, np.ndarray]:
        z = tf.constant(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            found = tf.reduce_mean(losses(z))
        return float(found), tape.gradient(found, z).numpy()

    return float(minimize(mean, np.zeros(logits), jac=True, options={"gtol": 1e-8}).fun)


def several_say_yes(settings: Settings) -> dict[str, float]:
    """Train one head against the rest for each class, and let two rules decide between them.

    Of rows to which several heads say yes, that of their class among them: the most confident
    one, or the first. How many more rows each gets right than lots would, on average over seeds;
    nothing where no row is so.
    """
    leads: dict[str, list[float]] = {CONFIDENT: [], "the first": []}
    shares = []
    for seed in settings.seeds:
        random = np.random.default_rng(seed)
        (X, y), (X_new, y_new) = (_clouds(random, rows) for rows in (ROWS, NEW_ROWS))
        none = np.zeros(0)  # Nothing is taken out of columns.
        parts = Split(X, y, X_new, y_new, none, none)
        wanted = np.eye(CLASSES)[y], np.eye(CLASSES)[y_new]
        z = sigmoids(settings, parts, wanted, seed)[1](X_new)
        yes = z > 0
        torn = (yes.sum(axis=1) > 1) & yes[np.arange(NEW_ROWS), y_new]
        if not torn.any():
            return {}
        shares.append(float(torn.mean()))
        by_lot = (1 / yes[torn].sum(axis=1)).mean()
        for who, decides in ((CONFIDENT, z), ("the first", yes)):
            right = (decides[torn].argmax(axis=1) == y_new[torn]).mean()
            leads[who].append(float(right - by_lot))
    numbers = {f"lead over lots, {who}": float(np.mean(own)) for who, own in leads.items()}
    return numbers | {"rows to which several say yes": float(np.mean(shares))}


def _clouds(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    y = (np.arange(rows) % CLASSES).astype(np.uint8)
    X = random.standard_normal((rows, CLASSES)) + FAR * np.eye(CLASSES)[y]
    return X.astype(np.float32), y
