"""Fill the numbers in README.md and docs/*.md from the files that experiments wrote.

    python docs/fill.py              # fill from docs/*.csv
    python docs/fill.py benchmark    # first take what docs/ has of it from outputs/benchmark/latest
                                     # again: summary.csv as docs/benchmark.csv, any other table
                                     # as docs/benchmark_<table>.csv, pictures by name

A filled place stands between two comments, which a rendered page does not show:

    <!-- value law.csv setting=adam naive -->0.13<!-- end -->
    <!-- table law.csv setting,naive,mapped -->...<!-- end -->
    <!-- pivot benchmark.csv contender arms seconds -->...<!-- end -->
"""

import csv
import re
import shutil
import sys
from pathlib import Path

from twinhead.results.wording import number

DOCS = Path(__file__).parent
PLACE = re.compile(r"<!-- (value|table|pivot) (\S+) (.+?) -->.*?<!-- end -->", re.DOTALL)


def fill(text: str) -> str:
    """Return the text with every place filled; a file, row or column that is not there raises."""
    return PLACE.sub(_filled, text)


def _filled(place: re.Match) -> str:
    kind, name, words = place.groups()
    with (DOCS / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if kind == "value":
        wanted, _, column = words.rpartition(" ")
        key, _, value = wanted.partition("=")
        (row,) = [row for row in rows if row[key] == value]
        content = _cell(row[column])
    elif kind == "table":
        columns = words.split(",")
        content = _table(columns, [[row[column] for column in columns] for row in rows])
    else:
        down, across, values = words.split()
        cells = {(row[down], row[across]): row[values] for row in rows}
        # A row or column in which nothing stands is left out.
        left, top = (
            dict.fromkeys(key[i] for key, v in cells.items() if _cell(v) != "–") for i in (0, 1)
        )
        body = [[each, *(cells.get((each, head), "") for head in top)] for each in left]
        content = _table([f"{down}, by {across}", *top], body)
    return f"<!-- {kind} {name} {words} -->{content}<!-- end -->"


def _table(heads: list[str], body: list[list[str]]) -> str:
    lines = [[head.replace("_", " ") for head in heads], ["---"] * len(heads)]
    lines += [[_cell(cell) for cell in row] for row in body]
    return "\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Return a cell for readers: numbers short, text as it is, nothing as a dash."""
    try:
        value = float(text) if text not in ("", "nan") else None
    except ValueError:
        return text.replace("|", "\\|")
    if value and 0.01 <= abs(value) < 1e6:
        return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"
    return number(value)


def pages() -> list[Path]:
    return [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]


if __name__ == "__main__":
    for experiment in sys.argv[1:]:
        latest = DOCS.parent / "outputs" / experiment / "latest"
        taken = {DOCS / path.name: path for path in latest.glob("figures/*.png")}
        taken |= {DOCS / f"{experiment}_{path.name}": path for path in latest.glob("*.csv")}
        taken[DOCS / f"{experiment}.csv"] = latest / "summary.csv"
        for kept, path in taken.items():
            if kept.exists():
                shutil.copyfile(path, kept)
    for page in pages():
        page.write_text(fill(page.read_text(encoding="utf-8")), encoding="utf-8")
