"""What the explorer trains on: rows, noise's seeds, starts and recipe, as one JSON object.

A run's own rows and starts where a browser trains on them in a moment; otherwise some of its rows
in their first components, which the lesson then says.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinhead.data.features import Split
from twinhead.training.recipe import Recipe

FORMAT = 2  # Of what the trainer reads.
# Multiplications in all steps of one head that a browser does while nobody waits.
MOST_WORK = 30e6
COMPONENTS, TRAINED, HELD = 30, 480, 120  # Of features that are too many.
BATCH, EPOCHS, DROPOUT = 64, 50, 0.5
RATES = {"sgd": 0.02, "momentum": 0.004, "adam": 0.004}
OPTIONS = {"momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}
DECAYS = (0.0, 0.03, 0.1, 0.3)
CLASSES = {
    "breast cancer (Wisconsin)": ("malignant", "benign"),
    "cat/dog features (Xception)": ("cat", "dog"),
}


@dataclass(frozen=True)
class Start:
    """Where a seed starts: its rows, and the kernels (d, 2) and (d, 1); biases start at zero."""

    split: Split
    theta: np.ndarray
    beta: np.ndarray


def of_rows(name: str, split: Split, seeds: Sequence[int], made_up: bool = False) -> dict[str, Any]:
    """Return a lesson of our own recipe on these rows; on some of them, if they are too many."""
    said = ""
    if _work(split, EPOCHS, BATCH) > MOST_WORK:
        split, said = _reduced(split)
    features = split.X_train.shape[1]
    starts = {
        seed: Start(split, _glorot(features, 2, seed), _glorot(features, 1, seed)) for seed in seeds
    }
    return _lesson(name, starts, said, made_up)


def of_run(
    name: str,
    starts: Mapping[int, Start],
    recipe: Recipe,
    learning_rate: float,
    made_up: bool = False,
) -> dict[str, Any]:
    """Return the lesson that is a run: its losses are those of the run's history.

    Args:
        starts: by seed.
        learning_rate: the softmax arms'.
    """
    split = next(iter(starts.values())).split
    how = _known(recipe.optimizer)
    if how is None or not is_whole(split, recipe):
        lesson = of_rows(name, split, list(starts), made_up)
        if how is None:
            other = f"{recipe.optimizer['name']} is not among the optimizers here"
            lesson["said"] = f"{lesson['said']}; {other}" if lesson["said"] else other
        return lesson
    optimizer, decay, options = how
    return _lesson(name, starts, "", made_up) | {
        "exact": True,
        "epochs": recipe.epochs,
        "batch": recipe.batch_size,
        "dropout": recipe.dropout,
        "optimizer": optimizer,
        "decay": decay,
        "decays": sorted({*DECAYS, decay}),
        "rates": RATES | {optimizer: learning_rate},
        "options": OPTIONS | options,
    }


def _lesson(name: str, starts: Mapping[int, Start], said: str, made_up: bool) -> dict[str, Any]:
    """Return a lesson of our own recipe. Rows that several seeds share are in it once."""
    splits = list(dict.fromkeys(start.split for start in starts.values()))
    return {
        "format": FORMAT,
        "name": name,
        "said": said,
        "made_up": made_up,
        "exact": False,
        "classes": CLASSES.get(name, ("class 0", "class 1")),
        "d": splits[0].X_train.shape[1],
        "cuts": [_cut(split) for split in splits],
        "epochs": EPOCHS,
        "batch": BATCH,
        "dropout": DROPOUT,
        "optimizer": "sgd",
        "decay": 0.0,
        "decays": list(DECAYS),
        "rates": dict(RATES),
        "options": dict(OPTIONS),
        "starts": [
            {
                "seed": seed,
                "cut": splits.index(start.split),
                "theta": _columns(start.theta),
                "beta": _columns(start.beta),
            }
            for seed, start in starts.items()
        ],
    }


def _cut(split: Split) -> dict[str, Any]:
    X, held = split.X_train[:], split.X_validation[:]  # They may be on the disk; they are few.
    mean, plane, share = _plane(X)
    return {
        "trained": _rows(X, split.y_train),
        "held": _rows(held, split.y_validation),
        "mean": _packed(mean, "<f4"),
        "plane": _packed(plane, "<f4"),
        "share": round(100 * share),
    }


def _known(optimizer: Mapping[str, Any]) -> tuple[str, float, dict[str, float]] | None:
    """Return the explorer's name for an optimizer, its decay and options; None if it has none."""
    name = optimizer["name"]
    if name == "sgd" and not optimizer.get("nesterov"):
        momentum = optimizer.get("momentum", 0.0)
        return ("momentum", 0.0, {"momentum": momentum}) if momentum else ("sgd", 0.0, {})
    if name in ("adam", "adamw") and not optimizer.get("amsgrad"):
        options = {"beta1": optimizer["beta_1"], "beta2": optimizer["beta_2"]}
        options["epsilon"] = optimizer["epsilon"]
        return "adam", optimizer.get("weight_decay", 0.0), options
    return None


def is_whole(split: Split, recipe: Recipe) -> bool:
    """Tell whether a browser can train on all these rows, as the recipe has it."""
    if recipe.shuffle != "rows":  # It draws no other order.
        return False
    return _work(split, recipe.epochs, recipe.batch_size) <= MOST_WORK


def _work(split: Split, epochs: int, batch: int) -> float:
    """Return how many multiplications one head takes, with a measurement after every step."""
    rows, features = split.X_train.shape
    return float(features * epochs * (rows + -(-rows // batch) * len(split.y_validation)))


def _reduced(split: Split) -> tuple[Split, str]:
    """Return some rows in their first components, each of variance 1, and how that is said."""
    rows, features = split.X_train.shape
    said = f"{min(TRAINED, rows)} of {rows} training rows"
    X, held = split.X_train[:TRAINED], split.X_validation[:HELD]
    if features > COMPONENTS:
        said += f", the first {COMPONENTS} principal components of {features} features"
        mean = X.mean(axis=0)
        size, directions = _components(X - mean, COMPONENTS)
        to = (directions * np.sqrt(len(X)) / size[:, None]).T.astype(np.float32)
        X, held = (X - mean) @ to, (held - mean) @ to
    y, labels = split.y_train[:TRAINED], split.y_validation[:HELD]
    return replace(split, X_train=X, y_train=y, X_validation=held, y_validation=labels), said


def _plane(X: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the rows' mean, their first two components (2, d), and the variance these hold."""
    mean = X.mean(axis=0)
    size, directions = _components(X - mean, 2)
    if len(directions) < 2:  # One feature: the other axis shows nothing.
        directions = np.vstack([directions, np.zeros_like(directions)])
    variance = np.square(X - mean, dtype=np.float64).sum()
    return mean, directions, float((size**2).sum() / variance)


def _components(X: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest singular values of X, (number,), and their directions, (number, d).

    Of the smaller of X Xᵀ and Xᵀ X, in float64: all of X's would take seconds.
    """
    X = X.astype(np.float64)
    wide = X.shape[0] < X.shape[1]
    values, vectors = np.linalg.eigh(X @ X.T if wide else X.T @ X)
    size = np.sqrt(np.maximum(values[::-1][:number], np.finfo(float).tiny))
    directions = vectors[:, ::-1][:, :number].T
    if wide:
        directions = directions @ X / size[:, None]
    # A sign that does not depend on the LAPACK at hand.
    return size, directions * np.where(directions.sum(axis=1, keepdims=True) < 0, -1, 1)


def _glorot(features: int, units: int, seed: int) -> np.ndarray:
    limit = np.sqrt(6 / (features + units))
    drawn = np.random.default_rng([seed, units]).uniform(-limit, limit, (features, units))
    return drawn.astype(np.float32)


def _rows(X: np.ndarray, y: np.ndarray) -> dict[str, str]:
    return {"X": _packed(X, "<f4"), "y": _packed(y, "u1")}


def _columns(kernel: np.ndarray) -> str:
    """Return a kernel (d, units) as the trainer keeps it: a column after the other, each + bias."""
    return _packed(np.vstack([kernel, np.zeros((1, kernel.shape[1]))]).T, "<f4")


def _packed(array: np.ndarray, dtype: str) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()
