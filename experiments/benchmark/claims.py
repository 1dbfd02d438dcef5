"""The bank's targets, set before they were measured."""

from twinhead.experiments.benchmark.costs import (
    ADAM,
    ARMS_FOR_ROWS,
    HELD,
    SGD,
    called,
)
from twinhead.results.claim import Claim, Source, at_least, at_most, exactly, within

SOURCE = Source("the bank's targets")
SAME, FASTER, LINEAR = "The same work", "The time of many arms", "The time of many rows"
FROM_DISK = "Rows that stay on the disk"
TARGET = "A target set before it was measured."
MADE = "made up, in files made for it"
# Of JAX's and PyTorch's time; where nothing stands, and of NumPy's, their own.
SHARE = {(1, SGD): 0.7, (4, SGD): 0.7, (64, SGD): 0.85, (64, ADAM): 0.85}


def target(other: str, arms: int, optimizer: str) -> float | None:
    """Return at most how much of another's time the bank is to take; None where nobody said."""
    if (arms, optimizer) not in HELD:
        return None
    return 1.0 if other == "NumPy" else SHARE.get((arms, optimizer), 1.0)


def _said(arms: int, optimizer: str) -> str:
    return called(arms, optimizer).replace("arms", "arm") if arms == 1 else called(arms, optimizer)


CLAIMS = (
    *(
        Claim(
            id,
            name,
            SAME,
            f"{sentence} (largest deviation over arms and epochs)",
            f"losses apart, {who}",
            within(tolerance, reason),
            SOURCE,
            f"losses from the slowest arm, {who}",
            "the arm at ratio 2 held against the slowest arm",
        )
        for id, name, who, sentence, tolerance, reason in (
            (
                "1a",
                "The same noise, the same losses",
                "the same noise",
                "All who are given the same noise come to the bank's validation losses",
                1e-6,
                "Float32 sums of thousands of products in another order: some 1e-7 a logit.",
            ),
            (
                "1b",
                "Keras's fit comes to nearly the same losses",
                "noise of its own",
                "Keras's fit, with noise of its own, comes to nearly the bank's validation losses",
                0.02,
                "What two draws of the masks differ by; experiment equivalence measures it.",
            ),
        )
    ),
    *(
        Claim(
            f"2{letter}",
            f"{arms} arms, {target} times as fast as fits",
            FASTER,
            f"{arms} arms in the bank are at least {target} times as fast as {arms} fits (one "
            "fit's median, times as many)",
            f"{arms} arms, fits over bank",
            at_least(target, TARGET),
            SOURCE,
            "1 arms, fits over bank",
            "one arm in the bank, against one fit",
        )
        for letter, arms, target in (("a", 64, 200), ("b", 512, 500))
    ),
    *(
        Claim(
            f"{number}{letter}",
            f"{_said(*row)}: at most {share:g} of {other}'s time",
            FASTER,
            f"{_said(*row)}: the bank takes at most {share:g} of the time that {other} takes "
            "(median over rounds)",
            f"{called(*row)}, bank over {other}",
            at_most(share, TARGET),
            SOURCE,
            f"{called(*row)}, fits over {other}",
            "as many fits in the bank's place",
        )
        for number, other in (("7", "NumPy"), ("8", "JAX"), ("9", "PyTorch"))
        for letter, row in zip("abcdef", HELD, strict=True)
        if (share := target(other, *row)) is not None
    ),
    Claim(
        "6",
        "Cost is linear in rows",
        LINEAR,
        f"Cost is linear in rows ({ARMS_FOR_ROWS} arms: a row of the upper half against one of the "
        "second quarter)",
        "cost of a row",
        within(0.3, "Differences of noisy medians; a parabola would give 2.", of=1),
        SOURCE,
        "cost of a row, arms growing",
        "arms that grow with the square of the rows",
    ),
    Claim(
        "10",
        "From the disk the same weights",
        FROM_DISK,
        "Rows read from the disk in exact order train the very weights that they train in memory "
        "(largest difference after an epoch)",
        "weights apart, exact order and in memory",
        exactly(0, "The same order, masks and sums: the same bits."),
        SOURCE,
        "weights apart, exact order and in blocks",
        "the same rows in another order, shuffle=blocks",
        data=MADE,
    ),
    Claim(
        "11",
        "Memory does not grow with the file",
        FROM_DISK,
        "Memory does not grow with the file (bytes of peak memory for a byte of file, from the "
        "smallest file to the largest)",
        "memory, a byte of file",
        at_most(
            0.05,
            "A row of 8 192 bytes keeps its number, place and label, some 50 bytes in several "
            "copies; the peaks of two processes differ by some 50 MB, 0.016 bytes over 3 GiB.",
        ),
        SOURCE,
        "memory, a byte of file, loaded",
        "the same rows loaded whole",
        data=MADE,
    ),
    Claim(
        "12",
        "The largest file takes 2 GB of memory at most",
        FROM_DISK,
        "Training on the largest file takes at most 2 GB of memory in all (GB)",
        "GB, the largest file",
        at_most(2, TARGET),
        SOURCE,
        "GB, the largest file, loaded",
        "the largest file that there is room for, loaded whole",
        data=MADE,
    ),
    *(
        Claim(
            id,
            name,
            FROM_DISK,
            f"{sentence} (as a share of that, or of training in memory where that takes longer; "
            "median over rounds)",
            number,
            at_most(1.5, "A disk's rates differ by 25 to 40 % from one reading to the next."),
            SOURCE,
            f"one reader over the disk {words}",
            "rows read one by one, by one reader",
            data=MADE,
        )
        for id, name, sentence, number, words in (
            (
                "13",
                "Exact order: the disk's rate at random places",
                "An epoch in exact order, from a cold disk, takes as long as the disk takes to "
                "give as many rows at random places to 16 readers",
                "exact order over the disk at random",
                "at random",
            ),
            (
                "14",
                "By blocks: the disk's rate in order",
                "An epoch with shuffle=blocks, from a cold disk, takes as long as the disk takes "
                "to give as many bytes in order",
                "blocks over the disk in order",
                "in order",
            ),
        )
    ),
)
