"""What a model is compiled with, carried over to its twin: loss, metrics, optimizer, state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinhead.errors import InputError
from twinhead.matching import Translation, translate
from twinhead.models import losses, metrics, optimizers, state
from twinhead.models.backend import keras
from twinhead.models.heads import Swap
from twinhead.models.reading import Reading, at, output_names
from twinhead.models.surgery import Rebuilt

KINDS = ("l1", "l2")


@dataclass(frozen=True)
class Carried:
    """What became of a compiled model's state.

    Attributes:
        translation: how the optimizer's settings came about; None if the head is not trained.
        asymmetry: how far a softmax head is from θ1 = −θ0, its optimizer's variables included, as
            a share of them: what a condition of the map mostly asks for.
        notes: what the user has to know or do.
    """

    translation: Translation | None
    asymmetry: float
    notes: tuple[str, ...]


# A constraint's attribute -> the map's setting.
NORMS = {
    keras.constraints.MaxNorm: {"max_value": "max_norm"},
    keras.constraints.MinMaxNorm: {
        "min_value": "min_norm",
        "max_value": "max_norm",
        "rate": "constraint_rate",
    },
}


def penalties(layer: Any) -> dict[str, float]:
    """Return how strongly l1 and l2 pull at a head's kernel, and to which norms it is held.

    Raises:
        InputError: the head has a penalty or a constraint that no map knows.
    """
    for name in ("bias_constraint", "activity_regularizer"):
        if getattr(layer, name, None) is not None:
            found = type(getattr(layer, name)).__name__
            raise InputError(f"{layer.name}: found {name}={found}, expected none on the head")
    for name in ("kernel_regularizer", "bias_regularizer"):
        found = getattr(layer, name)
        known = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)
        if found is not None and type(found) not in known:
            raise InputError(
                f"{layer.name}: found {name}={type(found).__name__}, expected L1, L2 or L1L2"
            )
    given = [layer.kernel_regularizer, layer.bias_regularizer]
    strongest = {
        kind: max(float(getattr(each, kind, 0.0) or 0.0) for each in given) for kind in KINDS
    }
    return {kind: value for kind, value in strongest.items() if value} | _norms(layer)


def _norms(layer: Any) -> dict[str, float]:
    found = layer.kernel_constraint
    if found is None:
        return {}
    if type(found) not in NORMS:
        raise InputError(
            f"{layer.name}: found kernel_constraint={type(found).__name__}, "
            "expected MaxNorm, MinMaxNorm or none on the head"
        )
    axes = [found.axis] if isinstance(found.axis, int) else list(found.axis)
    if axes != list(range(layer.kernel.ndim - 1)):
        raise InputError(
            f"{layer.name}: found kernel_constraint with axis={found.axis}, expected "
            f"{list(range(layer.kernel.ndim - 1))}: a norm for each unit"
        )
    return {key: float(getattr(found, name)) for name, key in NORMS[type(found)].items()}


def restraints(layer: Any, swap: Swap) -> dict[str, Any]:
    """Return the other head's regularizers and constraint: half the pull, norms as of its β."""
    own = penalties(layer)
    if not own:
        return {}
    found = translate({"optimizer": "sgd", **own}, swap.to, swap.source, swap.classes)
    if found.settings is None:
        raise InputError(f"{layer.name}: {'; '.join(found.conditions)}")
    mapped = found.settings
    made = {}
    for name in ("kernel_regularizer", "bias_regularizer"):
        found = getattr(layer, name)
        if found is not None:
            strengths = {
                kind: float(getattr(found, kind)) * mapped[kind] / own[kind]
                for kind in KINDS
                if getattr(found, kind, 0.0)
            }
            made[name] = keras.regularizers.L1L2(**strengths)
    held = layer.kernel_constraint
    if held is not None:
        norms = {name: mapped[key] for name, key in NORMS[type(held)].items()}
        made["kernel_constraint"] = type(held)(**norms, axis=held.axis)
    return made


def carry(reading: Reading, rebuilt: Rebuilt, swap: Swap) -> Carried:
    """Compile a model's twin as the model is compiled, its optimizer in the state it is in.

    Raises:
        InputError: a part of it has no counterpart; nothing is left half done.
    """
    model, twin = reading.model, rebuilt.model
    if type(model).compile is not keras.Model.compile:
        raise InputError(f"{model.name}: found a compile() of its own, expected Keras's")
    try:
        config = keras.saving.deserialize_keras_object(model.get_compile_config())
    except (TypeError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InputError(
            f"{model.name}: what it was compiled with cannot be read back ({reason}); register "
            "your own with keras.saving.register_keras_serializable"
        ) from error
    notes: list[str] = []
    loss, factor, one_hot = model.loss, 1.0, True
    if reading.loss is not None and not swap.same_outputs:
        swapped = losses.swap(reading.loss, swap.function)
        loss, factor = _put(reading, model.loss, swapped.loss), swapped.factor
        notes += [swapped.labels] if swapped.labels else []
        one_hot = (
            swapped.labels == losses.ONE_HOT
            if swap.function == "softmax"
            else reading.loss.kind != "sparse"
        )
    place = metrics.Place(logits=not reading.activations, one_hot=one_hot)
    for name in ("metrics", "weighted_metrics"):
        if not swap.same_outputs:
            config[name], said = _swapped_metrics(reading, config[name], swap.function, place)
            notes += said
    made = _optimizer(reading, rebuilt, swap)
    twin.compile(
        **{key: config[key] for key in ("run_eagerly", "steps_per_execution", "jit_compile")},
        **{key: config[key] for key in ("metrics", "weighted_metrics")},
        optimizer=made.optimizer,
        loss=loss,
        loss_weights=_weighted(reading, config.get("loss_weights"), factor),
        auto_scale_loss=False,  # A wrapper is carried over as it is, or as it is not.
    )
    if optimizers.has_state(model.optimizer):
        _carry_state(reading, rebuilt, made, swap)
    elif model.optimizer.built:
        notes.append("the optimizer had no state to carry over: Keras leaves it out of .h5 files")
    if made.split:
        notes.append(
            "head and trunk have a rate each now (MultiOptimizer): both heads hand the trunk the "
            "same gradients"
        )
    asymmetry = 0.0
    if swap.source == "softmax" and made.of_head is not None:
        asymmetry = state.asymmetry(made.of_head, reading.layer.trainable_variables)
    return Carried(made.translation, asymmetry, tuple(notes))


def head_variables(reading: Reading, rebuilt: Rebuilt) -> list[tuple[Any, Any]]:
    """Return (old, new) of the head's kernel and bias."""
    (new,) = (now for before, now in rebuilt.layers if before is reading.layer)
    return list(zip(reading.layer.variables, new.variables, strict=True))


def _optimizer(reading: Reading, rebuilt: Rebuilt, swap: Swap) -> optimizers.Twin:
    model, twin = reading.model, rebuilt.model
    own = {id(old) for old, _ in head_variables(reading, rebuilt)}
    head = [each for each in model.trainable_variables if id(each) in own]
    others = [each for each in model.trainable_variables if id(each) not in own]
    new = {id(now) for _, now in head_variables(reading, rebuilt)}
    paths = (
        [each.path for each in twin.trainable_variables if id(each) in new],
        [each.path for each in twin.trainable_variables if id(each) not in new],
    )
    if (len(paths[0]), len(paths[1])) != (len(head), len(others)):
        raise InputError(f"{model.name}: other layers are trained in the model built anew")
    pull = penalties(reading.layer) if head else {}
    return optimizers.twin(model.optimizer, head, others, paths, swap, pull)


def _carry_state(reading: Reading, rebuilt: Rebuilt, made: optimizers.Twin, swap: Swap) -> None:
    model, twin = reading.model, rebuilt.model
    _check_trained_as_compiled(model)
    head = head_variables(reading, rebuilt)
    twin.optimizer.build(twin.trainable_variables)
    excluded = {id(source): source for _, source in made.sources}
    if any(getattr(each, "_exclude_from_weight_decay", None) for each in excluded.values()) or any(
        getattr(each, "_exclude_from_weight_decay_pattern", None) for each in excluded.values()
    ):
        raise InputError(
            "optimizer: found variables excluded from weight decay, which Keras keeps in no "
            "configuration; expected none"
        )
    state.carry(made.sources, twin.optimizer, rebuilt.variables(), head, swap)


def _check_trained_as_compiled(model: Any) -> None:
    built = {id(each) for each in model.optimizer._trainable_variables}
    now = {id(each) for each in model.trainable_variables}
    if built != now:
        raise InputError(
            f"{model.name}: the optimizer was built for {len(built)} variables, and {len(now)} are "
            "trained now; expected the same ones: compile it again"
        )


def _put(reading: Reading, given: Any, new: Any) -> Any:
    """Return one of compile()'s arguments with what it says of this output replaced."""
    names = output_names(reading.model)
    if len(names) == 1:
        return new
    if isinstance(given, Mapping):
        return {**given, names[reading.position]: new}
    several = list(given) if isinstance(given, list | tuple) else [given] * len(names)
    several[reading.position] = new
    return several


def _weighted(reading: Reading, weights: Any, factor: float) -> Any:
    if factor == 1:
        return weights
    own = at(reading.model, reading.position, weights)
    base = weights
    if weights is None and reading.several:
        base = [1.0] * len(output_names(reading.model))
        if isinstance(reading.model.loss, Mapping):
            base = dict.fromkeys(reading.model.loss, 1.0)
    return _put(reading, base, factor * (1.0 if own is None else own))


def _swapped_metrics(
    reading: Reading, given: Any, to: str, place: metrics.Place
) -> tuple[Any, list[str]]:
    if not given:
        return given, []
    own = at(reading.model, reading.position, given) if reading.several else given
    kept, notes = [], []
    for each in keras.tree.flatten(own):
        if each is None:
            continue
        new, reason = metrics.swap(each, to, place)
        name = each if isinstance(each, str) else getattr(each, "name", str(each))
        if new is not None:
            kept.append(new)
        if reason:
            notes.append(f"metric {name}{' is left out' if new is None else ''}: {reason}")
    return _put(reading, given, kept), notes
