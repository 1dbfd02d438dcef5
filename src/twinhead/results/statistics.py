"""Means and quotients over seeds, with their 95 % intervals."""

import numpy as np
from scipy.stats import t


def ratio_interval(above: np.ndarray, below: np.ndarray) -> tuple[float, float, float]:
    """Return the geometric mean of above / below over seeds and the ends of its 95 % interval.

    A t-interval of the logs, pair by pair. Five pairs are enough for it to cover what it says, as
    a test measures; a bootstrap of five covers nine in ten. One pair has no interval: its ends are
    the ratio itself.

    Args:
        above, below: one value above 0 a seed, shape (seeds,).
    """
    ratio, low, high = np.exp(mean_interval(np.log(above) - np.log(below)))
    return float(ratio), float(low), float(high)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean over seeds and the ends of its 95 % t-interval.

    One value has no interval, and a diverged arm none that is finite: the ends are then the mean.
    """
    mean = float(np.mean(values))
    if len(values) == 1 or not np.isfinite(values).all():
        return mean, mean, mean

    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return mean, float(mean - half), float(mean + half)
