"""The safetensors format: where a file's tensors lie, and writing one with some replaced.

Everything that is not replaced is copied byte by byte, unread, so a file may be larger than the
memory. Needs no TensorFlow.
"""

import difflib
import json
import struct
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from twinhead.errors import InputError
from twinhead.models.paths import SAFETENSORS, refuse_pickle

DTYPES: dict[str, Any] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
}
BLOCK = 4 << 20
LONGEST_HEADER = 100 << 20  # The format's own limit.
METADATA = "__metadata__"
# Bytes of one number. The largest come first, as safetensors writes them: so every tensor begins
# where PyTorch can use it without a copy, whatever sizes changed before it.
WIDTHS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 8),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
}


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


def write(
    file: Tensors, target: Path, kept: Collection[str], made: Mapping[str, np.ndarray]
) -> None:
    """Write a file, whole or not at all.

    Args:
        kept: names of the tensors that are copied as they are.
        made: what is added to them.
    Raises:
        InputError: it cannot be written.
    """
    names = {np.dtype(kind): name for name, kind in DTYPES.items()}
    parts: list[tuple[str, str, tuple[int, ...], Tensor | np.ndarray]] = [
        (name, each.dtype, each.shape, each)
        for name, each in sorted(file.tensors.items(), key=lambda item: item[1].start)
        if name in kept
    ]
    parts += [(name, names[each.dtype], each.shape, each) for name, each in made.items()]
    parts.sort(key=lambda part: -WIDTHS.get(part[1], 1))
    header: dict[str, Any] = {} if file.metadata is None else {METADATA: dict(file.metadata)}
    end = 0
    for name, dtype, shape, part in parts:
        start = end
        end += part.nbytes if isinstance(part, np.ndarray) else part.end - part.start
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # Tensors begin at a multiple of eight bytes.
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as folder:
            whole = Path(folder) / target.name
            with whole.open("wb") as out, file.path.open("rb") as source:
                out.write(struct.pack("<Q", len(text)) + text)
                for _, _, _, part in parts:
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
