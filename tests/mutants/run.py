"""Break the code in one line, run the tests that must notice, and say which breaks nobody noticed.

    make mutants                            all of them
    make mutants ARGS="statistics.toml"     one file's
    make mutants ARGS="--jobs 4 split"      those whose file or sentence names it, four at a time

The catalogue is the TOML files beside this one. A mutant is a sentence, a file, a text that the
file has exactly once, what stands in its place, and the tests. One that does not apply, or after
which the tests cannot even be collected, is an error: it shows nothing.
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
TREE = ("src", "experiments", "conf", "tests", "docs", "pyproject.toml", "Makefile", "README.md")
CAUGHT, SURVIVED, ERROR = "caught", "SURVIVED", "ERROR"
LONGEST = 900  # Seconds for a mutant's tests; one that hangs them is noticed.

# Imported once, by the process that every run of tests is a fork of: they take most of a short
# run's time. Nothing of the project may be among them, nor may TensorFlow compute before the fork.
ONCE = (
    *("pytest", "h5py", "hydra", "keras", "matplotlib.pyplot", "pandas", "scipy.optimize"),
    *("scipy.stats", "sklearn.linear_model", "sklearn.model_selection", "tensorflow"),
)
FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Mutant:
    """One break.

    Attributes:
        breaks: a sentence: what goes wrong.
        notice: files of tests, or single ones, that must fail.
        equivalent: why nothing can notice, for a break that is none; it is not run.
    """

    breaks: str
    file: str
    old: str
    new: str
    notice: tuple[str, ...]
    catalogue: str = ""
    equivalent: str = ""

    def applied(self, tree: Path) -> str:
        """Return the broken file's text.

        Raises:
            ValueError: the old text is not there exactly once.
        """
        text = (tree / self.file).read_text(encoding="utf-8")
        found = text.count(self.old)
        if found != 1 or self.old == self.new:
            raise ValueError(f"{self.file} has this text {found} times: {self.old!r}")
        return text.replace(self.old, self.new)


def catalogue() -> list[Mutant]:
    """Return all mutants; `file` and `notice` at a file's top are its mutants' own, if left out."""
    mutants = []
    for path in sorted(HERE.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        usual = {key: content[key] for key in ("file", "notice") if key in content}
        for each in content["mutant"]:
            own = usual | each
            own["notice"] = tuple(own["notice"])
            mutants.append(Mutant(**own, catalogue=path.name))
    return mutants


def _copied(to: Path) -> Path:
    for name in TREE:
        source = PROJECT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, to / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, to / name)
    return to


def _pytest(tree: Path, notice: tuple[str, ...], said: Path) -> None:
    """Run tests in a tree, as a process of its own, and leave with pytest's exit code."""
    os.setsid()  # So that what the tests start ends with them.
    with said.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(tree)
    os.environ |= {"PYTHONPATH": str(tree / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    sys.dont_write_bytecode = True
    sys.path[:] = [str(tree / "src"), *(path for path in sys.path if Path(path) != HERE)]
    import pytest  # Here, as the process that only hands out mutants has no use for it.

    code = int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *notice]))
    sys.stdout.flush()
    os._exit(code)  # Without waiting for threads that a broken program left behind.


def _tests(tree: Path, notice: tuple[str, ...]) -> tuple[int, str]:
    """Run tests in a tree and return pytest's exit code and its last words."""
    file = tree / "said"
    process = FORKS.Process(target=_pytest, args=(tree, notice, file))
    process.start()
    process.join(LONGEST)
    if process.exitcode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return 1, "took too long"
    lines = file.read_text(errors="replace").splitlines() if file.exists() else []
    said = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return process.exitcode, (said or lines or ["said nothing"])[-1]


def _tried(mutant: Mutant, tree: Path) -> tuple[str, str]:
    path = tree / mutant.file
    whole = path.read_text(encoding="utf-8")
    try:
        path.write_text(mutant.applied(tree), encoding="utf-8")
    except (ValueError, OSError) as error:
        return ERROR, f"does not apply: {error}"
    try:
        code, said = _tests(tree, mutant.notice)
    finally:
        path.write_text(whole, encoding="utf-8")
    outcome = {0: SURVIVED, 1: CAUGHT}.get(code, ERROR)
    return outcome, said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("which", nargs="*", help="part of a file's name or of a sentence")
    parser.add_argument("--jobs", type=int, default=1, help="mutants tried at the same time")
    chosen = parser.parse_args()
    mutants = [
        mutant
        for mutant in catalogue()
        if not chosen.which
        or any(part in f"{mutant.catalogue} {mutant.breaks}" for part in chosen.which)
    ]
    # As training/backend.py has them, which is not imported before the fork.
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    FORKS.set_forkserver_preload(list(ONCE))
    with tempfile.TemporaryDirectory() as place:
        trees: Queue[Path] = Queue()
        for number in range(chosen.jobs):
            trees.put(_copied(Path(place) / str(number)))
        # Tests that fail anyway would catch everything.
        whole = tuple(sorted({test for mutant in mutants for test in mutant.notice}))
        tree = trees.get()
        code, said = _tests(tree, whole)
        trees.put(tree)
        if code:
            print(f"The tests fail before anything is broken: {said}")
            return 2

        def tried(mutant: Mutant) -> tuple[Mutant, str, str]:
            if mutant.equivalent:
                return mutant, CAUGHT, f"equivalent: {mutant.equivalent}"
            tree, clock = trees.get(), time.monotonic()
            outcome, said = _tried(mutant, tree)
            trees.put(tree)
            seconds = time.monotonic() - clock
            print(f"{outcome:9} {seconds:4.0f} s  {mutant.breaks}\n{'':18}{said}", flush=True)
            return mutant, outcome, said

        with ThreadPoolExecutor(chosen.jobs) as pool:
            outcomes = [outcome for _, outcome, _ in pool.map(tried, mutants)]
    counted = ", ".join(f"{outcomes.count(each)} {each}" for each in (CAUGHT, SURVIVED, ERROR))
    print(f"{len(outcomes)} mutants: {counted}")
    return 0 if outcomes.count(CAUGHT) == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
