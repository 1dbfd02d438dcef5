"""Features from several files, row by row: in memory if they fit, otherwise where they are."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from twinhead.data import hdf5, room
from twinhead.data.features import fingerprint
from twinhead.data.hdf5 import Contents
from twinhead.data.ondisk import OnDisk, Tally
from twinhead.errors import InputError

# Of the memory that is left, for X. The two parts that it is split into take as much again.
SHARE = 0.25


def stack(
    paths: Sequence[Path], external: bool = False, in_memory: bool | Literal["auto"] = "auto"
) -> Contents:
    """Return the contents of features files, the rows of one below those of the other.

    Args:
        external: whether to follow links to other files.
        in_memory: whether to load X, which changes no number; auto: where it fits.

    Raises:
        InputError: a file is not as it has to be, or has other columns than the first.
    """
    most = math.inf if in_memory is True else -1
    if in_memory == "auto":
        most = int(SHARE * room.free() / len(paths))
    read = [hdf5.read(path, external, most) for path in paths]
    if len(read) == 1:
        return read[0]
    first, columns = paths[0], read[0].X.shape[1]
    for path, each in zip(paths, read, strict=True):
        if each.X.shape[1] != columns:
            raise InputError(
                f"{path}: `train` has {each.X.shape[1]} columns, expected {columns}, as in {first}"
            )
    if not any(isinstance(each.X, OnDisk) for each in read):
        X = np.concatenate([each.X for each in read])
        y, made_up = _labels(read)
        tally = sum((each.tally for each in read[1:]), read[0].tally)
        return Contents(X, y, made_up, fingerprint(X, y), tally)
    for i, each in enumerate(read):
        if not isinstance(each.X, OnDisk):  # Small, beside others that are large.
            read[i] = hdf5.read(paths[i], external, -1)
    large = OnDisk([stretch for each in read for stretch in each.X.stretches])
    y, made_up = _labels(read)
    large.check(" + ".join(map(str, paths)))
    return Contents(large, y, made_up, fingerprint(large, y), Tally())


def _labels(read: Sequence[Contents]) -> tuple[np.ndarray, bool]:
    return np.concatenate([each.y for each in read]), any(each.made_up for each in read)
