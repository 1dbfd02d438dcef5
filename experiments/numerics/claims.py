"""What the articles say of softmax and cross-entropy, and what they leave out."""

from twinhead.results.claim import Claim, Source, at_least, at_most, exactly, rounding, within
from twinhead.results.published import claim

OVERFLOW, LIMIT, SHAPES = "Overflow", "What softmax tends to", "Shapes and sums"
FROM_LOGITS, LIBRARIES, TWO_CLASSES = "From logits", "Three libraries", "Two classes"

FORMULA = Source("003", "section 1")
SOFTMAX, SIGMOID = Source("002", "Softmax"), Source("002", "Sigmoid")

PROBABILITY = within(1e-15, "Four float64 eps of a probability.", derived=True)

CLAIMS = (
    claim("1a", "001"),
    claim("1b", "002"),
    claim("1c", "003"),
    *(
        Claim(
            id,
            f"Overflow begins at ln(largest {precision})",
            OVERFLOW,
            f"Softmax written out overflows from ln(largest {precision}) on: "
            "the largest logit with a finite exponential",
            f"largest logit with a finite exponential, {precision}",
            within(
                1e-5,
                "Float32 numbers near 89 are 7.6e-6 apart, and the search stops at 1e-6.",
                of=f"ln of the largest {precision}",
                derived=True,
            ),
            FORMULA,
            f"largest logit with a finite exponential, {other}",
            f"the limit of {other}",
        )
        for id, precision, other in (("2a", "float32", "float64"), ("2b", "float64", "float32"))
    ),
    Claim(
        "2c",
        "Subtracting the maximum mends underflow too",
        OVERFLOW,
        "Subtracting the maximum mends underflow too (lost outputs at [-1000, -1001]); "
        "article 003 speaks of overflow alone",
        "lost outputs at [-1000, -1001], stable",
        exactly(0),
        FORMULA,
        "lost outputs at [-1000, -1001], written out",
        "softmax written out: 0 / 0",
    ),
    Claim(
        "3",
        "At small spreads softmax brings shares together",
        LIMIT,
        "At small spreads softmax brings the shares closer together: it lowers the "
        "largest of [0.2, 0.3, 0.5]; articles 001 and 003 say that exp pulls apart",
        "largest of [0.2, 0.3, 0.5], raised by softmax",
        at_most(0, "Its sign is what is claimed."),
        Source("001", "section 2, and article 003, section 1"),
        "largest of [2, 3, 5], raised by softmax",
        "the article's [2, 3, 5]",
    ),
    Claim(
        "4a",
        "Softmax is the soft form of argmax",
        LIMIT,
        "Softmax is the soft form of argmax: for 100 z it is the one-hot vector of the "
        "maximum, z = [1, 2, 3, 4, 5] (largest deviation); article 003 calls np.max hardmax",
        "softmax(100 z) to one-hot argmax",
        within(1e-43, "The runner-up keeps e^-100, 4e-44."),
        FORMULA,
        "softmax(100 z) to the maximum",
        "the maximum itself, 5",
    ),
    Claim(
        "4b",
        "Log-sum-exp is the soft form of the maximum",
        LIMIT,
        "The soft form of the maximum is log-sum-exp: logsumexp(100 z) / 100 is 5 (deviation)",
        "logsumexp(100 z) / 100 to the maximum",
        rounding(4, size=5),
        FORMULA,
        "softmax(100 z) to the maximum",
        "softmax in its place (its entry that comes nearest)",
    ),
    Claim(
        "5a",
        "Every row of a batch adds up to 1",
        SHAPES,
        "Every row of a batch adds up to 1 (the sum farthest from it); article 001's "
        "function divides by the sum over all entries",
        "row sum of a batch, softmax of rows",
        rounding(16, of=1),
        Source("001", "section 2"),
        "row sum of a batch, softmax of all entries",
        "softmax over all entries of the batch",
    ),
    Claim(
        "5b",
        "Softmax adds up to 1, sigmoid does not",
        SHAPES,
        "Softmax turns a vector into one that adds up to 1, here [2, 1, 0]; article 002 "
        "writes Sigmoid in this sentence",
        "sum of softmax([2, 1, 0])",
        rounding(16, of=1),
        SOFTMAX,
        "sum of sigmoid([2, 1, 0])",
        "sigmoid, as the article writes",
    ),
    Claim(
        "5c",
        "Sigmoid's loss is one for each logit",
        SHAPES,
        "sigmoid_cross_entropy_with_logits returns a loss for each of three logits; "
        "article 002 says the overall cost",
        "losses for three logits",
        exactly(3),
        SIGMOID,
        identity="A count of what the function returns; their mean has to be taken.",
    ),
    Claim(
        "5d",
        "Logits of any rank, distributions as labels",
        SHAPES,
        "softmax_cross_entropy_with_logits takes logits of any rank and labels that are "
        "distributions, shape (2, 3, 4); article 002 says (examples, classes)",
        "losses of shape (2, 3, 4), last axis",
        rounding(16, size=4),
        SOFTMAX,
        "losses of shape (2, 3, 4), first axis",
        "the first axis taken for the classes",
    ),
    Claim(
        "5e",
        "Costs of columns need both transposes",
        SHAPES,
        "Article 002's compute_cost takes (classes, examples) and transposes logits and labels: "
        "the "
        "mean over examples (deviation)",
        "cost of (classes, examples), transposed",
        rounding(16, size=4),
        Source("002", "compute_cost"),
        "cost of (classes, examples), as it is",
        "without the transposes",
    ),
    Claim(
        "6a",
        "On ordinary logits both ways agree",
        FROM_LOGITS,
        "On normal logits, losses from logits and from probabilities are a few float32 "
        "numbers apart (largest distance in ulp)",
        "random logits, apart in ulp",
        within(
            8,
            "The article's two numbers are neighbours; over many draws, sums of ten "
            "rounded terms are some ulp apart.",
        ),
        FORMULA,
        "random logits, softmax twice, apart in ulp",
        "from_logits=True with probabilities: softmax twice",
    ),
    *(
        Claim(
            id,
            f"Keras clips probabilities at 1e-7, {precision}",
            FROM_LOGITS,
            "Keras clips probabilities at 1e-7, so the loss of [0, 200], class 0, is "
            f"−ln 1e-7 ({precision})",
            f"loss at [0, 200] from TensorFlow's softmax, {precision}",
            within(
                2e-6,
                "Float32 keeps the epsilon; its numbers near 16, the loss, are 1.9e-6 apart.",
                of="−ln of Keras's epsilon",
                derived=True,
            ),
            FORMULA,
            f"loss at [0, 200] from logits, {precision}",
            "from logits: 200, which is right",
        )
        for id, precision in (("6b", "float32"), ("6c", "float64"))
    ),
    Claim(
        "6d",
        "Where probabilities are clipped, no gradient",
        FROM_LOGITS,
        "Where probabilities are clipped no gradient is left: all of it is missing (smallest "
        "relative error from logit {clipped from:g} on, wrong class, both heads and precisions)",
        "smallest error of a clipped gradient, from probabilities",
        exactly(1, "A gradient of 0 misses all of it."),
        FORMULA,
        "smallest error of a clipped gradient, from logits",
        "from logits",
    ),
    Claim(
        "6e",
        "From logits, digits stay at any size",
        FROM_LOGITS,
        "From logits, loss and gradient of a wrong class keep their digits at any size "
        "(largest relative error, in eps, both heads and precisions)",
        "largest error in eps, from logits",
        within(
            4,
            "Exp, sum, log and difference: each rounds by half an eps, and the library's "
            "functions by as much again.",
            derived=True,
        ),
        FORMULA,
        "largest error in eps, from probabilities",
        "from probabilities",
    ),
    Claim(
        "6f",
        "Keras's own softmax passes its logits on",
        FROM_LOGITS,
        "Keras's own softmax passes its logits on, and the loss from probabilities uses "
        "them: [0, 200], class 0, float32, costs 200; article 003 takes TensorFlow's softmax",
        "loss at [0, 200] from Keras's softmax, float32",
        exactly(200, "It is the logit itself."),
        FORMULA,
        "loss at [0, 200] from TensorFlow's softmax, float32",
        "TensorFlow's softmax",
    ),
    Claim(
        "6g",
        "Softmax twice is another loss",
        FROM_LOGITS,
        "Softmax twice gives another loss: [4, -4, 3], class 2 (difference to once)",
        "loss of [4, -4, 3], softmax twice to once",
        at_least(0.05, "So much cannot be rounding."),
        FORMULA,
        "loss of [4, -4, 3], from probabilities to once",
        "softmax once, its probabilities given to the loss from probabilities",
    ),
    *(
        Claim(
            id,
            f"Three libraries, one {head} loss, {precision}",
            LIBRARIES,
            f"From logits, TensorFlow, Keras and SciPy give the same {head} cross-entropy "
            f"({precision}; largest distance in eps, relative to losses above 1)",
            f"{head} losses apart in eps, from logits, {precision}",
            within(
                8,
                "Ten exponentials are added, each addition rounds by half an eps; exp, log and "
                "the difference by one.",
                derived=True,
            ),
            source,
            f"{head} losses apart in eps, from probabilities, {precision}",
            "Keras from probabilities",
        )
        for id, head, source, precision in (
            ("7a", "sigmoid", SIGMOID, "float32"),
            ("7b", "sigmoid", SIGMOID, "float64"),
            ("7c", "softmax", SOFTMAX, "float32"),
            ("7d", "softmax", SOFTMAX, "float64"),
        )
    ),
    Claim(
        "8a",
        "softmax(x1, x2) is sigmoid(x1 − x2)",
        TWO_CLASSES,
        "softmax(x1, x2) is sigmoid(x1 − x2) (largest difference); article 001 says "
        "that it is the expression Sigmoid(x1)",
        "softmax(x1, x2) to sigmoid(x1 - x2)",
        PROBABILITY,
        Source("001", "section 3"),
        "softmax(x1, x2) to sigmoid(x1)",
        "sigmoid(x1)",
    ),
    Claim(
        "8b",
        "The probability of class 1 is sigmoid(z1 − z0)",
        TWO_CLASSES,
        "With logits (z0, z1), the probability of class 1 is sigmoid(z1 − z0) (largest "
        "difference); article 001 counts from 1 and writes down the first class's",
        "P(class 1) to sigmoid(z1 - z0)",
        PROBABILITY,
        Source("001", "section 3"),
        "P(class 1) to sigmoid(z0 - z1)",
        "sigmoid(z0 − z1)",
    ),
    Claim(
        "8c",
        "softmax(x, −x) is sigmoid(2x)",
        TWO_CLASSES,
        "softmax(x, −x) is sigmoid(2x) (largest difference); said elsewhere: sigmoid(x)",
        "softmax(x, -x) to sigmoid(2 x)",
        PROBABILITY,
        Source("bi-tempered-loss-pytorch, issue 1", "the question"),
        "softmax(x, -x) to sigmoid(x)",
        "sigmoid(x)",
    ),
    Claim(
        "8d",
        "A temperature divides the difference",
        TWO_CLASSES,
        "A temperature that softmax learnt goes to a sigmoid with the difference of the logits: "
        "softmax(z / T) is sigmoid((x1 − x2) / T) (largest difference); said elsewhere, of two "
        "logits: sigmoid(logits / T)",
        "softmax(z / T) to sigmoid((x1 - x2) / T)",
        PROBABILITY,
        Source("temperature_scaling, issue 17", "the answer"),
        "softmax(z / T) to sigmoid(x1 / T)",
        "the sigmoid of one logit over T",
    ),
    Claim(
        "8e",
        "Softmax over states is a graph's joint",
        TWO_CLASSES,
        "Softmax over all states of an undirected graph is its joint probability: given its "
        "neighbours, a node's own is the sigmoid of what they add up to (largest difference, four "
        "nodes, random edges)",
        "node of a graph to its sigmoid, with its neighbours",
        rounding(64, size=4),
        Source("001", "section 2; 004, sigmoid or softmax"),
        "node of a graph to its sigmoid, alone",
        "the sigmoid of the node alone, as if it had no neighbours",
    ),
)
