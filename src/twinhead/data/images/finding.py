"""Which files of a folder are images, in which order, and which class their names say."""

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from twinhead.data.features import MOST_CLASSES
from twinhead.errors import InputError

# What is taken for an image by its name. Phones' .heic is, so that it is told and not passed over:
# Pillow cannot read it.
SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"),
    *(".avif", ".jp2", ".ppm", ".pgm", ".pnm", ".heic", ".heif"),
)
# Folders of these names are parts of a set: whoever points above them wants one of them.
PARTS = {"train", "test", "test1", "val", "valid", "validation"}
NUMBERED = re.compile(r"(.*?)[\W_]*\d*[\W_]*")  # cat.0, cat_12, cat (3): what comes first.
LABELLED = "cat.0.jpg, or a folder for each class"


@dataclass(frozen=True)
class Found:
    """Images of a folder in natural order: cat.2.jpg comes before cat.10.jpg.

    Attributes:
        names: below the folder, with forward slashes.
        labels: positions in `classes`; none where the folder has no labels.
        others: files that are no images by their names, and are left out.
    """

    folder: Path
    names: tuple[str, ...]
    labels: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def path(self, name: str) -> Path:
        return self.folder / name

    def hashes(self) -> list[str]:
        """Return the SHA-256 of every image's bytes, in order."""
        with ThreadPoolExecutor() as pool:
            return list(pool.map(_sha256, (self.path(name) for name in self.names)))


NOTHING = Found(Path(), ())


def labelled(folder: Path, classes: Sequence[str] | None = None) -> Found:
    """Find the images of a folder, each with its class.

    The class is the folder's name where there are folders, otherwise what a file's name begins
    with. Natural order makes the classes, unless they are given: then these alone are taken.

    Raises:
        InputError: no folder, no images, an image without a class, a class without images, or
            fewer than two classes.
    """
    every = unlabelled(folder)
    first = [name.partition("/")[0] if "/" in name else "" for name in every.names]
    flat = [name for name, above in zip(every.names, first, strict=True) if not above]
    if flat and len(flat) < len(every.names):
        raise InputError(
            f"{folder}: found images in folders and beside them, such as {flat[0]}; "
            f"expected names such as {LABELLED}"
        )
    words = [class_in(name) for name in every.names] if flat else first
    for name, word in zip(every.names, words, strict=True):
        if not word:
            raise InputError(
                f"{folder}: {name} has no class in its name, expected names such as {LABELLED}; "
                "images without labels are for test_images="
            )
    known = [word for word, _ in groupby(sorted(set(words), key=natural))]
    if not flat:
        _check_folders(folder, known, classes)
    chosen = tuple(known if classes is None else classes)
    missing = [word for word in chosen if word not in known]
    if missing:
        raise InputError(f"classes: found {missing[0]}, expected some of {', '.join(known)}")
    if not 2 <= len(chosen) <= MOST_CLASSES:
        raise InputError(
            f"{folder}: found {len(chosen)} class(es) ({', '.join(chosen[:5])}), expected 2 to "
            f"{MOST_CLASSES}, by names such as {LABELLED}"
        )
    taken = [i for i, word in enumerate(words) if word in chosen]
    return Found(
        folder,
        names=tuple(every.names[i] for i in taken),
        labels=tuple(chosen.index(words[i]) for i in taken),
        classes=chosen,
        others=every.others + tuple(f"{word} (class)" for word in known if word not in chosen),
    )


def unlabelled(folder: Path) -> Found:
    """Find the images of a folder, whatever they are called.

    Raises:
        InputError: no folder, or no images.
    """
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        archive = "; unpack it first" if folder.suffix in (".zip", ".tar", ".gz") else ""
        raise InputError(f"{folder}: found {found}, expected a folder of images{archive}")
    files = _files(folder)
    images = [name for name in files if Path(name).suffix.lower() in SUFFIXES]
    others = tuple(name for name in files if Path(name).suffix.lower() not in SUFFIXES)
    if not images:
        found = f"{len(others)} other files, such as {others[0]}" if others else "no file"
        raise InputError(
            f"{folder}: found {found}, expected images ({', '.join(SUFFIXES[:6])}, ...)"
        )
    return Found(folder, tuple(images), others=others)


def class_in(name: str) -> str:
    """Return what a file's name begins with, its number left off; nothing if that is all of it."""
    match = NUMBERED.fullmatch(Path(name).stem)
    return match[1] if match else ""


def natural(name: str) -> tuple:
    """Return a key that sorts numbers in names by what they are worth, folder by folder."""
    parts = [re.split(r"([0-9]+)", part.casefold()) for part in name.split("/")]
    return [[int(x) if i % 2 else x for i, x in enumerate(part)] for part in parts], name


def _files(folder: Path) -> list[str]:
    """Return the names of all files below a folder in natural order; hidden ones are left out."""
    names = [path.relative_to(folder).as_posix() for path in _below(folder, ())]
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise InputError(
                f"{folder}: found a name that is not UTF-8, {name!r}; expected to rename the file"
            ) from error
    return sorted(names, key=natural)


def _below(folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
    here = folder.resolve()
    if here in above:  # A link to a folder that it lies in.
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and not _hidden(entry.name):
                yield from _below(Path(entry.path), (*above, here))
            elif not entry.is_dir() and not _hidden(entry.name):
                yield Path(entry.path)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _check_folders(folder: Path, known: Sequence[str], classes: Sequence[str] | None) -> None:
    """Refuse folders that are no classes, or classes without an image."""
    if {word.lower() for word in known} <= PARTS:
        raise InputError(
            f"{folder}: found the folders {', '.join(known)}, which are no classes; "
            f"expected one of them, such as {folder / known[-1]}"
        )
    for each in sorted(folder.iterdir()):
        empty = each.is_dir() and not _hidden(each.name) and each.name not in known
        if empty and (classes is None or each.name in classes):
            raise InputError(
                f"{each}: found no image in it, expected some of this class; "
                "classes=[...] takes others alone"
            )


def _sha256(path: Path) -> str:
    try:
        about = path.stat()
        return _digest(path, about.st_size, about.st_mtime_ns)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); expected an image") from error


@cache  # A run asks three times: whether it is there, what is missing, what it is.
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
