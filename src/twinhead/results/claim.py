"""Claims with a number, a tolerance and a direction, each with a control that must fail.

A control is a measurement of its own in which the claim could have come out true: the wrong
formula, another data set, a training with one thing changed. Arithmetic on the claim's own number
is none. Where there can be no such measurement, the claim is an identity and says why.

A claim is data: its number and its control's are named numbers of the measurement, so that a
claim can be reworded, or judged by another rule, without measuring again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from twinhead.results.history import History

HOLDS, FAILS, NOT_TESTED = "holds", "fails", "not tested"
IDENTITY = "identity"  # Of a control: there can be none.


@dataclass(frozen=True)
class Rule:
    """What a number has to satisfy, and why no more and no less.

    Attributes:
        expected, tolerance: a text is the name of a number of the measurement.
        derived: the reason derives the tolerance or the bound, so it need not be near what is
            measured. Where it does not, a test sees that it is at most ten times that.
    """

    comparison: Literal["equal", "at most", "at least"]
    expected: float | str
    tolerance: float
    reason: str
    derived: bool = False

    def accepts(self, measured: float, expected: float) -> bool:
        """Tell whether the number satisfies the claim; NaN satisfies none."""
        match self.comparison:
            case "equal":
                return abs(measured - expected) <= self.tolerance
            case "at most":
                return measured <= expected + self.tolerance
            case "at least":
                return measured >= expected - self.tolerance


def within(tolerance: float, reason: str, of: float | str = 0, *, derived: bool = False) -> Rule:
    return Rule("equal", of, tolerance, reason, derived)


def rounding(count: int, size: float = 1, of: float | str = 0) -> Rule:
    """Return the rule of what is equal but for roundings in float64, each of half an eps."""
    reason = f"At most {count} roundings in float64 of numbers up to {size:g}."
    return Rule("equal", of, count * size * 2.0**-53, reason, derived=True)


def exactly(expected: float | str, reason: str = "A count is exact.") -> Rule:
    return Rule("equal", expected, 0, reason, derived=True)


def at_most(
    expected: float | str, reason: str, tolerance: float = 0, *, derived: bool = False
) -> Rule:
    return Rule("at most", expected, tolerance, reason, derived)


def at_least(
    expected: float | str, reason: str, tolerance: float = 0, *, derived: bool = False
) -> Rule:
    return Rule("at least", expected, tolerance, reason, derived)


@dataclass(frozen=True)
class Source:
    """Where the statement stands: an article's number and the place in it, or another text."""

    text: str
    place: str = ""

    def __str__(self) -> str:
        text = f"article {self.text}" if self.text.isdecimal() else self.text
        return f"{text}, {self.place}" if self.place else text


@dataclass(frozen=True)
class Claim:
    """A sentence that a measurement bears out or not.

    Attributes:
        id: unique in its experiment; never given to another claim.
        name: fits beside a strip on a phone, under 50 characters.
        group: heads a block of the page.
        sentence: may name numbers and data of the history in braces, such as {seeds:g} or {rows}.
        number: of the measurement; where it has none of this name, the claim is not tested.
        rule: or one for each precision that a run may have.
        control: the number of another measurement, where the claim must not come out true.
        told_apart_by: the control in words; the number's name, if left out.
        identity: why there can be no control, for a claim that has none: it is a count, or true of
            the formula whatever the data. It can still fail, if the code is wrong.
        data: what it was measured on, where that is not the data of the run.
    """

    id: str
    name: str
    group: str
    sentence: str
    number: str
    rule: Rule | Mapping[str, Rule]
    source: Source
    control: str = ""
    told_apart_by: str = ""
    data: str = ""
    identity: str = ""

    def __post_init__(self) -> None:
        if bool(self.control) == bool(self.identity):
            raise ValueError(f"claim {self.id}: a control, or why there can be none")


@dataclass(frozen=True)
class ControlVerdict:
    """What came of the control: `fails` is what it must; `identity` where there can be none.

    `claim` is the control in words, or why there is none.
    """

    claim: str
    measured: float | None
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """What came out of a claim; the keys of verdicts.json.

    Attributes:
        reason: why the tolerance is what it is; or why nothing was tested.
        verdict: holds, fails or not tested. A claim that has a control holds only if that fails.
    """

    id: str
    name: str
    group: str
    claim: str
    source: str
    expected: float
    measured: float | None
    tolerance: float
    comparison: str
    reason: str
    verdict: str
    control: ControlVerdict
    data: str


def judge(claim: Claim, history: History) -> Verdict:
    """Judge a claim and its control by the same rule.

    A control that does not fail makes the claim fail: the measurement could not have told.
    """
    numbers = history.numbers
    rule = claim.rule
    if isinstance(rule, Mapping):
        rule = rule[str(history.data["precision"])]
    expected = rule.expected
    if isinstance(expected, str):
        expected = numbers.get(expected, float("nan"))
    reason = rule.reason.format_map({**history.data, **numbers})
    measured, told = numbers.get(claim.number), numbers.get(claim.control)
    if measured is None or (told is None and not claim.identity):
        measured = told = None
        verdict = control_verdict = NOT_TESTED
        reason = history.untested.get(claim.number) or f"not measured: {claim.number}"
    else:
        verdict = HOLDS if rule.accepts(measured, expected) else FAILS
        if told is None:
            control_verdict = IDENTITY
        else:
            control_verdict = HOLDS if rule.accepts(told, expected) else FAILS
            verdict = verdict if control_verdict == FAILS else FAILS
    return Verdict(
        id=claim.id,
        name=claim.name,
        group=claim.group,
        claim=claim.sentence.format_map({**history.data, **numbers}),
        source=str(claim.source),
        expected=expected,
        measured=measured,
        tolerance=rule.tolerance,
        comparison=rule.comparison,
        reason=reason,
        verdict=verdict,
        control=ControlVerdict(
            claim.identity or claim.told_apart_by or claim.control, told, control_verdict
        ),
        data=claim.data or str(history.data["name"]),
    )


def judge_all(claims: Iterable[Claim], history: History) -> list[Verdict]:
    return [judge(claim, history) for claim in claims]


@dataclass(frozen=True)
class Answer:
    """What a run says in one sentence.

    Attributes:
        number: the one that the sentence rests on, as in the history's numbers; or None.
    """

    sentence: str
    number: float | None = None


def counts(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Return how many claims hold, fail and are not tested, keyed by the verdict."""
    found = dict.fromkeys((HOLDS, FAILS, NOT_TESTED), 0)
    for each in verdicts:
        found[each.verdict] += 1
    return found
