"""A model converted in the middle of its training goes on as if nothing had happened."""

import inspect

import numpy as np
import pytest

from models.conftest import odds, rows, small, train
from twinhead import convert
from twinhead.errors import InputError
from twinhead.matching import OPTIMIZERS, translate
from twinhead.models import compiled, optimizers, state
from twinhead.training.backend import keras

O = keras.optimizers  # noqa: E741
RATE = O.schedules.CosineDecay(0.1, 50, alpha=0.1, warmup_target=0.2, warmup_steps=5)

# Exact rows of the map: from any start.
EXACT = {
    "sgd": lambda: O.SGD(0.1, weight_decay=0.01),
    "momentum": lambda: O.SGD(0.1, momentum=0.9),
    "nesterov": lambda: O.SGD(0.1, momentum=0.9, nesterov=True),
    "schedule": lambda: O.SGD(RATE, momentum=0.9),
    "clipnorm": lambda: O.SGD(0.1, momentum=0.9, clipnorm=0.05),
    "global norm": lambda: O.Adam(0.05, global_clipnorm=0.05, beta_1=0.5, epsilon=1e-3),
    "clipvalue": lambda: O.SGD(0.1, momentum=0.9, clipvalue=0.01),
    "adam": lambda: O.Adam(0.05),
    "amsgrad": lambda: O.Adam(0.05, amsgrad=True),
    "adamw": lambda: O.AdamW(0.05, weight_decay=0.1),
    "nadam": lambda: O.Nadam(0.05),
    "adamax": lambda: O.Adamax(0.05),
    "rmsprop": lambda: O.RMSprop(0.01, momentum=0.5, centered=True),
    "adagrad": lambda: O.Adagrad(0.1),
    "adadelta": lambda: O.Adadelta(1.0),
    "ftrl": lambda: O.Ftrl(0.1, beta=0.1, l2_regularization_strength=0.01),
    "lion": lambda: O.Lion(0.01),
    "schedulefreeadamw": lambda: O.ScheduleFreeAdamW(0.05, warmup_steps=5),
    "average": lambda: O.Adam(0.05, use_ema=True, ema_overwrite_frequency=5),
    "in mid-cycle": lambda: O.Adam(0.05, gradient_accumulation_steps=5),
    "loss scale": lambda: O.LossScaleOptimizer(O.Adam(0.05), dynamic_growth_steps=7),
    "loss scale factor": lambda: O.Adam(0.05, loss_scale_factor=64.0),
}
# Exact where θ1 = −θ0.
CENTRED = {
    "lamb": lambda: O.Lamb(0.05),
    "adafactor": lambda: O.Adafactor(0.05),
    "ftrl with l1": lambda: O.Ftrl(0.1, l1_regularization_strength=0.01),
}
ALL = {**EXACT, **CENTRED}


def parted(units, make, *, to=None, carried=True, **model):
    """Return how far two epochs take a model and its twin apart, after three together."""
    X, y = rows()
    first = small(units, make(), logits=True, **model)
    train(first, X, y, epochs=3)
    twin = convert(first, to).model
    if not carried:
        twin.optimizer = optimizers.copied(twin.optimizer)
    for each in (first, twin):
        train(each, X, y, epochs=2)
    return np.abs(odds(first, X) - odds(twin, X)).max()


@pytest.mark.parametrize("units", [2, 1])
@pytest.mark.parametrize("name", ALL)
def test_five_epochs_are_three_and_two_by_the_twin(float64, name, units):
    assert parted(units, ALL[name], centred=units == 2 and name in CENTRED) <= 1e-12


@pytest.mark.parametrize("name", ["momentum", "adam", "rmsprop", "adagrad", "nadam"])
def test_without_its_state_the_twin_goes_elsewhere(float64, name):
    assert parted(2, ALL[name], carried=False) > 1e-3


TRUNK = ["sgd", "momentum", "clipnorm", "adam", "adamw", "nadam", "schedulefreeadamw", "loss scale"]


@pytest.mark.parametrize("units", [2, 1])
@pytest.mark.parametrize("name", TRUNK)
def test_a_trunk_keeps_its_rate_while_the_heads_is_translated(float64, name, units):
    assert parted(units, ALL[name], trunk=True, dropout=0.3) <= 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("units", [2, 1])
@pytest.mark.parametrize("name", sorted(set(ALL) - set(TRUNK) - {"global norm"}))
def test_a_trunk_under_any_other_optimizer(float64, name, units):
    assert parted(units, ALL[name], trunk=True, centred=units == 2) <= 1e-12


def test_one_rate_for_head_and_trunk_takes_the_twin_elsewhere(float64):
    X, y = rows()
    first = small(2, O.SGD(0.1), trunk=True, logits=True)
    twin = convert(first).model
    twin.optimizer = O.SGD(0.2)
    for each in (first, twin):
        train(each, X, y, epochs=2)
    assert np.abs(odds(first, X) - odds(twin, X)).max() > 1e-2


def test_there_and_back_is_the_same_training(float64):
    X, y = rows()
    first = small(2, O.AdamW(0.05, weight_decay=0.1), trunk=True, dropout=0.2, logits=True)
    train(first, X, y)
    twin = convert(first).model
    train(twin, X, y)
    back = convert(twin).model
    train(first, X, y)
    for each in (first, back):
        train(each, X, y, epochs=2)
    assert np.abs(odds(first, X) - odds(back, X)).max() <= 1e-12


@pytest.mark.parametrize("units", [2, 1])
@pytest.mark.parametrize(("kernel", "bias"), [(0.1, 0.03), (0.03, 0.1), (0.1, 0), (0, 0.1)])
def test_l2_of_the_head_is_halved_for_one_unit(float64, units, kernel, bias):
    """As strong for the kernel as for the bias, or not."""
    pulls = {"kernel_regularizer": kernel, "bias_regularizer": bias}
    pulls = {name: keras.regularizers.L2(l2) if l2 else None for name, l2 in pulls.items()}
    assert parted(units, EXACT["momentum"], **pulls) <= 1e-12


NORMS = {
    "MaxNorm": lambda: keras.constraints.MaxNorm(0.3),
    "MinMaxNorm": lambda: keras.constraints.MinMaxNorm(0.1, 0.3, rate=0.5),
    "MinMaxNorm, from below": lambda: keras.constraints.MinMaxNorm(4.0, 5.0, rate=0.5),
}


@pytest.mark.parametrize("units", [2, 1])
@pytest.mark.parametrize("kind", NORMS)
def test_a_norm_that_a_unit_is_held_to_is_that_of_the_other_head(float64, kind, units, monkeypatch):
    """But for the 1e-7 that Keras adds to a norm, at each of some dozens of steps."""

    def apart():
        return parted(units, EXACT["momentum"], kernel_constraint=NORMS[kind](), centred=units == 2)

    assert apart() <= 1e-5
    monkeypatch.setattr(compiled, "restraints", lambda *_: {"kernel_constraint": NORMS[kind]()})
    with pytest.raises(InputError, match="after 3 steps the models are"):
        apart()  # By the same norm, for another head.


@pytest.mark.parametrize("kind", ["L1", "L2"])
def test_penalties_under_adam_from_opposite_columns(float64, kind):
    penalty = getattr(keras.regularizers, kind)(0.02)
    assert parted(2, EXACT["adam"], kernel_regularizer=penalty, centred=True) <= 1e-12


def test_muon_leaves_what_keras_adds_to_its_norm(float64):
    assert parted(2, lambda: O.Muon(0.02)) <= 1e-6


def test_an_optimizer_that_was_not_used_yet_comes_with_its_settings(float64):
    X, y = rows()
    first = small(2, O.Adam(0.05), logits=True)
    twin = convert(first).model
    assert not first.optimizer.built, "the user's own was used for the verdict"
    for each in (first, twin):
        train(each, X, y, epochs=2)
    assert np.abs(odds(first, X) - odds(twin, X)).max() <= 1e-12


def test_the_model_itself_is_left_as_it_is():
    X, y = rows()
    first = small(2, O.Adam(0.05), trunk=True, dropout=0.2)
    train(first, X, y)
    before = [keras.ops.convert_to_numpy(v) for v in (*first.variables, *first.optimizer.variables)]
    optimizer = first.optimizer
    convert(first)
    assert first.optimizer is optimizer
    after = [keras.ops.convert_to_numpy(v) for v in (*first.variables, *first.optimizer.variables)]
    for was, is_ in zip(before, after, strict=True):
        np.testing.assert_array_equal(was, is_)


def test_every_optimizer_of_the_map_says_what_it_keeps():
    """And keeps nothing else: whatever Keras adds has to be mapped first."""
    classes = {name.lower(): each for name, each in vars(O).items() if inspect.isclass(each)}
    for name in OPTIMIZERS:
        optimizer = classes[name](0.1)
        variable = keras.Variable(np.ones((3, 2), "float32"))
        optimizer.build([variable])
        shaped = {id(v) for v in optimizer.variables if v.shape and tuple(v.shape) != ()}
        kept = {
            id(getattr(optimizer, attribute)[0])
            for attribute in state.KEPT[type(optimizer).__name__]
            if getattr(optimizer, attribute, None)
        }
        assert shaped <= kept, name


def test_every_optimizer_that_the_map_calls_exact_is_continued():
    tried = set()
    for make in EXACT.values():
        optimizer = make()
        tried.add(type(getattr(optimizer, "inner_optimizer", optimizer)).__name__.lower())
    exact = {name for name in OPTIMIZERS if translate({"optimizer": name}).status == "exact"}
    assert exact == tried - {"lion"}, "lion's condition is on gradients of zero, and holds here"
    assert {*OPTIMIZERS} - tried == {"lamb", "adafactor", "muon"}, "from θ1 = −θ0, or nearly"
