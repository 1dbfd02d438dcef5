"""Derivatives of softmax, sigmoid and cross-entropy, each taken in three ways that must agree.

Automatic (TensorFlow), by the articles' formula, and by differences (SciPy), in float64:

    python experiments/gradients.py
    python experiments/gradients.py draws=1000 depth=20
"""

import logging
from functools import partial

import numpy as np

from twinhead import claims, config, data, runs
from twinhead.history import History, Row

log = logging.getLogger("twinhead.gradients")

# Article 003's example of "push all, pull one".
PUSHED, TRUE_CLASS = (4.0, -4.0, 3.0), 2
ONE_OF_THREE = 1
CLASSES = 5
CURVE = np.linspace(-8, 8, 321)  # Has 0, where the sigmoid's slope is largest.
# A dense layer's input and rate, to see what one step does to its logits.
INPUTS, RATE = (0.5, -1.0, 2.0, 1.5), 0.1
AUTOMATIC, FORMULA, DIFFERENCES = "automatic", "formula", "differences"


def measure(settings: config.Gradients) -> History:
    log.info("%d random logits; starting TensorFlow", settings.draws)
    history = History(dict(data.CLOSED_FORMS))
    random = np.random.default_rng(settings.seed)
    history.tables["jacobian"] = _example_jacobian()
    history.tables["push_pull"] = _push_pull()
    history.tables["sigmoid"] = _sigmoid_curve()
    history.numbers |= _printed_example() | _jacobians(settings, random)
    history.numbers |= _cross_entropies(settings, random) | _one_step() | _sigmoid_facts(settings)
    history.numbers |= _squared_error() | _absolute_error(random) | _argmax()
    return history


def _jacobian(call, z: np.ndarray) -> np.ndarray:
    """Return TensorFlow's Jacobian of `call` at one vector of logits."""
    from twinhead.backend import tf

    z = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(z)
        found = call(z)
    return tape.jacobian(found, z).numpy()


def _slope(call, x: np.ndarray) -> np.ndarray:
    """Return TensorFlow's derivative of `call`, element by element."""
    from twinhead.backend import tf

    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = call(x)
    return tape.gradient(found, x).numpy()


def _by_formula(z: np.ndarray) -> np.ndarray:
    """Return diag(y) - y y^T: y_i (1 - y_i) where i = j, and -y_i y_j elsewhere."""
    from scipy.special import softmax

    y = softmax(z)
    return np.diag(y) - np.outer(y, y)


def _by_differences(call, z: np.ndarray) -> np.ndarray:
    """Return SciPy's Jacobian by differences of a function of one vector."""
    from scipy.differentiate import jacobian

    return jacobian(lambda z: np.apply_along_axis(call, 0, z), z).df


def _example_jacobian() -> list[Row]:
    from scipy.special import softmax

    from twinhead.backend import tf

    z = np.array(PUSHED)
    ways = {
        AUTOMATIC: _jacobian(tf.nn.softmax, z),
        FORMULA: _by_formula(z),
        DIFFERENCES: _by_differences(softmax, z),
    }
    return [
        {"output": i, "logit": j, **{way: float(found[i, j]) for way, found in ways.items()}}
        for i in range(len(z))
        for j in range(len(z))
    ]


def _push_pull() -> list[Row]:
    """Return, class by class, what one step of rate 1 on the logits themselves does."""
    from twinhead.backend import keras, tf

    z, y = tf.constant(PUSHED, tf.float64), tf.one_hot(TRUE_CLASS, 3, dtype=tf.float64)

    def loss(z):
        return keras.losses.categorical_crossentropy(y, z, from_logits=True)

    gradient = _slope(loss, z)
    return [
        {
            "node": i,
            "logit": float(z[i]),
            "probability": float(tf.nn.softmax(z)[i]),
            "label": float(y[i]),
            "gradient": float(gradient[i]),
            "logit_after": float(z[i] - gradient[i]),
            "probability_after": float(tf.nn.softmax(z - gradient)[i]),
        }
        for i in range(len(PUSHED))
    ]


def _sigmoid_curve() -> list[Row]:
    from scipy.differentiate import derivative
    from scipy.special import expit

    from twinhead.backend import keras

    values = keras.ops.convert_to_numpy(keras.ops.sigmoid(CURVE))
    ways = {
        AUTOMATIC: _slope(keras.ops.sigmoid, CURVE),
        FORMULA: values * (1 - values),
        DIFFERENCES: derivative(expit, CURVE).df,
    }
    return [
        {
            "x": float(x),
            "sigmoid": float(values[i]),
            **{way: float(found[i]) for way, found in ways.items()},
        }
        for i, x in enumerate(CURVE)
    ]


def _printed_example() -> dict[str, float]:
    """Return what articles 001 and 003 print here, in float32 where they computed in it."""
    from scipy.optimize import minimize_scalar

    from twinhead.backend import keras, tf

    z = tf.constant(PUSHED, tf.float32)
    y = tf.one_hot(TRUE_CLASS, depth=3)

    def loss(z):
        return keras.losses.categorical_crossentropy(y, z, from_logits=True)

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


def _jacobians(settings: config.Gradients, random: np.random.Generator) -> dict[str, float]:
    """Return how far the three Jacobians of softmax are apart, and from one case alone."""
    from scipy.special import softmax

    from twinhead.backend import tf

    largest = dict.fromkeys(("formula", "differences", "diagonal", "off diagonal"), 0.0)
    for z in 3 * random.standard_normal((settings.draws, CLASSES)):
        automatic, y = _jacobian(tf.nn.softmax, z), softmax(z)
        for name, other in (
            ("formula", _by_formula(z)),
            ("differences", _by_differences(softmax, z)),
            ("diagonal", np.diag(y * (1 - y))),
            ("off diagonal", -np.outer(y, y)),
        ):
            largest[name] = max(largest[name], float(np.abs(automatic - other).max()))
    column = _jacobian(tf.nn.softmax, np.array([1.0, 2.0, 3.0]))[:, 2]
    return {f"Jacobian, automatic to {name}": value for name, value in largest.items()} | {
        "lost by all others, in what class 2 wins": float(-column[:2].sum() / column[2]),
        "lost by class 1 alone, in what class 2 wins": float(-column[1] / column[2]),
    }


def _cross_entropies(settings: config.Gradients, random: np.random.Generator) -> dict[str, float]:
    """Return how far cross-entropy's gradient is from p - y, for several kinds of labels."""
    from scipy.special import log_softmax, softmax

    from twinhead.backend import keras

    z = 3 * random.standard_normal((settings.draws, CLASSES))
    onehot = np.eye(CLASSES)[random.integers(CLASSES, size=settings.draws)]
    kinds = {
        "one-hot labels": onehot,
        "soft labels": random.dirichlet(np.ones(CLASSES), settings.draws),
        "two labels a row": np.maximum(onehot, np.roll(onehot, 1, axis=1)),
    }
    found = {}
    for name, y in kinds.items():
        gradient = _slope(
            lambda z, y=y: keras.losses.categorical_crossentropy(y, z, from_logits=True), z
        )
        found[f"gradient to p - y, {name}"] = float(np.abs(gradient - (softmax(z, 1) - y)).max())
        if name == "one-hot labels":
            losses = [lambda z, y=each: -(y @ log_softmax(z)) for each in y]
            differences = np.array(list(map(_by_differences, losses, z)))
            apart = np.abs(differences.reshape(z.shape) - gradient)
            found["gradient to differences"] = float(apart.max())
            found["sum of the gradient"] = float(np.abs(gradient.sum(axis=1)).max())
            found["sum of p"] = float(np.abs(softmax(z, axis=1).sum(axis=1)).max())
    return found


def _one_step() -> dict[str, float]:
    """Return by how much one SGD step on a dense layer's weights moves its logits, in p - y."""
    from twinhead.backend import keras, tf

    x = tf.constant([INPUTS], tf.float64)
    layer = keras.layers.Dense(3, dtype="float64")
    layer.build(x.shape)
    # The bias alone gives the article's logits, so that the example is the same.
    layer.set_weights([np.zeros((len(INPUTS), 3)), np.array(PUSHED)])
    y = tf.one_hot([TRUE_CLASS], 3, dtype=tf.float64)
    before = layer(x)
    with tf.GradientTape() as tape:
        loss = keras.losses.categorical_crossentropy(y, layer(x), from_logits=True)
    gradients = tape.gradient(loss, layer.trainable_variables)
    keras.optimizers.SGD(RATE).apply(gradients, layer.trainable_variables)
    moved = (layer(x) - before).numpy()[0]
    slope = (tf.nn.softmax(before) - y).numpy()[0]
    return {
        "step of the logits, in y - p": float((moved / -slope).mean()),
        "rate times (|x|^2 + 1)": float(RATE * (tf.reduce_sum(x**2) + 1)),
    }


def _sigmoid_facts(settings: config.Gradients) -> dict[str, float]:
    """Return slopes of ReLU and sigmoid beside 0, and through sigmoids in a row."""
    from twinhead.backend import keras

    step = 1e-6
    found = {}
    for name in ("sigmoid", "relu"):
        call = getattr(keras.ops, name)
        left, right = _slope(call, np.array([-step, step]))
        found[f"jump of the slope at 0, {name}"] = float(abs(right - left))

    def in_a_row(x, weight):
        for _ in range(settings.depth):
            x = keras.ops.sigmoid(weight * (x - 0.5))  # 0.5 in, 0.5 out: the steepest place.
        return x

    middle = np.array([0.5])
    return found | {
        "depth": float(settings.depth),
        "slope through the sigmoids, weight 1": float(
            _slope(lambda x: in_a_row(x, 1.0), middle)[0]
        ),
        "slope through the sigmoids, weight 8": float(
            _slope(lambda x: in_a_row(x, 8.0), middle)[0]
        ),
    }


def _squared_error() -> dict[str, float]:
    """Return gradients of squared error and cross-entropy behind a sigmoid, label 1."""
    from twinhead.backend import keras, tf

    def squared(z):
        return (keras.ops.sigmoid(z) - 1) ** 2

    def entropy(z):
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(z), logits=z)

    found = {}
    places = np.array([-10.0, 0.0])
    of_squared, of_entropy = _slope(squared, places), _slope(entropy, places)
    for i, z in enumerate(places):
        found[f"squared error's gradient in cross-entropy's, z = {z:g}"] = float(
            of_squared[i] / of_entropy[i]
        )
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
    from twinhead.backend import keras

    truth, predicted = random.standard_normal((2, 1, 20))
    sign = np.sign(predicted - truth) / truth.size
    return {
        f"gradient to sign(error) / n, {name}": float(
            np.abs(_slope(lambda p, loss=loss: loss(truth, p), predicted) - sign).max()
        )
        for name, loss in (
            ("absolute error", keras.losses.mean_absolute_error),
            ("squared error", keras.losses.mean_squared_error),
        )
    }


def _argmax() -> dict[str, float]:
    """Return the largest change, per change of a logit, of one-hot argmax and of softmax."""
    from scipy.optimize import approx_fprime
    from scipy.special import softmax

    from twinhead.backend import tf

    def one_hot(z: np.ndarray) -> np.ndarray:
        return tf.one_hot(tf.argmax(z), len(z), dtype=tf.float64).numpy()

    return {
        f"largest slope, {name}": float(np.abs(approx_fprime(np.array(PUSHED), call, 1e-6)).max())
        for name, call in (("one-hot argmax", one_hot), ("softmax", softmax))
    }


def judge(history: History) -> list[claims.Verdict]:
    numbers = history.numbers
    return [
        claims.printed_numbers("1a", "001", "gradients", numbers),
        claims.printed_numbers("1b", "003", "gradients", numbers),
        *_softmax_claims(numbers),
        *_entropy_claims(numbers),
        *_sigmoid_claims(history),
        *_loss_claims(numbers),
    ]


ROUNDING = {"tolerance": 1e-14, "comparison": "equal", "reason": "Rounding in float64."}
# The differences halve their step until they agree with themselves.
BY_DIFFERENCES = {
    "tolerance": 1e-8,
    "comparison": "equal",
    "reason": "SciPy's differences keep about ten digits.",
}


def _softmax_claims(numbers: dict[str, float]) -> list[claims.Verdict]:
    control = {
        "control": "the first case alone, zeros beside the diagonal",
        "control_measured": numbers["Jacobian, automatic to diagonal"],
    }
    return [
        claims.judge(
            id="2a",
            claim="Softmax's Jacobian is diag(y) − y yᵀ (largest deviation of TensorFlow's)",
            source="article 001, section 2, and article 003, section 2",
            expected=0,
            measured=numbers["Jacobian, automatic to formula"],
            **control,
            **ROUNDING,
        ),
        claims.judge(
            id="2b",
            claim="The same by differences (largest deviation from TensorFlow's)",
            source="article 001, section 2, and article 003, section 2",
            expected=0,
            measured=numbers["Jacobian, automatic to differences"],
            **control,
            **BY_DIFFERENCES,
        ),
        claims.judge(
            id="2c",
            claim="What one class wins all the others lose together: softmax([1, 2, 3]), class 2 "
            "(their loss, in its gain); article 004 says that the other loses an equal amount",
            source="article 004, sigmoid or softmax",
            expected=1,
            measured=numbers["lost by all others, in what class 2 wins"],
            control="class 1 alone loses it",
            control_measured=numbers["lost by class 1 alone, in what class 2 wins"],
            **ROUNDING,
        ),
        claims.judge(
            id="2d",
            claim="One-hot argmax has a derivative wherever the maximum is unique, and it is 0: "
            "nothing to learn from (largest slope at [4, -4, 3]); article 001 says it has none",
            source="article 001, section 2",
            expected=0,
            measured=numbers["largest slope, one-hot argmax"],
            control="softmax, its smooth form",
            control_measured=numbers["largest slope, softmax"],
            tolerance=0,
            comparison="equal",
            reason="The vector does not change at all.",
        ),
    ]


def _entropy_claims(numbers: dict[str, float]) -> list[claims.Verdict]:
    source = "article 003, section 3"
    return [
        *(
            claims.judge(
                id=f"3{letter}",
                claim=f"Cross-entropy's gradient is p − y for {kind} (largest deviation){beside}",
                source=source,
                expected=0,
                measured=numbers[f"gradient to p - y, {kind}"],
                control="two labels a row, which add up to 2",
                control_measured=numbers["gradient to p - y, two labels a row"],
                **ROUNDING,
            )
            for letter, kind, beside in (
                ("a", "one-hot labels", ""),
                (
                    "b",
                    "soft labels",
                    "; article 003 derives it from one-hot ones, but labels that add up to 1 will "
                    "do",
                ),
            )
        ),
        claims.judge(
            id="3c",
            claim="The same by differences, one-hot labels (largest deviation from TensorFlow's)",
            source=source,
            expected=0,
            measured=numbers["gradient to differences"],
            control="two labels a row, by formula",
            control_measured=numbers["gradient to p - y, two labels a row"],
            **BY_DIFFERENCES,
        ),
        claims.judge(
            id="3d",
            claim="All the pushes together are the pull: the gradient adds up to 0 (sum farthest "
            "from it)",
            source=source,
            expected=0,
            measured=numbers["sum of the gradient"],
            control="the pushes alone, p",
            control_measured=numbers["sum of p"],
            **ROUNDING,
        ),
        claims.judge(
            id="3e",
            claim="A step updates weights, not logits: one SGD step on a dense layer moves its "
            f"logits by rate · (|x|² + 1) · (y − p) (rate {RATE:g}; the factor); article 003's "
            "z − p + y is a step of rate 1 on the logits themselves",
            source=source,
            expected=numbers["rate times (|x|^2 + 1)"],
            measured=numbers["step of the logits, in y - p"],
            control="article 003's factor",
            control_measured=1.0,
            tolerance=1e-6,
            comparison="equal",
            reason="Keras keeps the rate in float32.",
        ),
    ]


def _sigmoid_claims(history: History) -> list[claims.Verdict]:
    numbers, rows = history.numbers, history.tables["sigmoid"]

    def apart(way: str) -> float:
        return max(abs(row[AUTOMATIC] - row[way]) for row in rows)

    plus = max(abs(row[AUTOMATIC] - row["sigmoid"] * (1 + row["sigmoid"])) for row in rows)
    control = {"control": "s · (1 + s), the sign lost", "control_measured": plus}
    return [
        claims.judge(
            id="4a",
            claim="The sigmoid's derivative is s · (1 − s) (largest deviation of TensorFlow's on "
            "[−8, 8])",
            source="article 001, section 1",
            expected=0,
            measured=apart(FORMULA),
            **control,
            **ROUNDING,
        ),
        claims.judge(
            id="4b",
            claim="The same by differences (largest deviation from TensorFlow's)",
            source="article 001, section 1",
            expected=0,
            measured=apart(DIFFERENCES),
            **control,
            **BY_DIFFERENCES,
        ),
        claims.judge(
            id="4c",
            claim="The sigmoid's derivative reaches 0.25, at 0; article 001 gives the open range "
            "(0, 0.25)",
            source="article 001, section 1",
            expected=0.25,
            measured=max(row[AUTOMATIC] for row in rows),
            tolerance=0,
            comparison="equal",
            reason="0.5 · 0.5 is exact.",
            control="0 left out",
            control_measured=max(row[AUTOMATIC] for row in rows if abs(row["x"]) > 1e-9),
        ),
        claims.judge(
            id="4d",
            claim=f"Through {numbers['depth']:g} sigmoids in a row a gradient keeps 1/4 of itself "
            "at each, at best, if weights do not make up for it (slope, in powers of 1/4)",
            source="article 001, section 1",
            expected=numbers["depth"],
            measured=_quarters(numbers["slope through the sigmoids, weight 1"]),
            tolerance=1e-9,
            comparison="equal",
            reason="Rounding in float64, by logarithms.",
            control="weights of 8, which make up for it",
            control_measured=_quarters(numbers["slope through the sigmoids, weight 8"]),
        ),
        claims.judge(
            id="4e",
            claim="The sigmoid can be differentiated because it is smooth (jump of its slope at "
            "0); article 001 says because it is continuous",
            source="article 001, section 1",
            expected=0,
            measured=numbers["jump of the slope at 0, sigmoid"],
            control="ReLU, which is continuous too",
            control_measured=numbers["jump of the slope at 0, relu"],
            tolerance=1e-6,
            comparison="equal",
            reason="The slopes are taken 1e-6 on either side.",
        ),
    ]


def _quarters(slope: float) -> float:
    return float(-np.log(slope) / np.log(4))


def _loss_claims(numbers: dict[str, float]) -> list[claims.Verdict]:
    return [
        claims.judge(
            id="5a",
            claim="Why not squared error after a sigmoid, 1: where the answer is most wrong, "
            "z = −10 for label 1, hardly any gradient is left (in cross-entropy's)",
            source="article 002, Sigmoid",
            expected=1e-3,
            measured=numbers["squared error's gradient in cross-entropy's, z = -10"],
            tolerance=0,
            comparison="at most",
            reason="The formula is 2 s (1 − s), here 9e-5; a thousandth leaves room.",
            control="z = 0",
            control_measured=numbers["squared error's gradient in cross-entropy's, z = 0"],
        ),
        claims.judge(
            id="5b",
            claim="Why not squared error after a sigmoid, 2: it is not convex (smallest second "
            "derivative on [−8, 8])",
            source="article 002, Sigmoid",
            expected=-0.01,
            measured=numbers["smallest second derivative, squared error"],
            tolerance=0,
            comparison="at most",
            reason="Clearly below 0; rounding gives 1e-16.",
            control="cross-entropy",
            control_measured=numbers["smallest second derivative, cross-entropy"],
        ),
        claims.judge(
            id="5c",
            claim="The gradient of the mean absolute error is sign(error) / n (largest deviation); "
            "article 004 says that it takes linear programming",
            source="article 004, losses, MAE",
            expected=0,
            measured=numbers["gradient to sign(error) / n, absolute error"],
            control="the squared error's, 2 · error / n",
            control_measured=numbers["gradient to sign(error) / n, squared error"],
            **ROUNDING,
        ),
    ]


def draw(history: History) -> dict:
    from twinhead.figures import gradients as figures

    return {
        "push_pull": figures.push_pull(history),
        "jacobian": figures.jacobian(history),
        "sigmoid_slope": figures.sigmoid_slope(history),
    }


def table(history: History) -> list[Row]:
    return claims.beside_print("gradients", history.numbers)


NOTES = (
    "Article 001's derivative of the sigmoid has lost its minus sign in the text copy only; its "
    "formula is right.",
    "Article 003's printed softmax and gradient come from two kernels: 0.26887551 − 1 is "
    "−0.73112449, and −0.73112452 is printed, one float32 number away.",
    "The true class is pushed as well, and pulled after: on balance its logit rises by 1 − p.",
    "Labels that do not add up to 1: TensorFlow's ordinary kernel still answers p − y, which "
    "is not the loss's gradient; its deterministic one, used here, gives Σy · p − y, which is.",
    "All derivatives are taken in float64; the articles' printed numbers in float32, as they were.",
)

EXPERIMENT = runs.Experiment(
    "gradients",
    "Derivatives of softmax, sigmoid and cross-entropy",
    measure,
    judge,
    draw,
    table=table,
    notes=NOTES,
    illustrates={"jacobian": "001", "sigmoid_slope": "001", "push_pull": "003"},
)

if __name__ == "__main__":
    config.launch("gradients", partial(runs.execute, EXPERIMENT))
