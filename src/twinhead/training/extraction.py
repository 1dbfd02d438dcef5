"""From images to a features file: the network works on one batch while the next are decoded."""

import logging
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from twinhead.data.images import decoding, layout
from twinhead.data.images.wanted import Wanted
from twinhead.data.sources import Images
from twinhead.errors import InputError
from twinhead.training import backbone
from twinhead.training.backbone import Backbone

log = logging.getLogger(__name__)

BATCH = 16  # Images the network is given at a time; on a CPU more are not faster, and need memory.
BLOCK = 8 * BATCH  # Images after which what there is goes to the disk.
SHOWN = 3  # Broken images that an error names.


def make(source: Images) -> Path:
    """Extract features of images into a file in data/, or go on where one was killed at it.

    Every image is looked at before the first one goes through the network: a broken one is told at
    once, and not after an hour.

    Returns:
        the file, whose name is told.

    Raises:
        InputError: an image is broken and not to be skipped, or anything of the settings is wrong.
    """
    wanted = source.wanted()
    network = backbone.build(source)
    broken = _broken(wanted)
    if broken and source.on_broken == "error":
        told = "; ".join(f"{name}: {why}" for name, why in list(broken.items())[:SHOWN])
        more = f" and {len(broken) - SHOWN} more" if len(broken) > SHOWN else ""
        raise InputError(
            f"{source.images}: {len(broken)} broken image(s): {told}{more}; expected to mend or "
            "delete them, or on_broken=skip"
        )
    content, paths = _content(wanted, network, broken)
    target = wanted.target()
    with layout.Writer(target, content) as writer:
        if any(writer.done.values()):
            log.info("going on after %d images", sum(writer.done.values()))
        _extract(writer, paths, network, source.resize)
        writer.publish()
    return target


def _broken(wanted: Wanted) -> dict[str, str]:
    """Return which images cannot be decoded, and why; those of `test` under their folder's name."""
    found = {}
    total, done = len(wanted.train.names) + len(wanted.test.names), 0
    for part in (wanted.train, wanted.test):
        paths = [part.path(name) for name in part.names]
        for name, why in zip(part.names, decoding.broken(paths), strict=True):
            if why is not None:
                found[f"{part.folder.name}/{name}"] = why
            if done % 1000 == 0:
                _count("images looked at", done, total)
            done += 1
    _count("images looked at", done, total)
    return found


def _count(what: str, done: int, total: int) -> None:
    log.info("%s: %d of %d", what, done, total, extra={"counted": (what, done, total)})


def _content(
    wanted: Wanted, network: Backbone, broken: dict[str, str]
) -> tuple[layout.Content, dict[str, list[Path]]]:
    """Return what the file holds beside features, and the images of each part, in its order."""
    parts = {"train": wanted.train, "test": wanted.test}
    kept = {
        part: [i for i, name in enumerate(each.names) if f"{each.folder.name}/{name}" not in broken]
        for part, each in parts.items()
    }
    names = {part: [parts[part].names[i] for i in rows] for part, rows in kept.items()}
    labels = np.array([wanted.train.labels[i] for i in kept["train"]], np.uint8)
    for label, word in enumerate(wanted.train.classes):
        if label not in labels:
            raise InputError(f"{wanted.train.folder}: every image of class {word} is broken")
    source = wanted.source
    attributes: dict[str, str | int] = {
        "identity": wanted.identity,
        "test_identity": wanted.test_identity,
        "backbone": source.backbone,
        "weights": source.weights,
        "weights_sha256": network.weights_sha256,
        "preprocessing": network.preprocessing,
        "size": network.size,
        "resize": source.resize,
        "batch": BATCH,
        "classes": ", ".join(f"{label}={word}" for label, word in enumerate(wanted.train.classes)),
        "content": f"{len(names['train'])} labelled and {len(names['test'])} unlabelled images, "
        f"{network.width} features each",
        "left_out": len(broken),
        "images_sha256": wanted.images_sha256,
        "test_images_sha256": wanted.test_images_sha256,
        "versions": ", ".join(f"{each} {version(each)}" for each in VERSIONS),
    }
    told = [f"{name}: {why}" for name, why in broken.items()]
    content = layout.Content(names, labels, network.width, told, attributes)
    return content, {part: [parts[part].path(name) for name in names[part]] for part in parts}


VERSIONS = ("twinhead", "keras", "tensorflow", "pillow", "numpy", "h5py")


def _extract(
    writer: layout.Writer, paths: dict[str, list[Path]], network: Backbone, resize: str
) -> None:
    total = sum(map(len, paths.values()))
    before, clock = sum(writer.done.values()), time.monotonic()
    _count("images to go", 0, total - before)
    for part, every in paths.items():
        rest = every[writer.done[part] :]
        block: list[np.ndarray] = []
        for pixels in decoding.batches(rest, network.size, resize, BATCH):
            block.append(_features(network, pixels))
            if len(block) == BLOCK // BATCH:
                writer.append(part, np.concatenate(block))
                block.clear()
                _tell(sum(writer.done.values()), total, before, clock)
        if block:
            writer.append(part, np.concatenate(block))
            _tell(sum(writer.done.values()), total, before, clock)


def _features(network: Backbone, pixels: np.ndarray) -> np.ndarray:
    found = network.features(pixels)
    if not np.isfinite(found).all():
        raise InputError("weights: found features that are NaN or infinite, expected finite ones")
    return found


def _tell(done: int, total: int, before: int, clock: float) -> None:
    rate = (done - before) / (time.monotonic() - clock)
    # What was there before the start says nothing of the time that the rest takes.
    counted = ("images to go", done - before, total - before)
    log.info("images: %d of %d, %.1f a second", done, total, rate, extra={"counted": counted})
