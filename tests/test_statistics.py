"""Intervals cover what they say: measured, at the number of seeds that is the default."""

import numpy as np
import pytest

from twinhead.results.statistics import mean_interval, ratio_interval

SEEDS, DRAWS = 5, 4000
COUNTING = 4 * np.sqrt(0.95 * 0.05 / DRAWS)  # Four sd of counting.


def test_the_interval_of_a_ratio_covers_it_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(DRAWS):
        above, below = np.exp(generator.normal((0, 1), (1, 0.5), (SEEDS, 2))).T
        ratio, low, high = ratio_interval(above, below)
        assert low <= ratio <= high
        covered += low <= np.exp(-1) <= high
    assert covered / DRAWS == pytest.approx(0.95, abs=COUNTING)


def test_the_interval_of_a_ratio_covers_nine_in_ten_of_gaps_that_may_be_nearly_zero():
    """Two losses may happen to meet: |normal| has a long tail of logs, and is not what t asks."""
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(DRAWS):
        above, below = np.abs(generator.standard_normal((2, SEEDS)))
        _, low, high = ratio_interval(above, below)
        covered += low <= 1 <= high
    assert covered / DRAWS > 0.93


def test_pairs_stay_pairs():
    """What two arms of a seed share is no noise: equal quotients leave no interval."""
    below = np.array([1.0, 10.0, 100.0])
    assert ratio_interval(0.25 * below, below) == pytest.approx((0.25, 0.25, 0.25))


def test_one_pair_is_its_own_interval():
    assert ratio_interval(np.array([1.0]), np.array([4.0])) == pytest.approx((0.25, 0.25, 0.25))


def test_the_t_interval_covers_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(1)
    ends = np.array([mean_interval(generator.normal(3, 2, SEEDS))[1:] for _ in range(DRAWS)])
    covered = ((ends[:, 0] <= 3) & (ends[:, 1] >= 3)).mean()
    assert covered == pytest.approx(0.95, abs=COUNTING)


def test_the_t_interval_is_that_of_the_printed_table():
    """2.776 is every table's for 4 degrees of freedom; for 5 it is 2.571."""
    mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert mean == 3
    assert (mean - low, high - mean) == pytest.approx([2.776 * np.sqrt(0.5)] * 2, abs=5e-4)


def test_one_value_and_an_infinite_one_have_no_interval():
    assert mean_interval(np.array([2.0])) == (2.0, 2.0, 2.0)
    assert mean_interval(np.array([1.0, np.inf])) == (np.inf, np.inf, np.inf)
