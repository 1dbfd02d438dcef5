"""An optimizer's variables carried over, so that training goes on as if nothing had happened.

By attribute, never by name: two of Adafactor's are both called `kernel`, Nadam's is `variable_1`.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.models.backend import keras
from twinhead.models.heads import EVEN, LINEAR, ROWS, SIZE, SQUARE, WEIGHT, Swap

KEPT: dict[str, dict[str, str]] = {
    "SGD": {"momentums": WEIGHT},
    "Adam": {"_momentums": LINEAR, "_velocities": SQUARE, "_velocity_hats": SQUARE},
    "AdamW": {"_momentums": LINEAR, "_velocities": SQUARE, "_velocity_hats": SQUARE},
    "Nadam": {"_momentums": LINEAR, "_velocities": SQUARE},
    "Lamb": {"_momentums": LINEAR, "_velocities": SQUARE},
    "Adamax": {"_m": LINEAR, "_u": SIZE},
    "RMSprop": {"_velocities": SQUARE, "_momentums": WEIGHT, "_average_gradients": LINEAR},
    "Adagrad": {"_accumulators": SQUARE},
    "Adadelta": {"_accumulated_grads": SQUARE, "_accumulated_delta_vars": SQUARE},
    "Ftrl": {"_accumulators": SQUARE, "_linears": LINEAR},
    "Lion": {"_momentums": LINEAR},
    "ScheduleFreeAdamW": {"_momentums": WEIGHT, "_velocities": SQUARE},
    "Muon": {"momentums": LINEAR, "adam_velocities": SQUARE},
    "Adafactor": {"_r": ROWS, "_c": SQUARE, "_v": SQUARE},
}
ANY = {"_model_variables_moving_average": WEIGHT, "_accumulated_gradients": LINEAR}
# Numbers of an optimizer as a whole.
WHOLE = ("_iterations", "_u_product", "step_counter", "dynamic_scale")


def carry(
    sources: Iterable[tuple[Any, Any]],
    optimizer: Any,
    variables: Iterable[tuple[Any, Any]],
    head: Iterable[tuple[Any, Any]],
    swap: Swap,
) -> None:
    """Set an optimizer's variables to what another's are for the twin of its model.

    Args:
        sources: the new optimizer's parts with the old one's that they come from.
        optimizer: the new one, built.
        variables, head: (old, new) of the model's variables: those that stay, those of the head.
    Raises:
        InputError: a variable of the new optimizer comes from nowhere.
    """
    old_of = {id(new): old for old, new in variables} | {id(new): old for old, new in head}
    in_head = {id(new) for _, new in head}
    carried: set[int] = set()
    for part, source in sources:
        kept = KEPT.get(type(part).__name__, {}) | ANY
        for new in part._trainable_variables:
            old = old_of[id(new)]
            for attribute, kind in kept.items():
                now = _of(part, attribute, new)
                if now is None:
                    continue
                was = _of(source, attribute, old)
                value = keras.ops.convert_to_numpy(was)
                if id(new) in in_head and value.shape:  # A number is only a place held.
                    value = swap.kept(kind, value)
                now.assign(value)
                carried.add(id(now))
        for attribute in WHOLE:
            if hasattr(part, attribute) and hasattr(source, attribute):
                getattr(part, attribute).assign(getattr(source, attribute))
                carried.add(id(getattr(part, attribute)))
        # The rate is a setting, and is translated with them.
        carried.add(id(part._learning_rate))
    lost = [each.path for each in optimizer.variables if id(each) not in carried]
    if lost:
        raise InputError(
            f"optimizer: found variables of {type(optimizer).__name__} that nobody has mapped yet "
            f"({', '.join(lost[:3])}), expected those of Keras 3.15"
        )


def _of(optimizer: Any, attribute: str, variable: Any) -> Any:
    """Return what an optimizer keeps of a variable under this attribute; None if nothing."""
    kept = getattr(optimizer, attribute, None)
    return kept[optimizer._get_variable_index(variable)] if kept else None


def asymmetry(optimizer: Any, head: Iterable[Any]) -> float:
    """Return how large what all units have in common is, as a share of them.

    Weights of float32 that were trained from θ1 = −θ0 leave 1e-6 to 1e-4; any others, about 1.

    Args:
        optimizer: of the softmax head; the variables it keeps count as the weights do.
        head: the head's kernel and bias.
    """
    largest = 0.0
    kept = (
        (KEPT.get(type(optimizer).__name__, {}) | ANY)
        if optimizer.built and optimizer._trainable_variables
        else {}
    )
    for variable in head:
        value = keras.ops.convert_to_numpy(variable)
        largest = max(largest, _share(value.sum(axis=-1), value))
        for attribute, kind in kept.items():
            own = _of(optimizer, attribute, variable)
            if own is not None and own.shape == variable.shape:
                state = keras.ops.convert_to_numpy(own)
                common = np.ptp(state, axis=-1) if kind in EVEN else state.sum(axis=-1)
                largest = max(largest, _share(common, state))
    return largest


def _share(left: np.ndarray, of: np.ndarray) -> float:
    size = float(np.abs(of.astype(np.float64)).max(initial=0.0))
    return float(np.abs(left.astype(np.float64)).max()) / size if size else 0.0
