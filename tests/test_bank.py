"""What the bank does beyond training: blocks, labels of an arm's own, bits, precision, memory."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import oracle
import pytest
from test_training import OPTIONS, arm, four, recipe

from twinhead.data.features import Features
from twinhead.data.features import split as cut
from twinhead.training import bank, heads, noise, reference
from twinhead.training import evaluate as evaluation
from twinhead.training.rows import Labels, Rows, tensor


def output_of(program):
    words = [sys.executable, "-c", program]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def apart(record, other, name="kernel"):
    return np.abs(record.weights[name] - other.weights[name]).max()


def test_blocks_of_arms_are_trained_as_all_of_them_at_once(split, monkeypatch, caplog):
    arms = [replace(arm("sigmoid", "transfer", r), name=f"{r}") for r in np.linspace(1, 3, 9)]
    arms.insert(4, arm("softmax"))
    whole = bank.train(arms, recipe(), split)
    monkeypatch.setattr(bank, "BLOCK_BYTES", 4 * 17 * 8)  # Four units of 17 features.
    with caplog.at_level("INFO"):
        blocks = bank.train(arms, recipe(), split)
    assert "passes: 3 of 3" in caplog.messages
    for one, other in zip(whole, blocks, strict=True):
        assert one.arm == other.arm
        assert apart(one, other) <= 1e-13
        np.testing.assert_allclose(one.loss(), other.loss(), atol=1e-13)


def test_the_last_weights_alone_are_the_last_of_all(split):
    every = bank.train(four(), recipe(), split)
    for record, last in zip(
        every, bank.train(four(), recipe(), split, weights="last"), strict=True
    ):
        units = heads.UNITS[record.arm.head]
        assert last.weights["kernel"].shape == (1, 17, units)
        assert last.weights["bias"].shape == (1, units)
        for name in ("kernel", "bias"):
            np.testing.assert_array_equal(last.weights[name][0], record.weights[name][-1])
        np.testing.assert_array_equal(last.loss(), record.loss())


def test_arms_learn_labels_of_their_own(split):
    """One against the rest, labels with noise: held against NumPy on these labels."""
    generator = np.random.default_rng(3)
    sizes = len(split.y_train), len(split.y_validation)
    own = {
        each.name: Labels(*(generator.integers(0, 2, size, dtype=np.uint8) for size in sizes))
        for each in four()[1:]  # The first learns the split's.
    }
    own[four()[3].name] = own[four()[2].name]  # And two the same.
    shape, chosen = split.X_train.shape, recipe(epochs=2)
    orders = [noise.order(7, epoch, shape[0]) for epoch in (1, 2)]
    masks = [noise.unpacked(noise.masks(7, epoch, *shape, 0.5), shape[1]) for epoch in (1, 2)]
    for record in bank.train(four(), chosen, split, labels=own):
        learnt = own.get(record.arm.name, Labels(split.y_train, split.y_validation))
        kernels, biases = oracle.train_sgd(
            record.arm.head,
            *heads.initial(record.arm, shape[1]),
            *(split.X_train, learnt.train, np.float64(np.float32(record.arm.learning_rate))),
            *(64, orders, masks, 0.5),
        )
        np.testing.assert_allclose(record.weights["kernel"], kernels, atol=1e-13)
        for part, y in (("train", learnt.train), ("validation", learnt.validation)):
            X = getattr(split, f"X_{part}")
            loss = oracle.LOSSES[record.arm.head](kernels[-1], biases[-1], X, y)[0]
            assert abs(record.loss(part)[-1] - loss) <= 1e-13


def test_arms_weigh_rows_as_they_like(split):
    """A row that counts twice is a row that is there twice; one that counts nothing is not."""
    whole = {"dropout": 0.0, "batch_size": 10**6}
    rows = np.random.default_rng(4).integers(0, len(split.y_train), len(split.y_train))
    often = np.bincount(rows, minlength=len(split.y_train))
    drawn = replace(split, X_train=split.X_train[rows], y_train=split.y_train[rows])
    chosen = [arm("softmax"), arm("sigmoid")]
    own = {each.name: Labels(split.y_train, split.y_validation, often) for each in chosen}
    usual = [replace(each, name=f"{each.name}, usual") for each in chosen]
    weighted = bank.train([*chosen, *usual], recipe(**whole), split, labels=own)
    alone = [
        *bank.train(chosen, recipe(**whole), drawn),
        *bank.train(usual, recipe(**whole), split),
    ]
    for record, other in zip(weighted, alone, strict=True):
        assert apart(record, other) <= 1e-14
        assert apart(record, other, "bias") <= 1e-14
    assert apart(weighted[0], weighted[2]) >= 1e-4, "weights changed nothing"


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "nadam"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_an_arm_of_nan_leaves_the_others_their_bits(split, optimizer, precision):
    arms = four(precision)
    broken = [*arms[:2], replace(arms[2], learning_rate=1e300), arms[3]]

    def lost(each, features):
        kernel, bias = heads.initial(each, features)
        return (kernel * np.nan if each.learning_rate == 1e300 else kernel), bias

    whole = bank.train(arms, recipe(optimizer), split)
    others = bank.train(broken, recipe(optimizer), split, initial=lost)
    assert np.isnan(others[2].weights["kernel"]).all()
    for i in (0, 1, 3):
        assert whole[i].weights["kernel"].tobytes() == others[i].weights["kernel"].tobytes()
        assert whole[i].loss().tobytes() == others[i].loss().tobytes()


PROCESS = """
import hashlib, sys
import numpy as np
sys.path.insert(0, {tests!r})
from test_bank import digest
print(digest())
"""


def digest():
    """Train the same arms on the same made-up rows and hash all of it."""
    generator = np.random.default_rng(1)
    X = generator.standard_normal((700, 40), np.float32)
    split = cut(Features("made up", X, (X[:, 0] > 0).astype(np.uint8)), 0.2, seed=1)
    arms = [
        replace(each, name=f"{optimizer} {each.name}", optimizer=optimizer)
        for optimizer in ("sgd", "adam")
        for each in four("float32")
    ]
    optimizers = {name: OPTIONS[name] for name in ("sgd", "adam")}
    found = hashlib.sha256()
    for record in bank.train(arms, recipe(), split, optimizers=optimizers):
        found.update(record.weights["kernel"].tobytes() + record.loss().tobytes())
    return found.hexdigest()


def test_two_processes_come_to_the_same_bits():
    here = PROCESS.format(tests=str(Path(__file__).parent))
    assert output_of(here).strip() == digest()


def test_float32_losses_are_those_of_the_weights_that_are_logged(split):
    """Logits and losses have float32, their sums float64: what is left is rounding."""
    for record in bank.train(four("float32"), recipe(), split):
        weights = zip(record.weights["kernel"], record.weights["bias"], strict=True)
        losses = [
            oracle.LOSSES[record.arm.head](
                *(np.float64(each) for each in (kernel, bias, split.X_validation)),
                split.y_validation,
            )[0]
            for kernel, bias in weights
        ]

        assert np.abs(record.loss() - losses).max() <= 6e-8  # A float32 near 1 rounds by so much.
        assert np.abs(record.loss() - np.roll(losses, 1)).max() >= 1e-4


@pytest.mark.parametrize("rows", [1, 100, 403, 1000])
def test_evaluation_counts_every_row_once_however_it_is_cut(split, monkeypatch, rows):
    monkeypatch.setattr(evaluation, "LEAST_ROWS", 1)
    generator = np.random.default_rng(2)
    kernel, bias = generator.standard_normal((4, 17)), generator.standard_normal((4, 1))
    cut = Rows(tensor(split.X_train, "float64"), split.y_train[:, None])
    losses, accuracies = evaluation.evaluate(kernel, bias, 1, cut, rows)
    X, y = np.float64(split.X_train), split.y_train
    for units, loss, accuracy in zip(([0, 1], [2], [3]), losses, accuracies, strict=True):
        head = "softmax" if len(units) == 2 else "sigmoid"
        theta, b = kernel[units].T, bias[units, 0]
        assert abs(loss - oracle.LOSSES[head](theta, b, X, y)[0]) <= 1e-14
        odds = X @ theta[:, -1] + b[-1] - (X @ theta[:, 0] + b[0] if len(units) == 2 else 0)
        assert accuracy == np.mean((odds > 0) == y)


MEMORY = """
import gc
import numpy as np
from twinhead.data.features import Features, split as cut
from twinhead.results.arm import Arm
from twinhead.training import bank
from twinhead.training.recipe import Recipe

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096

X = np.random.default_rng(0).random((20_000, 1024), np.float32)
split = cut(Features("made up", X, (X[:, 0] > 0.5).astype(np.uint8)), 0.2, seed=1)
arms = [Arm(p, "sigmoid", 1e-3, 1, precision=p) for p in ("float32", "float64")]
train = lambda arm: bank.train([arm], Recipe(1, 128, 0.5), split, parts=[])
for arm in arms:  # What is compiled stays.
    train(arm)
before = resident()
during = []
run = bank._run
bank._run = lambda *args: (during.append(resident()), run(*args))[1]
for arm in arms:
    train(arm)
    print((during[-1] - before) / X.nbytes, (resident() - before) / X.nbytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
def test_features_are_copied_for_float64_alone_and_the_copy_goes():
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True
    )
    single, double = (map(float, line.split()) for line in done.stdout.splitlines())
    during, after = single
    assert during <= 0.2
    assert after <= 0.2
    during, after = double
    assert during >= 1.4, "of the training rows, 0.8 of all, a copy twice as large"
    assert after <= 0.2


def test_another_batch_size_is_another_program(split):
    """What is compiled is kept for the next call, and must be the right one."""
    alone = [reference.train(arm("softmax"), recipe(batch_size=size), split) for size in (64, 32)]
    for size, expected in zip((64, 32), alone, strict=True):
        (found,) = bank.train([arm("softmax")], recipe(batch_size=size), split)
        assert apart(found, expected) <= 1e-12
    assert apart(*alone) > 1e-5
