"""Claims: how one is judged, and that every one of every experiment can fail."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from small import SMALL

from twinhead.results import history
from twinhead.results.claim import (
    FAILS,
    HOLDS,
    IDENTITY,
    NOT_TESTED,
    Claim,
    Source,
    at_least,
    at_most,
    counts,
    exactly,
    judge,
    rounding,
    within,
)
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.runs.experiment import Experiment, names


def judged(measured, control, rule=None, **numbers):
    claim = Claim("1", "a", "g", "a", "n", rule or within(1e-6, "why"), Source("003"), "c")
    given = {"n": measured, "c": control} | numbers
    found = {name: value for name, value in given.items() if value is not None}
    return judge(claim, History({"name": "x"}, numbers=found))


@pytest.mark.parametrize(
    ("measured", "control", "verdict"),
    [
        (0.0, 1.0, HOLDS),
        (-1e-6, 1.0, HOLDS),
        (1.1e-6, 1.0, FAILS),
        (float("nan"), 1.0, FAILS),
        (float("inf"), 1.0, FAILS),
        (0.0, 0.0, FAILS),  # The control did not fail: the measurement could not have told.
    ],
)
def test_a_claim_holds_only_within_tolerance_and_with_a_failing_control(measured, control, verdict):
    assert judged(measured, control).verdict == verdict


def test_a_tolerance_is_absolute_and_on_the_side_that_it_is_said_to_be():
    near = within(1e-6, "", of=100)
    assert (judged(100 + 5e-6, 0, near).verdict, judged(100 - 9e-7, 0, near).verdict) == (
        FAILS,
        HOLDS,
    )
    assert judged(-2e-6, 1.0).verdict == FAILS
    assert judged(0.55, 9, at_most(0.5, "", tolerance=0.1)).verdict == HOLDS
    assert judged(0.65, 9, at_most(0.5, "", tolerance=0.1)).verdict == FAILS
    assert judged(0.45, 0, at_least(0.5, "", tolerance=0.1)).verdict == HOLDS
    assert judged(0.35, 0, at_least(0.5, "", tolerance=0.1)).verdict == FAILS
    assert judged(0.0, 9, within(1, "", of="not measured")).verdict == FAILS


def test_a_control_that_was_not_measured_leaves_its_claim_untested():
    assert judged(0.0, None).verdict == NOT_TESTED


def test_a_rounding_is_half_an_eps():
    assert rounding(3, size=2).tolerance == 3 * np.finfo(np.float64).eps
    assert judged(1 + 2**-52, 9, rounding(2, of=1)).verdict == HOLDS
    assert judged(1 + 2**-52, 9, rounding(1, of=1)).verdict == FAILS


@pytest.mark.parametrize("name", names())
def test_what_is_called_rounding_in_float64_is_none_in_float32(name):
    """A tolerance that float32 would meet tells nothing of float64."""
    for claim in Experiment(name).claims:
        rule = claim.rule["float64"] if isinstance(claim.rule, dict) else claim.rule
        double = isinstance(claim.rule, dict) or claim.number.endswith("float64")
        if (
            double
            and rule.comparison == "equal"
            and rule.expected == 0
            and "eps" not in claim.number
        ):
            assert 0 < rule.tolerance <= 1e-12, claim.id


def test_derivatives_by_differences_keep_eight_digits():
    claims = [each for each in Experiment("gradients").claims if "differences" in each.number]
    assert len(claims) == 3
    for claim in claims:
        assert 0 < claim.rule.tolerance <= 1e-8, claim.id


# What a small run measures says nothing of these. At full size, on the worst of the data sets: the
# upper end of the ratio's interval on the MobileNet features, and the least that noise explains.
AT_FULL_SIZE = {"equivalence": {"3": 0.34, "4": 6370}}
# Times, which come out otherwise every time; and roundings that a solver amplifies, otherwise on
# every machine: 8 to 9 times what one measured.
EXEMPT = {"activations": {"6a", "6b", "6c"}, "law": {"Oe", "Lc", "Tn", "Ba"}}
# Its bounds are targets, set before anything was measured.
TARGETS = {"benchmark"}


def times_too_wide(rule, measured, expected):
    """Return how many times what is measured fits into what a rule would let pass."""
    if rule.comparison == "equal":
        return rule.tolerance / abs(measured - expected) if measured != expected else np.inf
    if rule.comparison == "at most":
        return (expected + rule.tolerance) / measured
    return measured / (expected - rule.tolerance)


@pytest.mark.parametrize("name", [name for name in names() if name not in {"train", *TARGETS}])
def test_no_tolerance_is_more_than_ten_times_what_is_measured_unless_derived(run, name):
    """A bound of 0 is a sign, and one that is a number of the measurement has a formula."""
    measured = history.load(run(name).folder / "history.h5")
    found = {}
    for claim in Experiment(name).claims:
        rule = claim.rule
        if isinstance(rule, dict):
            rule = rule[measured.data["precision"]]
        if rule.derived or claim.number not in measured.numbers:
            continue
        expected = measured.numbers.get(rule.expected, rule.expected)
        bound = rule.comparison != "equal"
        if bound and (isinstance(rule.expected, str) or expected == rule.tolerance == 0):
            continue
        small = measured.numbers[claim.number]
        value = AT_FULL_SIZE.get(name, {}).get(claim.id, small)
        times = times_too_wide(rule, value, expected)
        if not 0 < times <= 10:
            found[claim.id] = f"{times:.3g} times what is measured: {rule.reason}"
    assert found.keys() <= EXEMPT.get(name, set()), found


def test_a_number_that_was_not_measured_is_not_tested_and_says_why():
    claim = Claim("1", "a", "g", "a", "n", exactly(0), Source("003"), "c")
    verdict = judge(claim, History({"name": "x"}, untested={"n": "no rows"}))
    assert (verdict.verdict, verdict.measured, verdict.reason) == (NOT_TESTED, None, "no rows")
    assert verdict.control.verdict == NOT_TESTED


def test_rules_have_a_direction():
    assert judged(99, 1, at_least(100, "")).verdict == FAILS
    assert judged(100, 1, at_least(100, "")).verdict == HOLDS
    assert judged(0.6, 9, at_most(0.5, "")).verdict == FAILS
    assert judged(0.5, 9, at_most(0.5, "")).verdict == HOLDS
    assert judged(5, 9, exactly("five"), five=5.0).verdict == HOLDS
    assert judged(5, 9, exactly("five"), five=5.1).verdict == FAILS


def test_a_rule_may_depend_on_the_precision_of_the_run():
    rules = {"float32": within(1e-6, ""), "float64": within(1e-12, "")}
    claim = Claim("1", "a", "g", "a", "n", rules, Source("003"), "c")
    for precision, verdict in (("float32", HOLDS), ("float64", FAILS)):
        data = {"name": "x", "precision": precision}
        assert judge(claim, History(data, numbers={"n": 1e-8, "c": 1.0})).verdict == verdict


def test_verdicts_have_the_contracts_keys():
    keys = {"id", "name", "group", "claim", "source", "expected", "measured", "tolerance"}
    keys |= {"comparison", "reason", "verdict", "control", "data"}
    written = json.loads(json.dumps(asdict(judged(0.0, 1.0))))
    assert keys == set(written)
    assert set(written["control"]) == {"claim", "measured", "verdict"}


@pytest.mark.parametrize("name", [name for name in names() if name in SMALL])
def test_claims_fit_where_they_are_shown(name):
    claims = Experiment(name).claims
    assert len({claim.id for claim in claims}) == len(claims)
    for claim in claims:
        assert 0 < len(claim.name) < 50, claim.name
        assert claim.group
        assert claim.number != claim.control, claim.id


def test_a_claim_has_a_control_or_says_why_there_is_none():
    given = ("1", "a", "g", "a", "n", exactly(0), Source("003"))
    for control, identity in (("", ""), ("c", "a count")):
        with pytest.raises(ValueError, match="a control, or why"):
            Claim(*given, control, identity=identity)


def test_an_identity_is_judged_by_its_number_alone_and_shown_as_one():
    claim = Claim("1", "a", "g", "a", "n", exactly(3), Source("003"), identity="a count")
    for measured, verdict in ((3.0, HOLDS), (2.0, FAILS)):
        found = judge(claim, History({"name": "x"}, numbers={"n": measured}))
        assert found.verdict == verdict
        assert asdict(found.control) == {"claim": "a count", "measured": None, "verdict": IDENTITY}


# What a machine or a small problem decides: these may come out either way in a test.
MEASURED_HERE = {"benchmark", "activations"}


@pytest.mark.parametrize("name", [name for name in names() if name != "train"])
def test_with_its_controls_number_exactly_that_claim_fails(run, name):
    """Every claim could have failed: it does so with what its control measured in its place."""
    measured = history.load(run(name).folder / "history.h5")
    claims = Experiment(name).claims
    before = {claim.id: judge(claim, measured).verdict for claim in claims}
    tested = [claim for claim in claims if before[claim.id] != NOT_TESTED]
    assert tested
    for claim in tested:
        # An identity has no control: any other number has to do.
        far = -1e6 if getattr(claim.rule, "comparison", "") == "at least" else 1e6
        swapped = measured.numbers | {claim.number: measured.numbers.get(claim.control, far)}
        after = replace(measured, numbers=swapped)
        assert judge(claim, after).verdict == FAILS, claim.id
        for each in tested:
            expects = getattr(each.rule, "expected", None)
            if claim.number not in (each.number, each.control, expects):
                assert judge(each, after).verdict == before[each.id], f"{claim.id}, {each.id}"


@pytest.mark.parametrize("name", [name for name in names() if name != "train"])
def test_every_claim_holds_in_small(run, name):
    """With its control told apart; what time decides may come out either way."""
    verdicts = json.loads((run(name).folder / "verdicts.json").read_text())
    for verdict in verdicts:
        if name not in MEASURED_HERE:
            assert verdict["verdict"] in (HOLDS, NOT_TESTED), verdict
        if verdict["verdict"] == NOT_TESTED:
            assert not verdict["reason"].startswith("not measured"), "says no reason"


# Claims about constants: their controls are other constants, and may be simple multiples of them.
CONSTANTS = {
    "activations": {"4a": "2 for a = 2, where 1 is right"},
    "lr_ratio": {"1": "twice the rate, whose ratio is 4"},
    "gradients": {"4d": "a weight of 8 behind every sigmoid: (8/4)^depth"},
}
# Controls that are measured anew and come out the same.
STANDS_STILL = {
    "activations": {"5a": "at a tenth of the rate no unit dies, whatever the seed"},
    "precision": dict.fromkeys(("6a", "6b"), "in float32 no pair of these rows ties"),
    "equivalence": {"11": "matched, the way is as long as softmax's, whatever the seed"},
    "losses": {"1k": "the best on one sample is the best on another"},
    "numerics": {f"7{letter}": "one logit is set to where Keras clips" for letter in "abcd"},
}


def arithmetic(measured, control):
    """Return how a control follows from its measurement without a second one, if it does."""
    if not np.isfinite([measured, control]).all() or min(abs(measured), abs(control)) < 1e-9:
        return ""
    quotient = abs(control / measured)
    for factor in (1, 2, 4, 8, np.sqrt(2), 2 * np.sqrt(2), np.pi):
        for way, by in (("times", factor), ("over", 1 / factor)):
            if quotient == pytest.approx(by, rel=1e-9):
                return f"{way} {factor:g}"
    if abs(measured * control) == pytest.approx(1, rel=1e-9):
        return "one over it"
    return "one less it" if measured + control == pytest.approx(1, rel=1e-9) else ""


@pytest.mark.parametrize("name", [name for name in names() if name != "train"])
def test_no_control_is_its_own_claims_number_by_arithmetic(run, name):
    """A reciprocal, a sign or a factor measures nothing new: such a control cannot hold."""
    numbers = history.load(run(name).folder / "history.h5").numbers
    found = {
        claim.id: how
        for claim in Experiment(name).claims
        if claim.number in numbers and claim.control in numbers
        if (how := arithmetic(numbers[claim.number], numbers[claim.control]))
    }
    assert found.keys() == CONSTANTS.get(name, {}).keys(), found


@pytest.mark.parametrize(
    "name",
    [
        *("activations", "equivalence", "gradients", "losses", "lr_ratio", "numerics"),
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("precision", "tasks")),
    ],
)
def test_no_control_stays_in_step_with_its_claims_number(run, name):
    """With another seed both are measured anew: no sum, product or quotient of the two may stay,
    and no control may stand still where the claim's number moves: then it is a literal."""
    words = (), ("seeds=[5,6]" if name in ("lr_ratio", "tasks") else "seed=7",)
    one, two = (history.load(run(name, *each).folder / "history.h5").numbers for each in words)
    found = {}
    for claim in Experiment(name).claims:
        keys = (claim.number, claim.control)
        if not all(key in numbers for key in keys for numbers in (one, two)):
            continue
        (m, c), (n, d) = ([numbers[key] for key in keys] for numbers in (one, two))
        if not np.isfinite([m, c, n, d]).all() or abs(m - n) <= 1e-9 * max(abs(m), abs(n), 1e-3):
            continue
        for how, before, after in (
            *(("a sum", m + c, n + d), ("a difference", m - c, n - d)),
            *(("a product", m * c, n * d), ("a quotient", c / m, d / n), ("a literal", c, d)),
        ):
            if before == pytest.approx(after, rel=1e-9, abs=0):
                found[claim.id] = how
    assert found.keys() <= STANDS_STILL.get(name, {}).keys(), found


def test_counts_add_up():
    verdicts = [judged(0.0, 1.0), judged(1.0, 1.0), judged(None, None)]
    assert counts(verdicts) == {HOLDS: 1, FAILS: 1, NOT_TESTED: 1}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("inf", "inf"),
        (4098, "4098"),
        (0.5, "0.5000"),
        (1.23e-9, "1.23e-09"),
    ],
)
def test_numbers_are_shown_whatever_they_are(value, shown):
    assert number(value) == shown
