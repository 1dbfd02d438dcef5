"""What a run says in the terminal: a line a claim, then question, answer, counts and page."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from twinhead.results.wording import number

MARKS = {"holds": "[green]✓[/]", "fails": "[bold red]✗[/]", "not tested": "[dim]○[/]"}
SIGNS = {"equal": "", "at most": "at most ", "at least": "at least "}
COLUMNS = 80  # What a line is laid out for, however wide the terminal is.


def console() -> Console:
    """Return a console that fills a terminal, and 80 columns of a log."""
    return Console(width=None if sys.stdout.isatty() else COLUMNS)


def say(text: str) -> None:
    console().print(text, markup=False, soft_wrap=True, highlight=False)


def tell(folder: Path, details: bool = False) -> int:
    """Print what a finished run answers and where its page is; return its exit code.

    Args:
        details: whether every claim comes with all there is to it, and the summary as a table;
            otherwise only what fails does.
    """
    answer = _read(folder / "answer.json")
    verdicts = _read(folder / "verdicts.json")
    out = console()
    _claims(out, verdicts, details)
    _untested(out, verdicts)
    if details and (folder / "summary.csv").exists():
        _summary(out, folder / "summary.csv")
    out.print(f"\n{escape(answer['question'])}", highlight=False)
    out.print(f"[bold]{escape(answer['answer'])}[/]", highlight=False)
    if verdicts:
        say(counted(answer["counts"]))
    made_up = "surrogate, made up: " if answer["data"].get("made_up") else ""
    say(f"Data: {made_up}{answer['data']['name']}")
    say(f"Page: {folder / 'report.html'}")
    counts = answer["counts"]
    # A run whose claims all went untested has shown nothing. One without claims has nothing to.
    return 1 if counts["fails"] or (verdicts and not counts["holds"]) else 0


def counted(counts: Mapping[str, int]) -> str:
    """Return counts as the end of a run says them: 12 hold, 0 fail, 2 not tested."""
    return f"{counts['holds']} hold, {counts['fails']} fail, {counts['not tested']} not tested"


def table(rows: Iterable[Sequence[str]], heads: Sequence[str]) -> None:
    """Print rows under their heads; numbers, written as text, on the right."""
    rows = [list(row) for row in rows]
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for i, head in enumerate(heads):
        numbers = all(_is_number(row[i]) for row in rows)
        made.add_column(escape(head), justify="right" if numbers else "left")
    for row in rows:
        made.add_row(*map(escape, row))
    console().print(made, highlight=False)


def _claims(out: Console, verdicts: Sequence[Mapping[str, Any]], details: bool) -> None:
    if not verdicts:
        return
    ids = max(len(verdict["id"]) for verdict in verdicts)
    # Mark, id, two numbers and what is between them; a name has the rest.
    names = min(COLUMNS - ids - 26, max(len(verdict["name"]) for verdict in verdicts))
    head = f"{'':{ids + names + 4}}  {'measured':>9}  apart from"
    out.print(f"[dim]{head}[/]", highlight=False)
    groups = list(dict.fromkeys(verdict["group"] for verdict in verdicts))
    group = ""
    for verdict in sorted(verdicts, key=lambda each: groups.index(each["group"])):
        if verdict["group"] != group:
            group = verdict["group"]
            out.print(f"[dim]{escape(group)}[/]", highlight=False, no_wrap=True)
        name = verdict["name"]
        name = name if len(name) <= names else f"{name[: names - 1]}…"
        control = verdict["control"]
        told = "identity" if control["verdict"] == "identity" else number(control["measured"])
        said = f"{number(verdict['measured']):>9}  {told:>10}"
        if verdict["verdict"] == "not tested":
            said = f"{'not tested':>21}"
        line = f" {verdict['id']:{ids}}  {name:{names}}  {said}"
        out.print(MARKS[verdict["verdict"]] + escape(line), highlight=False, no_wrap=True)
        if details or verdict["verdict"] == "fails":
            _details(out, verdict)


def _details(out: Console, verdict: Mapping[str, Any]) -> None:
    rows = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    rows.add_column(style="dim")
    rows.add_column()
    allowed = f"{SIGNS[verdict['comparison']]}{number(verdict['expected'])}"
    if verdict["tolerance"]:
        allowed += f", give or take {number(verdict['tolerance'])}"
    control = verdict["control"]
    apart = {"fails": "told apart", "holds": "NOT told apart, so nothing is shown"}
    for key, value in (
        ("claim", verdict["claim"]),
        ("measured", number(verdict["measured"])),
        ("allowed", f"{allowed}. {verdict['reason']}"),
        (
            "control",
            f"none: {control['claim']}"
            if control["verdict"] == "identity"
            else f"{control['claim']}: {number(control['measured'])}, "
            f"{apart.get(control['verdict'], 'not tested')}",
        ),
        ("source", verdict["source"]),
        ("data", verdict["data"]),
    ):
        rows.add_row(key, escape(value))
    out.print(Padding(rows, (0, 0, 1, 4)), highlight=False)


def _untested(out: Console, verdicts: Sequence[Mapping[str, Any]]) -> None:
    """Say why claims are not tested, each reason once."""
    reasons: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict["verdict"] == "not tested":
            reasons.setdefault(verdict["reason"], []).append(verdict["id"])
    for reason, ids in reasons.items():
        said = f"Not tested, {', '.join(ids)}: {reason}"
        out.print(f"[dim]{escape(said)}[/]", highlight=False)


def _summary(out: Console, path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        heads, *rows = csv.reader(file)
    out.print()
    table(
        [[number(float(cell)) if _is_number(cell) else cell for cell in row] for row in rows],
        [head.replace("_", " ") for head in heads],
    )


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return text == "–"
    return True


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
