"""Any head on K classes in float64: losses and gradients from formulas, Keras's optimizers' steps.

Shares no algebra with src: contrasts come from a QR decomposition's own orthonormal columns.
"""

import numpy as np

from twinhead.training.backend import keras

OF_LOSS = ("l1", "l2", "label_smoothing", "max_norm", "trunk_learning_rate", "loss_scale")


class Float64Rate(keras.optimizers.schedules.LearningRateSchedule):
    """A constant rate with all its digits: Keras keeps a number in float32."""

    def __init__(self, rate):
        self.rate = np.float64(rate)

    def __call__(self, step):
        return keras.ops.convert_to_tensor(self.rate)


def optimizer(settings, **changes):
    own = {k: v for k, v in (settings | changes).items() if k not in OF_LOSS}
    name = own.pop("optimizer")
    rate = own.pop("learning_rate")
    kinds = {key.lower(): each for key, each in vars(keras.optimizers).items()}
    # NumPy's floats keep their digits; Keras rounds Python's to float32.
    own = {k: np.float64(v) if isinstance(v, float) else v for k, v in own.items()}
    return kinds[name](learning_rate=Float64Rate(rate), **own)


def softmax_logits(head, logits, turn):
    """Return logits of all classes, shape (n, K), and the matrix that they came by."""
    if head == "softmax":
        return logits, np.eye(logits.shape[1])
    if head == "sigmoid":
        by = np.array([[0.0, 1.0]])
        return logits @ by, by
    return logits @ turn.T, turn.T


def train(head, settings, kernel, bias, X, y, turn, *, batch=8, trunk=None, bias_learns=True):
    """Return logits of all classes after every step, the first before any, with their mean out."""
    classes = len(turn)
    kernel, bias = (keras.Variable(each, dtype="float64") for each in (kernel, bias))
    head_variables = [kernel, bias]
    learner = optimizer(settings)
    learner.build(head_variables)
    clip = settings.get("global_clipnorm") if trunk is not None else None
    if clip is not None:
        learner.global_clipnorm = None
    beneath = None
    if trunk is not None:
        trunk = keras.Variable(trunk, dtype="float64")
        plain = {"optimizer": "sgd", "learning_rate": settings["trunk_learning_rate"]}
        beneath = optimizer(plain)
        beneath.build([trunk])
    smoothing = settings.get("label_smoothing", 0.0)
    scale = settings.get("loss_scale", 1.0)
    targets = np.eye(classes)[y] * (1 - smoothing) + smoothing / classes

    def forward(rows):
        inputs = X[rows]
        hidden = inputs if trunk is None else np.tanh(inputs @ trunk.numpy())
        logits = hidden @ kernel.numpy() + bias.numpy()
        return inputs, hidden, *softmax_logits(head, logits, turn)

    found = []
    for start in range(0, len(y), batch):
        every = forward(slice(None))[2]
        found.append(every - every.mean(axis=1, keepdims=True))
        rows = slice(start, start + batch)
        inputs, hidden, z, by = forward(rows)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        slope = scale * (p - targets[rows]) @ by.T / len(z)
        w = kernel.numpy()
        pull = 2 * settings.get("l2", 0.0) * w + settings.get("l1", 0.0) * np.sign(w)
        own = [hidden.T @ slope + scale * pull, slope.sum(axis=0) * bias_learns]
        under = None
        if trunk is not None:
            under = inputs.T @ (slope @ w.T * (1 - hidden**2))
            if clip is not None:
                norm = np.sqrt(sum((each**2).sum() for each in (*own, under)))
                own = [each * min(1, clip / norm) for each in own]
                under = under * min(1, clip / norm)
            beneath.apply([keras.ops.convert_to_tensor(under)])
        learner.apply([keras.ops.convert_to_tensor(each) for each in own])
        if settings.get("max_norm"):
            lengths = np.linalg.norm(kernel.numpy(), axis=0)
            kernel.assign(kernel.numpy() * np.minimum(1, settings["max_norm"] / lengths))
    every = forward(slice(None))[2]
    found.append(every - every.mean(axis=1, keepdims=True))
    return np.array(found)
