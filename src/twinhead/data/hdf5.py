"""Reading a features file in the article's layout; whatever can be wrong with it is found here."""

from pathlib import Path

import h5py
import numpy as np

from twinhead.errors import InputError

LAYOUT = "an HDF5 file with `train` (n, d) and `label` (n,)"


def read(path: Path) -> tuple[np.ndarray, np.ndarray, bool]:
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
