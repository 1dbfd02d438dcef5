import inspect
import math

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhead import matching
from twinhead.cli import main
from twinhead.cli.composing import CONF, compose
from twinhead.errors import InputError
from twinhead.experiments.law.cases import CASES
from twinhead.matching import match_sigmoid, match_softmax, sigmoid_learning_rate, translate
from twinhead.matching.rules import OF_SOFTMAX, OPPOSITE
from twinhead.runs.experiment import Experiment
from twinhead.training.backend import keras
from twinhead.training.optimizers import ALONE

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


def test_every_optimizer_and_option_that_keras_exports_is_in_the_map():
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


def test_what_is_left_out_is_what_keras_takes():
    """Left out, a setting is in force for both heads, and has to be mapped like a given one."""
    classes = {name.lower(): each for name, each in vars(keras.optimizers).items()}
    for name, own in matching.OPTIMIZERS.items():
        parameters = inspect.signature(classes[name].__init__).parameters
        defaults = {
            key: each.default for key, each in parameters.items() if each.default not in (None, 0)
        }
        assert matching.DEFAULTS[name].items() <= defaults.items(), name
        known = {**matching.ANYWHERE, **own}
        for key, value in defaults.items():
            if not isinstance(value, float | int) or isinstance(value, bool):
                continue
            matters = key == "weight_decay" or any(
                known[key].factor("softmax", head) != 1 for head in ("sigmoid", "isometric")
            )
            assert not matters or key in matching.DEFAULTS[name], f"{name}: {key}"


def test_a_setting_that_is_left_out_is_mapped_all_the_same():
    assert translate({"optimizer": "adam"}).settings == {"optimizer": "adam", "learning_rate": 2e-3}
    decayed = translate({"optimizer": "adamw", "learning_rate": 0.1})
    assert decayed.settings["weight_decay"] == 0.002
    assert decayed.given["weight_decay"] == 0.004
    assert translate({"optimizer": "adam"}, "isometric").settings["epsilon"] == pytest.approx(
        1e-7 * math.sqrt(2), rel=1e-15
    )


def test_none_is_none_and_stays():
    """Muon's rms_rate of None is another optimizer than Muon with Keras's 0.2."""
    settings = {"optimizer": "muon", "rms_rate": None, "weight_decay": None}
    mapped = translate(settings)
    assert mapped.settings["rms_rate"] is None
    assert mapped.settings["weight_decay"] is None
    assert not any("features" in each for each in mapped.conditions)
    assert any("2 features" in each for each in translate({"optimizer": "muon"}).conditions)


@pytest.mark.parametrize(
    "zero",
    [
        {"optimizer": "ftrl", "l1_regularization_strength": 0.0},
        {"optimizer": "adam", "l2": 0.0, "l1": 0, "initial_stddev": None},
        {"optimizer": "sgd", "trunk_learning_rate": 0.1, "global_clipnorm": 0.0},
    ],
)
def test_zero_is_not_in_force(zero):
    assert (translate(zero).status, translate(zero).conditions) == ("exact", ())


def test_layers_under_the_head_keep_their_own_settings():
    """Given the head's mapped clipnorm and decay, they would open the gap."""
    settings = {"optimizer": "adamw", "learning_rate": 0.1, "clipnorm": 1.0, "weight_decay": 0.2}
    found = translate(settings | {"trunk_learning_rate": 0.3})
    assert found.settings["clipnorm"] == pytest.approx(math.sqrt(1 / 2))
    assert found.trunk.items() >= {
        *{"learning_rate": 0.3, "clipnorm": 1.0, "weight_decay": 0.2, "optimizer": "adamw"}.items()
    }
    other = translate(settings | {"trunk": {"optimizer": "sgd", "global_clipnorm": 1.0}})
    assert other.trunk == {"optimizer": "sgd", "global_clipnorm": 1.0}
    assert other.status == "exact"
    assert translate(settings).trunk is None
    with pytest.raises(InputError, match="beta_1: no setting of sgd"):
        translate(settings | {"trunk": {"optimizer": "sgd", "beta_1": 0.9}})


@pytest.mark.parametrize(
    ("penalty", "to", "C", "share"),
    [
        ({"penalty": "l2"}, "sigmoid", 2, None),
        ({"penalty": "l1"}, "sigmoid", 1, None),
        ({"penalty": "l1"}, "isometric", 1 / math.sqrt(2), None),
        ({"l1_ratio": 1.0}, "sigmoid", 1, 1),
        ({"l1_ratio": 0.5}, "sigmoid", 4 / 3, 2 / 3),
    ],
)
def test_c_depends_on_its_penalty(penalty, to, C, share):
    mapped = translate({"optimizer": "sgd", "C": 1.0} | penalty, to).settings
    assert mapped["C"] == pytest.approx(C, rel=1e-15)
    assert mapped.get("l1_ratio") == (share if share is None else pytest.approx(share))


def test_conditions_that_the_match_gives_are_not_asked_for():
    settings = {"optimizer": "adam", "learning_rate": 0.1, "l2": 0.1, "l1": 0.1}
    assert translate(settings).status == "conditional"
    assert translate(settings, "softmax").status == "exact"
    assert translate(settings, "isometric", "sigmoid").status == "exact"


def test_a_penalty_of_the_kernel_asks_nothing_of_the_bias():
    (condition,) = translate({"optimizer": "adam", "l2": 0.1}).conditions
    assert "b1" not in condition
    assert "b1" in translate({"optimizer": "lamb"}).conditions[0]


def test_a_start_drawn_anew_is_the_same_in_distribution_only():
    drawn = translate({"optimizer": "sgd", "initial_stddev": 0.1})
    assert drawn.status == "exact in distribution"
    assert drawn.settings["initial_stddev"] == pytest.approx(0.1 * math.sqrt(2))
    assert translate({"optimizer": "adam", "initial_stddev": 0.1, "l2": 0.1}).status == (
        "conditional"
    )


@pytest.mark.parametrize("tiny", [0.0, 1e-12])
def test_noise_may_decide_a_step_that_looks_at_signs(tiny):
    for settings in ({"optimizer": "lion"}, {"optimizer": "adam", "epsilon": tiny}):
        (condition,) = translate(settings).conditions
        assert "rounding" in condition


def test_constraints_are_in_the_map():
    assert translate({"optimizer": "sgd", "max_norm": 1.0}).settings["max_norm"] == 2
    for key in ("non_negative", "unit_norm"):
        assert translate({"optimizer": "sgd", key: True}).status == "impossible"
        assert translate({"optimizer": "sgd", key: False}).status == "exact"


def test_wrappers_map_as_what_they_wrap():
    inner = {"optimizer": "adam", "learning_rate": 0.1}
    wrapped = {"optimizer": "LossScaleOptimizer", "inner_optimizer": inner, "initial_scale": 8.0}
    mapped = translate(wrapped).settings
    assert mapped["inner_optimizer"]["learning_rate"] == 0.2
    assert mapped["initial_scale"] == 8.0
    for settings in ({"optimizer": "MultiOptimizer"}, {"optimizer": "lossscaleoptimizer"}):
        with pytest.raises(InputError, match="expected the optimizer in it that moves the head"):
            translate(settings)


def test_the_isometric_head_needs_no_map_where_steps_turn_with_the_weights():
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "l2": 0.1}
    settings |= {"clipnorm": 1.0, "weight_decay": 0.1}
    for classes in (2, 7):
        assert translate(settings, "isometric", classes=classes).settings == settings
    one_norm = {"optimizer": "sgd", "global_clipnorm": 1.0, "trunk_learning_rate": 0.1}
    assert translate(one_norm, "isometric").status == "exact"
    assert translate(one_norm, "isometric", "sigmoid").status == "impossible"


def test_more_than_two_classes_have_no_map_weight_by_weight():
    assert translate({"optimizer": "adam"}, "isometric", classes=3).status == "impossible"
    assert translate({"optimizer": "sgd"}, "sigmoid", classes=3).status == "impossible"
    for key in ("l1", "clipvalue", "max_norm"):
        settings = {"optimizer": "sgd", key: 0.1}
        assert translate(settings, "isometric", classes=3).status == "impossible"
    with pytest.raises(InputError, match="classes: found True"):
        translate({"optimizer": "sgd"}, classes=True)


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


def test_every_optimizer_of_the_map_is_measured_and_can_be_configured():
    assert {case.softmax["optimizer"] for case in CASES} == set(matching.OPTIMIZERS)
    configured = {path.stem for path in (CONF / "optimizer").glob("*.yaml")}
    assert configured == set(matching.OPTIMIZERS)


def test_every_optimizer_and_option_of_pytorch_is_in_the_map():
    optim = pytest.importorskip("torch").optim
    classes = {
        f"torch.{name.lower()}": each
        for name, each in vars(optim).items()
        if isinstance(each, type) and issubclass(each, optim.Optimizer) and name != "Optimizer"
    }
    assert set(classes) == set(matching.TORCH) == set(matching.TORCH_DEFAULTS)
    for name, each in classes.items():
        parameters = inspect.signature(each.__init__).parameters
        assert {*parameters} - {"self", "params"} <= {*matching.TORCH[name]}, name
        defaults = {key: parameter.default for key, parameter in parameters.items()}
        assert matching.TORCH_DEFAULTS[name].items() <= defaults.items(), name


@pytest.mark.parametrize(
    ("settings", "key", "expected"),
    [
        ({"optimizer": "torch.Adam"}, "lr", 0.002),
        ({"optimizer": "torch.AdamW"}, "weight_decay", 0.005),
        ({"optimizer": "torch.SGD", "weight_decay": 0.1}, "weight_decay", 0.05),
        ({"optimizer": "torch.Rprop"}, "step_sizes", (2e-6, 100)),
        ({"optimizer": "torch.Adafactor"}, "eps", (None, 0.002)),
        (
            {"optimizer": "torch.NAdam", "weight_decay": 0.2, "decoupled_weight_decay": True},
            "weight_decay",
            0.1,
        ),
    ],
)
def test_known_factors_of_pytorch(settings, key, expected):
    assert translate(settings).settings[key] == expected, "powers of two are exact"


def test_pytorchs_decay_asks_for_its_condition_where_it_is_an_l2_pull():
    decayed = {"optimizer": "torch.Adam", "weight_decay": 0.1}
    assert translate(decayed).conditions == (OPPOSITE,)
    assert translate(decayed | {"decoupled_weight_decay": True}).status == "exact"
    assert translate({"optimizer": "torch.SGD", "weight_decay": 0.1}).status == "exact"
    assert translate({"optimizer": "torch.LBFGS"}).status == "conditional"
    assert translate({"optimizer": "torch.LBFGS"}, "isometric", "sigmoid").status == "impossible"


def test_every_schedule_that_keras_exports_is_in_the_map():
    kept = {name for name in vars(keras.optimizers.schedules) if name[0].isupper()}
    assert kept == {*matching.SCHEDULES, "LearningRateSchedule"}


# They are no numbers, or there is no going there.
WORDS = {"schedule", "sample_weight", "trunk", "penalty", "non_negative", "unit_norm"}


def about(settings):
    """Equal but for the last bits of numbers; words as they are."""
    return {
        key: pytest.approx(value, rel=1e-14) if isinstance(value, float) else value
        for key, value in settings.items()
    }


POSSIBLE = [case for case in CASES if translate(case.softmax).settings is not None]


@pytest.mark.parametrize("case", POSSIBLE, ids=lambda case: case.name)
def test_translating_there_and_back_gives_the_start(case):
    there = translate(case.softmax)
    back = translate(there.settings, to="softmax")
    assert back.settings == about(case.softmax)
    assert not {*back.conditions} & OF_SOFTMAX
    assert {*back.conditions} <= {*there.conditions}
    again = translate(translate(case.softmax, to="softmax").settings)
    assert again.settings == about(case.softmax)


@given(
    st.sampled_from(sorted(set(matching.ANYWHERE) - WORDS)),
    st.floats(1e-6, 1),
    st.sampled_from(sorted(matching.OPTIMIZERS)),
    st.sampled_from([(a, b) for a in matching.HEADS for b in matching.HEADS if a != b]),
)
def test_any_setting_goes_there_and_back(key, value, optimizer, heads):
    start = {"optimizer": optimizer, "learning_rate": 0.1, key: value}
    there = translate(start, heads[1], heads[0])
    assert translate(there.settings, *heads).settings.items() >= about(start).items()


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


# Every factor that is not 1, derived by hand in docs/theory.md; a map that says otherwise is wrong.
FACTORS = {
    "l2": 1 / 2,
    "clipnorm": 1 / math.sqrt(2),
    "global_clipnorm": 1 / math.sqrt(2),
    "initial_stddev": math.sqrt(2),
    "C": 2,
}
OF_OPTIMIZERS = {
    **{
        name: {"learning_rate": 2}
        for name in (
            *("sgd", "adam", "nadam", "adamax", "rmsprop", "adagrad"),
            *("adadelta", "lion", "schedulefreeadamw"),
        )
    },
    "adamw": {"learning_rate": 2, "weight_decay": 1 / 2},
    "ftrl": {
        "learning_rate": 2,
        "l2_regularization_strength": 1 / 2,
        "l2_shrinkage_regularization_strength": 1 / 2,
    },
    "lamb": {},
    "adafactor": {"epsilon_2": 2},
    "muon": {
        **dict.fromkeys(("learning_rate", "adam_lr_ratio"), math.sqrt(2)),
        **dict.fromkeys(("weight_decay", "adam_weight_decay"), 1 / math.sqrt(2)),
    },
}


@pytest.mark.parametrize("name", OF_OPTIMIZERS)
def test_every_setting_has_the_factor_that_was_derived_by_hand(name):
    own = OF_OPTIMIZERS[name]
    # One at a time: together some are impossible, and what is left out has Keras's own value.
    for key in {*matching.OPTIMIZERS[name], *own, *FACTORS}:
        translated = translate({"optimizer": name, key: 1.0}).settings[key]
        assert translated == pytest.approx(({key: 1} | FACTORS | own)[key], rel=1e-15), key


@pytest.mark.parametrize("name", ["lamb", "adafactor", "muon"])
def test_three_optimizers_map_under_a_condition_alone(name):
    assert translate({"optimizer": name, "learning_rate": 1.0}).status == "conditional"
    assert translate({"optimizer": name}).status == "conditional"


def test_clipping_by_any_norm_bends_the_step():
    for clip in ("clipvalue", "clipnorm", "global_clipnorm"):
        bent = {"optimizer": "sgd", "learning_rate": 0.1, "l2": 0.01, clip: 1.0}
        assert translate(bent).status == "conditional"


def test_l2_needs_a_condition_only_where_the_step_is_not_linear():
    plain = {"optimizer": "sgd", "learning_rate": 0.1, "l2": 0.01}
    assert translate(plain).status == "exact"
    for bent in ({"optimizer": "adam"}, {"clipnorm": 1.0}, {"clipvalue": 1.0}):
        assert translate(plain | bent).conditions == (OPPOSITE,)


def test_one_norm_over_head_and_trunk_is_impossible():
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "trunk_learning_rate": 0.1}
    assert translate(settings).status == "exact"
    assert translate(settings | {"clipnorm": 1.0}).status == "exact"
    assert translate(settings | {"global_clipnorm": 1.0}).status == "impossible"


@pytest.mark.parametrize("to", ["sigmoid", "softmax"])
def test_an_impossible_translation_has_no_settings(to):
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "trunk_learning_rate": 0.1}
    impossible = translate(settings | {"global_clipnorm": 1.0}, to)
    assert (impossible.settings, impossible.rules) == (None, {})
    assert len(impossible.conditions) == 1


@pytest.mark.parametrize("name", ["Adam", "ADAM", "adam"])
def test_an_optimizer_is_known_in_any_case_and_keeps_its_own(name):
    translated = translate({"optimizer": name, "learning_rate": 0.1})
    assert translated.settings == {"optimizer": name, "learning_rate": 0.2}


@pytest.mark.parametrize("name", ["CosineDecay", "cosinedecay", "PolynomialDecay"])
def test_a_schedule_is_known_in_any_case_and_keeps_its_form(name):
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "schedule": name}
    assert translate(settings).settings == settings | {"learning_rate": 0.2}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimizer": "warp"}, "optimizer: found warp, expected one of sgd, adam"),
        ({"optimizer": None}, "optimizer: found nothing, expected one of sgd, adam"),
        ({"learning_rat": 1.0}, "learning_rat: no setting of sgd; did you mean learning_rate?"),
        ({"beta_1": 0.9}, "beta_1: no setting of sgd;"),
        ({"schedule": "nonsense"}, "schedule: found nonsense, expected one of CosineDecay"),
        ({"learning_rate": "fast"}, "learning_rate: found 'fast', expected a number"),
        ({"learning_rate": True}, "learning_rate: found True, expected a number"),
    ],
)
def test_what_is_not_in_the_map_is_refused_with_a_sentence(wrong, message):
    with pytest.raises(InputError) as caught:
        translate({"optimizer": "sgd", "learning_rate": 0.1} | wrong)
    assert str(caught.value).startswith(message)


def test_a_head_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="to: found tanh, expected sigmoid, softmax or isometric"):
        translate({"optimizer": "sgd", "learning_rate": 0.1}, to="tanh")


def test_the_command_line_translates(twinhead):
    words = ["optimizer=adamw", "learning_rate=1e-3", "optimizer.weight_decay=0.01", "clipnorm=1"]
    finished = twinhead("translate", *words)
    assert finished.returncode == 0, finished.stderr
    for word in ("0.002", "0.005", "0.707107", "exact"):
        assert word in finished.stdout
    back = twinhead("translate", "to=softmax", "learning_rate=0.2")
    assert "0.1" in back.stdout


def test_a_setting_given_twice_is_refused(twinhead):
    finished = twinhead("translate", "optimizer=adamw", "weight_decay=1")
    assert finished.returncode == 2
    assert finished.stderr.startswith("error: weight_decay:")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["schedule=nonsense"], "schedule: found nonsense, expected one of CosineDecay"),
        (["to=tanh"], "to: found tanh, expected sigmoid, softmax or isometric"),
        (["l2=-1"], "l2: found -1, expected a finite number from 0"),
        (["clipnorm=true"], "clipnorm: found true, expected a finite number above 0"),
        (["weigth_decay=1"], "weigth_decay: unknown key; did you mean weight_decay?"),
    ],
)
def test_what_the_command_line_cannot_translate_is_one_line(capsys, words, message):
    assert main.run(["translate", *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {message}")
    assert said.count("\n") == 1


def test_the_impossible_is_exit_code_1_and_gives_no_settings(twinhead):
    finished = twinhead("translate", "global_clipnorm=0.5", "trunk_learning_rate=0.1")
    assert finished.returncode == 1
    assert "impossible" in finished.stdout
    assert "0.353" not in finished.stdout, "0.5 times the root of a half"


def test_help_of_translate_names_its_keys(twinhead):
    finished = twinhead("translate", "--help")
    assert finished.returncode == 0
    assert "trunk_learning_rate" in finished.stdout
    assert "schedulefreeadamw" in finished.stdout


@pytest.mark.parametrize("optimizer", ALONE)
def test_the_bank_refuses_optimizers_that_mix_columns(optimizer):
    settings = Experiment("equivalence").Settings
    with pytest.raises(InputError, match=f"optimizer: found {optimizer}"):
        compose("experiment/equivalence", settings, [f"optimizer={optimizer}"])


@pytest.mark.parametrize(
    ("signs", "share", "wrong"),
    [((-1, 1), 1.0, 0.0), ((1, 1), 0.0, 1.0)],
    ids=["opposite", "equal"],
)
def test_l1_maps_by_the_columns_signs(signs, share, wrong):
    """Opposite ones suffice, of whatever size; under equal ones SGD moves both columns alike."""
    generator = np.random.default_rng(4)
    X, y = generator.normal(size=(60, 5)), generator.integers(0, 2, 60)
    theta = generator.uniform(1, 2, (5, 2)) * signs
    rate, l1 = 0.05, 0.04

    def slope(odds):
        return X.T @ (1 / (1 + np.exp(-odds)) - y) / len(y)

    def apart(own):
        pair, beta = theta.copy(), theta[:, 1] - theta[:, 0]
        gap = 0.0
        for _ in range(40):
            g = slope(X @ (pair[:, 1] - pair[:, 0]))
            pair = pair - rate * (np.stack([-g, g], axis=1) + l1 * np.sign(pair))
            beta = beta - 2 * rate * (slope(X @ beta) + own * np.sign(beta))
            assert (np.sign(pair) == signs).all()
            gap = max(gap, np.abs(X @ (pair[:, 1] - pair[:, 0] - beta)).max())
        return gap

    assert apart(share * l1) <= 1e-13
    assert apart(wrong * l1) >= 1e-2
