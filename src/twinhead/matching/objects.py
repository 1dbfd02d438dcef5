"""The settings of an optimizer object, as `translate` takes them. Imports neither Keras nor torch.

What an object is, its class's module says: a subclass of a user's own may do anything.
"""

from collections.abc import Mapping
from typing import Any

from twinhead.errors import InputError
from twinhead.matching.torch_optimizers import TORCH


def settings_of(optimizer: Any) -> dict[str, Any]:
    """Return the settings of one of Keras's or PyTorch's optimizers.

    A schedule of Keras's is named, and stands for its rate at the step where the optimizer is.
    What a wrapper for loss scaling wraps is meant.

    Raises:
        InputError: it is of another kind, or several in one.
    """
    name, home = type(optimizer).__name__, type(optimizer).__module__
    if home.startswith("torch.optim"):
        return _of_torch(name, optimizer)
    if not home.startswith("keras.") or not hasattr(optimizer, "get_config"):
        raise InputError(
            f"optimizer: found {name}, expected one of Keras's own or PyTorch's, or settings by "
            "their names"
        )
    if name == "LossScaleOptimizer":
        return settings_of(optimizer.inner_optimizer)
    if name == "MultiOptimizer":
        raise InputError(
            "optimizer: found MultiOptimizer, expected one of those that it hands its work to"
        )
    config = optimizer.get_config()
    config.pop("name")
    settings = {"optimizer": name.lower()} | config
    rate = config["learning_rate"]
    if isinstance(rate, Mapping) and hasattr(optimizer._learning_rate, "get_config"):
        settings["schedule"] = type(optimizer._learning_rate).__name__
        settings["learning_rate"] = float(optimizer.learning_rate)
    elif not isinstance(rate, float):
        raise InputError(
            "learning_rate: found a function, expected a number or one of Keras's schedules"
        )
    return settings


def _of_torch(name: str, optimizer: Any) -> dict[str, Any]:
    groups = optimizer.param_groups
    if len(groups) > 1:
        raise InputError(
            f"optimizer: found {len(groups)} groups of parameters, expected the one that has the "
            f'head: {{"optimizer": "torch.{name}"}} and its settings'
        )
    known = TORCH.get(f"torch.{name.lower()}", {})
    own = {key: value for key, value in groups[0].items() if key in known}
    return {"optimizer": f"torch.{name}", **own, "lr": float(own.get("lr", 0.0))}
