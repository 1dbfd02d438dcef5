"""What a path of a user's has to be before anything slow is started. Imports no Keras."""

import os
import zipfile
from pathlib import Path

from twinhead.errors import InputError

EXPECTED = "a model that Keras saved, .keras or .h5"
SAFETENSORS = ".safetensors"
# Unpickling runs whatever the file says.
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib")


def refuse_pickle(path: Path) -> None:
    """Raise an InputError for a file that would have to be unpickled: that runs what it says."""
    if path.suffix.lower() in PICKLES:
        raise InputError(
            f"{path}: found a pickle, which may run anything when it is opened; expected "
            f"{SAFETENSORS}: safetensors.torch.save_file(torch.load({path.name!r}, "
            "weights_only=True), 'model.safetensors') writes one"
        )


def check_model(path: Path) -> None:
    """Raise an InputError unless this looks like a model that Keras saved."""
    refuse_pickle(path)
    if not path.exists():
        raise InputError(f"{path}: no such file; expected {EXPECTED}")
    if path.is_dir():
        raise InputError(f"{path}: found a folder, expected {EXPECTED}")
    if path.name.endswith(".weights.h5"):
        raise InputError(f"{path}: found weights alone, expected {EXPECTED}")
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        found = f"a {path.suffix} file" if path.suffix else "a file without a suffix"
        raise InputError(f"{path}: found {found}, expected {EXPECTED}")
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise InputError(f"{path}: damaged, or cut off in the middle; expected {EXPECTED}")


def check_new(path: Path, suffix: str) -> None:
    """Raise an InputError unless a file of this suffix can be written there, and is not yet."""
    if path.suffix != suffix:
        raise InputError(
            f"{path}: found {path.suffix or 'no suffix'}, expected a {suffix} to write"
        )
    if path.exists():
        raise InputError(f"{path}: found a file already, expected a new name")
    if not path.parent.is_dir():
        raise InputError(f"{path}: found no folder {path.parent}, expected one")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: the folder cannot be written to")
