"""The surrogate, kept in data/ for the next run: making it takes longer than reading it.

In NumPy's own format, which needs no parser, and held against its hashes before it is opened.
"""

import logging
from pathlib import Path

import numpy as np

from twinhead.data import surrogate
from twinhead.data.features import Features
from twinhead.disk import manifest, whole

log = logging.getLogger(__name__)

PLACE = Path("data")
NAME = "surrogate of Xception cat/dog features"


def load(rows: int, features: int, seed: int, article: str = "") -> Features:
    """Map the surrogate from data/, where a run before this one has kept it, or make it."""
    recipe = surrogate.recipe(rows, features, seed)
    folder = PLACE / f"surrogate_{rows}x{features}_seed{seed}"
    whole.tidy(PLACE)
    if not manifest.faults(folder, thorough=True) and manifest.read(folder)["recipe"] == recipe:
        X, y = (np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in "Xy")
        return Features(NAME, X, y, made_up=True, article=article)
    X, y = surrogate.make(rows, features, seed)
    try:
        with whole.written(PLACE, folder.name, fresh=True) as aside:
            np.save(aside / "X.npy", X)
            np.save(aside / "y.npy", y)
            manifest.seal(
                aside, finished=True, recipe=recipe, made_up="No image was seen for this."
            )
    except OSError as error:
        # Of a disk that took half of an array, NumPy says only how much that was.
        reason = error.strerror or f"no room ({error})"
        log.warning("%s is not kept for the next run: %s", folder, reason)
    return Features(NAME, X, y, made_up=True, article=article)
