import itertools

import numpy as np
import pytest
from images.drawn import flat, huge_png, jpeg, picture
from PIL import Image

from twinhead.data.images import decoding
from twinhead.data.images.decoding import BrokenImageError, batches, broken, decode

RED, BLUE = (255, 0, 0), (0, 0, 255)
CORNERS = np.array([[RED, BLUE], [(0, 255, 0), (255, 255, 0)]], np.uint8)


def saved(path, image, **options):
    image.save(path, **options)
    return path


def test_pixels_are_stretched_to_a_square_by_the_nearest(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 50, 3)).astype(np.uint8)
    found = decode(saved(tmp_path / "a.png", Image.fromarray(pixels)), 20)
    down = np.floor((np.arange(20) + 0.5) * 30 / 20).astype(int)
    across = np.floor((np.arange(20) + 0.5) * 50 / 20).astype(int)
    assert found.dtype == np.uint8
    assert np.array_equal(found, pixels[down][:, across])


def test_smoothing_is_another_picture(tmp_path):
    path = saved(tmp_path / "a.png", picture("cat", 0, (200, 150)))
    ways = [decode(path, 32, resize).astype(int) for resize in decoding.RESIZE]
    for one, other in itertools.combinations(ways, 2):
        assert np.abs(one - other).max() > 0


# What each EXIF orientation asks for, from the stored corners, written out.
UPRIGHT = {
    1: CORNERS,
    2: CORNERS[:, ::-1],
    3: CORNERS[::-1, ::-1],
    4: CORNERS[::-1],
    5: CORNERS.transpose(1, 0, 2),
    6: np.rot90(CORNERS, -1),
    7: CORNERS[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(CORNERS, 1),
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_picture_is_turned_as_its_exif_says(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", Image.fromarray(CORNERS), exif=exif)
    assert np.array_equal(decode(path, 2), UPRIGHT[orientation])


def test_damaged_exif_leaves_a_picture_as_it_is(tmp_path):
    image = Image.new("RGB", (8, 8), RED)
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(image, exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"))
    assert np.abs(decode(path, 2).astype(int) - RED).max() < 5


def test_grey_becomes_three_equal_channels(tmp_path):
    ramp = np.arange(16, dtype=np.uint8).reshape(4, 4) * 16
    found = decode(saved(tmp_path / "a.png", Image.fromarray(ramp)), 4)
    assert np.array_equal(found, np.repeat(ramp[..., None], 3, axis=2))


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    ramp = (np.arange(16, dtype=np.uint16) * 4096 + 77).reshape(4, 4)
    for path in (tmp_path / "a.png", tmp_path / "a.tif"):
        found = decode(saved(path, Image.fromarray(ramp)), 4)
        assert np.array_equal(found[..., 0], ramp >> 8)


def test_cmyk_becomes_rgb(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=95))
    assert np.abs(decode(path, 2).astype(int) - RED).max() < 12


def test_what_is_transparent_is_white(tmp_path):
    palette = Image.new("P", (2, 1))
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.putpixel((1, 0), 1)
    path = saved(tmp_path / "a.png", palette, transparency=0)
    assert decode(path, 2)[0].tolist() == [[255, 255, 255], [255, 0, 0]]
    half = Image.new("RGBA", (2, 2), (255, 0, 0, 51))
    assert decode(saved(tmp_path / "b.png", half), 1)[0, 0].tolist() == [255, 204, 204]
    grey = Image.new("LA", (2, 2), (7, 0))
    assert decode(saved(tmp_path / "c.png", grey), 1)[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path, suffix):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if suffix == "webp" else {}
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    assert decode(path, 1)[0, 0].tolist() == [255, 0, 0]


def test_the_content_tells_the_format_and_not_the_name(tmp_path):
    path = tmp_path / "really_a_png.jpg"
    picture("cat", 0).save(path, format="png")
    assert np.array_equal(decode(path, 8), decode(saved(tmp_path / "a.png", picture("cat", 0)), 8))


def test_a_large_jpeg_is_decoded_smaller_and_looks_the_same(tmp_path):
    image = picture("cat", 0, (1600, 1200))
    small = decode(saved(tmp_path / "a.jpg", image, quality=95), 32, "bilinear").astype(int)
    whole = decode(saved(tmp_path / "a.png", image), 32, "bilinear").astype(int)
    assert np.abs(small - whole).mean() < 3
    with Image.open(tmp_path / "a.jpg") as opened:
        opened.draft(None, (4 * 32, 4 * 32))
        assert opened.size == (200, 150), "an eighth is enough for four times 32"
        eighth = opened.resize((32, 32), Image.Resampling.BILINEAR)
    with Image.open(tmp_path / "a.jpg") as opened:
        full = opened.resize((32, 32), Image.Resampling.BILINEAR)
    assert np.array_equal(small, eighth)
    assert not np.array_equal(small, full)


def truncated(path):
    content = jpeg(picture("cat", 0, (200, 200)))
    path.write_bytes(content[: len(content) // 2])


def half_a_png(path):
    picture("cat", 0, (200, 200)).save(path, format="png")
    path.write_bytes(path.read_bytes()[:-3000])


BROKEN = {
    "truncated": (truncated, "truncated"),
    "half a png": (half_a_png, "truncated"),
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (lambda path: path.write_text("no image at all"), "cannot identify"),
    "huge": (huge_png, "too many pixels"),
    "a program": (lambda path: path.write_text("%!PS-Adobe-3.0 EPSF-3.0\nshowpage"), "identify"),
    "floats": (
        lambda path: Image.fromarray(np.ones((4, 4), np.float32)).save(path, format="tiff"),
        "no known range",
    ),
    "nowhere": (lambda path: None, "No such file"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_image_says_why_and_not_where(tmp_path, case):
    write, words = BROKEN[case]
    path = tmp_path / "a.jpg"
    write(path)
    with pytest.raises(BrokenImageError, match=words) as caught:
        decode(path, 8)
    assert str(tmp_path) not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert next(broken([path])) == str(caught.value), "a quick look finds what decoding finds"


def test_an_image_between_pillows_warning_and_its_error_is_refused_too(tmp_path):
    limit = Image.MAX_IMAGE_PIXELS
    assert limit < 20_000**2
    path = huge_png(tmp_path / "a.png", side=10_000)
    assert limit < 10_000**2 < 2 * limit
    with pytest.raises(BrokenImageError, match="too many pixels"):
        decode(path, 8)


def test_batches_are_in_order_whatever_is_decoded_first(tmp_path):
    folder = flat(tmp_path, 19)
    paths = sorted(folder.iterdir())
    found = list(batches(paths, 8, "nearest", 5))
    assert [len(each) for each in found] == [5] * 7 + [3]
    for path, pixels in zip(paths, np.concatenate(found), strict=True):
        assert np.array_equal(pixels, decode(path, 8))


def test_no_more_than_a_few_batches_are_decoded_ahead(tmp_path, monkeypatch):
    paths = sorted(flat(tmp_path, 30).iterdir())
    seen = []
    monkeypatch.setattr(
        decoding, "decode", lambda path, *_: seen.append(path) or np.zeros((8, 8, 3), np.uint8)
    )
    made = batches(paths, 8, "nearest", 2)
    for taken in range(1, 6):
        next(made)
        assert len(seen) <= 2 * (taken + decoding.AHEAD)
    made.close()
    assert len(seen) < len(paths), "what nobody takes is not decoded"
