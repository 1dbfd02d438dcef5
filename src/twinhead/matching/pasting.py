"""Settings as lines of Python that can be pasted, in Keras's words or in PyTorch's."""

from collections.abc import Mapping
from typing import Any

from twinhead.matching.optimizers import OPTIMIZERS
from twinhead.matching.torch_optimizers import TORCH, TORCH_NAMES

COLUMNS = 80
KERAS_NAMES = {
    name.lower(): name
    for name in (
        *("SGD", "Adam", "AdamW", "Nadam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Lion"),
        *("Ftrl", "ScheduleFreeAdamW", "Lamb", "Adafactor", "Muon"),
    )
}
# What every optimizer of Keras takes beside its own.
_SHARED = (
    *("weight_decay", "clipnorm", "clipvalue", "global_clipnorm"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
    *("loss_scale_factor", "gradient_accumulation_steps"),
)


def code(settings: Mapping[str, Any], trunk: Mapping[str, Any] | None) -> list[str]:
    """Return lines that set the head's training up, and the optimizer of the layers under it."""
    if settings["optimizer"].lower() == "lossscaleoptimizer":
        inner = [f"    {line}" for line in code(settings["inner_optimizer"], None)]
        return ["keras.optimizers.LossScaleOptimizer(", *inner, ")"]
    torch = settings["optimizer"].lower() in TORCH
    made = _optimizer(settings, "head.parameters()" if torch else "")
    if settings.get("C") is not None:
        keys = ("C", "l1_ratio", "penalty")
        made = _call(
            "sklearn.linear_model.LogisticRegression",
            {key: settings[key] for key in keys if settings.get(key) is not None},
        )
    lines = [*made, *(_torch_extras if torch else _keras_extras)(settings)]
    if settings.get("schedule") is not None:
        lines.append(f"# The rate is the peak of {settings['schedule']}.")
    if trunk is not None:
        lines += ["# The layers under the head keep theirs:"]
        lines += _optimizer(trunk, "trunk.parameters()" if torch else "")
    return lines


def _optimizer(settings: Mapping[str, Any], parameters: str) -> list[str]:
    name = settings["optimizer"].lower()
    known = TORCH[name] if name in TORCH else (*OPTIMIZERS[name], *_SHARED)
    given = {
        key: value
        for key, value in settings.items()
        if key in known and value is not None and (key, value) != ("use_ema", False)
    }
    if name in TORCH:
        return _call(f"torch.optim.{TORCH_NAMES[name]}", given, parameters)
    return _call(f"keras.optimizers.{KERAS_NAMES[name]}", given)


def _call(name: str, given: Mapping[str, Any], first: str = "") -> list[str]:
    """Return a call with keywords, a line each where one line is too short."""
    arguments = [*([first] if first else []), *(f"{key}={each!r}" for key, each in given.items())]
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= COLUMNS - 2:
        return [line]
    return [f"{name}(", *(f"    {each}," for each in arguments), ")"]


def _keras_extras(settings: Mapping[str, Any]) -> list[str]:
    """Return what belongs into the layer."""
    lines = []
    pulls = {key: settings[key] for key in ("l1", "l2") if settings.get(key)}
    if pulls:
        lines += _call("kernel_regularizer=keras.regularizers.L1L2", pulls)
    if settings.get("max_norm"):
        lines += _call(
            "kernel_constraint=keras.constraints.MaxNorm", {"max_value": settings["max_norm"]}
        )
    if settings.get("initial_stddev"):
        stddev = {"stddev": settings["initial_stddev"]}
        lines += _call("kernel_initializer=keras.initializers.RandomNormal", stddev)
    return lines


def _torch_extras(settings: Mapping[str, Any]) -> list[str]:
    """Return what a training loop says between `backward` and `step`, or of the loss."""
    clip = "torch.nn.utils.clip_grad"
    said = {
        "l2": "loss = loss + {} * head.weight.square().sum()",
        "l1": "loss = loss + {} * head.weight.abs().sum()",
        "clipvalue": clip + "_value_(head.parameters(), {})",
        "clipnorm": "for each in head.parameters():\n    " + clip + "_norm_(each, {})",
        "global_clipnorm": clip + "_norm_(head.parameters(), {})",
        "initial_stddev": "torch.nn.init.normal_(head.weight, std={})",
    }
    given = [line.format(settings[key]) for key, line in said.items() if settings.get(key)]
    return [line for each in given for line in each.splitlines()]
