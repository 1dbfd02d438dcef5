"""What an element of an activation costs: counted in operations, and timed on this machine."""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from twinhead.experiments.activations import Settings
from twinhead.experiments.activations.curves import functions
from twinhead.training.backend import keras, tf


def operations() -> dict[str, float]:
    """Count the operations of sigmoid and ReLU, written out as article 001 does."""
    return {
        "001: FLOPs(sigmoid): neg, exp, add, div": _traced(lambda x: 1 / (1 + tf.exp(-x))),
        "001: FLOPs(ReLU): max": _traced(lambda x: tf.maximum(x, 0)),
    }


def _traced(call: Callable) -> int:
    """Count the operations that TensorFlow traces, inputs and constants left out."""
    graph = tf.function(call).get_concrete_function(tf.TensorSpec((), tf.float32)).graph
    given = ("Placeholder", "Const", "Identity", "NoOp")
    return sum(operation.type not in given for operation in graph.get_operations())


def timings(settings: Settings, random: np.random.Generator) -> pd.DataFrame:
    """Time every function in turn, then again; the first round is to warm up and left out."""
    calls = functions("float32", settings.betas)
    rows_of_ten = settings.elements // 10
    x = tf.constant(random.standard_normal((10 * rows_of_ten, 1)), tf.float32)
    classes = tf.reshape(x, (rows_of_ten, 10))
    calls["softmax"] = lambda _: keras.activations.softmax(classes)
    rows = []
    for repeat in range(settings.repeats + 1):
        for name, call in calls.items():
            clock = time.perf_counter()
            np.asarray(call(x))  # Waits for the result, and makes no copy of it.
            seconds = time.perf_counter() - clock
            rows.append((name, repeat, 1e9 * seconds / (10 * rows_of_ten)))
    timed = pd.DataFrame(rows, columns=["activation", "repeat", "nanoseconds"])
    return timed[timed["repeat"] > 0]


def costs(timings: pd.DataFrame) -> pd.DataFrame:
    """Return the median cost of each function in ReLUs, with the quartiles of its repeats."""
    times = timings.groupby("activation", sort=False)["nanoseconds"]
    median = times.median()
    relu = median["ReLU"]
    columns = {
        "nanoseconds": median,
        "in_relus": median / relu,
        "low": times.quantile(0.25) / relu,
        "high": times.quantile(0.75) / relu,
    }
    return pd.DataFrame(columns).reset_index()


def compare(costs: pd.DataFrame, counted: float) -> dict[str, float]:
    """Hold the cost of sigmoid against the counted one; who is faster only if that can be told."""
    by_name = costs.set_index("activation")
    sigmoid, relu = by_name.loc["sigmoid"], by_name.loc["ReLU"]
    numbers = {
        f"power of 2 from counted to timed, {name}": abs(
            np.log2(by_name["in_relus"][name] / counted)
        )
        for name in ("sigmoid", "linear")
    }
    if sigmoid["low"] > relu["high"] or sigmoid["high"] < relu["low"]:
        numbers["time of sigmoid over ReLU"] = sigmoid["in_relus"]
        numbers["time of linear over ReLU"] = by_name["in_relus"]["linear"]
    elu = by_name.loc["ELU"]
    if elu["low"] > relu["high"] or elu["high"] < relu["low"]:
        numbers["time of ELU over ReLU"] = elu["in_relus"]
        numbers["time of linear over ReLU"] = by_name["in_relus"]["linear"]
    return numbers
