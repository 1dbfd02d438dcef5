"""The bank's targets, set before they were measured."""

from twinhead.experiments.benchmark.costs import ARMS_FOR_ROWS
from twinhead.results.claim import Claim, Source, at_least, at_most, within

SOURCE = Source("the bank's targets")
SAME, FASTER, LINEAR = "The same work", "The time of many arms", "The time of many rows"
TARGET = "A target set before it was measured."

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
                1e-5,
                "Float32 sums of thousands of products in another order: some 1e-7 a logit, which "
                "training adds up.",
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
            id,
            f"{arms} arm(s): at most {target:g} times as long as {name}",
            FASTER,
            f"{arms} arm(s) in the bank take at most {target:g} times as long as in {name}",
            f"{arms} arms, bank over {name}",
            at_most(target, TARGET),
            SOURCE,
            f"{arms} arms, fits over {name}",
            "as many fits in the bank's place",
        )
        for id, name, arms, target in (
            *(("3a", "NumPy", 64, 1.5), ("3b", "NumPy", 512, 1.0)),
            *(("4a", "JAX", 1, 1.0), ("4b", "JAX", 64, 1.0), ("4c", "JAX", 512, 1.0)),
            *(("5a", "PyTorch", 1, 1.0), ("5b", "PyTorch", 64, 1.0), ("5c", "PyTorch", 512, 1.0)),
        )
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
