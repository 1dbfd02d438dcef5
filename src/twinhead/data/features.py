"""Features and labels, their split in two, and what tells them from others."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from twinhead.data.ondisk import Matrix, OnDisk, blocks, header
from twinhead.data.room import aligned
from twinhead.errors import InputError

MOST_CLASSES = 100  # One head a pair of classes is more than enough with these.


@dataclass(frozen=True)
class Features:
    """Features X, float32 (n, d), and labels y, uint8 (n,) in {0, 1}; class 1 is positive.

    Or in {0, ..., K - 1}, for an experiment that asks for many classes. X may be rows on the disk,
    for an experiment that takes those: see `Source.load`.

    Attributes:
        name: fit for a title.
        made_up: surrogate data; whoever shows a result says so, as the name does.
        standardise: whether `split` brings every column to mean 0 and variance 1.
        article: the article whose features these are or stand in for, or nothing.
    """

    name: str
    X: Matrix
    y: np.ndarray
    made_up: bool = False
    standardise: bool = False
    article: str = ""


@dataclass(frozen=True, eq=False)
class Split:
    """One 80/20 cut of the features; equal to itself alone.

    `mean` and `scale` are what was taken out of every column. They come from the training rows
    alone, and are 0 and 1 where features are used as they are. `places` are the training rows'
    among all rows, where that is known: neighbours there are neighbours in the file.
    """

    X_train: Matrix
    y_train: np.ndarray
    X_validation: Matrix
    y_validation: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    places: np.ndarray | None = None


def check_labels(source: str, y: np.ndarray, many_classes: bool) -> np.ndarray:
    classes = np.unique(y)
    values = ", ".join(str(value) for value in classes[:5]) + (" ..." if len(classes) > 5 else "")
    found = f"{source}: `label` holds {len(classes)} different value(s) ({values})"
    if many_classes:
        whole = np.array_equal(classes, np.arange(len(classes)))
        if not whole or not 3 <= len(classes) <= MOST_CLASSES:
            raise InputError(
                f"{found}, expected 0 to K - 1 of three to {MOST_CLASSES} classes, each there"
            )
    elif not np.isin(classes, (0, 1)).all():
        raise InputError(f"{found}, expected 0 and 1")
    elif len(classes) < 2:
        raise InputError(
            f"{source}: `label` holds only class {classes[0]:g}, expected both 0 and 1"
        )
    return y.astype(np.uint8)


def fingerprint(*arrays: Matrix) -> str:
    """Return the SHA-256 of the arrays' types, shapes and bytes, wherever these lie."""
    digest = hashlib.sha256()
    if arrays and isinstance(arrays[0], OnDisk):
        first, arrays = arrays[0], arrays[1:]
        digest = first.digest()  # Its rows were gone through when they were found sound.
    for array in arrays:
        digest.update(header(array))
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def sample(features: Features, rows: int, columns: int, seed: int) -> Features:
    """Return at most so many rows, drawn at random, and the first columns of X in memory.

    At random, because a file may hold one class after the other.
    """
    drawn = np.random.default_rng(seed).permutation(len(features.y))[:rows]
    return replace(features, X=features.X[drawn, :columns], y=features.y[drawn])


def split(features: Features, validation_fraction: float, seed: int) -> Split:
    """Cut the rows in two at random, as the article does, and standardise where asked.

    Raises:
        InputError: a part is left empty or without one of the classes.
    """
    # A second of imports: not for finding a finished run.
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    n = len(features.y)
    try:
        rows, others = train_test_split(
            np.arange(n), test_size=validation_fraction, random_state=seed
        )
    except ValueError as error:
        raise InputError(
            f"validation_fraction: found {validation_fraction} of {n} rows, "
            "expected a fraction that leaves rows on both sides"
        ) from error
    y_train, y_validation = features.y[rows], features.y[others]
    classes = np.unique(features.y)
    for part, y in (("training", y_train), ("validation", y_validation)):
        missing = np.setdiff1d(classes, y)
        if missing.size:
            raise InputError(
                f"validation_fraction: found {validation_fraction} of {n} rows, which with seed "
                f"{seed} leaves class {missing[0]} out of the {part} part; expected "
                + ("both classes" if len(classes) == 2 else f"all {len(classes)} classes")
            )
    parts = [_take(features.X, each) for each in (rows, others)]
    columns = features.X.shape[1]
    mean, scale = np.zeros(columns, np.float32), np.ones(columns, np.float32)
    if features.standardise:
        scaler = StandardScaler(copy=False)
        X_train = parts[0]
        for block in blocks(*X_train.shape):
            scaler.partial_fit(X_train[block])
        parts = [_changed(X, scaler.transform) for X in parts]
        mean, scale = scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)
    X_train, X_validation = parts
    return Split(X_train, y_train, X_validation, y_validation, mean, scale, rows)


@dataclass(frozen=True, eq=False)
class Cut:
    """A split that is made where it is needed: small itself, and the same rows wherever that is."""

    features: Features
    validation_fraction: float
    seed: int

    def split(self) -> Split:
        """Return the split; the last one is kept, until another is asked for.

        Raises:
            InputError: as `split` does.
        """
        if self not in _made:
            _made.clear()  # Before the next is there: a split is as large as the features.
            _made[self] = split(self.features, self.validation_fraction, self.seed)
        return _made[self]


_made: WeakKeyDictionary[Cut, Split] = WeakKeyDictionary()


def _take(X: Matrix, rows: np.ndarray) -> Matrix:
    if isinstance(X, OnDisk):
        return X.chosen(rows)
    taken = aligned((len(rows), X.shape[1]), X.dtype)
    return np.take(X, rows, axis=0, out=taken, mode="clip")  # Any other mode fills a buffer first.


def _changed(X: Matrix, change: Callable[[np.ndarray], np.ndarray]) -> Matrix:
    return X.changed(change) if isinstance(X, OnDisk) else change(X)


def describe(features: Features, parts: Split) -> dict[str, str | int | bool]:
    """Return what a history keeps of its data."""
    return {
        "name": features.name,
        "article": features.article,
        "made_up": features.made_up,
        "sha256": fingerprint(features.X, features.y),
        "train_rows": len(parts.y_train),
        "validation_rows": len(parts.y_validation),
        "features": features.X.shape[1],
    }


# What an experiment on formulas says in place of `describe`: it has no rows.
CLOSED_FORMS: dict[str, str | int | bool] = {
    "name": "closed forms, no data",
    "article": "",
    "made_up": False,
    "sha256": "",
}
