"""Passes and whole runs on other processes: a Dask cluster, on this machine or elsewhere.

Dask carries work there and results back, and does again what a dead worker had. What else it does
by itself, and a run would suffer from, is turned off here, with the reason.
"""

import logging
import os
import pickle
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from twinhead.data.features import Cut, Features
from twinhead.data.ondisk import OnDisk
from twinhead.data.source import Source
from twinhead.errors import InputError
from twinhead.results.history import Record
from twinhead.runs import identity, worker
from twinhead.runs.experiment import Experiment
from twinhead.runs.processors import APART, EPOCHS_APART
from twinhead.runs.worker import Answer, Asked
from twinhead.training import passes
from twinhead.training.passes import Pass
from twinhead.training.recipe import Here, SpreadSettings

log = logging.getLogger(__name__)

PATIENCE = 10  # Seconds in which a scheduler has to answer.
WAITING = 1000  # Pieces of work that a scheduler has at a time.
LOSSES = 3  # How often features may be lost with the last worker that had them.
# Run by each worker on this machine: in a session of its own Ctrl-C does not reach it. Whoever
# was asked to stop tells it.
ALONE = "import os\nif os.getsid(0) != os.getpid():\n    os.setsid()\n"
LOOPBACK = "127.0.0.1"
ANY_PORT = f"{LOOPBACK}:0"


@contextmanager
def opened(experiment: Experiment, settings: Any) -> Iterator["Cluster | None"]:
    """Give the cluster that a run's passes are trained by, or None for this process.

    Raises:
        InputError: it is not there, or a worker of it is not like this process.
    """
    cluster = identity.cluster_of(settings)
    if cluster is None:
        yield None
        return
    try:
        import distributed  # An extra, and half a second.
    except ImportError as error:
        raise InputError(
            f"cluster: found {cluster.name} and no Dask; expected pip install 'twinhead[cluster]'"
        ) from error
    threads = identity.threads_of(settings)
    wrong = worker.threads_unlike(threads)  # What is trained here belongs to the same run.
    if wrong:
        raise InputError(f"cluster.threads: {wrong}")
    with ExitStack() as stack:
        stack.enter_context(_environment({identity.THREADS: str(threads)}))
        if cluster.name == "local":
            log.info("starting %d worker(s), %d thread(s) each", cluster.workers, threads)
            address = stack.enter_context(_local(cluster.workers)).scheduler_address
        else:
            address = cluster.scheduler
        try:
            client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise InputError(
                f"cluster.scheduler: found no Dask scheduler at {address}, expected one that "
                f"answers within {PATIENCE} s, such as tcp://{LOOPBACK}:8786"
            ) from error
        asked = Asked(experiment.name, settings.data, "", threads, worker.versions(experiment.name))
        made = stack.enter_context(Cluster(client, asked))
        made.check(address)
        yield made


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables meanwhile, and undo whatever Dask sets: it leaves some behind."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _local(workers: int) -> Any:
    import dask  # As in `opened`.
    import distributed

    # Dask would have the workers give memory back at once: TensorFlow takes up to twice as long
    # then. What is set only merges with its defaults; so they are taken out.
    dask.config.get("distributed.nanny.pre-spawn-environ").clear()
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,  # A pass at a time; TensorFlow has threads of its own.
        memory_limit=0,  # It would stop a worker at 80 % of a share of the memory, for ever.
        # Every other default listens on all interfaces somewhere.
        host=LOOPBACK,
        dashboard_address=ANY_PORT,
        worker_dashboard_address=ANY_PORT,
        preload=[ALONE],
        silence_logs=logging.CRITICAL,
    )


def _refuse(answer: Answer) -> None:
    if answer.kind == worker.REFUSED:
        raise InputError(f"cluster: worker {answer.address}: {answer.content}")


@dataclass(frozen=True)
class _Piece:
    """A piece of work: a function of module `worker`, and what it takes beside the features."""

    function: Callable[..., Answer]
    what: tuple[Any, ...]
    asked: Asked
    features: Features | None


class Cluster:
    """Workers, and what they have done.

    Attributes:
        done: (address, kind of processor) -> seconds of each piece of work, in turn.
        times: seconds until work was sent, of sending features to a worker, of what this process
            did with all that came back, and until the last of it.
        numbers: of the claim that kinds of processors agree, where there are several.
        given: source -> features that all workers were sent, as Dask's future.
    """

    def __init__(self, client: Any, asked: Asked):
        self.client, self.asked = client, asked
        self.done: dict[tuple[str, str], list[float]] = {}
        self.opened = time.monotonic()
        self.times = dict.fromkeys(("start", "giving", "here", "all"), 0.0)
        self.numbers: dict[str, float] = {}
        self.given: dict[Source, Any] = {}
        self.losses = 0

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close(timeout=PATIENCE)

    def check(self, address: str) -> None:
        """Wait for a worker, and refuse one that would give other numbers.

        Raises:
            InputError: it has another version of something.
        """
        future = self.client.submit(worker.greet, self.asked, pure=False)
        while not future.done():
            try:
                future.result(timeout=PATIENCE)
            except TimeoutError:
                log.warning("%s: no worker yet, waiting for one", address)
            except Exception:  # Told below, as every other piece of work's.
                break
        _refuse(self._answer(future))

    def train(
        self, work: Mapping[int, tuple[Pass, Cut]]
    ) -> Generator[tuple[int, list[Record]], None, None]:
        """Give every pass's number and records as soon as it is finished.

        Raises:
            InputError: passes failed, for a reason that says which worker; all others have been
                given. Or a worker is not like this process.
        """
        pieces: dict[int, _Piece] = {}
        for key, (one, cut) in work.items():
            asked = replace(self.asked, sha256=passes.sha256(cut.features))
            # Pickled here: to read it starts TensorFlow, and the worker has to be asked first.
            what = pickle.dumps(one), cut.validation_fraction, cut.seed
            pieces[key] = _Piece(worker.train, what, asked, cut.features)
        left, first = len(pieces), None
        for key, answer in self._answers(pieces, "passes"):
            left, first = left - 1, first or (pieces[key], answer)
            if not left:
                self._compare(*first)
            yield key, answer.content

    def make(
        self, runs: Mapping[str, SpreadSettings]
    ) -> Generator[tuple[str, dict[str, bytes], str], None, None]:
        """Give every run's id, files, path -> content, and its worker as soon as it is finished.

        Args:
            runs: id -> settings, of a run that a worker makes by itself.

        Raises:
            InputError: as `train` does.
        """
        pieces = {}
        for run_id, settings in runs.items():
            asked = replace(self.asked, source=settings.data)
            alone = {"cluster": Here(), "progress": False, "force": False}
            what = pickle.dumps(settings.model_copy(update=alone)), run_id
            pieces[run_id] = _Piece(worker.run, what, asked, None)
        for run_id, answer in self._answers(pieces, "runs"):
            yield run_id, answer.content, answer.address

    def _answers(
        self, pieces: Mapping[Any, _Piece], called: str
    ) -> Generator[tuple[Any, Answer], None, None]:
        """Give what is done, in the order of finishing; what failed is said when all is over."""
        from distributed import as_completed  # As in `opened`.

        waiting, going = iter(pieces), as_completed(loop=self.client.loop)
        under_way: dict[str, tuple[Any, Any, Any]] = {}  # Dask's name -> key, future, features.
        failed: list[Answer] = []

        def submit(key: Any) -> None:
            piece = pieces[key]
            given = self.given.get(piece.asked.source)
            future = self.client.submit(piece.function, *piece.what, piece.asked, given, pure=False)
            under_way[future.key] = key, future, given
            going.add(future)

        self.times["start"] = time.monotonic() - self.opened
        try:
            for key in islice(waiting, WAITING):
                submit(key)
            for future in going:
                came = time.monotonic()
                key, _, given = under_way.pop(future.key)
                answer = self._answer(future, given)
                if answer.kind == worker.LACKING:
                    self._give(pieces[key], answer)
                    submit(key)
                    continue
                _refuse(answer)
                if answer.kind == worker.FAILED:
                    failed.append(answer)
                else:
                    self.done.setdefault((answer.address, answer.processor), []).append(
                        answer.seconds
                    )
                    yield key, answer
                    self.times["here"] += time.monotonic() - came
                    self.times["all"] = time.monotonic() - self.opened
                for key in islice(waiting, 1):
                    submit(key)
        finally:
            with suppress(Exception):  # Whoever cancels may do so because all is lost.
                self.client.cancel([future for _, future, _ in under_way.values()])
        if failed:
            first = failed[0]
            raise InputError(
                f"cluster: {len(failed)} of {len(pieces)} {called} failed, the first on worker "
                f"{first.address}: {first.content}; the others are kept, and not trained again"
            )

    def _answer(self, future: Any, given: Any = None) -> Answer:
        """Return what became of a piece of work; of one that was given features, see `_give`."""
        from concurrent.futures import CancelledError  # As in `opened`.

        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as error:
            died = f"it died, as {error.allowed_failures} did before of the same piece of work"
            return Answer(worker.FAILED, error.last_worker.address, "", died)
        except CancelledError as error:
            if given is None or self.losses == LOSSES or self.client.status != "running":
                raise InputError(
                    "cluster: found the scheduler gone, or the work cancelled by somebody; what "
                    "is finished is kept, and the same command goes on from there"
                ) from error
            # Whoever had the features died. All that was given them tells so, one after the other.
            if given in self.given.values():
                self.losses += 1
                self.given.clear()
            return Answer(worker.LACKING, "", "", str(error))
        except ImportError as error:
            return Answer(worker.REFUSED, "", "", f"found no twinhead ({error}), expected this one")
        except Exception as error:  # Dask's own: what it had to carry broke on the way.
            return Answer(worker.FAILED, "", "", f"{type(error).__name__}: {error}")

    def _give(self, piece: _Piece, answer: Answer) -> None:
        """Send the features to all workers, once: one of them cannot read them where they lie."""
        source = piece.asked.source
        if source in self.given:
            return
        features = piece.features or source.load(on_disk=True)
        if isinstance(features.X, OnDisk):
            raise InputError(
                f"cluster: worker {answer.address}: {answer.content}; expected a path that all "
                "workers can read, for features that are left on the disk"
            )
        log.info("sending %.0f MB of features to every worker", features.X.nbytes / 1e6)
        started = time.monotonic()
        self.given[source] = self.client.scatter(features, broadcast=True, hash=False)
        workers = len(self.client.scheduler_info(n_workers=-1)["workers"])
        self.times["giving"] = (time.monotonic() - started) / max(1, workers)

    def _compare(self, piece: _Piece, answer: Answer) -> None:
        """Have a pass trained again by a worker of every other kind of processor that took part."""
        others = {kind: where for where, kind in self.done if kind != answer.processor}
        for kind, where in others.items():
            given = self.given.get(piece.asked.source)
            future = self.client.submit(
                piece.function, *piece.what, piece.asked, given, pure=False, workers=[where]
            )
            again = self._answer(future)
            if again.kind != worker.DONE:
                log.warning("%s: not compared with %s: %s", kind, answer.processor, again.content)
                continue
            for one, other in zip(answer.content, again.content, strict=True):
                there, here = other.loss(), one.loss()
                # What the same pass loses in an epoch is what another way of training could do.
                for name, apart in ((APART, there - here), (EPOCHS_APART, there[1:] - here[:-1])):
                    largest = float(np.abs(apart).max())
                    self.numbers[name] = max(self.numbers.get(name, 0.0), largest)

    def workers(self) -> list[dict[str, Any]]:
        """Return what a run's provenance keeps of every worker that trained for it."""
        return [
            {"address": address, "cpu": cpu, "pass_seconds": [round(each, 4) for each in seconds]}
            for (address, cpu), seconds in sorted(self.done.items())
        ]
