"""Regression losses: the constant that each prefers, and the formulas that articles print."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import gmean, laplace, norm
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from twinhead.experiments.losses import Settings
from twinhead.experiments.losses.margins import jump
from twinhead.training.backend import keras, tf

# Shares of outliers for the picture.
SHARES = (0.1, 0.2, 0.3, 0.4)
DEGREES = 16
CENTRE = 10  # Of the made-up sample, whose spread is 1.


def _losses(delta: float) -> dict[str, Callable]:
    """Return Keras's losses of (y, prediction); a mean over the last axis."""
    return {
        "MSE": keras.losses.mean_squared_error,
        "MSLE": keras.losses.mean_squared_logarithmic_error,
        "MAE": keras.losses.mean_absolute_error,
        "Huber": partial(keras.losses.huber, delta=delta),
        "Poisson": keras.losses.poisson,
    }


def constants(settings: Settings, rng: np.random.Generator) -> pd.DataFrame:
    """Fit a constant by every loss, with ever more outliers, beside what it must be.

    An odd number of rows, or the median would be an interval.
    """
    rows = settings.rows + 1 - settings.rows % 2
    sample = np.maximum(rng.normal(CENTRE, 1, rows), 0)

    def balance(y: np.ndarray, c: float) -> float:
        return np.clip(y - c, -settings.delta, settings.delta).mean()

    expected = {
        "MSE": np.mean,
        "MSLE": lambda y: gmean(1 + y) - 1,
        "MAE": np.median,
        "Poisson": np.mean,
        "Huber": lambda y: brentq(partial(balance, y), y.min(), y.max()),
    }
    table = []
    for share in sorted({0.0, settings.outlier_share, *SHARES}):
        y = sample.copy()
        y[: int(np.ceil(share * rows))] = settings.outlier
        for name, loss in _losses(settings.delta).items():
            fit = minimize_scalar(
                lambda c, y=y, loss=loss: float(loss(y, np.full_like(y, c))),
                bounds=(y.min(), y.max()),
                method="bounded",
                options={"xatol": 1e-10},
            )
            chosen = int(share in (0.0, settings.outlier_share))
            table.append((share, name, fit.x, expected[name](y), chosen))
    columns = ["outlier_share", "loss", "constant", "expected", "chosen"]
    return pd.DataFrame(table, columns=columns)


def centres(table: pd.DataFrame, settings: Settings) -> dict[str, float]:
    """Measure how far the constants are from what they must be, and how far outliers move them.

    Of rows that are all 10, a share s that becomes r times as much (1 added to both) moves the
    geometric mean by (r^s - 1) / (s (r - 1)) of what it moves the mean: less than 1 by Bernoulli's
    inequality, and nearer to 1 the less the outliers stand out.
    """
    chosen = table[table["chosen"] == 1].pivot(index="outlier_share", columns="loss")
    fitted, right = chosen["constant"], chosen["expected"]
    shift = fitted.iloc[1] - fitted.iloc[0]
    share, odd = fitted.index[1], settings.rows + 1 - settings.rows % 2
    s, r = np.ceil(share * odd) / odd, (1 + settings.outlier) / (1 + CENTRE)
    numbers = {
        "shift of Poisson, in shifts of MSE": shift["Poisson"] / shift["MSE"],
        "shift of MSLE, rows all alike": (r**s - 1) / (s * (r - 1)),
    }
    for name, other in (("MSE", "MAE"), ("MSLE", "MSE"), ("MAE", "MSE"), ("Huber", "MSE")):
        numbers |= {
            f"constant of {name}": (fitted[name] / right[name] - 1).abs().max(),
            f"constant of {name}, control": (fitted[other] / right[name] - 1).abs().max(),
            f"shift of {name}": shift[name],
            f"shift of {name}, in shifts of MSE": shift[name] / shift["MSE"],
        }
    return numbers


def formulas(rng: np.random.Generator) -> dict[str, float]:
    """Measure where the articles' formulas of regression losses are others than the losses."""
    losses = _losses(1.0)
    perfect = np.array([1.0, 10.0, 100.0])
    target = np.arange(4.0)  # Article 004's example, [[0, 1], [2, 3]] against ones.
    mse = float(losses["MSE"](target, np.ones(4)))

    def as_printed(d: tf.Tensor) -> tf.Tensor:
        return tf.where(tf.abs(d) < 1, d**2, tf.abs(d))[:, 0]

    y = rng.normal(size=20)
    w = tf.Variable(np.zeros(1))
    with tf.GradientTape(persistent=True) as tape:
        squares = (w - y) ** 2
        total, mean = tf.reduce_sum(squares), losses["MSE"](y, tf.repeat(w, 20))
    steps = [float(tape.gradient(each, w)[0]) for each in (mean, total)]
    guesses = np.linspace(-3, 3, 61)
    squared = [float(losses["MSE"](y, np.full(20, guess))) / 2 for guess in guesses]
    return {
        **{
            name: np.ptp([-kind.logpdf(y, guess).mean() for guess in guesses] - np.array(squared))
            for name, kind in (("MSE to Gaussian", norm), ("MSE to Gaussian, control", laplace))
        },
        "own loss to MSE": abs(float(np.mean(np.power(target - 1, 2))) - mse),
        "own loss to MSE, control": abs(float(np.sum(np.power(target - 1, 2))) - mse),
        "MSE of the example": abs(mse - mean_squared_error(target, np.ones(4))),
        "MSE of the example, control": abs(mse - np.var(target)),
        "MSLE of a perfect prediction": losses["MSLE"](perfect, perfect),
        "MSLE of a perfect prediction, control": losses["MSE"](perfect, np.log(perfect)),
        "Huber's jump": jump(lambda d: losses["Huber"](tf.zeros_like(d), d), 1),
        "Huber's jump, control": jump(as_printed, 1),
        "sum over mean": steps[1] / steps[0] / len(y),
    }


def capacity(rng: np.random.Generator) -> dict[str, float]:
    """Fit polynomials to few noisy points: the smallest training loss against the smallest risk."""
    x = np.sort(rng.uniform(-1, 1, (420, 1)), axis=0)
    y = np.sin(3 * x[:, 0]) + rng.normal(0, 0.3, len(x))
    # 20 to train on, 200 to choose by and 200 to be tested on.
    few, others = np.arange(len(x)) % 21 == 0, np.arange(len(x)) % 2 == 0
    parts = few, ~few & others, ~few & ~others
    risks = []
    for degree in range(1, DEGREES + 1):
        fit = make_pipeline(PolynomialFeatures(degree), LinearRegression()).fit(x[few], y[few])
        risks.append([mean_squared_error(y[part], fit.predict(x[part])) for part in parts])
    train, chosen_by, test = np.transpose(risks)
    return {
        "degrees": DEGREES,
        "smallest training loss, test loss": test[train.argmin()] / test.min(),
        "smallest training loss, test loss, control": test[chosen_by.argmin()] / test.min(),
    }


def bases(rng: np.random.Generator) -> dict[str, float]:
    """Measure what a change of basis does to the MSE: a rotation, and a shear of equal volume."""
    truth, predicted = rng.normal(size=(2, 40, 3))
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    shear = np.eye(3) + np.triu(np.ones((3, 3)), 1)

    def mse(basis: np.ndarray) -> float:
        return float(np.mean(keras.losses.mean_squared_error(truth @ basis, predicted @ basis)))

    before = mse(np.eye(3))
    return {
        "MSE in another basis": abs(mse(rotation) - before),
        "MSE in another basis, control": abs(mse(shear) - before),
    }
