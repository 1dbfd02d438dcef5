"""Where softmax and cross-entropy lose their digits, on fewer logits than the real run has."""

import itertools

import numpy as np
import oracle
import pytest

from twinhead.cli.composing import compose
from twinhead.errors import InputError
from twinhead.experiments import numerics
from twinhead.experiments.numerics import claims, losses, softmax
from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, judge_all
from twinhead.results.history import load
from twinhead.results.published import published


@pytest.fixture
def measured(run):
    return load(run("numerics").folder / "history.h5")


def judged(history):
    return {verdict.id: verdict.verdict for verdict in judge_all(claims.CLAIMS, history)}


def test_examples_start_from_what_the_articles_print():
    inputs = {
        f"{each.article}: {each.quantity}": each.printed
        for each in published(experiment="numerics")
        if each.kind == "input"
    }
    for name, values in (
        ("001: z, logits of the softmax example", softmax.SPREAD),
        ("003: scores", softmax.LARGE),
        ("003: z, outputs of three nodes", softmax.NODES),
        ("003: array of the hardmax examples", softmax.ARRAY),
        ("003: labels y of the two samples", losses.LABELS),
    ):
        assert [inputs[f"{name}[{i}]"] for i in range(len(values))] == list(values)
    assert inputs["003: one_hot depth of the random example"] == losses.CLASSES


def test_examples_are_those_of_the_formula(measured):
    for name, z, precision in (
        ("001: softmax([-20, 10, 30])", softmax.SPREAD, 1e-13),
        ("003: softmax([2, 3, 5])", softmax.NODES, 3e-7),
        ("003: softmax([123, 456, 789])", softmax.LARGE, 1e-12),
    ):
        found = [measured.numbers[f"{name}[{i}]"] for i in range(3)]
        np.testing.assert_allclose(found, oracle.softmax(np.array(z)), rtol=precision)
    assert measured.numbers["loss of [4, -4, 3]"] == pytest.approx(
        oracle.cross_entropy(np.array([4.0, -4, 3]), 2), rel=1e-14
    )


def test_the_exponential_raises_the_largest_share_by_as_much_as_the_formula_says(measured):
    for name, z in (("[0.2, 0.3, 0.5]", [0.2, 0.3, 0.5]), ("[2, 3, 5]", [2.0, 3, 5])):
        gain = oracle.softmax(np.array(z)).max() - 0.5
        assert measured.numbers[f"largest of {name}, raised by softmax"] == pytest.approx(gain)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_losses_from_logits_are_the_oracles(measured, head):
    rows = measured.tables["errors"].query(
        "head == @head and precision == 'float64' and way == 'from logits'"
    )
    assert len(rows) == 18
    sign = np.where(rows["case"] == "wrong", 1, -1)
    expected = oracle.softplus(sign * rows["size"].to_numpy())
    np.testing.assert_allclose(rows["loss"], expected, rtol=1e-14, atol=1e-15)


def test_sigmoid_from_logits_keeps_its_digits_for_the_right_class_too(measured):
    worst = (
        measured.tables["errors"]
        .query("precision == 'float64' and way == 'from logits' and case == 'right' and size < 700")
        .groupby("head")[["loss_error", "gradient_error"]]
        .max()
    )
    assert worst.loc["sigmoid"].max() < 1e-15
    assert worst.loc["softmax"].max() == 1  # 1 + e^-z is 1, and its logarithm 0.


def test_errors_are_relative_and_infinite_where_the_result_is_lost():
    found = np.array([1.5, np.nan, np.inf, 0, 1, 3], np.float32)
    reference = np.array([1, 1, 1, 0, 0, 3], np.longdouble)
    largest = np.finfo(np.float64).max
    expected = [0.5, np.inf, np.inf, 0, largest, 0]
    assert losses._relative(found, reference).tolist() == expected


def test_a_gradient_that_is_left_makes_the_claim_on_clipping_fail(measured):
    measured.tables["errors"]["gradient_error"] = 0.0
    losses.keep_what_clipping_leaves(measured)
    assert judged(measured)["6d"] == FAILS


def test_sizes_that_clip_nothing_are_not_tested(run):
    small = load(run("numerics", "sizes=[1,16.9]").folder / "history.h5")
    verdicts = judge_all(claims.CLAIMS, small)
    reasons = {each.id: each.reason for each in verdicts if each.verdict == NOT_TESTED}
    assert reasons == dict.fromkeys(("6d", "6e"), "No size reaches 17: nothing is clipped.")
    assert {each.verdict for each in verdicts} == {HOLDS, NOT_TESTED}
    assert "not told" in numerics.answer(small, verdicts).sentence


def test_the_answer_says_when_logits_lose_digits_too(measured):
    measured.numbers["largest error in eps, from logits"] = 9.0
    answer = numerics.answer(measured, judge_all(claims.CLAIMS, measured))
    assert answer.sentence.endswith("from logits they lose them too: errors up to 9 eps.")


def test_a_node_of_a_graph_is_as_far_from_a_node_alone_as_in_numpy():
    """And what its neighbours add up to is all that it is told by the joint probability."""
    found = softmax.graph(np.random.default_rng(3))
    random = np.random.default_rng(3)
    own, edges = random.standard_normal(4), np.triu(random.standard_normal((4, 4)), 1)
    weights = {}
    for state in itertools.product((0, 1), repeat=4):
        s = np.array(state)
        weights[state] = np.exp(own @ s + s @ edges @ s)
    total, apart, alone = sum(weights.values()), 0.0, 0.0
    for state in weights:
        for node in range(4):
            off, on = (weights[*state[:node], x, *state[node + 1 :]] / total for x in (0, 1))
            field = own[node] + (edges + edges.T)[node] @ np.array(state)
            apart = max(apart, abs(on / (on + off) - 1 / (1 + np.exp(-field))))
            alone = max(alone, abs(on / (on + off) - 1 / (1 + np.exp(-own[node]))))
    assert apart < 1e-14
    assert found["node of a graph to its sigmoid, alone"] == pytest.approx(alone, rel=1e-12)
    assert found["node of a graph to its sigmoid, with its neighbours"] < 1e-14


@pytest.mark.parametrize(
    "word",
    ["draws=1", "draws=1000001", "sizes=[0]", "sizes=[]", "sizes=[1,1]", "seed=-1", "depth=1"],
)
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError, match=word.partition("=")[0]):
        compose("experiment/numerics", numerics.Settings, [word])
