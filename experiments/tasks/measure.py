"""Which head and loss for which task? Two classes, many classes, several labels at once.

    python experiments/tasks.py
    python experiments/tasks.py data=file data.path=my_features.h5 seeds=[0,1,2]

Two classes are breast cancer, many are `data`, several labels are made up.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from twinhead import claims, config, data, runs
from twinhead.errors import InputError
from twinhead.history import Arm, History, Row
from twinhead.matching import sigmoid_learning_rate

log = logging.getLogger("twinhead.tasks")

TWO, MANY, SEVERAL = "two classes", "many classes", "several labels"
BINARY, CATEGORICAL = "binary cross-entropy", "categorical cross-entropy"
SIGMOID, SOFTMAX, ONES = "sigmoid", "softmax", "sigmoid, categorical cross-entropy"
REST, PAIRS = "sigmoid, one against the rest", "sigmoid, one against one"
LOSS_OF = {SIGMOID: BINARY, SOFTMAX: CATEGORICAL, ONES: CATEGORICAL, REST: BINARY, PAIRS: BINARY}
UNTRAINED = ", untrained"
OTHER_LABELS = "multi-label data made up by scikit-learn"


def measure(settings: config.Tasks) -> History:
    features = data.load(settings.data, many_classes=True)
    splits = {
        seed: data.split(features, settings.validation_fraction, seed) for seed in settings.seeds
    }
    described = data.describe(features, splits[settings.seeds[0]])
    history = History(described | {"classes": int(features.y.max()) + 1})
    log.info("%s: %d seed(s); starting TensorFlow", features.name, len(settings.seeds))

    scores: list[Row] = []
    scores += _two_classes(settings)
    log.info("two classes done")
    many, numbers = _many_classes(settings, splits)
    history.numbers.update(numbers)
    scores += many
    log.info("many classes done")
    several, history.tables["thresholds"], numbers = _several_labels(settings)
    history.numbers.update(numbers)
    scores += several
    log.info("several labels done")
    history.tables["scores"] = scores
    history.tables["means"] = _means(history)
    history.tables["example"] = _example()
    history.numbers.update(_limits())
    history.numbers.update(_printed(history))
    return history


def _score(seed: int, task: str, head: str, metric: str, value: float) -> Row:
    row = {"seed": seed, "task": task, "head": head, "metric": metric}
    return row | {"value": float(value)}


ERRORS = "errors, share of a constant answer's"


def _two_classes(settings: config.Tasks) -> list[Row]:
    """Train both heads in the bank on breast cancer, the sigmoid at twice the rate."""
    from sklearn.dummy import DummyClassifier

    from twinhead import bank

    features = data.load(config.BreastCancer())
    scores = []
    for seed in settings.seeds:
        split = data.split(features, settings.validation_fraction, seed)
        arms = [
            Arm(
                name=f"{head} {seed}",
                head=head,
                init="transfer" if head == SIGMOID else "random",
                optimizer=settings.optimizer.name,
                learning_rate=sigmoid_learning_rate(settings.learning_rate, ratio),
                lr_ratio=ratio,
                seed=seed,
                noise="common",
                precision="float32",
            )
            for head, ratio in ((SOFTMAX, 1.0), (SIGMOID, 2.0))
        ]
        constant = DummyClassifier(strategy="most_frequent").fit(split.X_train, split.y_train)
        least = constant.score(split.X_validation, split.y_validation)
        for record in bank.train(arms, settings, split, parts=("validation",)):
            accuracy = record.series["validation", "accuracy"]
            for name, value in (("", accuracy[-1]), (UNTRAINED, accuracy[0])):
                errors = (1 - value) / (1 - least)
                scores.append(_score(seed, TWO, record.arm.head + name, ERRORS, errors))
    return scores


@dataclass
class _Net:
    """A linear head that Keras trains, compiled once and started anew for every seed.

    Attributes:
        loss: of (labels, logits).
        fresh: the optimizer's variables before the first step.
    """

    settings: config.Tasks
    rows: int
    features: int
    units: int
    loss: Callable

    def __post_init__(self) -> None:
        from twinhead import heads
        from twinhead.backend import keras

        self.keras = keras
        dropout, dense = keras.layers.Dropout(self.settings.dropout), keras.layers.Dense(self.units)
        self.model = keras.Sequential([keras.Input((self.features,)), dropout, dense])
        optimizer = heads.optimizer(
            config.as_dict(self.settings.optimizer), self.settings.learning_rate
        )
        # One return to Python an epoch instead of one a step; the steps are the same.
        steps = max(1, self.rows // self.settings.batch_size)
        self.model.compile(optimizer, self.loss, steps_per_execution=steps)
        optimizer.build(self.model.trainable_variables)
        self.variables = optimizer.variables
        self.fresh = [variable.numpy() for variable in self.variables]

    def train(self, X: np.ndarray, labels: np.ndarray, seed: int) -> tuple[Callable, Callable]:
        """Return the logits before training and after it, as functions of the features."""
        self.keras.utils.set_random_seed(seed)
        for variable, value in zip(self.variables, self.fresh, strict=True):
            variable.assign(value)
        start = self.keras.initializers.RandomNormal(0.0, self.settings.init_sd, seed=seed)
        kernel = self.keras.ops.convert_to_numpy(start((self.features, self.units)))
        weights = [kernel, np.zeros(self.units, np.float32)]
        self.model.set_weights(weights)
        recipe = {"batch_size": self.settings.batch_size, "epochs": self.settings.epochs}
        self.model.fit(X, labels, verbose=0, **recipe)
        return _logits(*weights), _logits(*self.model.get_weights())


def _logits(kernel: np.ndarray, bias: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    def of(X: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            z = X @ kernel + bias
        if not np.isfinite(z).all():
            raise InputError(
                "learning_rate: found one at which a head diverges on these features; expected a "
                "smaller one, or features of mean 0 and variance 1"
            )
        return z

    return of


def _many_classes(
    settings: config.Tasks, splits: dict[int, data.Split]
) -> tuple[list[Row], dict[str, float]]:
    """Train softmax regression, and K sigmoid heads, and a head for every pair of classes."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import accuracy_score
    from sklearn.multiclass import OneVsOneClassifier

    from twinhead.backend import keras

    first = splits[settings.seeds[0]]
    classes = int(first.y_train.max()) + 1
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    nets = {
        head: (_Net(settings, *first.X_train.shape, classes, loss), labels)
        for head, loss, labels in (
            (SOFTMAX, sparse, lambda y: y),
            (REST, partial(_binary, classes), lambda y: np.eye(classes, dtype=np.float32)[y]),
        )
    }
    scores, numbers = [], {}
    for seed, split in splits.items():
        X, y = split.X_validation, split.y_validation
        constant = DummyClassifier(strategy="most_frequent").fit(split.X_train, split.y_train)
        least = 1 - constant.score(X, y)

        def add(head: str, answers: np.ndarray, seed=seed, y=y, least=least) -> None:
            errors = 1 - accuracy_score(y, answers)
            scores.append(_score(seed, MANY, head, ERRORS, errors / least))
            scores.append(_score(seed, MANY, head, "accuracy", 1 - errors))

        for head, (net, labels) in nets.items():
            before, after = net.train(split.X_train, labels(split.y_train), seed)
            add(head + UNTRAINED, before(X).argmax(axis=1))
            add(head, after(X).argmax(axis=1))
            if head == SOFTMAX and not numbers:
                numbers = _epoch_cost(after(split.X_train), split.y_train, settings.batch_size)
            if head == REST:
                yes = (after(X) > 0).sum(axis=1)
                for metric, share in (("no class", yes == 0), ("several classes", yes > 1)):
                    scores.append(_score(seed, MANY, head, metric, share.mean()))
        recipe = {"eta0": settings.learning_rate, "max_iter": settings.epochs, "tol": None}
        pairs = OneVsOneClassifier(
            SGDClassifier(
                "log_loss", alpha=0, learning_rate="constant", random_state=seed, **recipe
            )
        ).fit(split.X_train, split.y_train)
        add(PAIRS, pairs.predict(X))
        numbers["heads, one against one"] = len(pairs.estimators_)
    return scores, numbers


def _binary(labels: int, y, z):
    """Return Keras's binary cross-entropy, summed over the labels and not averaged.

    Each head then learns at the rate it would have alone.
    """
    from twinhead.backend import keras

    return labels * keras.losses.binary_crossentropy(y, z, from_logits=True)


def _epoch_cost(z: np.ndarray, y: np.ndarray, size: int) -> dict[str, float]:
    """Return an epoch's cost as article 002 sums it from its batches, and by rows, in the true one.

    The article divides by the number of whole batches, but adds what is left over too.
    """
    from scipy.special import log_softmax

    from twinhead.backend import keras

    losses = np.asarray(keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True))
    batches = [losses[start : start + size] for start in range(0, len(y), size)]
    truth = -log_softmax(z.astype(np.float64), axis=1)[np.arange(len(y)), y].mean()
    by_rows = np.average([b.mean() for b in batches], weights=[len(b) for b in batches])
    printed = sum(batch.mean() for batch in batches) / max(len(y) // size, 1)
    return {
        "epoch cost by rows": float(by_rows / truth),
        "epoch cost as printed": float(printed / truth),
        "rows left over": len(y) % size if len(y) > size else 0,
    }


PER_LABEL, PER_ROW = "F1 per label, mean", "F1 per row, mean"
EXACT_TWO = "rows with two labels or more, all right"
EXACT, RIGHT, COUNT = "rows with all labels right", "labels right", "probabilities, sum in a row"
AUC, MOST = "AUC per label, mean", "most labels in a row"
TUNED = ", best threshold"


def _several_labels(settings: config.Tasks) -> tuple[list[Row], list[Row], dict[str, float]]:
    """Train three heads on rows with several labels; score every seed, and every threshold."""
    from sklearn.datasets import make_multilabel_classification
    from sklearn.dummy import DummyClassifier
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from twinhead.backend import keras

    X, Y = make_multilabel_classification(
        settings.label_rows,
        settings.label_features,
        n_classes=settings.labels,
        n_labels=settings.labels_each,
        length=settings.label_words,
        random_state=settings.seeds[0],
    )
    nets = {
        SIGMOID: partial(_binary, settings.labels),
        SOFTMAX: partial(keras.losses.categorical_crossentropy, from_logits=True),
        # Categorical cross-entropy on sigmoids, -sum y log p: binary, without the labels not there.
        ONES: lambda y, z: keras.ops.sum(y * keras.ops.softplus(-z), axis=-1),
    }
    nets = {head: _Net(settings, *X.shape, settings.labels, loss) for head, loss in nets.items()}
    scores: list[Row] = []
    thresholds: list[Row] = []
    for seed in settings.seeds:
        cut = {"test_size": settings.validation_fraction, "random_state": seed}
        X_train, X_validation, Y_train, Y_validation = train_test_split(X, Y, **cut)
        scaler = StandardScaler().fit(X_train)
        X_train, X_validation = (
            scaler.transform(part).astype(np.float32) for part in (X_train, X_validation)
        )
        constant = DummyClassifier(strategy="most_frequent").fit(X_train, Y_train)
        least = (constant.predict(X_validation) != Y_validation).mean()
        never = np.zeros_like(Y_validation)

        def add(head: str, metrics: Iterator[tuple[str, float]], seed=seed) -> None:
            scores.extend(_score(seed, SEVERAL, head, *each) for each in metrics)

        add("never yes", _label_scores(Y_validation, never, least))
        for head, net in nets.items():
            chances = keras.ops.softmax if head == SOFTMAX else keras.ops.sigmoid
            before, after = (
                lambda part, z=z, chances=chances: np.asarray(chances(z(part)))
                for z in net.train(X_train, Y_train.astype(np.float32), seed)
            )
            p, q = after(X_validation), before(X_validation)
            add(head, _label_scores(Y_validation, p > settings.threshold, least))
            add(head, _chance_scores(Y_validation, p))
            add(head + UNTRAINED, _label_scores(Y_validation, q > settings.threshold, least))
            add(head + UNTRAINED, _chance_scores(Y_validation, q))
            if head == ONES:
                continue
            seen = after(X_train)
            right = [((seen > each) == Y_train).mean() for each in THRESHOLDS]
            best = THRESHOLDS[int(np.argmax(right))]
            add(head + TUNED, _label_scores(Y_validation, p > best, least))
            for each in THRESHOLDS:
                row = {"head": head, "threshold": float(each), "seed": seed}
                thresholds.append(row | {"f1": _f1_per_row(Y_validation, p > each)})
    apart = np.corrcoef(Y.T)[np.triu_indices(settings.labels, 1)]
    numbers = {
        "labels a row": float(Y.sum(axis=1).mean()),
        "share of labels": float(Y.mean()),
        "largest correlation of two labels": float(np.abs(apart).max()),
        "threshold": settings.threshold,
    }
    return scores, thresholds, numbers


THRESHOLDS = np.linspace(0.05, 0.95, 19)


def _f1_per_row(truth: np.ndarray, said: np.ndarray) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, said, average="samples", zero_division=1))


def _label_scores(truth: np.ndarray, said: np.ndarray, least: float) -> Iterator[tuple[str, float]]:
    from sklearn.metrics import accuracy_score, f1_score, hamming_loss

    wrong = hamming_loss(truth, said)
    yield ERRORS, wrong / least
    yield RIGHT, 1 - wrong
    yield EXACT, accuracy_score(truth, said)
    two = truth.sum(axis=1) >= 2
    yield EXACT_TWO, accuracy_score(truth[two], said[two])
    yield PER_ROW, _f1_per_row(truth, said)
    each = f1_score(truth, said, average=None, zero_division=0)
    yield PER_LABEL, each.mean()
    for number, value in enumerate(each, start=1):
        yield f"F1, label {number}", value
    yield MOST, said.sum(axis=1).max()
    yield "share of yes", said.mean()


def _chance_scores(truth: np.ndarray, p: np.ndarray) -> Iterator[tuple[str, float]]:
    from sklearn.metrics import roc_auc_score

    yield AUC, roc_auc_score(truth, p)
    yield COUNT, p.sum(axis=1).mean()


def _limits() -> dict[str, float]:
    """Measure what a loss can come to: for two true labels of three, and for a label of -1."""
    from scipy.optimize import minimize

    from twinhead.backend import keras

    y = np.array([[1.0, 1.0, 0.0]])

    def lowest(loss: Callable) -> float:
        return float(minimize(lambda z: float(np.sum(loss(y, z[None]))), np.zeros(3)).fun)

    def lowest_mark(absent: float) -> float:
        marks, p = np.array([absent, 1.0])[:, None], np.linspace(0.001, 0.999, 999)[None]
        return min(
            float(np.min(keras.losses.binary_crossentropy(mark + 0 * p.T, p.T))) for mark in marks
        )

    return {
        "lowest for two labels, softmax": lowest(
            partial(keras.losses.categorical_crossentropy, from_logits=True)
        ),
        "lowest for two labels, sigmoid": lowest(partial(_binary, 3)),
        "lowest with marks 0 and 1": lowest_mark(0.0),
        "lowest with marks -1 and 1": lowest_mark(-1.0),
    }


def _example() -> list[Row]:
    """Return article 001's ten outputs: which pass its threshold, and which it lists."""
    from sklearn.preprocessing import binarize

    numbers = claims.published(experiment="tasks")
    p = np.array([n.printed for n in numbers if n.quantity.startswith("p, sigmoid outputs")])
    (threshold,) = (n.printed for n in numbers if n.quantity.startswith("threshold of the multi"))
    listed = {int(n.printed) for n in numbers if n.quantity.startswith("sorted {k")}
    passes = binarize(p[None], threshold=threshold)[0]  # Strictly greater.
    return [
        {"class": k, "p": float(p[k - 1]), "passes": int(passes[k - 1]), "listed": int(k in listed)}
        | {"threshold": threshold}
        for k in range(1, len(p) + 1)
    ]


def _printed(history: History) -> dict[str, float]:
    """Return the results that the articles print about tasks, measured here."""
    from twinhead.backend import keras

    passing = [row["class"] for row in history.tables["example"] if row["passes"]]
    classes, pairs = history.data["classes"], history.numbers["heads, one against one"]
    far = np.array([[1000.0, 0.0, 0.0]])
    sigmoid = {sign: float(keras.ops.sigmoid(np.array([sign * 1000.0]))[0]) for sign in (-1, 1)}
    softmax = {sign: float(keras.ops.softmax(sign * far)[0, 0]) for sign in (-1, 1)}
    found = {
        "c in the number of binary tasks N (N - 1) / c": classes * (classes - 1) / pairs,
        "inf softmax_i": softmax[-1],
        "sup softmax_i": softmax[1],
        "sum_i softmax_i": float(np.sum(keras.ops.softmax(np.array([[0.3, -2.0, 5.0, 1.0]])))),
        "inf sigmoid (first range given)": sigmoid[-1],
        "sup sigmoid (first range given)": sigmoid[1],
        "inf sigmoid (second range given)": sigmoid[-1],
        "sup sigmoid (second range given)": sigmoid[1],
    }
    return {f"004: {quantity}": value for quantity, value in found.items()} | {
        f"001: sorted {{k : p_k > 0.3, k counted from 1}}[{i}]": float(k)
        for i, k in enumerate(passing)
    }


def _means(history: History) -> list[Row]:
    """Return a row for every task, head and metric: the mean over seeds and its 95 % interval."""
    rows = []
    for task, head, metric in dict.fromkeys(
        (row["task"], row["head"], row["metric"]) for row in history.tables["scores"]
    ):
        mean, low, high = claims.mean_interval(_values(history, task, head, metric))
        row = {"task": task, "head": head, "metric": metric, "mean": mean, "low": low, "high": high}
        rows.append(row)
    return rows


def _values(history: History, task: str, head: str, metric: str) -> np.ndarray:
    """Return a metric of every seed."""
    return np.array(
        [
            row["value"]
            for row in history.tables["scores"]
            if (row["task"], row["head"], row["metric"]) == (task, head, metric)
        ]
    )


# The article's closing table, its other strategies, and what it says cannot be.
TABLE = (
    ("1a", TWO, SIGMOID, "004, closing table; 001, section 4"),
    ("1b", TWO, SOFTMAX, "001, section 4; 003, introduction"),
    ("1c", MANY, SOFTMAX, "004, closing table; 002, Keras section"),
    ("1d", MANY, REST, "004, strategies and example"),
    ("1e", MANY, PAIRS, "004, strategies"),
    ("1f", SEVERAL, SIGMOID, "004, closing table; 001, section 1"),
)


def judge(history: History) -> list[claims.Verdict]:
    return [
        *(_solves(history, *line) for line in TABLE),
        *_softmax_on_several(history),
        *_about_labels(history),
        *_example_claims(history),
        *_counts(history),
        claims.printed_numbers("6a", "001", "tasks", history.numbers),
        claims.printed_numbers("6b", "004", "tasks", history.numbers),
    ]


def _where(history: History, task: str) -> str:
    return {TWO: "breast cancer (Wisconsin)", SEVERAL: OTHER_LABELS}.get(task, history.data["name"])


def _solves(history: History, id: str, task: str, head: str, place: str) -> claims.Verdict:
    # The one against one have no start that could be scored: each pair's is a draw of lots.
    control = (SOFTMAX if head == PAIRS else head) + UNTRAINED
    mean, _, high = claims.mean_interval(_values(history, task, head, ERRORS))
    return claims.judge(
        id=id,
        claim=f"{task.capitalize()}: {head} with {LOSS_OF[head]} leaves at most half of a constant "
        f"answer's errors (mean {mean:.3f}; upper end of its 95 % interval over seeds)",
        source=f"article {place}",
        expected=0.5,
        measured=high,
        tolerance=0,
        comparison="at most",
        reason="The articles give no bound; half is far from what an untrained head leaves.",
        control="the head before training" if head != PAIRS else "an untrained softmax head",
        control_measured=float(_values(history, task, control, ERRORS).mean()),
        data=_where(history, task),
    )


def _softmax_on_several(history: History) -> list[claims.Verdict]:
    def lead(metric: str, ending: str = "") -> np.ndarray:
        ours, theirs = (
            _values(history, SEVERAL, head + ending, metric) for head in (SIGMOID, SOFTMAX)
        )
        return ours - theirs

    def mean(head: str, metric: str) -> float:
        return float(_values(history, SEVERAL, head, metric).mean())

    threshold = history.numbers["threshold"]
    half = threshold >= 0.5  # Below, two labels of softmax can pass.
    shared = {"source": "article 004, multi-label; 003, section 1", "data": OTHER_LABELS}
    return [
        *(
            claims.judge(
                id=id,
                claim=f"Several labels: sigmoid with binary cross-entropy gets more labels right "
                f"than softmax with categorical, {at} (difference of shares, lower end of its 95 % "
                "interval)",
                expected=0,
                measured=claims.mean_interval(lead(RIGHT, ending))[1],
                tolerance=0,
                comparison="at least",
                reason="The interval is on one side of 0.",
                control="the two heads swapped",
                control_measured=claims.mean_interval(-lead(RIGHT, ending))[1],
                **shared,
            )
            for id, at, ending in (
                ("2a", f"at threshold {threshold:g}", ""),
                ("2b", "each at the threshold that is best in training", TUNED),
            )
        ),
        claims.judge(
            id="2c",
            claim="Softmax gets no row right that has two labels or more, as one probability at "
            "most is above one half (share of them); so for a text on several topics it is the "
            "wrong head, which article 003 takes",
            expected=0,
            measured=mean(SOFTMAX, EXACT_TWO) if half else None,
            tolerance=0,
            comparison="equal",
            reason="A count is exact." if half else "The threshold is below one half.",
            control="sigmoid",
            control_measured=mean(SIGMOID, EXACT_TWO) if half else None,
            **shared,
        ),
        claims.judge(
            id="2d",
            claim="Sigmoid's probabilities add up to the number of labels in a row, on average",
            expected=history.numbers["labels a row"],
            measured=mean(SIGMOID, COUNT),
            tolerance=0.2,
            comparison="equal",
            reason="A fifth of a label, for the draw of the validation rows.",
            control="softmax's, which add up to 1",
            control_measured=mean(SOFTMAX, COUNT),
            **shared,
        ),
        claims.judge(
            id="2e",
            claim="What softmax does learn is an order: its mean AUC per label is sigmoid's, or "
            "nearly (difference of the means); “never”, as article 004 has it, is too strong",
            expected=0,
            measured=abs(float(lead(AUC).mean())),
            tolerance=0.05,
            comparison="equal",
            reason="A tenth of what tossing a coin and certainty are apart.",
            control="sigmoid against its start",
            control_measured=mean(SIGMOID, AUC) - mean(SIGMOID + UNTRAINED, AUC),
            **shared,
        ),
        claims.judge(
            id="2f",
            claim="Categorical cross-entropy of softmax with two true labels stays above 2 ln 2 "
            "(lowest that a search finds)",
            expected=2 * float(np.log(2)),
            measured=history.numbers["lowest for two labels, softmax"],
            tolerance=1e-4,
            comparison="equal",
            reason="The lowest is at infinity; the search stops before.",
            control="binary cross-entropy of sigmoid",
            control_measured=history.numbers["lowest for two labels, sigmoid"],
            source=shared["source"],
            data="closed form",
        ),
    ]


def _about_labels(history: History) -> list[claims.Verdict]:
    def mean(head: str, metric: str) -> float:
        return float(_values(history, SEVERAL, head, metric).mean())

    numbers = history.numbers
    return [
        claims.judge(
            id="3a",
            claim="Categorical cross-entropy on sigmoids converges easily, namely towards a yes "
            "for every label (labels named for each that is there); article 004 says it hardly "
            "converges",
            source="article 004, multi-label example",
            expected=1.5,
            measured=mean(ONES, "share of yes") / numbers["share of labels"],
            tolerance=0,
            comparison="at least",
            reason="Where training ends, it is half as many again or more.",
            control="binary cross-entropy",
            control_measured=mean(SIGMOID, "share of yes") / numbers["share of labels"],
            data=OTHER_LABELS,
        ),
        claims.judge(
            id="3b",
            claim="Binary cross-entropy wants 0 for a label that is not there, and is then never "
            "negative (lowest over p); article 004's text has 0, its example −1",
            source="article 004, multi-label",
            expected=0,
            measured=numbers["lowest with marks 0 and 1"],
            tolerance=0,
            comparison="at least",
            reason="A loss of 0 is a perfect prediction's.",
            control="−1 for a label that is not there",
            control_measured=numbers["lowest with marks -1 and 1"],
            data="closed form",
        ),
        claims.judge(
            id="3c",
            claim="Accuracy averaged over labels flatters: a head that never says yes, and so "
            "finds nothing, gets this share of them right",
            source="article 004, multi-label",
            expected=0.5,
            measured=mean("never yes", RIGHT),
            tolerance=0,
            comparison="at least",
            reason="More than half is more than tossing a coin.",
            control="its F1 per label",
            control_measured=mean("never yes", PER_LABEL),
            data=OTHER_LABELS,
        ),
    ]


def _example_claims(history: History) -> list[claims.Verdict]:
    rows = history.tables["example"]
    right = {row["class"] for row in rows if row["passes"]}
    listed = {row["class"] for row in rows if row["listed"]}
    left_out = [row["p"] for row in rows if row["class"] in right - listed]
    taken_in = [row["p"] for row in rows if row["class"] in listed - right]
    shared = {"source": "article 001, section 1", "data": "ten outputs that the article prints"}
    return [
        claims.judge(
            id="4a",
            claim="Of the ten outputs those above 0.3 are of classes 3, 4, 7, 8 and 10 (classes "
            "listed wrongly or left out); article 001 lists 3, 4, 5, 7 and 8",
            expected=0,
            measured=len(right ^ {3, 4, 7, 8, 10}),
            tolerance=0,
            comparison="equal",
            reason="A count is exact.",
            control="the article's list",
            control_measured=len(right ^ listed),
            **shared,
        ),
        claims.judge(
            id="4b",
            claim="What it leaves out is the most probable class of all (its p)",
            expected=max(row["p"] for row in rows),
            measured=max(left_out, default=float("nan")),
            tolerance=0,
            comparison="equal",
            reason="As printed.",
            control="what it wrongly takes in, at the threshold itself",
            control_measured=max(taken_in, default=float("nan")),
            **shared,
        ),
    ]


def _counts(history: History) -> list[claims.Verdict]:
    classes, numbers = history.data["classes"], history.numbers
    uneven = numbers["rows left over"] > 0
    return [
        claims.judge(
            id="5a",
            claim="One against one trains N(N − 1)/2 heads",
            source="article 004, strategies",
            expected=classes * (classes - 1) / 2,
            measured=numbers["heads, one against one"],
            tolerance=0,
            comparison="equal",
            reason="A count is exact.",
            control="a head for every ordered pair",
            control_measured=classes * (classes - 1),
        ),
        claims.judge(
            id="5b",
            claim="An epoch's cost is the mean over rows: batches weigh by their rows (cost over "
            "the true one)",
            source="article 002, training loop",
            expected=1,
            measured=numbers["epoch cost by rows"] if uneven else None,
            tolerance=1e-5,
            comparison="equal",
            reason="Float32 losses." if uneven else "There is no smaller last batch.",
            control="article 002's: all batches, over the number of whole ones",
            control_measured=numbers["epoch cost as printed"] if uneven else None,
        ),
    ]


def draw(history: History) -> dict:
    from twinhead.figures import tasks as figures

    rows = history.tables["means"]
    heads = [row for row in rows if row["metric"] == ERRORS and UNTRAINED not in row["head"]]
    return {
        "errors_by_task": figures.errors_by_task(
            [row | {"loss": LOSS_OF[row["head"]]} for row in heads if row["head"] in LOSS_OF],
            {task: _where(history, task) for task in (TWO, MANY, SEVERAL)},
        ),
        "several_labels": figures.several_labels(
            [row for row in rows if row["task"] == SEVERAL], _by_threshold(history)
        ),
        "example": figures.label_example(history.tables["example"]),
    }


def _by_threshold(history: History) -> list[Row]:
    found: dict[tuple[str, float], list[float]] = {}
    for row in history.tables["thresholds"]:
        found.setdefault((row["head"], row["threshold"]), []).append(row["f1"])
    rows = []
    for (head, threshold), values in found.items():
        mean, low, high = claims.mean_interval(np.array(values))
        row = {"head": head, "threshold": threshold, "mean": mean, "low": low, "high": high}
        rows.append(row)
    return rows


def table(history: History) -> list[Row]:
    return claims.beside_print("tasks", history.numbers)


NOTES = (
    "With two classes softmax gives a Bernoulli distribution; article 001 says binomial, which it "
    "is for one draw only.",
    "Both heads give the probability of each class given x; neither knows which class is right, as "
    "article 001's last sentence has it.",
    "Sparse cross-entropy takes integers and categorical one-hot labels; article 004 has them the "
    "other way round in one place, and right in another.",
    "Several output nodes call for softmax only if one class excludes the other; article 003 calls "
    "for it with two nodes or more.",
    "The cost of article 002 is printed every 100 epochs, as its code says; the comment says every "
    "epoch.",
    "Article 002 names neither data nor batch size for its softmax regression; here they are "
    "scikit-learn's digits and 32. A sum over labels, where Keras takes the mean, lets every "
    "sigmoid learn at the rate it would have alone.",
    "One against one is scikit-learn's, row by row: a logistic head for each pair, then a vote.",
    "The labels of the made-up problem are correlated, as rows differ in how many they have.",
    "Sigmoid stays in (0, 1); the −1 to 1 of article 004 is tanh's.",
)

EXPERIMENT = runs.Experiment(
    "tasks", "Which head and loss for which task", measure, judge, draw, table=table, notes=NOTES
)

if __name__ == "__main__":
    config.launch("tasks", partial(runs.execute, EXPERIMENT))
