"""Keras's optimizers: what each of their settings is measured in, and what it is if left out."""

from dataclasses import replace
from typing import Any

from twinhead.matching.rules import (
    ANTISYMMETRIC,
    GRADIENT_STEP,
    HALF,
    LONG_GRADIENTS,
    NOT_ZERO,
    OF_GRADIENT,
    OF_SQUARE,
    PULL_ONE,
    SAME,
    SOME_GRADIENT,
    TWICE,
    Setting,
)

_ADAM = {"learning_rate": TWICE, "beta_1": SAME, "beta_2": SAME, "epsilon": OF_GRADIENT}
_TRUST = Setting(
    "The step is proportional to the length of the weights: β is √2 times as long as [−β/2, β/2], "
    "and its update √2 times as short.",
    conditions=(ANTISYMMETRIC, NOT_ZERO),
)
_SIZE = Setting(
    "The step is proportional to the root mean square of the weights, which is twice as large for "
    "β as for [−β/2, β/2].",
    conditions=(ANTISYMMETRIC, SOME_GRADIENT),
)
_MUON = Setting(
    "The step has a given length whatever the gradient's is, over both columns.",
    weight=1,
    columns=1,
    conditions=(LONG_GRADIENTS,),
)
_MUON_DECAY = Setting(
    "Rate times decay is what a weight loses, and stays what it is.", weight=-1, columns=-1
)

# Optimizer -> its settings. What is not in here maps as ANYWHERE says.
OPTIMIZERS: dict[str, dict[str, Setting]] = {
    "sgd": {"learning_rate": GRADIENT_STEP, "momentum": SAME, "nesterov": SAME},
    "adam": {**_ADAM, "amsgrad": SAME},
    "adamw": {**_ADAM, "amsgrad": SAME},
    "nadam": _ADAM,
    "adamax": _ADAM,
    "rmsprop": {
        **{"learning_rate": TWICE, "rho": SAME, "momentum": SAME},
        **{"epsilon": OF_SQUARE, "centered": SAME},
    },
    "adagrad": {
        **{"learning_rate": TWICE, "initial_accumulator_value": OF_SQUARE},
        "epsilon": OF_SQUARE,
    },
    # A step is a weight's change over a gradient, times a gradient: its epsilon stands in both.
    "adadelta": {"learning_rate": GRADIENT_STEP, "rho": SAME, "epsilon": OF_SQUARE},
    "lion": {
        "learning_rate": replace(TWICE, conditions=(SOME_GRADIENT,)),
        **{"beta_1": SAME, "beta_2": SAME},
    },
    "ftrl": {
        "learning_rate": TWICE,
        "learning_rate_power": SAME,
        "initial_accumulator_value": OF_SQUARE,
        "beta": OF_GRADIENT,
        # It pulls at the bias too.
        "l1_regularization_strength": replace(PULL_ONE, conditions=(ANTISYMMETRIC,)),
        "l2_regularization_strength": HALF,
        "l2_shrinkage_regularization_strength": HALF,
    },
    "schedulefreeadamw": {**_ADAM, "warmup_steps": SAME},
    "lamb": {**_ADAM, "learning_rate": _TRUST},
    "adafactor": {
        "learning_rate": _SIZE,
        "beta_2_decay": SAME,
        "epsilon_1": OF_SQUARE,
        "epsilon_2": Setting("It is a least size of the weights, and β is twice as large.", 1),
        "clip_threshold": SAME,
        "relative_step": SAME,
    },
    "muon": {
        "learning_rate": _MUON,
        "adam_lr_ratio": Setting(
            "The bias learns by Adam, at 2 times the rate; √2 is in the rate already.", columns=-1
        ),
        "weight_decay": _MUON_DECAY,
        "adam_weight_decay": _MUON_DECAY,
        "epsilon": OF_GRADIENT,
        **dict.fromkeys(("adam_beta_1", "adam_beta_2", "momentum", "ns_steps"), SAME),
        **dict.fromkeys(("nesterov", "rms_rate", "muon_a", "muon_b", "muon_c"), SAME),
        **dict.fromkeys(("exclude_layers", "exclude_embeddings"), SAME),
    },
}

# What Keras takes for a setting that is left out, of those that may need a factor or a condition.
_RATE = {"learning_rate": 0.001}
DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"learning_rate": 0.01},
    **dict.fromkeys(("adam", "nadam", "adamax", "lamb", "rmsprop"), _RATE | {"epsilon": 1e-7}),
    "adamw": _RATE | {"epsilon": 1e-7, "weight_decay": 0.004},
    "adagrad": _RATE | {"epsilon": 1e-7, "initial_accumulator_value": 0.1},
    "adadelta": _RATE | {"epsilon": 1e-7},
    "lion": _RATE,
    "ftrl": _RATE | {"initial_accumulator_value": 0.1, "learning_rate_power": -0.5},
    "schedulefreeadamw": {"learning_rate": 0.0025, "epsilon": 1e-8},
    "adafactor": _RATE | {"epsilon_1": 1e-30, "epsilon_2": 0.001},
    "muon": {
        **_RATE,
        **{"epsilon": 1e-7, "adam_lr_ratio": 1, "rms_rate": 0.2},
        **{"weight_decay": 0.004, "adam_weight_decay": 0.004},
    },
}

# These hand their work to other optimizers, and map as those do.
WRAPPERS = ("lossscaleoptimizer", "multioptimizer")

# Keras's, by name and in any case.
SCHEDULES = (
    *("CosineDecay", "CosineDecayRestarts", "ExponentialDecay"),
    *("InverseTimeDecay", "PiecewiseConstantDecay", "PolynomialDecay"),
)
