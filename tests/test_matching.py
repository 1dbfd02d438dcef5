import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhead import matching
from twinhead.errors import InputError
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


def test_the_way_back_gives_each_class_one_half():
    """theta1 = -theta0: L2, decay and sign steps pull at columns that are each other's mirror."""
    theta, bias = match_softmax(np.array([[1.0], [-3.0]]), np.array([0.5]))
    np.testing.assert_array_equal(theta, [[-0.5, 0.5], [1.5, -1.5]])
    np.testing.assert_array_equal(bias, [-0.25, 0.25])


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


@pytest.mark.parametrize("shape", [(6, 3), (6, 1), (6,), (2,), (1, 6, 2)])
def test_a_kernel_that_is_no_softmax_heads_is_refused(shape):
    message = rf"theta: found shape \({', '.join(map(str, shape))},?\), expected \(d, 2\)"
    with pytest.raises(InputError, match=message):
        match_sigmoid(np.zeros(shape), np.zeros(2))


@pytest.mark.parametrize("shape", [(6, 2), (6,), (1,), (1, 6, 1)])
def test_a_kernel_that_is_no_sigmoid_heads_is_refused(shape):
    with pytest.raises(InputError, match=r"beta: found shape .*, expected \(d, 1\)"):
        match_softmax(np.zeros(shape), np.zeros(1))


@pytest.mark.parametrize(
    ("match", "units", "shape"),
    [
        *((match_sigmoid, 2, shape) for shape in [(1,), (3,), (), (1, 2)]),
        *((match_softmax, 1, shape) for shape in [(2,), (), (1, 1)]),
    ],
)
def test_a_bias_of_another_shape_is_refused(match, units, shape):
    with pytest.raises(InputError, match=rf"bias: found shape .*, expected \({units},\)"):
        match(np.zeros((6, units)), np.zeros(shape))


def test_without_a_bias_the_kernel_comes_alone():
    _, _, theta, bias = problem(1)
    beta = match_sigmoid(theta)
    np.testing.assert_array_equal(beta, match_sigmoid(theta, bias)[0])
    np.testing.assert_array_equal(match_softmax(beta), match_softmax(beta, np.zeros(1))[0])


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_matching_keeps_the_precision(precision):
    theta, bias = np.ones((3, 2), precision), np.ones(2, precision)
    matched = match_sigmoid(theta, bias)
    assert {each.dtype.name for each in (*matched, *match_softmax(*matched))} == {precision}


@given(seeds, st.integers(2, 9))
def test_three_heads_are_one_function_and_come_back(seed, classes):
    generator = np.random.default_rng(seed)
    theta, bias = generator.standard_normal((6, classes)), generator.standard_normal(classes)
    gamma, offset = matching.match_isometric(theta, bias)
    assert gamma.shape == (6, classes - 1)
    again, bias_again = match_softmax(gamma, offset, head="isometric")
    np.testing.assert_allclose(oracle.softmax(again), oracle.softmax(theta), atol=1e-14)
    np.testing.assert_allclose(oracle.softmax(bias_again), oracle.softmax(bias), atol=1e-14)
    centred = theta - theta.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(np.linalg.norm(gamma), np.linalg.norm(centred), rtol=1e-14)
    turn = matching.contrasts(classes)
    np.testing.assert_allclose(turn.T @ turn, np.eye(classes - 1), atol=1e-15)
    if classes == 2:
        beta = match_sigmoid(theta, bias)
        np.testing.assert_allclose(match_sigmoid(gamma, offset, head="isometric")[0], beta[0])
        np.testing.assert_allclose(matching.match_isometric(*beta, head="sigmoid")[0], gamma)


def test_a_head_that_cannot_be_matched_is_refused():
    with pytest.raises(InputError, match="head: found sigmoid, expected softmax or isometric"):
        match_sigmoid(np.ones((3, 1)), head="sigmoid")
    with pytest.raises(InputError, match=r"theta: found shape \(3, 1\), expected \(d, K\)"):
        matching.match_isometric(np.ones((3, 1)))
