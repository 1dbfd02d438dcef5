"""The table of validation losses by epoch: arms that differ in nothing but the seed are one row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from twinhead.pages.typeset import short
from twinhead.results.arm import Arm
from twinhead.results.history import History, Record
from twinhead.results.published import Published

COLUMNS = 7  # What a phone has room for.
NOISE = {
    "independent": "Every arm its own batches and masks",
    "common": "The same batches and masks",
}


@dataclass(frozen=True)
class Row:
    """Arms that are alike; a cell has the loss and what stands under it in small."""

    head: str
    label: str
    cells: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Table:
    title: str
    epochs: list[int]
    rows: list[Row]
    seeds: int


def tables(history: History, printed: Iterable[Published] = ()) -> list[Table]:
    """Return a table for each noise, precision and length of training.

    Args:
        printed: the article's numbers; they stand under the arms that are trained as it does.
    """
    beside = {
        (each.arm, each.epoch): each.printed
        for each in printed
        if (each.split, each.metric) == ("validation", "loss")
    }
    blocks: dict[tuple[str, str, int], list[Record]] = {}
    for record in history.records.values():
        if ("validation", "loss") in record.series:
            key = record.arm.noise, record.arm.precision, len(record.loss())
            blocks.setdefault(key, []).append(record)
    optimizers = {record.arm.optimizer for record in history.records.values()}
    found = []
    for (noise, precision, length), records in blocks.items():
        epochs = shown(length)
        rows = [
            Row(
                alike[0].arm.head,
                label(alike[0].arm, len(optimizers) > 1),
                [_cell(alike, epoch, beside) for epoch in epochs],
            )
            for alike in _alike(records)
        ]
        title = f"{NOISE.get(noise, noise)}, {precision}"
        seeds = len({record.arm.seed for record in records})
        found.append(Table(title, epochs, rows, seeds))
    return found


def shown(length: int) -> list[int]:
    """Return the epochs that a table has room for: the first, the last, and evenly between."""
    if length <= COLUMNS:
        return list(range(length))
    return sorted({round(epoch) for epoch in np.linspace(0, length - 1, COLUMNS)})


def label(arm: Arm, several_optimizers: bool = False) -> str:
    """Return what tells an arm from the others of its table, apart from its head."""
    words = []
    if arm.head != "softmax":
        matched = "β = θ1 − θ0" if arm.head == "sigmoid" else "γ = (θ1 − θ0)/√2"
        words.append(matched if arm.init == "transfer" else "own start")
    if arm.head != "softmax" or arm.lr_ratio != 1:
        words.append(f"rate × {arm.lr_ratio:g}")
    if several_optimizers:
        words.append(arm.optimizer)
    return ", ".join(words)


def _alike(records: Sequence[Record]) -> list[list[Record]]:
    """Return the records in groups that differ in seed and name only; no seed twice in one."""
    found: dict[tuple, list[Record]] = {}
    for record in records:
        values = tuple(v for k, v in asdict(record.arm).items() if k not in ("name", "seed"))
        turn = 0
        while any(record.arm.seed == each.arm.seed for each in found.get((*values, turn), [])):
            turn += 1
        found.setdefault((*values, turn), []).append(record)
    return list(found.values())


def _cell(
    alike: Sequence[Record], epoch: int, printed: Mapping[tuple[str, int], float]
) -> tuple[str, list[str]]:
    losses = np.array([record.loss()[epoch] for record in alike])
    under = []
    if len(alike) > 1 and np.isfinite(losses).all():
        under.append(f"± {short((losses.max() - losses.min()) / 2)}")
    if ("validation", "loss_gap") in alike[0].series:
        gaps = [record.series["validation", "loss_gap"][epoch] for record in alike]
        under.append(short(gaps[0] if len(gaps) == 1 else np.abs(gaps).max()))
    arm = alike[0].arm
    key = (arm.head if arm.head == "softmax" else f"{arm.head} {arm.init}", epoch)
    if arm.noise == "independent" and key in printed:
        under.append(f"printed {printed[key]:.4f}")
    mean = float(losses.mean())
    if not np.isfinite(mean):
        return "diverged", under
    return f"{mean:.4f}" if mean >= 1e-3 else short(mean), under
