"""Features of the same images by several backbones, joined column by column."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinhead.data import hdf5
from twinhead.data.images import layout
from twinhead.errors import InputError


def join(paths: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return X and y of features files that `twinhead features` made, X side by side.

    A row has to be the same image in all of them: by name, by label, and where the files tell, by
    the bytes of the images.

    Raises:
        InputError: a file is not as it has to be, or is of other images than the first.
    """
    first = Path(paths[0])
    names = layout.names(first)
    X, y, _ = hdf5.read(first)
    blocks = [X]
    for path in map(Path, paths[1:]):
        others = layout.names(path)
        for row, (name, other) in enumerate(zip(names, others, strict=False)):
            if name != other:
                raise InputError(f"{path}: row {row} is {other}, expected {name}, as in {first}")
        if len(others) != len(names):
            raise InputError(f"{path}: {len(others)} rows, expected {len(names)}, as in {first}")
        more, labels, _ = hdf5.read(path)
        if not np.array_equal(labels, y):
            row = int(np.argmax(labels != y))
            raise InputError(
                f"{path}: {names[row]} has label {labels[row]}, expected {y[row]}, as in {first}"
            )
        bytes_here, bytes_there = (
            layout.about(each).get("images_sha256") for each in (path, first)
        )
        if None not in (bytes_here, bytes_there) and bytes_here != bytes_there:
            raise InputError(
                f"{path}: its images have other bytes than those of {first}, expected the same"
            )
        blocks.append(more)
    return np.hstack(blocks), y
