"""Finished passes, kept in the folder that a run works in: a killed run goes on where it was.

A pass is found again by all that decides its records, and told from a damaged one by its hash.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from twinhead.data.features import Split, fingerprint
from twinhead.data.ondisk import OnDisk
from twinhead.disk import manifest
from twinhead.results import history
from twinhead.results.history import History, Record

log = logging.getLogger(__name__)

# Where to keep passes, and those that were there before: each is found once, so that whoever trains
# the same twice does so.
_kept: ContextVar[tuple[Path, dict[str, Path]] | None] = ContextVar("_kept", default=None)
_splits: WeakKeyDictionary[Split, str] = WeakKeyDictionary()


@contextmanager
def kept_in(folder: Path | None) -> Iterator[None]:
    """Keep whatever passes are finished meanwhile in this folder, and find those that are there.

    Args:
        folder: None where none are to be found, as by whoever measures how long they take.
    """
    paths = folder.glob("*-*.h5") if folder is not None else ()
    there = {path.name.partition("-")[0]: path for path in paths if _is_sound(path)}
    if there:
        log.info("going on after %d passes or fits that an earlier call finished", len(there))
    before = _kept.set((folder, there) if folder is not None else None)
    try:
        yield
    finally:
        _kept.reset(before)


def kept(
    split: Split, what: Any, arrays: Sequence[np.ndarray], train: Callable[[], list[Record]]
) -> list[Record]:
    """Return the records that `train` gives, or gave to a run that was killed since.

    Args:
        what: all that decides them beside `split` and `arrays`; its `repr` tells it from others.
        arrays: what the arms start from, and learn where that is not the split's labels.

    Raises:
        InputError: rows on the disk did not stay what they were.
    """

    def trained() -> list[Record]:
        records = train()
        if isinstance(split.X_train, OnDisk):
            split.X_train.check_again()
        return records

    state = _kept.get()
    if state is None:
        return trained()
    folder, there = state
    key = hashlib.sha256(repr((what, _of(split), fingerprint(*arrays))).encode()).hexdigest()[:32]
    path = there.pop(key, None) or _keep(folder, key, trained())
    # What was just trained is read as well: whether a run was killed must not show anywhere.
    return list(history.load(path).records.values())


def _of(split: Split) -> str:
    if split not in _splits:
        # Of rows on the disk the hash is known, and which of them these are.
        X = [
            each.told() if isinstance(each, OnDisk) else each
            for each in (split.X_train, split.X_validation)
        ]
        taken_out = split.mean, split.scale
        _splits[split] = fingerprint(*X, split.y_train, split.y_validation, *taken_out)
    return _splits[split]


def _keep(folder: Path, key: str, records: list[Record]) -> Path:
    folder.mkdir(exist_ok=True)
    new = folder / f".{key}"
    history.save(History({}, {record.arm.name: record for record in records}), new)
    path = folder / f"{key}-{manifest.digest(new)}.h5"
    os.replace(new, path)
    return path


def _is_sound(path: Path) -> bool:
    return path.stem.partition("-")[2] == manifest.digest(path)
