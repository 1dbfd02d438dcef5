"""What the articles say of losses, put right where it is not so."""

from twinhead.results.claim import Claim, Rule, Source, at_least, at_most, exactly, within
from twinhead.results.published import claim as printed

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


def _claim(
    id: str, name: str, sentence: str, number: str, rule: Rule, source: Source, told: str
) -> Claim:
    """Return a claim whose control is measured beside its number, under its name and "control"."""
    control = f"{number}, control"
    return Claim(id, name, GROUPS[id[0]], sentence, number, rule, source, control, told)


def _identity(
    id: str, name: str, sentence: str, number: str, rule: Rule, source: Source, why: str
) -> Claim:
    return Claim(id, name, GROUPS[id[0]], sentence, number, rule, source, identity=why)


CLAIMS = (
    *(
        _claim(
            f"1{letter}",
            f"{loss} finds the {short}",
            f"The best constant by {loss} is the {centre} (relative deviation, outliers or not)",
            f"constant of {loss}",
            SEARCHED,
            Source("004", "regression losses"),
            f"the constant of {other}",
        )
        for letter, loss, short, centre, other in (
            ("a", "MSE", "mean", "mean", "MAE"),
            ("b", "MSLE", "geometric mean", "geometric mean of 1 + y, less 1", "MSE"),
            ("c", "MAE", "median", "median", "MSE"),
            ("d", "Huber", "balance", "point that balances the residuals cut at δ", "MSE"),
        )
    ),
    *(
        Claim(
            f"1{letter}",
            f"Outliers move {loss} less than MSE",
            GROUPS["1"],
            f"Outliers move the constant of {loss} at most {most:g} times as far as that of MSE",
            f"shift of {loss}, in shifts of MSE",
            at_most(most, why),
            Source("004", "regression losses"),
            f"shift of {other}, in shifts of MSE",
            told,
        )
        for letter, loss, most, why, other, told in (
            (
                *("e", "MAE", 0.1, "The article says more robust and gives no bound: a tenth."),
                *("MSLE", "MSLE, which they move less than MSE but not so little"),
            ),
            (
                *("f", "MSLE", 0.5, "It gives no bound here either: half."),
                *("Poisson", "the Poisson loss, which takes a logarithm of the prediction too"),
            ),
        )
    ),
    _claim(
        "1g",
        "MSLE takes both logs",
        "MSLE takes the log of target and prediction, so a perfect prediction costs 0; article 004 "
        "takes the log of the prediction alone",
        "MSLE of a perfect prediction",
        EXACT,
        Source("004", "MSLE"),
        "the log of the prediction alone",
    ),
    _claim(
        "1h",
        "MSE is no variance",
        "MSE holds a target against a prediction (the example, deviation from scikit-learn's); "
        "what article 004 also calls so is a variance",
        "MSE of the example",
        ROUNDING,
        Source("004", "MSE"),
        "the target's variance",
    ),
    _claim(
        "1i",
        "Huber's slope does not jump",
        "Huber's slope does not jump where it turns linear: it is half the square, then |d| − 1/2; "
        "article 004 has the square, then |d|",
        "Huber's jump",
        BESIDE,
        Source("004", "SmoothL1"),
        "the square, then |d|",
    ),
    _identity(
        "1j",
        "A sum's gradient is m times a mean's",
        "The gradient of the sum of m losses is m times that of their mean (in m); article 002 "
        "says sum and computes the mean",
        "sum over mean",
        within(ROUNDING.tolerance, ROUNDING.reason, of=1),
        Source("002", "cost"),
        "A sum is m times a mean, and so is its derivative.",
    ),
    _claim(
        "1k",
        "The smallest training loss is not robust",
        "The smallest training loss is not the most robust model (its test loss over the smallest, "
        "polynomials of degree 1 to {degrees:g}); article 004 says the smaller, the more robust",
        "smallest training loss, test loss",
        at_least(1.2, "A fifth is more than 200 test points leave to chance."),
        Source("004", "what a loss is"),
        "the degree whose loss on 200 other points is smallest",
    ),
    _claim(
        "1l",
        "A loss of one's own is MSE",
        "The mean of squares that article 004 writes as a loss of its own is MSE (the example, "
        "deviation from Keras's)",
        "own loss to MSE",
        ROUNDING,
        Source("004", "custom loss"),
        "the sum of squares, its L2 loss",
    ),
    _claim(
        "1m",
        "MSE is Gaussian likelihood",
        "Half the MSE is the negative log-likelihood of Gaussian noise, but for a constant (spread "
        "of their difference over predictions)",
        "MSE to Gaussian",
        ROUNDING,
        Source("004", "MSE"),
        "Laplacian noise",
    ),
    _claim(
        "2a",
        "Hinge is 0 from ys = 1 on",
        "The hinge loss is 0 from ys = 1 on (largest there); article 004 says for ys > 0",
        "hinge beyond 1",
        EXACT,
        Source("004", "hinge"),
        "the largest for ys > 0",
    ),
    _claim(
        "2b",
        "No support vector lies beyond the margin",
        "No support vector has ys > 1 (their number, SVM on breast cancer); article 004 says none "
        "has ys > 0",
        "support vectors beyond 1",
        exactly(0, "A count; 0.001 beyond the margin, which the solver meets to 1e-6."),
        Source("004", "hinge"),
        "support vectors with ys > 0",
    ),
    _claim(
        "2c",
        "A score is any real number",
        "A score is any real number (share of an SVM's that lie outside [−1, 1]); article 004 "
        "confines it to that",
        "scores outside",
        at_least(0.5, "Half would be enough to tell."),
        Source("004", "hinge"),
        "the same machine at C = 1e-4, whose scores are small",
    ),
    _claim(
        "2d",
        "Exponential is not the steepest everywhere",
        "The exponential loss is not the steepest everywhere: at ys = 0.5 hinge is (quotient of "
        "slopes); article 004 calls its gradient larger than the others'",
        "exponential over hinge, slope",
        at_most(1, "Exact."),
        Source("004", "exponential loss"),
        "the same at ys = −5, where it is",
    ),
    _claim(
        "2e",
        "Exponential is not the largest everywhere",
        "Nor is it the largest: at ys = −2 squared hinge is (quotient of losses); from −2.51 down "
        "it is",
        "exponential over squared hinge",
        at_most(1, "Exact."),
        Source("004", "exponential loss"),
        "the same at ys = −5",
    ),
    _claim(
        "2f",
        "Squared hinge grows with the square",
        "Squared hinge grows with the square of an outlier's distance (exponent); article 004 "
        "says all but the exponential loss tolerate outliers",
        "growth",
        within(0.01, "Between ys = −1000 and −2000, where the 1 of 1 − ys hardly counts.", of=2),
        Source("004", "comparison"),
        "the logistic loss",
    ),
    _claim(
        "2g",
        "Squared hinge is smooth at the margin",
        "Squared hinge is smooth at ys = 1 (jump of its slope)",
        "jump at the margin",
        BESIDE,
        Source("004", "squared hinge"),
        "hinge",
    ),
    _claim(
        "2h",
        "The softmax loss is linear far out",
        "The softmax loss is linear for s ≪ 0 (slope at s = −20, two other logits 0)",
        "softmax slope",
        within(1e-6, "What is left of the exponential there is 1e-9.", of=-1),
        Source("004", "softmax loss"),
        "at s = 20",
    ),
    _claim(
        "3a",
        "Sparse and categorical are one",
        "Sparse cross-entropy on integers and categorical on one-hot labels are one, gradients too "
        "(largest deviation); so one-hot makes no loss fluctuate, as article 004 fears",
        "sparse",
        ROUNDING,
        Source("004", "multi-class losses"),
        "labels moved by one",
    ),
    _claim(
        "3b",
        "Binary is the categorical of two",
        "Binary cross-entropy of p is the categorical one of (1 − p, p) (largest deviation)",
        "binary",
        CLIPPED,
        Source("004", "binary cross-entropy"),
        "the columns of the label swapped",
    ),
    _claim(
        "3c",
        "The NLL picks from log-softmax",
        "The negative log-likelihood picks from log-softmax, and so is the cross-entropy (largest "
        "deviation); article 004 lets it take the log of softmax itself",
        "NLL",
        ROUNDING,
        Source("004", "NLL"),
        "picked from softmax",
    ),
    _claim(
        "3d",
        "Mean and unreduced agree on the same draw",
        "Mean and unreduced cross-entropy agree on the same logits and labels (deviation of the "
        "means); article 004 calls two blocks the same that draw different ones",
        "blocks",
        ROUNDING,
        Source("004", "NLL"),
        "a draw of another shape",
    ),
    _claim(
        "3e",
        "The logistic loss is binary cross-entropy",
        "The logistic loss log(1 + e^−ys) is the binary cross-entropy of sigmoid(s) (deviation)",
        "logistic",
        ROUNDING,
        Source("004", "logistic loss"),
        "binary cross-entropy given the labels −1 and 1",
    ),
    _claim(
        "4a",
        "Cross-entropy is divergence plus entropy",
        "Cross-entropy is divergence plus entropy (largest deviation, soft labels)",
        "CE - KL - H",
        CLIPPED,
        Source("004", "KL"),
        "the divergence alone: the “difference” that article 004 calls cross-entropy",
    ),
    _claim(
        "4b",
        "A soft label costs its entropy",
        "A perfect prediction of a soft label costs its entropy (deviation, label "
        "{soft label:g}); articles 003 and 004 speak of a distance, and of 0",
        "lowest for a soft label",
        SEARCHED,
        Source("004", "cross-entropy"),
        "a hard label",
    ),
    _claim(
        "4c",
        "The divergence is in nats",
        "Keras's divergence is in nats (deviation from SciPy's); article 004 says bits",
        "nats",
        CLIPPED,
        Source("004", "KL"),
        "SciPy's in bits",
    ),
    _claim(
        "4d",
        "The divergence is not symmetric",
        "The divergence is not symmetric, so no distance (nats, [.5, .5] and [.9, .1] exchanged)",
        "asymmetry",
        at_least(0.1, "A tenth of a nat is no rounding."),
        Source("004", "KL"),
        "[.9, .1] and [.1, .9] exchanged, which are each other's mirror image",
    ),
    _claim(
        "4e",
        "The log loss's minus belongs to both terms",
        "The minus of the log loss belongs to both terms (deviation from scikit-learn's); article "
        "004 prints a formula without the brackets",
        "brackets",
        CLIPPED,
        Source("004", "log loss"),
        "the formula as printed",
    ),
    _identity(
        "4f",
        "The log loss depends on the prediction",
        "The log loss depends on the prediction (p = 0.1 and 0.9 for label 1 apart, nats); article "
        "004 prints y where p belongs",
        "spread over predictions",
        at_least(1, "One nat is no rounding."),
        Source("004", "log loss"),
        "The formula as printed has no p in it, and can have no spread.",
    ),
    _claim(
        "4g",
        "Cross-entropy and divergence train alike",
        "Cross-entropy and divergence have one gradient with respect to the logits (largest "
        "deviation, soft labels)",
        "slopes of CE and KL",
        CLIPPED,
        Source("004", "KL"),
        "the divergence the other way round",
    ),
    _claim(
        "4h",
        "A confident error costs 4.42",
        "Saying 0.012 of what is true costs −ln 0.012 = 4.42 nats (the loss)",
        "price of 0.012",
        within(5e-3, "Half of the last digit.", of=4.42),
        Source("004", "log loss"),
        "the same said of what is not true",
    ),
    _claim(
        "5a",
        "A class weight k is k copies",
        "A class weight k is k copies of each row (deviation of the summed loss)",
        "weighted sum",
        within(1e-10, "Sums of a hundred float64 numbers."),
        Source("004", "weights"),
        "no weights",
    ),
    _claim(
        "5b",
        "A mean over weights is a mean over copies",
        "So it is for a mean that divides by the sum of the weights, as PyTorch's (deviation)",
        "weighted mean",
        ROUNDING,
        Source("004", "weights"),
        "divided by the number of rows, as Keras does unless told otherwise",
    ),
    _claim(
        "5c",
        "Class weights learn what copies do",
        "And the same is learnt (deviation of coefficients, logistic regression on two features of "
        "breast cancer, weight 3)",
        "weighted fit",
        within(SEARCHED.tolerance, "Newton's method, until the gradient is below 1e-10."),
        Source("004", "weights"),
        "no weights",
    ),
    printed("6", "004"),
)
