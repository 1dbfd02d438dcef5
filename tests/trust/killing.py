"""Runs that are killed at any moment, and what is there afterwards: a part of `make fuzz`."""

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
from pathlib import Path

import numpy as np
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data.features import Features
from twinhead.data.features import split as cut
from twinhead.disk import manifest
from twinhead.results import history
from twinhead.runs import present  # noqa: F401  Once, and not after every fork.
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.verify import verify
from twinhead.training import passes


def kills(
    count: int, seed: int, found: Counter, wrong: list[str], tell: Callable[[str, int, int], None]
) -> None:
    """Kill so many runs at any moment; count what was there afterwards, and list what must not be.

    Args:
        tell: is told what is counted, how many are done, and of how many.
    """
    experiment = Experiment("equivalence")
    words = [*SMALL["equivalence"].split(), "progress=false"]
    generator = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        # In a process of its own: what TensorFlow starts does not survive a fork.
        command = [sys.executable, "-m", "twinhead", "equivalence", *words]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        (folder,) = (path for path in Path("outputs/equivalence").glob("[0-9a-f]*"))
        measured = history.load(folder / "history.h5")
        shutil.copytree(folder, "kept")
        seconds = 0.0
        for number in range(count):
            if number % 10 == 0:
                # Uninterrupted, to see that all is well, and how long it takes.
                codes = [fork(lambda: run(experiment, measured, words))]
                started = time.monotonic()
                codes += [fork(lambda: run(experiment, measured, [*words, "force=true"]))]
                seconds = time.monotonic() - started
                left = [path.name for path in folder.parent.glob(".*")]
                if any(codes) or left:
                    wrong.append(f"after kill {number}: exit codes {codes}, left over {left}")
                if faults := verify(folder).faults:
                    wrong.append(f"after kill {number}: {faults}")
            if number % 2 and folder.exists():
                os.rename(folder, f"old-{number}")
                Path("outputs/equivalence/latest").unlink(missing_ok=True)
            elif not folder.exists():
                shutil.copytree("kept", folder)
            before = folder.exists()
            how = generator.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
            force = ["force=true"] if before else []
            after = generator.uniform(0, seconds)
            fork(lambda force=force: run(experiment, measured, [*words, *force]), how, after)
            if before and not folder.exists():
                wrong.append(f"kill {number}: lost")
            if folder.exists() and (faults := manifest.faults(folder, thorough=True)):
                wrong.append(f"kill {number}: half, {faults}")
            for link in Path("outputs").rglob("latest"):
                if not link.exists():
                    wrong.append(f"kill {number}: {link} dangles")
            page = Path("outputs/index.html")
            if page.exists() and not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
                wrong.append(f"kill {number}: {page} is half")
            kind = "replacing" if before else "first"
            found[f"{kind}: {'whole' if folder.exists() else 'not yet there'}"] += 1
            tell("kills", number + 1, count)
        os.chdir("/")


def settings(experiment, words):
    return compose("experiment/equivalence", experiment.Settings, words)


def run(experiment, measured, words):
    """Do all that a run does, but for training: its passes and records are there already."""

    def stand_in(self, given):
        rows = np.ones((10, 1), np.float32)
        split = cut(Features("no", rows, np.arange(10) % 2), 0.5, seed=1)
        for name, record in measured.records.items():
            passes.kept(split, name, [rows], lambda record=record: [record])
        return measured

    Experiment.measure, Experiment.export = stand_in, None
    execute(experiment, settings(experiment, words))


def fork(work, how=None, after=0.0):
    """Do this in a process of its own, and kill it after so many seconds; return its exit code."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        code = 70
        try:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            quietly(work)
            code = 0
        except KeyboardInterrupt:
            code = 130
        finally:
            os._exit(code)
    if how is not None:
        time.sleep(after)
        os.kill(child, how)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def quietly(work):
    nothing = os.open(os.devnull, os.O_RDWR)
    spoken = os.dup(1)
    os.dup2(nothing, 1)
    try:
        work()
    finally:
        sys.stdout.flush()
        os.dup2(spoken, 1)
