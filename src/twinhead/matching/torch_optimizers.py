"""PyTorch's optimizers in their own words: `torch.Adam` and so on. Imports no PyTorch.

Its `weight_decay` is an L2 pull inside the gradient, λ‖w‖²/2, but for those that decouple it.
"""

from dataclasses import replace
from typing import Any

from twinhead.matching.rules import (
    ANTISYMMETRIC,
    GRADIENT_STEP,
    HALF,
    LONG_GRADIENTS,
    OF_GRADIENT,
    OF_SQUARE,
    OPPOSITE,
    SAME,
    SOME_GRADIENT,
    TWICE,
    Setting,
)

# Beside a step that is not linear in the gradient.
_PULL = replace(HALF, conditions=(OPPOSITE,))
DECOUPLED = Setting("Rate times decay is what a weight loses, and stays what it is.", weight=-1)
_ADAM = {"lr": TWICE, "betas": SAME, "eps": OF_GRADIENT}
_HOW = dict.fromkeys(("foreach", "maximize", "capturable", "differentiable", "fused"), SAME)
_STEPS = Setting("Steps have bounds of their own, and are measured in weights.", weight=1)

_OPTIMIZERS: dict[str, dict[str, Setting]] = {
    "SGD": {
        **{"lr": GRADIENT_STEP, "momentum": SAME, "dampening": SAME, "nesterov": SAME},
        "weight_decay": HALF,
    },
    "ASGD": {
        **{"lr": GRADIENT_STEP, "alpha": SAME, "t0": SAME, "weight_decay": HALF},
        "lambd": HALF,  # Rate times this is what a weight loses.
    },
    "Adam": {**_ADAM, "amsgrad": SAME, "weight_decay": _PULL, "decoupled_weight_decay": SAME},
    "AdamW": {**_ADAM, "amsgrad": SAME, "weight_decay": DECOUPLED},
    "Adamax": {**_ADAM, "weight_decay": _PULL},
    "NAdam": {
        **_ADAM,
        **{"momentum_decay": SAME, "weight_decay": _PULL, "decoupled_weight_decay": SAME},
    },
    "RAdam": {**_ADAM, "weight_decay": _PULL, "decoupled_weight_decay": SAME},
    "SparseAdam": _ADAM,
    "RMSprop": {
        **{"lr": TWICE, "alpha": SAME, "momentum": SAME, "centered": SAME},
        **{"eps": OF_GRADIENT, "weight_decay": _PULL},
    },
    "Adagrad": {
        **{"lr": TWICE, "lr_decay": SAME, "initial_accumulator_value": OF_SQUARE},
        **{"eps": OF_GRADIENT, "weight_decay": _PULL},
    },
    "Adadelta": {"lr": GRADIENT_STEP, "rho": SAME, "eps": OF_SQUARE, "weight_decay": _PULL},
    "Rprop": {
        "lr": replace(TWICE, conditions=(SOME_GRADIENT,)),
        **{"etas": SAME, "step_sizes": _STEPS},
    },
    "Adafactor": {
        "lr": Setting(
            "The step is proportional to the root mean square of the weights.",
            conditions=(ANTISYMMETRIC, SOME_GRADIENT),
        ),
        "eps": Setting("Its second is a least size of the weights.", weight=1),
        **{"beta2_decay": SAME, "d": SAME, "weight_decay": SAME},
    },
    "Muon": {
        "lr": Setting(
            "The step has a given length; PyTorch finds its direction in bfloat16.",
            weight=1,
            columns=1,
            conditions=(f"{LONG_GRADIENTS.split(' beside')[0]}, and bfloat16 is enough",),
        ),
        "weight_decay": Setting(DECOUPLED.why, weight=-1, columns=-1),
        **dict.fromkeys(("momentum", "nesterov", "ns_coefficients", "eps", "ns_steps"), SAME),
        "adjust_lr_fn": SAME,
    },
    "LBFGS": dict.fromkeys(
        ("lr", "max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size"), SAME
    )
    | {"line_search_fn": SAME},
}
TORCH = {f"torch.{name.lower()}": {**own, **_HOW} for name, own in _OPTIMIZERS.items()}
TORCH_NAMES = {f"torch.{name.lower()}": name for name in _OPTIMIZERS}

# What PyTorch takes for a setting that is left out, of those that may need a factor.
TORCH_DEFAULTS: dict[str, dict[str, Any]] = {
    "torch.sgd": {"lr": 0.001},
    "torch.asgd": {"lr": 0.01, "lambd": 0.0001},
    "torch.adam": {"lr": 0.001, "eps": 1e-8},
    "torch.radam": {"lr": 0.001, "eps": 1e-8},
    "torch.sparseadam": {"lr": 0.001, "eps": 1e-8},
    "torch.adamw": {"lr": 0.001, "eps": 1e-8, "weight_decay": 0.01},
    "torch.adamax": {"lr": 0.002, "eps": 1e-8},
    "torch.nadam": {"lr": 0.002, "eps": 1e-8},
    "torch.rmsprop": {"lr": 0.01, "eps": 1e-8},
    "torch.adagrad": {"lr": 0.01, "eps": 1e-10, "initial_accumulator_value": 0},
    "torch.adadelta": {"lr": 1.0, "eps": 1e-6},
    "torch.rprop": {"lr": 0.01, "step_sizes": (1e-6, 50)},
    "torch.adafactor": {"lr": 0.01, "eps": (None, 0.001)},
    "torch.muon": {"lr": 0.001, "weight_decay": 0.1},
    "torch.lbfgs": {"lr": 1},
}
