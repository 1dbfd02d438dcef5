"""A user's model files: read with one line for whatever is wrong, written whole and read again."""

import json
import logging
import re
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.models.backend import keras
from twinhead.models.optimizers import has_state
from twinhead.models.paths import EXPECTED, check_model


def load(path: Path) -> Any:
    """Return the model that a file holds, compiled as it was saved.

    Raises:
        InputError: there is none, or it needs code that only its author has.
    """
    check_model(path)
    try:
        with _quietly():
            return keras.models.load_model(path)
    except Exception as error:  # Keras raises nearly everything.
        raise InputError(f"{path}: {_reason(path, error)}") from error


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out what Keras says of every model that was saved before it was trained."""
    log = logging.getLogger("absl")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


def _reason(path: Path, error: Exception) -> str:
    said = str(error)
    if "Lambda" in said and "unsafe" in said:
        return (
            "found a Lambda layer, whose code would run when it is read; expected none: load it "
            "yourself if you trust it, and call twinhead.convert(model)"
        )
    unknown = re.search(r"Could not locate (?:class|function) '([^']+)'", said)
    if unknown:
        return (
            f"found {unknown[1]}, which is not Keras's own; expected Keras's: load it in your "
            "program, and call twinhead.convert(model)"
        )
    own, other = keras.version(), _version(path)
    if other and other.split(".")[:2] != own.split(".")[:2]:
        return (
            f"written by Keras {other} and not read by {own} ({_line(said)}); expected {EXPECTED}"
        )
    return f"damaged or unreadable ({_line(said)}); expected {EXPECTED}"


def _line(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if line.strip()), "no reason given")[
        :200
    ]


def _version(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return ""


def save(model: Any, path: Path) -> None:
    """Write a model, whole or not at all, and read it again: every variable has to be there.

    Raises:
        InputError: what was read is not what was written.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        whole = Path(folder) / path.name
        with _quietly():
            model.save(whole)
        again = load(whole)
        for name in ("weights", "optimizer"):
            wrote, read = (_values(each, name) for each in (model, again))
            if name == "optimizer" and not wrote:
                continue
            same = len(wrote) == len(read) and all(
                np.array_equal(one, other, equal_nan=True)
                for one, other in zip(wrote, read, strict=True)
            )
            if not same:
                raise InputError(f"{path}: {name} of the model are others when it is read again")
        whole.replace(path)


def _values(model: Any, name: str) -> list[np.ndarray]:
    if name == "optimizer":
        optimizer = getattr(model, "optimizer", None)
        # Loaded, it is built anyway.
        variables = optimizer.variables if optimizer is not None and has_state(optimizer) else []
    else:
        variables = model.weights  # Not the generators of dropout masks: no file holds them.
    return [keras.ops.convert_to_numpy(each).astype(np.float64) for each in variables]
