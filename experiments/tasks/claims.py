"""Article 004's closing table, its other strategies, and what the articles say cannot be."""

import math

from twinhead.experiments.tasks import names
from twinhead.results import published
from twinhead.results.claim import Claim, Rule, Source, at_least, at_most, exactly, within

SOLVED, HEADS, LABELS = "Which head for which task", "Several labels", "How labels are marked"
EXAMPLE, COUNTED = "The example of article 001", "What is counted"

BOUNDS = {"half": 1 / 2, "a third": 1 / 3}


def _solves(
    id: str, task: str, head: str, name: str, article: str, place: str, least: str = "half"
) -> Claim:
    errors = f"errors left, {task}, {head}"
    # The one against one have no start that could be scored: each pair's is a draw of lots.
    start = (names.SOFTMAX if head == names.PAIRS else head) + names.UNTRAINED
    return Claim(
        id,
        f"{task.capitalize()}: {name}",
        SOLVED,
        f"{task.capitalize()}: {head} with {names.LOSS_OF[head]} leaves at most {least} of a "
        f"constant answer's errors (mean {{{errors}:.3f}}; upper end of its 95 % interval over "
        "seeds)",
        f"{errors}, upper end",
        at_most(
            BOUNDS[least],
            f"The articles give no bound; {least} is far from what an untrained head leaves.",
        ),
        Source(article, place),
        f"errors left, {task}, {start}",
        "the head before training" if head != names.PAIRS else "an untrained softmax head",
        {names.TWO: names.TWO_DATA, names.SEVERAL: names.SEVERAL_DATA}.get(task, ""),
    )


def _several(
    id: str,
    name: str,
    sentence: str,
    number: str,
    rule: Rule,
    control: str,
    apart: str,
    data: str = names.SEVERAL_DATA,
) -> Claim:
    source = Source("004", "multi-label; 003, section 1")
    return Claim(id, name, HEADS, sentence, number, rule, source, control, apart, data)


TABLE = (
    ("1a", names.TWO, names.SIGMOID, "sigmoid", "004", "closing table; 001, section 4"),
    ("1c", names.MANY, names.SOFTMAX, "softmax", "004", "closing table; 002, Keras section"),
    ("1d", names.MANY, names.REST, "a sigmoid for each", "004", "strategies and example"),
    ("1e", names.MANY, names.PAIRS, "a sigmoid for each pair", "004", "strategies", "a third"),
    ("1f", names.SEVERAL, names.SIGMOID, "sigmoid", "004", "closing table; 001, section 1"),
)

CLAIMS = (
    *(_solves(*line) for line in TABLE),
    Claim(
        "1b",
        "Two classes: softmax is the sigmoid",
        SOLVED,
        "Two classes: softmax with categorical cross-entropy is the sigmoid with binary, at half "
        "the rate (largest gap of their validation losses, over seeds)",
        "two classes, loss gap of the heads",
        within(1e-6, "Float32 keeps 7 digits; as in experiment equivalence.", derived=True),
        Source("001", "section 4; 003, introduction; 004, sigmoid or softmax"),
        "two classes, loss gap at equal rates",
        "at equal rates",
        names.TWO_DATA,
    ),
    *(
        _several(
            id,
            name,
            "Several labels: sigmoid with binary cross-entropy gets more labels right than softmax "
            f"with categorical, {at} (difference of shares, lower end of its 95 % interval)",
            f"labels right, lead of sigmoid{state}",
            at_least(
                1e-9, "The interval lies above 0: heads that are one do not lead.", derived=True
            ),
            f"labels right, lead of sigmoid{state}, one label a row",
            "rows with one label each, the digits, where softmax belongs",
        )
        for id, name, state, at in (
            ("2a", "Sigmoid gets more labels right", "", "at threshold {threshold:g}"),
            (
                "2b",
                "So it does at each head's best threshold",
                names.TUNED,
                "each at the threshold that is best in training",
            ),
        )
    ),
    _several(
        "2c",
        "Softmax gets no row with two labels right",
        "Softmax gets no row right that has two labels or more, as one probability at most is "
        "above one half (share of them); so for a text on several topics it is the wrong head, "
        "which article 003 takes",
        f"{names.EXACT_TWO}, {names.SOFTMAX}",
        exactly(0),
        f"{names.EXACT_TWO}, {names.SIGMOID}",
        "sigmoid",
    ),
    _several(
        "2d",
        "Sigmoid's probabilities count the labels",
        "Sigmoid's probabilities add up to the number of labels in a row, on average; softmax's to "
        "1, whatever it is",
        f"{names.COUNT}, {names.SIGMOID}",
        within(0.2, "A fifth of a label, for the draw of the validation rows.", of="labels a row"),
        f"{names.COUNT}, {names.ONES}",
        "sigmoids that categorical cross-entropy has trained",
    ),
    _several(
        "2e",
        "Softmax learns an order all the same",
        "What softmax does learn is an order: its mean AUC per label is sigmoid's, or nearly "
        "(difference of the means); “never”, as article 004 has it, is too strong",
        "AUC, sigmoid against softmax",
        within(0.05, "A tenth of what tossing a coin and certainty are apart."),
        "AUC, sigmoid against its start",
        "sigmoid against its start",
    ),
    _several(
        "2f",
        "Two true labels cost softmax 2 ln 2",
        "Categorical cross-entropy of softmax with two true labels stays above 2 ln 2 (lowest "
        "that a search finds)",
        "lowest for two labels, softmax",
        within(8e-5, "The lowest is at infinity; the search stops before.", of=2 * math.log(2)),
        "lowest for two labels, sigmoid",
        "binary cross-entropy of sigmoid",
        "closed form",
    ),
    _several(
        "2g",
        "Sigmoids know of no two labels together",
        "A sigmoid for each label knows its share alone: softmax over all four combinations of two "
        "labels gains what these tell of each other (nats a row, without features), which is what "
        "joint against marginal comes to",
        "nats that softmax over both gains",
        within(
            1e-10,
            "A search in float64 ends at a gradient below 1e-6, and misses the lowest loss by its "
            "square over a bend of 0.01.",
            of="nats that two labels tell of each other",
            derived=True,
        ),
        "nats that softmax over both gains, one shuffled",
        "one of the two labels shuffled, so that they tell nothing of each other",
    ),
    Claim(
        "7",
        "Where several say yes, confidence decides",
        SOLVED,
        "One against the rest: of rows to which several heads say yes, {rows to which several say "
        "yes:.1%} here, the most confident head gets more right than lots would (share more, mean "
        "over seeds)",
        "lead over lots, the most confident",
        at_least(0.1, "Means of five seeds each were 0.209 to 0.217: half of that."),
        Source("004", "strategies"),
        "lead over lots, the first",
        "the first head that says yes",
        "six clouds, made up",
    ),
    Claim(
        "3a",
        "Categorical loss on sigmoids says yes to all",
        LABELS,
        "Categorical cross-entropy on sigmoids converges easily, namely towards a yes for every "
        "label (labels named for each that is there); article 004 says it hardly converges",
        f"labels named for each that is there, {names.ONES}",
        at_least(1.5, "Where training ends, it is half as many again or more."),
        Source("004", "multi-label example"),
        f"labels named for each that is there, {names.SIGMOID}",
        "binary cross-entropy",
        names.SEVERAL_DATA,
    ),
    Claim(
        "3b",
        "A label that is not there is 0, not −1",
        LABELS,
        "Binary cross-entropy wants 0 for a label that is not there, and is then never negative "
        "(lowest over p); article 004's text has 0, its example −1",
        "lowest with marks 0 and 1",
        at_least(0, "A loss of 0 is a perfect prediction's."),
        Source("004", "multi-label"),
        "lowest with marks -1 and 1",
        "−1 for a label that is not there",
        "closed form",
    ),
    Claim(
        "3c",
        "Accuracy over labels flatters",
        LABELS,
        "Accuracy averaged over labels flatters: a head that never says yes, and so finds "
        "nothing, gets this share of them right",
        f"{names.RIGHT}, {names.NEVER}",
        at_least(0.5, "More than half is more than tossing a coin."),
        Source("004", "multi-label"),
        f"{names.EXACT}, {names.NEVER}",
        "accuracy over whole rows",
        names.SEVERAL_DATA,
    ),
    Claim(
        "4a",
        "Above 0.3 are classes 3, 4, 7, 8 and 10",
        EXAMPLE,
        "Of the ten outputs those above 0.3 are of classes 3, 4, 7, 8 and 10 (classes listed "
        "wrongly or left out); article 001 lists 3, 4, 5, 7 and 8",
        "classes named wrongly",
        exactly(0),
        Source("001", "section 1"),
        "classes named wrongly, as listed",
        "the article's list",
        "ten outputs that the article prints",
    ),
    Claim(
        "4b",
        "What it leaves out is the most probable",
        EXAMPLE,
        "What it leaves out is the most probable class of all (its p)",
        "largest p that is left out",
        exactly("largest p", "As printed."),
        Source("001", "section 1"),
        "largest p that is wrongly listed",
        "what it wrongly takes in, at the threshold itself",
        "ten outputs that the article prints",
    ),
    Claim(
        "5a",
        "One against one trains N(N − 1)/2 heads",
        COUNTED,
        "One against one trains N(N − 1)/2 heads",
        "heads, one against one",
        exactly("pairs of classes"),
        Source("004", "strategies"),
        identity="A count of the heads that scikit-learn trains.",
    ),
    Claim(
        "5b",
        "An epoch's cost is the mean over rows",
        COUNTED,
        "An epoch's cost is the mean over rows: batches weigh by their rows (cost over the true "
        "one)",
        "epoch cost by rows",
        within(
            1e-6,
            "Float32 keeps 1e-6 of logits up to 10; over rows such errors do not add up.",
            of=1,
            derived=True,
        ),
        Source("002", "training loop"),
        "epoch cost as printed",
        "article 002's: all batches, over the number of whole ones",
    ),
    published.claim("6a", "001"),
    published.claim("6b", "004"),
)
