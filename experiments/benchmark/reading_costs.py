"""What the reading of large files comes to: medians, ratios, and what claims rest on."""

import numpy as np
import pandas as pd

from twinhead.data.ondisk import THREADS
from twinhead.results.history import History

GIB, MEBI = 2**30, 2**20
IN_MEMORY, EXACT, BLOCKS = "in memory", "read ahead, exact order", "read ahead, shuffle=blocks"
IN_ORDER = "the disk in order"
AT_RANDOM, ALONE = f"the disk at random, {THREADS} readers", "the disk at random, one reader"
# Sizes have to be so far apart that what a process takes in any case does not hide what grows.
APART = 2**30
STILL_CACHED = 0.01  # The share of a file at which it is not cold.
# As `costs.QUIET_CORES`, but that what the system does for the disk counts as others'.
QUIET_CORES = 0.3

NO_MEMORY, NO_READS = (
    "No large files were made: sparse_gib=[].",
    "No file was read from a cold disk: dense_gib=0.",
)
OF_MEMORY = ("memory, a byte of file", "GB, the largest file")
OF_READS = (
    "weights apart, exact order and in memory",
    "exact order over the disk at random",
    "blocks over the disk in order",
)


def add(history: History) -> None:
    """Add what follows from the tables, and why what does not was not tested."""
    _add_memory(history)
    _add_seconds(history)


def _add_memory(history: History) -> None:
    table, numbers = history.tables.get("memory_by_file"), history.numbers
    if table is None or table.empty:
        why = history.untested.get("memory_by_file", NO_MEMORY)
        history.untested |= dict.fromkeys(OF_MEMORY, why)
        return
    for column, suffix in (("mib_from_disk", ""), ("mib_loaded", ", loaded")):
        own = table[["gibibytes", column]].dropna()
        apart = GIB * np.ptp(own["gibibytes"]) if len(own) else 0.0
        if apart < APART:
            told = ", ".join(f"{size:g}" for size in own["gibibytes"]) or "no"
            why = f"Read{suffix}: files of {told} GiB, where two that are 1 GiB apart are needed."
            history.untested |= dict.fromkeys(OF_MEMORY, why)
            continue
        first, last = own.iloc[0], own.iloc[-1]
        grown = MEBI * (last[column] - first[column])
        numbers[f"memory, a byte of file{suffix}"] = float(grown / apart)
        numbers[f"GB, the largest file{suffix}"] = float(MEBI * last[column] / 1e9)


def _add_seconds(history: History) -> None:
    reads, numbers = history.tables.get("reads"), history.numbers
    if reads is None:
        why = history.untested.get("reads", NO_READS)
        history.untested |= dict.fromkeys(OF_READS, why)
        return
    own = reads[reads["repeat"] > 0]
    seconds = own["seconds"] * numbers["bytes of an epoch"] / own["bytes"]
    turns = own.assign(seconds=seconds).pivot_table("seconds", "repeat", "rows")
    described = turns.quantile([0.25, 0.5, 0.75]).T
    described.columns = pd.Index(["lower_quartile", "seconds_an_epoch", "upper_quartile"])
    table = described.reset_index()
    table["megabytes_a_second"] = numbers["bytes of an epoch"] / table["seconds_an_epoch"] / 1e6
    table = table.sort_values("seconds_an_epoch", ignore_index=True)
    columns = ["rows", "seconds_an_epoch", "lower_quartile", "upper_quartile"]
    history.tables["reading"] = table[[*columns, "megabytes_a_second"]]
    if IN_MEMORY not in turns:
        history.untested[OF_READS[0]] = "Memory has no room for the file."
    why = _not_cold(history, own)
    if why:
        history.untested |= dict.fromkeys(OF_READS[1:], why)
        return
    computing = turns[IN_MEMORY] if IN_MEMORY in turns else 0 * turns[EXACT]
    for number, how, words, disk in (
        (OF_READS[1], EXACT, "at random", AT_RANDOM),
        (OF_READS[2], BLOCKS, "in order", IN_ORDER),
    ):
        # Reading goes on while the processor computes, so the longer of the two is the floor.
        floor = np.maximum(turns[disk], computing)
        numbers[number] = float((turns[how] / floor).median())
        numbers[f"one reader over the disk {words}"] = float((turns[ALONE] / floor).median())


def _not_cold(history: History, own: pd.DataFrame) -> str:
    """Return why seconds are no verdict, in a sentence, or nothing."""
    used = history.numbers["cores that others use while reading"]
    if used > QUIET_CORES:
        return f"The machine was not quiet: while files were read, others used {used:.1f} cores."
    cached = float(own["cached"].max())
    if cached > STILL_CACHED:
        return f"The file was not cold: {100 * cached:.0f} % of it stayed in the system's memory."
    return ""
