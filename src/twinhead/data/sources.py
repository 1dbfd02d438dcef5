"""Where features come from: one source a class, which knows what else may be said of it."""

import logging
import os
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from twinhead.data import cache, stacking, surrogate
from twinhead.data.features import Features
from twinhead.data.hdf5 import Contents
from twinhead.data.images import backbones
from twinhead.data.images.joining import join
from twinhead.data.images.wanted import IMAGENET, Wanted, of_network, wanted
from twinhead.data.source import Read, Source
from twinhead.errors import InputError
from twinhead.settings import Flag, Seed, Text, Values, different, expected, one_of, whole

log = logging.getLogger(__name__)

ARTICLE_FILE = "data/gap_Xception.h5"


class CatDog(Read):
    """The article's file where the user has put it, otherwise a surrogate of it."""

    name: Literal["catdog"] = "catdog"
    path: Text = ARTICLE_FILE
    seed: Seed = 20180520

    @cached_property
    def _is_there(self) -> bool:
        """Tell whether to read the file: it is there, or was named, so that absence is an error."""
        return self.path != ARTICLE_FILE or os.path.lexists(self.path)

    def _read(self) -> Contents:
        return stacking.stack([Path(self.path)], in_memory=self.in_memory)

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
        # A file made by `twinhead features` says by which network; the article's says nothing.
        weights = read.about.get("weights", IMAGENET)
        if read.made_up or read.X.shape != shape or weights != IMAGENET:
            found = f"shape {read.X.shape}, weights {weights}"
            found = "a surrogate" if read.made_up else found
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


NoTwice = expected("a list of different paths", lambda paths: len(set(paths)) == len(paths))


class File(Read):
    name: Literal["file"] = "file"
    path: Text
    # Not paths, as those that `data=files` joins column by column.
    more_rows: Annotated[list[Text], NoTwice] = Field(default_factory=list)
    external: Flag = False  # Whether to follow links, external storage and virtual sets.

    @model_validator(mode="after")
    def _checked(self) -> "File":
        if self.path in self.more_rows:
            words = f"more_rows: found {self.path}, expected other files than data.path"
            raise PydanticCustomError("key", "{words}", {"words": words})
        return self

    def called(self) -> str:
        return " + ".join([self.path, *self.more_rows])

    def settings(self) -> dict[str, Any]:
        names = [Path(path).name for path in (self.path, *self.more_rows)]
        return {"name": self.name, "rows_of": names}

    def identity(self) -> str:
        return self._sha256

    def _read(self) -> Contents:
        paths = [Path(path) for path in (self.path, *self.more_rows)]
        return stacking.stack(paths, self.external, self.in_memory)

    def _features(self) -> Features:
        read = self._contents()
        name = " + ".join(self.settings()["rows_of"])
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


def _backbone(value: Any) -> str:
    name = backbones.called(value) if isinstance(value, str) else None
    if name is None:
        raise PydanticCustomError("expected", "{words}", {"words": backbones.expected(str(value))})
    return name


Backbone = Annotated[str, BeforeValidator(_backbone)]
# A class may be called 7, which is a number to whoever reads a list of them.
ClassName = Annotated[Text, BeforeValidator(lambda name: str(name) if type(name) is int else name)]


class OfImages(Values):
    """What features of images are made from, but for the backbone."""

    images: Text
    test_images: Text | None = None
    classes: Annotated[list[ClassName], different("a list of different names")] | None = None
    weights: Text = IMAGENET
    size: Annotated[int, whole(32, 2048)] | None = None
    resize: Annotated[str, one_of("nearest", "bilinear", "bicubic", "lanczos")] = "nearest"
    preprocess: Annotated[str, one_of("none", "tf", "torch", "caffe")] | None = None
    on_broken: Annotated[str, one_of("error", "skip")] = "error"
    seed: Seed = 20180520

    def check(self, backbone: str) -> None:
        """Refuse what would be left unused: a backbone of one's own has weights, others pixels."""
        if backbones.is_own(backbone):
            key, unused = "weights", self.weights != IMAGENET
        else:
            key, unused = "preprocess", self.preprocess is not None
        if unused:
            words = f"{key}: found {getattr(self, key)}, expected nothing: {backbone} has its own"
            raise PydanticCustomError("key", "{words}", {"words": words})


class Images(Read, OfImages):
    """Images made into features once, kept in data/, and found again by what they are.

    `load` reads what is in data/; `training.extraction` makes it.
    """

    name: Literal["images"] = "images"
    backbone: Backbone = "Xception"

    @model_validator(mode="after")
    def _checked(self) -> "Images":
        self.check(self.backbone)
        return self

    def called(self) -> str:
        return self.images

    def settings(self) -> dict[str, Any]:
        # The identity has all the rest; this one makes no other features, but an error.
        return {"name": self.name, "on_broken": self.on_broken}

    def identity(self) -> str:
        return self.wanted().identity

    def wanted(self) -> Wanted:
        return self._wanted

    @cached_property  # What the images are is found once: they may be others tomorrow.
    def _wanted(self) -> Wanted:
        return wanted(self)

    def title(self) -> str:
        return f"{Path(self.images).resolve().name} ({of_network(self)})"

    def _read(self) -> Contents:
        return self.wanted().read()

    def _features(self) -> Features:
        read = self._contents()
        return Features(self.title(), read.X, read.y)


class Files(Read):
    """Features of the same images by several backbones, side by side."""

    name: Literal["files"] = "files"
    paths: Annotated[list[Text], different("a list of different paths")]

    def called(self) -> str:
        return " + ".join(self.paths)

    def settings(self) -> dict[str, Any]:
        return {"name": self.name, "paths": [Path(path).name for path in self.paths]}

    def identity(self) -> str:
        return self._sha256

    def _read(self) -> Contents:
        return join(self.paths, self.in_memory)

    def _features(self) -> Features:
        read = self._contents()
        return Features(" + ".join(Path(path).stem for path in self.paths), read.X, read.y)


TwoClasses = CatDog | Surrogate | File | BreastCancer | Images | Files
ManyClasses = Digits | File | Images | Files
