"""What a model's head is, what is wrong with it, the number that shows it, and the mend."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinhead.models import arrays, losses
from twinhead.models.case import KNOW, MEND, Case
from twinhead.models.checks import HEAD_CHECKS
from twinhead.models.lines import laid_out
from twinhead.models.reading import Reading, read, read_all
from twinhead.models.training_checks import TRAINING_CHECKS

CHECKS = (*HEAD_CHECKS, *TRAINING_CHECKS)


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        kind: mend, or know: nothing is wrong, and there is something to know.
        number: what was measured, in words.
    """

    head: str
    name: str
    kind: str
    reason: str
    number: str
    mend: str


@dataclass(frozen=True)
class Diagnosis:
    """A model's heads, described, and what was found.

    Attributes:
        heads: name -> what it is, in one line.
        failed: checks that could not be made, and why.
    """

    heads: dict[str, str]
    findings: tuple[Finding, ...]
    failed: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        return not any(each.kind == MEND for each in self.findings)

    def __str__(self) -> str:
        return laid_out(_lines(self))


def diagnose(model: Any, *, head: str | None = None, inputs: str | Path | None = None) -> Diagnosis:
    """Return what a model's heads are and what is wrong or wasteful about them.

    Every number is measured on the spot, on made-up rows or the file's; the model is left as it is.

    Args:
        model: of Keras, sequential or functional, built.
        head: the name of an output or layer: that one alone.
        inputs: a file of rows, with labels that are checked as well.
    Raises:
        InputError: it is no such model, or has no head.
    """
    readings = read_all(model) if head is None else [read(model, head)]
    rows = arrays.made_up(model) if inputs is None else arrays.read(Path(inputs), model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # What Keras warns of is found here, with its number.
        return _diagnosed(readings, rows)


def _diagnosed(readings: Iterable[Reading], rows: arrays.Rows) -> Diagnosis:
    heads, findings, failed = {}, [], []
    for reading in readings:
        case = Case(reading, rows)
        heads[reading.output] = describe(reading)
        for check in CHECKS:
            try:
                number = check.shown(case)
            except Exception as error:  # A user's own layer or loss may raise anything.
                failed.append(f"{check.name}: {type(error).__name__}: {_line(error)}")
                continue
            if number is not None:
                findings.append(
                    Finding(
                        reading.output, check.name, check.kind, check.reason, number, check.mend
                    )
                )
    return Diagnosis(heads, tuple(findings), tuple(failed))


def _line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]


LABELS = {
    "categorical": "one-hot labels, (n, {units})",
    "categorical focal": "one-hot labels, (n, {units})",
    "sparse": "labels 0 to {last}, (n,) or (n, 1)",
    "binary": "labels 0 or 1, (n, {units})",
    "binary focal": "labels 0 or 1, (n, {units})",
}


def describe(reading: Reading) -> str:
    """Return what a head is, in one line."""
    units = reading.columns
    parts = [
        f"{reading.kind}({int(reading.layer.kernel.shape[-1])}) {reading.layer.name}",
        " and then ".join(reading.activations) or "no activation",
        f"classes on axis {reading.axis}",
        reading.layer.compute_dtype,
    ]
    loss = reading.loss
    if loss is None:
        parts.append("no loss")
    else:
        parts.append(losses.CLASS.get(loss.kind, loss.kind))
        if "from_logits" in loss.options:
            parts.append(f"from_logits={loss.from_logits}")
        if loss.kind in LABELS:
            parts.append(LABELS[loss.kind].format(units=units, last=max(1, units - 1)))
    return ", ".join(parts)


def _lines(diagnosis: Diagnosis) -> Iterable[str]:
    wrong = sum(each.kind == MEND for each in diagnosis.findings)
    yield f"{wrong} thing{'s' * (wrong > 1)} to mend" if wrong else "nothing to mend"
    for head, said in diagnosis.heads.items():
        yield f"{head}: {said}"
        for kind, mark in ((MEND, "✗"), (KNOW, "·")):
            for each in diagnosis.findings:
                if (each.head, each.kind) == (head, kind):
                    yield f"  {mark} {each.name}: {each.number}"
                    yield f"      {each.reason}"
                    yield f"      → {each.mend}"
    yield from (f"  not checked: {reason}" for reason in diagnosis.failed)
