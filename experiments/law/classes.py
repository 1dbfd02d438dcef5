"""K classes: K − 1 logits with a reference class beside K softmax units."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from sklearn.datasets import load_digits

from twinhead.training.backend import tf

MOST_STEPS, RATE = 300, 0.5
ROUNDING = 1e-12  # What an eigenvalue near 1 may be off.


def measure(seed: int, steps: int) -> pd.DataFrame:
    """Train K − 1 reference-coded logits beside K softmax units, with and without I + 11ᵀ.

    Full-batch gradient descent on scikit-learn's digits; the first class is the reference.
    """
    X, y = load_digits(return_X_y=True)
    rows = []
    for classes in (2, 3, 10):
        own = y < classes
        train = _descent(X[own] / 16, y[own], classes, min(steps, MOST_STEPS))
        theta = np.random.default_rng(seed).uniform(-0.3, 0.3, (X.shape[1], classes))
        reference = train(theta, np.eye(classes))

        def gap(factor: np.ndarray, theta=theta, train=train, reference=reference) -> float:
            return float(np.abs(train(theta[:, 1:] - theta[:, :1], factor) - reference).max())

        one = np.eye(classes - 1)
        mixing = one + np.ones_like(one)
        best = minimize_scalar(
            lambda factor, one=one, gap=gap: gap(factor * one),
            bounds=(0.5, classes + 1.0),
            method="bounded",
            options={"xatol": 1e-7},
        )
        eigenvalues = np.linalg.eigvalsh(mixing)
        rows.append(
            {
                "classes": classes,
                "mixed_gap": gap(mixing),
                "naive_gap": gap(one),
                "best_factor": float(best.x),
                "best_gap": float(best.fun),
                "largest_eigenvalue": float(eigenvalues[-1]),
                "smallest_eigenvalue": float(eigenvalues[0]),
                "eigenvalues_of_one": int(np.isclose(eigenvalues, 1, atol=ROUNDING).sum()),
            }
        )
    return pd.DataFrame(rows)


def numbers(table: pd.DataFrame) -> dict[str, float]:
    """Return the gaps that the table comes to, and how many of its eigenvalues are off."""
    several = table.classes > 2
    return {
        "K classes: gap with I + 11ᵀ": float(table.mixed_gap.to_numpy().max()),
        "K classes: gap with the gradient as it is": float(table.naive_gap.to_numpy().min()),
        "K > 2: gap at the best factor": float(table.best_gap[several].to_numpy().min()),
        "K = 2: gap at the best factor": float(table.best_gap[~several].to_numpy().max()),
        "eigenvalues off": _off(table, table.classes),
        "eigenvalues off, K − 1 in place of K": _off(table, table.classes - 1),
    }


def _off(table: pd.DataFrame, largest: pd.Series) -> int:
    """Count the K whose matrix has not this largest eigenvalue and 1 else."""
    as_said = ((table.largest_eigenvalue - largest).abs() <= ROUNDING) & (
        table.eigenvalues_of_one == table.classes - 2
    )
    return int((~as_said).sum())


def _descent(X: np.ndarray, y: np.ndarray, classes: int, steps: int) -> Callable[..., np.ndarray]:
    """Return a function (kernel, factor) -> losses before every step of kernel -= rate g factor.

    A kernel with a column too few has the reference's logit, zero, in front.
    """
    inputs, labels = tf.constant(X), tf.constant(y)

    @tf.function
    def descend(kernel: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
        losses = tf.TensorArray(tf.float64, steps)
        for step in tf.range(steps):
            with tf.GradientTape() as tape:
                tape.watch(kernel)
                logits = tf.pad(inputs @ kernel, [[0, 0], [classes - kernel.shape[1], 0]])
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
                )
            losses = losses.write(step, loss)
            kernel -= RATE * tape.gradient(loss, kernel) @ factor
        return losses.stack()

    return lambda kernel, factor: descend(tf.constant(kernel), tf.constant(factor)).numpy()
