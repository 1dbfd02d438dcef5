"""Rows of a file in which they are chunked or compressed, written anew one behind the other.

Once for each file, as it was then, in data/: reading them at random places there takes a hundredth
of what it takes from chunks. `twinhead clean` removes them.
"""

import logging
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from twinhead.data.ondisk import MEBI, OnDisk
from twinhead.data.stretches import Stretch
from twinhead.disk import manifest, whole
from twinhead.errors import InputError
from twinhead.steps import Steps

log = logging.getLogger(__name__)

PLACE = Path("data")
FOLDERS = "rows_*"
FILE = "rows.bin"
RESERVE = 2**28  # Bytes that a disk keeps: results are written as well.


def rewritten(
    path: Path, name: str, kind: np.dtype, shape: Sequence[int], blocks: Iterable[np.ndarray]
) -> OnDisk:
    """Return rows that were written to data/`name`, now or by an earlier run.

    Args:
        name: one that changes with the file.
        blocks: all rows in order; left alone where they were written before.

    Raises:
        InputError: they do not fit on the disk.
    """
    folder = PLACE / name
    whole.tidy(PLACE)
    if not manifest.faults(folder):
        X = _opened(folder, kind, shape)
        with suppress(InputError):
            X.check(str(path))
            if X.digest().hexdigest() == manifest.read(folder).get("rows"):
                return X
    try:
        return _write(path, folder, kind, shape, blocks)
    except OSError as error:
        raise InputError(
            f"{path}: its rows cannot be written to {PLACE}/: {error.strerror}; "
            "expected a writable folder with room for them"
        ) from error


def _write(
    path: Path, folder: Path, kind: np.dtype, shape: Sequence[int], blocks: Iterable[np.ndarray]
) -> OnDisk:
    size = int(np.prod(shape, dtype=object)) * kind.itemsize
    PLACE.mkdir(exist_ok=True)
    free = shutil.disk_usage(PLACE).free
    if size + RESERVE > free:
        raise InputError(
            f"{path}: `train` is chunked or compressed, and takes {size / 1e9:.1f} GB in "
            f"{PLACE}/; found {free / 1e9:.1f} GB free there, expected {RESERVE / 1e9:.1f} more "
            "than it takes"
        )
    log.info("%s: writing its rows to %s, %.1f GB, once", path, folder, size / 1e9)
    with whole.written(PLACE, folder.name, fresh=True) as aside:
        with (aside / FILE).open("wb") as file:
            steps = Steps(f"{path}: MiB written anew", size / MEBI)
            for block in blocks:
                file.write(np.ascontiguousarray(block, kind).data)
                steps.done(block.size * kind.itemsize / MEBI)
        X = _opened(aside, kind, shape)
        X.check(str(path))
        manifest.seal(aside, finished=True, rows=X.digest().hexdigest(), of=path.name)
    (rows,) = X.stretches
    assert isinstance(rows, Stretch)
    rows.path = folder / FILE  # What it is called now, for whoever has to complain.
    return X


def _opened(folder: Path, kind: np.dtype, shape: Sequence[int]) -> OnDisk:
    return OnDisk([Stretch(folder / FILE, 0, kind, shape)])


def sizes() -> dict[Path, int]:
    """Return the folders that rows were written to, and their bytes."""
    return {
        folder: sum(path.stat().st_size for path in folder.iterdir())
        for folder in sorted(PLACE.glob(FOLDERS))
        if folder.is_dir()
    }
