"""Activation functions, against formulas in NumPy, with short training runs and few timings."""

import json

import activations
import numpy as np
import oracle
import pytest

from twinhead import claims, config, history, runs
from twinhead.claims import FAILS, HOLDS, NOT_TESTED
from twinhead.errors import InputError

SMALL = ("steps=60", "elements=200000", "repeats=7", "progress=false")
BY_MACHINE = ("6a", "6b")  # Claims on time: whatever they come to is right.


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("activations")
    settings = config.compose("activations", [*SMALL, f"outputs={place}"])
    return runs.execute(activations.EXPERIMENT, settings)


@pytest.fixture
def measured(run):
    return history.load(run.folder / "history.h5")


def verdicts_of(measured):
    return {each.id: each.verdict for each in activations.judge(measured)}


def test_all_claims_but_those_on_time_hold_and_all_pictures_are_there(run):
    written = json.loads((run.folder / "verdicts.json").read_text())
    of_functions = [each for each in written if each["id"] not in BY_MACHINE]
    assert {(v["verdict"], v["control"]["verdict"]) for v in of_functions} == {(HOLDS, FAILS)}
    assert all(v["source"].startswith("article 00") for v in written)
    names = {path.name for path in (run.folder / "figures").glob("*.png")}
    assert names == {"curves.png", "dead_units.png", "cost.png"}


def test_the_only_print_that_fails_is_known_to_be_wrong(run, measured):
    rows = claims.beside_print("activations", measured.numbers)
    assert [row["quantity"] for row in rows if row["verdict"] == FAILS] == [
        "mean ELU(x), alpha = 1, x ~ N(0, 1)"
    ]


X = activations.CURVE
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


@pytest.mark.parametrize("name", FORMULAS)
def test_curves_and_slopes_are_those_of_the_formula(measured, name):
    own = [row for row in measured.tables["curves"] if row["activation"] == name]
    values, slopes = (np.array([row[key] for row in own]) for key in ("value", "slope"))
    # TensorFlow keeps leaky ReLU's slope in float32.
    np.testing.assert_allclose(values, FORMULAS[name], atol=1e-8)
    # The area under the slope is the function: trapezoids, so every kink costs half a step.
    area = np.concatenate([[0], np.cumsum((slopes[1:] + slopes[:-1]) / 2 * np.diff(X))])
    np.testing.assert_allclose(area, values - values[0], atol=0.051)


def test_every_activation_is_drawn_and_timed(measured):
    assert {row["activation"] for row in measured.tables["curves"]} == set(FORMULAS)
    costs = {row["activation"]: row for row in activations.costs(measured)}
    assert set(costs) == set(FORMULAS)
    assert costs["ReLU"]["in_relus"] == 1
    assert all(row["low"] <= row["in_relus"] <= row["high"] for row in costs.values())


def test_dead_units_stay_dead_and_only_relu_has_them(measured):
    dead = {
        name: [row["dead"] for row in measured.tables["training"] if row["activation"] == name]
        for name in activations.TRAINED
    }
    assert dead["ReLU"][0] == 0 < dead["ReLU"][-1]
    assert np.all(np.diff(dead["ReLU"]) >= 0)
    assert max(dead["leaky ReLU"]) == max(dead["ELU"]) == 0


def test_a_rate_that_kills_nothing_is_not_tested(measured):
    for row in measured.tables["training"]:
        row["loss"] = 1 / (1 + row["step"])
    assert verdicts_of(measured)["5a"] == NOT_TESTED
    for row in measured.tables["training"]:
        row["loss"] = float("nan")
    assert verdicts_of(measured)["5a"] == NOT_TESTED


def timed(measured, **nanoseconds):
    """Replace the timings: each function's are its list."""
    measured.tables["timings"] = [
        {"activation": name, "repeat": i, "nanoseconds": float(value)}
        for name, values in nanoseconds.items()
        for i, value in enumerate(values)
    ]
    return verdicts_of(measured)


def test_times_that_overlap_are_not_compared(measured):
    linear = [0.01] * 4
    apart = timed(measured, ReLU=[1, 1, 1, 2], sigmoid=[4, 4, 5, 5], linear=linear)
    assert (apart["6a"], apart["6b"]) == (HOLDS, HOLDS)
    overlapping = timed(measured, ReLU=[1, 2, 3, 4], sigmoid=[2, 3, 4, 5], linear=linear)
    assert overlapping["6a"] == NOT_TESTED
    faster = timed(measured, ReLU=[4, 4, 5, 5], sigmoid=[1, 1, 1, 2], linear=linear)
    assert faster["6a"] == FAILS
    far_off = timed(measured, ReLU=[1, 1, 1, 1], sigmoid=[40, 40, 40, 40], linear=linear)
    assert far_off["6b"] == FAILS


@pytest.mark.parametrize(
    ("number", "value", "id"),
    [
        ("001: FLOPs(sigmoid): neg, exp, add, div", 5.0, "1a"),
        ("004: max ReLU6", 5.0, "1d"),
        ("sigmoid is 1 from, float32", 30.0, "2a"),
        ("PReLU(1), a = 2", 2.0, "4a"),
        ("swish, beta = 0, to x / 2", 0.01, "4d"),
        ("jump of ELU's slope at 0, alpha = 1", 1.0, "4h"),
        ("share that learns, inputs negative for some samples", 0.9, "5b"),
        # The control comes true: the measurement could not have told.
        ("falling steps of softplus", 3.0, "4b"),
    ],
)
def test_a_wrong_measurement_makes_its_claim_fail(measured, number, value, id):
    assert number in measured.numbers
    measured.numbers[number] = value
    verdicts = verdicts_of(measured)
    assert verdicts.pop(id) == FAILS
    assert {verdicts[each] for each in verdicts if each not in BY_MACHINE} == {HOLDS}


@pytest.mark.parametrize(
    "word", ["betas=[]", "betas=[1,1]", "betas=[-1]", "units=1", "steps=0", "elements=9"]
)
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError) as caught:
        config.compose("activations", [word])
    assert str(caught.value).startswith(word.partition("=")[0])
