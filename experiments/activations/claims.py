"""What the articles say of activation functions, put right where it is not so."""

from math import log

from twinhead.results.claim import Claim, Rule, Source, at_least, at_most, exactly, rounding, within
from twinhead.results.published import claim as printed

ROUNDING = rounding(16)
GROWTH = "gradient through 20 ReLU layers"
# Keyed by the digit that ids of the group begin with.
GROUPS = {
    "2": "The sigmoid",
    "3": "Saturation",
    "4": "Shapes and formulas",
    "5": "What training does",
    "6": "What an element costs",
}


def _claim(
    id: str, name: str, sentence: str, number: str, rule: Rule, source: Source, *control: str
) -> Claim:
    return Claim(id, name, GROUPS[id[0]], sentence, number, rule, source, *control)


CLAIMS = (
    *(printed(f"1{letter}", f"00{n}") for n, letter in enumerate("abcd", start=1)),
    *(
        _claim(
            f"2{letter}",
            f"In {precision} the sigmoid reaches 1",
            f"In {precision} the sigmoid is exactly 1 from about {bits} ln 2 on; over the real "
            "numbers, as article 001 says, never",
            f"sigmoid is 1 from, {precision}",
            within(
                log(2),
                "Where 1 minus half a float is rounded up; a kernel may be a bit off.",
                of=bits * log(2),
                derived=True,
            ),
            Source("001", "section 1"),
            f"sigmoid is 1 from, {other}",
            f"in {other}",
        )
        for letter, precision, bits, other in (
            ("a", "float32", 24, "float64"),
            ("b", "float64", 53, "float32"),
        )
    ),
    _claim(
        "2c",
        "The sigmoid's mean is 1/2",
        "The sigmoid's mean is 1/2, not 0, for x ~ N(0, 1)",
        "mean_of_normal, sigmoid",
        rounding(100, of=0.5),
        Source("001", "section 1"),
        "mean_of_normal, tanh",
        "tanh",
    ),
    _claim(
        "2d",
        "The sigmoid is not binary",
        "The sigmoid returns anything between 0 and 1 (share from 0.01 to 0.99, for x ~ N(0, 1)); "
        "article 004 says a binary value",
        "share of sigmoids from 0.01 to 0.99",
        at_least(0.9, "Only inputs beyond 4.6 are left out."),
        Source("004", "activations, sigmoid"),
        "share of sigmoids from 0.01 to 0.99, of 100 x",
        "sigmoid(100 x), nearly a threshold",
    ),
    _claim(
        "2e",
        "tanh is a sigmoid, scaled both ways",
        "tanh(x) = 2 sigmoid(2x) − 1 (largest deviation); article 004 says shifted, but it is "
        "scaled too, both ways",
        "tanh to 2 sigmoid(2x) - 1",
        ROUNDING,
        Source("004", "activations, tanh"),
        "tanh to 2 sigmoid(x) - 1",
        "2 sigmoid(x) − 1",
    ),
    *(
        _claim(
            f"3{letter}",
            f"{name} saturates",
            f"{name} saturates (slope at x = {x}){said}",
            f"{slope}, {name}",
            within(
                5e-4,
                "Swish's slope is 10 e^-10, 4.5e-4; of the others e^-10 and less is left.",
                derived=True,
            ),
            Source("004", "activations, types"),
            f"{slope}, {other}",
            f"{other}, which does not",
        )
        for letter, name, x, slope, other, said in (
            (
                *("a", "ReLU", "−10", "slope_at_minus_10", "leaky ReLU"),
                "; article 004 says that ReLU and all its variants do not saturate",
            ),
            ("b", "ReLU6", "10", "slope_at_10", "ReLU", ""),
            ("c", "ELU", "−10", "slope_at_minus_10", "PReLU", ""),
            ("d", "swish, β = 1", "−10", "slope_at_minus_10", "leaky ReLU", ""),
            ("e", "sigmoid", "10", "slope_at_10", "swish, β = 1", ""),
            ("f", "tanh", "10", "slope_at_10", "ELU", ""),
        )
    ),
    _claim(
        "4a",
        "PReLU is 1 at x = 1, whatever a",
        "PReLU is max(0, x) + a min(0, x): 1 at x = 1, whatever a, here 2; article 004's "
        "max(a x, x) is the same up to a = 1 only",
        "PReLU(1), a = 2",
        rounding(4, of=1),
        Source("004", "activations, PReLU"),
        "max(a x, x), a = 2, x = 1",
        "max(a x, x)",
    ),
    _claim(
        "4b",
        "Swish is not monotonic",
        "Swish is not monotonic (steps of its curve that fall)",
        "falling_steps, swish, β = 1",
        at_least(1, "A count: one is enough.", derived=True),
        Source("004", "activations, Swish"),
        "falling steps of softplus",
        "softplus",
    ),
    _claim(
        "4c",
        "Swish is bounded below for β > 0",
        "Swish is bounded below for β > 0 (lowest value, β = 1, of which any other β > 0 has the "
        "β-th part); article 004 lets β be learnt, and does not say so",
        "lowest swish, beta = 1",
        at_least(-0.3, "Its minimum is −0.2785, at −1.28."),
        Source("004", "activations, Swish"),
        "lowest swish, beta = -1",
        "β = −1, down to x = −1000",
    ),
    _claim(
        "4d",
        "Swish with β = 0 is x / 2",
        "Swish goes from the linear function to ReLU: with β = 0 it is x / 2 (largest deviation)",
        "swish, beta = 0, to x / 2",
        ROUNDING,
        Source("004", "activations, Swish"),
        "swish, beta = 1, to ReLU",
        "β = 1, to ReLU",
    ),
    _claim(
        "4e",
        "Swish with β = 100 is nearly ReLU",
        "Swish goes from the linear function to ReLU: with β = 100 it is nearly ReLU (largest "
        "deviation)",
        "swish, beta = 100, to ReLU",
        within(2.8e-3, "It is at most 0.2785 / β away.", derived=True),
        Source("004", "activations, Swish"),
        "swish, beta = 1, to ReLU",
        "β = 1",
    ),
    _claim(
        "4f",
        "Mish is an activation",
        "Mish is an activation function, x tanh(softplus(x)) (largest deviation of Keras's); "
        "article 004 calls it a loss function",
        "mish to x tanh(softplus(x))",
        ROUNDING,
        Source("004", "activations, Mish"),
        "swish to x tanh(softplus(x))",
        "swish",
    ),
    _claim(
        "4g",
        "ELU's mean is not 0",
        "ELU's mean is not 0 (x ~ N(0, 1), where ReLU's is {mean_of_normal, ReLU:.2f}); article "
        "004 says mean 0",
        "mean_of_normal, ELU",
        at_least(0.1, "Clearly not 0; the mean is 0.16."),
        Source("004", "activations, ELU"),
        "mean_of_normal, tanh",
        "tanh, whose mean is 0",
    ),
    _claim(
        "4h",
        "ELU has a slope at 0 for α = 1",
        "ELU can be differentiated at 0 for α = 1 (jump of its slope); article 004 says for any α",
        "jump of ELU's slope at 0, alpha = 1",
        within(5e-6, "The slopes are taken 1e-6 on either side."),
        Source("004", "activations, ELU"),
        "jump of ELU's slope at 0, alpha = 2",
        "α = 2",
    ),
    _claim(
        "4i",
        "Two layers without an activation are one",
        "Without an activation two layers are one: their output bends nowhere (largest distance "
        "between the output halfway and the mean of the ends)",
        "bend of two layers, linear",
        rounding(128, size=50),
        Source("004", "activations, what"),
        "bend of two layers, relu",
        "ReLU between them",
    ),
    _claim(
        "4j",
        "Swish is smooth at 0",
        "Swish is smooth at 0, where ReLU has a corner (jump of its slope)",
        "jump of swish's slope at 0",
        within(5e-6, "The slope is taken a millionth to both sides; it bends by 1/2 a unit."),
        Source("004", "activations, Swish"),
        "jump of ReLU's slope at 0",
        "ReLU",
    ),
    _claim(
        "4k",
        "ReLU6 keeps float16's digits",
        "Inputs up to 1000: what ReLU6 puts out loses little in float16 (largest error)",
        "lost by float16, ReLU6",
        within(2e-3, "Half a unit in the last of 11 binary digits of a number up to 6 is 2^-9."),
        Source("004", "activations, ReLU6"),
        "lost by float16, ReLU",
        "ReLU",
    ),
    _claim(
        "5a",
        "At too large a rate ReLU units die",
        "With too large a rate ReLU units die (how many get no gradient in the end)",
        "ReLU units dead in the end",
        at_least(1, "A count: one is enough.", derived=True),
        Source("004", "activations, ReLU"),
        "ReLU units dead in the end, a tenth of the rate",
        "a tenth of the rate, same data and weights",
    ),
    _claim(
        "5f",
        "Leaky ReLU units do not die",
        "At the same rate, on the same data and from the same weights, no leaky ReLU unit dies "
        "(how many get no gradient in the end)",
        "leaky ReLU units dead in the end",
        exactly(0),
        Source("004", "activations, Leaky ReLU"),
        "ReLU units dead in the end",
        "ReLU",
    ),
    _claim(
        "5b",
        "Inputs negative for some samples kill nothing",
        "A ReLU unit dies if its input is negative for all samples, not for some (share of units "
        "that learn, negative for some); article 004 says that negative values kill",
        "share that learns, inputs negative for some samples",
        exactly(1),
        Source("004", "activations, ReLU"),
        "share that learns, inputs negative for all samples",
        "negative for all samples",
    ),
    _claim(
        "5c",
        "ReLU bounds no gradient",
        "ReLU bounds no gradient: through 20 layers with weights twice He's it grows (factor); "
        "article 004 says that ReLU works against explosion",
        f"{GROWTH}, weights twice as large",
        at_least(
            6e5,
            "Of 200 draws the logarithms have mean 14.9 and standard deviation 0.37: four below.",
        ),
        Source("004", "activations, ReLU"),
        f"{GROWTH}, He's weights",
        "He's weights",
    ),
    _claim(
        "5d",
        "ReLU keeps gradients from vanishing",
        "Through 20 ReLU layers with He's weights a gradient does not vanish (its length, in what "
        "it was)",
        f"{GROWTH}, He's weights",
        at_least(
            0.6,
            "Of 200 draws the logarithms have mean 1.00 and standard deviation 0.38: four below.",
        ),
        Source("004", "activations, ReLU"),
        "gradient through 20 sigmoid layers, He's weights",
        "sigmoid in ReLU's place, with the same weights",
    ),
    _claim(
        "5e",
        "Sigmoid does to a ReLU trunk what softmax does",
        "A sigmoid head does to the ReLU units before it what a softmax head does: matched, and at "
        "twice the rate, the units come to the same weights (largest deviation after 100 steps of "
        "gradient descent); "
        "article 004 has heard that sigmoid blows ReLU up",
        "ReLU trunk under sigmoid, to under softmax, ratio 2",
        within(
            3e-13,
            "Each of 100 steps moves a weight by at most 0.1, a mean of 256 rows, each rounded in "
            "float64: 100 · 256 · 0.1 · 2^-53.",
            derived=True,
        ),
        Source("004", "sigmoid or softmax"),
        "ReLU trunk under sigmoid, to under softmax, ratio 1",
        "the head at softmax's own rate",
    ),
    _claim(
        "6a",
        "Sigmoid takes longer than ReLU",
        "An element of sigmoid takes longer than one of ReLU (medians of repeats in turn; their "
        "ratio)",
        "time of sigmoid over ReLU",
        at_least(1, "Of this machine; the middle halves of the repeats do not overlap."),
        Source("001", "section 1"),
        "time of linear over ReLU",
        "linear, which does nothing",
    ),
    _claim(
        "6c",
        "ELU takes longer than ReLU",
        "An element of ELU takes longer than one of ReLU (medians of repeats in turn; their ratio)",
        "time of ELU over ReLU",
        at_least(1, "Of this machine; the middle halves of the repeats do not overlap."),
        Source("004", "activations, ELU"),
        "time of linear over ReLU",
        "linear, which does nothing",
    ),
    _claim(
        "6b",
        "Counting operations tells the order at best",
        "Counting operations, {counted:g} to 1, tells the order of magnitude of the cost at best "
        "(measured ratio in the counted one, as a power of 2)",
        "power of 2 from counted to timed, sigmoid",
        at_most(2, "Within a factor of 4 either way: memory, threads and the kernels decide."),
        Source("001", "section 1"),
        "power of 2 from counted to timed, linear",
        "linear, which does nothing, for sigmoid",
    ),
)
