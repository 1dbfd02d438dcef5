"""What a run is: a hash of all that decides its numbers, read off the imports of its measurement.

No list is kept. What `measure.py` reaches by imports inside twinhead is code that measures; what
it reaches outside is a distribution, whose version counts, and whose absence does.
"""

import ast
import hashlib
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import Any

import twinhead
from twinhead.runs.experiment import Experiment
from twinhead.settings import RunSettings

PACKAGE = Path(twinhead.__file__).parent
# What a measurement reaches and is not decided by: ranges of settings (their values count by
# themselves), the words of errors, the counting of steps, how files get to the disk, and the rules
# by which claims are judged.
TOLD_APART = (
    *("settings.py", "errors.py", "steps.py", "results/claim.py"),
    *("disk/__init__.py", "disk/manifest.py", "disk/whole.py"),
)
THREADS = "TF_NUM_INTRAOP_THREADS"  # A variable that TensorFlow reads as it starts.
PRESENTING = ("pages", "results", "runs/present.py")


def run_id(experiment: Experiment, settings: RunSettings) -> str:
    """Return twelve characters that change with everything that decides the numbers."""
    values = settings.measured()
    source = getattr(settings, "data", None)
    if source is not None:
        values["data"] = source.settings() | {"features": source.identity()}
    files, modules = reached(experiment.folder / "measure.py")
    decides = {
        "settings": values,
        "code": code(files),
        "versions": versions(modules),
        "python": platform.python_version(),
        "threads": threads_of(settings),
    }
    return _digest(json.dumps(decides, sort_keys=True).encode())[:12]


def presentation(experiment: Experiment) -> str:
    """Return what changes with everything that judges, words, draws and shows a run."""
    files = [path for name in PRESENTING for path in _files(PACKAGE / name)]
    own = [path for path in experiment.folder.glob("*.py") if path.name != "measure.py"]
    return _digest(b"".join(_bytes(path) for path in sorted({*files, *own})))[:12]


def threads_of(settings: RunSettings) -> int:
    """Return how many threads TensorFlow will use wherever passes of a run are trained."""
    cluster = cluster_of(settings)
    if cluster is None:
        return threads()
    return cluster.threads or max(1, threads() // cluster.workers)


def cluster_of(settings: RunSettings) -> Any:
    """Return the cluster that is to train a run's passes, or None for this process alone."""
    cluster = getattr(settings, "cluster", None)
    return None if cluster is None or cluster.name == "none" else cluster


def threads() -> int:
    """Return how many threads TensorFlow will use: sums are taken in another order with others."""
    if os.environ.get(THREADS, "").isdecimal() and int(os.environ[THREADS]):
        return int(os.environ[THREADS])
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def reached(start: Path) -> tuple[list[Path], set[str]]:
    """Return the files of twinhead that a module's imports reach, and the modules outside it.

    A module's data lie beside it under its name (published.py and published.csv) and are reached
    with it. Imports inside functions count.
    """
    seen: dict[Path, None] = {}
    outside: set[str] = set()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen or any(path == PACKAGE / name for name in TOLD_APART):
            continue
        seen[path] = None
        for name in _imports(path):
            own = _own(name)
            if own is not None:
                waiting += own
            elif not name.startswith("twinhead"):
                outside.add(name.split(".")[0])
    data = [beside for path in seen for beside in path.parent.glob(f"{path.stem}.*")]
    files = {*seen, *(path for path in data if path.suffix not in (".py", ".pyc"))}
    return sorted(files), outside - sys.stdlib_module_names


def _imports(path: Path) -> list[str]:
    found = []
    for node in _statements(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a block, wherever: half of `ast.walk`'s time is for expressions."""
    for block in ("body", "handlers", "orelse", "finalbody", "cases"):
        for each in getattr(node, block, ()):
            yield each
            yield from _statements(each)


def _own(name: str) -> list[Path] | None:
    """Return the files behind a module of twinhead, packages above it included; else None."""
    first, *parts = name.split(".")
    if first != "twinhead" or not parts:
        return None
    place, found = PACKAGE, []
    for part in parts:
        place = place / part
        if (place / "__init__.py").is_file():
            found.append(place / "__init__.py")
        elif place.with_suffix(".py").is_file():
            return [*found, place.with_suffix(".py")]
        else:
            break
    return found


def code(files: Iterable[Path]) -> str:
    """Return the SHA-256 of these files' names and content, comments included.

    Of an experiment's `__init__.py` its texts and `answer` do not count: they ask, explain and
    answer, and measure nothing.
    """
    digest = hashlib.sha256()
    for path in files:
        words = path.name == "__init__.py" and path.parent.parent.name == "experiments"
        digest.update(_bytes(path, words))
    return digest.hexdigest()


def _bytes(path: Path, without_words: bool = False) -> bytes:
    content = path.read_bytes()
    if without_words:
        tree = ast.parse(content)
        tree.body = [node for node in tree.body if getattr(node, "name", "") != "answer"]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = ""
        content = ast.dump(tree).encode()
    return f"{path.parent.name}/{path.name}".encode() + b"\0" + content + b"\0"


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(
        path for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def versions(modules: Iterable[str]) -> dict[str, str]:
    """Return distribution -> version of what these modules belong to, or "absent"."""
    found: dict[str, str] = {}
    for module in sorted(modules):
        try:
            found[module] = version(module)
        except PackageNotFoundError:
            others = {name: version(name) for name in _called_otherwise(module)}
            found |= others or {module: "absent"}
    return found


@cache
def _called_otherwise(module: str) -> list[str]:
    """Return the distributions that have this module, as scikit-learn has sklearn.

    A quarter of the time of `packages_distributions`, which reads all that there is of each.
    """
    return [
        each.name
        for each in distributions()
        if module in (each.read_text("top_level.txt") or "").split()
        or f"\n{module}/" in f"\n{each.read_text('RECORD')}"
    ]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
