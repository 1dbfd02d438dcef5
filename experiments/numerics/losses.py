"""Cross-entropy from logits, from probabilities and written out: losses and their gradients."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import special

from twinhead.experiments.numerics.softmax import PRECISIONS, WRITTEN, written_out
from twinhead.results.history import History
from twinhead.training.backend import keras, tf

# What article 003's examples start from; published.csv has where they are printed.
CLASSES, LABELS = 10, (1, 3)
PUSHED, TRUE_CLASS = (4.0, -4.0, 3.0), 2
# Beyond it a loss from probabilities is clipped, in both precisions: 17 > -ln(1e-7) = 16.1.
CLIPPED_FROM = 17.0
LOGITS, PROBABILITIES = "from logits", "from probabilities"

# TensorFlow's loss from logits, Keras's from either, and what makes probabilities.
HEADS = {
    "softmax": (
        tf.nn.softmax_cross_entropy_with_logits,
        keras.losses.categorical_crossentropy,
        tf.nn.softmax,
    ),
    "sigmoid": (
        tf.nn.sigmoid_cross_entropy_with_logits,
        keras.losses.binary_crossentropy,
        tf.nn.sigmoid,
    ),
}
entropy = keras.losses.categorical_crossentropy


def shapes(random: np.random.Generator) -> dict[str, float]:
    """Return what losses come out for several axes, and for several logits of a sigmoid."""
    logits = random.standard_normal((2, 3, 4))
    labels = random.dirichlet(np.ones(4), (2, 3))  # Distributions, no one-hot rows.
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits).numpy()
    found = {}
    for name, axis in (("last", -1), ("first", 0)):
        expected = -(labels * special.log_softmax(logits, axis=axis)).sum(axis=-1)
        found[f"losses of shape (2, 3, 4), {name} axis"] = float(np.abs(losses - expected).max())
    columns, marks = logits[0].T, labels[0].T  # (classes, examples), as article 002 has them.

    def cost(Z: np.ndarray, Y: np.ndarray) -> float:
        losses = tf.nn.softmax_cross_entropy_with_logits(labels=Y, logits=Z)
        return float(tf.reduce_mean(losses))

    mean = -(labels[0] * special.log_softmax(logits[0], axis=-1)).sum(axis=-1).mean()
    found["cost of (classes, examples), transposed"] = abs(cost(columns.T, marks.T) - mean)
    found["cost of (classes, examples), as it is"] = abs(cost(columns, marks) - mean)
    z = tf.constant([2.0, 1.0, 0.0], tf.float64)
    each = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(z), logits=z)
    return found | {
        "losses for three logits": float(tf.size(each)),
    }


def of_normal_logits(draws: int, random: np.random.Generator) -> dict[str, float]:
    """Return how far losses from logits and from probabilities are apart on ordinary logits.

    As article 003 has it: ten classes, normal logits, float32, the mean over pairs of samples.
    """
    samples = draws + draws % 2
    z = tf.constant(random.standard_normal((samples, CLASSES)), tf.float32)
    y = tf.one_hot(np.tile(LABELS, samples // 2), CLASSES)

    def of_pairs(y_pred, from_logits: bool) -> np.ndarray:
        losses = entropy(y, y_pred, from_logits=from_logits)
        return tf.reduce_mean(tf.reshape(losses, (-1, 2)), axis=1).numpy()

    logits, apart = of_pairs(z, True), of_pairs(tf.nn.softmax(z), False)
    twice = of_pairs(tf.nn.softmax(z), True)
    ulp = np.spacing(logits)
    start = "003: mean CE(one_hot([1, 3])"
    return {
        f"{start}, z, from_logits=True), z ~ N(0, 1)": float(logits[0]),
        f"{start}, softmax(z), from_logits=False), z ~ N(0, 1)": float(apart[0]),
        "random logits, apart in ulp": float((np.abs(logits - apart) / ulp).max()),
        "random logits, softmax twice, apart in ulp": float((np.abs(logits - twice) / ulp).max()),
    }


def saturation() -> dict[str, float]:
    """Return losses and gradients at [0, 200], class 0, and of [4, -4, 3] by two ways."""
    epsilon = keras.config.epsilon()
    found = {"Keras's epsilon": float(epsilon), "−ln of Keras's epsilon": float(-np.log(epsilon))}
    y = np.array([[1.0, 0.0]])
    for precision in PRECISIONS:
        for name, loss in (
            (LOGITS, lambda z: entropy(y, z, from_logits=True)),
            ("from TensorFlow's softmax", lambda z: entropy(y, tf.nn.softmax(z))),
            ("from Keras's softmax", lambda z: entropy(y, keras.activations.softmax(z))),
            (WRITTEN, lambda z: -tf.math.log(written_out(z)[:, 0])),
        ):
            losses, slopes = _with_slopes(loss, np.array([[0.0, 200.0]], precision))
            found[f"loss at [0, 200] {name}, {precision}"] = float(losses[0])
            found[f"gradient at [0, 200] {name}, {precision}"] = float(slopes[0, 0])
    y = tf.one_hot([TRUE_CLASS], len(PUSHED), dtype=tf.float64)
    z = tf.constant([PUSHED], tf.float64)
    once = float(entropy(y, z, from_logits=True)[0])
    twice = float(entropy(y, tf.nn.softmax(z), from_logits=True)[0])
    apart = float(entropy(y, tf.nn.softmax(z), from_logits=False)[0])
    return found | {
        "loss of [4, -4, 3]": once,
        "loss of [4, -4, 3], softmax twice": twice,
        "loss of [4, -4, 3], softmax twice to once": abs(once - twice),
        "loss of [4, -4, 3], from probabilities to once": abs(once - apart),
    }


def _with_slopes(loss: Callable, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the losses of a batch of logits, and their derivatives."""
    logits = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = loss(logits)
    return losses.numpy(), tape.gradient(losses, logits).numpy()


def agreement(draws: int, random: np.random.Generator) -> pd.DataFrame:
    """Return how far TensorFlow, Keras and SciPy are apart in eps, relative to losses above 1.

    Logits are wide (sd 10): from probabilities, the control, Keras must clip some of them.
    """
    rows = []
    for precision in PRECISIONS:
        z = (10 * random.standard_normal((draws, CLASSES))).astype(precision)
        labels = random.integers(CLASSES, size=draws)
        labels[0], z[0, 0] = 0, -40  # One to clip for certain, however few are drawn.
        onehot = np.eye(CLASSES, dtype=precision)[labels]
        logit, y = z[:, :1], onehot[:, :1]
        signed = np.where(y == 1, logit, -logit)[:, 0]
        for head, z_head, y_head, reference in (
            ("softmax", z, onehot, -special.log_softmax(z, axis=1)[np.arange(draws), labels]),
            ("sigmoid", logit, y, -special.log_expit(signed)),
        ):
            plain, entropy, activation = HEADS[head]
            for who, losses in (
                ("SciPy", reference),
                ("TensorFlow", plain(y_head, z_head)),
                ("Keras", entropy(y_head, tf.constant(z_head), from_logits=True)),
                (PROBABILITIES, entropy(y_head, activation(z_head))),
            ):
                apart = np.abs(np.ravel(losses) - reference) / np.maximum(1, reference)
                in_eps = float(apart.max() / np.finfo(precision).eps)
                rows.append((head, precision, who, in_eps))
    return pd.DataFrame(rows, columns=["head", "precision", "who", "apart_in_eps"])


def most_apart(agreement: pd.DataFrame) -> dict[str, float]:
    """Return the largest distance from SciPy for each head and precision."""
    way = np.where(agreement["who"] == PROBABILITIES, PROBABILITIES, LOGITS)
    largest = agreement.groupby(["head", way, "precision"])["apart_in_eps"].max()
    return {
        f"{head} losses apart in eps, {way}, {precision}": float(apart)
        for (head, way, precision), apart in largest.items()
    }


def errors(sizes: np.ndarray) -> pd.DataFrame:
    """Return relative errors of loss and gradient where one logit is `sizes` and the other 0.

    `wrong` has the label of the smaller logit, `right` of the larger. The gradient is the one with
    respect to the larger. The reference is NumPy's and SciPy's in long double.
    """
    tables = []
    for head in HEADS:
        for precision in PRECISIONS:
            z = sizes.astype(precision)
            s = z.astype(np.longdouble)
            for case, label, loss, gradient in (
                ("wrong", 0, np.logaddexp(0, s), special.expit(s)),
                ("right", 1, np.logaddexp(0, -s), -special.expit(-s)),
            ):
                for way, call in _ways(head, label).items():
                    losses, slopes = map(np.ravel, _with_slopes(call, z[:, None]))
                    columns = {
                        **{"head": head, "precision": precision, "way": way, "case": case},
                        "size": sizes,
                        "loss": losses.astype(np.float64),
                        "loss_error": _relative(losses, loss),
                        "gradient_error": _relative(slopes, gradient),
                    }
                    tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _ways(head: str, label: int) -> dict[str, Callable]:
    """Return functions from the larger logit, shape (n, 1), to losses; the other logit is 0."""
    _, entropy, activation = HEADS[head]

    def logits(z):
        return z if head == "sigmoid" else tf.concat([tf.zeros_like(z), z], axis=1)

    def y(z):
        first = tf.ones_like(z) * label
        return first if head == "sigmoid" else tf.concat([1 - first, first], axis=1)

    def written(z):
        if head == "softmax":
            return -tf.math.log(written_out(logits(z))[:, label])
        p = 1 / (1 + tf.exp(-z))
        return -tf.math.log(p if label else 1 - p)

    return {
        LOGITS: lambda z: entropy(y(z), logits(z), from_logits=True),
        PROBABILITIES: lambda z: entropy(y(z), activation(logits(z))),
        WRITTEN: written,
    }


def _relative(found: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return |found - reference| / |reference|; infinite where `found` is no finite number.

    Where the reference is below what long double can tell from 0, float64's largest number stands
    for any difference.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(found - reference)
        error = np.minimum(apart / np.abs(reference), np.finfo(np.float64).max)
    error = np.where(apart == 0, 0, error)
    return np.where(np.isfinite(found), error, np.inf).astype(np.float64)


def keep_what_clipping_leaves(history: History) -> None:
    """Add what is left of a wrong class's digits to the history's numbers, from its `errors`."""
    history.numbers["clipped from"] = CLIPPED_FROM
    errors = history.tables["errors"]
    wrong = errors[errors["case"] == "wrong"]
    clipped = wrong["size"] >= CLIPPED_FROM
    eps = wrong["precision"].map(lambda precision: np.finfo(precision).eps)
    in_eps = wrong[["loss_error", "gradient_error"]].max(axis=1) / eps
    for way in (LOGITS, PROBABILITIES):
        own = wrong["way"] == way
        found = {
            f"smallest error of a clipped gradient, {way}": (
                wrong.loc[own & clipped, "gradient_error"].min()
            ),
            f"largest error in eps, {way}": in_eps[own].max(),
        }
        if clipped.any():
            history.numbers |= {name: float(value) for name, value in found.items()}
        else:
            why = f"No size reaches {CLIPPED_FROM:g}: nothing is clipped."
            history.untested |= dict.fromkeys(found, why)
