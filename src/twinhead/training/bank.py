"""All arms of one seed in one pass over the data, under common noise.

Arms are rows of one kernel. Keras's optimizers take a vector of learning rates, so every row
learns as if it were alone.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np

from twinhead.data.features import Cut, Split
from twinhead.data.ondisk import Matrix, OnDisk, ahead
from twinhead.results.arm import Arm
from twinhead.results.history import Record
from twinhead.training import heads, noise
from twinhead.training.backend import tf
from twinhead.training.epoch import Program
from twinhead.training.evaluate import evaluate
from twinhead.training.passes import Pass, each
from twinhead.training.recipe import Recipe
from twinhead.training.rows import Labels, Rows, RowsOnDisk, columns, tensor

log = logging.getLogger(__name__)

Weights = Literal["all", "last"]
Initial = Callable[[Arm, int], tuple[np.ndarray, np.ndarray]]
PARTS = ("train", "validation")
METRICS = ("loss", "accuracy")
# Of one pass's kernel. More arms are trained block after block: what a step touches would no
# longer fit the processor's cache, and a whole epoch would be the least that progress can tell.
BLOCK_BYTES = 2**23


def train(
    arms: Sequence[Arm],
    recipe: Recipe,
    split: Split,
    *,
    initial: Initial = heads.initial,
    optimizers: Mapping[str, Mapping[str, Any]] | None = None,
    parts: Sequence[str] = PARTS,
    labels: Mapping[str, Labels] | None = None,
    weights: Weights = "all",
) -> list[Record]:
    """Train arms and return their records in the same order, epoch 0 first.

    Arms of one seed and precision see the same batches and masks. An arm whose weights overflow
    goes on as NaN and disturbs no other.

    Args:
        arms: any mixture of heads, inits, learning rates and optimizers; their noise is common.
        initial: (arm, features) -> kernel (features, units) and bias (units,) to start from.
        optimizers: `arm.optimizer` -> name and options of one of Keras's; `recipe.optimizer` for
            all if left out. None that mixes units, as norm clipping does: arms would disturb each
            other.
        parts: the parts of the data on which every epoch ends with loss and accuracy. The training
            rows cost half as much as training on them.
        labels: `arm.name` -> what it learns, for arms that do not learn the split's labels.
        weights: of every epoch, or the last one's alone: (1, d, units) and (1, units) then. A
            thousand arms of 2048 features take 8 MB an epoch.
    """
    (records,) = _trained([(arms, split)], recipe, initial, optimizers, parts, labels, weights)
    return records


def train_cuts(
    arms: Sequence[tuple[Sequence[Arm], Cut]],
    recipe: Recipe,
    *,
    optimizers: Mapping[str, Mapping[str, Any]] | None = None,
    parts: Sequence[str] = PARTS,
    weights: Weights = "all",
) -> Iterator[list[Record]]:
    """Train arms, each group on its own cut of the rows, and give a group's records at a time.

    As `train` does; but on a cluster, where there is one, as many passes at once as it has workers.
    """
    yield from _trained(arms, recipe, heads.initial, optimizers, parts, None, weights)


def _trained(
    groups: Sequence[tuple[Sequence[Arm], Split | Cut]],
    recipe: Recipe,
    initial: Initial,
    optimizers: Mapping[str, Mapping[str, Any]] | None,
    parts: Sequence[str],
    labels: Mapping[str, Labels] | None,
    weights: Weights,
) -> Iterator[list[Record]]:
    passes: list[tuple[Pass, Split | Cut]] = []
    for arms, split in groups:
        if len({arm.name for arm in arms}) < len(arms):
            raise ValueError("two arms of one name")
        families = optimizers or {arm.optimizer: recipe.optimizer for arm in arms}
        X = split.features.X if isinstance(split, Cut) else split.X_train
        passes += [
            (
                _Pass(
                    tuple(block),
                    recipe,
                    tuple(
                        (name, tuple(families[name].items()))
                        for name in dict.fromkeys(arm.optimizer for arm in block)
                    ),
                    tuple(parts),
                    weights,
                    X.shape[1],
                    initial,
                    labels and {arm.name: labels[arm.name] for arm in block if arm.name in labels},
                ),
                split,
            )
            for block in _blocks(arms, X.shape[1])
        ]
    arriving = each(passes)
    try:
        for arms, _ in groups:
            records: dict[str, Record] = {}
            while len(records) < len(arms):
                records |= {record.arm.name: record for record in next(arriving)}
            found = [records[arm.name] for arm in arms]
            _warn(found)
            yield found
    finally:
        _latest.clear()


def _warn(records: Sequence[Record]) -> None:
    ends = {record.arm.name: record.weights["kernel"][-1] for record in records}
    lost = [name for name, kernel in ends.items() if not np.isfinite(kernel).all()]
    if lost:
        log.warning("%d of %d arm(s) diverged, the first: %s", len(lost), len(ends), lost[0])


@dataclass(frozen=True, eq=False)
class _Pass:
    """Arms of one seed and precision, as many as are trained at once.

    Attributes:
        optimizers: (`arm.optimizer`, its name and options as pairs), in the order of first use.
        labels: `arm.name` -> what it learns in place of the split's labels, or None.
    """

    arms: tuple[Arm, ...]
    recipe: Recipe
    optimizers: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    parts: tuple[str, ...]
    weights: Weights
    features: int
    initial: Initial
    labels: Mapping[str, Labels] | None

    def decides(self) -> tuple[Any, list[np.ndarray]]:
        what = self.arms, self.recipe, self.optimizers, self.parts, self.weights
        arrays = [one for arm in self.arms for one in self.initial(arm, self.features)]
        for name in self.labels or ():
            own = (self.labels or {})[name]
            every = own.train, own.validation, own.sample_weight
            arrays += [np.zeros(0) if one is None else one for one in every]
        return (what, list(self.labels or ())), arrays

    @np.errstate(over="ignore", invalid="ignore")  # An arm that diverges is a result.
    def train(self, split: Split) -> list[Record]:
        first, recipe = self.arms[0], self.recipe
        program = _program(
            tuple((arm.optimizer, arm.head) for arm in self.arms),
            self.optimizers,
            self.features,
            first.precision,
            recipe.batch_size,
            recipe.dropout,
        )
        usual = Labels(split.y_train, split.y_validation)
        own = [(self.labels or {}).get(self.arms[i].name, usual) for i in program.arms]
        X = _tensors(split, first.precision, "validation" in self.parts)
        rows = {part: _rows(part, X[part], own, first.precision) for part in X}
        places = recipe.places(split)
        return _run(
            program, self.arms, recipe, rows, places, self.initial, self.parts, self.weights
        )


def _blocks(arms: Sequence[Arm], features: int) -> Iterator[list[Arm]]:
    """Give the arms of every pass: those of a seed and precision, in blocks of equal size."""
    own: dict[tuple[str, int], list[Arm]] = {}
    for arm in arms:
        own.setdefault((arm.precision, arm.seed), []).append(arm)
    for (precision, _), those in sorted(own.items(), key=lambda each: each[0][0]):
        units = sum(heads.UNITS[arm.head] for arm in those)
        count = -(-units * features * np.dtype(precision).itemsize // BLOCK_BYTES)
        ends = [len(those) * k // count for k in range(count + 1)]
        yield from (those[start:end] for start, end in pairwise(ends))


# The rows of the latest pass's split, in its precision: the next one's are the same, more often
# than not.
_latest: WeakKeyDictionary[Split, tuple[str, dict[str, tf.Tensor | OnDisk]]] = WeakKeyDictionary()


def _tensors(split: Split, precision: str, validation: bool) -> dict[str, tf.Tensor | OnDisk]:
    held, X = _latest.get(split, ("", {}))
    if held != precision:
        _latest.clear()  # Before the next ones are made: in float64 nothing is as large.
        X = {}
    if "train" not in X:
        X["train"] = _features(split.X_train, precision)
    if validation and "validation" not in X:
        X["validation"] = _features(split.X_validation, precision)
    _latest[split] = precision, X
    return X if validation else {"train": X["train"]}


@lru_cache(maxsize=8)  # The next seed, block or round of a search does without compiling.
def _program(
    layout: tuple[tuple[str, str], ...],
    optimizers: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...],
    features: int,
    precision: str,
    batch_size: int,
    dropout: float,
) -> Program:
    families = {name: dict(options) for name, options in optimizers}
    return Program(layout, families, features, precision, batch_size, dropout)


def _features(X: Matrix, precision: str) -> tf.Tensor | OnDisk:
    return X if isinstance(X, OnDisk) else tensor(X, precision)


def _rows(
    part: str, X: tf.Tensor | OnDisk, own: Sequence[Labels], precision: str
) -> Rows | RowsOnDisk:
    """Return a part's rows with what each arm learns of them, in the order of units."""
    found: list[Any] = [*columns([getattr(each, part) for each in own])]
    if part == "train" and any(each.sample_weight is not None for each in own):
        alike = np.ones(len(X))
        counts = [alike if each.sample_weight is None else each.sample_weight for each in own]
        weights, weight = columns(counts)
        found += [weights.astype(precision), weight]
    return RowsOnDisk(X, precision, *found) if isinstance(X, OnDisk) else Rows(X, *found)


def _visits(
    rows: Rows | RowsOnDisk, recipe: Recipe, seed: int, places: np.ndarray | None
) -> Iterator[tuple[Rows, tf.Tensor, tf.Tensor | None]]:
    """Give all epochs' rows in the order in which they are visited, and what is kept of them."""
    count, features = rows.X.shape
    cuts = rows.cuts(recipe.batch_size)
    sizes = [cut.stop - cut.start for cut in cuts]
    for epoch in range(1, recipe.epochs + 1):
        order = noise.order(seed, epoch, count, places)
        masks = noise.masks_in_parts(seed, epoch, sizes, features, recipe.dropout)
        for cut in cuts:
            window, visited = rows.window(order[cut])
            kept = tf.constant(next(masks)) if recipe.dropout else None
            yield window, tf.constant(visited), kept


def _run(
    program: Program,
    arms: Sequence[Arm],
    recipe: Recipe,
    rows: Mapping[str, Rows | RowsOnDisk],
    places: np.ndarray | None,
    initial: Initial,
    parts: Sequence[str],
    keep: Weights,
) -> list[Record]:
    """Train the arms of one pass from the start and return their records."""
    train, seed, epochs = rows["train"], arms[0].seed, recipe.epochs
    windows = len(train.cuts(recipe.batch_size))
    _start(program, arms, initial, train.X.shape[1])
    kept = epochs + 1 if keep == "all" else 1
    every = [np.empty((kept, *each.shape), each.dtype.as_numpy_dtype) for each in program.weights()]
    values = {part: np.empty((len(METRICS), len(arms), epochs + 1)) for part in parts}
    shortest = min(len(each.X) for each in rows.values())
    of_all = sum(len(rows[part].X) for part in parts)
    work = epochs * len(train.X) + (epochs + 1) * of_all
    done, spoke, epoch = 0, time.monotonic(), 0

    def worked(count: int, finished: bool = False) -> None:
        """Tell how far it is: once a second at most, for an epoch may take a millisecond."""
        nonlocal done, spoke
        done += count
        if finished or time.monotonic() - spoke > 1:
            spoke = time.monotonic()
            log.info(
                "seed %d, %s, %d arm(s): epoch %d/%d",
                *(seed, arms[0].precision, len(arms), epoch, epochs),
                extra={"counted": (f"rows, {len(arms)} arm(s)", done, work)},
            )

    # Noise is drawn, and rows are read, while those before them are trained on.
    with closing(ahead(_visits(train, recipe, seed, places))) as visits:
        for epoch in range(epochs + 1):
            for _ in range(windows if epoch else 0):
                window, visited, masks = next(visits)
                program.run(window, visited, masks)
                worked(len(visited))
            now = program.weights()
            if keep == "all" or epoch == epochs:
                for series, tensor in zip(every, now, strict=True):
                    series[epoch if keep == "all" else 0] = tensor
            kernel, bias = program.logit_weights()
            for part in parts:
                found = evaluate(kernel, bias, program.pairs, rows[part], shortest, worked)
                values[part][..., epoch] = found
        worked(0, finished=True)
    kernels, biases = every
    place = {arm: at for at, arm in enumerate(program.arms)}
    return [
        Record(
            arm,
            {(p, m): values[p][k, place[i]] for p in parts for k, m in enumerate(METRICS)},
            # Views: one copy an epoch of all arms' weights, none of an arm's.
            {"kernel": kernels[:, own].transpose(0, 2, 1), "bias": biases[:, own, 0]},
        )
        for i, (arm, own) in enumerate(zip(arms, program.units, strict=True))
    ]


def _start(program: Program, arms: Sequence[Arm], initial: Initial, features: int) -> None:
    """Put all arms where they start."""
    own = [arms[i] for i in program.arms]
    kernels, biases = zip(*(initial(arm, features) for arm in own), strict=True)
    rates = [np.full(heads.UNITS[arm.head], arm.learning_rate) for arm in own]
    program.start(np.hstack(kernels).T, np.hstack(biases)[:, None], np.hstack(rates)[:, None])
