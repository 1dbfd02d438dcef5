"""Make features from images, by any backbone of Keras."""

import logging
from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from twinhead.cli.composing import compose
from twinhead.cli.experiment import usage
from twinhead.data.images import layout
from twinhead.data.sources import Backbone, Images, OfImages
from twinhead.experiments import extraction as checking
from twinhead.runs import console, progress
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings

log = logging.getLogger(__name__)

WANT = "Bring your own images"


class Settings(RunSettings, OfImages):
    backbone: Annotated[
        list[Backbone], BeforeValidator(lambda value: value if isinstance(value, list) else [value])
    ]

    @model_validator(mode="after")
    def _checked(self) -> "Settings":
        if not self.backbone or len(set(self.backbone)) < len(self.backbone):
            words = f"backbone: found {self.backbone}, expected different ones, at least one"
            raise PydanticCustomError("key", "{words}", {"words": words})
        for backbone in self.backbone:
            self.check(backbone)
        return self


def main(words: Sequence[str]) -> int:
    """Make what is not there yet, and check it; return 1 where a check fails."""
    if {"-h", "--help"} & {*words}:
        print(usage("command/features"))
        return 0
    settings = compose("command/features", Settings, words)
    given = settings.model_dump(include=set(OfImages.model_fields))
    sources = [Images(backbone=backbone, **given) for backbone in settings.backbone]
    return max(_make(source, settings) for source in sources)


def _make(source: Images, settings: Settings) -> int:
    wanted = source.wanted()
    path = None if settings.force else wanted.file()
    made = path is None
    if path is None:
        with progress.shown(settings.progress):
            log.info("starting TensorFlow", extra={"starting": True})
            from twinhead.training import extraction  # With TensorFlow: not for finding a file.

            path = extraction.make(source)
    checked = checking.Settings(
        **settings.model_dump(include=set(RunSettings.model_fields)) | {"force": made},
        data=source,
        rows=checking.ROWS,
    )
    run = execute(Experiment("extraction"), checked)
    console.say(f"File: {path} ({'made' if made else 'found'})")
    console.say(f"      {layout.about(path)['content']}")
    if path != wanted.plain():
        console.say(f"{wanted.plain()} has features of other images, and stays as it is.")
    return run.exit_code
