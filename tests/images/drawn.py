"""Images drawn by the tests: two classes that differ in colour, and files of every odd kind."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"cat": (200, 60, 40), "dog": (40, 90, 200), "owl": (60, 180, 60)}


def picture(word, number, size=(48, 36)):
    """Return a coarse picture; the same word and number give the same one."""
    generator = np.random.default_rng([len(word), sum(map(ord, word)), number])
    coarse = generator.integers(0, 120, (3, 4, 3)) + np.array(COLOURS.get(word, (90, 90, 90))) // 2
    image = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize(size, Image.BICUBIC)
    x, y = generator.integers(0, size[0]), generator.integers(0, size[1])
    ImageDraw.Draw(image).ellipse((x - 8, y - 8, x + 8, y + 8), fill=COLOURS.get(word, "white"))
    return image


def flat(folder, each, words=("cat", "dog"), suffix=".jpg"):
    """Draw cat.0.jpg and so on, as Kaggle's set has them."""
    folder.mkdir(parents=True, exist_ok=True)
    for word in words:
        for number in range(each):
            picture(word, number).save(folder / f"{word}.{number}{suffix}")
    return folder


def by_class(folder, each, words=("cat", "dog"), suffix=".png"):
    """Draw a folder for each class."""
    for word in words:
        (folder / word).mkdir(parents=True, exist_ok=True)
        for number in range(each):
            picture(word, number).save(folder / word / f"{number}{suffix}")
    return folder


def jpeg(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "jpeg", **options)
    return buffer.getvalue()


def huge_png(path: Path, side=20_000):
    """Write a PNG of some hundred bytes that says it is `side` by `side`."""
    buffer = io.BytesIO()
    Image.new("1", (8, 8)).save(buffer, "png")
    content = bytearray(buffer.getvalue())
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)
    return path
