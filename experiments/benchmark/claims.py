"""The bank's targets, set before they were measured."""

from twinhead.experiments.benchmark.costs import (
    ADAM,
    ARMS_FOR_ROWS,
    HELD,
    SGD,
    called,
)
from twinhead.results.claim import Claim, Source, at_least, at_most, within

SOURCE = Source("the bank's targets")
SAME, FASTER, LINEAR = "The same work", "The time of many arms", "The time of many rows"
TARGET = "A target set before it was measured."
# Of JAX's and PyTorch's time; where nothing stands, and of NumPy's, their own.
SHARE = {(1, SGD): 0.7, (4, SGD): 0.7, (64, SGD): 0.85, (64, ADAM): 0.85}


def target(other: str, arms: int, optimizer: str) -> float | None:
    """Return at most how much of another's time the bank is to take; None where nobody said."""
    if (arms, optimizer) not in HELD:
        return None
    return 1.0 if other == "NumPy" else SHARE.get((arms, optimizer), 1.0)


def _said(arms: int, optimizer: str) -> str:
    return called(arms, optimizer).replace("arms", "arm") if arms == 1 else called(arms, optimizer)


CLAIMS = (
    *(
        Claim(
            id,
            name,
            SAME,
            f"{sentence} (largest deviation over arms and epochs)",
            f"losses apart, {who}",
            within(tolerance, reason),
            SOURCE,
            f"losses from the slowest arm, {who}",
            "the arm at ratio 2 held against the slowest arm",
        )
        for id, name, who, sentence, tolerance, reason in (
            (
                "1a",
                "The same noise, the same losses",
                "the same noise",
                "All who are given the same noise come to the bank's validation losses",
                1e-6,
                "Float32 sums of thousands of products in another order: some 1e-7 a logit.",
            ),
            (
                "1b",
                "Keras's fit comes to nearly the same losses",
                "noise of its own",
                "Keras's fit, with noise of its own, comes to nearly the bank's validation losses",
                0.02,
                "What two draws of the masks differ by; experiment equivalence measures it.",
            ),
        )
    ),
    *(
        Claim(
            f"2{letter}",
            f"{arms} arms, {target} times as fast as fits",
            FASTER,
            f"{arms} arms in the bank are at least {target} times as fast as {arms} fits (one "
            "fit's median, times as many)",
            f"{arms} arms, fits over bank",
            at_least(target, TARGET),
            SOURCE,
            "1 arms, fits over bank",
            "one arm in the bank, against one fit",
        )
        for letter, arms, target in (("a", 64, 200), ("b", 512, 500))
    ),
    *(
        Claim(
            f"{number}{letter}",
            f"{_said(*row)}: at most {share:g} of {other}'s time",
            FASTER,
            f"{_said(*row)}: the bank takes at most {share:g} of the time that {other} takes "
            "(median over rounds)",
            f"{called(*row)}, bank over {other}",
            at_most(share, TARGET),
            SOURCE,
            f"{called(*row)}, fits over {other}",
            "as many fits in the bank's place",
        )
        for number, other in (("7", "NumPy"), ("8", "JAX"), ("9", "PyTorch"))
        for letter, row in zip("abcdef", HELD, strict=True)
        if (share := target(other, *row)) is not None
    ),
    Claim(
        "6",
        "Cost is linear in rows",
        LINEAR,
        f"Cost is linear in rows ({ARMS_FOR_ROWS} arms: a row of the upper half against one of the "
        "second quarter)",
        "cost of a row",
        within(0.3, "Differences of noisy medians; a parabola would give 2.", of=1),
        SOURCE,
        "cost of a row, arms growing",
        "arms that grow with the square of the rows",
    ),
)
