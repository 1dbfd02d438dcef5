"""Losses, accuracies and gaps once more, from the stored weights and the features, in plain NumPy.

Float64, from the formulas; shares no code with training, so that what agrees is the numbers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from twinhead.results.history import History, Record

# Roundings, of the size of its row's norm times its column's, that a logit may be off by. On 12 to
# 2048 features a mean loss was off by 0.007 of one at most, the largest logit by 0.2.
ROUNDINGS = 1
BLOCK_ROWS = 2048

FACTOR = {"isometric": 2**0.5}  # Of the log-odds over what the head's one unit gives.
PARTS = ("train", "validation")
Parts = Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass
class Recomputed:
    """What was held against the stored series.

    Attributes:
        compared: numbers held against another.
        faults: what differs, a sentence each.
    """

    compared: int = 0
    faults: list[str] = field(default_factory=list)

    def hold(self, what: str, stored: np.ndarray, found: np.ndarray, allowed: np.ndarray) -> None:
        """Hold numbers, one an epoch, against their recomputation; NaN only against NaN."""
        off = np.abs(stored - found)
        wrong = ~((off <= allowed) | (stored == found) | (np.isnan(stored) & np.isnan(found)))
        self.compared += len(stored)
        if wrong.any():
            worst = int(np.argmax(np.where(wrong, np.nan_to_num(off, nan=np.inf), -1)))
            self.faults.append(
                f"{what}: {stored[worst]:.9g} is stored, {found[worst]:.9g} recomputed "
                f"({wrong.sum()} of {len(stored)} epochs differ)"
            )


@np.errstate(over="ignore", invalid="ignore")  # An arm that diverged is a result.
def recompute(history: History, cut: Callable[[int], Parts]) -> Recomputed:
    """Recompute every loss, accuracy and gap of the arms whose weights were kept.

    Args:
        cut: an arm's seed -> "train" and "validation", each X (n, d) and labels y (n,) of 0 and 1.
    """
    done = Recomputed()
    kept = [record for record in history.records.values() if record.weights]
    for seed in dict.fromkeys(record.arm.seed for record in kept):
        parts, records = cut(seed), [record for record in kept if record.arm.seed == seed]
        for part, (X, y) in parts.items():
            _losses(done, records, part, X, y)
        for record in records:
            _gaps(done, record, records, parts["validation"][0])
    return done


def _losses(
    done: Recomputed, records: list[Record], part: str, X: np.ndarray, y: np.ndarray
) -> None:
    """Hold losses and accuracies of all arms on one part of the data against the stored."""
    kernels = [record.weights["kernel"].astype(np.float64) for record in records]
    biases = [record.weights["bias"].astype(np.float64) for record in records]
    sums = [np.zeros((4, len(kernel))) for kernel in kernels]
    for start in range(0, len(y), BLOCK_ROWS):
        rows = X[start : start + BLOCK_ROWS].astype(np.float64)
        positive = y[start : start + BLOCK_ROWS, None] == 1
        norms = np.linalg.norm(rows, axis=1)[:, None]
        for record, kernel, bias, each in zip(records, kernels, biases, sums, strict=True):
            epochs, features, units = kernel.shape
            # One product for all epochs: their columns side by side.
            z = rows @ kernel.transpose(1, 0, 2).reshape(features, -1)
            z = z.reshape(len(rows), epochs, units) + bias
            size = norms * np.linalg.norm(kernel, axis=1).max(axis=1) + np.abs(bias).max(axis=1)
            off = ROUNDINGS * np.finfo(record.arm.precision).eps * size
            if units == 2:
                margin = z[..., 1] - z[..., 0]
                losses = np.logaddexp(z[..., 0], z[..., 1]) - np.where(
                    positive, z[..., 1], z[..., 0]
                )
            else:
                margin = z[..., 0] * FACTOR.get(record.arm.head, 1)
                losses = np.logaddexp(0, np.where(positive, -margin, margin))
            # What float32 cannot hold became infinite in training, and has to count as such.
            losses[size > np.finfo(record.arm.precision).max] = np.nan
            right = (margin > 0) == positive
            for values, into in zip(
                (losses, right, off, np.abs(margin) <= 2 * off), each, strict=True
            ):
                into += values.sum(axis=0)
    for record, each in zip(records, sums, strict=True):
        losses, right, off, unsure = each / len(y)
        for metric, found, allowed in (
            # A loss moves by its two logits' errors at most.
            ("loss", losses, 2 * off + 1e-13 * np.abs(losses)),
            ("accuracy", right, unsure + 1e-12),
        ):
            stored = record.series.get((part, metric))
            if stored is None:
                continue
            stored = stored[-len(found) :]
            if metric == "accuracy":  # Of no logits, what it says means nothing.
                stored = np.where(np.isnan(losses), found, stored)
            stored = np.where(np.isinf(stored), np.nan, stored)
            done.hold(f"{record.arm.name}: {part} {metric}", stored, found, allowed)


def _gaps(done: Recomputed, record: Record, records: list[Record], X: np.ndarray) -> None:
    """Hold an arm's gaps against the one arm of the same noise that they are the distance to."""
    gaps = {
        part: record.series[part, "loss_gap"]
        for part in PARTS
        if (part, "loss_gap") in record.series
    }
    if not gaps:
        return
    alike = [
        other
        for other in records
        if other is not record
        and (other.arm.noise, other.arm.precision) == (record.arm.noise, record.arm.precision)
        and all(
            np.array_equal(record.loss(part) - other.loss(part), gap, equal_nan=True)
            for part, gap in gaps.items()
        )
    ]
    if not alike:
        done.faults.append(f"{record.arm.name}: loss_gap is to no arm of this run")
        return
    done.compared += sum(map(len, gaps.values()))
    partner = alike[0]
    apart = _of_odds(record) - _of_odds(partner)
    kernels = [np.abs(each.weights["kernel"]).max(axis=(1, 2)) for each in (record, partner)]
    largest = np.maximum(*kernels)
    eps = np.finfo(record.arm.precision).eps
    if ("weights", "weight_gap") in record.series:
        found = np.abs(apart[:, :-1]).max(axis=1)
        stored = record.series["weights", "weight_gap"][-len(found) :]
        done.hold(f"{record.arm.name}: weight_gap", stored, found, 4 * eps * largest)
    if ("validation", "logit_gap") in record.series:
        found = np.zeros(len(apart))
        for start in range(0, len(X), BLOCK_ROWS):
            rows = X[start : start + BLOCK_ROWS].astype(np.float64)
            found = np.maximum(found, np.abs(rows @ apart[:, :-1].T + apart[:, -1]).max(axis=0))
        size = np.linalg.norm(X, axis=1).max() * np.linalg.norm(_of_odds(partner), axis=1)
        stored = record.series["validation", "logit_gap"][-len(found) :]
        allowed = 2 * ROUNDINGS * eps * size
        done.hold(f"{record.arm.name}: logit_gap", stored, found, allowed)


def _of_odds(record: Record) -> np.ndarray:
    """Return weights and bias of the log-odds, float64, shape (epochs, d + 1)."""
    kernel, bias = (record.weights[name].astype(np.float64) for name in ("kernel", "bias"))
    if bias.shape[1] == 2:
        kernel, bias = kernel[..., 1:] - kernel[..., :1], bias[:, 1:] - bias[:, :1]
    return FACTOR.get(record.arm.head, 1) * np.concatenate([kernel[..., 0], bias], axis=1)
