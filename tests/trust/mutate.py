"""Features files of every kind that HDF5 stores, damaged in every way, read as a run reads them."""

import os
import sys
import warnings

import h5py
import numpy as np

from twinhead.data import hdf5, hdf5_child
from twinhead.errors import InputError

ROWS, COLUMNS = 60, 24  # Chunks of more than the 1032 bytes below which glibc fills no memory.
KINDS = {
    "contiguous": {},
    "chunked": {"chunks": True},
    "gzip": {"compression": "gzip", "shuffle": True},
    "lzf": {"compression": "lzf"},
    "scaleoffset": {"scaleoffset": 4},
    "checksums": {"compression": "gzip", "fletcher32": True},
}


def features():
    generator = np.random.default_rng(0)
    # In sixteenths, which a scale-offset filter of decimals keeps; in pairs, which LZF shortens.
    X = np.repeat(generator.integers(1, 99, (ROWS, COLUMNS)) / 16, 2, axis=0)[:ROWS].astype("f4")
    return X, (np.arange(ROWS) % 2).astype(np.uint8)


def base(kind, path):
    """Write a valid file; of `checksums` no byte is without one."""
    X, y = features()
    with h5py.File(path, "w", libver="latest" if kind == "checksums" else "earliest") as file:
        for name, values in (("train", X), ("label", y)):
            options = dict(KINDS[kind])
            if options:
                options["chunks"] = (16, *values.shape[1:])
            file.create_dataset(name, data=values, **options)
    return path.read_bytes()


def mutated(content, random):
    """Return the bytes with something wrong: bits, bytes, numbers, blocks, length."""
    content = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 8))):
        # Half of the damage to the headers, where the library is most easily led astray.
        last = min(len(content), 3000) if random.random() < 0.5 else len(content)
        at = random.randrange(last)
        length = random.choice((1, 2, 4, 8, 16, 64))
        match random.randrange(8):
            case 0 | 1:
                content[at] ^= 1 << random.randrange(8)
            case 2:
                content[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
            case 3:
                number = random.choice((0, 1, len(content), 2**31 - 1, 2**63 - 1, 2**64 - 1, at))
                content[at : at + 8] = number.to_bytes(8, "little")
            case 4:
                content[at : at + length] = random.randbytes(length)
            case 5:
                start = random.randrange(len(content))
                content[at : at + length] = content[start : start + length]
            case 6:
                del content[at : at + length]
            case 7:
                content[at:] = content[at : at + random.randrange(1, len(content))]
        if not content:
            return b"\0"
    return bytes(content)


class Forked:
    """What stands for subprocess.Popen: the same child, forked, without its second to start."""

    fill = 0

    def __init__(self, words, **options):
        ours, theirs = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Other threads only wait.
            self.pid = os.fork()
        if not self.pid:
            try:
                nothing = os.open(os.devnull, os.O_RDWR)
                for number, opened in ((0, nothing), (1, theirs), (2, nothing)):
                    os.dup2(opened, number)
                sys.argv = words[2:]
                fill = hdf5_child._fill_memory_with
                hdf5_child._fill_memory_with = lambda byte: fill(byte ^ Forked.fill)
                hdf5_child.main()
            finally:
                os._exit(99)
        os.close(theirs)
        self.stdout = os.fdopen(ours, "rb")
        self.returncode = None

    def kill(self):
        if self.returncode is None:
            os.kill(self.pid, 9)

    def wait(self):
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            self.stdout.close()
        return self.returncode


def outcome_of_reading(kind, path):
    """Return "refused", "read", or what is wrong with how it was refused or with what was read."""
    try:
        read = hdf5.read(path)
    except InputError as error:
        good = str(error).startswith(f"{path}: ") and "\n" not in str(error)
        return "refused" if good else f"refused in other words: {error!r}"
    return silently_wrong(kind, path, read) or "read"


def silently_wrong(kind, path, read):
    """Tell what is wrong with arrays that were read without a word from a damaged file, or nothing.

    What was changed in bytes that nothing checks is other features, and no error. But it has to
    be in the file, and the same each time, whatever lies in memory.
    """
    X, y = features()
    same = np.array_equal(read.X, X) and np.array_equal(read.y, y)
    if kind == "checksums":
        return "" if same else "other values in spite of checksums"
    Forked.fill = 0xFF
    try:
        again = hdf5.read(path)
    finally:
        Forked.fill = 0
    if again.sha256 != read.sha256:
        return "other values when read again"
    if kind in ("contiguous", "chunked") and read.X.shape[1] == COLUMNS:
        content = path.read_bytes()
        lost = [row for row in read.X if row.tobytes() not in content]
        # A changed type makes every row another; one that is not stored is missing alone.
        if 0 < len(lost) < len(read.X) / 4:
            return f"{len(lost)} row(s) that are not in the file"
    return ""


def tokens(stream):
    """Return where each of LZF's tokens ends: a run of bytes, or a reference to earlier ones."""
    ends, at = [], 0
    while at < len(stream):
        first = stream[at]
        at += first + 2 if first < 32 else 2 + (first >> 5 == 7)
        ends.append(at)
    return ends
