"""A small problem in float64 NumPy: three heads, their gradients by hand, whole and by row."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp

from twinhead.matching import contrasts, match_isometric, match_sigmoid, match_softmax

ROWS, FEATURES, BATCH, EPOCHS = 96, 6, 24, 15


@dataclass(frozen=True)
class Small:
    """Rows with a column of ones, labels, and the order of batches that all heads see."""

    X: np.ndarray
    y: np.ndarray
    batches: tuple[np.ndarray, ...]
    seed: int

    def gradient(self, head: str) -> "Gradient":
        return Gradient(head, self.X, self.y, self.batches)

    def start(self, head: str, antisymmetric: bool = False) -> np.ndarray:
        """Return matched weights, the bias as their last row."""
        theta = np.random.default_rng(self.seed).uniform(-0.3, 0.3, (self.X.shape[1], 2))
        if antisymmetric:
            theta = match_softmax(match_sigmoid(theta))
        if head == "softmax":
            return theta
        return match_sigmoid(theta) if head == "sigmoid" else match_isometric(theta)


def problem(seed: int) -> Small:
    generator = np.random.default_rng(seed)
    X = np.hstack([generator.normal(size=(ROWS, FEATURES)), np.ones((ROWS, 1))])
    y = (X @ generator.normal(size=FEATURES + 1) + generator.normal(size=ROWS) > 0).astype(int)
    orders = [generator.permutation(ROWS).reshape(-1, BATCH) for _ in range(EPOCHS)]
    return Small(X, y, tuple(np.concatenate(orders)), seed)


@dataclass(frozen=True)
class Gradient:
    """A head's mean cross-entropy on rows: value, gradient, gradient by row, curvature."""

    head: str
    X: np.ndarray
    y: np.ndarray
    batches: tuple[np.ndarray, ...]

    def odds(self, w: np.ndarray) -> np.ndarray:
        """Return every row's log-odds."""
        z = self.X @ w
        if self.head == "softmax":
            return z[:, 1] - z[:, 0]
        return z[:, 0] * (np.sqrt(2) if self.head == "isometric" else 1)

    def loss(self, w: np.ndarray, rows: np.ndarray) -> float:
        z = self.X[rows] @ w
        if self.head == "softmax":
            return float((logsumexp(z, axis=1) - z[np.arange(len(rows)), self.y[rows]]).mean())
        odds = z[:, 0] * (np.sqrt(2) if self.head == "isometric" else 1)
        return float((np.logaddexp(0, odds) - self.y[rows] * odds).mean())

    def _slopes(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the loss's slope along every row's own logits, shape (rows, units)."""
        z = self.X[rows] @ w
        if self.head == "softmax":
            p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
            return p - np.eye(2)[self.y[rows]]
        if self.head == "sigmoid":
            return expit(z) - self.y[rows, None]
        turn = contrasts(2)
        own = z @ turn.T
        p = np.exp(own - logsumexp(own, axis=1, keepdims=True))
        return (p - np.eye(2)[self.y[rows]]) @ turn

    def __call__(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self.X[rows].T @ self._slopes(w, rows) / len(rows)

    def by_row(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self.X[rows][:, :, None] * self._slopes(w, rows)[:, None, :]

    def curvature(self, w: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the Hessian of the flattened weights (units run fastest)."""
        p = expit(self.odds(w)[rows])
        one = {
            "softmax": np.array([[1, -1], [-1, 1]]),
            "sigmoid": np.eye(1),
            "isometric": 2 * np.eye(1),
        }[self.head]
        inner = self.X[rows].T @ (self.X[rows] * (p * (1 - p))[:, None]) / len(rows)
        return np.kron(inner, one)
