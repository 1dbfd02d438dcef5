"""What does a loss make of the same data? Best constants, margins, many names of cross-entropy.

python experiments/losses.py
python experiments/losses.py outlier_share=0.3 outlier=1000
"""

import logging
from collections.abc import Callable
from functools import partial

import numpy as np

from twinhead import claims, config, runs
from twinhead.history import History, Row

log = logging.getLogger("twinhead.losses")

Numbers = dict[str, float]
# Of a claim, and of its control by the same rule.
CONTROL = ", control"


def measure(settings: config.Losses) -> History:
    history = History(
        {
            "name": "closed forms, a made-up sample and breast cancer",
            "article": "",
            "made_up": False,
            "sha256": "",
        }
    )
    log.info("starting TensorFlow")
    rng = np.random.default_rng(settings.seed)
    log.info("regression: the constant that each loss prefers")
    numbers, history.tables["constants"] = _constants(settings, rng)
    history.numbers.update(numbers)
    history.numbers.update(_regression_formulas(rng))
    log.info("margin losses")
    history.tables["margins"] = _margin_table()
    history.numbers.update(_margins())
    history.numbers.update(_support_vectors())
    log.info("cross-entropies")
    history.tables["soft_label"] = _soft_label_table()
    for part in (_cross_entropies, _divergences, _weights, _capacity):
        history.numbers.update(part(rng))
    history.numbers.update(_log_losses())
    history.numbers.update(_printed())
    return history


def regression_losses(delta: float) -> dict[str, Callable]:
    """Return Keras's losses of (y, prediction); a mean over the last axis."""
    from twinhead.backend import keras

    losses = keras.losses
    return {
        "MSE": losses.mean_squared_error,
        "MSLE": losses.mean_squared_logarithmic_error,
        "MAE": losses.mean_absolute_error,
        "Huber": partial(losses.huber, delta=delta),
    }


def _constants(settings: config.Losses, rng: np.random.Generator) -> tuple[Numbers, list[Row]]:
    """Fit a constant by every loss, with ever more outliers, and hold it against what it must be.

    An odd number of rows, or the median would be an interval.
    """
    from scipy.optimize import brentq, minimize_scalar
    from scipy.stats import gmean

    rows = settings.rows + 1 - settings.rows % 2
    sample = np.maximum(rng.normal(10, 1, rows), 0)

    def balance(y: np.ndarray, c: float) -> float:
        return np.clip(y - c, -settings.delta, settings.delta).mean()

    expected = {
        "MSE": np.mean,
        "MSLE": lambda y: gmean(1 + y) - 1,
        "MAE": np.median,
        "Huber": lambda y: brentq(partial(balance, y), y.min(), y.max()),
    }
    table: list[Row] = []
    for share in sorted({0.0, settings.outlier_share, *SHARES}):
        y = sample.copy()
        y[: int(np.ceil(share * rows))] = settings.outlier
        for name, loss in regression_losses(settings.delta).items():
            fit = minimize_scalar(
                lambda c, y=y, loss=loss: float(loss(y, np.full_like(y, c))),
                bounds=(y.min(), y.max()),
                method="bounded",
                options={"xatol": 1e-10},
            )
            table.append(
                {
                    "outlier_share": share,
                    "loss": name,
                    "constant": float(fit.x),
                    "expected": float(expected[name](y)),
                    "chosen": int(share in (0.0, settings.outlier_share)),
                }
            )
    chosen = [row for row in table if row["chosen"]]
    numbers = {}
    for name, other in (("MSE", "MAE"), ("MSLE", "MSE"), ("MAE", "MSE"), ("Huber", "MSE")):
        own, others = (
            np.array([r["constant"] for r in chosen if r["loss"] == n]) for n in (name, other)
        )
        right = np.array([row["expected"] for row in chosen if row["loss"] == name])
        numbers[f"constant of {name}"] = float(np.abs(own / right - 1).max())
        numbers[f"constant of {name}{CONTROL}"] = float(np.abs(others / right - 1).max())
        numbers[f"shift of {name}"] = float(own[1] - own[0])
    return numbers, table


# Shares of outliers for the picture.
SHARES = (0.1, 0.2, 0.3, 0.4)


def _regression_formulas(rng: np.random.Generator) -> Numbers:
    """Measure where the article's formulas of regression losses are others than the losses."""
    from sklearn.metrics import mean_squared_error

    from twinhead.backend import tf

    losses = regression_losses(1.0)
    perfect = np.array([1.0, 10.0, 100.0])
    target = np.arange(4.0)  # The article's example, [[0, 1], [2, 3]] against ones.
    mse = float(losses["MSE"](target, np.ones(4)))

    def jump(loss: Callable) -> float:
        below, above = _slope(loss, [1 - 1e-6, 1 + 1e-6])
        return float(abs(above - below))

    def as_printed(d):
        return tf.where(tf.abs(d) < 1, d**2, tf.abs(d))[:, 0]

    y = rng.normal(size=20)
    w = tf.Variable(np.zeros(1))
    with tf.GradientTape(persistent=True) as tape:
        squares = (w - y) ** 2
        total, mean = tf.reduce_sum(squares), losses["MSE"](y, tf.repeat(w, 20))
    steps = [float(tape.gradient(each, w)[0]) for each in (mean, total)]
    return {
        "MSE of the example": abs(mse - mean_squared_error(target, np.ones(4))),
        "MSE of the example, control": abs(mse - np.var(target)),
        "MSLE of a perfect prediction": float(losses["MSLE"](perfect, perfect)),
        "MSLE of a perfect prediction, control": float(losses["MSE"](perfect, np.log(perfect))),
        "Huber's jump": jump(lambda d: losses["Huber"](tf.zeros_like(d), d)),
        "Huber's jump, control": jump(as_printed),
        "sum over mean": steps[1] / steps[0] / len(y),
        "sum over mean, control": steps[0] / steps[0] / len(y),
    }


def margin_losses() -> dict[str, Callable]:
    """Return the losses of ys, shape (n, 1) -> (n,), as Keras has them for label 1 and score ys."""
    from twinhead.backend import keras, tf

    def of_one(loss: Callable) -> Callable:
        return lambda ys: loss(tf.ones_like(ys), ys)

    return {
        "0-1": of_one(lambda y, s: 1 - keras.metrics.binary_accuracy(y, s, threshold=0.0)[:, 0]),
        "hinge": of_one(keras.losses.hinge),
        "squared hinge": of_one(keras.losses.squared_hinge),
        "logistic": of_one(partial(keras.losses.binary_crossentropy, from_logits=True)),
        "exponential": lambda ys: keras.ops.exp(-ys)[:, 0],
    }


# Half the width of the picture, near and far.
ZOOMS = {"near": 2.0, "far": 6.0}


def _margin_table() -> list[Row]:
    columns = {}
    for zoom, half in ZOOMS.items():
        ys = np.linspace(-half, half, 241)
        columns[zoom] = {"ys": ys} | {n: _values(loss, ys) for n, loss in margin_losses().items()}
    return [
        {"zoom": zoom} | {name: float(values[i]) for name, values in own.items()}
        for zoom, own in columns.items()
        for i in range(len(own["ys"]))
    ]


def _values(loss: Callable, ys) -> np.ndarray:
    return np.asarray(loss(np.asarray(ys, np.float64)[:, None]), np.float64)


def _slope(loss: Callable, ys) -> np.ndarray:
    from twinhead.backend import tf

    ys = tf.constant(np.asarray(ys, np.float64)[:, None])
    with tf.GradientTape() as tape:
        tape.watch(ys)
        values = loss(ys)
    return tape.gradient(values, ys).numpy()[:, 0]


def _margins() -> Numbers:
    losses = margin_losses()
    positive = np.linspace(0, 10, 1001)[1:]
    hinge = _values(losses["hinge"], positive)
    slope = {name: np.abs(_slope(losses[name], [0.5, -5])) for name in ("exponential", "hinge")}
    value = {name: _values(losses[name], [-2, -5]) for name in ("exponential", "squared hinge")}
    steeper = slope["exponential"] / slope["hinge"]
    larger = value["exponential"] / value["squared hinge"]
    far = {name: _values(losses[name], [-1000, -2000]) for name in ("squared hinge", "logistic")}
    jump = {
        name: float(np.ptp(_slope(losses[name], [1 - 1e-6, 1 + 1e-6])))
        for name in ("squared hinge", "hinge")
    }
    linear = _slope(_softmax_loss, [-20, 20])
    return {
        "hinge beyond 1": float(hinge[positive >= 1].max()),
        "hinge beyond 1, control": float(hinge.max()),
        "exponential over hinge, slope": float(steeper[0]),
        "exponential over hinge, slope, control": float(steeper[1]),
        "exponential over squared hinge": float(larger[0]),
        "exponential over squared hinge, control": float(larger[1]),
        "growth": float(np.log2(far["squared hinge"][1] / far["squared hinge"][0])),
        "growth, control": float(np.log2(far["logistic"][1] / far["logistic"][0])),
        "jump at the margin": jump["squared hinge"],
        "jump at the margin, control": jump["hinge"],
        "softmax slope": float(linear[0]),
        "softmax slope, control": float(linear[1]),
    }


def _softmax_loss(s):
    """Return the softmax loss of a true class with logit s beside two with logit 0."""
    from twinhead.backend import keras, tf

    logits = tf.concat([s, tf.zeros((len(s), 2), tf.float64)], axis=1)
    return keras.losses.sparse_categorical_crossentropy(np.zeros(len(s)), logits, from_logits=True)


def _support_vectors() -> Numbers:
    """Train a support vector machine on breast cancer: which rows carry it, how far scores go."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.preprocessing import scale
    from sklearn.svm import SVC

    X, y = load_breast_cancer(return_X_y=True)
    machine = SVC(kernel="linear", C=1.0, tol=1e-6).fit(scale(X), y)
    scores = machine.decision_function(scale(X))
    carrying = ((2 * y - 1) * scores)[machine.support_]
    return {
        "support vectors beyond 1": int((carrying > 1 + 1e-3).sum()),
        "support vectors beyond 1, control": int((carrying > 0).sum()),
        "scores outside": float((np.abs(scores) > 1).mean()),
        "scores outside, control": float((np.abs(np.clip(scores, -1, 1)) > 1).mean()),
        "lowest score": float(scores.min()),
        "highest score": float(scores.max()),
    }


def _cross_entropies(rng: np.random.Generator) -> Numbers:
    """Measure that the categorical, sparse and binary one and the NLL are one cross-entropy."""
    from twinhead.backend import keras, tf

    losses = keras.losses
    z, y = rng.normal(0, 3, (60, 4)), rng.integers(0, 4, 60)
    onehot = keras.ops.one_hot(y, 4, dtype="float64")
    logits = tf.constant(z)

    def with_slope(loss: Callable) -> np.ndarray:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            values = loss(logits)
        return np.hstack([values.numpy()[:, None], tape.gradient(values, logits).numpy()])

    def sparse(labels) -> np.ndarray:
        return with_slope(
            lambda z: losses.sparse_categorical_crossentropy(labels, z, from_logits=True)
        )

    dense = with_slope(lambda z: losses.categorical_crossentropy(onehot, z, from_logits=True))
    entropy = dense[:, 0]

    def negative_likelihood(log_probabilities) -> np.ndarray:
        return -np.take_along_axis(np.asarray(log_probabilities), y[:, None], axis=1)[:, 0]

    right, p = (y % 2).astype(float), rng.uniform(0.01, 0.99, 60)
    binary = losses.binary_crossentropy(right[:, None], p[:, None])
    truth, guess = (np.column_stack([1 - each, each]) for each in (right, p))
    s, sign = z[:, :1], 2 * right[:, None] - 1
    logistic = np.asarray(tf.math.softplus(-sign * s))[:, 0]
    of_labels = [
        losses.binary_crossentropy(each, s, from_logits=True) for each in (right[:, None], sign)
    ]
    unreduced = losses.sparse_categorical_crossentropy(y, z, from_logits=True)
    mean = losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    other = rng.normal(0, 3, (3, 4)), rng.integers(0, 4, 3)
    return {
        "sparse": _apart(dense, sparse(y)),
        "sparse, control": _apart(dense, sparse((y + 1) % 4)),
        "binary": _apart(binary, losses.categorical_crossentropy(truth, guess)),
        "binary, control": _apart(binary, losses.categorical_crossentropy(truth[:, ::-1], guess)),
        "NLL": _apart(entropy, negative_likelihood(keras.ops.log_softmax(z))),
        "NLL, control": _apart(entropy, negative_likelihood(keras.ops.softmax(z))),
        "blocks": abs(float(mean(y, z)) - np.mean(unreduced)),
        "blocks, control": abs(float(mean(y, z)) - float(mean(other[1], other[0]))),
        "logistic": _apart(logistic, of_labels[0]),
        "logistic, control": _apart(logistic, of_labels[1]),
    }


def _apart(a, b) -> float:
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def _divergences(rng: np.random.Generator) -> Numbers:
    """Measure cross-entropy, entropy and divergence, Keras's against SciPy's."""
    from scipy.stats import entropy

    from twinhead.backend import keras

    p, q = rng.dirichlet(np.ones(5), 40), rng.dirichlet(np.ones(5), 40)
    cross = np.asarray(keras.losses.categorical_crossentropy(p, q))
    ours = np.asarray(keras.losses.kl_divergence(p, q))
    even, uneven = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    nats = float(keras.losses.kl_divergence(even, uneven))
    return {
        "CE - KL - H": _apart(cross, entropy(p, q, axis=1) + entropy(p, axis=1)),
        "CE - KL - H, control": _apart(cross, ours),
        "nats": abs(nats - entropy(even, uneven)),
        "nats, control": abs(nats - entropy(even, uneven, base=2)),
        "asymmetry": abs(nats - float(keras.losses.kl_divergence(uneven, even))),
        "asymmetry, control": abs(float(keras.losses.kl_divergence(even, even))),
    }


SOFT = 0.7  # The label of the picture: 70 % of such samples are positive.


def _soft_label_table() -> list[Row]:
    """Return cross-entropy and divergence of every prediction p for the label SOFT."""
    from twinhead.backend import keras

    p = np.linspace(0.02, 0.98, 193)
    label, guess = np.full_like(p, SOFT), p
    pairs = [np.column_stack([1 - each, each]) for each in (label, guess)]
    cross = np.asarray(keras.losses.binary_crossentropy(label[:, None], guess[:, None]))
    divergence = np.asarray(keras.losses.kl_divergence(*pairs))
    return [
        {"p": float(a), "cross_entropy": float(b), "divergence": float(c)}
        for a, b, c in zip(p, cross, divergence, strict=True)
    ]


def _log_losses() -> Numbers:
    """Measure the log loss where the article's formula lost a bracket, a hat or its minimum."""
    from scipy.optimize import minimize_scalar
    from scipy.special import xlog1py, xlogy
    from scipy.stats import bernoulli
    from sklearn.metrics import log_loss

    from twinhead.backend import keras

    def loss(y: float, p: float) -> float:
        return float(keras.losses.binary_crossentropy(np.array([y]), np.array([p])))

    def lowest(y: float) -> float:
        return minimize_scalar(lambda p: loss(y, p), bounds=(0, 1), method="bounded").fun

    entropy = float(bernoulli(SOFT).entropy())
    y, p = np.array([0.0, 1.0]), np.array([0.2, 0.7])  # Made up; any would do.
    bracketed = 2 * float(keras.losses.binary_crossentropy(y, p))
    printed = -xlogy(y, p).sum() + xlog1py(1 - y, -p).sum()
    guesses = np.array([0.1, 0.9])
    return {
        "lowest for a soft label": abs(lowest(SOFT) - entropy),
        "lowest for a soft label, control": abs(lowest(1.0) - entropy),
        "brackets": abs(bracketed - log_loss(y, p, normalize=False)),
        "brackets, control": abs(printed - log_loss(y, p, normalize=False)),
        "spread over predictions": float(np.ptp([loss(1.0, guess) for guess in guesses])),
        "spread over predictions, control": float(
            np.ptp([bernoulli(1.0).entropy() for _ in guesses])
        ),
    }


def _weights(rng: np.random.Generator) -> Numbers:
    """Measure that a class weight is a number of copies: in the loss, and in what is learnt."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import scale

    from twinhead.backend import keras

    z, y, weight = rng.normal(0, 3, (40, 3)), rng.integers(0, 3, 40), np.array([1, 2, 5])
    copies = np.repeat(np.arange(40), weight[y])

    def weighted(reduction: str, of: np.ndarray, weights: np.ndarray | None = None) -> float:
        loss = keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, reduction=reduction, dtype="float64"
        )
        return float(loss(y[of], z[of], sample_weight=weights))

    every, own = np.arange(40), weight[y].astype(float)
    X, label = load_breast_cancer(return_X_y=True)
    X = scale(X)[:, :2]  # Two features overlap; with all thirty there is no optimum.
    threefold = np.repeat(np.arange(len(label)), np.where(label == 1, 3, 1))

    def learnt(rows: np.ndarray, class_weight: dict | None = None) -> np.ndarray:
        fit = LogisticRegression(
            C=np.inf, solver="newton-cholesky", tol=1e-10, class_weight=class_weight
        )
        fit.fit(X[rows], label[rows])
        return np.append(fit.coef_, fit.intercept_)

    repeated = learnt(threefold)
    return {
        "weighted sum": abs(weighted("sum", every, own) - weighted("sum", copies)),
        "weighted sum, control": abs(weighted("sum", every) - weighted("sum", copies)),
        "weighted mean": abs(
            weighted("mean_with_sample_weight", every, own) - weighted("mean", copies)
        ),
        "weighted mean, control": abs(weighted("mean", every, own) - weighted("mean", copies)),
        "weighted fit": _apart(learnt(np.arange(len(label)), {0: 1, 1: 3}), repeated),
        "weighted fit, control": _apart(learnt(np.arange(len(label))), repeated),
    }


DEGREES = 16


def _capacity(rng: np.random.Generator) -> Numbers:
    """Fit polynomials to few noisy points: the smallest training loss against the smallest risk."""
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import mean_squared_error
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    x = np.sort(rng.uniform(-1, 1, (220, 1)), axis=0)
    y = np.sin(3 * x[:, 0]) + rng.normal(0, 0.3, len(x))
    few = np.arange(len(x)) % 11 == 0  # 20 to train on, 200 to be tested on.
    risks = []
    for degree in range(1, DEGREES + 1):
        fit = make_pipeline(PolynomialFeatures(degree), LinearRegression()).fit(x[few], y[few])
        risks.append([mean_squared_error(y[part], fit.predict(x[part])) for part in (few, ~few)])
    train, test = np.transpose(risks)
    return {
        "smallest training loss, test loss": float(test[train.argmin()] / test.min()),
        "smallest training loss, test loss, control": float(train[train.argmin()] / train.min()),
    }


def _printed() -> Numbers:
    """Return the results that article 004 prints about losses, measured here."""
    from scipy.optimize import bisect
    from scipy.stats import bernoulli, entropy

    from twinhead.backend import keras

    losses, sure = keras.losses, 1000.0
    hinge = margin_losses()["hinge"]
    edge = bisect(lambda ys: 1.0 if _values(hinge, [ys])[0] > 0 else -1.0, -5, 5, xtol=1e-12)
    scores = _support_vectors()
    found = {
        "binary cross-entropy of a perfect prediction": losses.binary_crossentropy(
            np.array([0.0, 1.0]), np.array([-sure, sure]), from_logits=True
        ),
        "lower end of the range of s": scores["lowest score"],
        "upper end of the range of s": scores["highest score"],
        "smallest ys with hinge loss 0 (first statement)": edge,
        "smallest ys with hinge loss 0 (sparsity statement)": edge,
        "hinge loss beyond the margin": _values(hinge, np.linspace(1, 10, 91)).max(),
        "multi-class cross-entropy of a perfect prediction": losses.categorical_crossentropy(
            np.eye(3), sure * np.eye(3), from_logits=True
        )
        .numpy()
        .max(),
        "KL(p | q) for identical p and q": entropy([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
        "values of a Bernoulli variable[0]": bernoulli(0.3).support()[0],
        "values of a Bernoulli variable[1]": bernoulli(0.3).support()[1],
        "lim s->inf of the softmax loss": _values(_softmax_loss, [sure])[0],
        "log loss of a perfect model": -bernoulli.logpmf([0, 1], [0, 1]).mean(),
    }
    return {f"004: {quantity}": float(value) for quantity, value in found.items()}


ROUNDING = {
    "tolerance": 1e-12,
    "comparison": "equal",
    "reason": "Sums of some float64 numbers.",
    "expected": 0,
}
CLIPPED = ROUNDING | {
    "tolerance": 1e-5,
    "reason": "Keras keeps probabilities 1e-7 away from 0 and 1.",
}
SEARCHED = ROUNDING | {
    "tolerance": 1e-5,
    "reason": "A search by values finds a flat minimum to half of float64's digits.",
}
EXACT = ROUNDING | {"tolerance": 0, "reason": "Exact."}


def _claim(id: str, key: str, claim: str, control: str, place: str, rule: dict, **changed) -> dict:
    source = f"article {place}"
    return (
        {"id": id, "key": key, "claim": claim, "control": control, "source": source}
        | rule
        | changed
    )


# Key of `numbers`, the statement, the control that must fail, where the article speaks of it.
CLAIMS = (
    *(
        _claim(
            f"1{letter}",
            f"constant of {loss}",
            f"The best constant by {loss} is the {name} (relative deviation, outliers or not)",
            f"the constant of {other}",
            "004, regression losses",
            SEARCHED,
        )
        for letter, loss, name, other in (
            ("a", "MSE", "mean", "MAE"),
            ("b", "MSLE", "geometric mean of 1 + y, less 1", "MSE"),
            ("c", "MAE", "median", "MSE"),
            ("d", "Huber", "point that balances the residuals cut at δ", "MSE"),
        )
    ),
    _claim(
        "1g",
        "MSLE of a perfect prediction",
        "MSLE takes the log of target and prediction, so a perfect prediction costs 0; article 004 "
        "takes the log of the prediction alone",
        "the log of the prediction alone",
        "004, MSLE",
        EXACT,
    ),
    _claim(
        "1h",
        "MSE of the example",
        "MSE holds a target against a prediction (the example, deviation from scikit-learn's); "
        "what article 004 also calls so is a variance",
        "the target's variance",
        "004, MSE",
        ROUNDING,
    ),
    _claim(
        "1i",
        "Huber's jump",
        "Huber's slope does not jump where it turns linear: it is half the square, then |d| − 1/2; "
        "article 004 has the square, then |d|",
        "the square, then |d|",
        "004, SmoothL1",
        ROUNDING,
        tolerance=1e-5,
        reason="The slope is taken a millionth to both sides.",
    ),
    _claim(
        "1j",
        "sum over mean",
        "The gradient of the sum of m losses is m times that of their mean (in m); article 002 "
        "says sum and computes the mean",
        "the mean in the sum's place",
        "002, cost",
        ROUNDING,
        expected=1,
    ),
    _claim(
        "1k",
        "smallest training loss, test loss",
        "The smallest training loss is not the most robust model (its test loss over the smallest, "
        f"polynomials of degree 1 to {DEGREES}); article 004 says the smaller, the more robust",
        "the same quotient of training losses",
        "004, what a loss is",
        EXACT,
        expected=1.2,
        comparison="at least",
        reason="A fifth is more than 200 test points leave to chance.",
    ),
    _claim(
        "2a",
        "hinge beyond 1",
        "The hinge loss is 0 from ys = 1 on (largest there); article 004 says for ys > 0",
        "the largest for ys > 0",
        "004, hinge",
        EXACT,
    ),
    _claim(
        "2b",
        "support vectors beyond 1",
        "No support vector has ys > 1 (their number, SVM on breast cancer); article 004 says none "
        "has ys > 0",
        "support vectors with ys > 0",
        "004, hinge",
        EXACT,
        reason="A count; 0.001 beyond the margin, which the solver meets to 1e-6.",
    ),
    _claim(
        "2c",
        "scores outside",
        "A score is any real number (share of an SVM's that lie outside [−1, 1]); article 004 "
        "confines it to that",
        "scores confined to [−1, 1]",
        "004, hinge",
        EXACT,
        expected=0.5,
        comparison="at least",
        reason="Half would be enough to tell.",
    ),
    _claim(
        "2d",
        "exponential over hinge, slope",
        "The exponential loss is not the steepest everywhere: at ys = 0.5 hinge is (quotient of "
        "slopes); article 004 calls its gradient larger than the others'",
        "the same at ys = −5, where it is",
        "004, exponential loss",
        EXACT,
        expected=1,
        comparison="at most",
    ),
    _claim(
        "2e",
        "exponential over squared hinge",
        "Nor is it the largest: at ys = −2 squared hinge is (quotient of losses); from −2.51 down "
        "it is",
        "the same at ys = −5",
        "004, exponential loss",
        EXACT,
        expected=1,
        comparison="at most",
    ),
    _claim(
        "2f",
        "growth",
        "Squared hinge grows with the square of an outlier's distance (exponent); article 004 "
        "says all but the exponential loss tolerate outliers",
        "the logistic loss",
        "004, comparison",
        EXACT,
        expected=2,
        tolerance=0.01,
        reason="Between ys = −1000 and −2000, where the 1 of 1 − ys hardly counts.",
    ),
    _claim(
        "2g",
        "jump at the margin",
        "Squared hinge is smooth at ys = 1 (jump of its slope)",
        "hinge",
        "004, squared hinge",
        ROUNDING,
        tolerance=1e-5,
        reason="The slope is taken a millionth to both sides.",
    ),
    _claim(
        "2h",
        "softmax slope",
        "The softmax loss is linear for s ≪ 0 (slope at s = −20, two other logits 0)",
        "at s = 20",
        "004, softmax loss",
        EXACT,
        expected=-1,
        tolerance=1e-6,
        reason="What is left of the exponential there is 1e-9.",
    ),
    _claim(
        "3a",
        "sparse",
        "Sparse cross-entropy on integers and categorical on one-hot labels are one, gradients too "
        "(largest deviation); so one-hot makes no loss fluctuate, as article 004 fears",
        "labels moved by one",
        "004, multi-class losses",
        ROUNDING,
    ),
    _claim(
        "3b",
        "binary",
        "Binary cross-entropy of p is the categorical one of (1 − p, p) (largest deviation)",
        "the columns of the label swapped",
        "004, binary cross-entropy",
        CLIPPED,
    ),
    _claim(
        "3c",
        "NLL",
        "The negative log-likelihood picks from log-softmax, and so is the cross-entropy (largest "
        "deviation); article 004 lets it take the log of softmax itself",
        "picked from softmax",
        "004, NLL",
        ROUNDING,
    ),
    _claim(
        "3d",
        "blocks",
        "Mean and unreduced cross-entropy agree on the same logits and labels (deviation of the "
        "means); article 004 calls two blocks the same that draw different ones",
        "a draw of another shape",
        "004, NLL",
        ROUNDING,
    ),
    _claim(
        "3e",
        "logistic",
        "The logistic loss log(1 + e^−ys) is the binary cross-entropy of sigmoid(s) (deviation)",
        "binary cross-entropy given the labels −1 and 1",
        "004, logistic loss",
        ROUNDING,
    ),
    _claim(
        "4a",
        "CE - KL - H",
        "Cross-entropy is divergence plus entropy (largest deviation, soft labels)",
        "the divergence alone: the “difference” that article 004 calls cross-entropy",
        "004, KL",
        CLIPPED,
    ),
    _claim(
        "4b",
        "lowest for a soft label",
        "A perfect prediction of a soft label costs its entropy (deviation, label 0.7); articles "
        "003 and 004 speak of a distance, and of 0",
        "a hard label",
        "004, cross-entropy",
        SEARCHED,
    ),
    _claim(
        "4c",
        "nats",
        "Keras's divergence is in nats (deviation from SciPy's); article 004 says bits",
        "SciPy's in bits",
        "004, KL",
        CLIPPED,
    ),
    _claim(
        "4d",
        "asymmetry",
        "The divergence is not symmetric, so no distance (nats, [.5, .5] and [.9, .1] exchanged)",
        "a distribution and itself",
        "004, KL",
        EXACT,
        expected=0.1,
        comparison="at least",
        reason="A tenth of a nat is no rounding.",
    ),
    _claim(
        "4e",
        "brackets",
        "The minus of the log loss belongs to both terms (deviation from scikit-learn's); article "
        "004 prints a formula without the brackets",
        "the formula as printed",
        "004, log loss",
        CLIPPED,
    ),
    _claim(
        "4f",
        "spread over predictions",
        "The log loss depends on the prediction (p = 0.1 and 0.9 for label 1 apart, nats); article "
        "004 prints y where p belongs",
        "y in the place of p",
        "004, log loss",
        EXACT,
        expected=1,
        comparison="at least",
        reason="One nat is no rounding.",
    ),
    _claim(
        "5a",
        "weighted sum",
        "A class weight k is k copies of each row (deviation of the summed loss)",
        "no weights",
        "004, weights",
        ROUNDING,
        tolerance=1e-10,
        reason="Sums of a hundred float64 numbers.",
    ),
    _claim(
        "5b",
        "weighted mean",
        "So it is for a mean that divides by the sum of the weights, as PyTorch's (deviation)",
        "divided by the number of rows, as Keras does unless told otherwise",
        "004, weights",
        ROUNDING,
    ),
    _claim(
        "5c",
        "weighted fit",
        "And the same is learnt (deviation of coefficients, logistic regression on two features of "
        "breast cancer, weight 3)",
        "no weights",
        "004, weights",
        SEARCHED,
        reason="Newton's method, until the gradient is below 1e-10.",
    ),
)


def judge(history: History) -> list[claims.Verdict]:
    verdicts = [
        _outliers(history.numbers, *each) for each in (("1e", "MAE", 0.1), ("1f", "MSLE", 0.75))
    ]
    for claim in CLAIMS:
        words = dict(claim)
        key = words.pop("key")
        measured, control = history.numbers[key], history.numbers[key + CONTROL]
        verdicts.append(claims.judge(measured=measured, control_measured=control, **words))
    verdicts.append(claims.printed_numbers("6", "004", "losses", history.numbers))
    return sorted(verdicts, key=lambda verdict: verdict.id)


def _outliers(numbers: Numbers, id: str, loss: str, most: float) -> claims.Verdict:
    return claims.judge(
        id=id,
        claim=f"Outliers move the constant of {loss} at most {most:g} times as far as that of MSE",
        source="article 004, regression losses",
        expected=most,
        measured=numbers[f"shift of {loss}"] / numbers["shift of MSE"],
        tolerance=0,
        comparison="at most",
        reason="The article says more robust and gives no bound; this one is ours.",
        control="MSE itself",
        control_measured=1.0,
    )


def draw(history: History) -> dict:
    from twinhead.figures import losses as figures

    return {
        "margin_losses": figures.margin_losses(history.tables["margins"]),
        "best_constants": figures.best_constants(history.tables["constants"]),
        "soft_label": figures.soft_label(history.tables["soft_label"], SOFT),
    }


def table(history: History) -> list[Row]:
    return claims.beside_print("losses", history.numbers)


NOTES = (
    "The articles use PyTorch; these are Keras's, SciPy's and scikit-learn's functions of the same "
    "name. Keras has no NLLLoss: here it is a pick from log-softmax.",
    "Least squares is abbreviated OLS, where article 004 has OSL; it is maximum likelihood where "
    "the noise is Gaussian, whatever the features are.",
    "Euclidean distance survives a change of basis only if that is orthogonal.",
    "The log loss comes from the likelihood ∏ P(y_i | x_i). What article 004 writes is naive Bayes "
    "without its denominator; and what has to be small is −log P, not log P.",
    "In C = −ln a_j, a_j is the output at the true class, not an entry of the label.",
    "PyTorch takes class probabilities as targets too, not integers only.",
    "Which five losses the comparison of article 004 draws cannot be told, as its picture is "
    "missing; here they are the 0-1 loss and the four of its text.",
)

EXPERIMENT = runs.Experiment(
    "losses", "What a loss makes of the same data", measure, judge, draw, table=table, notes=NOTES
)

if __name__ == "__main__":
    config.launch("losses", partial(runs.execute, EXPERIMENT))
