"""What a run's explorer trains on, written while the rows are at hand.

Imports Keras, which draws the starts: right after measuring it is there.
"""

from pathlib import Path
from typing import Any

from twinhead.data.features import split
from twinhead.pages.explorer import lesson
from twinhead.results.arm import Arm
from twinhead.runs import store
from twinhead.training import heads

SEEDS = 3  # Of a run's: each has rows of its own, and the page has them all.


def write_lesson(settings: Any, folder: Path) -> None:
    """Write lesson.json: the run's rows, starts and recipe, as far as a browser can take them.

    Args:
        settings: TrainingSettings with `seeds`, each of which cuts the rows anew.
    """
    features = settings.data.load(on_disk=True)

    def start(seed: int) -> lesson.Start:
        parts = split(features, settings.validation_fraction, seed)
        theta, beta = (
            heads.initial(Arm("", head, settings.learning_rate, seed), parts.X_train.shape[1])[0]
            for head in ("softmax", "sigmoid")
        )
        return lesson.Start(parts, theta, beta)

    recipe = settings.recipe()
    first, *others = settings.seeds[:SEEDS]
    starts = {first: start(first)}
    # Of rows that are too many the first seed's are taken: no other cut need be in memory.
    whole = lesson.is_whole(starts[first].split, recipe)
    starts |= {seed: start(seed) if whole else starts[first] for seed in others}
    made = lesson.of_run(
        features.name,
        starts,
        recipe,
        settings.learning_rate,
        features.made_up,
    )
    store.write_json(folder / "lesson.json", made)
