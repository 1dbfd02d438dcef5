"""Open the page over all runs in a browser."""

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from twinhead.cli.composing import compose
from twinhead.cli.experiment import usage
from twinhead.errors import InputError
from twinhead.runs import console, index
from twinhead.settings import Text, Values

WANT = "Look"


class Settings(Values):
    outputs: Text


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(usage("command/open"))
        return 0
    outputs = Path(compose("command/open", Settings, words).outputs)
    if not outputs.is_dir():
        raise InputError(f"outputs: found no folder {outputs}, expected one with finished runs")
    show(index.write(outputs))
    return 0


def show(page: Path) -> None:
    """Open a page in a browser; where nobody looks at a terminal, say only where it is."""
    console.say(f"Page: {page}")
    if sys.stdout.isatty():
        webbrowser.open(page.resolve().as_uri())
