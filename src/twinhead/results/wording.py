"""Numbers in words: the one way in which pages, pictures and the terminal write them."""

import math


def number(value: float | str | None) -> str:
    """Return a number as tables show it: whole ones whole, small ones in powers of ten."""
    if value is None:
        return "–"
    if isinstance(value, str):  # "inf" or "nan", which JSON has no numbers for.
        return value
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.4f}" if 0.01 <= abs(value) < 1e4 else f"{value:.2e}"


def count(how_many: int, what: str) -> str:
    """Return how many there are of something whose plural takes an s: 1 epoch, 5 epochs."""
    return f"{how_many} {what}" if how_many == 1 else f"{how_many} {what}s"
