"""Where softmax and cross-entropy lose their digits, on fewer logits than the real run has."""

import json

import numerics
import numpy as np
import oracle
import pytest

from twinhead import claims, config, history, runs
from twinhead.claims import FAILS, HOLDS, NOT_TESTED
from twinhead.errors import InputError

SMALL = ("draws=50", "sizes=geomspace(0.1,1000,25)", "progress=false")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("numerics")
    settings = config.compose("numerics", [*SMALL, f"outputs={place}"])
    return runs.execute(numerics.EXPERIMENT, settings)


@pytest.fixture
def measured(run):
    return history.load(run.folder / "history.h5")


def test_all_claims_hold_and_all_pictures_are_there(run):
    assert run.exit_code == 0
    written = json.loads((run.folder / "verdicts.json").read_text())
    assert {(v["verdict"], v["control"]["verdict"]) for v in written} == {(HOLDS, FAILS)}
    assert all(v["source"].startswith("article 00") for v in written)
    names = {path.name for path in (run.folder / "figures").glob("*.png")}
    assert names == {"softmax_error.png", "sigmoid_error.png", "shares.png"}


def test_examples_start_from_what_the_articles_print():
    inputs = {
        f"{each.article}: {each.quantity}": each.printed
        for each in claims.published(experiment="numerics")
        if each.kind == "input"
    }
    for name, values in (
        ("001: z, logits of the softmax example", numerics.SPREAD),
        ("003: scores", numerics.LARGE),
        ("003: z, outputs of three nodes", numerics.NODES),
        ("003: array of the hardmax examples", numerics.ARRAY),
        ("003: labels y of the two samples", numerics.LABELS),
    ):
        assert [inputs[f"{name}[{i}]"] for i in range(len(values))] == list(values)
    assert inputs["003: one_hot depth of the random example"] == numerics.CLASSES


def test_examples_are_those_of_the_formula(measured):
    for name, z, precision in (
        ("001: softmax([-20, 10, 30])", numerics.SPREAD, 1e-13),
        ("003: softmax([2, 3, 5])", numerics.NODES, 3e-7),
        ("003: softmax([123, 456, 789])", numerics.LARGE, 1e-12),
    ):
        found = [measured.numbers[f"{name}[{i}]"] for i in range(3)]
        np.testing.assert_allclose(found, oracle.softmax(np.array(z)), rtol=precision)
    assert measured.numbers["loss of [4, -4, 3]"] == pytest.approx(
        oracle.cross_entropy(np.array([4.0, -4, 3]), 2), rel=1e-14
    )


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_losses_from_logits_are_the_oracles(measured, head):
    rows = [
        row
        for row in measured.tables["errors"]
        if (row["head"], row["precision"], row["way"]) == (head, "float64", "from logits")
    ]
    assert len(rows) == 50
    for row in rows:
        sign = 1 if row["case"] == "wrong" else -1
        expected = oracle.softplus(np.array(sign * row["size"]))
        assert row["loss"] == pytest.approx(expected, rel=1e-14, abs=1e-15)


def test_sigmoid_from_logits_keeps_its_digits_for_the_right_class_too(measured):
    def worst(head):
        return max(
            row["loss_error"]
            for row in measured.tables["errors"]
            if (row["head"], row["precision"], row["way"], row["case"])
            == (head, "float64", "from logits", "right")
            and row["size"] < 700
        )

    assert worst("sigmoid") < 1e-15
    assert worst("softmax") == 1  # 1 + e^-z is 1, and its logarithm 0.


@pytest.mark.parametrize(
    ("number", "value", "id"),
    [
        ("003: softmax([2, 3, 5])[1]", 0.1142, "1c"),
        ("largest logit with a finite exponential, float32", 88.6, "2a"),
        ("lost outputs at [-1000, -1001], stable", 1.0, "2c"),
        ("random logits, apart in ulp", 9.0, "6a"),
        ("loss at [0, 200] from TensorFlow's softmax, float32", 16.0, "6b"),
        ("loss at [0, 200] from Keras's softmax, float32", 16.1, "6f"),
        ("softmax(x1, x2) to sigmoid(x1 - x2)", 1e-12, "8a"),
        # The control comes true: the measurement could not have told.
        ("P(class 1) to sigmoid(z0 - z1)", 0.0, "8b"),
    ],
)
def test_a_wrong_measurement_makes_its_claim_fail(measured, number, value, id):
    assert number in measured.numbers
    measured.numbers[number] = value
    verdicts = {verdict.id: verdict.verdict for verdict in numerics.judge(measured)}
    assert verdicts.pop(id) == FAILS
    assert set(verdicts.values()) == {HOLDS}


def test_a_gradient_that_is_left_makes_the_claim_on_clipping_fail(measured):
    for row in measured.tables["errors"]:
        row["gradient_error"] = 0.0
    verdicts = {verdict.id: verdict.verdict for verdict in numerics.judge(measured)}
    assert verdicts["6d"] == FAILS


def test_sizes_that_clip_nothing_are_not_tested(measured):
    rows = [row for row in measured.tables["errors"] if row["size"] < numerics.CLIPPED_FROM]
    measured.tables["errors"] = rows
    verdicts = {verdict.id: verdict.verdict for verdict in numerics.judge(measured)}
    assert (verdicts.pop("6d"), verdicts.pop("6e")) == (NOT_TESTED, NOT_TESTED)
    assert set(verdicts.values()) == {HOLDS}


@pytest.mark.parametrize("word", ["draws=1", "sizes=[0]", "sizes=[]", "seed=-1", "data=catdog"])
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError):
        config.compose("numerics", [word])
