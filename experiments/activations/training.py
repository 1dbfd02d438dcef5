"""What activations do to gradients: units that die, gradients that explode, layers that are one."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from twinhead.experiments.activations import Settings
from twinhead.training.backend import keras, tf

TRAINED = ("ReLU", "leaky ReLU", "ELU")
SAMPLES, INPUTS = 256, 4
DEPTH, WIDTH = 20, 64  # Of the network whose gradient explodes.


def _network(
    settings: Settings, activation: Callable
) -> tuple[keras.Model, Callable[[], tf.Tensor], tf.Tensor]:
    """Return a network of one hidden layer, always the same at first, its loss, its inputs."""
    random = np.random.default_rng(settings.seed)
    x = random.standard_normal((SAMPLES, INPUTS))
    y = np.sin(2 * x[:, :1]) + x[:, 1:2] ** 2
    hidden = random.standard_normal((INPUTS, settings.units)) * np.sqrt(2 / INPUTS)
    out = random.standard_normal((settings.units, 1)) * np.sqrt(1 / settings.units)
    net = keras.Sequential(
        [
            keras.Input((INPUTS,), dtype="float64"),
            keras.layers.Dense(settings.units, activation, dtype="float64"),
            keras.layers.Dense(1, dtype="float64"),
        ]
    )
    net.set_weights([hidden, np.zeros(settings.units), out, np.zeros(1)])
    inputs, targets = tf.constant(x), tf.constant(y)
    return net, lambda: tf.reduce_mean((net(inputs) - targets) ** 2), inputs


def train(settings: Settings, calls: dict[str, Callable]) -> pd.DataFrame:
    runs = [_descend(settings, name, calls[name], settings.learning_rate) for name in TRAINED]
    return pd.concat(runs, ignore_index=True)


def slowly(settings: Settings, calls: dict[str, Callable]) -> dict[str, float]:
    """Return how many ReLU units are dead in the end at a tenth of the rate."""
    run = _descend(settings, "ReLU", calls["ReLU"], settings.learning_rate / 10)
    return {"ReLU units dead in the end, a tenth of the rate": run["dead"].iloc[-1]}


def _descend(settings: Settings, name: str, activation: Callable, rate: float) -> pd.DataFrame:
    """Return loss and dead units before every step of full-batch gradient descent.

    Dead is a unit none of whose weights gets any gradient, from no sample.
    """
    net, loss_of_net, _ = _network(settings, activation)
    optimizer = keras.optimizers.SGD(rate)
    optimizer.build(net.trainable_variables)

    @tf.function
    def step() -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = loss_of_net()
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply(gradients, net.trainable_variables)
        return loss, tf.math.count_nonzero(tf.reduce_all(tf.equal(gradients[0], 0), axis=0))

    losses, dead = np.transpose([step() for _ in range(settings.steps + 1)])
    steps = np.arange(settings.steps + 1)
    return pd.DataFrame(
        {"activation": name, "step": steps, "loss": losses, "dead": dead.astype(int)}
    )


def deaths(training: pd.DataFrame) -> dict[str, float]:
    """Return how many units are dead in the end; nothing where the rate cannot tell.

    A rate is too large if a step raises the loss, and cannot tell where the training diverges.
    """
    runs = dict(iter(training.groupby("activation")))
    relu, leaky = runs["ReLU"], runs["leaky ReLU"]
    finite = np.isfinite([*relu["loss"], *leaky["loss"]]).all()
    if not finite or relu["loss"].max() <= relu["loss"].iloc[0]:
        return {}
    return {f"{name} units dead in the end": runs[name]["dead"].iloc[-1] for name in TRAINED}


def dying(settings: Settings) -> dict[str, float]:
    """Return the share of ReLU units that still learn: negative for some samples, or for all."""
    found = {}
    for name, bias in (("some", 0.0), ("all", -100.0)):
        net, loss_of_net, x = _network(settings, keras.activations.relu)
        hidden = net.layers[0]
        hidden.bias.assign(np.full(settings.units, bias))
        negative = (x @ hidden.kernel + hidden.bias).numpy() < 0
        with tf.GradientTape() as tape:
            loss = loss_of_net()
        gradient = tape.gradient(loss, hidden.kernel.value).numpy()
        learning = np.abs(gradient).max(axis=0) > 0
        share = learning[negative.any(axis=0)].mean()
        found[f"share that learns, inputs negative for {name} samples"] = share
    return found


def _growth(activation: Callable, weights: np.ndarray, x: tf.Tensor) -> tf.Tensor:
    """Return the length of the gradient of what goes in, over that of what comes out."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        layer = x
        for kernel in weights:
            layer = activation(layer @ kernel)
        total = tf.reduce_sum(layer)
    return tf.norm(tape.gradient(total, x)) / np.sqrt(x.shape[0] * WIDTH)


def deep(random: np.random.Generator) -> dict[str, float]:
    """Return how gradients grow through ReLU layers, and how two layers bend a line."""
    weights = random.standard_normal((DEPTH, WIDTH, WIDTH)) * np.sqrt(2 / WIDTH)
    found = {}
    for name, scale in (("weights twice as large", 2.0), ("He's weights", 1.0)):
        x = tf.constant(random.standard_normal((32, WIDTH)))
        growth = _growth(keras.activations.relu, scale * weights, x)
        found[f"gradient through {DEPTH} ReLU layers, {name}"] = growth
    squashed = _growth(keras.activations.sigmoid, weights, x)
    found[f"gradient through {DEPTH} sigmoid layers, He's weights"] = squashed
    a, b = tf.constant(random.standard_normal((2, 32, WIDTH)))
    for name in ("linear", "relu"):
        activation = getattr(keras.activations, name)
        lines = ((a + b) / 2, a, b)
        middle, *ends = (activation(x @ weights[0] + 1.0) @ weights[1] + 1.0 for x in lines)
        bend = middle - (ends[0] + ends[1]) / 2
        found[f"bend of two layers, {name}"] = tf.reduce_max(tf.abs(bend))
    return found
