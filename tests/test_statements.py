"""Every statement of the five articles is judged by a claim, or says why it is not."""

import pytest

from twinhead.results.statements import counted, statements
from twinhead.runs.experiment import Experiment, names

ALL = statements()
CLAIMS = {f"{name}:{claim.id}" for name in names() for claim in Experiment(name).claims}


@pytest.mark.parametrize("article", ["000", "001", "002", "003", "004"])
def test_statements_are_numbered_and_none_is_said_twice(article):
    own = [each for each in ALL if each.article == article]
    assert [each.number for each in own] == list(range(1, len(own) + 1))
    assert len({each.statement for each in own}) == len(own) >= 25


@pytest.mark.parametrize("each", ALL, ids=lambda each: f"{each.article} {each.number}")
def test_a_statement_is_judged_by_claims_that_there_are_or_says_why_not(each):
    assert bool(each.claims) != bool(each.why_not)
    assert set(each.claims) <= CLAIMS


def test_they_are_counted():
    judged, untested = (sum(part) for part in zip(*counted().values(), strict=True))
    assert judged + untested == len(ALL)
    assert judged / len(ALL) > 0.89
