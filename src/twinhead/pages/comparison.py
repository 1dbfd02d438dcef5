"""The two pictures of a model and its twin: their losses, and how far their log-odds are apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import (
    EDGE,
    FLOOR,
    ISOMETRIC,
    QUIET,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    epoch_axis,
    finding,
    gap_axis,
    label_ends,
    line,
)
from twinhead.pages.typeset import short

HEADS = {"softmax": SOFTMAX, "sigmoid": SIGMOID, "isometric": ISOMETRIC}


def loss_curves(losses: Mapping[str, np.ndarray], head: str, twin: str, at: str) -> Figure:
    """Draw the losses of a model, of its twin, and of the control.

    Args:
        losses: of "model", "twin" and "control", epoch 0 first.
        head, twin: which heads the first two have.
        at: which rate the control has, in words.
    """
    looks: dict[str, tuple[str, str, dict[str, Any]]] = {
        "model": (HEADS[head][0], f"model, {head}", {"linewidth": 6, "alpha": 0.45}),
        "twin": (HEADS[twin][0], f"twin, {twin}", {"linewidth": 1.8}),
        "control": (QUIET, at.removeprefix("at "), {"linestyle": ":"}),
    }
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.subplots()
        for name, (colour, label, look) in looks.items():
            line(axes, losses[name], colour, label=label, **look)
        label_ends(axes, [(losses[name][-1], label, c) for name, (c, label, _) in looks.items()])
        axes.set_ylabel("loss over all rows")
        epoch_axis(axes)
        apart, control = (abs(losses[n][-1] - losses["model"][-1]) for n in ("twin", "control"))
        finding(
            figure,
            f"The losses of model and twin end {short(apart)} apart, {at} {short(control)}",
        )
    return figure


def loss_gap(gaps: Mapping[str, np.ndarray], allowed: float, twin: str, at: str) -> Figure:
    """Draw how far the log-odds are apart, on a log scale.

    Args:
        gaps: of "twin" and "control" to the model, the largest over all rows, epoch 0 first.
        allowed: what counts as rounding.
    """
    looks: dict[str, tuple[str, str, dict[str, Any]]] = {
        "twin": (HEADS[twin][0], "twin", {"linewidth": 2.6}),
        "control": (QUIET, at.removeprefix("at "), {"linestyle": ":"}),
    }
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
        axes = figure.subplots()
        for name, (colour, label, look) in looks.items():
            line(axes, np.maximum(gaps[name], FLOOR), colour, label=label, **look)
        gap_axis(axes, float(max(gaps[name].max() for name in looks)))
        axes.axhline(max(allowed, FLOOR), color=EDGE, linestyle=(0, (5, 4)), linewidth=1)
        ends = [(max(gaps[name][-1], FLOOR), label, c) for name, (c, label, _) in looks.items()]
        label_ends(axes, [*ends, (max(allowed, FLOOR), "allowed", QUIET)])
        axes.set_ylabel("largest gap of log-odds")
        epoch_axis(axes)
        finding(
            figure,
            f"The twin's log-odds are at most {short(gaps['twin'].max())} from the model's, "
            f"{at} {short(gaps['control'].max())}",
        )
    return figure
