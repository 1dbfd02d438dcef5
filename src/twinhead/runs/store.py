"""A run's folder: find a finished one, or write a new one aside and publish it whole.

outputs/<experiment>/<run id> exists only with everything in it: a run that was killed leaves at
most a hidden `.partial-…` folder, which nobody reads and a later run clears away.
"""

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinhead.errors import InputError


def finished(folder: Path) -> dict[str, Any] | None:
    """Return the provenance of a run whose files are all there, else None: it is measured again."""
    try:
        json.loads((folder / "verdicts.json").read_text())
        json.loads((folder / "answer.json").read_text())
        whole = all(
            (folder / name).exists() for name in ("history.h5", "config.yaml", "report.html")
        )
        return json.loads((folder / "provenance.json").read_text()) if whole else None
    except (OSError, ValueError):
        return None


@contextmanager
def published_whole(outputs: Path, name: str) -> Iterator[Path]:
    """Give a folder to write aside; outputs/name becomes it when all is written, or never."""
    aside = outputs / f".partial-{name}-{os.getpid()}"
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        for leftover in outputs.glob(".partial-*"):
            process = leftover.name.rpartition("-")[2]
            if process.isdecimal() and not _alive(int(process)):
                shutil.rmtree(leftover, ignore_errors=True)
        aside.mkdir()
    except OSError as error:
        raise InputError(
            f"outputs: cannot write to {outputs}: {error.strerror}; expected a writable folder"
        ) from error
    try:
        yield aside
        replaced = outputs / f".partial-{name}-replaced-{os.getpid()}"
        if (outputs / name).exists():
            os.rename(outputs / name, replaced)
        os.rename(aside, outputs / name)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def point_latest(outputs: Path, run_id: str) -> None:
    link = outputs / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(run_id)
    os.replace(link, outputs / "latest")


def write_json(path: Path, content: Any) -> None:
    """Write strict JSON, which has no infinity: one is written as the text "inf"."""

    def strict(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strict(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [strict(each) for each in value]
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value

    text = json.dumps(strict(content), indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
