"""The head of a safetensors file swapped for the other one, as a stream. Needs no TensorFlow.

A row of a weight matrix is a class, as PyTorch stores them: (2, d), or (1, d) for one logit.
All other tensors are copied byte by byte, unread, so a file may be larger than the memory.
"""

import difflib
import json
import math
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from twinhead.errors import InputError
from twinhead.matching import match_sigmoid, match_softmax
from twinhead.models.paths import SAFETENSORS, check_new, refuse_pickle

DTYPES: dict[str, Any] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
}
NAMES = {"float64": "F64", "float32": "F32"}
BLOCK = 4 << 20
LONGEST_HEADER = 100 << 20  # The format's own limit.
METADATA = "__metadata__"
ROWS, BLOCK_ROWS = 1_000, 100
# Bytes of one number. The largest come first, as safetensors writes them: so every tensor begins
# where PyTorch can use it without a copy, whatever sizes changed before it.
WIDTHS = {**dict.fromkeys(("F64", "I64", "U64", "C64"), 8), **dict.fromkeys(("F32", "I32", "U32"), 4)}
WIDTHS |= dict.fromkeys(("F16", "BF16", "I16", "U16"), 2)


@dataclass(frozen=True)
class Tensor:
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Tensors:
    """A file's header: where its tensors lie.

    Attributes:
        begin: the first byte behind the header; tensors' places count from it.
        metadata: what the writer said of the file.
    """

    path: Path
    begin: int
    tensors: dict[str, Tensor]
    metadata: Mapping[str, str] | None

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.tensors:
            near = difflib.get_close_matches(name, self.tensors, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InputError(
                f"{self.path}: no tensor {name}; {hint}found {', '.join(list(self.tensors)[:6])}"
                + (", ..." if len(self.tensors) > 6 else "")
            )
        return self.tensors[name]


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
        return "\n".join([*lines, f"  bytes {self.size[0]:,} before, {self.size[1]:,} after"])


def read_header(path: Path) -> Tensors:
    """Return where the tensors of a file lie.

    Raises:
        InputError: the file is damaged, cut off, or of another kind.
    """
    refuse_pickle(path)
    if not path.exists():
        raise InputError(f"{path}: no such file; expected a {SAFETENSORS} file")
    if path.is_dir():
        raise InputError(f"{path}: found a folder, expected a {SAFETENSORS} file")
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
        if 8 + length > size or length > LONGEST_HEADER:
            raise InputError(f"{path}: damaged, or no safetensors file: its header is cut off")
        try:
            header = json.loads(file.read(length))
            metadata = header.pop(METADATA, None)
            tensors = {
                name: Tensor(each["dtype"], tuple(each["shape"]), *map(int, each["data_offsets"]))
                for name, each in header.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: damaged: its header is no table of tensors") from error
    end = 0
    for name, each in sorted(tensors.items(), key=lambda item: item[1].start):
        if each.start != end or each.end < each.start:
            raise InputError(f"{path}: damaged: {name} begins at {each.start}, expected {end}")
        end = each.end
    if 8 + length + end != size:
        raise InputError(
            f"{path}: cut off or damaged: found {size:,} bytes, expected {8 + length + end:,}"
        )
    return Tensors(path, 8 + length, tensors, metadata)


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
    refuse_pickle(source)
    file = read_header(source)
    check_new(target, SAFETENSORS)
    if weight is None:
        names = ", ".join(name for name, each in file.tensors.items() if each.shape[:1] in ((1,), (2,)))
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
        raise InputError(f"to: found {to}, and {weight} has {len(kernel)} row(s): it is one already")
    stored = NAMES[dtype] if dtype else file[weight].dtype
    exact, exact_offset = _matched(kernel, offset, to, positive)
    made = {into or weight: exact.astype(DTYPES[stored])}
    if bias is not None and exact_offset is not None:
        made[_bias_of(into) if into else bias] = exact_offset.astype(DTYPES[stored])
    taken = set(file.tensors) - ({weight, bias} if into is None else set())
    if taken & set(made):
        raise InputError(f"into: found {(taken & set(made)).pop()}, which is a tensor already")
    _write(file, target, made, replaced=into is None, of=(weight, bias), stored=stored)
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
        copied=len(file.tensors) - (0 if into else len(made)),
        size=(source.stat().st_size, target.stat().st_size),
    )


def _bias_of(weight: str) -> str:
    return weight.removesuffix("weight") + "bias" if weight.endswith("weight") else f"{weight}.bias"


def _taken(file: Tensors, name: str, rows: tuple[int, int] | None) -> np.ndarray:
    """Return a tensor, or two rows of it, which alone are read."""
    tensor = file[name]
    if tensor.dtype not in DTYPES:
        raise InputError(
            f"{file.path}: {name} holds {tensor.dtype}, expected {', '.join(DTYPES)}: convert "
            "before you quantise"
        )
    kind = np.dtype(DTYPES[tensor.dtype])
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
    file: Tensors, weight: str, bias: str | None, kernel: np.ndarray, offset: np.ndarray | None
) -> None:
    if kernel.ndim < 2:
        raise InputError(f"{file.path}: {weight} has shape {file[weight].shape}, expected (2, d)")
    if offset is not None and offset.shape != kernel.shape[:1]:
        raise InputError(
            f"{file.path}: {bias} has shape {offset.shape}, expected ({len(kernel)},) beside {weight}"
        )
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
        [generator.standard_normal((BLOCK_ROWS, len(pair))) @ pair for _ in range(ROWS // BLOCK_ROWS)]
    )
    logits = logits[np.argsort(logits[:, 0])]
    kept = logits[:, 1].astype(stored.dtype).astype(np.float64)
    return int(np.sum(np.diff(kept) == 0)), int(np.sum(np.diff(logits[:, 1]) < 0))


def _write(
    file: Tensors,
    target: Path,
    made: Mapping[str, np.ndarray],
    *,
    replaced: bool,
    of: tuple[str, str | None],
    stored: str,
) -> None:
    """Write the file, whole or not at all."""
    header: dict[str, Any] = {} if file.metadata is None else {METADATA: dict(file.metadata)}
    parts: list[Tensor | np.ndarray] = []
    end = 0

    def add(name: str, dtype: str, shape: tuple[int, ...], part: Tensor | np.ndarray) -> None:
        nonlocal end
        length = part.nbytes if isinstance(part, np.ndarray) else part.end - part.start
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + length]}
        parts.append(part)
        end += length

    kept = {
        name: tensor for name, tensor in file.tensors.items() if not (replaced and name in of)
    }
    every: list[tuple[str, str, tuple[int, ...], Tensor | np.ndarray]] = [
        (name, each.dtype, each.shape, each)
        for name, each in sorted(kept.items(), key=lambda item: item[1].start)
    ]
    every += [(name, stored, array.shape, array) for name, array in made.items()]
    for entry in sorted(every, key=lambda entry: -WIDTHS.get(entry[1], 1)):
        add(*entry)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # Tensors begin at a multiple of eight bytes.
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as folder:
            whole = Path(folder) / target.name
            with whole.open("wb") as out, file.path.open("rb") as source:
                out.write(struct.pack("<Q", len(text)) + text)
                for part in parts:
                    if isinstance(part, np.ndarray):
                        out.write(part.tobytes())
                    else:
                        source.seek(file.begin + part.start)
                        _copy(source, out, part.end - part.start, file.path)
            whole.replace(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from error


def _copy(source: BinaryIO, out: Any, length: int, path: Path) -> None:
    block = memoryview(bytearray(min(BLOCK, max(1, length))))
    while length:
        read = source.readinto(block[: min(len(block), length)])  # type: ignore[attr-defined]
        if not read:
            raise InputError(f"{path}: cut off while it was read")
        out.write(block[:read])
        length -= read
