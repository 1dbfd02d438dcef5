"""Features from several files, row by row: in memory if they fit, otherwise where they are."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from twinhead.data import hdf5, room
from twinhead.data.features import fingerprint
from twinhead.data.hdf5 import Contents
from twinhead.data.ondisk import Matrix, OnDisk
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
    read = read_all(paths, in_memory, external=external)
    if len(read) == 1:
        return read[0]
    first, columns = paths[0], read[0].X.shape[1]
    for path, each in zip(paths, read, strict=True):
        if each.X.shape[1] != columns:
            raise InputError(
                f"{path}: `train` has {each.X.shape[1]} columns, expected {columns}, as in {first}"
            )
    y = np.concatenate([each.y for each in read])
    made_up = any(each.made_up for each in read)
    if isinstance(read[0].X, OnDisk):
        stretches = [stretch for each in read for stretch in each.X.stretches]
        return joined(paths, read, OnDisk(stretches), y, made_up)
    return joined(paths, read, np.concatenate([each.X for each in read]), y, made_up)


def read_all(
    paths: Sequence[Path], in_memory: bool | Literal["auto"], **how: bool
) -> list[Contents]:
    """Return the contents of files, with X of all in memory or of all on the disk.

    Args:
        how: as in `hdf5.read`.
    """
    most = math.inf if in_memory is True else -1
    if in_memory == "auto":
        most = int(SHARE * room.free() / len(paths))
    alone = len(paths) == 1
    read: list[Contents] = []
    for path in paths:
        read.append(hdf5.read(path, most=most, alone=alone, **how))
        if isinstance(read[-1].X, OnDisk):
            most = -1  # A small one beside it is not loaded either.
    if most == -1:
        for i, each in enumerate(read):
            if not isinstance(each.X, OnDisk):
                read[i] = hdf5.read(paths[i], most=-1, alone=alone, **how)
    return read


def joined(
    paths: Sequence[Path], read: Sequence[Contents], X: Matrix, y: np.ndarray, made_up: bool
) -> Contents:
    """Return the contents of several files as one, X gone through where it stays on the disk."""
    if isinstance(X, OnDisk):
        try:
            X.check(" + ".join(map(str, paths)))
        except InputError:
            for path, each in zip(paths, read, strict=True):
                each.X.check(str(path))  # In which file it is, and where there.
            raise
    tally = sum((each.tally for each in read[1:]), read[0].tally)
    return Contents(X, y, made_up, fingerprint(X, y), tally)
