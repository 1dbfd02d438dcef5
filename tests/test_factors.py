import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhead import matching
from twinhead.cli.composing import CONF
from twinhead.experiments.law.cases import CASES
from twinhead.matching import translate
from twinhead.matching.rules import OF_SOFTMAX, OPPOSITE
from twinhead.training.backend import keras


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
