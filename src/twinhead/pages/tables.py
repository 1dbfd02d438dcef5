"""Frames as tables of a page: numbers on the right, an interval in one cell with its mean."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED

SAID = {HOLDS: "hold", FAILS: "fail", NOT_TESTED: "not tested"}


@dataclass(frozen=True)
class Column:
    title: str
    number: bool


@dataclass(frozen=True)
class Table:
    """What a page shows of a frame.

    Attributes:
        rows: of each cell its text, and what stands under it in small.
    """

    name: str
    caption: str
    columns: list[Column]
    rows: list[list[tuple[str, str]]]
    links: Mapping[str, str]


def table(name: str, frame: pd.DataFrame, links: Mapping[str, str]) -> Table:
    """Return a frame as a table; `x_low` and `x_high` stand under `x` as its interval."""
    ends = {f"{key}{end}" for key in frame for end in ("_low", "_high") if f"{key}_low" in frame}
    keys = [str(key) for key in frame if key not in ends]
    columns = [
        Column(key.replace("_", " "), pd.api.types.is_numeric_dtype(frame[key])) for key in keys
    ]
    rows = [[_cell(row, key) for key in keys] for row in frame.to_dict("records")]
    return Table(name, _caption(name, frame), columns, rows, links)


def _cell(row: Mapping[Any, Any], key: str) -> tuple[str, str]:
    low, high = row.get(f"{key}_low"), row.get(f"{key}_high")
    under = "" if low is None or low == high else f"{_shown(low)} to {_shown(high)}"
    return _shown(row[key]), under


def _shown(value: Any) -> str:
    """Return text as it is, a number with four digits, and nothing measured as a dash."""
    if isinstance(value, str):
        return value or "–"
    if pd.isna(value):
        return "–"
    text = f"{value:.4g}" if abs(value) >= 1e-3 or value == 0 else f"{value:.2e}"
    return f"−{text[1:]}" if text.startswith("-") else text


def _caption(name: str, frame: pd.DataFrame) -> str:
    """Return the table's name and what its verdicts come to; how many rows, where it has none."""
    title = name.replace("_", " ").capitalize()
    rows = f"{len(frame)} row{'s' if len(frame) != 1 else ''}"
    if "verdict" not in frame:
        return f"{title}: {rows}"
    found = Counter(frame["verdict"])
    return ", ".join(
        [
            f"{title}: {rows}",
            *(f"{found[each]} {said}" for each, said in SAID.items() if found[each]),
        ]
    )
