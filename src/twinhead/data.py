"""Features in: an HDF5 file, the surrogate of one, or a set that comes with scikit-learn.

Everything that can be wrong with a file is found here, before anything slow is imported.
"""

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import h5py
import numpy as np

from twinhead import config, surrogate
from twinhead.errors import InputError

log = logging.getLogger(__name__)

ARTICLE_FILE = "data/gap_Xception.h5"
SURROGATE = "surrogate of Xception cat/dog features"
ALIGNMENT = 64  # Bytes; TensorFlow copies, or worse, what begins elsewhere.
MOST_CLASSES = 100  # One head a pair of classes is more than enough with these.
LAYOUT = "an HDF5 file with `train` (n, d) and `label` (n,)"


@dataclass(frozen=True)
class Features:
    """Features X, float32 (n, d), and labels y, uint8 (n,) in {0, 1}; class 1 is positive.

    Or in {0, ..., K - 1}, for an experiment that asks for many classes.

    Attributes:
        name: fit for a title.
        made_up: surrogate data; whoever shows a result says so, as the name does.
        standardise: whether `split` brings every column to mean 0 and variance 1.
        article: the article whose features these are or stand in for, or nothing.
    """

    name: str
    X: np.ndarray
    y: np.ndarray
    made_up: bool = False
    standardise: bool = False
    article: str = ""


@dataclass(frozen=True, eq=False)
class Split:
    """One 80/20 cut of the features; equal to itself alone.

    `mean` and `scale` are what was taken out of every column. They come from the training rows
    alone, and are 0 and 1 where features are used as they are.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_validation: np.ndarray
    y_validation: np.ndarray
    mean: np.ndarray
    scale: np.ndarray


def load(settings: config.Data, many_classes: bool = False) -> Features:
    """Return the features that `settings` name, checked.

    Args:
        many_classes: whether the experiment needs three classes or more, and not exactly two.

    Raises:
        InputError: the file is missing, damaged, or not in the layout; or the wrong number of
            classes.
    """
    features = _load(settings)
    source = settings.path if isinstance(settings, config.File) else f"data={settings.name}"
    return replace(features, y=_check_labels(source, features.y, many_classes))


def _load(settings: config.Data) -> Features:
    """Return the features, labels not yet checked."""
    match settings:
        case config.BreastCancer():
            from sklearn.datasets import load_breast_cancer

            X, y = load_breast_cancer(return_X_y=True)
            return Features(
                "breast cancer (Wisconsin)",
                X.astype(np.float32),
                y.astype(np.uint8),
                standardise=True,
            )
        case config.Digits():
            from sklearn.datasets import load_digits

            X, y = load_digits(return_X_y=True)
            return Features("handwritten digits (8 x 8)", (X / 16).astype(np.float32), y)
        case config.File(path=path):
            X, y, made_up = _read(Path(path))
            name = f"surrogate in {Path(path).name}" if made_up else Path(path).name
            return Features(name, X, y, made_up)
        case config.CatDog(path=path) if _is_there(path):
            X, y, made_up = _read(Path(path))
            expected = (surrogate.ROWS, surrogate.FEATURES)
            if made_up or X.shape != expected:
                found = "a surrogate" if made_up else f"shape {X.shape}"
                raise InputError(
                    f"{path}: found {found}, expected the article's features, shape {expected}; "
                    "use data=file for others"
                )
            return Features("cat/dog features (Xception)", X, y, article="000")
        case config.CatDog(seed=seed):
            log.info("no %s: using a surrogate of it", ARTICLE_FILE)
            return _load_surrogate(surrogate.ROWS, surrogate.FEATURES, seed, article="000")
        case config.Surrogate(rows=rows, features=features, seed=seed):
            return _load_surrogate(rows, features, seed)


def identity(settings: config.Data) -> str:
    """Return what tells these features from others, without making or importing them.

    A file is read and its arrays are hashed: the same path may hold other features tomorrow.
    """
    match settings:
        case config.BreastCancer():
            return f"scikit-learn {version('scikit-learn')} breast_cancer"
        case config.Digits():
            return f"scikit-learn {version('scikit-learn')} digits"
        case config.File(path=path):
            return fingerprint(*_read(Path(path))[:2])
        case config.CatDog(path=path) if _is_there(path):
            return fingerprint(*_read(Path(path))[:2])
        case config.CatDog(seed=seed):
            return surrogate.recipe(surrogate.ROWS, surrogate.FEATURES, seed)
        case config.Surrogate(rows=rows, features=features, seed=seed):
            return surrogate.recipe(rows, features, seed)


def _is_there(path: str) -> bool:
    """Tell whether to read the file: it is there, or was named, so that its absence is an error."""
    return path != ARTICLE_FILE or os.path.lexists(path)


def fingerprint(*arrays: np.ndarray) -> str:
    """Return the SHA-256 of the arrays' types, shapes and bytes, whatever file they came from."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def split(features: Features, validation_fraction: float, seed: int) -> Split:
    """Cut the rows in two at random, as the article does, and standardise where asked.

    Raises:
        InputError: a part is left empty or without one of the classes.
    """
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
    X_train, X_validation = _take(features.X, rows), _take(features.X, others)
    mean, scale = np.zeros(X_train.shape[1], np.float32), np.ones(X_train.shape[1], np.float32)
    if features.standardise:
        scaler = StandardScaler(copy=False).fit(X_train)
        X_train, X_validation = scaler.transform(X_train), scaler.transform(X_validation)
        mean, scale = scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)
    return Split(X_train, y_train, X_validation, y_validation, mean, scale)


def _take(X: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return these rows in memory that begins where TensorFlow can use it without a copy."""
    size = len(rows) * X.shape[1] * X.itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    taken = room[start : start + size].view(X.dtype).reshape(len(rows), X.shape[1])
    return np.take(X, rows, axis=0, out=taken, mode="clip")  # Any other mode fills a buffer first.


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


def _load_surrogate(rows: int, features: int, seed: int, article: str = "") -> Features:
    """Read the surrogate from data/, where a run before this one has kept it, or make it."""
    recipe = surrogate.recipe(rows, features, seed)
    path = Path("data") / f"surrogate_{rows}x{features}_seed{seed}.h5"
    try:
        with h5py.File(path) as file:
            X, y = file["train"][:], file["label"][:]
            intact = file.attrs["sha256"] == fingerprint(X, y)
            if intact and file.attrs["recipe"] == recipe:
                return Features(SURROGATE, X, y, made_up=True, article=article)
    except (OSError, KeyError):
        pass  # Not there yet, or not ours: it is made again below.
    X, y = surrogate.make(rows, features, seed)
    try:
        with _written_whole(path) as aside, h5py.File(aside, "w") as file:
            file["train"], file["label"] = X, y
            file.attrs["recipe"], file.attrs["sha256"] = recipe, fingerprint(X, y)
            file.attrs["made_up"] = "Surrogate: no image has been seen in the making of this file."
    except OSError as error:
        log.warning("%s is not kept for the next run: %s", path, error.strerror or error)
    return Features(SURROGATE, X, y, made_up=True, article=article)


@contextmanager
def _written_whole(path: Path) -> Iterator[Path]:
    """Give a place to write aside; `path` gets the file when all of it is there, or never."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _read(path: Path) -> tuple[np.ndarray, np.ndarray, bool]:
    """Read and check a file in the article's layout: X, y, and whether it says it is made up.

    An unlabelled `test` is left alone.
    """
    try:
        if not path.exists():
            raise InputError(f"{path}: no such file; expected {LAYOUT}")
        if path.is_dir():
            raise InputError(f"{path}: found a folder, expected {LAYOUT}")
        if not h5py.is_hdf5(path):
            raise InputError(f"{path}: not an HDF5 file; expected {LAYOUT}")
        with h5py.File(path) as file:
            _check_layout(path, file)
            X, y = file["train"][:], file["label"][:]
            made_up = "made_up" in file.attrs
    except OSError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: damaged or unreadable ({reason}); expected {LAYOUT}") from error
    return _check_features(path, X), y, made_up


def _check_layout(path: Path, file: h5py.File) -> None:
    found = ", ".join(sorted(file)) or "nothing"
    for name, rank in (("train", 2), ("label", 1)):
        if not isinstance(file.get(name), h5py.Dataset):
            raise InputError(
                f"{path}: dataset `{name}` is missing; found {found}; expected {LAYOUT}"
            )
        dataset = file[name]
        if dataset.ndim != rank:
            shape = dataset.shape
            raise InputError(f"{path}: `{name}` has shape {shape}, expected {rank} dimension(s)")
        if dataset.dtype.kind not in "biuf":
            raise InputError(f"{path}: `{name}` holds {dataset.dtype}, expected numbers")
    if len(file["train"]) != len(file["label"]):
        raise InputError(
            f"{path}: `train` has {len(file['train'])} rows and `label` {len(file['label'])}, "
            "expected as many"
        )
    if 0 in file["train"].shape:
        raise InputError(
            f"{path}: `train` has shape {file['train'].shape}, expected at least one row and column"
        )


def _check_features(path: Path, X: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        X = X.astype(np.float32, copy=False)
    # One sum tells whether there is anything to look for, without a mask as large as X.
    with np.errstate(over="ignore", invalid="ignore"):
        clean = np.isfinite(X.sum(dtype=np.float64))
    if not clean:
        bad = np.argwhere(~np.isfinite(X))
        row, column = bad[0]
        raise InputError(
            f"{path}: `train` holds {len(bad)} value(s) that are NaN, infinite or too large for "
            f"float32, the first at row {row}, column {column}; expected finite numbers"
        )
    return X


def _check_labels(source: str, y: np.ndarray, many_classes: bool) -> np.ndarray:
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
