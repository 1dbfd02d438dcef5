"""Derivatives, against closed forms in NumPy, at fewer logits than the real run has."""

import json

import gradients
import numpy as np
import oracle
import pytest

from twinhead import claims, config, history, runs
from twinhead.claims import FAILS, HOLDS
from twinhead.errors import InputError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("gradients")
    settings = config.compose("gradients", ["draws=5", "progress=false", f"outputs={place}"])
    return runs.execute(gradients.EXPERIMENT, settings)


@pytest.fixture
def measured(run):
    return history.load(run.folder / "history.h5")


def test_all_claims_hold_and_all_pictures_are_there(run):
    assert run.exit_code == 0
    written = json.loads((run.folder / "verdicts.json").read_text())
    assert {(v["verdict"], v["control"]["verdict"]) for v in written} == {(HOLDS, FAILS)}
    assert all(v["source"].startswith("article 00") for v in written)
    names = {path.name for path in (run.folder / "figures").glob("*.png")}
    assert names == {"push_pull.png", "jacobian.png", "sigmoid_slope.png"}


def test_the_example_starts_from_what_the_article_prints():
    inputs = {
        each.quantity: each.printed
        for each in claims.published(experiment="gradients")
        if each.kind == "input"
    }
    logits = "z, logits (printed again as [ 4. -4.  3.])"
    assert tuple(inputs[f"{logits}[{i}]"] for i in range(3)) == gradients.PUSHED
    assert inputs["index of the true class of z = [4, -4, 3]"] == gradients.TRUE_CLASS
    assert inputs["index of the true class, three classes"] == gradients.ONE_OF_THREE


@pytest.mark.parametrize(
    ("way", "tolerance"), [("automatic", 1e-15), ("formula", 1e-15), ("differences", 1e-9)]
)
def test_the_jacobian_has_both_cases(measured, way, tolerance):
    y = oracle.softmax(np.array(gradients.PUSHED))
    rows = measured.tables["jacobian"]
    assert len(rows) == 9
    for row in rows:
        i, j = row["output"], row["logit"]
        expected = y[i] * (1 - y[i]) if i == j else -y[i] * y[j]
        assert row[way] == pytest.approx(expected, abs=tolerance)


def test_the_step_pushes_all_and_pulls_one(measured):
    p = oracle.softmax(np.array(gradients.PUSHED))
    rows = measured.tables["push_pull"]
    np.testing.assert_allclose([row["gradient"] for row in rows], p - [0, 0, 1], atol=1e-15)
    after = np.array(gradients.PUSHED) - p + [0, 0, 1]
    np.testing.assert_allclose([row["logit_after"] for row in rows], after, rtol=1e-15)
    after = [row["probability_after"] for row in rows]
    assert after[2] == max(after)


@pytest.mark.parametrize(
    ("way", "tolerance"), [("automatic", 1e-15), ("formula", 1e-15), ("differences", 1e-9)]
)
def test_the_sigmoids_slope_is_that_of_a_squared_hyperbolic_secant(measured, way, tolerance):
    for row in measured.tables["sigmoid"]:
        assert row[way] == pytest.approx(0.25 / np.cosh(row["x"] / 2) ** 2, abs=tolerance)


@pytest.mark.parametrize(
    ("number", "value", "id"),
    [
        ("001: max sigmoid'", 0.2501, "1a"),
        ("003: dCE/dz at z = [4, -4, 3], y = one_hot(2)[2]", -0.7312, "1b"),
        ("Jacobian, automatic to formula", 1e-9, "2a"),
        ("lost by all others, in what class 2 wins", 0.99, "2c"),
        ("gradient to p - y, soft labels", 1e-6, "3b"),
        ("step of the logits, in y - p", 1.0, "3e"),
        ("slope through the sigmoids, weight 1", 0.25, "4d"),
        ("smallest second derivative, squared error", 0.0, "5b"),
        # The control comes true: the measurement could not have told.
        ("gradient to sign(error) / n, squared error", 0.0, "5c"),
    ],
)
def test_a_wrong_measurement_makes_its_claim_fail(measured, number, value, id):
    assert number in measured.numbers
    measured.numbers[number] = value
    verdicts = {verdict.id: verdict.verdict for verdict in gradients.judge(measured)}
    assert verdicts.pop(id) == FAILS
    assert set(verdicts.values()) == {HOLDS}


@pytest.mark.parametrize("word", ["draws=1", "depth=0", "depth=x", "sizes=[1]"])
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError):
        config.compose("gradients", [word])
