"""Derivatives, automatic (TensorFlow), by the articles' formula and by differences (SciPy)."""

import logging
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.differentiate import derivative, jacobian
from scipy.optimize import approx_fprime, minimize_scalar
from scipy.special import expit, log_softmax, softmax

from twinhead.data.features import CLOSED_FORMS
from twinhead.experiments.gradients import Settings
from twinhead.experiments.gradients.descent import longest_steps
from twinhead.results.history import History
from twinhead.results.published import beside_print, misses
from twinhead.training.backend import keras, tf

log = logging.getLogger(__name__)

# Article 003's example of "push all, pull one", a step of rate 1 on the logits themselves.
PUSHED, TRUE_CLASS, RATE_OF_LOGITS = (4.0, -4.0, 3.0), 2, 1.0
ONE_OF_THREE = 1
CLASSES = 5
CURVE = np.linspace(-8, 8, 321)  # Has 0, where the sigmoid's slope is largest.
# A dense layer's input and rate, to see what one step does to its logits.
INPUTS, RATE = (0.5, -1.0, 2.0, 1.5), 0.1
UNITS = 8  # Of the layer whose outputs all have one sign.
AUTOMATIC, FORMULA, DIFFERENCES = "automatic", "formula", "differences"


def measure(settings: Settings) -> History:
    log.info("%d random logits", settings.draws)
    history = History(dict(CLOSED_FORMS))
    random = np.random.default_rng(settings.seed)
    numbers, tables = history.numbers, history.tables
    tables["jacobian"] = _example_jacobian()
    tables["push_pull"] = _push_pull()
    tables["sigmoid"] = _sigmoid_curve()
    numbers |= _printed_example() | _jacobians(settings.draws, random)
    numbers |= _cross_entropies(settings.draws, random) | _one_step() | _squared_error()
    numbers |= _sigmoid_slopes(tables["sigmoid"]) | _sigmoids_in_a_row(settings.depth)
    numbers |= _absolute_error(random) | _argmax() | _exponential()
    numbers |= _one_way(settings.draws, random) | longest_steps(random)
    numbers |= misses("001", "gradients", numbers) | misses("003", "gradients", numbers)
    tables["summary"] = pd.DataFrame(beside_print("gradients", numbers))
    return history


def _jacobian(call: Callable, z: np.ndarray) -> np.ndarray:
    """Return TensorFlow's Jacobian of `call` at one vector of logits."""
    z = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        found = call(z)
    return tape.jacobian(found, z).numpy()


def _slope(call: Callable, x: np.ndarray) -> np.ndarray:
    """Return TensorFlow's derivative of `call`, element by element."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = call(x)
    return tape.gradient(found, x).numpy()


def _by_formula(z: np.ndarray) -> np.ndarray:
    """Return diag(y) - y y^T: y_i (1 - y_i) where i = j, and -y_i y_j elsewhere."""
    y = softmax(z)
    return np.diag(y) - np.outer(y, y)


def _by_differences(call: Callable, z: np.ndarray) -> np.ndarray:
    """Return SciPy's Jacobian by differences of a function of one vector."""
    return jacobian(lambda z: np.apply_along_axis(call, 0, z), z).df


def _apart(found: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(found - other).max())


def _entropy_of(y) -> Callable:
    """Return cross-entropy with these labels, as a function of logits."""
    return lambda z: keras.losses.categorical_crossentropy(y, z, from_logits=True)


def _example_jacobian() -> pd.DataFrame:
    z = np.array(PUSHED)
    output, logit = np.indices((len(z), len(z)))
    ways = {
        AUTOMATIC: _jacobian(tf.nn.softmax, z),
        FORMULA: _by_formula(z),
        DIFFERENCES: _by_differences(softmax, z),
    }
    columns = {"output": output, "logit": logit, **ways}
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def _push_pull() -> pd.DataFrame:
    """Return, class by class, what one step of rate 1 on the logits themselves does."""
    z, y = np.array(PUSHED), np.eye(len(PUSHED))[TRUE_CLASS]
    gradient = _slope(_entropy_of(y), z)
    after = z - RATE_OF_LOGITS * gradient
    return pd.DataFrame(
        {
            "node": np.arange(len(z)),
            "logit": z,
            "probability": tf.nn.softmax(z).numpy(),
            "label": y,
            "gradient": gradient,
            "logit_after": after,
            "probability_after": tf.nn.softmax(after).numpy(),
        }
    )


def _sigmoid_curve() -> pd.DataFrame:
    values = keras.ops.convert_to_numpy(keras.ops.sigmoid(CURVE))
    return pd.DataFrame(
        {
            "x": CURVE,
            "sigmoid": values,
            AUTOMATIC: _slope(keras.ops.sigmoid, CURVE),
            FORMULA: values * (1 - values),
            DIFFERENCES: derivative(expit, CURVE).df,
        }
    )


def _printed_example() -> dict[str, float]:
    """Return what articles 001 and 003 print here, in float32 where they computed in it."""
    z = tf.constant(PUSHED, tf.float32)
    y = tf.one_hot(TRUE_CLASS, depth=3)
    loss = _entropy_of(y)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(z))
    gradient = _slope(loss, z)
    between = _jacobian(tf.exp, np.array(PUSHED))
    peak = minimize_scalar(
        lambda x: -float(_slope(keras.ops.sigmoid, np.array([x]))[0]), bracket=(-1.0, 0.5)
    )
    # Softmax taken off all, and what is then still missing from the true one: the label.
    added = (z - gradient) - (z - p)
    lists = {
        "003: one_hot(1, depth=3)": tf.one_hot(ONE_OF_THREE, depth=3).numpy(),
        "003: softmax([4, -4, 3])": p,
        "003: one_hot(2, depth=3)": y.numpy(),
        "003: dCE/dz at z = [4, -4, 3], y = one_hot(2)": gradient,
    }
    found = {f"{name}[{i}]": value for name, all in lists.items() for i, value in enumerate(all)}
    found |= {
        "001: inf sigmoid'": _slope(keras.ops.sigmoid, np.array([-1e3, 1e3])).min(),
        "001: max sigmoid'": -peak.fun,
        "003: d exp(z_i) / d z_j, j != i": np.abs(between - np.diag(np.diag(between))).max(),
        "003: CE(one_hot(2), [4, -4, 3])": loss(z),
        "003: length of the printed tensors, shape=(3,)": gradient.size,
        "003: amount added to the true logit in z - (softmax(z) - y)": added[TRUE_CLASS],
    }
    return {name: float(value) for name, value in found.items()}


def _jacobians(draws: int, random: np.random.Generator) -> dict[str, float]:
    """Return how far the three Jacobians of softmax are apart, and from one case alone."""
    largest = dict.fromkeys(("formula", "differences", "diagonal", "off diagonal"), 0.0)
    for z in 3 * random.standard_normal((draws, CLASSES)):
        automatic, y = _jacobian(tf.nn.softmax, z), softmax(z)
        for name, other in (
            ("formula", _by_formula(z)),
            ("differences", _by_differences(softmax, z)),
            ("diagonal", np.diag(y * (1 - y))),
            ("off diagonal", -np.outer(y, y)),
        ):
            largest[name] = max(largest[name], _apart(automatic, other))
    column = _jacobian(tf.nn.softmax, np.array([1.0, 2.0, 3.0]))[:, 2]
    return {f"Jacobian, automatic to {name}": value for name, value in largest.items()} | {
        "lost by all others, in what class 2 wins": float(-column[:2].sum() / column[2]),
        "lost by class 1 alone, in what class 2 wins": float(-column[1] / column[2]),
    }


def _cross_entropies(draws: int, random: np.random.Generator) -> dict[str, float]:
    """Return how far cross-entropy's gradient is from p - y, for several kinds of labels."""
    z = 3 * random.standard_normal((draws, CLASSES))
    p = softmax(z, axis=1)
    onehot = np.eye(CLASSES)[random.integers(CLASSES, size=draws)]
    soft = random.dirichlet(np.ones(CLASSES), draws)
    two = np.maximum(onehot, np.roll(onehot, 1, axis=1))
    found = {
        f"gradient to p - y, {kind}": _apart(_slope(_entropy_of(y), z), p - y)
        for kind, y in (
            ("one-hot labels", onehot),
            ("soft labels", soft),
            ("two labels a row", two),
        )
    }
    gradient = _slope(_entropy_of(onehot), z)
    losses = [lambda z, y=each: -(y @ log_softmax(z)) for each in onehot]
    differences = np.array(list(map(_by_differences, losses, z))).reshape(z.shape)
    return found | {
        "gradient to differences": _apart(differences, gradient),
        "sum of the gradient": float(np.abs(gradient.sum(axis=1)).max()),
        "sum of p": float(np.abs(p.sum(axis=1)).max()),
    }


def _exponential() -> dict[str, float]:
    """Return how far the slopes of two powers are from the powers, relative to these."""
    powers = (("exp", tf.exp), ("2^x", lambda x: tf.constant(2.0, tf.float64) ** x))
    return {
        f"slope of {name}, to {name}": _apart(_slope(call, CURVE) / call(CURVE).numpy(), 1.0)
        for name, call in powers
    }


def _one_step() -> dict[str, float]:
    """Return by how much one step on a dense layer's weights moves its logits, in y - p."""
    x = tf.constant([INPUTS], tf.float64)
    y = tf.one_hot([TRUE_CLASS], 3, dtype=tf.float64)

    def step(optimizer: keras.optimizers.Optimizer) -> float:
        """Return the mean over classes of how far a logit moves in y - p."""
        layer = keras.layers.Dense(3, dtype="float64")
        layer.build(x.shape)
        # The bias alone gives the article's logits, so that the example is the same.
        layer.set_weights([np.zeros((len(INPUTS), 3)), np.array(PUSHED)])
        before = layer(x)
        with tf.GradientTape() as tape:
            loss = _entropy_of(y)(layer(x))
        gradients = tape.gradient(loss, layer.trainable_variables)
        optimizer.apply(gradients, layer.trainable_variables)
        moved = (layer(x) - before).numpy()[0]
        return float((moved / (y - tf.nn.softmax(before)).numpy()[0]).mean())

    return {
        "rate": RATE,
        "step of the logits, in y - p": step(keras.optimizers.SGD(RATE)),
        "step of the logits by Adam, in y - p": step(keras.optimizers.Adam(RATE)),
        "rate times (|x|^2 + 1)": float(RATE * (tf.reduce_sum(x**2) + 1)),
    }


def _sigmoid_slopes(curve: pd.DataFrame) -> dict[str, float]:
    """Return how far the sigmoid's slopes are apart, how large they get, and their jump at 0."""
    automatic, s = curve[AUTOMATIC], curve["sigmoid"]
    found = {
        "sigmoid's slope, automatic to formula": _apart(automatic, curve[FORMULA]),
        "sigmoid's slope, automatic to differences": _apart(automatic, curve[DIFFERENCES]),
        "sigmoid's slope, automatic to s (1 + s)": _apart(automatic, s * (1 + s)),
        "sigmoid's largest slope": float(automatic.max()),
        "sigmoid's largest slope, 0 left out": float(automatic[curve["x"].abs() > 1e-9].max()),
    }
    for name in ("sigmoid", "relu"):
        left, right = _slope(getattr(keras.ops, name), np.array([-1e-6, 1e-6]))
        found[f"jump of the slope at 0, {name}"] = float(abs(right - left))
    return found


def _sigmoids_in_a_row(depth: int) -> dict[str, float]:
    """Return what is left of a gradient behind `depth` sigmoids; also in powers of 1/4."""
    found = {"depth": float(depth)}
    for weight in (1.0, 8.0):

        def in_a_row(x, weight=weight):
            for _ in range(depth):
                x = keras.ops.sigmoid(weight * (x - 0.5))  # 0.5 in, 0.5 out: the steepest place.
            return x

        slope = float(_slope(in_a_row, np.array([0.5]))[0])
        found[f"slope through the sigmoids, weight {weight:g}"] = slope
        found[f"quarters through the sigmoids, weight {weight:g}"] = -np.log(slope) / np.log(4)
    return found


def _squared_error() -> dict[str, float]:
    """Return gradients of squared error and cross-entropy behind a sigmoid, label 1."""

    def squared(z):
        return (keras.ops.sigmoid(z) - 1) ** 2

    def entropy(z):
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(z), logits=z)

    places = np.array([-10.0, 0.0])
    found = {
        f"squared error's gradient in cross-entropy's, z = {z:g}": float(share)
        for z, share in zip(places, _slope(squared, places) / _slope(entropy, places), strict=True)
    }
    grid = tf.constant(CURVE)
    for name, loss in (("squared error", squared), ("cross-entropy", entropy)):
        with tf.GradientTape() as outer:
            outer.watch(grid)
            with tf.GradientTape() as inner:
                inner.watch(grid)
                losses = loss(grid)
            slopes = inner.gradient(losses, grid)
        bend = outer.gradient(slopes, grid).numpy()
        found[f"smallest second derivative, {name}"] = float(bend.min())
    return found


def _absolute_error(random: np.random.Generator) -> dict[str, float]:
    """Return how far the gradients of two regression losses are from sign(error) / n."""
    truth, predicted = random.standard_normal((2, 1, 20))
    sign = np.sign(predicted - truth) / truth.size
    return {
        f"gradient to sign(error) / n, {name}": _apart(
            _slope(lambda p, loss=loss: loss(truth, p), predicted), sign
        )
        for name, loss in (
            ("absolute error", keras.losses.mean_absolute_error),
            ("squared error", keras.losses.mean_squared_error),
        )
    }


def _argmax() -> dict[str, float]:
    """Return the largest change, per change of a logit, of one-hot argmax and of softmax."""

    def one_hot(z: np.ndarray) -> np.ndarray:
        return tf.one_hot(tf.argmax(z), len(z), dtype=tf.float64).numpy()

    return {
        f"largest slope, {name}": float(np.abs(approx_fprime(np.array(PUSHED), call, 1e-6)).max())
        for name, call in (("one-hot argmax", one_hot), ("softmax", softmax))
    }


def _one_way(draws: int, random: np.random.Generator) -> dict[str, float]:
    """Return how often a sample moves all weights of the next layer's unit in one direction."""
    before, weights = random.standard_normal((2, draws, UNITS))
    found = {}
    for name, activation in (("sigmoid", tf.nn.sigmoid), ("tanh", tf.nn.tanh)):
        w = tf.constant(weights)
        with tf.GradientTape() as tape:
            tape.watch(w)
            z = tf.reduce_sum(w * activation(before), axis=1)
            loss = tf.nn.sigmoid_cross_entropy_with_logits(tf.ones_like(z), z)
        sign = np.sign(tape.gradient(loss, w).numpy())
        found[f"samples that move all weights one way, {name}"] = float(
            (np.abs(sign.sum(axis=1)) == UNITS).mean()
        )
    return found
