"""What article 000 concludes of the ratio, and where gradient descent stops being stable."""

from twinhead.results.claim import Claim, Source, exactly, within

CONCLUSION = Source("000", "conclusion 3")
WHERE = "full-batch gradient descent, breast cancer in 2 features"
AS_IN_EQUIVALENCE = "As in experiment equivalence, for {precision}."
ROUNDING = {
    "float32": within(1e-6, AS_IN_EQUIVALENCE, derived=True),
    "float64": within(1e-12, AS_IN_EQUIVALENCE, derived=True),
}


def _stable(id: str, name: str, sentence: str, number: str) -> Claim:
    return Claim(
        id,
        name,
        "The edge of stability",
        sentence,
        number,
        within(
            0.01,
            "One per cent: in the last round the rates lie less than half a per cent apart.",
            of=1,
        ),
        Source("gradient descent is stable up to 2 / λmax of the Hessian"),
        f"{number}, with momentum",
        "momentum 0.9, under which gradient descent stays stable longer",
        data="breast cancer (Wisconsin), 2 features",
    )


CLAIMS = (
    Claim(
        "1",
        "The smallest gap is at ratio 2",
        "The ratio",
        "The ratio with the smallest validation-loss gap to softmax is 2 "
        "(of {ratios} ratios, mean over {seeds} seed(s) of the largest gap)",
        "ratio with the smallest gap",
        exactly(2, "The grid holds 2 itself."),
        CONCLUSION,
        "ratio with the smallest gap to twice the rate",
        "the gap to a softmax arm that learns at twice the rate",
    ),
    Claim(
        "2",
        "At ratio 2 the gap is rounding",
        "The ratio",
        "At ratio 2 the gap is rounding ({precision}; largest over epochs and seeds)",
        "gap at ratio 2",
        ROUNDING,
        CONCLUSION,
        "smallest gap at another ratio",
        "the smallest gap at any other ratio, mean over seeds",
    ),
    Claim(
        "3",
        "The gap grows with the distance from 2",
        "The ratio",
        "From ratio 1 to 4 the gap grows with the distance from 2 on both sides "
        "(neighbouring ratios for which it does not)",
        "neighbours whose gap does not grow away from 2",
        exactly(0, "A count is exact. Beyond a factor of two a rate may be one that overshoots."),
        Source("the law behind it: the two columns have opposite gradients"),
        "neighbours whose gap to twice the rate does not grow away from 2",
        "the gap to a softmax arm that learns at twice the rate",
    ),
    _stable(
        "4",
        "Sigmoid is stable up to twice softmax's rate",
        f"The sigmoid's largest stable rate is twice the softmax's ({WHERE}; their ratio, in twos)",
        "stable rates, sigmoid over softmax, in twos",
    ),
    *(
        _stable(
            f"5{letter}",
            f"{head.capitalize()} is stable up to 2 / λmax",
            f"The {head} head's largest stable rate is 2 / λmax ({WHERE}; their quotient)",
            f"stable rate over 2 / λmax, {head}",
        )
        for letter, head in (("a", "softmax"), ("b", "sigmoid"))
    ),
)
