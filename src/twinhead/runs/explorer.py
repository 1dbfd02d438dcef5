"""What a run's explorer trains on, written while the rows are at hand.

Imports Keras, which draws the starts: right after measuring it is there.
"""

from pathlib import Path
from typing import Any

import numpy as np

from twinhead.data.features import split
from twinhead.pages.explorer import lesson
from twinhead.results.arm import Arm
from twinhead.runs import store
from twinhead.training import heads

SEEDS = 5  # As many of a run's seeds as there is room for.


def write_lesson(settings: Any, folder: Path) -> None:
    """Write lesson.json: the run's rows, starts and recipe, as far as a browser can take them.

    Args:
        settings: TrainingSettings with `seeds`, the first of which decides the split.
    """
    features = settings.data.load()
    seeds = settings.seeds
    parts = split(features, settings.validation_fraction, seeds[0])
    size = parts.X_train.shape[1]

    def start(head: str, seed: int) -> np.ndarray:
        return heads.initial(Arm("", head, settings.learning_rate, seed), size)[0]

    starts = {seed: (start("softmax", seed), start("sigmoid", seed)) for seed in seeds[:SEEDS]}
    made = lesson.of_run(
        features.name,
        parts,
        settings.recipe(),
        settings.learning_rate,
        starts,
        made_up=features.made_up,
    )
    store.write_json(folder / "lesson.json", made)
