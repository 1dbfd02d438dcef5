"""Derivatives, against closed forms in NumPy, at fewer logits than the real run has."""

import numpy as np
import oracle
import pytest

from twinhead.cli.composing import compose
from twinhead.errors import InputError
from twinhead.experiments import gradients
from twinhead.experiments.gradients import claims, descent, measure
from twinhead.results.claim import judge_all
from twinhead.results.history import load
from twinhead.results.published import published

WAYS = [("automatic", 1e-15), ("formula", 1e-15), ("differences", 1e-9)]


@pytest.fixture
def measured(run):
    return load(run("gradients").folder / "history.h5")


def test_the_example_starts_from_what_the_article_prints():
    inputs = {
        each.quantity: each.printed
        for each in published(experiment="gradients")
        if each.kind == "input"
    }
    logits = "z, logits (printed again as [ 4. -4.  3.])"
    assert tuple(inputs[f"{logits}[{i}]"] for i in range(3)) == measure.PUSHED
    assert inputs["index of the true class of z = [4, -4, 3]"] == measure.TRUE_CLASS
    assert inputs["index of the true class, three classes"] == measure.ONE_OF_THREE


@pytest.mark.parametrize(("way", "tolerance"), WAYS)
def test_the_jacobian_has_both_cases(measured, way, tolerance):
    y = oracle.softmax(np.array(measure.PUSHED))
    rows = measured.tables["jacobian"]
    assert len(rows) == 9
    for i, j, found in zip(rows["output"], rows["logit"], rows[way], strict=True):
        expected = y[i] * (1 - y[i]) if i == j else -y[i] * y[j]
        assert found == pytest.approx(expected, abs=tolerance)


def test_the_step_pushes_all_and_pulls_one(measured):
    p = oracle.softmax(np.array(measure.PUSHED))
    rows = measured.tables["push_pull"]
    np.testing.assert_allclose(rows["gradient"], p - [0, 0, 1], atol=1e-15)
    after = np.array(measure.PUSHED) - p + [0, 0, 1]
    np.testing.assert_allclose(rows["logit_after"], after, rtol=1e-15)
    np.testing.assert_allclose(rows["probability_after"], oracle.softmax(after), rtol=1e-14)


@pytest.mark.parametrize(("way", "tolerance"), WAYS)
def test_the_sigmoids_slope_is_that_of_a_squared_hyperbolic_secant(measured, way, tolerance):
    rows = measured.tables["sigmoid"]
    expected = 0.25 / np.cosh(rows["x"] / 2) ** 2
    np.testing.assert_allclose(rows[way], expected, rtol=0, atol=tolerance)


def test_the_slope_behind_sigmoids_is_a_quarter_of_the_weight_for_each(run):
    deep = load(run("gradients", "depth=7").folder / "history.h5").numbers
    for weight in (1, 8):
        expected = (weight / 4) ** 7
        assert deep[f"slope through the sigmoids, weight {weight}"] == pytest.approx(expected)
        quarters = 7 * (1 - np.log(weight) / np.log(4))
        assert deep[f"quarters through the sigmoids, weight {weight}"] == pytest.approx(quarters)


def test_the_answer_is_no_where_one_formula_is_wrong(measured):
    def answered():
        return gradients.answer(measured, judge_all(claims.CLAIMS, measured))

    assert answered().sentence.startswith("Yes")
    measured.numbers["gradient to p - y, soft labels"] = 0.25
    assert answered().sentence.startswith("No: the formulas are at most 0.2500 away")
    assert answered().number == 0.25


def test_the_longest_steps_are_numpys():
    found = descent.longest_steps(np.random.default_rng(5))
    random = np.random.default_rng(5)
    X, line = random.standard_normal((200, 4)), random.standard_normal((4, 1))
    y = (X @ line > 0) * 1.0
    bound = 10 * np.sqrt((X**2).sum(axis=1)).mean()
    errors = {
        "sigmoid": lambda z: np.exp(-np.logaddexp(0, -z)) - y,
        "linear": lambda z: 2 * (z - y),
    }
    for output, error in errors.items():
        w, longest = -10 * line, 0.0
        for _ in range(30):
            step = 10 * X.T @ error(X @ w) / len(X)
            w, longest = w - step, max(longest, np.sqrt((step**2).sum()))
        name = f"longest step in its bound, {output} output"
        assert found[name] == pytest.approx(longest / bound, rel=1e-9)


@pytest.mark.parametrize("word", ["draws=1", "depth=0", "depth=101", "depth=x", "sizes=[1]"])
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError, match=word.partition("=")[0]):
        compose("experiment/gradients", gradients.Settings, [word])
