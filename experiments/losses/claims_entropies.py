"""Cross-entropy under its many names, entropy and divergence, class weights."""

from twinhead.experiments.losses.claims_rules import CLIPPED, ROUNDING, SEARCHED, claim, identity
from twinhead.results.claim import Source, at_least, within
from twinhead.results.published import claim as printed

ENTROPIES = (
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
        CLIPPED,
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
        "4a",
        "Cross-entropy is divergence plus entropy",
        "Cross-entropy is divergence plus entropy (largest deviation, soft labels)",
        "CE - KL - H",
        CLIPPED,
        Source("004", "KL"),
        "the divergence alone: the “difference” that article 004 calls cross-entropy",
    ),
    claim(
        "4b",
        "A soft label costs its entropy",
        "A perfect prediction of a soft label costs its entropy (deviation, label "
        "{soft label:g}); articles 003 and 004 speak of a distance, and of 0",
        "lowest for a soft label",
        SEARCHED,
        Source("004", "cross-entropy"),
        "a hard label",
    ),
    claim(
        "4c",
        "The divergence is in nats",
        "Keras's divergence is in nats (deviation from SciPy's); article 004 says bits",
        "nats",
        CLIPPED,
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
        "[.9, .1] and [.1, .9] exchanged, which are each other's mirror image",
    ),
    claim(
        "4e",
        "The log loss's minus belongs to both terms",
        "The minus of the log loss belongs to both terms (deviation from scikit-learn's); article "
        "004 prints a formula without the brackets",
        "brackets",
        CLIPPED,
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
        CLIPPED,
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
        within(1e-10, "Sums of a hundred float64 numbers."),
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
        within(SEARCHED.tolerance, "Newton's method, until the gradient is below 1e-10."),
        Source("004", "weights"),
        "no weights",
    ),
    printed("6", "004"),
)
