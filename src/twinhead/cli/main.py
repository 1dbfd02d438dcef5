"""The one door: `twinhead <experiment or command> key=value …`."""

import ast
import difflib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TextIO

from twinhead.errors import InputError
from twinhead.runs.experiment import FOLDER, Experiment, names

COMMANDS = Path(__file__).parent / "commands"
HELP = ("-h", "--help", "help")


def main() -> None:
    """Do what the command line says and exit with what it came to."""
    # Whoever started us may have closed them, or be no reader of Greek.
    sys.stdout, sys.stderr = (each or _nowhere() for each in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    os.environ["MPLBACKEND"] = "agg"  # No picture is shown; another one may not exist.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # Not under nohup.
            signal.signal(number, _stop)
    code = run(sys.argv[1:])
    # Otherwise Python tries again, on its way out, to write what cannot be written.
    with suppress(OSError, ValueError):
        sys.stdout.close()
    sys.exit(code)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _stop(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)


def run(words: Sequence[str]) -> int:
    """Do what these words say; return the exit code. What is the user's to mend is one line."""
    try:
        code = _dispatch(list(words))
        sys.stdout.flush()
        return code
    except InputError as error:
        _complain(f"error: {error}")
    except MemoryError as error:
        _complain(f"error: not enough memory for this: {error}")
    except BrokenPipeError:
        return 128 + signal.SIGPIPE  # Whoever reads has read enough.
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if error.filename else "cannot be written: "
        _complain(f"error: {where}{error.strerror or error}")
    except KeyboardInterrupt as error:
        number = signal.Signals(error.args[0]) if error.args else signal.SIGINT
        _complain(f"interrupted ({number.name}): the same command goes on with what was finished")
        return 128 + number
    return 2


def _complain(line: str) -> None:
    with suppress(OSError):  # A terminal that is gone, a full disk: there is nobody to tell.
        print(line, file=sys.stderr)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in HELP:
        print(overview())
        return 0
    for word in words:
        if not word.isascii() and word != word.encode("utf-8", "ignore").decode():
            raise InputError(f"{word!r}: found bytes that are no UTF-8, expected a name without")
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
