import numpy as np
import pytest

from twinhead.results.statistics import mean_interval, ratio_of_means


def test_ratio_of_means_covers_the_true_ratio_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        above, below = generator.gamma(4, 1, 5), generator.gamma(4, 2, 5)
        ratio, high = ratio_of_means(above, below)
        assert ratio == pytest.approx(above.mean() / below.mean())
        covered += high >= 0.5
    # Nine in ten of 200, as it says for five pairs, less four sd of counting.
    assert covered >= 163


def test_one_pair_is_its_own_interval():
    assert ratio_of_means(np.array([1.0]), np.array([4.0])) == (0.25, 0.25)


def test_the_t_interval_covers_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(1)
    ends = np.array([mean_interval(generator.normal(3, 2, 5))[1:] for _ in range(1000)])
    covered = ((ends[:, 0] <= 3) & (ends[:, 1] >= 3)).mean()
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 1000))
