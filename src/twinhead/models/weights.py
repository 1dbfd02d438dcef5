"""The head of a safetensors file swapped for the other one. Needs no TensorFlow.

A row of a weight matrix is a class, as PyTorch stores them: (2, d), or (1, d) for one logit.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinhead.errors import InputError
from twinhead.matching import match_sigmoid, match_softmax
from twinhead.models import tensors
from twinhead.models.lines import laid_out
from twinhead.models.paths import SAFETENSORS, check_new

NAMES = {"float64": "F64", "float32": "F32"}
ROWS, BLOCK_ROWS = 1_000, 100


@dataclass(frozen=True)
class Rounded:
    """What was written in place of a head, and what it lost by being stored as it is.

    Attributes:
        tensors: name -> shape before and after.
        dtype: as the file calls it.
        loss: how far rounding moves a logit, as a share of the logits' spread, over inputs that
            point everywhere: the length of what was rounded off beside that of the weights.
        ties, turned: of neighbours among ROWS random rows in order, those with one logit if it is
            stored as the weights are, and those whose order the rounded weights turn round.
    """

    tensors: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    dtype: str
    loss: float
    ties: int
    turned: int
    copied: int
    size: tuple[int, int]

    def __str__(self) -> str:
        lines = [f"{len(self.tensors)} tensor(s) converted, {self.copied} copied bit for bit"]
        lines += [
            f"  {name}: {list(old)} to {list(new)} {self.dtype}"
            for name, (old, new) in self.tensors.items()
        ]
        lines.append(f"  rounded once: moves a logit by {self.loss:.1e} of the logits' spread")
        if self.dtype in ("F16", "BF16"):
            lines.append(
                f"  {ROWS:,} random rows in order: {self.turned} neighbours turned round, "
                f"{self.ties} tie if the logit is stored in {self.dtype}"
            )
            lines.append("  keep it in float32 where rows are ranked by it: dtype=float32")
        return laid_out([*lines, f"  bytes {self.size[0]:,} before, {self.size[1]:,} after"])


def convert(
    source: Path,
    target: Path,
    *,
    weight: str | None,
    bias: str | None = None,
    rows: tuple[int, int] | None = None,
    into: str | None = None,
    dtype: str | None = None,
    to: str | None = None,
    positive: int = 1,
) -> Rounded:
    """Write a safetensors file with the other head; all other tensors are as they were.

    The difference is taken in float32, or in float64 of wider weights, and rounded once.

    Args:
        weight, bias: names of the head's tensors, (2, d) and (2,); or (1, d) and (1,).
        rows: the negative and the positive class's row of a larger matrix, such as "no" and "yes"
            of a language model's.
        into: a name for the result, the tensors it is taken from staying as they are; a matrix
            that is the embedding as well must not be replaced.
        dtype: float32 or float64, to store the result in; as the weights are if left out.
    Raises:
        InputError: a tensor is not there or not a head, or a file cannot be read or written.
    """
    file = tensors.read_header(source)
    check_new(target, SAFETENSORS)
    if weight is None:
        names = ", ".join(
            name for name, each in file.tensors.items() if each.shape[:1] in ((1,), (2,))
        )
        raise InputError(
            "weight: found nothing, expected the name of the head's tensor, such as "
            f"{names or 'classifier.weight'}"
        )
    if rows is not None and into is None and "embed" in weight:
        raise InputError(
            f"into: found nothing, expected a name for the result: {weight} is the embedding too, "
            "and has to stay"
        )
    kernel = _taken(file, weight, rows)
    offset = _taken(file, bias, rows) if bias is not None else None
    _check_head(file, weight, bias, kernel, offset)
    to = to or ("sigmoid" if len(kernel) == 2 else "softmax")
    if (to == "sigmoid") != (len(kernel) == 2):
        raise InputError(
            f"to: found {to}, and {weight} has {len(kernel)} row(s): it is one already"
        )
    stored = NAMES[dtype] if dtype else file[weight].dtype
    exact, exact_offset = _matched(kernel, offset, to, positive)
    made = {into or weight: exact.astype(tensors.DTYPES[stored])}
    if bias is not None and exact_offset is not None:
        made[_bias_of(into) if into else bias] = exact_offset.astype(tensors.DTYPES[stored])
    kept = set(file.tensors) - ({weight, bias} if into is None else set())
    if kept & set(made):
        raise InputError(f"into: found {(kept & set(made)).pop()}, which is a tensor already")
    tensors.write(file, target, kept, made)
    result, wanted = made[into or weight], exact.astype(np.float64)
    length = float(np.linalg.norm(wanted)) or 1.0
    ties, turned = _order(exact, result) if to == "sigmoid" else (0, 0)
    was = dict(zip(made, (file[each].shape for each in (weight, bias) if each), strict=True))
    return Rounded(
        tensors={name: (was[name], tuple(each.shape)) for name, each in made.items()},
        dtype=stored,
        loss=float(np.linalg.norm(result.astype(np.float64) - wanted)) / length,
        ties=ties,
        turned=turned,
        copied=len(kept),
        size=(source.stat().st_size, target.stat().st_size),
    )


def _bias_of(weight: str) -> str:
    return weight.removesuffix("weight") + "bias" if weight.endswith("weight") else f"{weight}.bias"


def _taken(file: tensors.Tensors, name: str, rows: tuple[int, int] | None) -> np.ndarray:
    """Return a tensor, or two rows of it, which alone are read."""
    tensor = file[name]
    if tensor.dtype not in tensors.DTYPES:
        raise InputError(
            f"{file.path}: {name} holds {tensor.dtype}, expected {', '.join(tensors.DTYPES)}: "
            "convert before you quantise"
        )
    kind = np.dtype(tensors.DTYPES[tensor.dtype])
    if math.prod(tensor.shape) * kind.itemsize != tensor.end - tensor.start or not tensor.shape:
        raise InputError(f"{file.path}: damaged: {name} has not the bytes of its shape")
    if rows is None and tensor.shape[0] not in (1, 2):
        raise InputError(
            f"{file.path}: {name} has shape {tensor.shape}, expected two rows, one a class; or "
            "rows=[negative,positive] to take two of them"
        )
    wanted = rows if rows is not None else tuple(range(tensor.shape[0]))
    width = (tensor.end - tensor.start) // tensor.shape[0]
    found = []
    with file.path.open("rb") as opened:
        for row in wanted:
            if row >= tensor.shape[0]:
                raise InputError(f"rows: found {row}, and {name} has {tensor.shape[0]} rows")
            opened.seek(file.begin + tensor.start + row * width)
            found.append(np.frombuffer(opened.read(width), kind).reshape(tensor.shape[1:]))
    return np.stack(found)


def _check_head(
    file: tensors.Tensors,
    weight: str,
    bias: str | None,
    kernel: np.ndarray,
    offset: np.ndarray | None,
) -> None:
    if kernel.ndim < 2:
        raise InputError(f"{file.path}: {weight} has shape {file[weight].shape}, expected (2, d)")
    if offset is not None and offset.shape != kernel.shape[:1]:
        raise InputError(f"{file.path}: {bias} has shape {offset.shape}, expected ({len(kernel)},)")
    for name, each in ((weight, kernel), (bias, offset)):
        if each is not None and not np.isfinite(each.astype(np.float32)).all():
            raise InputError(f"{file.path}: {name} holds NaN or infinity, expected finite numbers")


def _matched(
    kernel: np.ndarray, offset: np.ndarray | None, to: str, positive: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the other head's rows and bias, unrounded: float64, or float32 of 16-bit weights."""
    wide = np.float64 if kernel.dtype.itemsize >= 4 else np.float32
    columns = kernel.reshape(len(kernel), -1).astype(wide).T
    biases = np.zeros(len(kernel), wide) if offset is None else offset.astype(wide)
    order = slice(None) if positive == 1 else slice(None, None, -1)
    if to == "sigmoid":
        made, bias = match_sigmoid(columns[:, order], biases[order])
    else:
        made, bias = match_softmax(columns, biases)
        made, bias = made[:, order], bias[order]
    shape = (made.shape[1], *kernel.shape[1:])
    return np.ascontiguousarray(made.T).reshape(shape), None if offset is None else bias


def _order(exact: np.ndarray, stored: np.ndarray) -> tuple[int, int]:
    """Return ties and turned neighbours of random rows, as Rounded has them."""
    generator = np.random.default_rng(0)
    pair = np.stack([exact.ravel(), stored.ravel()], axis=1).astype(np.float64)
    logits = np.concatenate(
        [
            generator.standard_normal((BLOCK_ROWS, len(pair))) @ pair
            for _ in range(ROWS // BLOCK_ROWS)
        ]
    )
    logits = logits[np.argsort(logits[:, 0])]
    kept = logits[:, 1].astype(stored.dtype).astype(np.float64)
    return int(np.sum(np.diff(kept) == 0)), int(np.sum(np.diff(logits[:, 1]) < 0))
