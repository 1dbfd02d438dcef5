"""Batch order and dropout masks, drawn from (seed, epoch) alone.

Counter-based: any epoch can be drawn without the ones before it, so every arm, and the
reference as well as the bank, can be shown the very same noise.
"""

import numpy as np

# The two streams of one (seed, epoch); their keys must never meet.
ORDER, MASKS = 0, 1
BLOCK_ROWS = 1024  # Rows drawn at a time: what is worked on stays in the processor's cache.
DIGITS = 24  # Binary digits of the probability of keeping, as many as float32 has.


def _stream(seed: int, epoch: int, stream: int) -> np.random.Philox:
    return np.random.Philox(key=[seed, 2 * epoch + stream])


def order(seed: int, epoch: int, rows: int) -> np.ndarray:
    """Return the order in which an epoch visits the training rows: int32, shape (rows,)."""
    drawn = np.random.Generator(_stream(seed, epoch, ORDER)).permutation(rows)
    return drawn.astype(np.int32)


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
    bits = _stream(seed, epoch, MASKS)
    width = -(-features // 8)
    kept = round((1 - dropout) * 2**DIGITS)
    digits = [kept >> place & 1 for place in range(DIGITS)]
    # From the last digit that is 1 on: "or" a random bit halves the chance of a 0, "and" one
    # that of a 1. With dropout 0.5 that is one random bit an input.
    digits = digits[digits.index(1) :] if 1 in digits else []
    packed = np.empty((rows, width), np.uint8)
    for start in range(0, rows, BLOCK_ROWS):
        block = packed[start : start + BLOCK_ROWS]
        words = np.full(-(-block.size // 8), 0 if digits else 2**64 - 1, np.uint64)
        for digit in digits:
            drawn = bits.random_raw(len(words))
            words = words | drawn if digit else words & drawn
        block[:] = words.astype("<u8", copy=False).view(np.uint8)[: block.size].reshape(block.shape)
    return packed


def unpacked(masks: np.ndarray, features: int) -> np.ndarray:
    """Return masks with a byte an input: uint8 of 0 and 1, shape (rows, features)."""
    places = np.arange(7, -1, -1, dtype=np.uint8)[:, None]
    return (masks[:, None] >> places & 1).reshape(len(masks), -1)[:, :features]
