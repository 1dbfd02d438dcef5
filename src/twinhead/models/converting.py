"""A model with one head into the same function with the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from twinhead.errors import InputError
from twinhead.models import arrays, compiled, losses, surgery, verify
from twinhead.models.heads import Swap
from twinhead.models.lines import laid_out
from twinhead.models.reading import Reading, inner, read

# A head -> the one that it becomes if nobody says which.
OTHER = {"softmax": "sigmoid", "sigmoid": "softmax", "isometric": "softmax"}


@dataclass(frozen=True)
class Verdict:
    """What a conversion came to.

    Attributes:
        status: of the optimizer's map: exact or conditional; empty where nothing is trained.
        continuation: some steps of both models; None where it could not be measured, and why is
            in `untested`.
        parameters, size: before and after; size in bytes.
        notes: what the user has to know or do.
    """

    head: str
    swap: Swap
    rows: str
    gaps: tuple[verify.Gap, ...]
    ranking: verify.Ranking | None
    status: str
    conditions: tuple[str, ...]
    continuation: verify.Continuation | None
    untested: str
    parameters: tuple[int, int]
    size: tuple[int, int]
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return all(gap.verdict == "holds" for gap in self.gaps)

    def __str__(self) -> str:
        return laid_out(_lines(self))


class Conversion(NamedTuple):
    """The model with the other head, and how it was found to be the same function."""

    model: Any
    verdict: Verdict


def convert(
    model: Any,
    to: str | None = None,
    *,
    head: str | None = None,
    positive: int = 1,
    anyway: bool = False,
    inputs: str | Path | None = None,
) -> Conversion:
    """Return a model's twin with the other head: the same function, and the same training.

    The model itself is left as it is. What it is compiled with goes along: loss, metrics,
    regularizers, and the optimizer with its variables, translated; so a model converted in the
    middle of its training goes on as if nothing had happened.

    Args:
        model: of Keras, sequential or functional, built.
        to: sigmoid, softmax or isometric; softmax and sigmoid become each other, if left out.
            Where nothing says what a head without an activation is, `to` does. Isometric takes
            more than two classes, and under SGD no setting at all changes: one norm over head and
            trunk stays as well. It gives what softmax gives, so labels and metrics stay.
        head: the name of the output or layer, where a model has several heads.
        positive: the softmax head's column of the class that the sigmoid is of. With 0 the twin
            is not compiled: its labels are 1 − y.
        anyway: convert although training goes on otherwise, as the verdict says by how much.
        inputs: a file of rows to compare the two on; made-up rows if left out.
    Raises:
        InputError: there is no such head, or it has no twin.
    """
    if to is not None and to not in OTHER:
        raise InputError(f"to: found {to}, expected sigmoid, softmax or isometric")
    if positive not in (0, 1):
        raise InputError(f"positive: found {positive}, expected 0 or 1, a column of the softmax")
    reading = read(model, head)
    kind = kind_of(reading, to)
    if (to or OTHER[kind]) == kind:
        raise InputError(f"to: found {to}, which {reading.layer.name} is already")
    swap = Swap(kind, to or OTHER[kind], max(2, reading.columns), positive)
    check_replaceable(reading, swap)
    rows = arrays.made_up(model) if inputs is None else arrays.read(Path(inputs), model)
    rebuilt = surgery.swapped(reading, swap, compiled.restraints(reading.layer, swap))
    notes: tuple[str, ...] = ()
    translation, allowed = None, verify.ROUNDING
    if model.compiled and positive == 1:
        carried = compiled.carry(reading, rebuilt, swap)
        translation, notes = carried.translation, carried.notes
        if translation and translation.conditions and carried.asymmetry > verify.ASYMMETRIC:
            allowed = verify.SMALL
    elif model.compiled:
        notes = ("not compiled: with positive=0 labels are 1 − y from now on",)
    if swap.to == "isometric":
        notes = (*notes, "to load it, say twinhead.Isometric first: the layer is not Keras's own")
    twin = read(rebuilt.model, reading.output if reading.several else None)
    continuation, untested = _continued(reading, twin, rows, allowed)
    before, after = verify.size(model), verify.size(rebuilt.model)
    verdict = Verdict(
        head=reading.output if reading.several else reading.layer.name,
        swap=swap,
        rows=rows.name,
        gaps=tuple(verify.gaps(reading, twin, rows, positive)),
        ranking=verify.ranking(reading, twin, rows, positive),
        status=translation.status if translation else "",
        conditions=translation.conditions if translation else (),
        continuation=continuation,
        untested=untested,
        parameters=(before[0], after[0]),
        size=(before[1], after[1]),
        notes=notes,
    )
    _check(verdict, anyway)
    return Conversion(rebuilt.model, verdict)


def kind_of(reading: Reading, to: str | None) -> str:
    """Return which of the two heads this is.

    Raises:
        InputError: it is neither, or its activation and loss say different things.
    """
    name, loss = reading.layer.name, reading.loss
    columns = f"{reading.columns} column{'s' * (reading.columns > 1)}"
    if reading.columns > 2 and "isometric" not in (to, reading.isometric and "isometric"):
        raise InputError(
            f"{name}: found {columns}, expected the 1 or 2 of two classes; more have an isometric "
            "twin, to=isometric, and no sigmoid"
        )
    own = "sigmoid" if reading.columns == 1 else "softmax"
    head = "isometric" if reading.isometric else own
    fitting = losses.OF_SIGMOID if own == "sigmoid" else losses.OF_SOFTMAX
    found = " and then ".join(reading.activations) or "no activation"
    if reading.activations not in ((), (own,)):
        raise InputError(
            f"{name}: found {columns} with {found}, expected {own} or none; `twinhead diagnose` "
            "says what to do"
        )
    if loss is None:
        if reading.activations or to not in (None, own) or reading.isometric:
            return head
        raise InputError(
            f"{name}: found {columns}, no activation and no loss that says what they are; expected "
            f"to={OTHER[own]} if they are logits of two classes"
        )
    if loss.kind in losses.OF_EITHER and reading.activations:
        return head
    if loss.kind not in fitting:
        known = ", ".join(losses.CLASS[kind] for kind in fitting)
        raise InputError(
            f"{name}: found the loss {losses.CLASS.get(loss.kind, loss.kind)} with {columns} and "
            f"{found}, expected one of {known}"
        )
    if loss.from_logits == bool(reading.activations):
        raise InputError(
            f"{name}: found {found} and from_logits={loss.from_logits}, expected one of the two "
            "to be otherwise; `twinhead diagnose` says which"
        )
    return head


def check_replaceable(reading: Reading, swap: Swap) -> None:
    """Raise an InputError if a head's weights are not its own, or not numbers to be subtracted."""
    layer = reading.layer
    if getattr(layer, "lora_enabled", False) or getattr(layer, "lora_rank", None):
        raise InputError(
            f"{layer.name}: found LoRA weights beside the kernel, expected a kernel alone: merge "
            "them first"
        )
    if getattr(layer, "quantization_mode", None) or "float" not in layer.kernel.dtype:
        raise InputError(
            f"{layer.name}: found a quantised head ({layer.dtype_policy.name}), expected one of "
            "floating-point numbers: convert before you quantise"
        )
    if swap.to == "isometric" and reading.kind != "Dense":
        raise InputError(
            f"{layer.name}: found {reading.kind}, expected Dense: an isometric head is of one layer"
        )
    if reading.axis != -1:
        raise InputError(f"{layer.name}: found channels first, expected channels last")
    for each in reading.after:
        if getattr(each, "axis", -1) not in (-1, len(each.output.shape) - 1):
            raise InputError(f"{each.name}: found axis {each.axis}, expected the last one")
        shape = each.output.shape
        if shape[-1] != reading.columns:
            raise InputError(
                f"{each.name}: found the shape {tuple(shape)} after it, expected the "
                f"{reading.columns} column(s) to stay the last axis"
            )
    owners = [
        each.name
        for each in _leaves(reading.model)
        if each is not layer and any(own is layer.kernel for own in each.variables)
    ]
    if owners:
        raise InputError(
            f"{layer.name}: found its weights tied to those of {owners[0]}, expected weights of "
            "its own"
        )


def _leaves(model: Any) -> Iterable[Any]:
    return (each for each in inner(model) if not list(each._flatten_layers(include_self=False)))


def _continued(
    before: Reading, after: Reading, rows: arrays.Rows, allowed: float
) -> tuple[verify.Continuation | None, str]:
    if not after.model.compiled or before.model.loss is None:
        return None, "the model is not compiled"
    if not before.model.trainable_variables:
        return None, "no layer is trained"
    try:
        return verify.continuation(before, after, rows, allowed), ""
    except Exception as error:  # A user's own loss or layer may want labels that nobody can guess.
        reason = str(error).strip().partition("\n")[0]
        return None, f"made-up labels do not fit ({type(error).__name__}: {reason})"


def _check(verdict: Verdict, anyway: bool) -> None:
    for gap in verdict.gaps:
        if gap.verdict == "fails":
            raise InputError(
                f"{verdict.head}: the models differ by {gap.log_odds:.1e} in log-odds "
                f"({gap.precision}), expected {gap.tolerance:.1e}; nothing was kept"
            )
    steps = verdict.continuation
    if steps is not None and not steps.as_before and not anyway:
        condition = "; ".join(verdict.conditions) or "the map says exact"
        raise InputError(
            f"{verdict.head}: after {verify.STEPS} steps the models are {steps.gap:.1e} apart in "
            f"probability, of {steps.moved:.1e} that they moved; expected {steps.allowed:g} of it. "
            f"The condition: {condition}. anyway=true converts all the same"
        )


def _lines(verdict: Verdict) -> Iterable[str]:
    """Yield a verdict's lines, the answer first."""
    largest = max(verdict.gaps, key=lambda gap: gap.log_odds / (gap.tolerance or 1))
    same = "the same function" if verdict.holds else "told apart by nothing"
    heads = f"{verdict.swap.source} to {verdict.swap.to}"
    yield f"{verdict.head}: {heads}, {same} ({largest.log_odds:.0e} apart)"
    if not verdict.swap.same_outputs:
        yield f"  positive class: column {verdict.swap.positive} of {verdict.swap.classes}"
    yield f"  gap over {verdict.rows}, and with the columns swapped (must be large)"
    for gap in verdict.gaps:
        yield (
            f"    {gap.precision:9} log-odds {gap.log_odds:.1e}, "
            f"probability {gap.probability:.1e}, swapped {gap.control:.1e}: {gap.verdict}"
        )
    if verdict.ranking is not None:
        rank = verdict.ranking
        yield (
            f"  order of {rank.rows} rows in {rank.precision}: ties {rank.ties[0]} before, "
            f"{rank.ties[1]} after; turned round {rank.changed[0]} before, {rank.changed[1]} after"
        )
        if verdict.swap.to == "sigmoid" and rank.ties[1] > rank.ties[0]:
            yield "  one logit has less to tell rows apart than two: a head of float32 keeps it"
    if verdict.continuation is not None:
        steps = verdict.continuation
        goes = "goes on as before" if steps.as_before else "goes on OTHERWISE"
        yield (
            f"  training {goes}: {steps.gap:.0e} apart after {verify.STEPS} steps that moved "
            f"probabilities by {steps.moved:.0e}; the map: {verdict.status or 'nothing to map'}"
        )
    elif verdict.untested:
        yield f"  training: not tested, {verdict.untested}"
    yield (
        f"  parameters {verdict.parameters[0]:,} before, {verdict.parameters[1]:,} after; "
        f"bytes {verdict.size[0]:,} and {verdict.size[1]:,}"
    )
    yield from (f"  {note}" for note in verdict.notes)
