"""A model's optimizer: its settings in the words of the map, and itself with other settings."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinhead.errors import InputError
from twinhead.matching import Translation, settings_of, translate
from twinhead.models.backend import keras
from twinhead.models.heads import Swap

optimizers = keras.optimizers
# Keras's schedules, and which of their settings are rates: all are linear in these.
SCHEDULES = {
    "ExponentialDecay": ("initial_learning_rate",),
    "InverseTimeDecay": ("initial_learning_rate",),
    "PiecewiseConstantDecay": ("values",),
    "PolynomialDecay": ("initial_learning_rate", "end_learning_rate"),
    "CosineDecay": ("initial_learning_rate", "warmup_target"),
    "CosineDecayRestarts": ("initial_learning_rate",),
}


def translated(
    optimizer: Any, swap: Swap, penalties: Mapping[str, float], wide: bool
) -> tuple[Any, Translation]:
    """Return the other head's optimizer, unbuilt, and how its settings came about.

    Args:
        penalties: l1 and l2 of the head's own regularizers.
        wide: the head is of float64. Keras casts a Python float through float32, where a half
            of it stays a half and a factor of √2 loses half its digits; it leaves NumPy's alone.
    Raises:
        InputError: nothing makes the other head the same, or the map does not know a setting.
    """
    settings = settings_of(optimizer)
    translation = translate({**settings, **penalties}, swap.to, swap.source, swap.classes)
    if translation.settings is None:
        raise InputError(
            f"optimizer: no settings of {type(optimizer).__name__} make the {swap.to} head the "
            f"same: {'; '.join(translation.conditions)}. Instead: {translation.instead}"
        )
    config = dict(optimizer.get_config())
    for key, value in settings.items():
        new = translation.settings.get(key, value)
        if key in config and key != "learning_rate" and new != value:
            halved = math.frexp(new / value)[0] == 0.5 if value else True
            config[key] = new if halved or not wide else np.float64(new)
    factor = translation.rules["learning_rate"].factor
    config["learning_rate"] = rate(optimizer, factor)
    return type(optimizer).from_config(config), translation


def rate(optimizer: Any, factor: float) -> Any:
    """Return a multiple of an optimizer's rate: a number, or a schedule as it has one."""
    given = optimizer.get_config()["learning_rate"]
    if isinstance(given, float):
        return given * factor
    schedule = optimizer._learning_rate
    keys = SCHEDULES.get(type(schedule).__name__)
    if keys is None or getattr(optimizers.schedules, type(schedule).__name__) is not type(schedule):
        raise InputError(
            f"learning_rate: found {type(schedule).__name__}, a schedule of your own, expected a "
            f"number or one of {', '.join(SCHEDULES)}"
        )
    config = schedule.get_config()
    for key in keys:
        value = config.get(key)
        if isinstance(value, list | tuple):
            config[key] = [each * factor for each in value]
        elif value is not None:
            config[key] = value * factor
    return type(schedule).from_config(config)


def has_state(optimizer: Any) -> bool:
    """Tell whether an optimizer keeps anything of weights.

    One that came from an .h5 file with a model is built, and knows of no weight.
    """
    return bool(optimizer.built and optimizer._trainable_variables)


def copied(optimizer: Any) -> Any:
    """Return an optimizer of the same settings, unbuilt."""
    return type(optimizer).from_config(optimizer.get_config())


def set_off(optimizer: Any, like: Any, trained: Any) -> None:
    """Build an optimizer for a model's trained variables, in the state that another one is in."""
    if has_state(like):
        optimizer.build(trained)
        for new, old in zip(optimizer.variables, like.variables, strict=True):
            new.assign(old)


def mover(optimizer: Any, variable: Any) -> Any:
    """Return what moves a variable, out of an optimizer's wrappers."""
    if isinstance(optimizer, optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    if isinstance(optimizer, optimizers.MultiOptimizer):
        optimizer = optimizer._optimizer_map(variable)
    return optimizer


@dataclass(frozen=True)
class Twin:
    """The other model's optimizer.

    Attributes:
        optimizer: built on no variable yet.
        sources: its parts, each with the optimizer of the old model that its state comes from.
        of_head: the old model's that trains the head; None where the head is not trained.
        translation: how its settings came about.
        split: the head has an optimizer of its own beside the other layers'.
    """

    optimizer: Any
    sources: tuple[tuple[Any, Any], ...]
    of_head: Any
    translation: Translation | None
    split: bool


def twin(
    optimizer: Any,
    head: Sequence[Any],
    others: Sequence[Any],
    paths: tuple[Sequence[str], Sequence[str]],
    swap: Swap,
    penalties: Mapping[str, float],
) -> Twin:
    """Return the optimizer for the model with the other head.

    Layers under the head are given the same gradients by both heads, and keep their settings.

    Args:
        head, others: the trained variables of the old model: the head's, and all the rest.
        paths: where the same ones lie in the new model.
    """
    if isinstance(optimizer, optimizers.LossScaleOptimizer):
        inside = twin(optimizer.inner_optimizer, head, others, paths, swap, penalties)
        wrapped = optimizers.LossScaleOptimizer(
            inside.optimizer, optimizer.initial_scale, optimizer.dynamic_growth_steps
        )
        return replace(inside, optimizer=wrapped, sources=(*inside.sources, (wrapped, optimizer)))
    if isinstance(optimizer, optimizers.MultiOptimizer):
        return _twin_of_several(optimizer, head, others, paths, swap, penalties)
    if not head:
        own = copied(optimizer)
        return Twin(own, ((own, optimizer),), None, None, False)
    own, translation = translated(optimizer, swap, penalties, head[0].dtype == "float64")
    if not others or _alike(own, optimizer):
        return Twin(own, ((own, optimizer),), optimizer, translation, False)
    _check_norm(optimizer)
    rest = copied(optimizer)
    both = optimizers.MultiOptimizer(
        optimizers.OptimizerMap(rest, {pattern(*paths): own}),
        loss_scale_factor=optimizer.loss_scale_factor,
    )
    sources = ((own, optimizer), (rest, optimizer), (both, optimizer))
    return Twin(both, sources, optimizer, translation, True)


def _twin_of_several(
    optimizer: Any,
    head: Sequence[Any],
    others: Sequence[Any],
    paths: tuple[Sequence[str], Sequence[str]],
    swap: Swap,
    penalties: Mapping[str, float],
) -> Twin:
    """Return a MultiOptimizer's twin: the optimizer of the head is translated, the others kept."""
    old_map = optimizer._optimizer_map
    if not isinstance(old_map, optimizers.OptimizerMap):
        raise InputError(
            "optimizer: found a MultiOptimizer of a function, expected one of an OptimizerMap"
        )
    owners = {id(each): each for each in map(old_map, head)}
    if len(owners) > 1:
        raise InputError("optimizer: found kernel and bias of the head in two, expected in one")
    of_head = next(iter(owners.values()), None)
    own, translation = None, None
    if of_head is not None:
        own, translation = translated(of_head, swap, penalties, head[0].dtype == "float64")
    default, entries, sources = copied(old_map.default_optimizer), {}, []
    for key, each in old_map._optimizer_map.items():
        if each is of_head and any(old_map(variable) is each for variable in others):
            raise InputError(
                f"optimizer: found the pattern {key} for the head and other layers, expected one "
                "for the head alone"
            )
        entries[key] = own if each is of_head else copied(each)
        sources.append((entries[key], each))
    if of_head is old_map.default_optimizer:
        if any(old_map(variable) is of_head for variable in others):
            _check_norm(of_head)
        entries[pattern(*paths)] = own
        sources.append((own, of_head))
    sources.append((default, old_map.default_optimizer))
    both = optimizers.MultiOptimizer(
        optimizers.OptimizerMap(default, entries), loss_scale_factor=optimizer.loss_scale_factor
    )
    return Twin(both, (*sources, (both, optimizer)), of_head, translation, True)


def _check_norm(optimizer: Any) -> None:
    """Raise an InputError for one norm over a head and a trunk that get optimizers of their own."""
    if optimizer.global_clipnorm:
        raise InputError(
            "global_clipnorm: found one norm over head and trunk, expected none: the softmax "
            "head's part of it is √2 times as long, the trunk's is not. Clip by clipnorm, or "
            "freeze the trunk; under SGD to=isometric is the same with this norm"
        )


def _alike(one: Any, other: Any) -> bool:
    first, second = one.get_config(), other.get_config()
    return all(first[key] == second[key] for key in first if key != "name")


def pattern(head: Sequence[str], others: Sequence[str]) -> str:
    """Return a regular expression for the paths of the head's variables, and of no others.

    A model's own name is in its paths until it is saved, and gone when it is loaded: the pattern
    begins as late as it can.
    """
    parts = head[0].split("/")[:-1]
    names = "|".join(sorted({re.escape(path.rpartition("/")[2]) for path in head}))
    for start in range(len(parts) - 1, -1, -1):
        found = f"(?:.*/)?{re.escape('/'.join(parts[start:]))}/(?:{names})"
        matches = [path for path in (*head, *others) if re.fullmatch(found, path)]
        if len(matches) == len(head):
            return found
    raise InputError(
        f"{'/'.join(parts)}: found other variables under this path, expected the head's"
    )
