"""The explorer's trainer, run by node as it stands on the page, held against what we know."""

from dataclasses import replace

import numpy as np
import oracle
import pytest

from twinhead.data.features import Features
from twinhead.data.features import split as cut
from twinhead.data.sources import BreastCancer
from twinhead.pages.explorer import lesson
from twinhead.pages.explorer.page import page
from twinhead.results import history
from twinhead.results.arm import Arm
from twinhead.training import noise
from twinhead.training.recipe import Recipe

OPTIMIZERS = {
    "sgd": {"name": "sgd", "momentum": 0.0, "nesterov": False},
    "momentum": {"name": "sgd", "momentum": 0.9, "nesterov": False},
    "adam": {"name": "adam", "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7, "amsgrad": False},
}
OPTIMIZERS["adamw"] = OPTIMIZERS["adam"] | {"name": "adamw", "weight_decay": 0.03}


@pytest.fixture(scope="module")
def parts():
    return cut(BreastCancer(name="breast_cancer").load(), 0.2, 1)


@pytest.fixture(scope="module")
def explore(parts, tmp_path_factory):
    """The page as `twinhead explore` writes it."""
    path = tmp_path_factory.mktemp("explorer") / "explore.html"
    path.write_text(page(lesson.of_rows("breast cancer (Wisconsin)", parts, (1, 2, 3)), {}))
    return path


@pytest.mark.parametrize("rows", [455, 2500])
def test_noise_is_that_of_every_run(ask, explore, rows):
    shares = (0.5, 0.3, 0.0)
    sizes = {"seed": 20180520, "epoch": 3, "rows": rows}
    orders, *drawn = ask(
        explore,
        {"ask": "order", **sizes},
        *({"ask": "masks", **sizes, "features": 30, "dropout": share} for share in shares),
    )
    np.testing.assert_array_equal(orders, noise.order(*sizes.values()))
    for share, kept in zip(shares, drawn, strict=True):
        ours = noise.unpacked(noise.masks(*sizes.values(), 30, share), 30)
        np.testing.assert_array_equal(kept, ours.ravel())


def test_both_heads_train_as_the_oracle_does(ask, explore, parts):
    (answer,) = ask(explore, {"ratio": 2, "optimizer": "sgd", "seed": 2})
    X, y = parts.X_train, parts.y_train
    starts = {name: lesson._glorot(30, units, 2) for name, units in (("softmax", 2), ("none", 1))}
    theta = starts["softmax"].astype(float)
    rate = float(np.float32(lesson.RATES["sgd"]))
    orders = [noise.order(2, epoch, len(y)) for epoch in range(1, lesson.EPOCHS + 1)]
    masks = [
        noise.unpacked(noise.masks(2, epoch, len(y), 30, 0.5), 30)
        for epoch in range(1, lesson.EPOCHS + 1)
    ]
    for head, kernel, rates in (
        ("softmax", theta, rate),
        ("sigmoid", theta[:, 1:] - theta[:, :1], 2 * rate),
    ):
        units = kernel.shape[1]
        kernels, biases = oracle.train_sgd(
            head, kernel, np.zeros(units), X, y, rates, lesson.BATCH, orders, masks, 0.5
        )
        mine = np.reshape(answer["theta" if units == 2 else "beta"], (units, 31)).T
        np.testing.assert_allclose(mine[:-1], kernels[-1], rtol=0, atol=1e-12)
        np.testing.assert_allclose(mine[-1], biases[-1], rtol=0, atol=1e-12)
        loss, *_ = oracle.LOSSES[head](
            kernels[-1], biases[-1], parts.X_validation, parts.y_validation.astype(int)
        )
        assert answer[head][-1] == pytest.approx(loss, abs=1e-12)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_losses_are_the_banks(ask, parts, tmp_path, name):
    from twinhead.training import bank, heads

    recipe = Recipe(6, 64, 0.3 if name == "adam" else 0.5, OPTIMIZERS[name])
    softmax = Arm("softmax", "softmax", 0.05, 4, optimizer=name, precision="float64")
    sigmoid = replace(softmax, name="sigmoid", head="sigmoid", init="transfer", learning_rate=0.075)
    own = replace(softmax, name="own", head="sigmoid")
    starts = {
        4: lesson.Start(parts, heads.initial(softmax, 30)[0], heads.initial(own, 30)[0]),
    }
    path = tmp_path / "explore.html"
    path.write_text(page(lesson.of_run("breast cancer", starts, recipe, 0.05), {}))
    matched, alone = ask(path, {"ratio": 1.5}, {"ratio": 1, "start": "own"})
    steps = -(-len(parts.y_train) // 64)
    for record, losses in zip(
        bank.train([softmax, sigmoid, own], recipe, parts),
        (matched["softmax"], matched["sigmoid"], alone["sigmoid"]),
        strict=True,
    ):
        np.testing.assert_allclose(losses[::steps], record.loss(), rtol=0, atol=1e-12)
        assert np.abs(np.diff(record.loss())).min() > 1e-6, "something is learnt"


def test_losses_are_those_of_the_runs_history(ask, explored):
    measured = history.load(explored / "history.h5")
    arms = measured.pick(head="sigmoid")
    answers = ask(
        explored / "explore.html",
        *({"ratio": record.arm.lr_ratio, "seed": record.arm.seed} for record in arms),
    )
    assert {record.arm.seed for record in arms} == {0, 1}
    for record, answer in zip(arms, answers, strict=True):
        steps = (len(answer["softmax"]) - 1) // 12
        softmax = measured.one(head="softmax", lr_ratio=1.0, seed=record.arm.seed)
        for mine, theirs in ((answer["softmax"], softmax), (answer["sigmoid"], record)):
            np.testing.assert_allclose(mine[::steps], theirs.loss(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_what_the_three_stops_say_is_true(ask, explore, optimizer):
    for seed in (1, 2, 3):
        base = {"optimizer": optimizer, "seed": seed}
        same, twice, near, decay, halved, own, noisy = ask(
            explore,
            base,
            base | {"ratio": 2},
            base | {"ratio": 1.95},
            base | {"ratio": 2, "decay": 0.1},
            base | {"ratio": 2, "decay": 0.1, "share": "half"},
            base | {"ratio": 2, "start": "own"},
            base | {"ratio": 2, "noise": "own"},
        )
        assert same["gap"] > 1e-3
        assert twice["gap"] < 1e-13
        assert twice["apart"] < 1e-13
        assert near["gap"] > 1e-5
        assert decay["gap"] > 1e-4
        assert halved["gap"] < 1e-13
        assert min(own["gap"], noisy["gap"]) > 1e-4
        assert twice["sum"] < 1e-13
        assert twice["difference"] > 0.1
        assert decay["sum"] > 1e-3, "only decay moves the sum"


def test_too_many_rows_are_reduced_and_said_so(ask, tmp_path):
    generator = np.random.default_rng(1)
    y = generator.permutation(np.arange(3000) % 2).astype(np.uint8)
    X = (generator.standard_normal((3000, 200)) + 0.2 * y[:, None]).astype(np.float32)
    many = cut(Features("many", X, y), 0.2, seed=0)
    recipe = Recipe(20, 128, 0.5, OPTIMIZERS["sgd"])
    starts = {0: lesson.Start(many, np.zeros((200, 2)), np.zeros((200, 1)))}
    taught = lesson.of_run("many", starts, recipe, 0.1)
    assert taught["said"] == (
        "480 of 2400 training rows, the first 30 principal components of 200 features"
    )
    assert not taught["exact"]
    path = tmp_path / "explore.html"
    path.write_text(page(taught, {}))
    assert taught["said"] in path.read_text()
    same, twice = ask(path, {}, {"ratio": 2})
    assert same["gap"] > 1e-4
    assert twice["gap"] < 1e-13


def test_an_optimizer_that_is_not_there_is_said(parts):
    recipe = Recipe(5, 128, 0.5, {"name": "lion", "beta_1": 0.9, "beta_2": 0.99})
    starts = {0: lesson.Start(parts, np.zeros((30, 2)), np.zeros((30, 1)))}
    taught = lesson.of_run("breast cancer", starts, recipe, 0.1)
    assert taught["said"] == "lion is not among the optimizers here"
    assert not taught["exact"]
