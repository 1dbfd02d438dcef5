"""How the rows of an HDF5 dataset lie in its file, for who does not want all of them at once."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np

from twinhead.data.stretches import state

LAYOUT = "an HDF5 file with `train` (n, d) and `label` (n,)"
# Seconds of computing that a file may take: some, and as many as a slow machine decompresses in.
LEAST_SECONDS, BYTES_A_SECOND = 5, 5_000_000
BLOCK_BYTES = 2**26
BFLOAT16 = "bfloat16"  # NumPy has no name of its own for it.
# Sign at bit 15, exponent of 8 bits at 7, mantissa of 7 bits at 0.
BFLOAT16_FIELDS = (15, 7, 8, 0, 7)


def kind(name: str) -> np.dtype:
    """Return the type of this name, as `place` gives it."""
    return np.dtype(ml_dtypes.bfloat16 if name == BFLOAT16 else name)


def place(path: Path, dataset: h5py.Dataset) -> dict[str, Any]:
    """Return a dataset's shape, its numbers' type, its first byte in the file, and which file.

    The place is None where the rows do not lie there one behind the other as they are in memory.
    """
    own = _kind(dataset)
    found = {
        "shape": dataset.shape,
        "kind": written(dataset.dtype).str,
        "offset": None,
        "state": state(dataset.file.id.get_vfd_handle()),
    }
    elsewhere = dataset.is_virtual or dataset.external or dataset.file.filename != os.fspath(path)
    if elsewhere or dataset.chunks is not None or own is None:
        return found
    offset = dataset.id.get_offset()
    # The first and the last row tell whether this is what it looks like.
    with path.open("rb") as file:
        for row in (0, len(dataset) - 1):
            file.seek(offset + row * dataset.shape[1] * kind(own).itemsize)
            raw = np.frombuffer(file.read(dataset.shape[1] * kind(own).itemsize), kind(own))
            with np.errstate(all="ignore"):
                one, other = (each.astype(np.float64) for each in (raw, dataset[row]))
            if not np.array_equal(one, other, equal_nan=True):
                return found
    return found | {"kind": own, "offset": offset}


def _kind(dataset: h5py.Dataset) -> str | None:
    stored = dataset.id.get_type()
    if dataset.dtype.kind == "f" and stored.get_size() == 2 != dataset.dtype.itemsize:
        is_bfloat16 = stored.get_fields() == BFLOAT16_FIELDS and stored.get_ebias() == 127
        return BFLOAT16 if is_bfloat16 and stored.get_order() == h5py.h5t.ORDER_LE else None
    return dataset.dtype.str if stored.equal(h5py.h5t.py_create(dataset.dtype)) else None


def written(kind: np.dtype) -> np.dtype:
    """Return the type in which rows are written anew: as short as it was, but no wider one."""
    return np.dtype("<f2") if kind == np.float16 else np.dtype("<f4")


def by_chunks(dataset: h5py.Dataset) -> Iterator[slice]:
    """Give all rows, so many at a time that no chunk is read twice, if these are not too many."""
    rows = max(1, BLOCK_BYTES // (dataset.shape[1] * dataset.dtype.itemsize))
    chunk = dataset.chunks[0] if dataset.chunks else 1
    size = rows // chunk * chunk or (chunk if chunk <= 4 * rows else rows)
    for start in range(0, len(dataset), size):
        yield slice(start, min(start + size, len(dataset)))
