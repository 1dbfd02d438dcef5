"""What the articles say of derivatives, and what follows for the losses that are trained on."""

from twinhead.results.claim import Claim, Source, at_most, exactly, rounding, within
from twinhead.results.published import claim

SOFTMAX, ENTROPY, SIGMOID, LOSSES = "Softmax", "Cross-entropy", "Sigmoid", "Other losses"

TWO_ARTICLES = Source("001", "section 2, and article 003, section 2")
PUSH_PULL = Source("003", "section 3")
SQUASHED = Source("001", "section 1")
WHY_NOT = Source("002", "Sigmoid")

ROUNDING = rounding(16)
# The differences halve their step until they agree with themselves.
BY_DIFFERENCES = within(
    1e-12,
    "The last step is above a thousandth, and a rounding of 1e-16 is divided by it; what order 8 "
    "leaves out is less.",
    derived=True,
)

CLAIMS = (
    claim("1a", "001"),
    claim("1b", "003"),
    Claim(
        "2a",
        "Softmax's Jacobian is diag(y) − y yᵀ",
        SOFTMAX,
        "Softmax's Jacobian is diag(y) − y yᵀ (largest deviation of TensorFlow's)",
        "Jacobian, automatic to formula",
        ROUNDING,
        TWO_ARTICLES,
        "Jacobian, automatic to diagonal",
        "the first case alone, zeros beside the diagonal",
    ),
    Claim(
        "2b",
        "Softmax's Jacobian, by differences",
        SOFTMAX,
        "The same by differences (largest deviation from TensorFlow's)",
        "Jacobian, automatic to differences",
        BY_DIFFERENCES,
        TWO_ARTICLES,
        "Jacobian, automatic to diagonal",
        "the first case alone, zeros beside the diagonal",
    ),
    Claim(
        "2c",
        "What one class wins all others lose together",
        SOFTMAX,
        "What one class wins all the others lose together: softmax([1, 2, 3]), class 2 "
        "(their loss, in its gain); article 004 says that the other loses an equal amount",
        "lost by all others, in what class 2 wins",
        rounding(16, of=1),
        Source("004", "sigmoid or softmax"),
        "lost by class 1 alone, in what class 2 wins",
        "class 1 alone loses it",
    ),
    Claim(
        "2d",
        "One-hot argmax has a slope, and it is 0",
        SOFTMAX,
        "One-hot argmax has a derivative wherever the maximum is unique, and it is 0: "
        "nothing to learn from (largest slope at [4, -4, 3]); article 001 says it has none",
        "largest slope, one-hot argmax",
        exactly(0, "The vector does not change at all."),
        Source("001", "section 2"),
        "largest slope, softmax",
        "softmax, its smooth form",
    ),
    *(
        Claim(
            id,
            f"The gradient is p − y, {kind}",
            ENTROPY,
            f"Cross-entropy's gradient is p − y for {kind} (largest deviation){beside}",
            f"gradient to p - y, {kind}",
            ROUNDING,
            PUSH_PULL,
            "gradient to p - y, two labels a row",
            "two labels a row, which add up to 2",
        )
        for id, kind, beside in (
            ("3a", "one-hot labels", ""),
            (
                "3b",
                "soft labels",
                "; article 003 derives it from one-hot ones, but labels that add up to 1 will do",
            ),
        )
    ),
    Claim(
        "3c",
        "The gradient by differences, one-hot labels",
        ENTROPY,
        "The same by differences, one-hot labels (largest deviation from TensorFlow's)",
        "gradient to differences",
        BY_DIFFERENCES,
        PUSH_PULL,
        "gradient to p - y, two labels a row",
        "two labels a row, by formula",
    ),
    Claim(
        "3d",
        "All the pushes together are the pull",
        ENTROPY,
        "All the pushes together are the pull: the gradient adds up to 0 (sum farthest from it)",
        "sum of the gradient",
        ROUNDING,
        PUSH_PULL,
        "sum of p",
        "the pushes alone, p",
    ),
    Claim(
        "3e",
        "A step updates weights, not logits",
        ENTROPY,
        "A step updates weights, not logits: one SGD step on a dense layer moves its "
        "logits by rate · (|x|² + 1) · (y − p) (rate {rate:g}; the factor); article 003's "
        "z − p + y is a step of rate 1 on the logits themselves",
        "step of the logits, in y - p",
        within(1e-7, "Keras keeps the rate in float32.", of="rate times (|x|^2 + 1)"),
        PUSH_PULL,
        "step of the logits by Adam, in y - p",
        "a step of Adam, whose length is no multiple of y − p",
    ),
    Claim(
        "4a",
        "The sigmoid's derivative is s · (1 − s)",
        SIGMOID,
        "The sigmoid's derivative is s · (1 − s) (largest deviation of TensorFlow's on [−8, 8])",
        "sigmoid's slope, automatic to formula",
        ROUNDING,
        SQUASHED,
        "sigmoid's slope, automatic to s (1 + s)",
        "s · (1 + s), the sign lost",
    ),
    Claim(
        "4b",
        "The sigmoid's derivative, by differences",
        SIGMOID,
        "The same by differences (largest deviation from TensorFlow's)",
        "sigmoid's slope, automatic to differences",
        BY_DIFFERENCES,
        SQUASHED,
        "sigmoid's slope, automatic to s (1 + s)",
        "s · (1 + s), the sign lost",
    ),
    Claim(
        "4c",
        "The sigmoid's derivative reaches 0.25, at 0",
        SIGMOID,
        "The sigmoid's derivative reaches 0.25, at 0; article 001 gives the open range (0, 0.25)",
        "sigmoid's largest slope",
        exactly(0.25, "0.5 · 0.5 is exact."),
        SQUASHED,
        "sigmoid's largest slope, 0 left out",
        "0 left out",
    ),
    Claim(
        "4d",
        "Behind each sigmoid 1/4 of the gradient, at best",
        SIGMOID,
        "Through {depth:g} sigmoids in a row a gradient keeps 1/4 of itself "
        "at each, at best, if weights do not make up for it (slope, in powers of 1/4)",
        "quarters through the sigmoids, weight 1",
        rounding(16, size=10, of="depth"),
        SQUASHED,
        "quarters through the sigmoids, weight 8",
        "weights of 8, which make up for it",
    ),
    Claim(
        "4e",
        "The sigmoid is smooth, not just continuous",
        SIGMOID,
        "The sigmoid can be differentiated because it is smooth (jump of its slope at "
        "0); article 001 says because it is continuous",
        "jump of the slope at 0, sigmoid",
        rounding(4),
        SQUASHED,
        "jump of the slope at 0, relu",
        "ReLU, which is continuous too",
    ),
    Claim(
        "4g",
        "Behind a sigmoid all weights go one way",
        SIGMOID,
        "The sigmoid's outputs are all above 0, so a sample moves all weights of a unit of the "
        "next layer in one direction (share of samples); a batch need not",
        "samples that move all weights one way, sigmoid",
        exactly(1),
        SQUASHED,
        "samples that move all weights one way, tanh",
        "tanh, whose mean is 0",
    ),
    Claim(
        "4h",
        "A bounded output bounds the steps",
        SIGMOID,
        "An output in (0, 1) bounds the steps of gradient descent, however wrong the start and "
        "however large the rate: by the rate times the mean length of x (longest step in that); "
        "article 001 says stable, which a bound on steps is not: claim 5b of lr_ratio",
        "longest step in its bound, sigmoid output",
        at_most(1, "Of a row's gradient, (p − y) x, the first factor is at most 1.", derived=True),
        SQUASHED,
        "longest step in its bound, linear output",
        "a linear output with squared error, the same rows, start and rate",
    ),
    Claim(
        "4f",
        "The exponential is its own derivative",
        SOFTMAX,
        "The exponential is its own derivative (largest relative deviation of TensorFlow's on "
        "[−8, 8])",
        "slope of exp, to exp",
        ROUNDING,
        Source("003", "section 1"),
        "slope of 2^x, to 2^x",
        "2^x, whose derivative has a factor ln 2",
    ),
    Claim(
        "5a",
        "Squared error hardly learns from its worst",
        LOSSES,
        "Why not squared error after a sigmoid, 1: where the answer is most wrong, "
        "z = −10 for label 1, hardly any gradient is left (in cross-entropy's)",
        "squared error's gradient in cross-entropy's, z = -10",
        at_most(1e-4, "The formula is 2 s (1 − s), here 9.1e-5."),
        WHY_NOT,
        "squared error's gradient in cross-entropy's, z = 0",
        "z = 0",
    ),
    Claim(
        "5b",
        "Squared error after a sigmoid is not convex",
        LOSSES,
        "Why not squared error after a sigmoid, 2: it is not convex (smallest second "
        "derivative on [−8, 8])",
        "smallest second derivative, squared error",
        at_most(-0.01, "Clearly below 0; rounding gives 1e-16."),
        WHY_NOT,
        "smallest second derivative, cross-entropy",
        "cross-entropy",
    ),
    Claim(
        "5c",
        "Mean absolute error has a simple gradient",
        LOSSES,
        "The gradient of the mean absolute error is sign(error) / n (largest deviation); "
        "article 004 says that it takes linear programming",
        "gradient to sign(error) / n, absolute error",
        ROUNDING,
        Source("004", "losses, MAE"),
        "gradient to sign(error) / n, squared error",
        "the squared error's, 2 · error / n",
    ),
)
