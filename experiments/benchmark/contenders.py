"""What the bank is timed against: the same training, written as a competent user would.

Each contender takes a Problem and returns the validation loss after every epoch, shape
(epochs, arms). But for Keras's `fit` and scikit-learn, which draw their own noise, all are given
the batches and masks of module `noise`, and so have to come to the same losses.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import expit
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss

from twinhead.data.features import Split
from twinhead.experiments.benchmark import Settings
from twinhead.experiments.benchmark.costs import BANK, FIT
from twinhead.results.arm import Arm
from twinhead.training import bank, heads, noise
from twinhead.training.backend import keras


@dataclass(frozen=True)
class Problem:
    """Sigmoid arms to train, in float32, and where they start.

    Attributes:
        kernel, bias: shapes (d, arms) and (arms,).
        rates: learning rates, float32, shape (arms,).
    """

    settings: Settings
    split: Split
    arms: list[Arm]
    kernel: np.ndarray
    bias: np.ndarray
    rates: np.ndarray

    def epochs(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give every epoch's order and packed masks."""
        rows, features = self.split.X_train.shape
        places = self.settings.recipe().places(self.split)
        for epoch in range(1, self.settings.epochs + 1):
            yield (
                noise.order(self.settings.seed, epoch, rows, places),
                noise.masks(self.settings.seed, epoch, rows, features, self.settings.dropout),
            )

    def batches(self, order: np.ndarray) -> Iterator[slice]:
        for start in range(0, len(order), self.settings.batch_size):
            yield slice(start, start + self.settings.batch_size)


def with_bank(problem: Problem) -> np.ndarray:
    recipe = problem.settings.recipe()
    records = bank.train(problem.arms, recipe, problem.split, parts=["validation"])
    return np.stack([record.loss()[1:] for record in records], axis=1)


def with_fit(problem: Problem) -> np.ndarray:
    """Train one softmax head as the article does: probabilities, one-hot labels, `model.fit`."""
    (arm,), split, settings = problem.arms, problem.split, problem.settings
    softmax = Arm("softmax", "softmax", settings.learning_rate, arm.seed)
    kernel, bias = heads.initial(softmax, split.X_train.shape[1])
    keras.utils.set_random_seed(arm.seed)
    model = keras.Sequential(
        [
            keras.Input((len(kernel),)),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(2, activation="softmax", name="head"),
        ]
    )
    model.get_layer("head").set_weights([kernel, bias])
    model.compile(
        optimizer=keras.optimizers.SGD(settings.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    fitted = model.fit(
        split.X_train,
        keras.utils.to_categorical(split.y_train, 2),
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        validation_data=(split.X_validation, keras.utils.to_categorical(split.y_validation, 2)),
        verbose=0,
    )
    return np.array(fitted.history["val_loss"])[:, None]


def with_scikit_learn(problem: Problem) -> np.ndarray:
    """Train one arm with SGDClassifier: the same loss, but row by row and without dropout."""
    (rate,), split = problem.rates, problem.split
    X_train = split.X_train.astype(np.float64)  # Started from float64 weights it takes no other.
    # A batch's mean gradient at `rate` is as much as each of its rows' at a share of it.
    model = SGDClassifier(
        loss="log_loss",
        alpha=0.0,
        penalty=None,
        learning_rate="constant",
        eta0=float(rate) / problem.settings.batch_size,
        random_state=problem.settings.seed,
    )
    model.coef_, model.intercept_ = problem.kernel.T.astype(np.float64), problem.bias * 1.0
    losses = []
    for _ in range(problem.settings.epochs):
        model.partial_fit(X_train, split.y_train, classes=[0, 1])
        losses.append(log_loss(split.y_validation, model.predict_proba(split.X_validation)))
    return np.array(losses)[:, None]


def with_numpy(problem: Problem) -> np.ndarray:
    split = problem.split
    X, y = split.X_train, split.y_train[:, None]
    kernel, bias = problem.kernel.copy(), problem.bias.copy()
    scale = np.float32(1 / (1 - problem.settings.dropout))
    sign = np.where(split.y_validation[:, None], -1, 1).astype(np.float32)
    losses = []
    for order, masks in problem.epochs():
        for rows in problem.batches(order):
            batch = X[order[rows]]
            batch *= noise.unpacked(masks[rows], X.shape[1])
            batch *= scale
            slope = (expit(batch @ kernel + bias) - y[order[rows]]) / np.float32(len(batch))
            kernel -= problem.rates * (batch.T @ slope)
            bias -= problem.rates * slope.sum(axis=0)
        logits = split.X_validation @ kernel + bias
        losses.append(np.logaddexp(0, sign * logits).mean(axis=0, dtype=np.float64))
    return np.array(losses)


@cache  # Once a process: compiling takes longer than training one arm.
def _jax_programs() -> tuple[Callable, Callable]:
    """Return an epoch and its evaluation, compiled."""
    import jax  # Here, because it may be absent; as it may where it is imported below.
    import jax.numpy as jnp

    def loss(weights, batch, labels):
        logits = batch @ weights[0] + weights[1]
        return (jnp.logaddexp(0, logits) - labels[:, None] * logits).mean(axis=0)

    def step(weights, batch, labels, rates):
        gradients = jax.grad(lambda w: loss(w, batch, labels).sum())(weights)
        return jax.tree.map(lambda w, g: w - rates * g, weights, gradients)

    def masked(X, masks, scale):
        return X * jnp.unpackbits(masks, axis=-1, count=X.shape[-1]) * scale

    @jax.jit
    def epoch(weights, X, y, order, masks, rates, size, scale):
        size = len(size)
        whole = len(order) // size * size

        def visit(weights, visited):
            rows, kept = visited
            return step(weights, masked(X[rows], kept, scale), y[rows], rates), None

        batches = (
            order[:whole].reshape(-1, size),
            masks[:whole].reshape(-1, size, *masks.shape[1:]),
        )
        weights, _ = jax.lax.scan(visit, weights, batches)
        if whole < len(order):
            weights, _ = visit(weights, (order[whole:], masks[whole:]))
        return weights

    return epoch, jax.jit(loss)


def with_jax(problem: Problem) -> np.ndarray:
    import jax.numpy as jnp  # As above.

    train, evaluate = _jax_programs()
    split = problem.split
    X, y, X_validation, y_validation = map(
        jnp.asarray,
        (split.X_train, split.y_train, split.X_validation, split.y_validation),
    )
    y, y_validation = y.astype(jnp.float32), y_validation.astype(jnp.float32)
    weights = jnp.asarray(problem.kernel), jnp.asarray(problem.bias)
    size, scale = np.empty(problem.settings.batch_size), 1 / (1 - problem.settings.dropout)
    losses = []
    for order, masks in problem.epochs():
        weights = train(weights, X, y, order, masks, problem.rates, size, scale)
        losses.append(evaluate(weights, X_validation, y_validation))
    return np.array(losses, np.float64)


def with_torch(problem: Problem) -> np.ndarray:
    import torch  # Here, because it may be absent.
    from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

    split, scale = problem.split, 1 / (1 - problem.settings.dropout)
    X, y = torch.from_numpy(split.X_train), torch.from_numpy(split.y_train).float()[:, None]
    X_validation = torch.from_numpy(split.X_validation)
    y_validation = torch.from_numpy(split.y_validation).float()[:, None]
    weights = [torch.from_numpy(w.copy()).requires_grad_() for w in (problem.kernel, problem.bias)]
    rates = torch.from_numpy(problem.rates)
    arms = len(problem.rates)
    losses = []
    for order, masks in problem.epochs():
        for rows in problem.batches(order):
            kept = torch.from_numpy(noise.unpacked(masks[rows], X.shape[1]))
            visited = torch.from_numpy(order[rows])
            logits = torch.addmm(weights[1], X[visited] * kept * scale, weights[0])
            labels = y[visited].expand(-1, arms)
            # The mean over rows, summed over arms: each arm's gradient is its own.
            loss = cross_entropy(logits, labels) * arms
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients, strict=True):
                    weight -= rates * gradient
        with torch.no_grad():
            logits = torch.addmm(weights[1], X_validation, weights[0])
            labels = y_validation.expand(-1, arms)
            losses.append(cross_entropy(logits, labels, reduction="none").mean(dim=0).numpy())
    return np.array(losses, np.float64)


# Any number of arms in one pass, and one arm alone; a package that is not there takes no part.
MANY = {
    BANK: (with_bank, "tensorflow"),
    "NumPy": (with_numpy, "numpy"),
    "JAX": (with_jax, "jax"),
    "PyTorch": (with_torch, "torch"),
}
SINGLE = {FIT: with_fit, "SGDClassifier": with_scikit_learn}
