"""What the articles say of losses, put right where it is not so."""

from twinhead.experiments.losses.claims_regression import (
    BESIDE,
    EXACT,
    GROUPS,
    REGRESSION,
    ROUNDING,
    claim,
    identity,
)
from twinhead.results.claim import Claim, Source, at_least, at_most, exactly, rounding, within
from twinhead.results.published import claim as printed

TWO_KINDS = {
    "clouds": "two normal clouds",
    "wrong labels": "two groups with a gap between, a fifth of whose labels are wrong",
}

CLAIMS = (
    *REGRESSION,
    claim(
        "2a",
        "Hinge is 0 from ys = 1 on",
        "The hinge loss is 0 from ys = 1 on (largest there); article 004 says for ys > 0",
        "hinge beyond 1",
        EXACT,
        Source("004", "hinge"),
        "the largest for ys > 0",
    ),
    claim(
        "2b",
        "No support vector lies beyond the margin",
        "No support vector has ys > 1 (their number, SVM on breast cancer); article 004 says none "
        "has ys > 0",
        "support vectors beyond 1",
        exactly(0, "A count; 0.001 beyond the margin, which the solver meets to 1e-6."),
        Source("004", "hinge"),
        "support vectors with ys > 0",
    ),
    claim(
        "2c",
        "A score is any real number",
        "A score is any real number (share of an SVM's that lie outside [−1, 1]); article 004 "
        "confines it to that",
        "scores outside",
        at_least(0.5, "Half would be enough to tell."),
        Source("004", "hinge"),
        "the same machine at C = 1e-4, whose scores are small",
    ),
    claim(
        "2d",
        "Exponential is not the steepest everywhere",
        "The exponential loss is not the steepest everywhere: at ys = 0.5 hinge is (quotient of "
        "slopes); article 004 calls its gradient larger than the others'",
        "exponential over hinge, slope",
        at_most(1, "Exact."),
        Source("004", "exponential loss"),
        "the same at ys = −5, where it is",
    ),
    claim(
        "2e",
        "Exponential is not the largest everywhere",
        "Nor is it the largest: at ys = −2 squared hinge is (quotient of losses); from −2.51 down "
        "it is",
        "exponential over squared hinge",
        at_most(1, "Exact."),
        Source("004", "exponential loss"),
        "the same at ys = −5",
    ),
    claim(
        "2f",
        "Squared hinge grows with the square",
        "Squared hinge grows with the square of an outlier's distance (exponent); article 004 "
        "says all but the exponential loss tolerate outliers",
        "growth",
        within(0.01, "Between ys = −1000 and −2000, where the 1 of 1 − ys hardly counts.", of=2),
        Source("004", "comparison"),
        "the logistic loss",
    ),
    claim(
        "2g",
        "Squared hinge is smooth at the margin",
        "Squared hinge is smooth at ys = 1 (jump of its slope)",
        "jump at the margin",
        BESIDE,
        Source("004", "squared hinge"),
        "hinge",
    ),
    claim(
        "2h",
        "The softmax loss is linear far out",
        "The softmax loss is linear for s ≪ 0 (slope at s = −20, two other logits 0)",
        "softmax slope",
        within(1e-8, "What is left of the exponential there is 1e-9.", of=-1),
        Source("004", "softmax loss"),
        "at s = 20",
    ),
    claim(
        "2i",
        "Exponential loss spoils normal points",
        "One outlier among 400 points spoils normal points if the exponential loss is trained on "
        "(how many of them turn out wrong, in what do without it)",
        "normal points that one outlier spoils",
        at_least(1.2, "Twenty seeds gave 1.32 to 1.58; 99 % of further ones lie above this, by t."),
        Source("004", "exponential loss"),
        "the logistic loss, with the same outlier",
    ),
    *(
        Claim(
            id,
            f"{short} learns better {where}",
            GROUPS["2"],
            "Hinge is now better and now worse than cross-entropy: "
            f"{short.lower()} learns a line better from {data} (lead in the share of new rows "
            "that are right, lower end of its 95 % interval, both regularised with C = 0.1)",
            f"lead of {short.lower()}, {kind}",
            at_least(1e-9, "The interval lies above 0.", derived=True),
            Source("004", "hinge"),
            f"lead of {short.lower()}, {other}",
            f"{TWO_KINDS[other]}, where it does not lead",
        )
        for id, short, where, kind, other in (
            ("2j", "Hinge", "from wrong labels", "wrong labels", "clouds"),
            ("2k", "Cross-entropy", "from normal clouds", "clouds", "wrong labels"),
        )
        for data in (TWO_KINDS[kind],)
    ),
    claim(
        "3a",
        "Sparse and categorical are one",
        "Sparse cross-entropy on integers and categorical on one-hot labels are one, gradients too "
        "(largest deviation); so one-hot makes no loss fluctuate, as article 004 fears",
        "sparse",
        ROUNDING,
        Source("004", "multi-class losses"),
        "labels moved by one",
    ),
    claim(
        "3b",
        "Binary is the categorical of two",
        "Binary cross-entropy of p is the categorical one of (1 − p, p) (largest deviation)",
        "binary",
        ROUNDING,
        Source("004", "binary cross-entropy"),
        "the columns of the label swapped",
    ),
    claim(
        "3c",
        "The NLL picks from log-softmax",
        "The negative log-likelihood picks from log-softmax, and so is the cross-entropy (largest "
        "deviation); article 004 lets it take the log of softmax itself",
        "NLL",
        ROUNDING,
        Source("004", "NLL"),
        "picked from softmax",
    ),
    claim(
        "3d",
        "Mean and unreduced agree on the same draw",
        "Mean and unreduced cross-entropy agree on the same logits and labels (deviation of the "
        "means); article 004 calls two blocks the same that draw different ones",
        "blocks",
        ROUNDING,
        Source("004", "NLL"),
        "a draw of another shape",
    ),
    claim(
        "3e",
        "The logistic loss is binary cross-entropy",
        "The logistic loss log(1 + e^−ys) is the binary cross-entropy of sigmoid(s) (deviation)",
        "logistic",
        ROUNDING,
        Source("004", "logistic loss"),
        "binary cross-entropy given the labels −1 and 1",
    ),
    claim(
        "3f",
        "A logarithm keeps the order",
        "A logarithm keeps the order of the probabilities, so the largest stays the largest (share "
        "of rows whose five classes keep theirs)",
        "order kept",
        exactly(1),
        Source("003", "section 2"),
        "p log p, the term of an entropy",
    ),
    claim(
        "4a",
        "Cross-entropy is divergence plus entropy",
        "Cross-entropy is divergence plus entropy (largest deviation, soft labels)",
        "CE - KL - H",
        ROUNDING,
        Source("004", "KL"),
        "the divergence alone: the “difference” that article 004 calls cross-entropy",
    ),
    claim(
        "4b",
        "A soft label costs its entropy",
        "A perfect prediction of a soft label costs its entropy (deviation, label "
        "{soft label:g}); articles 003 and 004 speak of a distance, and of 0",
        "lowest for a soft label",
        within(
            1e-12,
            "Where a flat minimum is missed by 1e-7, its value is off by the square of that.",
            derived=True,
        ),
        Source("004", "cross-entropy"),
        "a hard label",
    ),
    claim(
        "4c",
        "The divergence is in nats",
        "Keras's divergence is in nats (deviation from SciPy's); article 004 says bits",
        "nats",
        ROUNDING,
        Source("004", "KL"),
        "SciPy's in bits",
    ),
    claim(
        "4d",
        "The divergence is not symmetric",
        "The divergence is not symmetric, so no distance (nats, [.5, .5] and [.9, .1] exchanged)",
        "asymmetry",
        at_least(0.1, "A tenth of a nat is no rounding."),
        Source("004", "KL"),
        "[.5, .5] and [.6, .4] exchanged, which are near each other",
    ),
    claim(
        "4e",
        "The log loss's minus belongs to both terms",
        "The minus of the log loss belongs to both terms (deviation from scikit-learn's); article "
        "004 prints a formula without the brackets",
        "brackets",
        ROUNDING,
        Source("004", "log loss"),
        "the formula as printed",
    ),
    identity(
        "4f",
        "The log loss depends on the prediction",
        "The log loss depends on the prediction (p = 0.1 and 0.9 for label 1 apart, nats); article "
        "004 prints y where p belongs",
        "spread over predictions",
        at_least(1, "One nat is no rounding."),
        Source("004", "log loss"),
        "The formula as printed has no p in it, and can have no spread.",
    ),
    claim(
        "4g",
        "Cross-entropy and divergence train alike",
        "Cross-entropy and divergence have one gradient with respect to the logits (largest "
        "deviation, soft labels)",
        "slopes of CE and KL",
        ROUNDING,
        Source("004", "KL"),
        "the divergence the other way round",
    ),
    claim(
        "4h",
        "A confident error costs 4.42",
        "Saying 0.012 of what is true costs −ln 0.012 = 4.42 nats (the loss)",
        "price of 0.012",
        within(5e-3, "Half of the last digit.", of=4.42),
        Source("004", "log loss"),
        "the same said of what is not true",
    ),
    claim(
        "5a",
        "A class weight k is k copies",
        "A class weight k is k copies of each row (deviation of the summed loss)",
        "weighted sum",
        rounding(200, size=300),
        Source("004", "weights"),
        "no weights",
    ),
    claim(
        "5b",
        "A mean over weights is a mean over copies",
        "So it is for a mean that divides by the sum of the weights, as PyTorch's (deviation)",
        "weighted mean",
        ROUNDING,
        Source("004", "weights"),
        "divided by the number of rows, as Keras does unless told otherwise",
    ),
    claim(
        "5c",
        "Class weights learn what copies do",
        "And the same is learnt (deviation of coefficients, logistic regression on two features of "
        "breast cancer, weight 3)",
        "weighted fit",
        within(
            1e-8,
            "Newton's method, until the gradient is below 1e-10; the loss bends by more than 0.01.",
            derived=True,
        ),
        Source("004", "weights"),
        "no weights",
    ),
    claim(
        "5d",
        "Weights find more of a rare class",
        "Weighing the rarer of two classes by how rare it is, one in twenty, finds more of it "
        "(rise of the share that is found, logistic regression on two clouds)",
        "rare class found by weights",
        at_least(
            0.58, "Twenty seeds gave 0.60 to 0.74; 99 % of further ones lie above this, by t."
        ),
        Source("004", "weights"),
        "rise of the share of all rows that is right: it falls",
    ),
    printed("6", "004"),
)
