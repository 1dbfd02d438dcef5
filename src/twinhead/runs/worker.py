"""What a worker of a cluster does: it trains a pass, or makes a whole run, and sends it back.

Nothing is believed of another process: its code, versions and features are held against those of
whoever asks, with every piece of work. It may have joined a moment ago.
"""

import os
import pickle
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from twinhead.data.features import Cut, Features
from twinhead.data.source import Source, give
from twinhead.errors import InputError
from twinhead.runs import identity, provenance
from twinhead.runs.experiment import Experiment
from twinhead.training import passes

DONE, FAILED, REFUSED, LACKING = "done", "failed", "refused", "lacking"
# What is kept between two passes is that of one at a time, however many threads Dask has here.
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """What whoever asks has, and a worker needs to have as well.

    Attributes:
        sha256: of the source's features; nothing where a run's id has them.
        threads: of TensorFlow's in a worker.
        versions: what `versions` returns there.
    """

    experiment: str
    source: Source
    sha256: str
    threads: int
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What became of a piece of work.

    Attributes:
        kind: DONE, FAILED, REFUSED for another version, or LACKING the features.
        address: of the worker, as Dask has it.
        processor: of what kind it is.
        content: the result, or in words why there is none.
        seconds: that it took there.
    """

    kind: str
    address: str
    processor: str
    content: Any
    seconds: float = 0.0


@cache  # Of what is loaded, whatever is installed meanwhile.
def versions(experiment: str) -> dict[str, str]:
    """Return what has to be the same wherever passes of an experiment are trained."""
    files, modules = identity.reached(Experiment(experiment).folder / "measure.py")
    return {
        "Python": platform.python_version(),
        "twinhead's code": identity.code(files)[:12],
        **identity.versions(modules),
    }


def unlike(experiment: str, expected: Mapping[str, str]) -> str:
    """Return in words what is another version here than expected, or nothing."""
    own = versions(experiment)
    for name in {**expected, **own}:
        if own.get(name) != expected.get(name):
            return f"found {name} {own.get(name)}, expected {expected.get(name)}, as here"
    return ""


def greet(asked: Asked) -> Answer:
    """Return whether this process would give the numbers of whoever asks."""
    return _answer(asked, lambda: None)


def train(one: bytes, fraction: float, seed: int, asked: Asked, given: Features | None) -> Answer:
    """Train a pass on a cut of the features; its content is its records.

    Args:
        one: the pass, pickled: to read it starts TensorFlow, with whatever threads it finds then.
        given: the features, for a worker that cannot read them where they lie.
    """

    def work() -> Any:
        features = _features(asked, given)
        cut = _cuts.setdefault((fraction, seed), Cut(features, fraction, seed))
        records = pickle.loads(one).train(cut.split())
        passes.check_again(features.X)
        return records

    return _answer(asked, work)


def run(settings: bytes, name: str, asked: Asked, given: Features | None) -> Answer:
    """Make a whole run; its content is the run's files, path -> bytes.

    Args:
        settings: pickled, of an experiment that is trained in this process alone.
        name: the run's id, which is the same wherever all that decides the numbers is.
    """

    def work() -> Any:
        from twinhead.runs.execute import execute  # Which imports what asks for this.

        _features(asked, given)
        with tempfile.TemporaryDirectory() as outputs, open(os.devnull, "w") as nowhere:
            own = pickle.loads(settings).model_copy(update={"outputs": outputs})
            with redirect_stdout(nowhere):
                folder = execute(Experiment(asked.experiment), own).folder
            if folder.name != name:
                raise InputError(f"found run {folder.name}, expected {name}, as here")
            paths = [path for path in folder.rglob("*") if path.is_file()]
            return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    return _answer(asked, work)


class _LackingError(Exception):
    """The features are not to be had here."""


_held: list[tuple[Source, str, Features]] = []  # The latest, for the next pass.
_cuts: dict[tuple[float, int], Cut] = {}


def _features(asked: Asked, given: Features | None) -> Features:
    """Return the features asked for: read where they lie, or made, or else as they were given."""
    if not (_held and _held[0][:2] == (asked.source, asked.sha256)):
        _held.clear()
        _cuts.clear()
        found = given
        if found is None:
            try:
                found = asked.source.load(on_disk=True)
            except (InputError, OSError) as error:
                raise _LackingError(str(error)) from error
            if asked.sha256 and passes.sha256(found) != asked.sha256:
                raise _LackingError(f"{asked.source.called()}: found other features than are here")
        else:
            give(asked.source, found)
        _held.append((asked.source, asked.sha256, found))
    return _held[0][2]


def _answer(asked: Asked, work: Callable[[], Any]) -> Answer:
    from distributed import get_worker  # An extra; whoever is asked has it.

    me = Answer(DONE, get_worker().address, provenance.cpu(), None)
    started = time.monotonic()
    with _one_at_a_time:
        try:
            wrong = unlike(asked.experiment, asked.versions) or threads_unlike(asked.threads)
            if wrong:
                return replace(me, kind=REFUSED, content=wrong)
            os.environ[identity.THREADS] = str(asked.threads)
            return replace(me, content=work(), seconds=time.monotonic() - started)
        except _LackingError as error:
            return replace(me, kind=LACKING, content=str(error))
        except InputError as error:
            return replace(me, kind=FAILED, content=str(error))
        except Exception as error:  # Of whatever kind: others go on, and the user is told.
            return replace(me, kind=FAILED, content=f"{type(error).__name__}: {error}")


def threads_unlike(wanted: int) -> str:
    """Return in words why TensorFlow cannot use so many threads in this process, or nothing."""
    if "tensorflow" not in sys.modules or identity.threads() == wanted:
        return ""
    return f"found TensorFlow started with {identity.threads()} thread(s), expected {wanted}"
