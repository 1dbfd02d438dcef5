"""What a run's explorer trains on, written while the rows are at hand.

Imports Keras, which draws the starts: right after measuring it is there.
"""

from pathlib import Path

from twinhead.data.features import split
from twinhead.pages.explorer import lesson
from twinhead.results.arm import Arm
from twinhead.runs import store
from twinhead.training import heads
from twinhead.training.recipe import TrainingSettings

SEEDS = 5  # As many of a run's seeds as there is room for.


def write_lesson(settings: TrainingSettings, folder: Path) -> None:
    """Write lesson.json: the run's rows, starts and recipe, as far as a browser can take them.

    Args:
        settings: of a run over `seeds`, whose split is the first seed's.
    """
    features = settings.data.load()
    seeds: list[int] = settings.seeds  # type: ignore[attr-defined]
    parts = split(features, settings.validation_fraction, seeds[0])
    size = parts.X_train.shape[1]
    starts = {
        seed: tuple(
            heads.initial(Arm("", head, settings.learning_rate, seed), size)[0]
            for head in ("softmax", "sigmoid")
        )
        for seed in seeds[:SEEDS]
    }
    made = lesson.of_run(
        features.name,
        parts,
        settings.recipe(),
        settings.learning_rate,
        starts,
        made_up=features.made_up,
    )
    store.write_json(folder / "lesson.json", made)
