"""Swap a saved model's head, with its loss, metrics and optimizer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from twinhead.cli.experiment import usage
from twinhead.cli.files import files_and_settings, start_keras
from twinhead.errors import InputError
from twinhead.models import paths, weights
from twinhead.settings import Flag, Text, Values, expected, one_of, whole

WANT = "Use it on a model of your own"
OF_SAFETENSORS = ("weight", "bias", "rows", "into", "dtype")
OF_KERAS = ("head", "anyway", "inputs")
# Such as those of "no" and "yes" in a language model's output matrix.
Pair = Annotated[
    list[int],
    expected(
        "two different rows: [negative,positive]",
        lambda rows: len(rows) == len({*rows}) == 2 and min(rows) >= 0,
    ),
]


class Settings(Values):
    to: Annotated[str, one_of("sigmoid", "softmax", "isometric")] | None
    head: Text | None
    positive: Annotated[int, whole(0, 1)]
    anyway: Flag
    inputs: Text | None
    weight: Text | None
    bias: Text | None
    rows: Pair | None
    into: Text | None
    dtype: Annotated[str, one_of("float32", "float64")] | None


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(usage("command/convert"))
        return 0
    expected_files = ("a model to read", "a new file to write")
    (source, target), settings = files_and_settings("convert", Settings, words, expected_files)
    safetensors = source.suffix == ".safetensors"
    for key in OF_KERAS if safetensors else OF_SAFETENSORS:
        if getattr(settings, key):
            kind = "Keras model" if safetensors else ".safetensors file"
            raise InputError(
                f"{key}: found {getattr(settings, key)}, expected it for a {kind} only"
            )
    return _tensors(source, target, settings) if safetensors else _model(source, target, settings)


def _tensors(source: Path, target: Path, settings: Settings) -> int:
    print(
        weights.convert(
            source,
            target,
            weight=settings.weight,
            bias=settings.bias,
            rows=(settings.rows[0], settings.rows[1]) if settings.rows else None,
            into=settings.into,
            dtype=settings.dtype,
            to=settings.to,
            positive=settings.positive,
        )
    )
    return 0


def _model(source: Path, target: Path, settings: Settings) -> int:
    paths.check_model(source)
    paths.check_new(target, ".keras")
    start_keras()
    # After Keras is set up, and with it in seconds.
    from twinhead.models import converting, files

    conversion = converting.convert(
        files.load(source),
        settings.to,
        head=settings.head,
        positive=settings.positive,
        anyway=settings.anyway,
        inputs=settings.inputs,
    )
    files.save(conversion.model, target)
    print(conversion.verdict)
    print(f"  written: {target}")
    return 0
