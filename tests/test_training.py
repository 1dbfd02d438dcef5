"""The bank and the reference, against each other, an independent NumPy version and scikit-learn."""

import random
from dataclasses import replace

import numpy as np
import oracle
import pytest
from omegaconf import OmegaConf
from sklearn.metrics import accuracy_score, log_loss
from small import PROJECT

from twinhead.matching import sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.training import bank, heads, noise, reference
from twinhead.training.optimizers import ALONE
from twinhead.training.recipe import Recipe

OPTIONS = {
    path.stem: OmegaConf.to_container(OmegaConf.load(path))
    for path in sorted((PROJECT / "conf" / "optimizer").glob("*.yaml"))
    if path.stem not in ALONE
}


def recipe(optimizer="sgd", epochs=3, batch_size=64, dropout=0.5):
    return Recipe(epochs, batch_size, dropout, OPTIONS[optimizer])


def arm(head, init="random", lr_ratio=1.0, precision="float64", noise="common", seed=7):
    return Arm(
        name=f"{head} {init} {lr_ratio}",
        head=head,
        learning_rate=sigmoid_learning_rate(0.01, lr_ratio),
        seed=seed,
        init=init,
        lr_ratio=lr_ratio,
        noise=noise,
        precision=precision,
    )


def four(precision="float64"):
    """Arms in an order that the bank has to rearrange."""
    return [
        arm("sigmoid", "transfer", 2.0, precision),
        arm("softmax", precision=precision),
        arm("sigmoid", "random", 2.0, precision),
        arm("sigmoid", "transfer", 1.0, precision),
    ]


@pytest.mark.parametrize("optimizer", OPTIONS)
@pytest.mark.parametrize(
    ("precision", "bound"),
    [
        ("float64", 1e-12),
        # Weights near 1, some 20 steps that each round, and divisions by small second moments.
        ("float32", 2e-6),
    ],
)
def test_bank_trains_every_arm_as_if_it_were_alone(split, optimizer, precision, bound):
    chosen = recipe(optimizer, dropout=0.3)
    arms = four(precision)
    for together in bank.train(arms, chosen, split):
        alone = reference.train(together.arm, chosen, split)
        for name in ("kernel", "bias"):
            apart = np.abs(together.weights[name] - alone.weights[name]).max()
            assert apart <= bound, (together.arm.name, name)
        moved = np.abs(alone.weights["kernel"][-1] - alone.weights["kernel"][0]).max()
        assert moved > 10 * bound, "nothing was trained, so nothing was compared"


@pytest.mark.parametrize("dropout", [0.0, 0.3, 0.5])
def test_bank_agrees_with_plain_numpy(split, dropout):
    chosen = recipe(dropout=dropout)
    shape = split.X_train.shape
    epochs = range(1, chosen.epochs + 1)
    orders = [noise.order(7, epoch, shape[0]) for epoch in epochs]
    masks = [noise.unpacked(noise.masks(7, epoch, *shape, dropout), shape[1]) for epoch in epochs]
    for record in bank.train(four(), chosen, split):
        kernel, bias = heads.initial(record.arm, shape[1])
        rate = np.float64(np.float32(record.arm.learning_rate))  # As Keras holds it.
        kernels, biases = oracle.train_sgd(
            record.arm.head,
            *(kernel, bias, split.X_train, split.y_train, rate, 64, orders, masks, dropout),
        )
        np.testing.assert_allclose(record.weights["kernel"], kernels, atol=1e-13)
        np.testing.assert_allclose(record.weights["bias"], biases, atol=1e-13)
        losses = [
            oracle.LOSSES[record.arm.head](k, b, split.X_validation, split.y_validation)[0]
            for k, b in zip(kernels, biases, strict=True)
        ]
        np.testing.assert_allclose(record.loss(), losses, atol=1e-13)


@pytest.mark.parametrize("optimizer", OPTIONS)
def test_gap_vanishes_at_ratio_two_and_opens_when_it_is_not_two(split, optimizer):
    # Adadelta starts with tiny steps; at rate 1 it moves as far as the others.
    rate = 1.0 if optimizer == "adadelta" else 0.01
    chosen = recipe(optimizer)
    arms = [replace(each, learning_rate=rate * each.lr_ratio) for each in four()]
    twice, softmax, _, once = bank.train(arms, chosen, split)
    if optimizer == "adamw":  # Its decay pulls a head that learns twice as fast twice as hard.
        assert np.abs(twice.loss() - softmax.loss()).max() >= 1e-8
        return
    assert np.abs(twice.loss() - softmax.loss()).max() <= 1e-12
    assert np.abs(once.loss() - softmax.loss()).max() >= 1e-4


def test_theta_sum_is_conserved(split):
    _, softmax, *_ = bank.train(four(), recipe(), split)
    total = softmax.weights["kernel"].sum(axis=2)
    assert np.abs(total - total[0]).max() <= 1e-14
    assert np.abs(softmax.logit_weights() - softmax.logit_weights()[0]).max() > 1e-3


def test_same_command_gives_the_same_bits(split):
    chosen = recipe()
    for train in (
        lambda each: bank.train([each], chosen, split)[0],
        lambda each: reference.train(replace(each, noise="independent"), chosen, split),
    ):
        first, second = train(arm("softmax")), train(arm("softmax"))
        assert first.weights["kernel"].tobytes() == second.weights["kernel"].tobytes()
        assert first.loss().tobytes() == second.loss().tobytes()


def test_published_arms_have_their_own_noise_and_seed(split):
    chosen = recipe()
    softmax = reference.train(arm("softmax", noise="independent"), chosen, split)
    sigmoid = reference.train(arm("sigmoid", "transfer", 2.0, noise="independent"), chosen, split)
    other_seed = reference.train(arm("softmax", noise="independent", seed=8), chosen, split)
    assert np.abs(softmax.loss() - sigmoid.loss())[0] <= 1e-12, "matched before the first update"
    assert np.abs(softmax.loss() - sigmoid.loss())[1:].max() >= 1e-5
    assert abs(softmax.loss()[0] - other_seed.loss()[0]) >= 1e-3
    start = [softmax.weights[key][0] for key in ("kernel", "bias")]
    seven, eight = (
        reference._train(arm("softmax", noise="independent", seed=seed), chosen, split, *start)
        for seed in (7, 8)
    )
    assert seven.loss()[0] == eight.loss()[0]
    assert np.abs(seven.loss() - eight.loss())[1:].max() >= 1e-5, "each seed has its own noise"


def test_other_threads_that_draw_from_the_common_generator_change_no_mask(split, monkeypatch):
    """Python's `random` is every thread's: Dask's draw from it while a worker trains."""
    one = reference.train(arm("softmax", noise="independent"), recipe(), split)
    seeded = reference.keras.utils.set_random_seed
    drawn = lambda seed: (seeded(seed), random.random())  # noqa: E731, as a thread would.
    monkeypatch.setattr(reference.keras.utils, "set_random_seed", drawn)
    other = reference.train(arm("softmax", noise="independent"), recipe(), split)
    assert one.weights["kernel"].tobytes() == other.weights["kernel"].tobytes()


def test_running_loss_without_dropout_on_one_batch_is_the_loss_before_the_epoch(split):
    chosen = recipe(dropout=0.0, batch_size=100000)
    record = reference.train(arm("softmax", noise="independent"), chosen, split)
    running = record.series["train", "running_loss"]
    np.testing.assert_allclose(running[1:], record.loss("train")[:-1], atol=1e-6)


def test_running_accuracy_is_that_of_positive_logits(split):
    chosen = recipe(dropout=0.0, batch_size=100000)
    record = reference.train(arm("sigmoid", noise="independent"), chosen, split)
    kernel, bias = record.weights["kernel"][:-1], record.weights["bias"][:-1]
    z = np.einsum("nd,edu->en", split.X_train, kernel) + bias
    right = ((z > 0) == split.y_train).mean(axis=1)
    assert np.abs(((z > 0.5) == split.y_train).mean(axis=1) - right).min() > 1e-3
    np.testing.assert_allclose(record.series["train", "running_accuracy"][1:], right, atol=1e-6)


def test_published_arms_train_with_dropout(split):
    """One full batch: without dropout the running loss would be the loss before the epoch."""
    chosen = recipe(dropout=0.5, batch_size=100000)
    record = reference.train(arm("softmax", noise="independent"), chosen, split)
    apart = np.abs(record.series["train", "running_loss"][1:] - record.loss("train")[:-1])
    assert apart.min() >= 1e-3


def test_losses_and_accuracies_are_scikit_learns(split):
    record = bank.train([arm("sigmoid")], recipe(), split)[0]
    z = split.X_validation @ record.weights["kernel"][-1] + record.weights["bias"][-1]
    p = 1 / (1 + np.exp(-z[:, 0]))
    assert abs(record.loss()[-1] - log_loss(split.y_validation, p)) <= 1e-12
    accuracy = record.series["validation", "accuracy"][-1]
    assert accuracy == accuracy_score(split.y_validation, p > 0.5)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_extreme_logits_stay_finite_and_agree(head):
    z = np.array([[-1e4], [-800.0], [0.0], [800.0], [1e4]])
    kernel = np.array([[0.0, 1.0]]) if head == "softmax" else np.array([[1.0]])
    (loss,), (accuracy,) = heads.evaluate(head, kernel, kernel[0] * 0, z, np.ones(5, np.uint8))
    assert loss == pytest.approx((1e4 + 800 + np.log(2)) / 5, rel=1e-15)
    assert accuracy == 2 / 5


def test_one_feature_one_arm_and_a_batch_larger_than_the_data(split):
    narrow = replace(split, X_train=split.X_train[:, :1], X_validation=split.X_validation[:, :1])
    chosen = recipe(batch_size=10000)
    record = bank.train([arm("softmax")], chosen, narrow)[0]
    assert record.weights["kernel"].shape == (4, 1, 2)
    assert record.loss()[-1] < record.loss()[0]


def test_a_thousand_arms_and_one_that_diverges(split):
    """Many columns take another way to the gradient; an overflow must stay in its own."""
    arms = [
        replace(arm("sigmoid", "transfer", ratio), name=str(ratio))
        for ratio in [*np.linspace(0.1, 4, 999), 1e308]
    ]
    many = bank.train(arms, recipe(), split)
    few = bank.train([arms[3], arms[-2]], recipe(), split)
    for record, alone in zip((many[3], many[-2]), few, strict=True):
        np.testing.assert_allclose(record.weights["kernel"], alone.weights["kernel"], atol=1e-13)
    assert not np.isfinite(many[-1].loss()[-1])
    assert np.isfinite([record.loss() for record in many[:-1]]).all()


def test_seeds_optimizers_and_precisions_share_nothing_but_the_call(split):
    """A pass must not start with what the one before it has left in its optimizer."""
    chosen = recipe(epochs=2)
    optimizers = {name: OPTIONS[name] for name in ("sgd", "nadam")}
    arms = [
        replace(each, name=f"{number}", optimizer=name, seed=seed, precision=precision)
        for number, (seed, precision, name, each) in enumerate(
            (seed, precision, name, each)
            for precision in ("float64", "float32")
            for seed in (7, 8)
            for name in ("nadam", "sgd")
            for each in (arm("sigmoid"), arm("softmax"))
        )
    ]
    for together in bank.train(arms, chosen, split, optimizers=optimizers):
        own = replace(chosen, optimizer=optimizers[together.arm.optimizer])
        bank._program.cache_clear()  # One that is used again would hide what it has left over.
        (alone,) = bank.train([together.arm], own, split)
        bound = {"float64": 1e-13, "float32": 1e-6}[together.arm.precision]
        apart = np.abs(together.weights["kernel"] - alone.weights["kernel"]).max()
        assert apart <= bound, together.arm


def test_parts_that_nobody_asked_for_are_not_evaluated(split):
    (record,) = bank.train([arm("sigmoid")], recipe(), split, parts=["validation"])
    assert set(record.series) == {("validation", "loss"), ("validation", "accuracy")}


def test_without_parts_weights_alone_are_measured(split):
    (record,) = bank.train([arm("sigmoid")], recipe(), split, parts=[])
    (whole,) = bank.train([arm("sigmoid")], recipe(), split)
    assert record.series == {}
    assert record.weights["kernel"].tobytes() == whole.weights["kernel"].tobytes()


def test_two_arms_of_one_name_do_not_share_a_pass(split):
    with pytest.raises(ValueError, match="one name"):
        bank.train([arm("softmax"), arm("softmax")], recipe(), split)


def test_glorot_differences_have_twice_glorots_variance():
    """Article 000's third arm starts elsewhere for this reason alone."""
    features = 20000
    theta, _ = heads.initial(arm("softmax"), features)
    transferred, _ = heads.initial(arm("sigmoid", "transfer"), features)
    own, _ = heads.initial(arm("sigmoid"), features)
    # Six over d + units, and the variance of a uniform variable; 4 % is five sd at this size.
    assert theta.var() == pytest.approx(2 / (features + 2), rel=0.04)
    assert transferred.var() == pytest.approx(2 * own.var(), rel=0.04)
    # One seed would give both shapes the same leading numbers, row by row.
    for drawn in (theta.ravel()[:features], theta[:, 0], theta[:, 1]):
        assert abs(np.corrcoef(own[:, 0], drawn)[0, 1]) < 5 / np.sqrt(features)
