"""The catalogue of mutants is in order; `make mutants` runs it, which takes an hour."""

import sys

import pytest
from small import PROJECT

sys.path.insert(0, str(PROJECT / "tests/mutants"))
import run as mutants

CATALOGUE = mutants.catalogue()
LEAST = 120


def test_there_are_enough_and_no_two_are_alike():
    assert len(CATALOGUE) >= LEAST
    assert len({(each.file, each.old, each.new) for each in CATALOGUE}) == len(CATALOGUE)
    assert len({each.breaks for each in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("mutant", CATALOGUE, ids=lambda each: each.breaks)
def test_a_mutant_applies_and_names_its_tests(mutant):
    assert mutant.applied(PROJECT)
    assert mutant.breaks.endswith(".")
    assert mutant.notice
    for test in mutant.notice:
        file, _, name = test.partition("::")
        tests = (PROJECT / file).read_text(encoding="utf-8")
        assert not name or f"def {name.partition('[')[0]}(" in tests
