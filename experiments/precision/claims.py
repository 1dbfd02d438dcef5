"""What low precision leaves, what it takes, and the mend."""

from twinhead.experiments.precision.cases import (
    DRAWN,
    FORMS,
    MORE,
    POLICIES,
    PURE,
    WITH_COMMON,
    ZERO_SUM,
)
from twinhead.results.claim import Claim, Source, at_least, at_most

LAW = Source("the general law, docs/theory.md")
ROUNDING = Source("the spacing of floating-point numbers")
TOGETHER, COMMON, RANKING = "Twice the rate", "A common part", "Which row comes first"
COMMON_PART, SMALL, SUM_ZERO, _ = FORMS

# Where weights are kept in the type that is computed in, each step rounds each of them.
EACH_STEP = (
    "Every step rounds every weight; as random as coins, n roundings come to √n of them, and the "
    "bound is two and a half times that. Convexity does not amplify them."
)
MIXED = (
    "Weights in float32 lose nothing; each gradient is a rounding of 16 bits off. All of them one "
    "way would come to one rounding of all that the log-odds move."
)
HALVES = (
    "θ1 = β/2, and half a number is rounded as the whole is: weights lose the same, but for what "
    "the gradients' roundings push over an edge. Every weight off by one spacing comes to this."
)

CLAIMS = (
    *(
        Claim(
            f"1{letter}",
            f"{precision}: twice the rate still does",
            TOGETHER,
            f"{precision[0].upper()}{precision[1:]}: over {{steps}} steps from weights as drawn, "
            "softmax and the sigmoid at twice the rate keep the same log-odds but for rounding "
            "(largest gap of any row's, of the largest log-odds)",
            f"relative gap, {precision}, {DRAWN}",
            at_most(f"rounding, {precision}", MIXED)
            if "mixed" in precision
            else at_most(f"roundings, {precision}", EACH_STEP),
            LAW,
            f"relative gap at the same rate, {precision}, {DRAWN}",
            "at the same rate",
        )
        for letter, precision in zip("abc", [p for p in POLICIES if p not in PURE], strict=True)
    ),
    *(
        Claim(
            f"2{letter}",
            f"Pure {precision}: θ0 + θ1 = 0 keeps them together",
            COMMON,
            f"Pure {precision}: from θ0 + θ1 = 0 both heads keep the same log-odds but for "
            "rounding (largest gap over {steps} steps, of the largest log-odds)",
            f"relative gap, {precision}, {ZERO_SUM}",
            at_most(f"spacings, {precision}", HALVES),
            LAW,
            f"relative gap, {precision}, {WITH_COMMON}",
            "the same function with the common part in both columns",
        )
        for letter, precision in zip("ab", PURE, strict=True)
    ),
    *(
        Claim(
            f"3{letter}",
            f"Pure {precision}: a common part is seen",
            COMMON,
            f"Pure {precision}: a common part of {{common:g}} in both columns, which no "
            "probability sees, drives the heads apart (largest gap over {steps} steps, of the "
            "largest log-odds)",
            f"relative gap, {precision}, {WITH_COMMON}",
            at_least(
                f"ten spacings, {precision}",
                "Ten times what every weight off by one spacing comes to: steps too small for the "
                "spacing are lost one way.",
            ),
            ROUNDING,
            f"relative gap, {other}, {WITH_COMMON}",
            f"{other} with the same common part",
        )
        for letter, precision, other in (
            ("a", "float16", "mixed float16"),
            ("b", "bfloat16", "mixed bfloat16"),
        )
    ),
    Claim(
        "4",
        "Beside a common part bfloat16 feels few steps",
        COMMON,
        "Pure bfloat16 with a common part of {common:g}: a step below half the spacing of numbers "
        "is none, and after {steps} steps softmax's log-odds have come less than half of the way "
        "that they come in float32 (share of it)",
        f"way, bfloat16, {WITH_COMMON}",
        at_most(0.5, "Half is where more of the way is lost than is made."),
        ROUNDING,
        f"way, bfloat16, {ZERO_SUM}",
        "from θ0 + θ1 = 0",
    ),
    *(
        Claim(
            f"5{letter}",
            f"{precision}: a common part costs the order",
            RANKING,
            f"One trained head, kept in {precision} as two columns: with a common part of "
            "{common:g} more pairs of rows are tied or change places by their log-odds than with "
            "the sum zero (times as many)",
            f"out of order, {precision}: {COMMON_PART} over {SUM_ZERO}",
            at_least(
                4,
                "Numbers near 5 are at least four times as far apart as near 1, where the "
                "weights' halves are, and so are the errors of what is rounded to them.",
            ),
            ROUNDING,
            f"out of order, {precision}: {SMALL} over {SUM_ZERO}",
            "a fiftieth of the common part",
        )
        for letter, precision in zip("ab", PURE, strict=True)
    ),
    *(
        Claim(
            f"6{letter}",
            f"{precision}: probabilities tie where logits do not",
            RANKING,
            f"One trained column in {precision}: more pairs of rows have one probability than one "
            "logit (times as many)",
            f"tied, {precision}: probability over logit",
            at_least(
                MORE,
                "σ's slope is a quarter at most, and less where logits are large, so that "
                "neighbours fall together; half as many again is no luck of the rows.",
            ),
            ROUNDING,
            "tied, float32: probability over logit",
            "float32, which tells nearly all rows apart either way",
        )
        for letter, precision in zip("ab", PURE, strict=True)
    ),
)
