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
    """Return a line for everything there is, by what a user wants.

    Read from the files' first lines and their WANT: nothing is imported.
    """
    wanted: dict[str, list[str]] = {}
    for name in commands():
        want, line = _said(COMMANDS / f"{name}.py")
        wanted.setdefault(want, []).append(f"  {name:13}{line}")
    for name in names():
        want, line = _said(FOLDER / name / "__init__.py")
        wanted.setdefault(want or "Ask one question", []).append(f"  {name:13}{line}")
    blocks = ["\n".join([want, *lines]) for want, lines in wanted.items()]
    return "\n\n".join(["twinhead <word> [key=value ...]; twinhead <word> --help", *blocks])


def _said(path: Path) -> tuple[str, str]:
    """Return a file's WANT, or nothing, and the first line of its docstring."""
    tree = ast.parse(path.read_bytes())
    want = ""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WANT":
            want = ast.literal_eval(node.value)
    return want, (ast.get_docstring(tree) or "").partition("\n")[0]
