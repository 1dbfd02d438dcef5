"""Features of the same images by several backbones, joined column by column."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from twinhead.data import stacking
from twinhead.data.hdf5 import Contents
from twinhead.data.ondisk import OnDisk
from twinhead.data.stretches import SideBySide
from twinhead.errors import InputError


def join(files: Sequence[str], in_memory: bool | Literal["auto"] = "auto") -> Contents:
    """Return the contents of features files that `twinhead features` made, X side by side.

    A row has to be the same image in all of them: by name, by label, and where the files tell, by
    the bytes of the images.

    Args:
        in_memory: as in `stacking.stack`.

    Raises:
        InputError: a file is not as it has to be, or is of other images than the first.
    """
    first, *rest = paths = [Path(path) for path in files]
    begun, *further = every = stacking.read_all(paths, in_memory, names=True)
    names, y = _names(first, begun), begun.y
    for path, read in zip(rest, further, strict=True):
        others = _names(path, read)
        for row, (name, other) in enumerate(zip(names, others, strict=False)):
            if name != other:
                raise InputError(f"{path}: row {row} is {other}, expected {name}, as in {first}")
        if len(others) != len(names):
            raise InputError(f"{path}: {len(others)} rows, expected {len(names)}, as in {first}")
        labels = read.y
        if not np.array_equal(labels, y):
            row = int(np.argmax(labels != y))
            raise InputError(
                f"{path}: {names[row]} has label {labels[row]}, expected {y[row]}, as in {first}"
            )
        bytes_here, bytes_there = (each.about.get("images_sha256") for each in (read, begun))
        if None not in (bytes_here, bytes_there) and bytes_here != bytes_there:
            raise InputError(
                f"{path}: its images have other bytes than those of {first}, expected the same"
            )
    if isinstance(begun.X, OnDisk):
        X = OnDisk([SideBySide([each.X.stretches[0] for each in every])])
        return stacking.joined(paths, every, X, y, made_up=False)
    return stacking.joined(paths, every, np.hstack([each.X for each in every]), y, made_up=False)


def _names(path: Path, read: Contents) -> list[str]:
    if read.names is None:
        raise InputError(
            f"{path}: dataset `train_names` is missing; expected a file that `twinhead features` "
            "made"
        )
    return read.names
