"""What a run says in the terminal: the answer first, a line a claim, the path of the page."""

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from twinhead.results.wording import number

MARKS = {"holds": "[green]✓[/]", "fails": "[bold red]✗[/]", "not tested": "[dim]–[/]"}


def console() -> Console:
    """Return a console that fills a terminal, and 80 columns of a log."""
    return Console(width=None if sys.stdout.isatty() else 80)


def say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True, highlight=False)


def tell(folder: Path) -> int:
    """Print what a finished run answers and where its page is; return its exit code."""
    answer = _read(folder / "answer.json")
    verdicts = _read(folder / "verdicts.json")
    out = console()
    for verdict in verdicts:
        _line(out, verdict)
    for verdict in verdicts:
        if verdict["verdict"] == "fails":
            _details(out, verdict)
    say(answer["question"])
    out.print(f"[bold]{escape(answer['answer'])}[/]", highlight=False)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in answer["counts"].items())
    surrogate = " (surrogate: made up)" if answer["data"].get("made_up") else ""
    say(f"{counts}. Data: {answer['data']['name']}{surrogate}.")
    say(f"Page: {folder / 'report.html'}")
    if answer["counts"]["fails"]:
        return 1
    return 0


def _line(out: Console, verdict: dict[str, Any]) -> None:
    control = verdict["control"]
    if verdict["verdict"] == "not tested":
        said = f"not tested: {verdict['reason']}"
    elif control["verdict"] == "identity":
        said = f"{number(verdict['measured'])}, an identity"
    else:
        apart = {"fails": "told apart from", "holds": "NOT told apart from"}[control["verdict"]]
        said = f"{number(verdict['measured'])}, {apart} {number(control['measured'])}"
    line = f"{MARKS[verdict['verdict']]} {escape(verdict['id']):>4}  {escape(verdict['name'])}  "
    out.print(line + f"[dim]{escape(said)}[/]", highlight=False)


def _details(out: Console, verdict: dict[str, Any]) -> None:
    signs = {"equal": "", "at most": "at most ", "at least": "at least "}
    table = Table(show_header=False, box=None, padding=(0, 1))
    expected = signs[verdict["comparison"]] + number(verdict["expected"])
    for key, value in (
        (f"✗ {verdict['id']}", verdict["claim"]),
        ("measured", number(verdict["measured"])),
        ("expected", f"{expected}, tolerance {number(verdict['tolerance'])}: {verdict['reason']}"),
        ("control", f"{verdict['control']['claim']}: {number(verdict['control']['measured'])}"),
        ("data", verdict["data"]),
    ):
        table.add_row(key, escape(value))
    out.print(table)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
