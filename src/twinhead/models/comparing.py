"""A model and its twin trained side by side on a user's own rows: does the recipe carry over?"""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.matching import settings_of, translate
from twinhead.models import arrays, losses, optimizers, surgery, verify
from twinhead.models.case import Case
from twinhead.models.converting import Conversion, convert
from twinhead.models.heads import Swap
from twinhead.models.lines import laid_out
from twinhead.models.reading import Reading, read
from twinhead.models.training_checks import labels_that_do_not_fit
from twinhead.training import noise

log = logging.getLogger(__name__)

# Of the way that training moves the log-odds, so much may lie between the two: rounding, which
# grows from step to step, in float32.
ALLOWED = 1e-2


@dataclass(frozen=True)
class Comparison:
    """A model, its twin, and the twin at another rate, epoch 0 before the first step.

    Attributes:
        at: the rate of the control's head, in words: the model's own, or twice of it where the
            twin has the model's.
        losses: of "model", "twin" and "control" over all rows, shape (epochs + 1,).
        gaps: of "twin" and "control" to the model: the largest of the log-odds at every epoch.
        moved: how far the model's log-odds are from where they were, the largest.
    """

    head: str
    swap: Swap
    conversion: Conversion
    at: str
    losses: dict[str, np.ndarray]
    gaps: dict[str, np.ndarray]
    moved: np.ndarray

    @property
    def allowed(self) -> float:
        """The gap that is rounding."""
        return ALLOWED * float(self.moved.max())

    @property
    def verdict(self) -> str:
        """Tell whether the twin stayed with the model: holds, fails or not tested.

        Not tested where training moved nothing, or the control stayed as well.
        """
        largest = {name: float(gap.max()) for name, gap in self.gaps.items()}
        if self.allowed == 0:
            return "not tested"
        if not largest["twin"] <= self.allowed:
            return "fails"
        return "holds" if largest["control"] > self.allowed else "not tested"

    def __str__(self) -> str:
        words = {
            "holds": "stays with the model",
            "fails": "goes elsewhere",
            "not tested": "is not told apart from what is no twin",
        }
        twin, control = self.gaps["twin"].max(), self.gaps["control"].max()
        lines = [
            f"{self.head}: the {self.swap.to} twin {words[self.verdict]}: {twin:.1e} apart in "
            f"log-odds, {self.at} {control:.1e}",
            f"  allowed: {self.allowed:.1e}, {ALLOWED:g} of the {self.moved.max():.1e} that "
            "training moved them",
            f"  epoch  loss      twin's    gap of log-odds  {self.at:>17}",
        ]
        lines += [
            f"  {epoch:5d}  {self.losses['model'][epoch]:.6f}  {self.losses['twin'][epoch]:.6f}  "
            f"{self.gaps['twin'][epoch]:15.1e}  {self.gaps['control'][epoch]:17.1e}"
            for epoch in range(len(self.moved))
        ]
        return laid_out(lines)


def compare(
    model: Any,
    rows: arrays.Rows,
    *,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    head: str | None = None,
    to: str | None = None,
) -> Comparison:
    """Train a model and its twin on the same batches and dropout masks, and return how they fared.

    Beside them the control: the same twin, state and all, whose head learns at the model's rate.

    Args:
        model: compiled, of one output; it is trained.
        rows: with labels as the model's loss takes them.
        batch_size: of the rows; the last batch of an epoch may be smaller.
        head, to: as `convert` takes them.
    Raises:
        InputError: the model has no twin, or labels do not fit its loss.
    """
    reading = read(model, head)
    if reading.several:
        raise InputError(f"{model.name}: found {len(model.outputs)} outputs, expected one")
    if reading.loss is None:
        raise InputError(f"{model.name}: found a model without a loss, expected a compiled one")
    if rows.y is None:
        raise InputError(f"{rows.name}: `y` is missing; expected {arrays.LAYOUT}")
    wrong = labels_that_do_not_fit(Case(reading, rows))
    if wrong:
        raise InputError(f"{rows.name}: found {wrong}")
    # Whatever the verdict on a few steps says: this one is on all of them.
    conversion = convert(model, to, head=head, anyway=True)
    twin = conversion.model
    swap = conversion.verdict.swap
    control, at = _control(reading, twin, swap)
    swapped = losses.Swapped(reading.loss.given)
    if not swap.same_outputs:
        swapped = losses.swap(reading.loss, swap.function)
    trained = {
        "model": (model, rows.y),
        "twin": (twin, losses.relabelled(swapped, rows.y)),
        "control": (control, losses.relabelled(swapped, rows.y)),
    }
    found: dict[str, list[float]] = {name: [] for name in trained}
    odds: dict[str, list[np.ndarray]] = {name: [] for name in trained}
    for epoch in range(epochs + 1):
        order = noise.order(seed, epoch, len(rows))
        for name, (each, y) in trained.items():
            if epoch:
                each.fit(*_given(rows, y, order), batch_size=batch_size, shuffle=False, verbose=0)
            loss = each.evaluate(*_given(rows, y), batch_size=1024, verbose=0, return_dict=True)
            found[name].append(float(loss["loss"]))
            logits = verify.outputs(surgery.logits_of(read(each)), rows, None)
            odds[name].append(verify.log_odds(logits))
        log.info("epoch %d of %d", epoch, epochs, extra={"counted": ("epochs", epoch, epochs)})
    start = odds["model"][0]
    return Comparison(
        head=reading.layer.name,
        swap=swap,
        conversion=conversion,
        at=at,
        losses={name: np.array(values) for name, values in found.items()},
        gaps={
            name: np.array([_apart(*pair) for pair in zip(odds[name], odds["model"], strict=True)])
            for name in ("twin", "control")
        },
        moved=np.array([_apart(now, start) for now in odds["model"]]),
    )


def _control(reading: Reading, twin: Any, swap: Swap) -> tuple[Any, str]:
    """Return a copy of the twin whose head learns at another rate than it should, and which."""
    control = surgery.rebuild(twin, {}).model
    optimizer = optimizers.copied(twin.optimizer)
    optimizers.set_off(optimizer, twin.optimizer, control.trainable_variables)
    control.compile(optimizer, twin.loss, auto_scale_loss=False)
    old, new = (
        optimizers.mover(each.model.optimizer, each.layer.kernel)
        for each in (reading, read(control))
    )
    swapped = translate(settings_of(old), swap.to, swap.source, swap.classes).rules["learning_rate"]
    new.learning_rate = optimizers.rate(old, 2.0 if swapped.factor == 1 else 1.0)
    return control, "at twice the rate" if swapped.factor == 1 else "at equal rates"


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max())


def _given(rows: arrays.Rows, y: np.ndarray, order: Any = slice(None)) -> tuple[Any, Any]:
    """Return inputs and labels in this order, as fit() takes them."""
    x = [each[order] for each in rows.x]
    return x if len(x) > 1 else x[0], y[order]
