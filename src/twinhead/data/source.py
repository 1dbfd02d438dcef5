"""What a source of features is: it loads itself, checked, and knows its identity.

An identity tells these features from others without making them or importing what makes them. A
file is read and its arrays are hashed: the same path may hold other features tomorrow.
"""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from twinhead.data.features import Features, check_labels
from twinhead.data.hdf5 import Contents
from twinhead.data.ondisk import THREADS, OnDisk
from twinhead.errors import InputError
from twinhead.settings import Values, expected


class Source(Values):
    """A source of features: `_features` makes or reads them, `load` checks them as well."""

    def load(self, many_classes: bool = False, on_disk: bool = False) -> Features:
        """Return the features, checked.

        Args:
            many_classes: whether the experiment needs three classes or more, and not exactly two.
            on_disk: whether the experiment can do with X that stays on the disk, because it does
                nothing with X but split it and hand it to the bank.

        Raises:
            InputError: the file is missing, damaged, or not in the layout; or the wrong number of
                classes; or X is too large for memory, and is needed there.
        """
        features = _given.get(self) or self._features()
        if isinstance(features.X, OnDisk) and not on_disk:
            raise InputError(
                f"{self.called()}: found {features.X.nbytes / 1e9:.1f} GB of features, left on the "
                f"disk; expected lr_ratio or train, which read them there, or data.in_memory=true"
            )
        return replace(features, y=check_labels(self.called(), features.y, many_classes))

    name: str

    def __hash__(self) -> int:
        return hash(self.model_dump_json())  # A list among the fields has none of its own.

    def called(self) -> str:
        """Return what the user called it by, for messages."""
        return f"data={self.name}"

    def settings(self) -> dict[str, Any]:
        """Return what decides the features, beside their identity: not where a file lies."""
        values = self.model_dump(exclude={"external", "in_memory"})
        if "path" in values:
            values["path"] = Path(values["path"]).name
        return values

    def identity(self) -> str:
        raise NotImplementedError

    def reading(self) -> dict[str, Any]:
        """Return what was read of X from a file until now, and how fast; nothing if nothing was."""
        return {}

    def _features(self) -> Features:
        raise NotImplementedError


# What another process has loaded, for one to whom the files are not there.
_given: dict[Source, Features] = {}


def give(source: Source, features: Features) -> None:
    """Let a source load these features, and no others than the latest given."""
    _given.clear()
    _given[source] = features


class Read(Source):
    """A source that is read, once: its identity is that of the very arrays it gives.

    Where rows are while one trains on them changes no number, and is no part of that.
    """

    in_memory: Annotated[bool | Literal["auto"], expected("auto, true or false")] = "auto"

    def _read(self) -> Contents:
        raise NotImplementedError

    @cached_property
    def _sha256(self) -> str:
        _latest[:] = [self._read()]
        return _latest[0].sha256

    def reading(self) -> dict[str, Any]:
        if "_sha256" not in self.__dict__ or not _is_latest(self._sha256):
            return {}
        (read,) = _latest
        if not isinstance(read.X, OnDisk):
            return {"whole": read.tally.told()}
        return {
            "in_order": read.X.gone_through.told(),
            "at_random": read.X.tally.told() | {"readers": THREADS},
        }

    def _contents(self) -> Contents:
        sha256 = self._sha256
        if not _is_latest(sha256):  # Something else was read meanwhile, or another process did.
            _latest[:] = [self._read()]
        if not _is_latest(sha256):
            raise InputError(
                f"{self.called()}: found other features than a moment ago, expected them to stay"
            )
        return _latest[0]


# What was read last: one file of a multirun is kept in memory, and not one a job.
_latest: list[Contents] = []


def _is_latest(sha256: str) -> bool:
    return bool(_latest) and _latest[0].sha256 == sha256
