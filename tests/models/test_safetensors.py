"""A classifier's head in a safetensors file, swapped as a stream."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhead.errors import InputError
from twinhead.models import tensors, weights

safetensors = pytest.importorskip("safetensors.numpy")

DTYPES = {name: np.dtype(kind) for name, kind in tensors.DTYPES.items()}


def written(path, arrays, metadata=None):
    """Write a file as PyTorch does where it is there, and as NumPy where not."""
    try:
        import torch  # Takes seconds, and may not be there.
        from safetensors.torch import save_file
    except ImportError:
        safetensors.save_file(arrays, path, metadata)
        return path
    raw = {np.dtype(ml_dtypes.bfloat16): (np.int16, torch.bfloat16)}
    save_file(
        {
            name: torch.from_numpy(each.view(raw[each.dtype][0])).view(raw[each.dtype][1])
            if each.dtype in raw
            else torch.from_numpy(each)
            for name, each in arrays.items()
        },
        path,
        metadata,
    )
    return path


def classifier(dtype="F32", d=33, others=True, seed=0):
    generator = np.random.default_rng(seed)
    arrays = {
        "classifier.weight": generator.standard_normal((2, d)).astype(DTYPES[dtype]),
        "classifier.bias": generator.standard_normal(2).astype(DTYPES[dtype]),
    }
    if others:
        arrays["a.ids"] = generator.integers(0, 9, 5)
        arrays["body.weight"] = generator.standard_normal((7, 3)).astype("float32")
        arrays["body.flags"] = generator.integers(0, 2, 3).astype(bool)
        arrays["scale"] = np.array(2.5, "float64")
        arrays["z.half"] = generator.standard_normal(3).astype(ml_dtypes.bfloat16)
    return arrays


HEAD = {"weight": "classifier.weight", "bias": "classifier.bias"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_one_logit_is_the_difference_rounded_once(tmp_path, dtype):
    arrays = classifier(dtype)
    source = written(tmp_path / "in.safetensors", arrays, {"format": "pt"})
    result = weights.convert(source, tmp_path / "out.safetensors", **HEAD)
    found = safetensors.load_file(tmp_path / "out.safetensors")
    wide = np.float64 if DTYPES[dtype].itemsize >= 4 else np.float32
    for name in HEAD.values():
        both = arrays[name].astype(wide)
        np.testing.assert_array_equal(found[name], (both[1:] - both[:1]).astype(DTYPES[dtype]))
        assert found[name].dtype == DTYPES[dtype]
    assert (result.loss > 1e-4) == (dtype in ("F16", "BF16"))


@pytest.mark.parametrize("dtype", DTYPES)
def test_everything_else_is_bit_for_bit_as_it_was(tmp_path, dtype):
    arrays = classifier(dtype)
    source = written(tmp_path / "in.safetensors", arrays, {"format": "pt", "by": "someone"})
    weights.convert(source, tmp_path / "out.safetensors", **HEAD)
    found = safetensors.load_file(tmp_path / "out.safetensors")
    assert found.keys() == arrays.keys()
    for name in arrays.keys() - {*HEAD.values()}:
        assert found[name].dtype == arrays[name].dtype
        assert found[name].tobytes() == arrays[name].tobytes()
        assert found[name].shape == arrays[name].shape
    header = tensors.read_header(tmp_path / "out.safetensors")
    assert header.metadata == {"format": "pt", "by": "someone"}


@settings(max_examples=15, deadline=None)
@given(d=st.integers(1, 40), dtype=st.sampled_from([*DTYPES]), seed=st.integers(0, 99))
def test_every_tensor_begins_where_its_numbers_fit(tmp_path_factory, d, dtype, seed):
    """A head of half the size must not push what comes after it off its place."""
    folder = tmp_path_factory.mktemp("aligned")
    source = written(folder / "in.safetensors", classifier(dtype, d, seed=seed))
    weights.convert(source, folder / "out.safetensors", **HEAD)
    header = tensors.read_header(folder / "out.safetensors")
    assert header.begin % 8 == 0
    for each in header.tensors.values():
        assert each.start % tensors.WIDTHS.get(each.dtype, 1) == 0


def test_there_and_back_gives_the_same_odds(tmp_path):
    arrays = classifier("F64")
    source = written(tmp_path / "in.safetensors", arrays)
    weights.convert(source, tmp_path / "one.safetensors", **HEAD)
    weights.convert(tmp_path / "one.safetensors", tmp_path / "two.safetensors", **HEAD)
    found = safetensors.load_file(tmp_path / "two.safetensors")
    for name in HEAD.values():
        np.testing.assert_allclose(np.diff(found[name], axis=0), np.diff(arrays[name], axis=0))
        np.testing.assert_allclose(found[name].sum(axis=0), 0, atol=1e-15)


def test_no_and_yes_are_taken_out_of_a_language_model(tmp_path):
    arrays = {"lm_head.weight": np.random.default_rng(0).standard_normal((50, 8)).astype("float32")}
    source = written(tmp_path / "in.safetensors", arrays)
    place = {"weight": "lm_head.weight", "rows": (21, 9), "into": "score.weight"}
    weights.convert(source, tmp_path / "out.safetensors", **place)
    found = safetensors.load_file(tmp_path / "out.safetensors")
    np.testing.assert_array_equal(found["lm_head.weight"], arrays["lm_head.weight"])
    no, yes = arrays["lm_head.weight"][[21, 9]].astype("float64")
    np.testing.assert_array_equal(found["score.weight"], (yes - no)[None].astype("float32"))
    weights.convert(source, tmp_path / "other.safetensors", **place, positive=0)
    other = safetensors.load_file(tmp_path / "other.safetensors")["score.weight"]
    np.testing.assert_array_equal(other, -found["score.weight"])


def test_a_logit_kept_in_float32_loses_nothing_to_16_bits(tmp_path):
    source = written(tmp_path / "in.safetensors", classifier("BF16", d=2000, others=False))
    rounded = weights.convert(source, tmp_path / "a.safetensors", **HEAD)
    kept = weights.convert(source, tmp_path / "b.safetensors", **HEAD, dtype="float32")
    assert rounded.ties > 20
    assert kept.ties == 0
    assert rounded.loss > 1e-3
    assert kept.loss == 0
    assert safetensors.load_file(tmp_path / "b.safetensors")[HEAD["weight"]].dtype == np.float32


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a peak of its own: Linux")
def test_a_long_file_needs_little_memory_and_no_tensorflow(tmp_path):
    """300 MB here; the memory is the same for any size."""
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    arrays = classifier(others=False) | {"body": np.ones(75 << 20, "float32")}
    safetensors.save_file(arrays, source)
    del arrays
    script = f"""
import sys
from pathlib import Path
from twinhead.models import weights
weights.convert(Path({str(source)!r}), Path({str(target)!r}), weight="classifier.weight",
                bias="classifier.bias")
assert not {{"tensorflow", "keras"}} & {{*sys.modules}}
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) << 10 < 200 << 20


def header(path, table, data=b""):
    text = json.dumps(table).encode() if not isinstance(table, bytes) else table
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def entry(dtype, shape, start, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


DAMAGED = {
    "empty": (lambda p: p.write_bytes(b""), "cut off"),
    "no such file at all": (lambda p: None, "no such file"),
    "a header longer than the file": (
        lambda p: p.write_bytes(struct.pack("<Q", 999) + b"{}"),
        "its header is cut off",
    ),
    "a header that is no JSON": (lambda p: header(p, b"{no"), "no table of tensors"),
    "a header that is a list": (lambda p: header(p, [1]), "no table of tensors"),
    "cut off": (lambda p: header(p, {"w": entry("F32", [2, 2], 0, 16)}, b"\0" * 9), "cut off"),
    "too long": (lambda p: header(p, {"w": entry("F32", [2, 2], 0, 16)}, b"\0" * 17), "expected"),
    "a hole": (
        lambda p: header(p, {"w": entry("F32", [2, 2], 4, 20)}, b"\0" * 20),
        "begins at 4, expected 0",
    ),
    "bytes that do not fit the shape": (
        lambda p: header(p, {"w": entry("F32", [2, 3], 0, 16)}, b"\0" * 16),
        "has not the bytes of its shape",
    ),
    "not a number": (
        lambda p: header(p, {"w": entry("F32", [2, 1], 0, 8)}, struct.pack("<ff", float("nan"), 1)),
        "NaN or infinity",
    ),
    "quantised": (lambda p: header(p, {"w": entry("I8", [2, 2], 0, 4)}, b"\0" * 4), "quantise"),
    "three rows": (
        lambda p: header(p, {"w": entry("F32", [3, 1], 0, 12)}, b"\0" * 12),
        "expected two rows, one a class; or rows=",
    ),
    "a vector": (
        lambda p: header(p, {"w": entry("F32", [2], 0, 8)}, b"\0" * 8),
        r"expected \(2, d\)",
    ),
    "another name": (
        lambda p: header(p, {"ww": entry("F32", [2, 1], 0, 8)}, b"\0" * 8),
        "did you mean ww",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_one_line_and_nothing_is_written(tmp_path, name):
    make, reason = DAMAGED[name]
    make(tmp_path / "in.safetensors")
    with pytest.raises(InputError, match=reason) as refusal:
        weights.convert(tmp_path / "in.safetensors", tmp_path / "out.safetensors", weight="w")
    assert "\n" not in str(refusal.value)
    assert {path.name for path in tmp_path.iterdir()} <= {"in.safetensors"}


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".pth", ".ckpt"])
def test_no_pickle_is_opened(tmp_path, suffix):
    source = tmp_path / f"model{suffix}"
    source.write_bytes(b"cos\nsystem\n(S'touch opened'\ntR.")
    with pytest.raises(InputError, match="which may run anything when it is opened"):
        weights.convert(source, tmp_path / "out.safetensors", weight="w")
    assert not (tmp_path / "opened").exists()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"weight": None}, "weight: found nothing, .* classifier.weight"),
        ({"weight": "body.weight", "rows": (0, 7)}, "rows: found 7"),
        ({**HEAD, "to": "softmax"}, "it is one already"),
        ({**HEAD, "into": "scale"}, "into: found scale, which is a tensor already"),
        ({"weight": "classifier.weight", "bias": "body.flags"}, "holds BOOL"),
        (
            {"weight": "model.embed.weight", "rows": (0, 1)},
            "it is the embedding too|and has to stay",
        ),
    ],
)
def test_words_that_do_not_fit_the_file_say_so(tmp_path, given, reason):
    source = written(tmp_path / "in.safetensors", classifier())
    with pytest.raises(InputError, match=reason):
        weights.convert(source, tmp_path / "out.safetensors", **given)
