"""Runs that are killed at any moment, and what is there afterwards: a part of `make fuzz`.

By turns a run in memory and one whose rows stay on the disk, one that replaces another and one that
is the first; every third kill is aimed at the moment in which the run is sealed and gets its name.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data import ondisk, rewriting
from twinhead.data.features import Features
from twinhead.data.features import split as cut
from twinhead.disk import manifest
from twinhead.results import history
from twinhead.runs import present  # noqa: F401  Once, and not after every fork.
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.verify import verify
from twinhead.training import passes

FILE = "data=file data.path=rows.h5 data.in_memory=false epochs=2"


@dataclass
class Victim:
    """A run that is killed again and again.

    Attributes:
        measured: what its training gave, which is not what is killed here.
        seconds: that it takes, and its last part: from its sealing to its end.
    """

    name: str
    words: list[str]
    measured: Any
    folder: Path
    kept: Path
    seconds: float = 0.0
    publishing: float = 0.0

    def run(self, *more, how=None, aimed=False, after=0.0):
        """Let it run in a process of its own, and kill it at a moment; return its exit code.

        Args:
            how: the signal; None lets it finish, and measures how long that takes.
            aimed: whether `after` counts from the moment when it is about to be sealed.
        """
        sealing, tell = os.pipe()
        started = time.monotonic()
        child = os.fork()
        if not child:
            code = 70
            try:
                signal.signal(signal.SIGTERM, signal.default_int_handler)
                quietly(lambda: run(self, more, tell))
                code = 0
            except KeyboardInterrupt:
                code = 130
            finally:
                os._exit(code)
        os.close(tell)
        if how is None or aimed:
            os.read(sealing, 1)  # Nothing, if it ends before that.
            sealed = time.monotonic()
        if how is not None:
            time.sleep(after)
            os.kill(child, how)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(sealing)
        if how is None:
            self.seconds, self.publishing = time.monotonic() - started, time.monotonic() - sealed
        return code


def victim(name, words):
    words = [*words.split(), "progress=false"]
    # In a process of its own: what TensorFlow starts does not survive a fork.
    command = [sys.executable, "-m", "twinhead", name, *words]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    (folder,) = Path("outputs", name).glob("[0-9a-f]*")
    kept = Path(shutil.copytree(folder, f"kept-{name}"))
    return Victim(name, words, history.load(folder / "history.h5"), folder, kept)


def kills(
    count: int, seed: int, found: Counter, wrong: list[str], tell: Callable[[str, int, int], None]
) -> None:
    """Kill so many runs at any moment; count what was there afterwards, and list what must not be.

    Args:
        tell: is told what is counted, how many are done, and of how many.
    """
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        with h5py.File("rows.h5", "w") as file:
            X = np.random.default_rng(0).standard_normal((4000, 50)).astype("f4")
            file.create_dataset("train", data=X, chunks=(100, 50), compression="gzip")
            file["label"] = (X[:, 0] > 0).astype("u1")
        victims = victim("equivalence", SMALL["equivalence"]), victim("train", FILE)
        for number in range(count):
            if number % 10 == 0:
                for each in victims:
                    wrong += [f"after kill {number}: {fault}" for fault in uninterrupted(each)]
            each = victims[number // 2 % 2]
            if number % 2 and each.folder.exists():
                os.rename(each.folder, f"old-{number}")
                (each.folder.parent / "latest").unlink(missing_ok=True)
                for copy in rewriting.sizes():
                    shutil.rmtree(copy)
            elif not each.folder.exists():
                shutil.copytree(each.kept, each.folder)
            before = each.folder.exists()
            aimed = number % 3 == 0
            each.run(
                *(["force=true"] if before else []),
                how=generator.choice(
                    (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
                ),
                aimed=aimed,
                after=generator.uniform(0, each.publishing if aimed else each.seconds),
            )
            wrong += [f"kill {number}: {fault}" for fault in left_by(each, before)]
            where = "on the disk" if each.name == "train" else "in memory"
            kind = f"{where}, {'replacing' if before else 'first'}{', at its sealing' * aimed}"
            found[f"{kind}: {'whole' if each.folder.exists() else 'not yet there'}"] += 1
            tell("kills", number + 1, count)
        os.chdir("/")


def uninterrupted(victim):
    """Yield what is wrong with a run that nobody kills."""
    codes = [victim.run(), victim.run("force=true")]
    places = victim.folder.parent, Path("data"), Path("outputs")
    left = [str(path) for place in places for path in place.glob(".*")]
    if any(codes) or left:
        yield f"exit codes {codes}, left over {left}"
    if faults := verify(victim.folder).faults:
        yield str(faults)


def left_by(victim, before):
    """Yield what must not be there after a kill."""
    if before and not victim.folder.exists():
        yield "lost"
    if victim.folder.exists() and (faults := manifest.faults(victim.folder, thorough=True)):
        yield f"half, {faults}"
    for copy in rewriting.sizes():
        if faults := manifest.faults(copy, thorough=True):
            yield f"{copy} is half, {faults}"
    for link in Path("outputs").rglob("latest"):
        if not link.exists():
            yield f"{link} dangles"
    page = Path("outputs/index.html")
    if page.exists() and not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        yield f"{page} is half"


def run(victim, more, tell):
    """Do all that a run does, but for training: its passes and records are there already."""
    real = manifest.seal
    ondisk._pool = ThreadPoolExecutor(ondisk.THREADS)  # No thread survives a fork.

    def stand_in(self, given):
        given.data.load(on_disk=True)
        rows = np.ones((10, 1), np.float32)
        split = cut(Features("no", rows, np.arange(10) % 2), 0.5, seed=1)
        for name, record in victim.measured.records.items():
            passes.kept(split, name, [rows], lambda record=record: [record])
        return victim.measured

    def seal(folder, **about):
        if "presentation" in about:
            os.write(tell, b".")
        real(folder, **about)

    Experiment.measure, Experiment.export, manifest.seal = stand_in, None, seal
    experiment = Experiment(victim.name)
    words = [*victim.words, *more]
    execute(experiment, compose(f"experiment/{victim.name}", experiment.Settings, words))


def quietly(work):
    nothing = os.open(os.devnull, os.O_RDWR)
    spoken = os.dup(1)
    os.dup2(nothing, 1)
    try:
        work()
    finally:
        sys.stdout.flush()
        os.dup2(spoken, 1)
