"""Ten thousand damaged features files and three hundred killed runs: `make fuzz`.

    python tests/trust/fuzz.py [mutations=10000] [kills=300] [seed=0]

Says what came of them, and exits with 1 if anything was lost, half, dangling, silently wrong, a
traceback, a hang or a crash. The same seed gives the same damage; when a kill strikes, it does not.
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
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from small import SMALL
from mutate import KINDS, Forked, base, mutated, outcome_of_reading

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

HANG = 10  # Seconds.


def damage(count: int, seed: int) -> tuple[Counter, list[str]]:
    """Read so many damaged files; return what came of them, and what must not."""
    found: Counter = Counter()
    wrong = []
    # The same child, forked: without its second to start.
    with mock.patch.object(subprocess, "Popen", Forked), tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.h5"
        whole = {kind: base(kind, path) for kind in KINDS}
        for number in range(count):
            kind = list(KINDS)[number % len(KINDS)]
            path.write_bytes(mutated(whole[kind], random.Random(f"{seed} {number}")))
            started = time.monotonic()
            try:
                outcome = outcome_of_reading(kind, path)
            except Exception as error:
                outcome = f"traceback: {error!r}"
            if time.monotonic() - started > HANG:
                outcome = f"hang: {time.monotonic() - started:.0f} s"
            good = outcome in ("refused", "read")
            found[outcome if good else outcome.partition(":")[0]] += 1
            if not good:
                wrong.append(f"{kind}, mutation {number}: {outcome}")
            tell("damaged files", number + 1, count)
    return found, wrong


def kills(count: int, seed: int) -> tuple[Counter, list[str]]:
    """Kill so many runs at any moment; return what was there afterwards, and what must not be."""
    experiment = Experiment("equivalence")
    words = [*SMALL["equivalence"].split(), "progress=false"]
    generator = random.Random(seed)
    found: Counter = Counter()
    wrong = []
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
    return found, wrong


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


def tell(what, done, total):
    if done % max(1, total // 20) == 0:
        print(f"{what}: {done} of {total}", flush=True)


def main(words):
    given = {"mutations": 10_000, "kills": 300, "seed": 0}
    given |= {key: int(value) for key, _, value in (word.partition("=") for word in words)}
    print(" ".join(f"{key}={value}" for key, value in given.items()), flush=True)
    bad = []
    for what, work in (("mutations", damage), ("kills", kills)):
        found, wrong = work(given[what], given["seed"])
        print(f"\n{given[what]} {what}")
        for outcome, number in sorted(found.items()):
            print(f"  {number:6}  {outcome}")
        print(f"  {len(wrong):6}  lost, half, dangling, silently wrong, tracebacks, hangs, crashes")
        bad += wrong
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
