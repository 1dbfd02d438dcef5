"""Claims: how one is judged, and that every one of every experiment can fail."""

import json
from dataclasses import asdict, replace

import pytest
from conftest import SMALL

from twinhead.results import history
from twinhead.results.claim import (
    FAILS,
    HOLDS,
    NOT_TESTED,
    Claim,
    Source,
    at_least,
    at_most,
    counts,
    exactly,
    judge,
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
        swapped = measured.numbers | {claim.number: measured.numbers[claim.control]}
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
