import inspect
import math

import law
import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhead import config, matching
from twinhead.matching import match_sigmoid, match_softmax, sigmoid_learning_rate, translate

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


def test_every_optimizer_and_option_that_keras_exports_is_in_the_map():
    from twinhead.backend import keras

    classes = {
        name.lower(): each
        for name, each in vars(keras.optimizers).items()
        if isinstance(each, type)
        and issubclass(each, keras.optimizers.Optimizer)
        and each is not keras.optimizers.Optimizer
    }
    assert set(classes) == {*matching.OPTIMIZERS, *matching.WRAPPERS}
    for name in matching.OPTIMIZERS:
        options = set(inspect.signature(classes[name].__init__).parameters)
        options -= {"self", "name", "kwargs", "weight_decay"}
        known = {*matching.OPTIMIZERS[name], *matching.ANYWHERE}
        assert options <= known, f"{name}: {options - known}"


def test_options_with_a_factor_that_keras_does_not_leave_at_zero_are_needed():
    """Left out, they would be in force for both heads and mapped for neither."""
    from twinhead.backend import keras

    classes = {name.lower(): each for name, each in vars(keras.optimizers).items()}
    for name, own in matching.OPTIMIZERS.items():
        defaults = {
            key: parameter.default
            for key, parameter in inspect.signature(classes[name].__init__).parameters.items()
            if key == "weight_decay" or (key in own and own[key].factor != 1)
        }
        needed = {key for key, value in defaults.items() if value and key != "learning_rate"}
        assert needed == set(matching.NEEDED.get(name, ()))
        for key in needed:
            given_all = {"optimizer": name, "learning_rate": 1.0, **dict.fromkeys(needed, 1.0)}
            with pytest.raises(ValueError, match=key):
                translate({k: v for k, v in given_all.items() if k != key})


def test_every_optimizer_of_the_map_is_measured_and_can_be_configured():
    assert {case.softmax["optimizer"] for case in law.CASES} == set(matching.OPTIMIZERS)
    assert set(config.SCHEMA["optimizer"]) == set(matching.OPTIMIZERS)


def about(settings):
    """Equal but for the last bits of numbers; words as they are."""
    return {
        key: pytest.approx(value, rel=1e-15) if isinstance(value, float) else value
        for key, value in settings.items()
    }


@pytest.mark.parametrize("case", law.CASES, ids=lambda case: case.name)
def test_translating_there_and_back_gives_the_start(case):
    there = translate(case.softmax)
    back = translate(there.settings, to="softmax")
    assert back.settings == about(case.softmax)
    assert (back.status, back.conditions) == (there.status, there.conditions)
    again = translate(translate(case.softmax, to="softmax").settings)
    assert again.settings == about(case.softmax)


@given(
    st.sampled_from(sorted(set(matching.ANYWHERE) - {"schedule", "sample_weight"})),
    st.floats(1e-6, 1e6),
    st.sampled_from(["sgd", "adam", "lamb"]),
)
def test_any_setting_goes_there_and_back(key, value, optimizer):
    start = {"optimizer": optimizer, "learning_rate": 0.1, key: value}
    assert translate(translate(start).settings, "softmax").settings == about(start)


@pytest.mark.parametrize(
    ("settings", "key", "expected"),
    [
        ({"optimizer": "sgd", "learning_rate": 0.1}, "learning_rate", 0.2),
        ({"optimizer": "adam", "learning_rate": 0.1, "epsilon": 1e-7}, "epsilon", 1e-7),
        ({"optimizer": "adamw", "learning_rate": 0.1, "weight_decay": 0.01}, "weight_decay", 0.005),
        ({"optimizer": "lamb", "learning_rate": 0.1, "weight_decay": 0.01}, "weight_decay", 0.01),
        ({"optimizer": "sgd", "learning_rate": 0.1, "clipnorm": 1.0}, "clipnorm", 1 / math.sqrt(2)),
        ({"optimizer": "sgd", "learning_rate": 0.1, "C": 1.0}, "C", 2.0),
    ],
)
def test_known_factors(settings, key, expected):
    assert translate(settings).settings[key] == pytest.approx(expected, rel=1e-15)


def test_l2_needs_a_condition_only_where_the_step_is_not_linear():
    plain = {"optimizer": "sgd", "learning_rate": 0.1, "l2": 0.01}
    assert translate(plain).status == "exact"
    for bent in ({"optimizer": "adam"}, {"clipnorm": 1.0}, {"clipvalue": 1.0}):
        assert translate(plain | bent).conditions == (matching.ANTISYMMETRIC,)


def test_one_norm_over_head_and_trunk_is_impossible():
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "trunk_learning_rate": 0.1}
    assert translate(settings).status == "exact"
    assert translate(settings | {"clipnorm": 1.0}).status == "exact"
    assert translate(settings | {"global_clipnorm": 1.0}).status == "impossible"


@pytest.mark.parametrize("word", ["warp", "learning_rat"])
def test_what_is_not_in_the_map_is_an_error(word):
    with pytest.raises(KeyError):
        translate({"optimizer": "sgd", word: 1.0})
    with pytest.raises(KeyError):
        translate({"optimizer": word, "learning_rate": 1.0})


def test_the_command_line_translates(run_script):
    words = ["optimizer=adamw", "learning_rate=1e-3", "optimizer.weight_decay=0.01", "clipnorm=1"]
    finished = run_script("translate", *words)
    assert finished.returncode == 0, finished.stderr
    for word in ("0.002", "0.005", "0.707107", "exact"):
        assert word in finished.stdout
    back = run_script("translate", "to=softmax", "learning_rate=0.2")
    assert "0.1" in back.stdout


def test_a_setting_given_twice_is_refused(run_script):
    finished = run_script("translate", "optimizer=adamw", "weight_decay=1")
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: weight_decay:")


@pytest.mark.parametrize("optimizer", config.ALONE)
def test_the_bank_refuses_optimizers_that_mix_columns(optimizer):
    with pytest.raises(config.InputError, match=f"optimizer: found {optimizer}"):
        config.compose("train", [f"optimizer={optimizer}"])
