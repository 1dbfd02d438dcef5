"""Frames as tables of a page: cells as text, numbers on the right, what they say in the caption."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED
from twinhead.results.wording import number


@dataclass(frozen=True)
class Column:
    title: str
    number: bool


@dataclass(frozen=True)
class Table:
    name: str
    caption: str
    columns: list[Column]
    rows: list[list[str]]
    links: Mapping[str, str]


def table(name: str, frame: pd.DataFrame, links: Mapping[str, str]) -> Table:
    columns = [
        Column(str(key).replace("_", " "), pd.api.types.is_numeric_dtype(values))
        for key, values in frame.items()
    ]
    rows = [[_cell(value) for value in row] for row in frame.itertuples(index=False)]
    return Table(name, _caption(name, frame), columns, rows, links)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "–" if pd.isna(value) else number(float(value))


def _caption(name: str, frame: pd.DataFrame) -> str:
    """Return the table's name and what its verdicts come to; how many rows, where it has none."""
    title = name.replace("_", " ").capitalize()
    if "verdict" in frame:
        found = Counter(frame["verdict"])
        told = [
            f"{found[verdict]} {verdict}"
            for verdict in (HOLDS, FAILS, NOT_TESTED)
            if verdict in found
        ]
        if told:
            return f"{title}: of {len(frame)} rows {', '.join(told)}"
    return f"{title}: {len(frame)} row{'s' if len(frame) != 1 else ''}"
