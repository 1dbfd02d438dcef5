"""The manifest of a folder: size and SHA-256 of every file, written last, and held against it."""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

MANIFEST, MARK = "manifest.json", "damaged.txt"
SMALL = 1 << 20  # Bytes up to which a file is hashed whenever a folder is found.


def seal(folder: Path, **about: Any) -> None:
    """Write manifest.json: `about`, and size and SHA-256 of every file, when all is on the disk."""
    files = {}
    for path in _files(folder):
        entry = {"size": path.stat().st_size, "sha256": digest(path)}
        files[_within(folder, path)] = entry
        sync(path)
    written = folder / f".{MANIFEST}"
    written.write_bytes(_sealed(about | {"files": files}))
    sync(written)
    os.replace(written, folder / MANIFEST)
    for each in {folder, *(path.parent for path in _files(folder))}:
        sync(each)


def read(folder: Path) -> dict[str, Any]:
    """Return what `seal` wrote.

    Raises:
        OSError: there is none.
        ValueError: a byte of it is another.
    """
    path = folder / MANIFEST
    if path.exists() and not path.is_file():  # A pipe would be waited for.
        raise ValueError("no file")
    text = path.read_bytes()
    try:
        content = json.loads(text)
        if isinstance(content, dict) and text == _sealed(content):
            return content
    except RecursionError:
        pass
    raise ValueError("not as it was written")


def _sealed(content: dict[str, Any]) -> bytes:
    """Return a manifest's text, its own SHA-256 included: there is one text for one content."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    own = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    return json.dumps({**rest, "sha256": own}, sort_keys=True, indent=1).encode() + b"\n"


def faults(folder: Path, thorough: bool = False) -> dict[str, str]:
    """Return how a folder differs from its manifest, keyed by file; nothing if it is whole.

    Args:
        thorough: whether to read large files too, and not only look at their size.
    """
    while True:
        before = which(folder)
        found = _faults(folder, thorough)
        if not found or which(folder) == before:  # Otherwise these were files of two folders.
            return found


def _faults(folder: Path, thorough: bool) -> dict[str, str]:
    try:
        listed = read(folder)["files"]
    except FileNotFoundError:
        return {MANIFEST: "missing"}
    except (OSError, ValueError) as error:
        return {MANIFEST: getattr(error, "strerror", None) or str(error)}
    found = {}
    for name, entry in listed.items():
        path = folder / name
        try:
            size = path.stat().st_size
            if not path.is_file():
                found[name] = "no file"
            elif size != entry["size"]:
                found[name] = f"{size} bytes, expected {entry['size']}"
            elif (thorough or size <= SMALL) and digest(path) != entry["sha256"]:
                found[name] = "other content than was written"
        except FileNotFoundError:
            found[name] = "missing"
        except OSError as error:
            found[name] = str(error.strerror)
    return found


def unlisted(folder: Path) -> list[str]:
    """Return the files of a folder that its manifest does not name; all, where there is none."""
    try:
        listed = read(folder)["files"]
    except (OSError, ValueError):
        listed = {}
    return [name for path in _files(folder) if (name := _within(folder, path)) not in listed]


def sound(folder: Path) -> bool:
    """Tell whether a folder is whole at a quick look, and nobody has found it otherwise."""
    return not marked(folder) and not faults(folder)


def mark(folder: Path, reasons: Mapping[str, str]) -> None:
    """Leave word in a folder of what is wrong with it: it is replaced, and set aside with that."""
    text = "".join(f"{name}: {reason}\n" for name, reason in reasons.items())
    with suppress(OSError):  # Where nothing can be written, nothing will be replaced either.
        (folder / MARK).write_text(text, encoding="utf-8")


def unmark(folder: Path) -> None:
    with suppress(OSError):
        (folder / MARK).unlink(missing_ok=True)


def marked(folder: Path) -> dict[str, str]:
    """Return the word that was left in a folder of what is wrong with it."""
    try:
        lines = (folder / MARK).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: reason for name, _, reason in (line.partition(": ") for line in lines)}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> list[Path]:
    own = {folder / MANIFEST, folder / MARK}
    found = {path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    return sorted(found - own)


def _within(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def which(path: Path) -> tuple[Any, ...] | None:
    """Return what tells a folder, or link to one, from another that had or takes its name."""
    try:
        about = path.lstat()
        # Numbers of files are given again at once; names of what links stand for never are.
        to = os.readlink(path) if path.is_symlink() else None
        return about.st_ino, about.st_ctime_ns, to
    except OSError:
        return None


def sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # Some sync no folders.
            raise
    finally:
        os.close(opened)
