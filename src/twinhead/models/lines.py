"""What the commands print, as wide as a page."""

import textwrap
from collections.abc import Iterable

COLUMNS = 80


def laid_out(lines: Iterable[str]) -> str:
    """Return lines as a text; what is longer than a page is wide goes on below, indented."""
    return "\n".join(
        textwrap.fill(
            line,
            COLUMNS,
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines
    )
