"""Optimizers that look at all weights at once: no map for the sigmoid, none needed by isometric."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

from twinhead.experiments.law.small import Small
from twinhead.matching import contrasts, match_isometric, match_softmax

SEARCHES = ("L-BFGS-B", "BFGS", "CG")
LOOKS, CLASSES, STEPS = 6, 4, 60
L2 = 0.05  # So that there is an optimum.
TRUNK = 5
RATIOS = 2 * np.geomspace(0.25, 4, 33)  # Of rates, 2 in the middle.


def measure(small: Small) -> dict[str, float]:
    """Return how far each head's path is from softmax's: searches, one norm over all, K classes."""
    found = {}
    for method in SEARCHES:
        softmax = _searched(small, "softmax", method)
        for head in ("isometric", "sigmoid"):
            apart = np.abs(_searched(small, head, method) - softmax).max()
            found[f"{method}, {head}: gap"] = float(apart)
    return found | _one_norm(small) | _thresholds(small) | _constrained(small) | _several(small)


def _searched(small: Small, head: str, method: str) -> np.ndarray:
    """Return every row's log-odds after each of SciPy's first iterations."""
    gradient, rows = small.gradient(head), np.arange(len(small.y))
    start = small.start(head, antisymmetric=True)
    # As the map says of L2: half as strong on the sigmoid's weights.
    l2 = L2 / 2 if head == "sigmoid" else L2
    path: list[np.ndarray] = []

    def value(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(start.shape)
        slope = gradient(w, rows) + 2 * l2 * w
        return gradient.loss(w, rows) + l2 * float((w**2).sum()), slope.ravel()

    minimize(
        value,
        start.ravel(),
        jac=True,
        method=method,
        callback=lambda flat: path.append(gradient.odds(flat.reshape(start.shape))),
        options={"maxiter": LOOKS},
    )
    path += [path[-1]] * (LOOKS - len(path))  # One that has arrived stays there.
    return np.array(path)


def _one_norm(small: Small) -> dict[str, float]:
    """Clip head and a trained layer under it to one norm: every setting as it is."""
    trunk, theta = _with_a_layer(small)
    starts = {
        "softmax": theta,
        "isometric": match_isometric(theta),
        "sigmoid": theta[:, 1:] - theta[:, :1],
    }
    turns = {"softmax": np.eye(2), "isometric": contrasts(2).T, "sigmoid": np.array([[0.0, 1.0]])}
    paths = {
        head: _clipped(small, start, turns[head], 2 if head == "sigmoid" else 1, trunk=trunk)
        for head, start in starts.items()
    }
    return {
        f"one norm over head and trunk, {head}: gap": _apart(paths[head], paths["softmax"])
        for head in ("isometric", "sigmoid")
    }


def _with_a_layer(small: Small) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights of a layer under the head, and a softmax head's on it."""
    generator = np.random.default_rng(small.seed + 2)
    trunk = generator.normal(size=(small.X.shape[1], TRUNK)) / 2
    return trunk, generator.normal(size=(TRUNK, 2)) / 2


def _clipped(
    small: Small, w: np.ndarray, turn: np.ndarray, ratio: float, factor: float = 0, *, trunk=None
) -> np.ndarray:
    """Return centred logits by step, head and layer under it clipped to one norm.

    Args:
        ratio: of the head's rate to the layer's, which is that of the softmax head.
        factor: of the threshold; 0: as it maps for the head by itself.
    """
    most = 0.1 * (factor or 1 / np.sqrt(ratio))
    found = []
    for _ in range(STEPS):
        hidden = small.X if trunk is None else np.tanh(small.X @ trunk)
        z = hidden @ w @ turn
        found.append(z - z.mean(axis=1, keepdims=True))
        slope = _slope(z, small.y, 2) @ turn.T
        own, under = hidden.T @ slope, 0.0
        if trunk is not None:
            under = small.X.T @ (slope @ w.T * (1 - hidden**2))
        cut = min(1.0, most / np.sqrt((own**2).sum() + np.square(under).sum()))
        w = w - 0.3 * ratio * cut * own
        trunk = None if trunk is None else trunk - 0.3 * cut * under
    return np.array(found)


def _thresholds(small: Small) -> dict[str, float]:
    """Search the factor of one norm's threshold for the sigmoid, with a layer and without one."""
    column = np.array([[0.0, 1.0]])
    found = {}
    layer, on_it = _with_a_layer(small)
    for name, trunk, theta in (
        ("global_clipnorm over a layer under the head", layer, on_it),
        ("global_clipnorm", None, small.start("softmax")),
    ):
        softmax = _clipped(small, theta, np.eye(2), 1, trunk=trunk)
        beta = theta[:, 1:] - theta[:, :1]
        best = minimize_scalar(
            lambda log_factor, trunk=trunk, softmax=softmax, beta=beta: _apart(
                _clipped(small, beta, column, 2, np.exp(log_factor), trunk=trunk), softmax
            ),
            bounds=np.log([0.5, 2.0]),
            method="bounded",
            options={"maxiter": 60, "xatol": 1e-9},
        )
        found[f"{name}: best factor"] = float(np.exp(best.x))
        found[f"{name}: gap at the best factor"] = float(best.fun)
    return found


def _constrained(small: Small) -> dict[str, float]:
    """Hold weights in bounds after every step; try the sigmoid with them and without, at any rate.

    Without bounds the same search finds 2.
    """
    rows = np.arange(len(small.y))
    bounds: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "non_negative": lambda w: np.maximum(w, 0),
        "unit_norm": lambda w: w / np.linalg.norm(w, axis=0),
        "no constraint": lambda w: w,
    }

    def walk(head: str, w: np.ndarray, keep: Callable, rate: float) -> np.ndarray:
        gradient, found = small.gradient(head), []
        for _ in range(STEPS):
            w = keep(w - rate * gradient(w, rows))
            found.append(gradient.odds(w))
        return np.array(found)

    found = {}
    for name, keep in bounds.items():
        theta = keep(small.start("softmax"))
        softmax = walk("softmax", theta, keep, 0.3)
        beta = theta[:, 1:] - theta[:, :1]
        found[f"{name}: smallest gap"] = min(
            _apart(walk("sigmoid", beta, own, 0.3 * ratio), softmax)
            for own in (keep, bounds["no constraint"])
            for ratio in RATIOS
        )
    return found


def _several(small: Small) -> dict[str, float]:
    """K classes: momentum, L2 and one norm with every setting as it is; Adam at its best rate."""
    generator = np.random.default_rng(small.seed + 3)
    y = (small.X @ generator.normal(size=(small.X.shape[1], CLASSES))).argmax(axis=1)
    theta = match_softmax(
        generator.normal(size=(small.X.shape[1], CLASSES - 1)) / 3, head="isometric"
    )
    gamma, turn = match_isometric(theta), contrasts(CLASSES).T

    def walk(step: Callable, w: np.ndarray, turn: np.ndarray, rate: float) -> np.ndarray:
        state, found = [0.0, 0.0], []
        for count in range(1, STEPS + 1):
            z = small.X @ w @ turn
            found.append(z - z.mean(axis=1, keepdims=True))
            gradient = small.X.T @ _slope(z, y, CLASSES) @ turn.T
            w = w - rate * step(gradient, w, state, count)
        return np.array(found)

    def momentum(g, w, state, count):
        g = g + 2 * L2 * w
        state[0] = 0.9 * state[0] + g * min(1.0, 0.2 / np.linalg.norm(g))
        return state[0]

    def adam(g, w, state, count):
        state[:] = 0.9 * state[0] + 0.1 * g, 0.99 * state[1] + 0.01 * g**2
        return state[0] / (1 - 0.9**count) / (np.sqrt(state[1] / (1 - 0.99**count)) + 1e-7)

    one = np.eye(CLASSES)
    softmax = walk(momentum, theta, one, 0.3)
    first = theta[:, 1:] - theta[:, :1]
    coded = np.hstack([np.zeros((CLASSES - 1, 1)), np.eye(CLASSES - 1)])
    by_adam = walk(adam, theta, one, 0.03)
    rates = 0.03 * np.geomspace(0.7, 2.2, 25)
    return {
        "K = 4, isometric: gap": _apart(walk(momentum, gamma, turn, 0.3), softmax),
        "K = 4, reference coding: smallest gap": min(
            _apart(walk(momentum, first, coded, rate), softmax) for rate in 10 * rates
        ),
        "K = 4, Adam, isometric: smallest gap": min(
            _apart(walk(adam, gamma, turn, rate), by_adam) for rate in rates
        ),
    }


def _slope(z: np.ndarray, y: np.ndarray, classes: int) -> np.ndarray:
    return (np.exp(z - logsumexp(z, axis=1, keepdims=True)) - np.eye(classes)[y]) / len(y)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())
