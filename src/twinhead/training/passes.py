"""Finished passes, kept in the folder that a run works in: a killed run goes on where it was.

A pass is found again by all that decides its records, and told from a damaged one by its hash.
"""

import hashlib
import logging
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary, ref

import numpy as np

from twinhead.data.features import Cut, Features, Split, fingerprint
from twinhead.data.ondisk import Matrix, OnDisk
from twinhead.disk import manifest
from twinhead.results import history
from twinhead.results.history import History, Record
from twinhead.steps import Steps


class Pass(Protocol):
    """What is trained in one go, and depends on nothing but itself and the split's rows."""

    def train(self, split: Split) -> list[Record]: ...

    def decides(self) -> tuple[Any, Sequence[np.ndarray]]:
        """Return all that decides the records beside the split: what has a `repr`, and arrays."""


class Elsewhere(Protocol):
    """Other processes that train passes."""

    def train(
        self, passes: Mapping[int, tuple[Pass, Cut]]
    ) -> Generator[tuple[int, list[Record]], None, None]:
        """Give every pass's number and records as soon as it is finished, in whatever order.

        Raises:
            InputError: passes failed; all others have been given before.
        """


log = logging.getLogger(__name__)

# Where to keep passes, and those that were there before: each is found once, so that whoever trains
# the same twice does so.
_kept: ContextVar[tuple[Path, dict[str, Path]] | None] = ContextVar("_kept", default=None)
_elsewhere: ContextVar[Elsewhere | None] = ContextVar("_elsewhere", default=None)
_splits: WeakKeyDictionary[Split, str] = WeakKeyDictionary()
# Of the latest features: every cut of them asks for it.
_features: list[tuple[ref[Features], str]] = []


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


@contextmanager
def trained_by(others: Elsewhere | None) -> Iterator[None]:
    """Have passes trained by other processes meanwhile, where `each` is given cuts of features."""
    before = _elsewhere.set(others)
    try:
        yield
    finally:
        _elsewhere.reset(before)


def each(passes: Sequence[tuple[Pass, Split | Cut]]) -> Iterator[list[Record]]:
    """Give the records of every pass, in this order: found, trained here, or elsewhere."""
    steps = Steps("passes", len(passes))
    others = _elsewhere.get()
    cuts = [(one, cut) for one, cut in passes if isinstance(cut, Cut)]
    if others is not None and len(cuts) == len(passes):
        yield from _from_elsewhere(others, cuts, steps)
        return
    for one, cut in passes:
        what, arrays = one.decides()

        def train(one: Pass = one, cut: Split | Cut = cut) -> list[Record]:
            return one.train(cut.split() if isinstance(cut, Cut) else cut)

        records = kept(cut, what, arrays, train)
        steps.done()
        yield records


def _from_elsewhere(
    others: Elsewhere, passes: Sequence[tuple[Pass, Cut]], steps: Steps
) -> Iterator[list[Record]]:
    state = _kept.get()
    if state is None:
        raise ValueError("passes trained elsewhere need a folder to be kept in")
    folder, there = state
    keys = [_key(cut, *one.decides()) for one, cut in passes]
    paths = {i: there.pop(key) for i, key in enumerate(keys) if key in there}
    steps.done(len(paths))
    missing = {i: passes[i] for i in range(len(passes)) if i not in paths}
    with closing(others.train(missing)) as arriving:
        for i in range(len(passes)):
            # On the disk as soon as they are there, whosever turn it is: killed, nothing is lost.
            while i not in paths:
                k, records = next(arriving)
                paths[k] = _keep(folder, keys[k], records)
                steps.done()
            yield _records(paths[i])


def kept(
    split: Split | Cut, what: Any, arrays: Sequence[np.ndarray], train: Callable[[], list[Record]]
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
        check_again(split.features.X if isinstance(split, Cut) else split.X_train)
        return records

    state = _kept.get()
    if state is None:
        return trained()
    folder, there = state
    key = _key(split, what, arrays)
    path = there.pop(key, None) or _keep(folder, key, trained())
    # What was just trained is read as well: whether a run was killed must not show anywhere.
    return _records(path)


def check_again(X: Matrix) -> None:
    """Raise InputError if rows that stayed on the disk did not stay what they were."""
    if isinstance(X, OnDisk):
        X.check_again()


def _records(path: Path) -> list[Record]:
    return list(history.load(path).records.values())


def _key(split: Split | Cut, what: Any, arrays: Sequence[np.ndarray]) -> str:
    decides = repr((what, _of(split), fingerprint(*arrays)))
    return hashlib.sha256(decides.encode()).hexdigest()[:32]


def _of(split: Split | Cut) -> str:
    if isinstance(split, Cut):
        return repr((sha256(split.features), split.validation_fraction, split.seed))
    if split not in _splits:
        # Of rows on the disk the hash is known, and which of them these are.
        X = [
            each.told() if isinstance(each, OnDisk) else each
            for each in (split.X_train, split.X_validation)
        ]
        taken_out = split.mean, split.scale
        _splits[split] = fingerprint(*X, split.y_train, split.y_validation, *taken_out)
    return _splits[split]


def sha256(features: Features) -> str:
    """Return the features' fingerprint, with that of how `split` changes them."""
    if not (_features and _features[0][0]() is features):
        found = f"{fingerprint(features.X, features.y)} {features.standardise}"
        _features[:] = [(ref(features), found)]
    return _features[0][1]


def _keep(folder: Path, key: str, records: list[Record]) -> Path:
    folder.mkdir(exist_ok=True)
    new = folder / f".{key}"
    history.save(History({}, {record.arm.name: record for record in records}), new)
    path = folder / f"{key}-{manifest.digest(new)}.h5"
    os.replace(new, path)
    return path


def _is_sound(path: Path) -> bool:
    return path.stem.partition("-")[2] == manifest.digest(path)
