"""What is trained: the rows of the map, each with the settings of somebody without the map."""

import math
from dataclasses import dataclass, field
from typing import Any

from twinhead.matching import translate


@dataclass(frozen=True)
class Case:
    """One row of the map.

    Attributes:
        softmax: settings of the softmax head, as `matching.translate` takes them, and what else
            training it takes.
        naive: what to change in the mapped settings to get those of somebody without the map.
        antisymmetric: whether the softmax head starts with θ1 = −θ0.
        unmet: starts of which the condition is not true, for conditional rows; Lion's is another
            design, in by_keras.
        attempt: what to change in the softmax's settings for want of a map, for impossible rows.
    """

    name: str
    softmax: dict[str, Any]
    naive: dict[str, Any]
    antisymmetric: bool = False
    unmet: dict[str, Any] = field(default_factory=dict)
    attempt: dict[str, Any] = field(default_factory=dict)

    def mapped(self) -> dict[str, Any]:
        """Return the sigmoid head's settings; the attempt where nothing maps."""
        settings = translate(self.softmax).settings
        return self.softmax | self.attempt if settings is None else settings


def _rate(name: str, optimizer: str, learning_rate: float, **own: Any) -> Case:
    """Return a row in which the learning rate itself is the knob; naive: equal rates."""
    settings = {"optimizer": optimizer, "learning_rate": learning_rate, **own}
    return Case(name, settings, {"learning_rate": learning_rate})


def _knob(name: str, settings: dict[str, Any], wrong: dict[str, Any], **other: Any) -> Case:
    """Return a row in which another setting is the knob; the rate is mapped in the naive too."""
    return Case(name, {"optimizer": "sgd", "learning_rate": 0.1} | settings, wrong, **other)


_NOT_MET = {"antisymmetric": False}
CASES = (
    _rate("SGD", "sgd", 0.1),
    _rate("SGD, momentum", "sgd", 0.05, momentum=0.9),
    _rate("SGD, Nesterov", "sgd", 0.05, momentum=0.9, nesterov=True),
    _rate("Adam", "adam", 0.01),
    _rate("Adam, AMSGrad", "adam", 0.01, amsgrad=True),
    _rate("Nadam", "nadam", 0.01),
    _rate("Adamax", "adamax", 0.01),
    _rate("RMSprop", "rmsprop", 0.01),
    _rate("RMSprop, centered, momentum", "rmsprop", 0.003, momentum=0.9, centered=True),
    _rate("Adagrad", "adagrad", 0.1),
    _rate("Adadelta", "adadelta", 1.0),
    _rate("Ftrl", "ftrl", 0.1),
    _rate("Lion", "lion", 0.003),
    _rate("ScheduleFreeAdamW", "schedulefreeadamw", 0.01),
    _knob(
        "AdamW, its weight decay",
        {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.5},
        {"weight_decay": 0.5},
    ),
    _knob("weight decay with SGD", {"weight_decay": 0.1}, {"weight_decay": 0.1}),
    _knob("L2 with SGD", {"l2": 0.05}, {"l2": 0.05}),
    _knob(
        "L2 with Adam",
        {"optimizer": "adam", "learning_rate": 0.01, "l2": 0.05},
        {"l2": 0.05},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    _knob("L1", {"l1": 0.01}, {"l1": 0.02}, antisymmetric=True, unmet=_NOT_MET),
    _knob(
        "epsilon of Adam",
        {"optimizer": "adam", "learning_rate": 0.05, "epsilon": 0.1},
        {"epsilon": 0.2},
    ),
    _knob("clipvalue", {"clipvalue": 0.02}, {"clipvalue": 0.04}),
    _knob("clipnorm", {"clipnorm": 0.1}, {"clipnorm": 0.1}),
    _knob("global_clipnorm", {"global_clipnorm": 0.1}, {"global_clipnorm": 0.1}),
    _knob("label smoothing", {"label_smoothing": 0.1}, {"label_smoothing": 0.2}),
    _knob("class weights", {"class_weight": 3.0}, {"class_weight": 6.0}),
    _knob("sample weights", {"sample_weight": "by row"}, {"sample_weight": None}),
    _knob("dropout", {"dropout": 0.5}, {"dropout": 0.25}),
    _knob(
        "EMA of the weights",
        {"ema_momentum": 0.9},
        {"ema_momentum": 0.5},
    ),
    _knob(
        "gradient accumulation",
        {"gradient_accumulation_steps": 4},
        {"gradient_accumulation_steps": 8},
    ),
    _rate("schedule with warm-up", "sgd", 0.2, schedule="CosineDecay"),
    _knob("layer under the head", {"trunk_learning_rate": 0.1}, {"trunk_learning_rate": 0.2}),
    _knob("initial weights", {}, {"start": "own"}),
    _knob("initial bias", {}, {"start": "no bias"}),
    _knob(
        "Ftrl, L2",
        {"optimizer": "ftrl", "l2_regularization_strength": 0.5},
        {"l2_regularization_strength": 0.5},
    ),
    _knob(
        "Ftrl, L2 shrinkage",
        {"optimizer": "ftrl", "l2_shrinkage_regularization_strength": 0.05},
        {"l2_shrinkage_regularization_strength": 0.05},
    ),
    _knob(
        "Ftrl, L1",
        {"optimizer": "ftrl", "l1_regularization_strength": 0.1},
        {"l1_regularization_strength": 0.2},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    # The rule of the others would be the naive one here: twice the rate.
    _knob(
        "Lamb",
        {"optimizer": "lamb", "learning_rate": 0.01},
        {"learning_rate": 0.02},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    _knob(
        "Adafactor",
        {"optimizer": "adafactor", "learning_rate": 0.03, "epsilon_2": 1e-3},
        {"learning_rate": 0.06},
        antisymmetric=True,
        unmet=_NOT_MET,
    ),
    _knob(
        "Muon",
        {
            **{"optimizer": "muon", "learning_rate": 0.01, "adam_lr_ratio": 1.0},
            **{"weight_decay": 0.1, "adam_weight_decay": 0.1, "rms_rate": None},
        },
        {"learning_rate": 0.02, "adam_lr_ratio": 1.0},
        unmet={"loss_scale": 1e-7},
    ),
    _knob(
        "global_clipnorm over a layer under the head",
        {"trunk_learning_rate": 0.1, "global_clipnorm": 0.1},
        {},
        # Each of them by itself maps like this.
        attempt={"learning_rate": 0.2, "global_clipnorm": 0.1 * math.sqrt(1 / 2)},
    ),
)

# Trained for long, name -> rate. Adam's steps are as long as its rate whatever the gradient:
# errors of both kinds are shown.
LONG = {"sgd": 0.05, "adam": 0.001}
OPTIMUM_FEATURES = 2  # In all thirty breast cancer is separable, and has no optimum.

# What objectives.py trains, and what is trained wrongly in the control.
OBJECTIVES = {
    "focal loss, γ": "γ twice as large",
    "temperature": "T twice as large",
    "distillation, its temperature": "T twice as large",
    "entropy penalty": "twice the penalty",
    "logit adjustment": "twice the adjustment",
    "mixup": "twice the share",
    "smoothing of one output by s/2": "by s",
    "Keras's focal losses, α in one of them": "α = 0.25 not seen: twice the rate, not half",
    "weight normalisation, v = β": "v at the rate as it is",
    "weight normalisation, v = β/2": "v at twice the rate, not half",
    "LoRA on the head": "the matrix beside the units at the rate as it is",
    "spectral normalisation": "without √2 on the sigmoid's logit",
    "logit scale c, SGD": "twice the rate, not 2/c²",
    "two sigmoids, mean loss": "the rate as it is",
    "logit scale c, Adam's ε": "ε as it is",
    "batch normalisation of the logits": "ε as it is, not four times as large",
}

# Of these, what holds from θ1 = −θ0 only.
FROM_OPPOSITE = (
    "weight normalisation, v = β",
    "weight normalisation, v = β/2",
    "spectral normalisation",
    "batch normalisation of the logits",
)

# PyTorch's name, and its settings.
TORCH_RUNS: dict[str, dict[str, object]] = {
    "SGD": {"lr": 0.3, "momentum": 0.9, "weight_decay": 0.1},
    "ASGD": {"lr": 0.3, "lambd": 0.1, "t0": 5.0},
    "Adam": {"lr": 0.05, "eps": 0.01, "weight_decay": 0.1},
    "AdamW": {"lr": 0.05, "eps": 0.01, "weight_decay": 0.5},
    "Adamax": {"lr": 0.05, "eps": 0.01, "weight_decay": 0.1},
    "NAdam": {"lr": 0.05, "decoupled_weight_decay": True, "weight_decay": 0.5},
    "RAdam": {"lr": 0.05, "weight_decay": 0.1},
    "SparseAdam": {"lr": 0.05, "eps": 0.01},
    "RMSprop": {"lr": 0.05, "eps": 0.01, "weight_decay": 0.1},
    "Adagrad": {"lr": 0.2, "initial_accumulator_value": 0.1, "weight_decay": 0.1},
    "Adadelta": {"lr": 2.0, "eps": 1e-3, "weight_decay": 0.1},
    "Rprop": {"lr": 0.05, "step_sizes": (1e-3, 0.2)},
    "Adafactor": {"lr": 0.1, "weight_decay": 0.1},
    "LBFGS": {"lr": 0.5, "max_iter": 2},
    "Muon": {"lr": 0.02, "weight_decay": 0.5},
}
