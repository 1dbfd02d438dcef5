import numpy as np
import oracle
from hypothesis import given
from hypothesis import strategies as st

from twinhead.matching import match_sigmoid, match_softmax, sigmoid_learning_rate

seeds = st.integers(0, 2**32 - 1)


def problem(seed, rows=40, features=6):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((rows, features))
    y = generator.integers(0, 2, rows)
    return X, y, generator.standard_normal((features, 2)), generator.standard_normal(2)


@given(seeds)
def test_matched_heads_have_the_same_loss(seed):
    X, y, theta, bias = problem(seed)
    softmax = oracle.softmax_loss(theta, bias, X, y)[0]
    sigmoid = oracle.sigmoid_loss(*match_sigmoid(theta, bias), X, y)[0]
    assert abs(softmax - sigmoid) <= 1e-12


@given(seeds)
def test_there_and_back_gives_the_same_beta(seed):
    _, _, theta, bias = problem(seed)
    beta, offset = match_sigmoid(theta, bias)
    again, offset_again = match_sigmoid(*match_softmax(beta, offset))
    np.testing.assert_allclose(again, beta, rtol=1e-15)
    np.testing.assert_allclose(offset_again, offset, rtol=1e-15)


@given(seeds)
def test_gradients_of_the_two_columns_are_opposite_and_equal_to_betas(seed):
    X, y, theta, bias = problem(seed)
    _, to_theta, to_bias = oracle.softmax_loss(theta, bias, X, y)
    _, to_beta, to_offset = oracle.sigmoid_loss(*match_sigmoid(theta, bias), X, y)
    np.testing.assert_allclose(to_theta[:, 1:], to_beta, atol=1e-14)
    np.testing.assert_allclose(to_theta[:, 0], -to_theta[:, 1], atol=1e-14)
    np.testing.assert_allclose(to_bias, [-to_offset[0], to_offset[0]], atol=1e-14)


@given(seeds)
def test_one_step_at_twice_the_rate_keeps_the_heads_matched(seed):
    X, y, theta, bias = problem(seed)
    _, to_theta, _ = oracle.softmax_loss(theta, bias, X, y)
    beta, offset = match_sigmoid(theta, bias)
    _, to_beta, _ = oracle.sigmoid_loss(beta, offset, X, y)
    moved, _ = match_sigmoid(theta - 0.1 * to_theta, bias)
    np.testing.assert_allclose(beta - sigmoid_learning_rate(0.1, 2) * to_beta, moved, atol=1e-14)
    once = beta - sigmoid_learning_rate(0.1, 1) * to_beta
    assert np.abs(once - moved).max() > 1e-6


def test_swapped_columns_flip_every_logit():
    X, _, theta, bias = problem(1)
    beta, offset = match_sigmoid(theta, bias)
    swapped, swapped_offset = match_sigmoid(theta[:, ::-1], bias[::-1])
    np.testing.assert_allclose(X @ swapped + swapped_offset, -(X @ beta + offset))
