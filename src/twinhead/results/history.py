"""What was measured, per arm and epoch, and its way to disk and back.

Epoch 0 is before the first update. Judging and drawing need nothing but this.
"""

import csv
import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from twinhead.results.arm import Arm

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Record:
    """What was measured of one arm, epoch 0 first.

    Attributes:
        series: float64 of length epochs + 1, keyed (split, metric); NaN where nothing was measured.
        weights: `kernel`, shape (epochs + 1, d, units), and `bias`, (epochs + 1, units).
    """

    arm: Arm
    series: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    weights: dict[str, np.ndarray] = field(default_factory=dict)

    def loss(self, split: str = "validation") -> np.ndarray:
        return self.series[split, "loss"]

    def keep_weights(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Append this epoch's weights."""
        for name, values in (("kernel", kernel), ("bias", bias)):
            before = self.weights.get(name, np.empty((0, *values.shape), values.dtype))
            self.weights[name] = np.concatenate([before, values[None]])

    def logit_bias(self) -> np.ndarray:
        """Return the bias of the log-odds, shape (epochs + 1,)."""
        return self._odds("bias")

    def logit_weights(self) -> np.ndarray:
        """Return the weights of the log-odds, shape (epochs + 1, d): beta, or theta1 - theta0."""
        return self._odds("kernel")

    def _odds(self, name: str) -> np.ndarray:
        weights = self.weights[name]
        if weights.shape[-1] == 2:
            return weights[..., 1] - weights[..., 0]
        own = weights[..., 0]
        return own * own.dtype.type(2**0.5) if self.arm.head == "isometric" else own


@dataclass
class History:
    """All arms of a run, what belongs to no arm and epoch, and which data it was.

    Attributes:
        numbers: measured once, such as "probability gap, float32".
        untested: why a number that a claim asks for was not measured, keyed by the number's name.
        tables: rows of equal keys, each column of one type: text, whole numbers or floats. The one
            called `summary` sums the run up, in the terminal and in summary.csv.
        images: small pictures that figures show, uint8, shape (n, height, width, 3).
        data: name, article, made_up, sha256, train_rows, validation_rows, features.
    """

    data: dict[str, str | int | bool]
    records: dict[str, Record] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    untested: dict[str, str] = field(default_factory=dict)
    tables: "dict[str, pd.DataFrame]" = field(default_factory=dict)
    images: dict[str, np.ndarray] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        if record.arm.name in self.records:
            raise ValueError(f"two arms are called {record.arm.name!r}")
        self.records[record.arm.name] = record

    def pick(self, **wanted: str | int | float) -> list[Record]:
        """Return the records whose arms have all these attributes, in the order they were added."""
        return [
            record
            for record in self.records.values()
            if all(getattr(record.arm, key) == value for key, value in wanted.items())
        ]

    def one(self, **wanted: str | int | float) -> Record:
        """Return the only record with these attributes; more or fewer than one is a defect."""
        (record,) = self.pick(**wanted)
        return record

    def add_gap(self, record: Record, partner: Record, X: np.ndarray | None = None) -> None:
        """Log how far `record` is from `partner` as series of their own.

        `loss_gap` is signed, record minus partner. `weight_gap` is the largest difference between
        the weights of their log-odds, in absolute value; `logit_gap` that of the log-odds of any
        row of X, validation features, where they are given.
        """
        for split in ("train", "validation"):
            record.series[split, "loss_gap"] = record.loss(split) - partner.loss(split)
        apart = np.abs(record.logit_weights() - partner.logit_weights())
        record.series["weights", "weight_gap"] = apart.max(axis=1).astype(np.float64)
        if X is not None:
            odds = [X @ each.logit_weights().T + each.logit_bias() for each in (record, partner)]
            gap = np.abs(odds[0] - odds[1]).max(axis=0)
            record.series["validation", "logit_gap"] = gap.astype(np.float64)


def save(history: History, path: Path) -> None:
    """Write history.h5: a group per arm with typed attributes, its series and its weights."""
    memory = io.BytesIO()  # On a disk that is full libhdf5 may crash.
    with h5py.File(memory, "w") as file:
        file.attrs.update(history.data)
        file.create_group("numbers", track_order=True)
        for name, value in history.numbers.items():
            file["numbers"].attrs[name] = value
        file.create_group("untested").attrs.update(history.untested)
        for name, frame in history.tables.items():
            table = file.create_group(f"tables/{name}", track_order=True)
            for column, values in frame.items():
                kind = None if values.dtype.kind in "biuf" else h5py.string_dtype()
                table.create_dataset(column, data=values.to_numpy(), dtype=kind)
        for name, pixels in history.images.items():
            file.create_dataset(f"images/{name}", data=pixels, compression="gzip")
        arms = file.create_group("arms", track_order=True)
        for record in history.records.values():
            group = arms.create_group(record.arm.name)
            group.attrs.update(asdict(record.arm))
            series = group.create_group("series", track_order=True)
            for (split, metric), values in record.series.items():
                series[f"{split}/{metric}"] = values
            for name, values in record.weights.items():
                group[f"weights/{name}"] = values
    path.write_bytes(memory.getbuffer())


def load(path: Path) -> History:
    """Read what `save` wrote."""
    import pandas as pd  # Half a second: an experiment's words are read without it.

    with h5py.File(path) as file:
        history = History(
            data=_plain(file.attrs),
            numbers=_plain(file["numbers"].attrs),
            untested=_plain(file["untested"].attrs),
        )
        for name, table in file.get("tables", {}).items():
            history.tables[name] = pd.DataFrame(
                {
                    column: (values.asstr() if values.dtype.kind == "O" else values)[:]
                    for column, values in table.items()
                }
            )
        history.images |= {name: pixels[:] for name, pixels in file.get("images", {}).items()}
        for group in file["arms"].values():
            history.add(
                Record(
                    arm=Arm(**_plain(group.attrs)),
                    series={
                        (split, metric): values[:]
                        for split, metrics in group["series"].items()
                        for metric, values in metrics.items()
                    },
                    weights={name: values[:] for name, values in group.get("weights", {}).items()},
                )
            )
    return history


ARM_COLUMNS = (
    "head",
    "init",
    "optimizer",
    "learning_rate",
    "lr_ratio",
    "seed",
    "noise",
    "precision",
)


def save_csv(history: History, path: Path) -> None:
    """Write history.csv, one measured value a row; what was not measured has no row."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("arm", *ARM_COLUMNS, "epoch", "split", "metric", "value"))
        for record in history.records.values():
            arm = [record.arm.name, *(getattr(record.arm, name) for name in ARM_COLUMNS)]
            for (split, metric), values in record.series.items():
                for epoch, value in enumerate(values):
                    if not np.isnan(value):
                        writer.writerow((*arm, epoch, split, metric, repr(float(value))))


def _plain(attributes: h5py.AttributeManager) -> dict:
    return {
        key: value.item() if isinstance(value, np.generic) else value
        for key, value in attributes.items()
    }
