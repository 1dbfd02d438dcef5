"""Folders that are whole or not there: written aside, sealed, named in one step.

A process works in `.partial-<name>-<random>`, which it holds locked while it lives, on whatever
host or in whatever container: what nobody holds was left by a crash. When all is written, every
size and SHA-256 goes into manifest.json, everything to the disk, and the folder takes its name by
an exchange of names, or, where the file system has none, as what a link of that name points to.
"""

import ctypes
import errno
import fcntl
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from twinhead.disk.manifest import MANIFEST, MARK, faults, mark, read, sound, sync, unlisted, which

PARTIAL, SET_ASIDE = ".partial-", ".damaged-"
LEFT = (f"{PARTIAL}*", ".latest-*", ".surrogate*")  # The last two by the first version.
PASSES = "passes"  # What a killed run had finished, in the folder that it worked in.
KEPT = 30 * 86400  # Seconds after which nobody is expected to go on with what was killed.


@contextmanager
def written(place: Path, name: str, fresh: bool = False) -> Iterator[Path]:
    """Give a folder to fill and seal; place/name becomes it in one step, or never.

    It may hold what a run of this name had measured before it was killed, see `tidy`. If another
    process puts a whole place/name there meanwhile, that one stays.

    Args:
        fresh: whether to leave alone what was left by a run that was killed.
    """
    place.mkdir(parents=True, exist_ok=True)
    before = which(place / name)
    aside, lock = _aside(place, name, fresh)
    try:
        yield aside
        _put(aside, place / name, before)
    except BaseException:
        if not _worth(aside):
            shutil.rmtree(aside, ignore_errors=True)
        raise
    else:
        _retire(aside)
    finally:
        os.close(lock)


@contextmanager
def scratch(place: Path, name: str) -> Iterator[Path]:
    """Give a folder that is gone afterwards; of one whose process was killed, by `tidy`."""
    place.mkdir(parents=True, exist_ok=True)
    aside, lock = _aside(place, name, fresh=True)
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        os.close(lock)


def _aside(place: Path, name: str, fresh: bool) -> tuple[Path, int]:
    """Return a folder to work in, locked: one of this name that was left, or a new one."""
    for leftover in [] if fresh else place.glob(f"{PARTIAL}*"):
        if _name(leftover) == name and leftover.is_dir():
            with suppress(OSError):
                lock = _lock(leftover)
                _drop_unlisted(leftover)
                return leftover, lock
    while True:
        aside = place / _partial(name)
        aside.mkdir()
        # Until it is locked it looks left over, and may be gone again.
        with suppress(BlockingIOError, FileNotFoundError):
            lock = _lock(aside, needed=False)
            if aside.exists():
                return aside, lock
            os.close(lock)


def _put(aside: Path, target: Path, before: tuple[Any, ...] | None) -> None:
    """Let `target` name what `aside` names; `aside` then names what was there, or nothing."""

    def another_came_first() -> bool:
        return which(target) != before and sound(target)

    if another_came_first():
        return
    if _can_swap(aside):
        try:
            os.rename(aside, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise
            if another_came_first():
                return
            _swap(aside, target)
    else:
        behind, old = (target.parent / _partial(target.name) for _ in range(2))
        os.rename(aside, behind)
        try:
            old = target.parent / os.readlink(target)
        except FileNotFoundError:
            pass
        except OSError:  # A folder, from where names are exchanged.
            os.rename(target, old)
        point(target, behind.name)
        _retire(old)
    sync(target.parent)


def point(link: Path, to: str) -> None:
    """Let `link` be a symbolic link to `to`, whatever it was before, in one step."""
    _replace(link, lambda new: new.symlink_to(to))


def write(path: Path, text: str) -> None:
    """Let a file hold `text`, whatever it was before, in one step."""
    _replace(path, lambda new: new.write_text(text, encoding="utf-8"))


def _replace(path: Path, make: Callable[[Path], Any]) -> None:
    while True:
        new = path.parent / _partial(path.name)
        try:
            make(new)
            os.replace(new, path)
            return
        except FileNotFoundError:  # It is not locked: another may have tidied it away.
            if not path.parent.is_dir():
                raise
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def tidy(place: Path) -> None:
    """Put in place what was finished by a process that then died, and clear away what was not.

    What it had measured, sealed or as finished passes, stays for the next run of that name. Where
    locks cannot be had, whoever works is taken for alive.
    """
    for leftover in [path for pattern in LEFT for path in place.glob(pattern)]:
        with suppress(OSError):
            if leftover.is_symlink():
                leftover.unlink()
                continue
            lock = _lock(leftover)
            try:
                _settle(leftover, place / _name(leftover))
            finally:
                os.close(lock)


def _settle(leftover: Path, target: Path) -> None:
    if target.is_symlink() and os.readlink(target) == leftover.name:
        return  # No leftover: the folder that the link is about.
    if target == leftover.parent:
        pass  # A name of nobody's.
    elif _sealed_as_finished(leftover) and not sound(target):
        if target.exists() and not (target / MARK).exists():
            mark(target, faults(target))
        _put(leftover, target, which(target))
    elif _worth(leftover) and not sound(target) and _age(leftover) < KEPT:
        return
    _retire(leftover)


def _sealed_as_finished(folder: Path) -> bool:
    try:
        return bool(read(folder).get("finished")) and not faults(folder, thorough=True)
    except (OSError, ValueError):
        return False


def _worth(aside: Path) -> bool:
    """Tell whether something was measured here that need not be measured again."""
    # What is being written has a dot in front of its name.
    return (aside / MANIFEST).exists() or any((aside / PASSES).glob("[!.]*"))


def _drop_unlisted(folder: Path) -> None:
    """Leave finished passes, and what is sealed; without a sound manifest nothing is."""
    if faults(folder, thorough=True):
        (folder / MANIFEST).unlink(missing_ok=True)
    for name in unlisted(folder):
        if not name.startswith(f"{PASSES}/"):
            (folder / name).unlink(missing_ok=True)


def _retire(path: Path) -> None:
    """Remove what has lost its name; a damaged folder stays, with its reason in it."""
    with suppress(OSError):  # Another may be at it too.
        if (path / MARK).exists():
            os.rename(path, path.with_name(path.name.replace(PARTIAL, SET_ASIDE, 1)))
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _lock(path: Path, needed: bool = True) -> int:
    """Return a descriptor that holds the lock while it is open.

    Raises:
        BlockingIOError: somebody alive has it.
        OSError: this file system has no locks, and `needed` says that nothing goes without.
    """
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        alive = isinstance(error, BlockingIOError)
        if alive or (needed and _age(path) < KEPT):
            os.close(opened)
            raise
    return opened


def _partial(name: str) -> str:
    return f"{PARTIAL}{name}-{secrets.token_hex(8)}"


def _name(leftover: Path) -> str:
    return leftover.name.removeprefix(PARTIAL).rpartition("-")[0]


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _can_swap(folder: Path) -> bool:
    """Tell whether the file system exchanges names, by two in this folder."""
    pair = folder / ".one", folder / ".other"
    try:
        for path in pair:
            path.mkdir(exist_ok=True)
        _swap(*pair)
    except (OSError, AttributeError) as error:
        if getattr(error, "errno", errno.ENOSYS) in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
            return False
        raise
    finally:
        for path in pair:
            with suppress(FileNotFoundError):
                path.rmdir()
    return True


def _swap(one: Path, other: Path) -> None:
    """Exchange two names in one step: Linux's renameat2, macOS's renamex_np."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    here, exchange = -100, 2
    if sys.platform == "darwin":
        failed = libc.renamex_np(*names, exchange)
    else:
        failed = libc.renameat2(here, names[0], here, names[1], exchange)
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one))
