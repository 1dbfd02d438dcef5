"""Heads on two classes and on many; with module labels, all tasks; and what follows from them."""

import logging
from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score
from sklearn.multiclass import OneVsOneClassifier
from sklearn.preprocessing import binarize

from twinhead.data.features import Split, describe, split
from twinhead.data.sources import BreastCancer
from twinhead.experiments.tasks import Settings, joint, labels, names
from twinhead.experiments.tasks.net import Net, epoch_cost, sigmoids
from twinhead.matching import sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.results.history import History
from twinhead.results.published import beside_print, misses, published
from twinhead.results.statistics import mean_interval
from twinhead.training import bank
from twinhead.training.backend import keras

log = logging.getLogger(__name__)

Rows = list[dict[str, Any]]


def measure(settings: Settings) -> History:
    features = settings.data.load(many_classes=True)
    splits = {seed: split(features, settings.validation_fraction, seed) for seed in settings.seeds}
    described = describe(features, splits[settings.seeds[0]])
    history = History(described | {"classes": int(features.y.max()) + 1})
    log.info("%s: %d seed(s)", features.name, len(settings.seeds))

    scores, numbers = _two_classes(settings)
    history.numbers.update(numbers)
    log.info("two classes done")
    many, numbers = _many_classes(settings, splits)
    scores += many
    history.numbers.update(numbers)
    log.info("many classes done")
    several, thresholds, numbers = labels.measure(settings)
    scores += several
    history.numbers.update(numbers)
    log.info("several labels done")
    history.numbers |= joint.several_say_yes(settings)
    if f"lead over lots, {joint.CONFIDENT}" not in history.numbers:
        why = "There is no row to which several heads say yes."
        history.untested[f"lead over lots, {joint.CONFIDENT}"] = why
    log.info("rows to which several heads say yes done")
    tables = {"scores": pd.DataFrame(scores), "thresholds": pd.DataFrame(thresholds)}
    history.tables |= tables | {
        "means": means(tables["scores"], ["task", "head", "metric"], "value"),
        "f1_by_threshold": means(tables["thresholds"], ["head", "threshold"], "f1"),
        "example": _example(),
    }
    history.numbers.update(labels.limits())
    compare(history)
    _counts(history)
    _hold_against_print(history)
    return history


def _score(seed: int, task: str, head: str, metric: str, value: float) -> dict[str, Any]:
    row = {"seed": seed, "task": task, "head": head, "metric": metric}
    return row | {"value": float(value)}


def _two_classes(settings: Settings) -> tuple[Rows, dict[str, float]]:
    """Train both heads in the bank on breast cancer, the sigmoid at twice the rate.

    And a sigmoid at the softmax's, which is another head.
    """
    features = BreastCancer().load()
    scores: Rows = []
    apart: dict[float, list[float]] = {}
    for seed in settings.seeds:
        parts = split(features, settings.validation_fraction, seed)
        arms = [
            Arm(
                name=f"{head} ratio {ratio:g}, seed {seed}",
                head=head,
                learning_rate=sigmoid_learning_rate(settings.learning_rate, ratio),
                seed=seed,
                init="transfer" if head == names.SIGMOID else "random",
                optimizer=settings.optimizer.name,
                lr_ratio=ratio,
            )
            for head, ratio in ((names.SOFTMAX, 1.0), (names.SIGMOID, 2.0), (names.SIGMOID, 1.0))
        ]
        constant = DummyClassifier(strategy="most_frequent").fit(parts.X_train, parts.y_train)
        least = constant.score(parts.X_validation, parts.y_validation)
        records = bank.train(arms, settings.recipe(), parts, parts=("validation",))
        for record in records[1:]:
            gap = np.abs(record.loss() - records[0].loss()).max()
            apart.setdefault(record.arm.lr_ratio, []).append(float(gap))
        for record in records[:2]:
            accuracy = record.series["validation", "accuracy"]
            for name, value in (("", accuracy[-1]), (names.UNTRAINED, accuracy[0])):
                errors = (1 - value) / (1 - least)
                scores.append(_score(seed, names.TWO, record.arm.head + name, names.ERRORS, errors))
    return scores, {
        "two classes, loss gap of the heads": max(apart[2.0]),
        "two classes, loss gap at equal rates": max(apart[1.0]),
    }


def _many_classes(settings: Settings, splits: dict[int, Split]) -> tuple[Rows, dict[str, float]]:
    """Train softmax regression, and K sigmoid heads, and a head for every pair of classes."""
    first = splits[settings.seeds[0]]
    classes = int(first.y_train.max()) + 1
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net = Net(settings, *first.X_train.shape, classes, sparse)
    scores: Rows = []
    numbers: dict[str, float] = {}
    for seed, parts in splits.items():
        X, y = parts.X_validation, parts.y_validation
        constant = DummyClassifier(strategy="most_frequent").fit(parts.X_train, parts.y_train)
        least = 1 - constant.score(X, y)

        def add(head: str, answers: np.ndarray, seed=seed, y=y, least=least) -> None:
            errors = 1 - accuracy_score(y, answers)
            scores.append(_score(seed, names.MANY, head, names.ERRORS, errors / least))
            scores.append(_score(seed, names.MANY, head, "accuracy", 1 - errors))

        one_each = tuple(np.eye(classes)[each] for each in (parts.y_train, y))
        for head, (before, after) in (
            (names.SOFTMAX, net.train(parts.X_train, parts.y_train, seed)),
            (names.REST, sigmoids(settings, parts, one_each, seed)),
        ):
            add(head + names.UNTRAINED, before(X).argmax(axis=1))
            add(head, after(X).argmax(axis=1))
            for state, answers in labels.marked(head, after, parts):
                right = (answers == one_each[1]).mean()
                scores.append(_score(seed, names.MANY, head, names.RIGHT + state, right))
            if head == names.SOFTMAX and not numbers:
                numbers = epoch_cost(after(parts.X_train), parts.y_train, settings.batch_size)
            if head == names.REST:
                yes = (after(X) > 0).sum(axis=1)
                for metric, share in (("no class", yes == 0), ("several classes", yes > 1)):
                    scores.append(_score(seed, names.MANY, head, metric, share.mean()))
        recipe = {"eta0": settings.learning_rate, "max_iter": settings.epochs, "tol": None}
        pairs = OneVsOneClassifier(
            SGDClassifier(
                "log_loss", alpha=0, learning_rate="constant", random_state=seed, **recipe
            )
        ).fit(parts.X_train, parts.y_train)
        add(names.PAIRS, pairs.predict(X))
        numbers["heads, one against one"] = len(pairs.estimators_)
    return scores, numbers


def means(frame: pd.DataFrame, keys: list[str], values: str) -> pd.DataFrame:
    """Return a row for each group of `keys`: the mean over seeds and its 95 % interval."""
    rows = []
    for group, own in frame.groupby(keys, sort=False)[values]:
        interval = zip(("mean", "low", "high"), mean_interval(own.to_numpy()), strict=True)
        rows.append({**dict(zip(keys, group, strict=True)), **dict(interval)})
    return pd.DataFrame(rows)


def compare(history: History) -> None:
    """Add what the scores of all seeds come to: errors left by task, and heads held against each.

    Reads the tables `scores` and `means`, and the numbers of module labels.
    """
    averages = history.tables["means"]
    for row in averages[averages["metric"] == names.ERRORS].to_dict("records"):
        name = f"errors left, {row['task']}, {row['head']}"
        history.numbers |= {name: row["mean"], f"{name}, upper end": row["high"]}
    scores = history.tables["scores"]

    def seeds(head: str, metric: str, task: str = names.SEVERAL) -> np.ndarray:
        own = (scores["head"] == head) & (scores["metric"] == metric) & (scores["task"] == task)
        return scores.loc[own, "value"].to_numpy()

    def lead(metric: str, state: str = "") -> np.ndarray:
        return seeds(names.SIGMOID + state, metric) - seeds(names.SOFTMAX + state, metric)

    def lead_in_classes(metric: str) -> np.ndarray:
        return seeds(names.REST, metric, names.MANY) - seeds(names.SOFTMAX, metric, names.MANY)

    def mean(head: str, metric: str) -> float:
        return float(seeds(head, metric).mean())

    numbers = history.numbers
    for state in ("", names.TUNED):
        name = f"labels right, lead of sigmoid{state}"
        numbers[name] = mean_interval(lead(names.RIGHT, state))[1]
        one_each = lead_in_classes(names.RIGHT + state)
        numbers[f"{name}, one label a row"] = mean_interval(one_each)[1]
    if numbers["threshold"] >= 0.5:  # Below, two labels of softmax can pass.
        for head in (names.SOFTMAX, names.SIGMOID):
            numbers[f"{names.EXACT_TWO}, {head}"] = mean(head, names.EXACT_TWO)
    else:
        history.untested[f"{names.EXACT_TWO}, {names.SOFTMAX}"] = "The threshold is below one half."
    for head in (names.SIGMOID, names.ONES):
        numbers[f"{names.COUNT}, {head}"] = mean(head, names.COUNT)
    numbers["AUC, sigmoid against softmax"] = abs(float(lead(names.AUC).mean()))
    start = mean(names.SIGMOID + names.UNTRAINED, names.AUC)
    numbers["AUC, sigmoid against its start"] = mean(names.SIGMOID, names.AUC) - start
    for head in (names.ONES, names.SIGMOID):
        named = mean(head, names.YES) / numbers["share of labels"]
        numbers[f"labels named for each that is there, {head}"] = named
    for metric in (names.RIGHT, names.EXACT):
        numbers[f"{metric}, {names.NEVER}"] = mean(names.NEVER, metric)


def _example() -> pd.DataFrame:
    """Return article 001's ten outputs: which pass its threshold, and which it lists."""
    numbers = published(experiment="tasks")
    p = np.array([n.printed for n in numbers if n.quantity.startswith("p, sigmoid outputs")])
    (threshold,) = (n.printed for n in numbers if n.quantity.startswith("threshold of the multi"))
    listed = [int(n.printed) for n in numbers if n.quantity.startswith("sorted {k")]
    k = np.arange(1, len(p) + 1)
    passes = binarize(p[None], threshold=threshold)[0]  # Strictly greater.
    return pd.DataFrame(
        {
            **{"class": k, "p": p, "passes": passes.astype(int)},
            **{"listed": np.isin(k, listed).astype(int), "threshold": threshold},
        }
    )


def _counts(history: History) -> None:
    """Add what can be counted: classes that the example names wrongly, heads, rows left over."""
    example, numbers = history.tables["example"], history.numbers
    passes, listed = example["passes"] == 1, example["listed"] == 1
    right = set(example["class"][passes])
    classes = int(history.data["classes"])
    numbers |= {
        "classes named wrongly": len(right ^ {3, 4, 7, 8, 10}),
        "classes named wrongly, as listed": int((passes != listed).sum()),
        "largest p": float(example["p"].max()),
        "largest p that is left out": float(example["p"][passes & ~listed].max()),
        "largest p that is wrongly listed": float(example["p"][listed & ~passes].max()),
        "pairs of classes": classes * (classes - 1) / 2,
        "ordered pairs of classes": classes * (classes - 1),
    }
    if numbers["rows left over"] == 0:
        del numbers["epoch cost by rows"]
        history.untested["epoch cost by rows"] = "There is no smaller last batch."


def _hold_against_print(history: History) -> None:
    """Add the results that the articles print about tasks, measured here, and which miss."""
    example, numbers = history.tables["example"], history.numbers
    far = np.array([[1000.0, 0.0, 0.0]])
    sigmoid = {sign: float(keras.ops.sigmoid(np.array([sign * 1000.0]))[0]) for sign in (-1, 1)}
    softmax = {sign: float(keras.ops.softmax(sign * far)[0, 0]) for sign in (-1, 1)}
    found = {
        "c in the number of binary tasks N (N - 1) / c": numbers["ordered pairs of classes"]
        / numbers["heads, one against one"],
        "inf softmax_i": softmax[-1],
        "sup softmax_i": softmax[1],
        "sum_i softmax_i": float(np.sum(keras.ops.softmax(np.array([[0.3, -2.0, 5.0, 1.0]])))),
        "inf sigmoid (first range given)": sigmoid[-1],
        "sup sigmoid (first range given)": sigmoid[1],
        "inf sigmoid (second range given)": sigmoid[-1],
        "sup sigmoid (second range given)": sigmoid[1],
    }
    numbers |= {f"004: {quantity}": value for quantity, value in found.items()}
    for i, k in enumerate(example["class"][example["passes"] == 1]):
        numbers[f"001: sorted {{k : p_k > 0.3, k counted from 1}}[{i}]"] = float(k)
    history.tables["summary"] = pd.DataFrame(beside_print("tasks", numbers))
    for article in ("001", "004"):
        numbers |= misses(article, "tasks", numbers)
