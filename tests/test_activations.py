"""Activation functions, against formulas in NumPy, with short training runs and few timings."""

import json

import numpy as np
import oracle
import pandas as pd
import pytest

from twinhead.cli.composing import compose
from twinhead.errors import InputError
from twinhead.experiments.activations import Settings, answer, cost, training, trunk
from twinhead.experiments.activations.claims import CLAIMS
from twinhead.results import history
from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, judge_all

BY_MACHINE = ("6a", "6b", "6c")  # Claims on time: whatever they come to is right.
X = np.linspace(-6, 8, 281)
FORMULAS = {
    "linear": X,
    "sigmoid": 1 / (1 + np.exp(-X)),
    "tanh": np.tanh(X),
    "ReLU": np.maximum(X, 0),
    "ReLU6": np.clip(X, 0, 6),
    "leaky ReLU": np.where(X < 0, 0.01 * X, X),
    "PReLU": np.where(X < 0, 0.25 * X, X),
    "ELU": np.where(X < 0, np.expm1(np.minimum(X, 0)), X),
    "swish, β = 1": X / (1 + np.exp(-X)),
    "swish, β = 0.1": X / (1 + np.exp(-0.1 * X)),
    "swish, β = 100": X / (1 + np.exp(-100 * X)),
    "mish": X * np.tanh(oracle.softplus(X)),
    "softmax": oracle.softmax(np.stack([X, 0 * X], axis=1))[:, 0],
}


@pytest.fixture
def measured(run):
    return history.load(run("activations").folder / "history.h5")


def test_all_claims_but_those_on_time_hold(run):
    written = json.loads((run("activations").folder / "verdicts.json").read_text())
    assert {v["verdict"] for v in written if v["id"] not in BY_MACHINE} == {HOLDS}


def test_the_only_print_that_fails_is_known_to_be_wrong(measured):
    rows = measured.tables["summary"]
    assert list(rows["quantity"][rows["verdict"] == FAILS]) == [
        "mean ELU(x), alpha = 1, x ~ N(0, 1)"
    ]


@pytest.mark.parametrize("name", FORMULAS)
def test_curves_and_slopes_are_those_of_the_formula(measured, name):
    curves = measured.tables["curves"]
    own = curves[curves["activation"] == name]
    x, values, slopes = own[["x", "value", "slope"]].to_numpy().T
    np.testing.assert_array_equal(x, X)
    # TensorFlow keeps leaky ReLU's slope in float32.
    np.testing.assert_allclose(values, FORMULAS[name], atol=1e-8)
    # The area under the slope is the function: trapezoids, so every kink costs half a step.
    area = np.concatenate([[0], np.cumsum((slopes[1:] + slopes[:-1]) / 2 * np.diff(X))])
    np.testing.assert_allclose(area, values - values[0], atol=0.051)


def test_every_activation_is_drawn_and_timed(measured):
    assert set(measured.tables["curves"]["activation"]) == set(FORMULAS)
    costs = measured.tables["costs"].set_index("activation")
    assert set(costs.index) == set(FORMULAS)
    assert costs["in_relus"]["ReLU"] == 1
    assert costs["in_relus"].between(costs["low"], costs["high"]).all()


def test_dead_units_stay_dead_and_only_relu_has_them(measured):
    dead = measured.tables["training"].pivot(index="step", columns="activation", values="dead")
    assert dead["ReLU"].iloc[0] == 0 < dead["ReLU"].iloc[-1]
    assert dead["ReLU"].is_monotonic_increasing
    assert dead["leaky ReLU"].max() == dead["ELU"].max() == 0


def test_relu_is_trained_and_dies_as_in_numpy(measured):
    random = np.random.default_rng(0)
    x = random.standard_normal((256, 4))
    y = np.sin(2 * x[:, :1]) + x[:, 1:2] ** 2
    hidden, out = random.standard_normal((4, 32)) / np.sqrt(2), random.standard_normal((32, 1))
    out, bias, bias_out = out / np.sqrt(32), np.zeros(32), np.zeros(1)
    table = measured.tables["training"]
    for row in table[table["activation"] == "ReLU"].itertuples():
        inputs = x @ hidden + bias
        error = np.maximum(inputs, 0) @ out + bias_out - y
        back = 2 / len(x) * error @ out.T * (inputs > 0)
        dead = (x.T @ back == 0).all(axis=0).sum()
        assert (row.loss, row.dead) == (pytest.approx((error**2).mean(), rel=1e-6), dead), row
        steps = (x.T @ back, back.sum(0), np.maximum(inputs, 0).T @ error, error.sum(0))
        hidden, bias = hidden - 0.15 * steps[0], bias - 0.15 * steps[1]
        out, bias_out = (w - 0.3 / len(x) * s for w, s in ((out, steps[2]), (bias_out, steps[3])))


@pytest.mark.parametrize(("precision", "bits"), [("float32", 24), ("float64", 53)])
def test_the_sigmoid_is_one_where_what_it_lacks_is_half_a_float(measured, precision, bits):
    found = measured.numbers[f"sigmoid is 1 from, {precision}"]
    assert bits * np.log(2) < found + 1e-4 < (bits + 1) * np.log(2)


@pytest.mark.parametrize("loss", [lambda step: 1 / (1 + step), lambda step: step * np.nan])
def test_a_rate_that_kills_nothing_or_diverges_is_not_tested(measured, loss):
    table = measured.tables["training"]
    assert training.deaths(table)["ReLU units dead in the end"] > 0
    assert training.deaths(table.assign(loss=loss(table["step"]))) == {}


def test_what_was_not_tested_is_said_in_the_answer(measured):
    found = answer(measured, judge_all(CLAIMS, measured))
    assert found.number == measured.numbers.pop("ReLU units dead in the end") > 0
    measured.untested["ReLU units dead in the end"] = "The rate is small."
    verdicts = judge_all(CLAIMS, measured)
    assert [v.verdict for v in verdicts if v.id == "5a"] == [NOT_TESTED]
    found = answer(measured, verdicts)
    assert found.number is None
    assert "The rate is small." in found.sentence


LINEAR = [0.01] * 4


@pytest.mark.parametrize(
    ("relu", "sigmoid", "verdicts"),
    [
        ([1, 1, 1, 2], [4, 4, 5, 5], (HOLDS, HOLDS)),
        ([1, 2, 3, 4], [2, 3, 4, 5], (NOT_TESTED, HOLDS)),  # They overlap.
        ([4, 4, 5, 5], [1, 1, 1, 2], (FAILS, FAILS)),
        ([1, 1, 1, 1], [40, 40, 40, 40], (HOLDS, FAILS)),
    ],
)
def test_times_that_overlap_are_not_compared(measured, relu, sigmoid, verdicts):
    columns = {"ReLU": relu, "sigmoid": sigmoid, "ELU": sigmoid, "linear": LINEAR}
    times = pd.DataFrame(columns).melt(var_name="activation", value_name="nanoseconds")
    for name in ("time of sigmoid over ReLU", "time of ReLU over sigmoid"):
        measured.numbers.pop(name, None)
    measured.numbers |= cost.compare(cost.costs(times), counted=4)
    judged = {each.id: each.verdict for each in judge_all(CLAIMS, measured)}
    assert (judged["6a"], judged["6b"]) == verdicts


def test_a_relu_trunk_is_trained_under_either_head_as_in_numpy():
    found = trunk.under_either_head(np.random.default_rng(2))
    random = np.random.default_rng(2)
    x = random.standard_normal((256, 4))
    y = (np.sin(2 * x[:, :1]) + x[:, 1:2] > 0) * 1.0
    kernel, theta = random.standard_normal((4, 32)) / np.sqrt(2), random.standard_normal((32, 2))
    theta /= np.sqrt(32)

    def trained(head, rate):
        weights, bias = kernel, np.zeros(32)
        wanted = y if head.shape[1] == 1 else np.hstack([1 - y, y])
        offset = np.zeros(head.shape[1])
        for _ in range(100):
            inner = x @ weights + bias
            z = np.maximum(inner, 0) @ head + offset
            p = 1 / (1 + np.exp(-z)) if head.shape[1] == 1 else oracle.softmax(z)
            error = (p - wanted) / 256
            back = (error @ head.T) * (inner > 0)
            head = head - rate * np.maximum(inner, 0).T @ error
            offset = offset - rate * error.sum(axis=0)
            weights, bias = weights - 0.1 * x.T @ back, bias - 0.1 * back.sum(axis=0)
        return np.vstack([weights, bias])

    softmax, beta = trained(theta, 0.1), theta[:, 1:] - theta[:, :1]
    apart = {ratio: np.abs(trained(beta, 0.1 * ratio) - softmax).max() for ratio in (1, 2)}
    assert apart[2] < 1e-13 < apart[1]
    name = "ReLU trunk under sigmoid, to under softmax, ratio"
    # Keras keeps the rate of 0.1 in float32.
    assert found[f"{name} 1"] == pytest.approx(apart[1], rel=1e-7)
    assert found[f"{name} 2"] < 1e-13


@pytest.mark.parametrize(
    "word",
    [
        "betas=[]",
        "betas=[1,1]",
        "betas=[-1]",
        "betas=[1,2,3,4,5]",
        "units=1",
        "steps=0",
        "elements=9",
    ],
)
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError, match=f"^{word.partition('=')[0]}: found "):
        compose("experiment/activations", Settings, [word])
