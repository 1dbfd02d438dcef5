"""A surrogate for Xception's pooled cat/dog features, for when the real file is not at hand.

Nothing in it comes from an image. Its constants were tuned until plain SGD on it gave, on average
over initial draws, about the log that article 000 prints. So a run on it that matches that log
proves nothing about the log: it exercises the code, and compares arms trained on the same data.

Tuned for make(25000, 2048, seed=20180520). Another seed draws other informative features, which
moves the validation losses by up to about 0.02.
"""

import hashlib
from pathlib import Path

import numpy as np

ROWS, FEATURES = 25000, 2048  # Of the article's file.

FEATURE_SCALE = 0.12  # Typical size of a feature; larger: more noise from start and dropout.
SCALE_SPREAD = 0.4  # How unequal the features' sizes are: sd of their logarithm.
INFORMATIVE_SHARE = 0.5  # Share of the features whose mean differs between the classes.
CLASS_SHIFT = 0.70  # How strongly they differ, in units of a feature's scale; sets the speed.
SIGNAL_SPREAD = 0.42  # How unequally images show their class; about 1 % show the wrong one.
THEMES = 4  # Hidden traits unrelated to the class, which correlate the features.
THEME_STRENGTH = 0.4  # Sd that all themes together add, in units of a feature's scale.
BLOCK_ROWS = 1024  # Rows worked on at a time, so that X is never copied whole.


def make(rows: int, features: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return X, float32 (rows, features), non-negative, and balanced labels y, uint8 (rows,).

    A feature is its scale times max(0, exponential noise + class signal + themes). An image's
    class signal is +1 or -1 times a strength around 1; one whose strength is near or below zero
    is ambiguous or looks like the other class, which caps the accuracy.
    """
    generator = np.random.Generator(np.random.Philox(seed))
    y = generator.permutation(np.arange(rows) % 2).astype(np.uint8)
    scale = FEATURE_SCALE * np.exp(SCALE_SPREAD * generator.standard_normal(features, np.float32))

    # Row 0 of the loadings belongs to the class signal, the others to the themes.
    loadings = generator.standard_normal((1 + THEMES, features), np.float32)
    loadings[0] *= CLASS_SHIFT * (generator.permutation(features) < INFORMATIVE_SHARE * features)
    loadings[1:] *= THEME_STRENGTH / np.sqrt(THEMES)
    hidden = generator.standard_normal((rows, 1 + THEMES), np.float32)
    hidden[:, 0] = (2.0 * y - 1.0) * (1.0 + SIGNAL_SPREAD * hidden[:, 0])

    X = generator.standard_exponential((rows, features), np.float32)
    for start in range(0, rows, BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        block += hidden[start : start + BLOCK_ROWS] @ loadings
        np.maximum(block, 0.0, out=block)
        block *= scale
    return X, y


def recipe(rows: int, features: int, seed: int) -> str:
    """Return what decides every number of `make`: its arguments, this file, NumPy's version."""
    source = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    return f"surrogate {rows}x{features} seed {seed}, NumPy {np.__version__}, source {source}"
