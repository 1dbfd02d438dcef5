"""Low precision: what is counted is counted right, and the trainings are what they are called."""

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data.features import Features, split
from twinhead.experiments.precision import measure, scoring, training
from twinhead.experiments.precision.cases import (
    DRAWN,
    FORMS,
    POLICIES,
    PRECISIONS,
    SCORES,
    WITH_COMMON,
    ZERO_SUM,
)
from twinhead.results.history import load
from twinhead.runs.experiment import Experiment
from twinhead.training import noise


def settings(*words):
    return compose("experiment/precision", Experiment("precision").Settings, words)


def test_pairs_are_tied_reversed_or_in_order():
    exact = np.array([0.0, 1.0, 2.0, 2.0])
    found = scoring.disorder(np.array([1.0, 1.0, 0.0, 5.0]), exact)
    # Of six pairs one is tied in truth; (0, 1) is tied, (0, 2) and (1, 2) are reversed.
    assert found == {"pairs": 5, "tied": 1 / 5, "reversed": 2 / 5}
    assert scoring.disorder(exact, exact) == {"pairs": 5, "tied": 0, "reversed": 0}


def test_scores_are_those_of_plain_numpy_in_float32():
    generator = np.random.default_rng(3)
    X = generator.standard_normal((40, 5))
    theta, bias = generator.standard_normal((5, 2)), generator.standard_normal(2)
    table = scoring.scored(theta, bias, X, 5.0)
    assert len(table) == len(PRECISIONS) * len(FORMS) * len(SCORES)
    wide = table[table.precision == "float32"]
    assert wide[["tied", "reversed"]].to_numpy().max() == 0
    # bfloat16 by ml_dtypes, which shares nothing with TensorFlow's.
    columns = (theta - theta.mean(axis=1, keepdims=True) + 5).astype(ml_dtypes.bfloat16)
    off = bias - bias.mean() + 5
    z = X.astype(ml_dtypes.bfloat16).astype(float) @ columns.astype(float)
    z = z.astype(ml_dtypes.bfloat16) + off.astype(ml_dtypes.bfloat16)
    odds = (z[:, 1] - z[:, 0]).astype(float)
    own = scoring.disorder(odds, X @ (theta[:, 1] - theta[:, 0]) + bias[1] - bias[0])
    (row,) = table[
        (table.precision == "bfloat16") & (table.form == FORMS[0]) & (table.score == "log-odds")
    ].to_dict("records")
    assert row["tied"] == pytest.approx(own["tied"], abs=0.01)
    assert row["tied"] > 0


def test_every_start_is_one_function_and_has_its_common_part():
    starts = training.drawn(settings("common=3"), 7)
    (theta, bias), common, centred = (starts[each] for each in (DRAWN, WITH_COMMON, ZERO_SUM))
    for kernel, offset in (common, centred):
        np.testing.assert_allclose(kernel[:, 1] - kernel[:, 0], theta[:, 1] - theta[:, 0])
        assert offset[1] - offset[0] == bias[1] - bias[0]
    np.testing.assert_allclose((common[0] - theta).ravel(), 3)
    np.testing.assert_array_equal(common[1] - bias, 3)
    np.testing.assert_allclose(centred[0].sum(axis=1), 0, atol=1e-15)


def problem(batch=8):
    generator = np.random.default_rng(2)
    X = generator.standard_normal((64, 5)).astype(np.float32)
    y = (X[:, 0] + generator.standard_normal(64) > 0).astype(np.uint8)
    own = settings("steps=30", f"batch_size={batch}", "learning_rate=0.25")
    return own, split(Features("made up", X, y), 0.25, 0)


def test_float32_is_plain_gradient_descent():
    """By NumPy in float64, on the very batches."""
    own, parts = problem()
    _, heads = training.train(own, parts, "float32")
    X, y = parts.X_train.astype(float), parts.y_train
    theta, bias = training.drawn(own, 5)[DRAWN]
    beta, b = theta[:, 1] - theta[:, 0], bias[1] - bias[0]
    for rows in training._orders(own, len(y)):
        slope = (1 / (1 + np.exp(-(X[rows] @ beta + b))) - y[rows]) / len(rows)
        beta, b = beta - 0.5 * X[rows].T @ slope, b - 0.5 * slope.sum()
    for role in ("softmax", "twice the rate"):
        found = heads[DRAWN, role].odds(X)
        np.testing.assert_allclose(found, X @ beta + b, atol=1e-5)
    assert np.abs(heads[DRAWN, "same rate"].odds(X) - X @ beta - b).max() > 0.01


def test_weights_are_kept_in_what_the_precision_says():
    own, parts = problem()
    for precision, kept in (
        ("mixed bfloat16", "float32"),
        ("bfloat16", "bfloat16"),
        ("float16", "float16"),
    ):
        heads = training._heads(own, 5, precision)
        layer = heads[ZERO_SUM, "softmax"].layer
        assert layer.dtype_policy.name == POLICIES[precision]
        assert {str(each.dtype) for each in layer.trainable_variables} == {kept}
        # Mixed policies keep the start in float32, and the others round it at once.
        exact = training.drawn(own, 5)[ZERO_SUM][0]
        rounded = exact.astype(ml_dtypes.bfloat16 if kept == "bfloat16" else kept)
        kernel, _ = heads[ZERO_SUM, "softmax"].weights()
        np.testing.assert_array_equal(kernel, rounded.astype(float))
        for head in heads.values():
            assert not head.way(parts.X_train).any(), "no way has been gone yet"
        # Matched to what softmax really starts from.
        X = parts.X_train.astype(float)
        for start in (WITH_COMMON, ZERO_SUM):
            apart = heads[start, "twice the rate"].odds(X) - heads[start, "softmax"].odds(X)
            assert np.abs(apart).max() <= 1e-6, (precision, start)


def test_every_epoch_has_an_order_of_its_own():
    own, parts = problem()
    rows = len(parts.y_train)
    orders = training._orders(own, rows)
    assert orders.shape == (30, 8)
    epochs = orders.reshape(-1, rows)
    for epoch, order in enumerate(epochs, start=1):
        np.testing.assert_array_equal(order, noise.order(own.seed, epoch, rows))
        assert sorted(order) == list(range(rows))
    assert (epochs[0] != epochs[1]).any()


def test_pairs_that_change_places_are_out_of_order_as_tied_ones_are():
    shares = dict(zip(FORMS, ((0.04, 0.02), (0.02, 0.01), (0.01, 0.01), (0.5, 0.5)), strict=True))
    cells = [
        {
            **{"precision": precision, "form": form, "score": score, "pairs": 1000},
            **{"tied": tied, "reversed": turned},
        }
        for precision in PRECISIONS
        for form, (tied, turned) in shares.items()
        for score in SCORES
    ]
    found = measure.of_order(pd.DataFrame(cells))
    assert found[f"out of order, float16: {FORMS[0]} over {FORMS[2]}"] == pytest.approx(3)
    assert found[f"out of order, float16: {FORMS[1]} over {FORMS[2]}"] == pytest.approx(1.5)


def test_gaps_are_told_as_they_are_and_as_shares_of_the_largest_log_odds():
    row = {"precision": "float16", "start": DRAWN, "way": 0.9}
    summary = pd.DataFrame([row | {"gap": 0.5, "gap_at_the_same_rate": 2.0}])
    found = measure.of_training(summary, 4.0, 5.0, 100)
    assert found[f"gap, float16, {DRAWN}"] == 0.5
    assert found[f"relative gap, float16, {DRAWN}"] == 0.125
    assert found[f"relative gap at the same rate, float16, {DRAWN}"] == 0.5
    assert found[f"way, float16, {DRAWN}"] == 0.9


def test_probabilities_that_tie_in_float32_leave_their_claim_untested():
    cells = [
        {
            **{"precision": precision, "form": form, "score": score},
            **{"pairs": 100, "tied": 0.5 if score == "probability" else 0.01, "reversed": 0.0},
        }
        for precision in PRECISIONS
        for form in FORMS
        for score in SCORES
    ]
    found = measure.of_order(pd.DataFrame(cells))
    assert found[measure.TIED.format("float32")] == 50
    assert found[f"out of order, bfloat16: {FORMS[0]} over {FORMS[2]}"] == 1
    told = found | {measure.TIED.format("float32"): 1.0}
    assert measure.untold(told) == {}
    lost = {measure.TIED.format(precision) for precision in ("float16", "bfloat16")}
    assert measure.untold(found).keys() == lost
    assert not lost & found.keys()


def test_a_rounding_is_half_of_what_numbers_near_one_are_apart():
    found = measure.of_training(pd.DataFrame(), 2.0, 6.0, 100)
    assert found["rounding, mixed bfloat16"] == found["rounding, bfloat16"] == 2.0**-8
    assert found["roundings, float16"] == 25 * 2.0**-11
    assert found["roundings, float32"] == 25 * 2.0**-24
    assert found["spacings, float16"] == 3 * 2.0**-10


def test_the_run_says_what_it_found(run):
    assert "precision" in SMALL
    made = run("precision")
    assert made.exit_code == 0
    assert {path.stem for path in (made.folder / "figures").glob("*.png")} == {"gap", "order"}
    # What weights come to, signs left out, is more than the log-odds that are left of it.
    assert load(made.folder / "history.h5").numbers["spacings, float16"] > 1.2 * 2.0**-10
