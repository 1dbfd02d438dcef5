"""Batch order and dropout masks, drawn from (seed, epoch) alone.

Counter-based: any epoch can be drawn without the ones before it, so every arm, and the
reference as well as the bank, can be shown the very same noise.
"""

from collections.abc import Iterator, Sequence

import numpy as np

# The two streams of one (seed, epoch); their keys must never meet.
ORDER, MASKS = 0, 1
BLOCK_ROWS = 1024  # Rows drawn at a time: what is worked on stays in the processor's cache.
# Of `order` by blocks: neighbours that come from the disk together, and how many such blocks' rows
# are then shuffled together.
BLOCK, TOGETHER = 16, 512
DIGITS = 24  # Binary digits of the probability of keeping, as many as float32 has.


def _stream(seed: int, epoch: int, stream: int) -> np.random.Philox:
    return np.random.Philox(key=[seed, 2 * epoch + stream])


def order(seed: int, epoch: int, rows: int, places: np.ndarray | None = None) -> np.ndarray:
    """Return the order in which an epoch visits the training rows: int32, shape (rows,).

    Args:
        places: where the rows lie. With them the order is another, which takes blocks of
            neighbours in random order and shuffles rows among some hundred blocks: a disk reads it
            several times as fast, and rows that lie far apart are less well mixed.
    """
    generator = np.random.Generator(_stream(seed, epoch, ORDER))
    if places is None:
        return generator.permutation(rows).astype(np.int32)
    neighbours = np.argsort(places, kind="stable").astype(np.int32)
    starts = generator.permutation(-(-rows // BLOCK)) * BLOCK
    order = np.concatenate([neighbours[start : start + BLOCK] for start in starts])
    for start in range(0, rows, BLOCK * TOGETHER):
        generator.shuffle(order[start : start + BLOCK * TOGETHER])
    return order


def masks(seed: int, epoch: int, rows: int, features: int, dropout: float) -> np.ndarray:
    """Return which inputs an epoch keeps, packed eight to a byte: 1 kept, 0 dropped.

    Row i belongs to the i-th row *visited*, not to row i of the data. Kept inputs still have to
    be divided by (1 - dropout).

    A byte's bits are not neighbours: with w bytes a row, the highest bits of these are the first
    w features, the second highest the next w. So whoever unpacks works on whole stretches of a
    row at once, which takes a third of the time. What is left over at the end means nothing.

    Args:
        dropout: probability of dropping, in [0, 1).
    Returns:
        uint8, shape (rows, features / 8 rounded up). See `unpacked`.
    """
    return next(masks_in_parts(seed, epoch, [rows], features, dropout))


def masks_in_parts(
    seed: int, epoch: int, parts: Sequence[int], features: int, dropout: float
) -> Iterator[np.ndarray]:
    """Give the rows of an epoch's `masks` some at a time: the next so many for each of `parts`."""
    bits = _stream(seed, epoch, MASKS)
    width, rows = -(-features // 8), sum(parts)
    kept = round((1 - dropout) * 2**DIGITS)
    digits = [kept >> place & 1 for place in range(DIGITS)]
    # From the last digit that is 1 on: "or" a random bit halves the chance of a 0, "and" one
    # that of a 1. With dropout 0.5 that is one random bit an input.
    digits = digits[digits.index(1) :] if 1 in digits else []
    drawn, block = 0, np.empty((0, width), np.uint8)
    for part in parts:
        packed = np.empty((part, width), np.uint8)
        filled = 0
        while filled < part:
            if not len(block):
                block = _block(bits, digits, min(BLOCK_ROWS, rows - drawn), width)
                drawn += len(block)
            taken = min(part - filled, len(block))
            packed[filled : filled + taken] = block[:taken]
            filled, block = filled + taken, block[taken:]
        yield packed


def _block(bits: np.random.Philox, digits: list[int], rows: int, width: int) -> np.ndarray:
    """Return the masks of the next rows."""
    size = rows * width
    words = np.full(-(-size // 8), 0 if digits else 2**64 - 1, np.uint64)
    for digit in digits:
        drawn = bits.random_raw(len(words))
        words = words | drawn if digit else words & drawn
    return words.astype("<u8", copy=False).view(np.uint8)[:size].reshape(rows, width)


def unpacked(masks: np.ndarray, features: int) -> np.ndarray:
    """Return masks with a byte an input: uint8 of 0 and 1, shape (rows, features)."""
    places = np.arange(7, -1, -1, dtype=np.uint8)[:, None]
    return (masks[:, None] >> places & 1).reshape(len(masks), -1)[:, :features]
