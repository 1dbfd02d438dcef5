"""Softmax itself: what the articles print of it, where it overflows, what it tends to."""

from bisect import bisect_left
from itertools import product

import numpy as np
import pandas as pd
from scipy import special

from twinhead.training.backend import keras, tf

PRECISIONS = ("float32", "float64")
WRITTEN = "written out"
# What the articles' examples start from; published.csv has where they are printed.
SPREAD = (-20.0, 10.0, 30.0)
LARGE = (123.0, 456.0, 789.0)
NODES = (2.0, 3.0, 5.0)
ARRAY = (1.0, 2.0, 3.0, 4.0, 5.0)
# Article 003's [2, 3, 5] with another unit: shares without the exponential stay, with it they go.
SCALES = (0.1, 1.0, 10.0)
# Where the largest logit with a finite exponential is looked for: in steps of less than 1e-6.
BEYOND, STEPS = 2000.0, 2**31
TEMPERATURE = 1.5  # Any but 1 would do.


def written_out(z):
    """Return softmax of the last axis as its formula says, in z's precision: it overflows."""
    widened = tf.exp(z)
    return widened / tf.reduce_sum(widened, axis=-1, keepdims=True)


def _softmax(z) -> np.ndarray:
    return keras.ops.convert_to_numpy(keras.ops.softmax(np.array(z)))


def _farthest(values: np.ndarray, target: float) -> float:
    return float(values.flat[np.abs(values - target).argmax()])


def printed() -> dict[str, float]:
    """Return every number that the articles print of softmax, as the libraries compute it."""
    nodes = tf.constant(NODES, tf.float32)
    with_exp = tf.nn.softmax(nodes).numpy()
    spread, farthest = _softmax(SPREAD), _softmax((-1000.0, 1000.0))
    hard = tf.one_hot(tf.argmax(SPREAD), len(SPREAD)).numpy()
    pairs = np.stack(np.meshgrid(np.linspace(-30, 30, 61), np.linspace(-30, 30, 61)), -1)
    sums = tf.reduce_sum(tf.nn.softmax(pairs), axis=-1).numpy()
    one_neuron = tf.nn.sigmoid(pairs[..., 0]) + tf.nn.sigmoid(-pairs[..., 0])
    lists = {
        "001: softmax([-20, 10, 30])": spread,
        "001: [123, 456, 789] - max (the comment names no input)": (
            tf.constant(LARGE) - tf.reduce_max(LARGE)
        ).numpy(),
        "003: [2, 3, 5] / 10": (nodes / tf.reduce_sum(nodes)).numpy(),
        "003: softmax([2, 3, 5])": with_exp,
        "003: naive float64 softmax([123, 456, 789])": written_out(np.array(LARGE)).numpy(),
        "003: softmax([123, 456, 789])": special.softmax(LARGE),
    }
    found = {f"{name}[{i}]": value for name, all in lists.items() for i, value in enumerate(all)}
    found |= {
        "001: sum softmax([-20, 10, 30])": spread.sum(),
        "001: one-hot argmax at the maximum": hard[np.argmax(SPREAD)],
        "001: one-hot argmax elsewhere": np.delete(hard, np.argmax(SPREAD)).max(),
        "001: lim t->inf max softmax(t [-20, 10, 30])": _softmax(1e4 * np.array(SPREAD)).max(),
        "001: sum softmax([x1, x2])": _farthest(sums, 1),
        "001: P + (the other class), one sigmoid neuron": _farthest(one_neuron.numpy(), 1),
        "003: np.max([1, 2, 3, 4, 5])": np.max(ARRAY),
        "003: tf.reduce_max([1, 2, 3, 4, 5])": tf.reduce_max(tf.constant(ARRAY)).numpy(),
        "003: sum_i softmax_i": _farthest(sums, 1),
        "003: length of both outputs, shape=(3,)": with_exp.size,
    }
    for article in ("002", "003"):
        found[f"{article}: inf softmax_i"] = farthest.min()
        found[f"{article}: sup softmax_i"] = farthest.max()
    return {name: float(value) for name, value in found.items()}


def limits() -> dict[str, float]:
    """Return the logits from which softmax written out is lost, and where the stable one is."""
    found = {}
    for precision in PRECISIONS:
        first = bisect_left(
            range(STEPS),
            True,
            key=lambda step, precision=precision: bool(
                tf.math.is_inf(tf.exp(tf.constant(BEYOND * step / STEPS, precision)))
            ),
        )
        found[f"largest logit with a finite exponential, {precision}"] = (
            BEYOND * (first - 1) / STEPS
        )
        found[f"ln of the largest {precision}"] = float(np.log(np.finfo(precision).max))
    low_logits = tf.constant([-1000.0, -1001.0], tf.float64)
    for name, softmax in ((WRITTEN, written_out), ("stable", tf.nn.softmax)):
        lost = np.count_nonzero(~np.isfinite(softmax(low_logits).numpy()))
        found[f"lost outputs at [-1000, -1001], {name}"] = float(lost)
    return found


def shares() -> pd.DataFrame:
    """Return the shares of [2, 3, 5], in three units, with the exponential and without."""
    tables = []
    for scale in SCALES:
        z = tf.constant(NODES, tf.float64) * scale
        for way, shares in (
            ("without exponential", z / tf.reduce_sum(z)),
            ("softmax", tf.nn.softmax(z)),
        ):
            columns = {"node": np.arange(len(NODES)), "logit": z.numpy(), "share": shares.numpy()}
            tables.append(pd.DataFrame({"scale": scale, "way": way, **columns}))
    return pd.concat(tables, ignore_index=True)


def gains(shares: pd.DataFrame) -> dict[str, float]:
    """Return by how much the exponential raises the largest share, in two units."""
    largest = shares.groupby(["scale", "way"])["share"].max().unstack()
    gain = largest["softmax"] - largest["without exponential"]
    return {
        "largest of [0.2, 0.3, 0.5], raised by softmax": float(gain[0.1]),
        "largest of [2, 3, 5], raised by softmax": float(gain[1.0]),
    }


def hardmax() -> dict[str, float]:
    """Return what softmax and log-sum-exp tend to when the logits are multiplied by 100."""
    steep, largest = 100 * np.array(ARRAY), max(ARRAY)
    soft = tf.nn.softmax(steep).numpy()
    hard = tf.one_hot(tf.argmax(ARRAY), len(ARRAY), dtype=tf.float64).numpy()
    return {
        "softmax(100 z) to one-hot argmax": float(np.abs(soft - hard).max()),
        "softmax(100 z) to the maximum": float(np.abs(soft - largest).min()),
        "logsumexp(100 z) / 100 to the maximum": float(
            abs(special.logsumexp(steep) / 100 - largest)
        ),
    }


def sums(random: np.random.Generator) -> dict[str, float]:
    """Return what adds up to 1, and what does not: several rows, and sigmoid in softmax's place."""
    batch = random.standard_normal((2, 3))
    over_all = special.softmax(batch).sum(axis=1)  # Without an axis: over all entries.
    z = tf.constant([2.0, 1.0, 0.0], tf.float64)
    return {
        "row sum of a batch, softmax of rows": _farthest(_softmax(batch).sum(axis=1), 1),
        "row sum of a batch, softmax of all entries": _farthest(over_all, 1),
        "sum of softmax([2, 1, 0])": float(tf.reduce_sum(tf.nn.softmax(z))),
        "sum of sigmoid([2, 1, 0])": float(tf.reduce_sum(tf.nn.sigmoid(z))),
    }


def two_classes(draws: int, random: np.random.Generator) -> dict[str, float]:
    """Return how far softmax over two logits is from sigmoid of their difference, in float64."""
    z = 5 * random.standard_normal((draws, 2))
    p, difference = _softmax(z), z[:, 0] - z[:, 1]
    mirrored = _softmax(np.column_stack([z[:, 0], -z[:, 0]]))[:, 0]
    cooled = _softmax(z / TEMPERATURE)[:, 0]

    def largest(p: np.ndarray, logit: np.ndarray) -> float:
        return float(np.abs(p - tf.nn.sigmoid(logit).numpy()).max())

    return {
        "softmax(x1, x2) to sigmoid(x1 - x2)": largest(p[:, 0], difference),
        "softmax(x1, x2) to sigmoid(x1)": largest(p[:, 0], z[:, 0]),
        "P(class 1) to sigmoid(z1 - z0)": largest(p[:, 1], -difference),
        "P(class 1) to sigmoid(z0 - z1)": largest(p[:, 1], difference),
        "softmax(x, -x) to sigmoid(2 x)": largest(mirrored, 2 * z[:, 0]),
        "softmax(x, -x) to sigmoid(x)": largest(mirrored, z[:, 0]),
        "softmax(z / T) to sigmoid((x1 - x2) / T)": largest(cooled, difference / TEMPERATURE),
        "softmax(z / T) to sigmoid(x1 / T)": largest(cooled, z[:, 0] / TEMPERATURE),
    }


def graph(random: np.random.Generator) -> dict[str, float]:
    """Return how far the nodes of an undirected graph, whose states softmax weighs, are from it.

    Four nodes of 0 or 1, every two with an edge: softmax over the 16 states is the joint
    probability, and what it says of a node whose neighbours are known is the sigmoid of what the
    node and its edges say.
    """
    nodes = 4
    own, edges = random.standard_normal(nodes), random.standard_normal((nodes, nodes))
    edges = np.triu(edges, 1) + np.triu(edges, 1).T
    states = np.array(list(product((0.0, 1.0), repeat=nodes)))
    joint = _softmax(states @ own + np.einsum("si,ij,sj->s", states, edges, states) / 2)
    apart = {"with its neighbours": 0.0, "alone": 0.0}
    for node in range(nodes):
        up = states[:, node] == 1  # Both halves come in the same order of the other nodes.
        given = joint[up] / (joint[up] + joint[~up])
        field = own[node] + states[up] @ edges[node]
        for name, logit in (("with its neighbours", field), ("alone", 0 * field + own[node])):
            said = tf.nn.sigmoid(logit).numpy()
            apart[name] = max(apart[name], float(np.abs(given - said).max()))
    return {f"node of a graph to its sigmoid, {name}": value for name, value in apart.items()}
