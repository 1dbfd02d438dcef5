"""What the claims of losses share: rules, groups, and controls beside their numbers."""

from twinhead.results.claim import Claim, Rule, Source, exactly, within

ROUNDING = within(1e-12, "Sums of some float64 numbers.")
CLIPPED = within(1e-5, "Keras keeps probabilities 1e-7 away from 0 and 1.")
SEARCHED = within(1e-5, "A search by values finds a flat minimum to half of float64's digits.")
EXACT = exactly(0, "Exact.")
BESIDE = within(1e-5, "The slope is taken a millionth to both sides.")

# Keyed by the digit that ids of the group begin with.
GROUPS = {
    "1": "Regression losses",
    "2": "Margin losses",
    "3": "One cross-entropy, many names",
    "4": "Entropy and divergence",
    "5": "Class weights",
}


def claim(
    id: str, name: str, sentence: str, number: str, rule: Rule, source: Source, told: str
) -> Claim:
    """Return a claim whose control is measured beside its number, under its name and "control"."""
    control = f"{number}, control"
    return Claim(id, name, GROUPS[id[0]], sentence, number, rule, source, control, told)


def identity(
    id: str, name: str, sentence: str, number: str, rule: Rule, source: Source, why: str
) -> Claim:
    return Claim(id, name, GROUPS[id[0]], sentence, number, rule, source, identity=why)
