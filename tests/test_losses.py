"""The losses, held against formulas; what the claims would say if something else were measured."""

import losses
import numpy as np
import oracle
import pytest

from twinhead import claims, config
from twinhead.errors import InputError


@pytest.fixture(scope="module")
def history():
    return losses.measure(config.compose("losses", []))


def test_every_claim_holds_and_its_control_fails(history):
    for verdict in losses.judge(history):
        assert (verdict.verdict, verdict.control.verdict) == ("holds", "fails"), verdict.id


def test_best_constants_are_the_oracles(history):
    rng = np.random.default_rng(0)
    sample = np.maximum(rng.normal(10, 1, 101), 0)
    for row in history.tables["constants"]:
        y = sample.copy()
        y[: int(np.ceil(101 * row["outlier_share"]))] = 100
        right = oracle.best_constant(row["loss"], y, delta=1)
        assert row["constant"] == pytest.approx(right, rel=1e-5), row


def test_margin_losses_are_the_oracles(history):
    rows = history.tables["margins"]
    ys = np.array([row["ys"] for row in rows])
    assert {row["zoom"] for row in rows} == {"near", "far"}
    for name in ("0-1", "hinge", "squared hinge", "logistic", "exponential"):
        measured = [row[name] for row in rows]
        np.testing.assert_allclose(measured, oracle.margin_loss(name, ys), rtol=1e-12, atol=1e-15)


def test_soft_labels_cost_divergence_plus_entropy(history):
    rows = history.tables["soft_label"]
    p, cross = (np.array([row[name] for row in rows]) for name in ("p", "cross_entropy"))
    label = np.array([1 - losses.SOFT, losses.SOFT])
    divergence = oracle.divergence(label, np.column_stack([1 - p, p]))
    entropy = -(label * np.log(label)).sum()
    np.testing.assert_allclose([row["divergence"] for row in rows], divergence, atol=1e-6)
    np.testing.assert_allclose(cross, divergence + entropy, atol=1e-6)
    assert p[cross.argmin()] == pytest.approx(losses.SOFT, abs=0.005)


def test_numbers_known_in_closed_form_are_met(history):
    known = {
        "exponential over hinge, slope": np.exp(-0.5),
        "exponential over squared hinge": np.exp(2) / 9,
        "exponential over squared hinge, control": np.exp(5) / 36,
        "asymmetry": oracle.divergence(*np.array([[0.5, 0.5], [0.9, 0.1]]))
        - oracle.divergence(*np.array([[0.9, 0.1], [0.5, 0.5]])),
        "spread over predictions": np.log(9),
        "MSE of the example, control": 1.5 - 1.25,
    }
    for key, value in known.items():
        assert history.numbers[key] == pytest.approx(value, rel=1e-6), key


@pytest.mark.parametrize("claim", losses.CLAIMS, ids=lambda claim: claim["id"])
def test_a_claim_fails_where_its_control_is_what_was_measured(history, claim):
    key = claim["key"]
    wrong = {**history.numbers, key: history.numbers[key + losses.CONTROL]}
    verdicts = losses.judge(losses.History(history.data, numbers=wrong))
    assert [verdict.id for verdict in verdicts if verdict.verdict == "fails"] == [claim["id"]]


def test_every_printed_result_has_its_measurement(history):
    rows = losses.table(history)
    results = [row for row in rows if row["verdict"] != claims.NOT_TESTED]
    assert len(results) == sum(n.kind == "result" for n in claims.published(experiment="losses"))
    wrong = {row["quantity"] for row in results if row["verdict"] == "fails"}
    errata = {n.quantity for n in claims.published(experiment="losses") if n.erratum}
    assert wrong == errata


def test_a_wrong_print_is_noticed(history):
    numbers = history.numbers | {"004: log loss of a perfect model": 1e-3}
    verdicts = losses.judge(losses.History(history.data, numbers=numbers))
    assert [verdict.id for verdict in verdicts if verdict.verdict == "fails"] == ["6"]


@pytest.mark.parametrize(
    "word", ["outlier=10", "outlier_share=0", "outlier_share=0.6", "delta=0", "rows=5", "seed=-1"]
)
def test_what_would_be_no_outlier_is_refused(word):
    with pytest.raises(InputError, match=word.split("=")[0]):
        config.compose("losses", [word])


@pytest.mark.parametrize("words", [("seed=7", "rows=10", "outlier=50", "outlier_share=0.4")])
def test_other_samples_give_the_same_verdicts(words):
    other = losses.measure(config.compose("losses", [*words, "delta=10"]))
    assert {verdict.verdict for verdict in losses.judge(other)} == {"holds"}


def test_pictures_are_drawn_from_what_was_measured(history):
    assert set(losses.draw(history)) == {"margin_losses", "best_constants", "soft_label"}
