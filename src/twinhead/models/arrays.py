"""Rows to try a model on: made up in the form that its inputs have, or read from a file."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinhead.data import hdf5
from twinhead.errors import InputError
from twinhead.models.backend import keras
from twinhead.models.reading import graph, inner

ROWS = 256
MOST_NUMBERS = 2_000_000  # Of made-up inputs: fewer rows of large images.
LENGTH = 32  # Of an axis that a model leaves open.
LAYOUT = "an .npz with `x` and `y`, or an HDF5 file with `train` and `label`"


@dataclass(frozen=True)
class Rows:
    """Inputs in the order in which the model takes them, and labels where there are any."""

    x: tuple[np.ndarray, ...]
    y: np.ndarray | None
    name: str

    def __len__(self) -> int:
        return len(self.x[0])

    def inputs(self, model: Any, rows: slice = slice(None)) -> Any:
        """Return some rows as the model's call takes them."""
        struct = graph(model).input
        taken = [keras.ops.convert_to_tensor(each[rows]) for each in self.x]
        return keras.tree.pack_sequence_as(struct, taken)


def made_up(model: Any, seed: int = 0) -> Rows:
    """Return made-up inputs: normal numbers, or whole ones that every Embedding knows.

    Raises:
        InputError: the model takes something else, such as text.
    """
    generator = np.random.default_rng(seed)
    inputs = graph(model).inputs
    shapes = [[LENGTH if size is None else size for size in each.shape[1:]] for each in inputs]
    numbers = sum(int(np.prod(shape)) for shape in shapes)
    rows = int(np.clip(MOST_NUMBERS // max(1, numbers), 16, ROWS))
    known = [each.input_dim for each in inner(model) if isinstance(each, keras.layers.Embedding)]
    x = []
    for each, shape in zip(inputs, shapes, strict=True):
        if "int" in each.dtype:
            x.append(
                generator.integers(0, min(known, default=2), (rows, *shape)).astype(each.dtype)
            )
        elif "float" in each.dtype:
            x.append(generator.standard_normal((rows, *shape)).astype(each.dtype))
        elif each.dtype == "bool":
            x.append(generator.random((rows, *shape)) < 0.5)
        else:
            raise InputError(
                f"{model.name}: takes {each.dtype}, which cannot be made up; expected inputs=, a "
                f"file with rows: {LAYOUT}"
            )
    return Rows(tuple(x), None, f"{rows} made-up rows")


def read(path: Path, model: Any) -> Rows:
    """Read rows for a model from a file.

    Args:
        path: an .npz with `x` (or an array for each of the model's inputs, under its name) and
            `y`; or features in the article's layout.
    """
    if path.suffix != ".npz":
        features = hdf5.read(path)
        return _checked(path, model, {"x": features.X, "y": features.y})
    if not path.exists():
        raise InputError(f"{path}: no such file; expected {LAYOUT}")
    try:
        with np.load(path, allow_pickle=False) as file:
            return _checked(path, model, {name: file[name] for name in file.files})
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: damaged or unreadable ({reason}); expected {LAYOUT}") from error


def _checked(path: Path, model: Any, arrays: Mapping[str, np.ndarray]) -> Rows:
    inputs = graph(model).inputs
    names = ["x"] if len(inputs) == 1 and "x" in arrays else [each.name for each in inputs]
    for name, each in zip(names, inputs, strict=True):
        if name not in arrays:
            found = ", ".join(arrays) or "nothing"
            raise InputError(f"{path}: `{name}` is missing; found {found}; expected {LAYOUT}")
        shape = arrays[name].shape
        fits = len(shape) == len(each.shape) and all(
            wanted is None or size == wanted
            for size, wanted in zip(shape[1:], each.shape[1:], strict=True)
        )
        if not fits or not shape[0]:
            raise InputError(
                f"{path}: `{name}` has shape {shape}, expected rows of {tuple(each.shape[1:])}"
            )
    x = tuple(
        arrays[name].astype(each.dtype, copy=False)
        for name, each in zip(names, inputs, strict=True)
    )
    y = arrays.get("y")
    if len({len(each) for each in (*x, *([] if y is None else [y]))}) > 1:
        raise InputError(f"{path}: found arrays of different lengths, expected one row each")
    return Rows(x, y, f"{len(x[0])} rows of {path.name}")
