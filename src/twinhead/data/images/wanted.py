"""What features are wanted of which images: their identity, and the file in data/ that has them."""

import glob
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhead.data import stacking
from twinhead.data.hdf5 import Contents
from twinhead.data.images import backbones, finding, layout
from twinhead.data.images.finding import Found
from twinhead.errors import InputError

if TYPE_CHECKING:
    from twinhead.data.sources import Images

PLACE = Path("data")
IMAGENET, RANDOM = "imagenet", "none"


@dataclass(frozen=True)
class Wanted:
    """Images, and what is to be made of them.

    Attributes:
        identity: of `train`: names, classes, bytes, backbone, weights and pixels; not the place.
        test_identity: of `test`, or of no image.
        images_sha256, test_images_sha256: of names and bytes alone.
    """

    source: "Images"
    train: Found
    test: Found
    identity: str
    test_identity: str
    images_sha256: str
    test_images_sha256: str

    def file(self) -> Path | None:
        """Return the file in data/ that has these features, or None."""
        return next((path for path in self._candidates() if self.is_in(path)), None)

    def read(self) -> Contents:
        """Return these features.

        Raises:
            InputError: no file in data/ has them, or it has others than were written.
        """
        path, images = self.file(), self.source.images
        if path is None:
            raise InputError(
                f"{images}: no file in data/ has features of these images; expected one that "
                f"`twinhead features images={images} backbone={self.source.backbone}` makes"
            )
        read = stacking.stack([path], in_memory=self.source.in_memory)
        expected = {layout.SHA256: read.sha256, "identity": self.identity}
        if {key: read.about.get(key) for key in expected} != expected:
            raise InputError(
                f"{path}: found other features than were written; expected to delete it, so that "
                "it is made again"
            )
        return read

    def is_in(self, path: Path) -> bool:
        about = layout.about(path)
        has_test = not self.test.names or about.get("test_identity") == self.test_identity
        whole = self.source.on_broken == "skip" or about.get("left_out") == 0
        return about.get("identity") == self.identity and has_test and whole

    def target(self) -> Path:
        """Return where to write: data/gap_<Backbone>.h5, unless features of others are in it."""
        return self.file() or (self._beside() if self.plain().exists() else self.plain())

    def plain(self) -> Path:
        return PLACE / f"{self._stem()}.h5"

    def _beside(self) -> Path:
        own = _sha256([self.identity, self.test_identity])
        return PLACE / f"{self._stem()}-{own[:8]}.h5"

    def _candidates(self) -> list[Path]:
        return [self.plain(), *sorted(PLACE.glob(f"{glob.escape(self._stem())}-*.h5"))]

    def _stem(self) -> str:
        """Return a name that says so where the weights are not ImageNet's."""
        return f"gap_{of_network(self.source)}".replace(", ", "_").replace(" ", "_")


def of_network(source: "Images") -> str:
    """Return the backbone's name, with its weights where they are not ImageNet's."""
    name = backbones.stem(source.backbone)
    if source.weights == RANDOM:
        return f"{name}, random weights"
    plain = source.weights == IMAGENET or backbones.is_own(source.backbone)
    return name if plain else f"{name}, {Path(source.weights).name.split('.')[0]}"


def wanted(source: "Images") -> Wanted:
    """Find the images and read them all, to tell them from others.

    Raises:
        InputError: the folders are not as they have to be, or a file of weights is not there.
    """
    train = finding.labelled(Path(source.images), source.classes)
    test = finding.NOTHING
    if source.test_images is not None:
        test = finding.unlabelled(Path(source.test_images))
    hashes, test_hashes = train.hashes(), test.hashes()
    network = _network(source)
    return Wanted(
        source,
        train,
        test,
        identity=_sha256([network, train.classes, train.names, train.labels, hashes]),
        test_identity=_sha256([network, test.names, test_hashes]),
        images_sha256=_sha256([train.names, hashes]),
        test_images_sha256=_sha256([test.names, test_hashes]),
    )


def _network(source: "Images") -> dict[str, Any]:
    """Return what decides an image's features, but for the versions of what computes them."""
    decoding = Path(__file__).with_name("decoding.py").read_bytes()
    own = backbones.is_own(source.backbone)
    return {
        "backbone": _bytes("backbone", source.backbone) if own else source.backbone,
        "weights": "own" if own else _weights(source),
        "size": source.size or backbones.SIZES.get(source.backbone),
        "pixels": [source.resize, source.preprocess, hashlib.sha256(decoding).hexdigest()],
    }


def _weights(source: "Images") -> str:
    if source.weights == RANDOM:
        return f"random, seed {source.seed}"
    return IMAGENET if source.weights == IMAGENET else _bytes("weights", source.weights)


def _bytes(key: str, path: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{key}: cannot read {path}: {error.strerror}; expected a file that Keras has written"
        ) from error


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
