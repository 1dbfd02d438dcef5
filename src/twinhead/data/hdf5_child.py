"""Read a features file and write its arrays to standard output: a process of its own, with limits.

What libhdf5 does with a damaged file is not for us to foresee: it may crash, run for ever or ask
for all the memory there is. Nor does it say everything: what is not stored reads as zeros, and
a damaged chunk may read as whatever lay in memory. So everything is stored, or the file is refused.
"""

import ctypes
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from twinhead.data import hdf5_rows
from twinhead.data.finite import not_finite, not_finite_in
from twinhead.data.hdf5_rows import BYTES_A_SECOND, LAYOUT, LEAST_SECONDS
from twinhead.data.stretches import state
from twinhead.errors import InputError

FLETCHER = h5py.h5z.FILTER_FLETCHER32
SHUFFLE = h5py.h5z.FILTER_SHUFFLE
M_PERTURB = -6  # glibc's mallopt: fill whatever is allocated with a byte.


def main() -> None:
    path, how, seconds, most = Path(sys.argv[1]), *sys.argv[2:5]
    # Whatever the library prints must not come between the arrays.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(seconds)),
        # More would not leave room for the two parts that the rows are split into.
        (resource.RLIMIT_AS, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2),
    ):
        _limit(limit, value)
    with out:
        for said, *arrays in _answers(path, how, float(most)):
            said["arrays"] = [(array.dtype.str, array.shape) for array in arrays]
            out.write(json.dumps(said).encode() + b"\n")
            for array in arrays:
                out.write(np.ascontiguousarray(array).data)


def _limit(what: int, value: int) -> None:
    """Limit this process, which may be limited to less already."""
    most = resource.getrlimit(what)[1]
    resource.setrlimit(what, (value if most == resource.RLIM_INFINITY else min(value, most), most))


def _answers(path: Path, how: str, most: float) -> Iterator[tuple[Any, ...]]:
    """Yield what there is to say, each with its arrays; of what is wrong, the reason."""
    try:
        if how == "about":
            with _opened(path) as file:
                yield ({"about": _attributes(file), "names": None},)
        else:
            yield from read(path, how == "external", most, how == "names")
    except InputError as error:
        yield ({"error": str(error)},)
    except MemoryError:
        yield ({"error": f"{path}: does not fit into half of the memory; expected {LAYOUT}"},)
    except Exception as error:  # h5py has no class of error of its own.
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        yield ({"error": f"{path}: damaged or unreadable ({reason}); expected {LAYOUT}"},)


def read(path: Path, external: bool, most: float, names: bool) -> Iterator[tuple[Any, ...]]:
    """Yield X and y with the file's attributes and its rows' names; a `test` is left alone.

    X is left out where it takes more bytes than `most`, as float32. Instead its place in the file
    is told, or, where it does not lie there as it is in memory, its blocks follow.

    Args:
        external: whether to follow links, external storage and virtual sets to other files.
        names: whether the rows' names are told even then: of many rows they are large, too.
    """
    if not h5py.is_hdf5(path):
        raise InputError(f"{path}: not an HDF5 file; expected {LAYOUT}")
    _fill_memory_with(0x55)
    with _opened(path) as file:
        before = state(file.id.get_vfd_handle())
        datasets = train, label = [
            _dataset(path, file, name, external) for name in ("train", "label")
        ]
        _check_layout(path, *datasets)
        about = _attributes(file)
        if 4 * train.size > most:
            y = _read_twice(path, label, slice(None))
            rows = hdf5_rows.place(path, train)
            yield {"about": about, "names": _names(file) if names else None, "rows": rows}, y
            if rows["offset"] is None:
                yield from _blocks(path, train)
            _check_still(path, file, before)
            yield ({"end": True},)
            return
        X, y = (dataset[()] for dataset in datasets)
        unchecked = any(map(_is_unchecked, datasets))
        told = _names(file)
        _check_still(path, file, before)
    if unchecked:
        _fill_memory_with(0xAA)
        with _opened(path) as file:
            for name, first in (("train", X), ("label", y)):
                if file[name][()].tobytes() != first.tobytes():
                    raise _unsteady(path, name)
    yield {"about": about, "names": told}, _check_features(path, X), y


def _names(file: h5py.File) -> list[str] | None:
    # As in `data/images/layout.py`.
    return list(file["train_names"].asstr()[:]) if "train_names" in file else None


def _blocks(path: Path, train: h5py.Dataset) -> Iterator[tuple[Any, ...]]:
    """Yield all rows, some at a time."""
    # Every chunk is there, so that what is to come is known: as long as a slow machine takes.
    seconds = 2 * train.nbytes // BYTES_A_SECOND + int(time.process_time()) + LEAST_SECONDS
    _limit(resource.RLIMIT_CPU, seconds)
    for block in hdf5_rows.by_chunks(train):
        rows = _read_twice(path, train, block)
        with np.errstate(over="ignore"):
            yield {}, rows.astype(hdf5_rows.written(train.dtype), copy=False)


def _check_still(path: Path, file: h5py.File, before: list[int]) -> None:
    """Refuse what may be partly of one file and partly of another."""
    if state(file.id.get_vfd_handle())[:2] != before[:2]:
        raise InputError(f"{path}: was changed while it was read; expected a file that stays")


def _read_twice(path: Path, dataset: h5py.Dataset, rows: slice) -> np.ndarray:
    _fill_memory_with(0x55)
    first = dataset[rows]
    if _is_unchecked(dataset):
        _fill_memory_with(0xAA)
        if dataset[rows].tobytes() != first.tobytes():
            raise _unsteady(path, dataset.name.rpartition("/")[2])
    return first


def _unsteady(path: Path, name: str) -> InputError:
    return InputError(
        f"{path}: `{name}` reads differently the second time: a damaged chunk; "
        "expected a sound file"
    )


def _opened(path: Path) -> h5py.File:
    # Without a cache of chunks, so that a second reading is one.
    return h5py.File(path, "r", rdcc_nbytes=0, locking="best-effort")


def _fill_memory_with(byte: int) -> None:
    """Let what nobody wrote read as another value each time, where the C library can do that.

    Glibc fills no block that it keeps for a thread, so that this process has none of those.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_PERTURB, byte)


def _dataset(path: Path, file: h5py.File, name: str, external: bool) -> h5py.Dataset:
    """Return a dataset all of which is stored, in this file unless others are allowed."""
    elsewhere = f"{path}: `{name}` lies in another file, %s; data.external=true follows it"
    link = file.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink) and not external:
        raise InputError(elsewhere % f"by an external link to {link.filename}")
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset):
        # A name need not be UTF-8.
        found = sorted(each.decode("utf-8", "backslashreplace") for each in file.id)
        raise InputError(
            f"{path}: dataset `{name}` is missing; found {', '.join(found) or 'nothing'}; "
            f"expected {LAYOUT}"
        )
    if dataset.file.filename != file.filename and not external:
        raise InputError(elsewhere % f"{dataset.file.filename}")
    if dataset.is_virtual and not external:
        raise InputError(elsewhere % "as a virtual dataset")
    if dataset.external and not external:
        raise InputError(elsewhere % "in external storage")
    missing = next(_not_stored(path, dataset), "")
    if missing:
        raise InputError(f"{path}: `{name}` is not all there: {missing} would read as zeros")
    return dataset


def _not_stored(path: Path, dataset: h5py.Dataset) -> Iterator[str]:
    """Yield, in words, what of a dataset is declared and not stored."""
    if dataset.is_virtual:
        for source in dataset.virtual_sources():
            other = Path(dataset.file.filename).parent / source.file_name
            if source.file_name == "." or not other.is_file() or os.path.samefile(other, path):
                yield f"source {source.file_name}"
                continue
            with h5py.File(other, "r") as file:
                if not isinstance(file.get(source.dset_name), h5py.Dataset):
                    yield f"{source.dset_name} of {source.file_name}"
    elif dataset.external:
        for name, offset, size in dataset.external:
            other = Path(dataset.file.filename).parent / os.fsdecode(name)
            if not other.is_file() or other.stat().st_size < offset + size:
                yield f"what is beyond the end of {os.fsdecode(name)}"
    elif dataset.chunks is None:
        # Not dataset.nbytes: NumPy may have no number as short as those in the file.
        stored, size = dataset.id.get_storage_size(), dataset.size * _itemsize(dataset)
        if stored < size:
            yield f"{size - stored} of {size} bytes"
    elif 0 not in dataset.shape:
        yield from _chunks_not_stored(dataset)


def _itemsize(dataset: h5py.Dataset) -> int:
    return dataset.id.get_type().get_size()


def _chunks_not_stored(dataset: h5py.Dataset) -> Iterator[str]:
    """Yield what is wrong with the chunks: each has to be there, whole, in a place of its own."""
    grid = [-(-size // chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    expected = int(np.prod(grid, dtype=object))
    filters = _filters(dataset)
    raw = int(np.prod(dataset.chunks, dtype=object)) * _itemsize(dataset)
    packing = sum(1 << i for i, each in enumerate(filters) if each not in (FLETCHER, SHUFFLE))
    checking = sum(1 << i for i, each in enumerate(filters) if each == FLETCHER)
    found: dict[tuple[int, ...], tuple[int, int]] = {}

    def visit(chunk: Any) -> None:
        # A chunk that would not get smaller is stored as it is, with a bit for each filter.
        plain = chunk.filter_mask & packing == packing
        fits = chunk.size == raw + 4 * bool(checking)
        if (fits or not plain) and not chunk.filter_mask & checking:
            found[chunk.chunk_offset] = chunk.byte_offset, chunk.size

    dataset.id.chunk_iter(visit)
    whole = sum(
        all(at < size for at, size in zip(offset, dataset.shape, strict=True)) for offset in found
    )
    if whole < expected:
        yield f"{expected - whole} of {expected} chunks"
    places = sorted(found.values())
    for (start, size), (following, _) in pairwise(places):
        if following < start + size:
            yield "one of two chunks in the same place, if it were not the other's copy,"
            return


def _attributes(file: h5py.File) -> dict[str, str | int | float]:
    found = {}
    for key, value in file.attrs.items():
        plain = value.item() if isinstance(value, np.generic) else value
        plain = plain.decode() if isinstance(plain, bytes) else plain
        if isinstance(plain, str | int | float):
            found[key] = plain
    return found


def _filters(dataset: h5py.Dataset) -> list[int]:
    settings = dataset.id.get_create_plist()
    return [settings.get_filter(i)[0] for i in range(settings.get_nfilters())]


def _is_unchecked(dataset: h5py.Dataset) -> bool:
    """Tell whether a dataset is compressed, and has no checksum that the library compares."""
    filters = {*_filters(dataset)}
    return bool(filters - {SHUFFLE}) and FLETCHER not in filters


def _check_layout(path: Path, train: h5py.Dataset, label: h5py.Dataset) -> None:
    for name, dataset, rank in (("train", train, 2), ("label", label, 1)):
        if dataset.ndim != rank:
            shape = dataset.shape
            raise InputError(f"{path}: `{name}` has shape {shape}, expected {rank} dimension(s)")
        if dataset.dtype.kind not in "biuf":
            raise InputError(f"{path}: `{name}` holds {dataset.dtype}, expected numbers")
    if len(train) != len(label):
        raise InputError(
            f"{path}: `train` has {len(train)} rows and `label` {len(label)}, expected as many"
        )
    if 0 in train.shape:
        raise InputError(
            f"{path}: `train` has shape {train.shape}, expected at least one row and column"
        )


def _check_features(path: Path, X: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        X = X.astype(np.float32, copy=False)
    count, first = not_finite(X)
    if first:
        raise InputError(not_finite_in(path, count, *first))
    return X


if __name__ == "__main__":
    main()
