"""The losses, held against formulas in NumPy."""

import json

import numpy as np
import oracle
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale
from sklearn.svm import SVC

from twinhead.cli.composing import compose
from twinhead.errors import InputError
from twinhead.experiments.losses import Settings, margins, outliers, regression
from twinhead.results import history, published

SOFT = 0.7


@pytest.fixture(scope="module")
def measured(run):
    return history.load(run("losses").folder / "history.h5")


def sample(share):
    y = np.maximum(np.random.default_rng(0).normal(10, 1, 101), 0)
    y[: int(np.ceil(101 * share))] = 100
    return y


def test_best_constants_are_the_oracles(measured):
    rows = measured.tables["constants"]
    assert set(rows["loss"]) == {"MSE", "MSLE", "MAE", "Huber", "Poisson"}
    for row in rows.itertuples():
        right = oracle.best_constant(row.loss, sample(row.outlier_share), delta=1)
        assert (row.constant, row.expected) == pytest.approx((right, right), rel=1e-5), row


def test_a_constant_deviates_by_as_much_as_on_its_worst_data(measured):
    """With outliers or without: one of the two may be right by chance."""
    settings = compose("experiment/losses", Settings, [])
    for share in (0.0, 0.05):
        rows = measured.tables["constants"].copy()
        rows.loc[(rows["loss"] == "MAE") & (rows["outlier_share"] == share), "constant"] *= 1.5
        found = regression.centres(rows, settings)
        assert found["constant of MAE"] == pytest.approx(0.5, rel=1e-6)
        assert found["constant of MSE"] < 1e-7


def test_the_answer_is_the_medians_shift_in_the_means(run):
    answer = json.loads((run("losses").folder / "answer.json").read_text())
    shift = {of: of(sample(0.05)) - of(sample(0)) for of in (np.median, np.mean)}
    assert answer["number"] == pytest.approx(shift[np.median] / shift[np.mean], rel=1e-5)
    assert "4 of 4" in answer["answer"]


def test_margin_losses_are_the_oracles(measured):
    rows = measured.tables["margins"]
    assert set(rows["zoom"]) == {"near", "far"}
    for name in ("0-1", "hinge", "squared hinge", "logistic", "exponential"):
        right = oracle.margin_loss(name, rows["ys"].to_numpy())
        np.testing.assert_allclose(rows[name], right, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", ["exponential", "logistic"])
def test_a_line_that_a_margin_loss_fits_is_its_lowest(loss):
    generator = np.random.default_rng(1)
    y = np.where(np.arange(60) % 3, 1, -1)
    X = generator.normal(size=(60, 2)) + 0.5 * y[:, None]
    w = outliers.separated(loss, X, y)

    def cost(w):
        return oracle.margin_loss(loss, y * (X @ w[:2] + w[2])).mean()

    for step in 1e-3 * np.vstack([np.eye(3), -np.eye(3)]):
        assert cost(w) < cost(w + step)


def test_weights_of_a_rare_class_are_copies_of_its_rows():
    generator = np.random.default_rng(3)
    found = outliers.rare_class(np.random.default_rng(3))
    (X, y), (X_new, y_new) = (outliers._clouds(generator, rows) for rows in (2000, 20_000))
    assert y.mean() == y_new.mean() == 0.05
    doubled = np.repeat(np.arange(2000), np.where(y == 1, 19, 1))
    shares = []
    for rows in (slice(None), doubled):
        right = LogisticRegression(C=np.inf).fit(X[rows], y[rows]).predict(X_new) == y_new
        shares.append([right[y_new == 1].mean(), right.mean()])
    gained = np.subtract(shares[1], shares[0])
    keys = ["rare class found by weights", "rare class found by weights, control"]
    assert [found[key] for key in keys] == pytest.approx(list(gained), abs=2e-3)


def test_the_mean_square_changes_with_a_shear_as_the_formula_says():
    found = regression.bases(np.random.default_rng(4))
    truth, predicted = np.random.default_rng(4).normal(size=(2, 40, 3))
    a, b, c = (truth - predicted).T
    sheared = np.mean([a**2, (a + b) ** 2, (a + b + c) ** 2])
    assert found["MSE in another basis, control"] == pytest.approx(
        abs(sheared - np.mean([a**2, b**2, c**2])), rel=1e-12
    )
    assert found["MSE in another basis"] < 1e-14


def test_two_kinds_of_rows_are_what_they_are_called():
    kinds = margins.two_kinds(np.random.default_rng(5), 20_000)
    X, y = kinds["clouds"]
    apart = X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0)
    assert np.linalg.norm(apart) == pytest.approx(2, abs=0.05)
    np.testing.assert_allclose(X[y == 1].std(axis=0), 1, atol=0.05)
    X, y = kinds["wrong labels"]
    assert np.abs(X[:, 0]).min() > 2, "there is a gap"
    assert ((X[:, 0] > 0) != (y == 1)).mean() == pytest.approx(0.2, abs=0.01)


def test_leads_are_lower_ends_of_paired_intervals_on_new_rows(monkeypatch):
    """With two ways to train that score what is known."""
    seen, scores = [], {"hinge": iter([0.9, 0.7] * 12), "entropy": iter([0.8, 0.8, 0.8, 0.7] * 6)}

    class Fit:
        def __init__(self, loss="entropy", **_):
            self.loss = loss

        def fit(self, X, y):
            seen.append(len(y))
            return self

        def score(self, X, y):
            assert len(y) == 5000
            return next(scores[self.loss])

    monkeypatch.setattr(margins, "LinearSVC", Fit)
    monkeypatch.setattr(margins, "LogisticRegression", Fit)
    found = margins.hinge_or_entropy(np.random.default_rng(0))
    assert set(seen) == {400}
    # On clouds hinge leads by 0.1 every time; on the others by -0.1 and 0 in turn.
    half = 2.2010 * np.std([-0.1, 0] * 6, ddof=1) / np.sqrt(12)
    assert found["lead of hinge, clouds"] == pytest.approx(0.1)
    assert found["lead of cross-entropy, clouds"] == pytest.approx(-0.1)
    assert found["lead of hinge, wrong labels"] == pytest.approx(-0.05 - half, abs=1e-5)
    assert found["lead of cross-entropy, wrong labels"] == pytest.approx(0.05 - half, abs=1e-5)


def test_support_vectors_on_the_right_side_are_those_that_the_machine_names_rightly(measured):
    X, y = load_breast_cancer(return_X_y=True)
    machine = SVC(kernel="linear", tol=1e-6).fit(scale(X), y)
    right = machine.predict(scale(X)[machine.support_]) == y[machine.support_]
    assert measured.numbers["support vectors beyond 1, control"] == right.sum()
    assert right.sum() != (~right).sum()


def test_soft_labels_cost_divergence_plus_entropy(measured):
    rows = measured.tables["soft_label"]
    p, cross = rows["p"].to_numpy(), rows["cross_entropy"].to_numpy()
    label = np.array([1 - SOFT, SOFT])
    divergence = oracle.divergence(label, np.column_stack([1 - p, p]))
    entropy = -(label * np.log(label)).sum()
    np.testing.assert_allclose(rows["divergence"], divergence, atol=1e-6)
    np.testing.assert_allclose(cross, divergence + entropy, atol=1e-6)
    assert p[cross.argmin()] == pytest.approx(SOFT, abs=0.005)


def test_numbers_known_in_closed_form_are_met(measured):
    even, uneven = np.array([[0.5, 0.5], [0.9, 0.1]])
    known = {
        "exponential over hinge, slope": np.exp(-0.5),
        "exponential over squared hinge": np.exp(2) / 9,
        "exponential over squared hinge, control": np.exp(5) / 36,
        "asymmetry": oracle.divergence(even, uneven) - oracle.divergence(uneven, even),
        "spread over predictions": np.log(9),
        "MSE of the example, control": 1.5 - 1.25,
        "softmax slope, control": -2 / (2 + np.exp(20)),
    }
    for key, value in known.items():
        assert measured.numbers[key] == pytest.approx(value, rel=1e-6), key


def test_the_prints_that_fail_are_the_known_errata(measured):
    rows = measured.tables["summary"]
    printed = published.published(experiment="losses")
    assert sum(rows["verdict"] != "not tested") == sum(n.kind == "result" for n in printed)
    wrong = set(rows["quantity"][rows["verdict"] == "fails"])
    assert wrong == {number.quantity for number in printed if number.erratum} != set()


def test_a_wrong_print_is_noticed(measured):
    numbers = measured.numbers | {"004: log loss of a perfect model": 1e-3}
    found = published.misses("004", "losses", numbers)
    assert found["results of 004 that miss"] == 1


@pytest.mark.parametrize(
    "word", ["outlier=10", "outlier_share=0", "outlier_share=0.6", "delta=0", "rows=5", "seed=-1"]
)
def test_what_would_be_no_outlier_is_refused(word):
    key, _, value = word.partition("=")
    with pytest.raises(InputError, match=f"^{key}: found {value}, expected "):
        compose("experiment/losses", Settings, [word])


@pytest.mark.parametrize(
    "words",
    ["", "seed=7 rows=10 outlier=50 outlier_share=0.4 delta=10", "outlier_share=0.1"],
)
def test_other_samples_give_the_same_verdicts(run, words):
    folder = run("losses", *words.split()).folder
    verdicts = json.loads((folder / "verdicts.json").read_text())
    assert {each["verdict"] for each in verdicts} == {"holds"}
