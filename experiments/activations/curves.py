"""Every activation as Keras has it: curves, slopes, ranges, and the formulas that are printed."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.integrate import trapezoid
from scipy.optimize import bisect
from scipy.stats import norm

from twinhead.training.backend import keras, tf

CURVE = np.linspace(-6, 8, 281)  # Has 0 and 6, where some have kinks.
FAR = np.array([-1000.0, -100.0, 100.0, 1000.0])
ENDS = np.array([-10.0, 10.0])  # Where slopes tell whether a function saturates.
LARGE = np.linspace(0, 1000, 10007)  # What a layer may put out where nothing holds it back.
NORMAL = np.linspace(-12, 12, 48001)  # To take means over x ~ N(0, 1).
# The article's slope of leaky ReLU, and what PReLU starts from in PyTorch; Keras starts from 0.
LEAK, LEARNT_LEAK = 0.01, 0.25

of = keras.activations


def functions(precision: str, betas: list[float]) -> dict[str, Callable]:
    """Return every activation by name, as a function of a tensor of shape (n, 1)."""
    return {
        "linear": of.linear,
        "sigmoid": of.sigmoid,
        "tanh": of.tanh,
        "ReLU": of.relu,
        "ReLU6": of.relu6,
        "leaky ReLU": partial(of.leaky_relu, negative_slope=LEAK),
        "PReLU": _prelu(LEARNT_LEAK, precision),
        "ELU": of.elu,
        "swish, β = 1": of.silu,
        **{f"swish, β = {beta:g}": partial(_swish, beta=beta) for beta in betas if beta != 1},
        "mish": of.mish,
        # The first of two classes; the other logit is 0.
        "softmax": lambda x: of.softmax(tf.concat([x, tf.zeros_like(x)], 1))[:, :1],
    }


def _prelu(slope: float, precision: str) -> keras.layers.Layer:
    return keras.layers.PReLU(keras.initializers.Constant(slope), dtype=precision)


def _swish(x: tf.Tensor, beta: float) -> tf.Tensor:
    return x * keras.ops.sigmoid(beta * x)


def _values(call: Callable, x: ArrayLike) -> np.ndarray:
    return np.asarray(call(_column(x)))[:, 0]


def _slopes(call: Callable, x: ArrayLike) -> np.ndarray:
    """Return TensorFlow's derivative of `call`, element by element."""
    column = _column(x)
    with tf.GradientTape() as tape:
        tape.watch(column)
        found = call(column)
    return tape.gradient(found, column).numpy()[:, 0]


def _column(x: ArrayLike) -> tf.Tensor:
    return tf.constant(np.asarray(x, np.float64)[:, None])


def _falls(values: ArrayLike) -> int:
    return np.count_nonzero(np.diff(values) < -1e-12)


def _mean(call: Callable) -> float:
    """Return the mean over x ~ N(0, 1), by the trapezoidal rule with a node in every kink."""
    return trapezoid(_values(call, NORMAL) * norm.pdf(NORMAL), NORMAL)


def curves(calls: dict[str, Callable]) -> pd.DataFrame:
    panels = []
    for name, call in calls.items():
        drawn = {"x": CURVE, "value": _values(call, CURVE), "slope": _slopes(call, CURVE)}
        panels.append(pd.DataFrame({"activation": name} | drawn))
    return pd.concat(panels, ignore_index=True)


def facts(calls: dict[str, Callable]) -> pd.DataFrame:
    """Return range, slopes far out, falls and mean of every function."""
    rows = []
    for name, call in calls.items():
        values, slopes = _values(call, [*CURVE, *FAR]), _slopes(call, ENDS)
        rows.append(
            {
                "activation": name,
                "lowest": values.min(),
                "highest": values.max(),
                "slope_at_minus_10": slopes[0],
                "slope_at_10": slopes[1],
                "falling_steps": _falls(_values(call, CURVE)),
                "mean_of_normal": _mean(call),
            }
        )
    return pd.DataFrame(rows)


def printed(calls: dict[str, Callable]) -> dict[str, float]:
    """Return the values that the articles print here, as the libraries compute them."""
    ends = {name: _values(calls[name], FAR) for name in ("sigmoid", "tanh", "ReLU", "ReLU6")}
    low, high = ends["sigmoid"].min(), ends["sigmoid"].max()
    negative = np.linspace(-100, -1e-9, 1001)
    left = _values(calls["leaky ReLU"], [-2, -1])
    found = {
        "002: sigmoid(0)": _values(calls["sigmoid"], [0])[0],
        "004: inf sigmoid (said to be one of two output values)": low,
        "004: sup sigmoid (said to be one of two output values)": high,
        "004: inf tanh": ends["tanh"].min(),
        "004: sup tanh": ends["tanh"].max(),
        "004: inf ReLU": ends["ReLU"].min(),
        "004: sup ReLU": _values(calls["ReLU"], [np.inf])[0],
        "004: ReLU(x) for x < 0": np.abs(_values(calls["ReLU"], negative)).max(),
        "004: inf ReLU6": ends["ReLU6"].min(),
        "004: max ReLU6": ends["ReLU6"].max(),
        "004: slope of leaky ReLU for x < 0": left[1] - left[0],
        "004: mean ELU(x), alpha = 1, x ~ N(0, 1)": _mean(calls["ELU"]),
    }
    for article in ("001", "002", "003"):
        found |= {f"{article}: inf sigmoid": low, f"{article}: sup sigmoid": high}
    return found


def formulas() -> dict[str, float]:
    """Return how far functions are from what the articles say they are."""
    x, far, beside = tf.constant(CURVE), tf.constant(FAR), [-1e-6, 1e-6]

    def apart(values: tf.Tensor, others: tf.Tensor) -> float:
        return np.abs(values - others).max()

    return {
        "tanh to 2 sigmoid(2x) - 1": apart(of.tanh(x), 2 * of.sigmoid(2 * x) - 1),
        "tanh to 2 sigmoid(x) - 1": apart(of.tanh(x), 2 * of.sigmoid(x) - 1),
        "PReLU(1), a = 2": _values(_prelu(2.0, "float64"), [1])[0],
        "max(a x, x), a = 2, x = 1": tf.maximum(2.0, 1.0),
        "mish to x tanh(softplus(x))": apart(of.mish(x), x * of.tanh(of.softplus(x))),
        "swish to x tanh(softplus(x))": apart(of.silu(x), x * of.tanh(of.softplus(x))),
        "swish, beta = 0, to x / 2": apart(_swish(x, 0), x / 2),
        "swish, beta = 100, to ReLU": apart(_swish(x, 100), of.relu(x)),
        "swish, beta = 1, to ReLU": apart(of.silu(x), of.relu(x)),
        "lowest swish, beta = 1": np.min(of.silu(tf.concat([x, far], 0))),
        "lowest swish, beta = -1": np.min(_swish(far, -1)),
        "jump of ELU's slope at 0, alpha = 1": np.ptp(_slopes(of.elu, beside)),
        "jump of ELU's slope at 0, alpha = 2": np.ptp(_slopes(partial(of.elu, alpha=2.0), beside)),
        "falling steps of softplus": _falls(of.softplus(x)),
        "jump of swish's slope at 0": np.ptp(_slopes(of.silu, beside)),
        "jump of ReLU's slope at 0": np.ptp(_slopes(of.relu, beside)),
        **{
            f"lost by float16, {name}": apart(call(LARGE), np.asarray(call(LARGE), np.float16))
            for name, call in (("ReLU6", of.relu6), ("ReLU", of.relu))
        },
    }


def saturation(random: np.random.Generator) -> dict[str, float]:
    """Return where the sigmoid is exactly 1 in each precision, and how many outputs are binary.

    From 53 ln 2 to 54 ln 2 TensorFlow's in float64 is now 1 and now a bit less, as rounding has it:
    the search finds one place of these.
    """

    def short_of_one(x: float, precision: str) -> float:
        return 0.5 if of.sigmoid(tf.constant(x, precision)) < 1 else -0.5

    def between(values: np.ndarray) -> float:
        return np.mean((values > 0.01) & (values < 0.99))

    x = tf.constant(random.standard_normal(10_000))
    return {
        **{
            f"sigmoid is 1 from, {precision}": bisect(short_of_one, 0, 100, precision, xtol=1e-4)
            for precision in ("float32", "float64")
        },
        "share of sigmoids from 0.01 to 0.99": between(of.sigmoid(x).numpy()),
        "share of sigmoids from 0.01 to 0.99, of 100 x": between(of.sigmoid(100 * x).numpy()),
    }
