"""Exact in distribution: many runs of independent noise, and how far their moments may differ."""

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from twinhead.experiments.law.methods import METHODS, Noise
from twinhead.experiments.law.small import Small

DRAWS, STEPS = 600, 12
# That any of all the moments compared is further apart than the bound by chance alone.
CHANCE = 1e-6


def measure(small: Small) -> dict[str, float]:
    """Return the largest distance of a moment, in bounds: above 1 is another distribution.

    Of every direction of the weights (the log-odds of as many rows) mean and variance are
    compared, of as many draws each by generators of their own.
    """
    few = replace(small, batches=small.batches[:STEPS])
    found = {}
    for method in METHODS:
        if method.coupled:
            softmax = _draws(few, method, "softmax", method.settings, 0)
            mapped = method.mapped("sigmoid")
            wrong = mapped | {"learning_rate": method.settings["learning_rate"]}
            for role, settings in (("mapped", mapped), ("not mapped", wrong)):
                other = _draws(few, method, "sigmoid", settings, DRAWS)
                found[f"{method.name}, distribution, {role}"] = _distance(softmax, other)
            found[f"{method.name}, distribution, isometric"] = _distance(
                softmax, _draws(few, method, "isometric", method.mapped("isometric"), 2 * DRAWS)
            )
    return found


def _draws(small: Small, method, head: str, settings, first: int) -> np.ndarray:
    """Return the last log-odds of some rows, shape (draws, rows)."""
    gradient, start = small.gradient(head), small.start(head)
    rows = slice(small.X.shape[1])
    last = []
    for seed in range(first, first + DRAWS):
        *_, w = method.walk(start, gradient, settings, Noise(head, seed))
        last.append(gradient.odds(w)[rows])
    return np.array(last)


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of a mean or a log variance over its bound."""
    # Two of each row; both are normal in the limit, and CHANCE is shared among all.
    bound = norm.isf(CHANCE / (4 * one.shape[1]))
    spread = np.sqrt((one.var(axis=0) + other.var(axis=0)) / len(one))
    means = np.abs(one.mean(axis=0) - other.mean(axis=0)) / spread
    # The variance of a log variance is (kurtosis - 1) / n, measured: clipped noise is not normal.
    kurtosis = [((each - each.mean(0)) ** 4).mean(0) / each.var(0) ** 2 for each in (one, other)]
    error = np.sqrt((kurtosis[0] + kurtosis[1] - 2) / len(one))
    variances = np.abs(np.log(one.var(axis=0)) - np.log(other.var(axis=0))) / error
    return float(max(means.max(), variances.max()) / bound)
