"""The one door: `twinhead <experiment or command> key=value …`."""

import ast
import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from twinhead.errors import InputError
from twinhead.runs.experiment import FOLDER, Experiment, names

COMMANDS = Path(__file__).parent / "commands"
HELP = ("-h", "--help", "help")


def main() -> None:
    """Do what the command line says and exit with what it came to."""
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Do what these words say; return the exit code. What is the user's to mend is one line."""
    try:
        return _dispatch(list(words))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
    except MemoryError as error:
        print(f"error: not enough memory for this: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: finished runs are kept, nothing half-written is", file=sys.stderr)
        return 130
    return 2


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in HELP:
        print(overview())
        return 0
    first, *rest = words
    if first in commands():
        return import_module(f"twinhead.cli.commands.{first}").main(rest)
    if first in names():
        from twinhead.cli import experiment  # With Hydra: a list of commands needs none.

        return experiment.main(Experiment(first), rest)
    known = [*commands(), *names()]
    near = difflib.get_close_matches(first, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"{first}: no such command; {hint}expected one of {', '.join(known)}")


def commands() -> list[str]:
    return sorted(path.stem for path in COMMANDS.glob("[a-z]*.py"))


def overview() -> str:
    """Return a line for everything there is, read from the files' first lines: nothing is imported."""
    lines = ["twinhead <command> [key=value ...]; twinhead <command> --help", "", "Commands"]
    lines += [f"  {name:13}{summary(COMMANDS / f'{name}.py')}" for name in commands()]
    lines += ["", "Experiments: one question each (-m in front of lists: several runs)"]
    lines += [f"  {name:13}{summary(FOLDER / name / '__init__.py')}" for name in names()]
    return "\n".join(lines)


def summary(path: Path) -> str:
    """Return the first line of a file's docstring."""
    return (ast.get_docstring(ast.parse(path.read_bytes())) or "").partition("\n")[0]
