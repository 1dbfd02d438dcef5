"""Features of the same images by several backbones, joined column by column."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinhead.data import hdf5
from twinhead.data.features import fingerprint
from twinhead.data.hdf5 import Contents
from twinhead.errors import InputError


def join(paths: Sequence[str]) -> Contents:
    """Return the contents of features files that `twinhead features` made, X side by side.

    A row has to be the same image in all of them: by name, by label, and where the files tell, by
    the bytes of the images.

    Raises:
        InputError: a file is not as it has to be, or is of other images than the first.
    """
    first, *rest = (Path(path) for path in paths)
    begun = hdf5.read(first)
    names, y = _names(first, begun), begun.y
    blocks, tally = [begun.X], begun.tally
    for path in rest:
        read = hdf5.read(path)
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
        blocks.append(read.X)
        tally += read.tally
    X = np.hstack(blocks)
    return Contents(X, y, False, fingerprint(X, y), tally)


def _names(path: Path, read: Contents) -> list[str]:
    if read.names is None:
        raise InputError(
            f"{path}: dataset `train_names` is missing; expected a file that `twinhead features` "
            "made"
        )
    return read.names
