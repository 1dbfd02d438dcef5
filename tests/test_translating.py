import inspect
import math

import pytest

from twinhead import matching
from twinhead.cli import main
from twinhead.cli.composing import compose
from twinhead.errors import InputError
from twinhead.matching import translate
from twinhead.runs.experiment import Experiment
from twinhead.training.backend import keras
from twinhead.training.optimizers import ALONE


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
    muon = {"optimizer": "muon", "learning_rate": 0.1, "epsilon": 1e-7}
    assert translate(muon, "isometric", classes=2).settings != muon
    assert translate(muon, "isometric", classes=3).settings == muon
    with pytest.raises(InputError, match="classes: found True"):
        translate({"optimizer": "sgd"}, classes=True)


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
