"""What the articles say of losses, put right where it is not so."""

from twinhead.experiments.losses.claims_entropies import ENTROPIES
from twinhead.experiments.losses.claims_rules import (
    BESIDE,
    EXACT,
    GROUPS,
    ROUNDING,
    SEARCHED,
    claim,
    identity,
)
from twinhead.results.claim import Claim, Source, at_least, at_most, exactly, within

CLAIMS = (
    *(
        claim(
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
    claim(
        "1g",
        "MSLE takes both logs",
        "MSLE takes the log of target and prediction, so a perfect prediction costs 0; article 004 "
        "takes the log of the prediction alone",
        "MSLE of a perfect prediction",
        EXACT,
        Source("004", "MSLE"),
        "the log of the prediction alone",
    ),
    claim(
        "1h",
        "MSE is no variance",
        "MSE holds a target against a prediction (the example, deviation from scikit-learn's); "
        "what article 004 also calls so is a variance",
        "MSE of the example",
        ROUNDING,
        Source("004", "MSE"),
        "the target's variance",
    ),
    claim(
        "1i",
        "Huber's slope does not jump",
        "Huber's slope does not jump where it turns linear: it is half the square, then |d| − 1/2; "
        "article 004 has the square, then |d|",
        "Huber's jump",
        BESIDE,
        Source("004", "SmoothL1"),
        "the square, then |d|",
    ),
    identity(
        "1j",
        "A sum's gradient is m times a mean's",
        "The gradient of the sum of m losses is m times that of their mean (in m); article 002 "
        "says sum and computes the mean",
        "sum over mean",
        within(ROUNDING.tolerance, ROUNDING.reason, of=1),
        Source("002", "cost"),
        "A sum is m times a mean, and so is its derivative.",
    ),
    claim(
        "1k",
        "The smallest training loss is not robust",
        "The smallest training loss is not the most robust model (its test loss over the smallest, "
        "polynomials of degree 1 to {degrees:g}); article 004 says the smaller, the more robust",
        "smallest training loss, test loss",
        at_least(1.2, "A fifth is more than 200 test points leave to chance."),
        Source("004", "what a loss is"),
        "the degree whose loss on 200 other points is smallest",
    ),
    claim(
        "1l",
        "A loss of one's own is MSE",
        "The mean of squares that article 004 writes as a loss of its own is MSE (the example, "
        "deviation from Keras's)",
        "own loss to MSE",
        ROUNDING,
        Source("004", "custom loss"),
        "the sum of squares, its L2 loss",
    ),
    claim(
        "1m",
        "MSE is Gaussian likelihood",
        "Half the MSE is the negative log-likelihood of Gaussian noise, but for a constant (spread "
        "of their difference over predictions)",
        "MSE to Gaussian",
        ROUNDING,
        Source("004", "MSE"),
        "Laplacian noise",
    ),
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
        within(1e-6, "What is left of the exponential there is 1e-9.", of=-1),
        Source("004", "softmax loss"),
        "at s = 20",
    ),
    *ENTROPIES,
)
