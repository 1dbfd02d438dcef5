"""A run's folder: outputs/<experiment>/<run id> is there with everything in it, or not at all.

What makes it so, and what is left of a run that was killed, is in `twinhead.disk`.
"""

import errno
import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinhead.disk import manifest, whole
from twinhead.errors import InputError

# The disk's or its owner's to mend, and no defect.
OF_THE_DISK = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EFBIG,
    errno.EIO,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def faults(folder: Path) -> dict[str, str] | None:
    """Return what is wrong with a finished run, as a quick look tells; None if there is none."""
    if not os.path.lexists(folder):
        return None
    found = manifest.marked(folder) or manifest.faults(folder)
    if not found and manifest.read(folder).get("run") != folder.name:
        found = {manifest.MANIFEST: "of another run"}
    return found


def intact(folder: Path, name: str) -> Path:
    """Return the path of a finished run's file, which may be large, if its content still stands.

    Raises:
        InputError: a byte of it is another; the run's next call sets it aside.
    """
    path = folder / name
    if manifest.digest(path) != manifest.read(folder)["files"][name]["sha256"]:
        manifest.mark(folder, {name: "other content than was written"})
        raise InputError(
            f"{path}: found other content than was written; the same command again sets the run "
            "aside and measures anew"
        )
    return path


def about(folder: Path) -> dict[str, Any]:
    """Return the provenance of a finished run."""
    return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))


def presentation(folder: Path) -> str:
    """Return what a finished run was shown by."""
    return manifest.read(folder)["presentation"]


@contextmanager
def on_disk(outputs: Path) -> Iterator[None]:
    """Say in one line what the disk of the output folder refuses.

    Raises:
        InputError: it is full, or cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        raise InputError(
            f"outputs: cannot write to {outputs}: {error.strerror}; "
            "expected a writable folder with room"
        ) from error


@contextmanager
def published_whole(
    outputs: Path, name: str, *, presentation: str = "", fresh: bool = False
) -> Iterator[Path]:
    """Give a folder to write aside; outputs/name becomes it when all is written, or never.

    Args:
        presentation: what it is shown by.
        fresh: whether to leave alone what an earlier run of this name had measured.

    Raises:
        InputError: the disk is full, or cannot be written.
    """
    with on_disk(outputs), whole.written(outputs, name, fresh) as aside:
        yield aside
        manifest.seal(
            aside, run=name, finished=True, presentation=presentation, measured=measured(aside)
        )


def keep_measurement(aside: Path, name: str) -> None:
    """Seal what was measured, so that whatever fails later does not lose it."""
    shutil.rmtree(aside / whole.PASSES, ignore_errors=True)
    manifest.seal(aside, run=name, finished=False)


def measured(folder: Path) -> list[str]:
    """Return the files that a run measured, and did not draw or judge; none: it has to measure."""
    try:
        sealed = manifest.read(folder)
    except (OSError, ValueError):
        return []
    return sealed.get("measured", list(sealed["files"]))


def copy_measurement(folder: Path, aside: Path) -> None:
    """Copy what a finished run measured, to present it anew."""
    for name in measured(folder):
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, aside / name)
    keep_measurement(aside, folder.name)


def point_latest(outputs: Path, run_id: str) -> None:
    """Let outputs/latest point to this run."""
    if not (outputs / "latest").is_symlink() or os.readlink(outputs / "latest") != run_id:
        whole.point(outputs / "latest", run_id)


def write_json(path: Path, content: Any) -> None:
    path.write_text(as_json(content), encoding="utf-8")


def as_json(content: Any) -> str:
    """Return strict JSON, which has no infinity: one is written as the text "inf"."""

    def strict(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strict(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [strict(each) for each in value]
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value

    return json.dumps(strict(content), indent=2, ensure_ascii=False) + "\n"
