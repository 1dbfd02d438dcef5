"""Several labels a row: a made-up problem, three heads on it, and their scores."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import make_multilabel_classification
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, f1_score, hamming_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from twinhead.data.features import Split
from twinhead.experiments.tasks import Settings, joint, names
from twinhead.experiments.tasks.net import Logits, Net, binary, categorical_of_sigmoids, sigmoids
from twinhead.training.backend import keras

THRESHOLDS = np.linspace(0.05, 0.95, 19)

Rows = list[dict[str, Any]]


def measure(settings: Settings) -> tuple[Rows, Rows, dict[str, float]]:
    """Train three heads on rows with several labels; score every seed, and every threshold."""
    X, Y = make_multilabel_classification(
        settings.label_rows,
        settings.label_features,
        n_classes=settings.labels,
        n_labels=settings.labels_each,
        length=settings.label_words,
        random_state=settings.seeds[0],
    )
    nets = {
        head: Net(settings, *X.shape, settings.labels, loss)
        for head, loss in (
            (names.SOFTMAX, partial(keras.losses.categorical_crossentropy, from_logits=True)),
            (names.ONES, categorical_of_sigmoids),
        )
    }
    scores: Rows = []
    thresholds: Rows = []
    for seed in settings.seeds:
        cut = {"test_size": settings.validation_fraction, "random_state": seed}
        X_train, X_validation, Y_train, Y_validation = train_test_split(X, Y, **cut)
        scaler = StandardScaler().fit(X_train)
        X_train, X_validation = (
            scaler.transform(part).astype(np.float32) for part in (X_train, X_validation)
        )
        constant = DummyClassifier(strategy="most_frequent").fit(X_train, Y_train)
        least = (constant.predict(X_validation) != Y_validation).mean()

        def add(head: str, metrics: Iterator[tuple[str, float]], seed: int = seed) -> None:
            row = {"seed": seed, "task": names.SEVERAL, "head": head}
            scores.extend(row | {"metric": name, "value": float(value)} for name, value in metrics)

        add(names.NEVER, label_scores(Y_validation, np.zeros_like(Y_validation), least))
        none = np.zeros(0)  # What would be taken out of columns: they are standardised by now.
        parts = Split(X_train, Y_train[:, 0], X_validation, Y_validation[:, 0], none, none)
        trained = {names.SIGMOID: sigmoids(settings, parts, (Y_train, Y_validation), seed)}
        trained |= {
            head: net.train(X_train, Y_train.astype(np.float32), seed) for head, net in nets.items()
        }
        for head, (before, after) in trained.items():
            chances = _chances(head)
            p, q = (np.asarray(chances(z(X_validation))) for z in (after, before))
            add(head, label_scores(Y_validation, p > settings.threshold, least))
            add(head, chance_scores(Y_validation, p))
            add(head + names.UNTRAINED, label_scores(Y_validation, q > settings.threshold, least))
            add(head + names.UNTRAINED, chance_scores(Y_validation, q))
            if head == names.ONES:
                continue
            best = best_threshold(np.asarray(chances(after(X_train))), Y_train)
            add(head + names.TUNED, label_scores(Y_validation, p > best, least))
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
    numbers |= joint.marginals(Y, np.random.default_rng(settings.seeds[0]))
    return scores, thresholds, numbers


def _chances(head: str) -> Callable:
    return keras.ops.softmax if head == names.SOFTMAX else keras.ops.sigmoid


def best_threshold(p: np.ndarray, truth: np.ndarray) -> float:
    """Return the threshold at which most labels come out right; for rows that were trained on."""
    right = [((p > each) == truth).mean() for each in THRESHOLDS]
    return float(THRESHOLDS[int(np.argmax(right))])


def marked(head: str, logits: Logits, parts: Split) -> Iterator[tuple[str, np.ndarray]]:
    """Give (state, answers) of a head on classes as if they were labels, shape (rows, classes).

    At one half, and at the threshold that is best in training.
    """
    p, seen = (np.asarray(_chances(head)(logits(X))) for X in (parts.X_validation, parts.X_train))
    yield "", p > 0.5
    yield names.TUNED, p > best_threshold(seen, np.eye(p.shape[1])[parts.y_train])


def _f1_per_row(truth: np.ndarray, said: np.ndarray) -> float:
    return float(f1_score(truth, said, average="samples", zero_division=1))


def label_scores(truth: np.ndarray, said: np.ndarray, least: float) -> Iterator[tuple[str, float]]:
    """Give (metric, value) of what a head says, 0 or 1, shape (rows, labels).

    Args:
        least: the share of labels that a constant answer gets wrong.
    """
    wrong = hamming_loss(truth, said)
    yield names.ERRORS, wrong / least
    yield names.RIGHT, 1 - wrong
    yield names.EXACT, accuracy_score(truth, said)
    two = truth.sum(axis=1) >= 2
    yield names.EXACT_TWO, accuracy_score(truth[two], said[two])
    yield names.PER_ROW, _f1_per_row(truth, said)
    each = f1_score(truth, said, average=None, zero_division=0)
    yield names.PER_LABEL, each.mean()
    for number, value in enumerate(each, start=1):
        yield f"F1, label {number}", value
    yield names.MOST, said.sum(axis=1).max()
    yield names.YES, said.mean()


def chance_scores(truth: np.ndarray, p: np.ndarray) -> Iterator[tuple[str, float]]:
    yield names.AUC, roc_auc_score(truth, p)
    yield names.COUNT, p.sum(axis=1).mean()


def limits() -> dict[str, float]:
    """Measure what a loss can come to: for two true labels of three, and for a label of −1."""
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
        "lowest for two labels, sigmoid": lowest(partial(binary, 3)),
        "lowest with marks 0 and 1": lowest_mark(0.0),
        "lowest with marks -1 and 1": lowest_mark(-1.0),
    }
