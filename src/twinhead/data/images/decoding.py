"""From an image file to pixels, whatever the file is like. Pillow decodes.

A features file is found again only while this file is what it was when it was written: what it
does decides every pixel.
"""

import os
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

RESIZE = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
# By content, whatever the name says. Others that Pillow knows start programs, or are no pictures;
# and not every Pillow is built with each of these.
Image.init()
FORMATS = tuple(
    each
    for each in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM")
    if each in Image.OPEN
)
MOST_PIXELS = 2**30 // 12  # Pillow's own limit, where it begins to warn.
DRAFT = 4  # A JPEG larger than so many times what is wanted is decoded at a half, quarter, eighth.
MANY = 1000  # Images handed out at a time where nothing but their number could need memory.
AHEAD = 3  # Batches decoded while the network works on one.

warnings.filterwarnings("ignore", module="PIL")  # Of what it then decodes; all else is an error.


class BrokenImageError(ValueError):
    """An image that cannot be decoded, or must not be; says why."""


def decode(path: Path, size: int, resize: str = "nearest") -> np.ndarray:
    """Return an image's pixels as a network wants them: uint8, shape (size, size, 3), RGB.

    The picture is stretched to a square, as the article's features were made. It is turned as its
    EXIF orientation says; of an animation this is the first frame; transparency is on white; 16
    bits a channel lose the lower 8; CMYK and grey become RGB.

    Raises:
        BrokenImageError: empty, truncated, no image, too large, or in numbers of no known range.
    """
    try:
        if path.stat().st_size == 0:
            raise BrokenImageError("the file is empty")
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                # A small file may stand for gigabytes; up to twice this much Pillow only warns.
                raise BrokenImageError(f"too many pixels: {image.width} x {image.height}")
            image.draft(None, (DRAFT * size, DRAFT * size))
            image.load()
            return np.asarray(_as_rgb(_upright(image)).resize((size, size), RESIZE[resize]))
    except Image.DecompressionBombError as error:
        raise BrokenImageError(f"too many pixels: {error}") from error
    except (BrokenImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's plugins raise whatever their format stumbles over.
        words = str(error).replace(str(path), path.name).partition("\n")[0]
        raise BrokenImageError(words or type(error).__name__) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # Damaged EXIF says nothing of how to turn an image that is whole.
        return image


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Grey of 16 bits, under "I" in a type with room for more.
        grey = np.asarray(image).astype(np.int64).clip(0, 2**16 - 1) >> 8
        image = Image.fromarray(grey.astype(np.uint8))
    elif image.mode == "F":
        raise BrokenImageError("pixels are floating-point numbers, of no known range")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")


def broken(paths: Sequence[Path]) -> Iterator[str | None]:
    """Yield for every image why it cannot be decoded, or None; in order, on all processors.

    A JPEG is decoded at an eighth: all of it is read, which is what fails, at a third of the time.
    """

    def why(path: Path) -> str | None:
        try:
            decode(path, 1)
        except BrokenImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(processors()) as pool:
        for start in range(0, len(paths), MANY):
            yield from pool.map(why, paths[start : start + MANY])


def batches(paths: Sequence[Path], size: int, resize: str, rows: int) -> Iterator[np.ndarray]:
    """Yield uint8 (rows, size, size, 3) in order, the last one shorter, decoded ahead.

    Memory is that of a few batches, however many images there are.
    """
    pool = ThreadPoolExecutor(processors())  # Pillow lets go of the interpreter while it decodes.
    starts = iter(range(0, len(paths), rows))
    waiting: deque = deque()
    try:
        while True:
            for start in starts:
                each = paths[start : start + rows]
                waiting.append([pool.submit(decode, path, size, resize) for path in each])
                if len(waiting) > AHEAD:
                    break
            if not waiting:
                return
            yield np.stack([future.result() for future in waiting.popleft()])
    finally:
        pool.shutdown(cancel_futures=True)


def processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
