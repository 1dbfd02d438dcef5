"""Where training ends: the heads' optima beside scikit-learn's LogisticRegression."""

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from twinhead.data.features import Split
from twinhead.experiments.law.cases import OPTIMUM_FEATURES
from twinhead.training.backend import keras, tf


def measure(split: Split) -> dict[str, float]:
    """Compare the heads' optima with LogisticRegression's: without a penalty, and with C."""
    X, y = split.X_train.astype(np.float64), split.y_train

    def optimum(head: str, X: np.ndarray, l2: float) -> tuple[np.ndarray, float]:
        """Return β, or θ1 − θ0, and b of the head's optimum; L-BFGS on Keras's loss.

        And the largest entry of the gradient that it leaves: 1e-11, or more where rounding hides
        from its line search that the loss still falls.
        """
        units = 2 if head == "softmax" else 1
        labels = np.stack([1 - y, y], axis=1)[:, -units:].astype(np.float64)
        loss = (
            keras.losses.CategoricalCrossentropy(from_logits=True, dtype="float64")
            if head == "softmax"
            else keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
        )

        @tf.function
        def value(weights: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(weights)
                kernel = tf.reshape(weights, (-1, units))
                total = loss(labels, X @ kernel[:-1] + kernel[-1])
                total += l2 * tf.reduce_sum(kernel[:-1] ** 2)
            return total, tape.gradient(total, weights)

        found = minimize(
            lambda w: [each.numpy() for each in value(tf.constant(w))],
            np.zeros((X.shape[1] + 1) * units),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000, "maxfun": 10000, "ftol": 0, "gtol": 1e-11},
        )
        kernel = found.x.reshape(-1, units)
        weights = kernel[:, -1] - kernel[:, 0] if units == 2 else kernel[:, 0]
        return weights, float(np.abs(found.jac).max())

    def regression(X: np.ndarray, C: float) -> np.ndarray:
        fit = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
        return np.append(fit.coef_[0], fit.intercept_)

    def bound(X: np.ndarray, weights: np.ndarray, left: float, curvature: float = 0.0) -> float:
        """Return how far two optima can be apart, relative: scikit-learn's weights and another's.

        By the gradients that both leave over the least curvature of the loss there; a penalty adds
        its own to the kernel.
        """
        rows = np.column_stack([X, np.ones(len(X))])
        p = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (p - y) / len(rows)
        hessian = (rows.T * (p * (1 - p))) @ rows / len(rows)
        gradient[:-1] += curvature * weights[:-1]
        hessian[:-1, :-1] += curvature * np.eye(X.shape[1])
        both = left + np.abs(gradient).max() + np.finfo(np.float64).eps
        least = np.linalg.eigvalsh(hessian)[0]
        return float(np.sqrt(len(weights)) * both / least / np.abs(weights).max())

    def apart(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.abs(a - b).max() / np.abs(b).max())

    few, C = X[:, :OPTIMUM_FEATURES], 1.0
    reference = regression(few, np.inf)
    # scikit-learn's sum of losses, and half the squares over C, as a mean: l2 = 1 / (2 C n).
    l2 = 1 / (2 * C * len(y))
    by_c, left_by_c = optimum("softmax", X, l2)
    penalised = regression(X, 2 * C)
    (softmax, left_by_softmax), (sigmoid, left_by_sigmoid) = (
        optimum(head, few, 0.0) for head in ("softmax", "sigmoid")
    )
    return {
        "optimum, softmax": apart(softmax, reference),
        "optimum, softmax, bound": bound(few, reference, left_by_softmax),
        "optimum, sigmoid": apart(sigmoid, reference),
        "optimum, sigmoid, bound": bound(few, reference, left_by_sigmoid),
        "optimum, penalised": apart(optimum("sigmoid", few, 0.01)[0], reference),
        "C of the sigmoid, twice": apart(by_c, penalised),
        # Each column has half of β, so the penalty on both bends β's loss by l2.
        "C of the sigmoid, bound": bound(X, penalised, left_by_c, l2),
        "C of the sigmoid, the same": apart(by_c, regression(X, C)),
    }
