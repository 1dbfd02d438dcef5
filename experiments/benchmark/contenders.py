"""What the bank is timed against: the same training, written as a competent user would.

Each contender takes a Problem and returns the validation loss before training and after every
epoch, shape (epochs + 1, arms). But for Keras's `fit` and scikit-learn, which draw their own noise,
all are given the batches and masks of module `noise`, and so have to come to the same losses.

Those who take many arms are written once for both layouts: weights (d, arms) and logits
(rows, arms), as textbooks have it, or the other way round, `transposed`.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit

from twinhead.data.features import Split
from twinhead.results.arm import Arm
from twinhead.training import bank, noise
from twinhead.training.recipe import Recipe

Noise = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Problem:
    """Sigmoid arms to train, in float32, and where they start.

    Attributes:
        recipe: with plain SGD or plain Adam.
        kernel, bias: shapes (d, arms) and (arms,).
        rates: learning rates, float32, shape (arms,).
    """

    recipe: Recipe
    split: Split
    seed: int
    arms: list[Arm]
    kernel: np.ndarray
    bias: np.ndarray
    rates: np.ndarray

    @property
    def adam(self) -> Mapping[str, Any] | None:
        """Adam's options, or None where it is SGD."""
        return self.recipe.optimizer if self.recipe.optimizer["name"] == "adam" else None

    @property
    def scale(self) -> float:
        """What kept inputs are multiplied by."""
        return 1 / (1 - self.recipe.dropout)

    def epochs(self) -> Iterator[Noise]:
        """Give every epoch's order and packed masks, drawn while the one before it trains."""
        rows, features = self.split.X_train.shape
        places = self.recipe.places(self.split)

        def draw(epoch: int) -> Noise:
            masks = noise.masks(self.seed, epoch, rows, features, self.recipe.dropout)
            return noise.order(self.seed, epoch, rows, places), masks

        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(draw, 1)
            for epoch in range(1, self.recipe.epochs + 1):
                drawn = ahead.result()
                if epoch < self.recipe.epochs:
                    ahead = pool.submit(draw, epoch + 1)
                yield drawn

    def batches(self, rows: int) -> Iterator[slice]:
        for start in range(0, rows, self.recipe.batch_size):
            yield slice(start, start + self.recipe.batch_size)

    def start(self, transposed: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return kernel, bias and rates, copied, in a layout."""
        kernel = (self.kernel.T if transposed else self.kernel).copy(order="C")
        return kernel, beside(self.bias, not transposed).copy(), beside(self.rates, not transposed)

    def signs(self, transposed: bool) -> np.ndarray:
        """Return -1 for the positive class and 1 for the other, in validation, in a layout."""
        signs = np.where(self.split.y_validation, -1, 1).astype(np.float32)
        return beside(signs, transposed)


def beside(values: np.ndarray, as_row: bool) -> np.ndarray:
    """Return a row or column of values: what is an arm's or a row's in logits of a layout."""
    return values[None] if as_row else values[:, None]


def forward(kernel, inputs, transposed: bool):
    return kernel @ inputs.T if transposed else inputs @ kernel


def backward(slope, inputs, transposed: bool):
    return slope @ inputs if transposed else inputs.T @ slope


def with_bank(problem: Problem) -> np.ndarray:
    records = bank.train(problem.arms, problem.recipe, problem.split, parts=["validation"])
    return np.stack([record.loss() for record in records], axis=1)


def with_numpy(problem: Problem, transposed: bool) -> np.ndarray:
    split, scale = problem.split, np.float32(problem.scale)
    X, y = split.X_train, beside(split.y_train.astype(np.float32), transposed)
    kernel, bias, rates = problem.start(transposed)
    of_rows = 1 if transposed else 0
    signs = problem.signs(transposed)
    buffer = np.empty((problem.recipe.batch_size, X.shape[1]), np.float32)
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in (kernel, bias)]
    steps, losses = 0, []

    def evaluate() -> None:
        wrong = signs * (forward(kernel, split.X_validation, transposed) + bias)
        loss = np.maximum(wrong, 0) + np.log(1 + np.exp(-np.abs(wrong)))
        losses.append(loss.mean(axis=of_rows, dtype=np.float64))

    evaluate()
    for order, masks in problem.epochs():
        for rows in problem.batches(len(order)):
            visited = order[rows]
            batch = np.take(X, visited, axis=0, out=buffer[: len(visited)], mode="clip")
            batch *= noise.unpacked(masks[rows], X.shape[1])
            logits = scale * forward(kernel, batch, transposed) + bias
            slope = expit(logits, out=logits)
            slope -= y[:, visited] if transposed else y[visited]
            slope /= len(visited)
            to_bias = slope.sum(axis=of_rows, keepdims=True).reshape(bias.shape)
            slope *= scale
            gradients = backward(slope, batch, transposed), to_bias
            steps += 1
            for weight, gradient, own in zip((kernel, bias), gradients, moments, strict=True):
                if problem.adam:
                    gradient = _adam_in_numpy(gradient, own, steps, **problem.adam)
                gradient *= rates
                weight -= gradient
        evaluate()
    return np.array(losses)


def _adam_in_numpy(gradient, moments, step, beta_1, beta_2, epsilon, **_):
    """Return the direction of Keras's Adam, and let the moments go on."""
    first, second = moments
    first += (1 - beta_1) * (gradient - first)
    gradient *= gradient
    gradient -= second
    gradient *= 1 - beta_2
    second += gradient
    np.sqrt(second, out=gradient)
    gradient += epsilon
    np.divide(first, gradient, out=gradient)
    gradient *= _adam_size(step, beta_1, beta_2)
    return gradient


def _adam_size(step: int, beta_1: float, beta_2: float) -> float:
    """Return how long the step is; in float32, as Keras has it: 1 - 0.999 loses digits."""
    first, second = (1 - np.float32(beta) ** np.float32(step) for beta in (beta_1, beta_2))
    return float(np.sqrt(second) / first)


@cache  # Once a process: compiling takes longer than training one arm.
def _jax_programs() -> tuple[Callable, Callable]:
    """Return an epoch and its evaluation, compiled."""
    import jax  # Here, because it may be absent; as it may where it is imported below.
    import jax.numpy as jnp

    def masked(X, masks, scale):
        bits = jnp.concatenate([masks >> k & 1 for k in range(7, -1, -1)], axis=-1)
        return jnp.where(bits[..., : X.shape[-1]] > 0, X * scale, 0)

    def direction(gradient, moments, step, adam):
        if adam is None:
            return gradient, moments
        _, beta_1, beta_2, epsilon = adam
        first = beta_1 * moments[0] + (1 - beta_1) * gradient
        second = beta_2 * moments[1] + (1 - beta_2) * gradient**2
        size = jnp.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        return size * first / (jnp.sqrt(second) + epsilon), (first, second)

    def epoch(state, X, y, order, masks, rates, size, scale, adam, transposed):
        def visit(state, visited):
            (kernel, bias), moments, step = state
            rows, kept = visited
            batch = masked(X[rows], kept, scale)
            labels = y[rows][None] if transposed else y[rows][:, None]
            slope = jax.nn.sigmoid(forward(kernel, batch, transposed) + bias) - labels
            slope /= len(rows)
            to_bias = slope.sum(axis=1 if transposed else 0).reshape(bias.shape)
            gradients = backward(slope, batch, transposed), to_bias
            step += 1
            moved = [
                direction(gradient, own, step, adam)
                for gradient, own in zip(gradients, moments, strict=True)
            ]
            weights = tuple(
                weight - rates * way for weight, (way, _) in zip((kernel, bias), moved, strict=True)
            )
            return (weights, tuple(own for _, own in moved), step), None

        whole = len(order) // size * size
        batches = (
            order[:whole].reshape(-1, size),
            masks[:whole].reshape(-1, size, *masks.shape[1:]),
        )
        state, _ = jax.lax.scan(visit, state, batches)
        if whole < len(order):
            state, _ = visit(state, (order[whole:], masks[whole:]))
        return state

    def evaluate(weights, X, signs, transposed):
        wrong = signs * (forward(weights[0], X, transposed) + weights[1])
        return jax.nn.softplus(wrong).mean(axis=1 if transposed else 0)

    fixed = ("size", "scale", "adam", "transposed")
    return (
        jax.jit(epoch, static_argnames=fixed, donate_argnames="state"),
        jax.jit(evaluate, static_argnames="transposed"),
    )


def with_jax(problem: Problem, transposed: bool) -> np.ndarray:
    import jax.numpy as jnp  # As above.

    train, evaluate = _jax_programs()
    split, recipe = problem.split, problem.recipe
    X, y, X_validation = map(jnp.asarray, (split.X_train, split.y_train, split.X_validation))
    y, signs = y.astype(jnp.float32), jnp.asarray(problem.signs(transposed))
    kernel, bias, rates = map(jnp.asarray, problem.start(transposed))
    adam = None
    moments: tuple = ((), ())
    if problem.adam:
        adam = tuple(problem.adam[key] for key in ("name", "beta_1", "beta_2", "epsilon"))
        moments = tuple((jnp.zeros_like(each), jnp.zeros_like(each)) for each in (kernel, bias))
    state = (kernel, bias), moments, jnp.zeros(())
    losses = [evaluate(state[0], X_validation, signs, transposed)]
    for order, masks in problem.epochs():
        size = min(recipe.batch_size, len(order))
        state = train(state, X, y, order, masks, rates, size, problem.scale, adam, transposed)
        losses.append(evaluate(state[0], X_validation, signs, transposed))
    return np.array(losses, np.float64)


def with_torch(problem: Problem, transposed: bool) -> np.ndarray:
    import torch  # Here, because it may be absent.

    with torch.inference_mode():
        split, scale = problem.split, problem.scale
        X, X_validation = map(torch.from_numpy, (split.X_train, split.X_validation))
        y = torch.from_numpy(beside(split.y_train.astype(np.float32), transposed))
        signs = torch.from_numpy(problem.signs(transposed))
        kernel, bias, rates = map(torch.from_numpy, problem.start(transposed))
        of_rows = 1 if transposed else 0
        buffer = torch.empty((problem.recipe.batch_size, X.shape[1]))
        moments = [(torch.zeros_like(each), torch.zeros_like(each)) for each in (kernel, bias)]
        steps, losses = 0, []

        def evaluate() -> None:
            wrong = signs * (forward(kernel, X_validation, transposed) + bias)
            loss = torch.nn.functional.softplus(wrong)
            losses.append(loss.mean(dim=of_rows, dtype=torch.float64).numpy())

        evaluate()
        for order, masks in problem.epochs():
            order = torch.from_numpy(order)
            for rows in problem.batches(len(order)):
                visited = order[rows]
                batch = torch.index_select(X, 0, visited, out=buffer[: len(visited)])
                batch *= torch.from_numpy(noise.unpacked(masks[rows], X.shape[1]))
                logits = torch.add(bias, forward(kernel, batch, transposed), alpha=scale)
                slope = logits.sigmoid_()
                slope -= y[:, visited] if transposed else y[visited]
                slope /= len(visited)
                to_bias = slope.sum(dim=of_rows, keepdim=True).reshape(bias.shape)
                slope *= scale
                gradients = backward(slope, batch, transposed), to_bias
                steps += 1
                for weight, gradient, own in zip((kernel, bias), gradients, moments, strict=True):
                    if problem.adam:
                        gradient = _adam_in_torch(gradient, own, steps, **problem.adam)
                    weight.addcmul_(rates, gradient, value=-1)
            evaluate()
        return np.array(losses)


def _adam_in_torch(gradient, moments, step, beta_1, beta_2, epsilon, **_):
    """Return the direction of Keras's Adam, and let the moments go on."""
    first, second = moments
    first.lerp_(gradient, 1 - beta_1)
    second.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
    size = _adam_size(step, beta_1, beta_2)
    return second.sqrt().add_(epsilon).reciprocal_().mul_(first).mul_(size)


# Beside the bank; a package that is not there takes no part.
OTHERS = {
    "NumPy": (with_numpy, "numpy"),
    "JAX": (with_jax, "jax"),
    "PyTorch": (with_torch, "torch"),
}
