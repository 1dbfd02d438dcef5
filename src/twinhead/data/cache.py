"""The surrogate, kept in data/ for the next run: making it takes longer than reading it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from twinhead.data import surrogate
from twinhead.data.features import Features, fingerprint

log = logging.getLogger(__name__)

NAME = "surrogate of Xception cat/dog features"


def load(rows: int, features: int, seed: int, article: str = "") -> Features:
    """Read the surrogate from data/, where a run before this one has kept it, or make it."""
    recipe = surrogate.recipe(rows, features, seed)
    path = Path("data") / f"surrogate_{rows}x{features}_seed{seed}.h5"
    try:
        with h5py.File(path) as file:
            X, y = file["train"][:], file["label"][:]
            intact = file.attrs["sha256"] == fingerprint(X, y)
            if intact and file.attrs["recipe"] == recipe:
                return Features(NAME, X, y, made_up=True, article=article)
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
    return Features(NAME, X, y, made_up=True, article=article)


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
