"""The isometric head: as a layer that people use and save, and as an arm."""

import json
from dataclasses import replace

import numpy as np
import oracle
import pytest

import twinhead
from twinhead.cli.composing import compose
from twinhead.matching import match_isometric, match_softmax
from twinhead.results.arm import Arm
from twinhead.runs.experiment import Experiment
from twinhead.training import bank, heads, noise, reference
from twinhead.training.backend import keras
from twinhead.training.recipe import Recipe


def learnt(classes, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(96, 5)).astype(np.float32)
    return X, generator.integers(0, classes, 96)


def model(layer, **options):
    built = keras.Sequential([keras.Input((5,)), layer])
    built.compile(keras.optimizers.SGD(0.3, momentum=0.9, clipnorm=0.05), **options)
    return built


@pytest.mark.parametrize("classes", [2, 4])
def test_it_learns_as_softmax_does_with_every_setting_as_it_is(classes):
    X, y = learnt(classes)
    loss = keras.losses.SparseCategoricalCrossentropy()
    dense = keras.layers.Dense(classes, activation="softmax", kernel_regularizer="l2")
    own = twinhead.Isometric(classes - 1, kernel_regularizer="l2")
    theirs, ours = model(dense, loss=loss), model(own, loss=loss)
    # From θ with the sum zero: a norm sees what all columns have in common.
    theirs.set_weights(match_softmax(*match_isometric(*theirs.get_weights()), head="isometric"))
    ours.set_weights(match_isometric(*theirs.get_weights()))
    for each in (theirs, ours):
        each.fit(X, y, epochs=5, batch_size=16, shuffle=False, verbose=0)
    apart = np.abs(theirs.predict(X, verbose=0) - ours.predict(X, verbose=0)).max()
    assert apart <= 1e-5, "float32"
    assert ours.count_params() * classes == theirs.count_params() * (classes - 1)
    ours.fit(X, y, epochs=1, batch_size=32, shuffle=False, verbose=0)
    moved = np.abs(theirs.predict(X, verbose=0) - ours.predict(X, verbose=0)).max()
    assert moved >= 1e-3, "an epoch more shows"


def test_it_is_saved_and_loaded_without_naming_it(tmp_path):
    X, _ = learnt(3)
    layer = twinhead.Isometric(2, logits=True, use_bias=False, kernel_regularizer="l2")
    saved = keras.Sequential([keras.Input((5,)), layer])
    saved.save(tmp_path / "head.keras")
    loaded = keras.models.load_model(tmp_path / "head.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), saved.predict(X, verbose=0))
    config = loaded.layers[-1].get_config()
    assert (config["units"], config["logits"], config["use_bias"]) == (2, True, False)
    assert json.dumps(config)


def test_it_gives_probabilities_of_all_classes_or_their_logits():
    X, _ = learnt(3)
    layer = twinhead.Isometric(2)
    probabilities = np.asarray(layer(X))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    layer.logits = True
    logits = np.asarray(layer(X))
    np.testing.assert_allclose(logits.sum(axis=1), 0, atol=1e-5)
    assert layer.compute_output_shape((7, 5)) == (7, 3)
    assert logits.shape == (96, 3)


@pytest.mark.parametrize("units", [0, True, 1.5])
def test_units_that_no_head_has_are_refused(units):
    with pytest.raises(ValueError, match="units: found"):
        twinhead.Isometric(units)


def arm(head, init):
    return Arm(head, head, 0.2, 3, init=init, precision="float64")


def test_an_isometric_arm_learns_as_the_softmax_arm_at_the_same_rate(split):
    recipe = Recipe(2, 64, 0.5)
    softmax = reference.train(arm("softmax", "random"), recipe, split)
    isometric = reference.train(arm("isometric", "transfer"), recipe, split)
    apart = np.abs(softmax.logit_weights() - isometric.logit_weights()).max()
    assert apart <= 1e-14
    np.testing.assert_allclose(isometric.loss(), softmax.loss(), atol=1e-14)
    own = reference.train(arm("isometric", "random"), recipe, split)
    assert np.abs(softmax.logit_weights() - own.logit_weights()).max() >= 0.05


def test_the_bank_trains_isometric_arms_beside_others_as_if_each_were_alone(split):
    arms = [
        replace(arm(head, init), name=f"{head} {init}")
        for head, init in (
            ("isometric", "transfer"),
            ("softmax", "random"),
            ("isometric", "random"),
            ("sigmoid", "transfer"),
        )
    ]
    for optimizer in ({"name": "sgd"}, {"name": "adam", "beta_1": 0.9}):
        recipe = Recipe(2, 64, 0.5, optimizer)
        for together in bank.train(arms, recipe, split):
            alone = reference.train(together.arm, recipe, split)
            for name in ("kernel", "bias"):
                assert np.abs(together.weights[name] - alone.weights[name]).max() <= 1e-12
            np.testing.assert_allclose(together.loss(), alone.loss(), atol=1e-13)
            right = [each.series["validation", "accuracy"] for each in (together, alone)]
            np.testing.assert_array_equal(*right)


def test_the_banks_isometric_arms_are_plain_numpys_and_need_no_other_rate(split):
    recipe, shape = Recipe(2, 64, 0.3), split.X_train.shape
    orders = [noise.order(3, epoch, shape[0]) for epoch in (1, 2)]
    masks = [noise.unpacked(noise.masks(3, epoch, *shape, 0.3), shape[1]) for epoch in (1, 2)]
    arms = [arm("softmax", "random"), arm("isometric", "transfer")]
    softmax, isometric = bank.train(arms, recipe, split)
    kernels, biases = oracle.train_sgd(
        "isometric",
        *heads.initial(arms[1], shape[1]),
        *(split.X_train, split.y_train, np.float64(np.float32(0.2)), 64, orders, masks, 0.3),
    )
    np.testing.assert_allclose(isometric.weights["kernel"], kernels, atol=1e-13)
    np.testing.assert_allclose(isometric.weights["bias"], biases, atol=1e-13)
    for part in ("train", "validation"):
        X, y = getattr(split, f"X_{part}"), getattr(split, f"y_{part}")
        losses = [
            oracle.isometric_loss(*each, X, y)[0] for each in zip(kernels, biases, strict=True)
        ]
        np.testing.assert_allclose(isometric.loss(part), losses, atol=1e-13)
    assert np.abs(softmax.logit_weights() - isometric.logit_weights()).max() <= 1e-14
    faster = replace(arms[1], learning_rate=0.4)
    (twice,) = bank.train([faster], recipe, split)
    assert np.abs(softmax.logit_weights() - twice.logit_weights()).max() >= 0.05


def test_a_trained_isometric_head_is_a_model_for_users(split):
    own = arm("isometric", "random")
    kernel, bias = heads.initial(own, 17)
    built = heads.for_users(own, kernel, bias, np.zeros(17), np.ones(17))
    found = built.predict(split.X_validation.astype(np.float64), verbose=0)
    odds = split.X_validation.astype(np.float64) @ kernel[:, 0] * np.sqrt(2)
    np.testing.assert_allclose(found[:, 1], 1 / (1 + np.exp(-odds)), atol=1e-6)


@pytest.mark.parametrize(
    ("words", "ratio"),
    [
        (["head=softmax", "lr_ratio=3"], 1.0),
        (["head=sigmoid"], 2.0),
        (["head=isometric"], 1.0),
        (["head=isometric", "lr_ratio=1.5"], 1.5),
    ],
)
def test_a_head_that_is_trained_by_itself_learns_at_its_own_ratio_to_softmax(words, ratio):
    own = Experiment("train")
    assert compose("experiment/train", own.Settings, words).lr_ratio == ratio
