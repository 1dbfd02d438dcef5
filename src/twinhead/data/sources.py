"""Where features come from: each source loads itself, checked, and knows its identity.

An identity tells these features from others without making them or importing what makes them. A
file is read and its arrays are hashed: the same path may hold other features tomorrow.
"""

import logging
import os
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from twinhead.data import cache, hdf5, surrogate
from twinhead.data.features import Features, check_labels
from twinhead.errors import InputError
from twinhead.settings import Flag, Seed, Text, Values, whole

log = logging.getLogger(__name__)

ARTICLE_FILE = "data/gap_Xception.h5"


class Source(Values):
    """A source of features: `_features` makes or reads them, `load` checks them as well."""

    def load(self, many_classes: bool = False) -> Features:
        """Return the features, checked.

        Args:
            many_classes: whether the experiment needs three classes or more, and not exactly two.

        Raises:
            InputError: the file is missing, damaged, or not in the layout; or the wrong number of
                classes.
        """
        features = self._features()
        return replace(features, y=check_labels(self.called(), features.y, many_classes))

    name: str

    def called(self) -> str:
        """Return what the user called it by, for messages."""
        return f"data={self.name}"

    def settings(self) -> dict[str, Any]:
        """Return what decides the features, beside their identity: not where a file lies."""
        values = self.model_dump(exclude={"external"})
        if "path" in values:
            values["path"] = Path(values["path"]).name
        return values

    def identity(self) -> str:
        raise NotImplementedError

    def _features(self) -> Features:
        raise NotImplementedError


class OfAFile(Source):
    """A source that reads a file, once: its identity is that of the very arrays it gives."""

    path: Text
    external: Flag = False

    @cached_property
    def _sha256(self) -> str:
        _latest[:] = [hdf5.read(Path(self.path), self.external)]
        return _latest[0].sha256

    def _contents(self) -> hdf5.Contents:
        sha256 = self._sha256
        if _latest[0].sha256 != sha256:  # Another file was read meanwhile.
            _latest[:] = [hdf5.read(Path(self.path), self.external)]
        if _latest[0].sha256 != sha256:
            raise InputError(
                f"{self.path}: found other features than a moment ago, expected a file that stays"
            )
        return _latest[0]


# What was read last: one file of a multirun is kept in memory, and not one a job.
_latest: list[hdf5.Contents] = []


class CatDog(OfAFile):
    """The article's file where the user has put it, otherwise a surrogate of it."""

    name: Literal["catdog"] = "catdog"
    path: Text = ARTICLE_FILE
    seed: Seed = 20180520

    @cached_property
    def _is_there(self) -> bool:
        """Tell whether to read the file: it is there, or was named, so that absence is an error."""
        return self.path != ARTICLE_FILE or os.path.lexists(self.path)

    def identity(self) -> str:
        if self._is_there:
            return self._sha256
        return surrogate.recipe(surrogate.ROWS, surrogate.FEATURES, self.seed)

    def _features(self) -> Features:
        shape = surrogate.ROWS, surrogate.FEATURES
        if not self._is_there:
            log.info("no %s: using a surrogate of it", ARTICLE_FILE)
            return cache.load(*shape, self.seed, article="000")
        read = self._contents()
        if read.made_up or read.X.shape != shape:
            found = "a surrogate" if read.made_up else f"shape {read.X.shape}"
            raise InputError(
                f"{self.path}: found {found}, expected the article's features, shape {shape}; "
                "use data=file for others"
            )
        return Features("cat/dog features (Xception)", read.X, read.y, article="000")


class Surrogate(Source):
    name: Literal["surrogate"] = "surrogate"
    rows: Annotated[int, whole(10, 10**6)]
    features: Annotated[int, whole(1, 10**5)]
    seed: Seed

    def identity(self) -> str:
        return surrogate.recipe(self.rows, self.features, self.seed)

    def _features(self) -> Features:
        return cache.load(self.rows, self.features, self.seed)


class File(OfAFile):
    name: Literal["file"] = "file"

    def called(self) -> str:
        return self.path

    def identity(self) -> str:
        return self._sha256

    def _features(self) -> Features:
        read = self._contents()
        name = Path(self.path).name
        called = f"surrogate in {name}" if read.made_up else name
        return Features(called, read.X, read.y, read.made_up)


class BreastCancer(Source):
    name: Literal["breast_cancer"] = "breast_cancer"

    def identity(self) -> str:
        return f"scikit-learn {version('scikit-learn')} breast_cancer"

    def _features(self) -> Features:
        from sklearn.datasets import load_breast_cancer  # Slow, and not for finding a run.

        X, y = load_breast_cancer(return_X_y=True)
        X, y = X.astype(np.float32), y.astype(np.uint8)
        return Features("breast cancer (Wisconsin)", X, y, standardise=True)


class Digits(Source):
    name: Literal["digits"] = "digits"

    def identity(self) -> str:
        return f"scikit-learn {version('scikit-learn')} digits"

    def _features(self) -> Features:
        from sklearn.datasets import load_digits  # Slow, and not for finding a run.

        X, y = load_digits(return_X_y=True)
        return Features("handwritten digits (8 x 8)", (X / 16).astype(np.float32), y)


TwoClasses = CatDog | Surrogate | File | BreastCancer
ManyClasses = Digits | File
