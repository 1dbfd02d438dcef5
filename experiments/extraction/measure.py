"""Rows extracted again by name; what lies near and far; how fast the pipeline is."""

import logging
import time
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pandas as pd

from twinhead.data.features import fingerprint
from twinhead.data.images import decoding, finding, layout
from twinhead.data.images.decoding import decode
from twinhead.errors import InputError
from twinhead.experiments.extraction import Settings
from twinhead.results.history import History
from twinhead.training import backbone
from twinhead.training.backbone import Backbone
from twinhead.training.extraction import BATCH

log = logging.getLogger(__name__)

SAMPLE = 1000  # Rows that are compared with one another, and drawn.
SHEET = 12  # Images of the contact sheet, over all classes.
PAIRS = 3  # Nearest, and farthest.
THUMBNAIL = 96
LEFT_OUT = 100  # That the page names.
SECONDS, ROUNDS = 4, 2  # Of timing: a round, and how often pipeline and network take turns.


def measure(settings: Settings) -> History:
    source = settings.data
    wanted = source.wanted()
    features = source.load(many_classes=len(wanted.train.classes) > 2)
    path = wanted.file()
    if path is None:
        raise InputError(f"{source.images}: its features were moved while they were read")
    names, classes = layout.names(path), wanted.train.classes
    tests, X_test = [], np.empty((0, features.X.shape[1]), np.float32)
    if wanted.test.names:
        tests, X_test = layout.names(path, "test"), layout.test(path)
    about = layout.about(path)
    random = np.random.default_rng(source.seed)
    network = backbone.build(source)
    history = History(
        {
            "name": features.name,
            "article": "",
            "made_up": False,
            "sha256": fingerprint(features.X, features.y),
            "rows": len(names),
            "features": network.width,
            "checked": min(settings.rows, len(names) + len(tests)),
            "file": path.name,
            "network": f"{about['backbone']}, {about['weights']}",
        }
    )
    paths = [wanted.train.path(name) for name in names]
    every = paths + [wanted.test.path(name) for name in tests]
    checked = random.permutation(len(every))[: settings.rows]
    log.info("extracting %d rows again, by name", len(checked))
    rows = [features.X[i] if i < len(names) else X_test[i - len(names)] for i in checked]
    history.numbers |= _again(network, [every[i] for i in checked], np.stack(rows), source.resize)
    history.numbers |= _labels(wanted.train, names, features.y)
    log.info("timing pipeline and network")
    history.numbers |= _speed(network, paths, source.resize)
    sample = np.sort(random.permutation(len(names))[:SAMPLE])
    counts = np.bincount(features.y, minlength=len(classes))
    history.tables["classes"] = pd.DataFrame({"class": classes, "images": counts})
    history.tables["components"], history.numbers["variance of two components"] = _components(
        features.X[sample], [classes[label] for label in features.y[sample]]
    )
    of_class = [np.flatnonzero(features.y == label) for label in range(len(classes))][:SHEET]
    shown = [random.permutation(each)[: max(1, SHEET // len(classes))] for each in of_class]
    sheet = [("sheet", i, np.nan) for i in np.concatenate(shown)]
    pairs = [
        (kind, sample[i], cosine) for kind, pair, cosine in _pairs(features.X[sample]) for i in pair
    ]
    history.tables["shown"] = pd.DataFrame(
        [
            {
                "kind": kind,
                "name": names[i],
                "class": classes[features.y[i]],
                "cosine": float(cosine),
            }
            for kind, i, cosine in sheet + pairs
        ]
    )
    history.images["shown"] = np.stack(
        [decode(paths[i], THUMBNAIL, "bilinear") for _, i, _ in sheet + pairs]
    )
    others = [f"{name}: no image by its name" for name in wanted.train.others + wanted.test.others]
    history.tables["summary"] = _summary(history, about, layout.left_out(path) + others)
    return history


def _again(network: Backbone, paths: list[Path], rows: np.ndarray, resize: str) -> dict[str, float]:
    """Extract rows from the images of their names; the control holds each against the next."""
    found = [network.features(x) for x in decoding.batches(paths, network.size, resize, BATCH)]
    again = np.concatenate(found)
    scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.finfo(np.float32).tiny)

    def largest(other: np.ndarray) -> float:
        return float((np.abs(other - rows) / scale).max())

    return {
        "difference by name": largest(again),
        "difference by another's name": largest(np.roll(again, 1, axis=0)),
    }


def _labels(train: finding.Found, names: list[str], y: np.ndarray) -> dict[str, float]:
    said = dict(zip(train.names, train.labels, strict=True))
    own = np.array([said[name] for name in names])
    return {
        "labels that names contradict": int((own != y).sum()),
        "labels that names contradict, in reverse order": int((own != y[::-1]).sum()),
    }


def _speed(network: Backbone, paths: list[Path], resize: str) -> dict[str, float]:
    """Time the pipeline beside the network alone on arrays that are ready, the best of two."""

    def timed(batches) -> float:
        clock = time.perf_counter()
        for pixels in batches:
            network.features(pixels)
        return time.perf_counter() - clock

    first = list(decoding.batches(paths[:BATCH], network.size, resize, BATCH))
    timed(first)  # TensorFlow prepares itself.
    count = int(np.clip(SECONDS / timed(first), 2, 32))
    these = list(islice(cycle(paths), count * BATCH))
    ready = list(decoding.batches(these, network.size, resize, BATCH))
    clock = time.perf_counter()
    for _ in decoding.batches(these, network.size, resize, BATCH):
        pass
    decoded = time.perf_counter() - clock
    turns = [
        (timed(ready), timed(decoding.batches(these, network.size, resize, BATCH)))
        for _ in range(ROUNDS)
    ]
    alone, together = (len(these) / min(times) for times in zip(*turns, strict=True))
    return {
        "images a second, network alone": alone,
        "images a second, pipeline": together,
        "images a second, decoding alone": len(these) / decoded,
        "pipeline over network alone": together / alone,
    }


def _summary(
    history: History, about: Mapping[str, str | int], left_out: Sequence[str]
) -> pd.DataFrame:
    """Return what was extracted, and from what, a line each; of many left out the first ones."""
    lines = [
        ("file", history.data["file"], f"{history.data['rows']} x {history.data['features']}"),
        ("backbone", about["backbone"], f"{about['size']} x {about['size']} pixels"),
        ("weights", about["weights"], f"sha256 {str(about['weights_sha256'])[:12]}"),
        ("pixels", about["preprocessing"], f"stretched to a square, {about['resize']}"),
        ("images", about["content"], f"sha256 {str(about['images_sha256'])[:12]}"),
    ]
    classes = history.tables["classes"].itertuples(index=False)
    lines += [(f"class {k}", word, f"{n} images") for k, (word, n) in enumerate(classes)]
    for way in ("network alone", "pipeline", "decoding alone"):
        rate = history.numbers[f"images a second, {way}"]
        lines.append(("speed", way, f"{rate:.3g} images a second"))
    for each in left_out[:LEFT_OUT]:
        lines.append(("left out", *each.rpartition(": ")[::2]))
    if len(left_out) > LEFT_OUT:
        lines.append(("left out", f"and {len(left_out) - LEFT_OUT} more", "listed in the file"))
    return pd.DataFrame(lines, columns=["what", "which", "found"])


def _components(X: np.ndarray, words: list[str]) -> tuple[pd.DataFrame, float]:
    """Return the first two principal components of some rows, and their share of the variance."""
    centred = X - X.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    two = np.zeros((len(X), 2))
    two[:, : min(2, len(values))] = (left * values)[:, :2]
    share = float((values[:2] ** 2).sum() / max((values**2).sum(), np.finfo(np.float32).tiny))
    return pd.DataFrame({"first": two[:, 0], "second": two[:, 1], "class": words}), share


def _pairs(X: np.ndarray) -> list[tuple[str, tuple[int, int], float]]:
    """Return the nearest and the farthest pairs by cosine, each row in one of a kind at most."""
    lengths = np.linalg.norm(X, axis=1, keepdims=True)
    unit = X / np.maximum(lengths, np.finfo(np.float32).tiny)
    one, other = np.triu_indices(len(X), k=1)
    cosines = (unit @ unit.T)[one, other]
    found = []
    for kind, order in (("near", np.argsort(-cosines)), ("far", np.argsort(cosines))):
        used: set[int] = set()
        for k in order:
            pair = int(one[k]), int(other[k])
            if not used & {*pair}:
                found.append((kind, pair, float(cosines[k])))
                used |= {*pair}
            if len(used) == 2 * PAIRS:
                break
    return found
