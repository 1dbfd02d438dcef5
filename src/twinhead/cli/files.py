"""Commands that take files: the words without a key are their paths."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from twinhead.cli.composing import CONF, compose
from twinhead.errors import InputError
from twinhead.runs import progress

log = logging.getLogger(__name__)

Checked = TypeVar("Checked", bound=BaseModel)


def files_and_settings(
    command: str, kind: type[Checked], words: Sequence[str], files: Sequence[str]
) -> tuple[list[Path], Checked]:
    """Return the paths and the checked settings of a command's words.

    Args:
        files: what each path is, for whoever leaves one out.
    Raises:
        InputError: there are more or fewer paths, or a setting is unknown or wrong.
    """
    paths = [word for word in words if "=" not in word or Path(word).exists()]
    if len(paths) != len(files):
        found = " ".join(paths) or "none"
        raise InputError(
            f"{command}: found {len(paths)} file(s) ({found}), expected {len(files)}: "
            + " and ".join(files)
        )
    others = [word for word in words if word not in paths]
    settings = compose(command, kind, others, CONF / "command")
    return [Path(path) for path in paths], settings


def start_keras() -> None:
    """Start TensorFlow quietly, and the same command gives the same bits."""
    with progress.shown(sys.stderr.isatty()):
        log.info("starting TensorFlow", extra={"starting": True})
        from twinhead.training.backend import keras  # Takes seconds.

    keras.utils.set_random_seed(0)
