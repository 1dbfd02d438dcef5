"""Means and quotients over seeds, with their 95 % intervals."""

import numpy as np
from scipy.stats import bootstrap, t


def ratio_of_means(above: np.ndarray, below: np.ndarray) -> tuple[float, float]:
    """Return mean(above) / mean(below) over seeds and the upper end of its 95 % interval.

    The pairs are resampled together (BCa bootstrap). With few pairs such an interval is a little
    short: its upper end covers the true ratio in about nine of ten cases at five pairs. One pair
    has no interval: then the upper end is the ratio itself.

    Args:
        above, below: one positive value a seed, shape (seeds,).
    """

    ratio = float(np.mean(above) / np.mean(below))
    if len(above) == 1:
        return ratio, ratio
    interval = bootstrap(
        (above, below),
        lambda a, b, axis=-1: np.mean(a, axis=axis) / np.mean(b, axis=axis),
        paired=True,
        vectorized=True,
        alternative="less",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return ratio, float(interval.high)


def mean_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean over seeds and the ends of its 95 % t-interval.

    One value has no interval, and a diverged arm none that is finite: the ends are then the mean.
    """
    mean = float(np.mean(values))
    if len(values) == 1 or not np.isfinite(values).all():
        return mean, mean, mean

    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return mean, float(mean - half), float(mean + half)
