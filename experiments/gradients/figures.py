"""Jacobian, push and pull, the sigmoid's slope."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.figures import STYLE, short
from twinhead.history import History


def push_pull(history: History) -> Figure:
    """Draw one step of rate 1 on three logits: push all by p, pull the true one by 1."""
    rows = history.tables["push_pull"]
    nodes = [row["node"] for row in rows]
    (true,) = (row["node"] for row in rows if row["label"] == 1)
    names = [f"class {node}" + ("\n(true)" if node == true else "") for node in nodes]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        figure.suptitle("Push all, pull one: a step of rate 1 against the gradient p − y")
        left, middle, right = figure.subplots(1, 3)
        pairs = (
            (left, "logit", "logits z, and one step on", "logit"),
            (right, "probability", "probabilities p, and one step on", "probability"),
        )
        for axes, what, title, unit in pairs:
            for key, colour, offset, label in (
                (what, "#56B4E9", -0.2, "before"),
                (f"{what}_after", "#0072B2", 0.2, "after"),
            ):
                values = [row[key] for row in rows]
                bars = axes.bar(
                    [n + offset for n in nodes], values, 0.38, color=colour, label=label
                )
                axes.bar_label(bars, [short(value) for value in values], fontsize=9, padding=2)
            axes.set_title(title)
            axes.set_ylabel(unit)
            axes.legend(loc="best")
        for key, colour, label, sign in (
            ("probability", "#D55E00", "push: p", -1),
            ("label", "#009E73", "pull: y", 1),
        ):
            middle.bar(nodes, [sign * row[key] for row in rows], 0.5, color=colour, label=label)
        middle.plot(
            nodes, [-row["gradient"] for row in rows], "D", color="black", label="sum: −dCE/dz"
        )
        for row in rows:
            middle.annotate(
                short(-row["gradient"]),
                (row["node"], -row["gradient"]),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
            )
        middle.set_title("what moves them")
        middle.set_ylabel("change of the logit, rate 1")
        middle.legend(loc="upper left")
        for axes in (left, middle, right):
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xticks(nodes, names)
            axes.margins(y=0.15)
            axes.grid(axis="x", visible=False)
    return figure


def jacobian(history: History) -> Figure:
    """Draw softmax's Jacobian as a table of colours, and what the ways to it differ by."""
    rows = history.tables["jacobian"]
    size = 1 + max(row["output"] for row in rows)
    logits = ", ".join(f"{row['logit']:g}" for row in history.tables["push_pull"])
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.4), layout="constrained")
        figure.suptitle(f"Softmax's Jacobian at [{logits}]")
        grid = figure.subplots(1, 3)
        for axes, way, title in zip(
            grid,
            ("automatic", "formula", "differences"),
            ("automatic (TensorFlow)", "diag(y) − y yᵀ", "differences (SciPy)"),
            strict=True,
        ):
            values = np.array([row[way] for row in rows]).reshape(size, size)
            axes.imshow(values, cmap="PuOr_r", vmin=-0.25, vmax=0.25)
            for row in rows:
                axes.text(
                    row["logit"],
                    row["output"],
                    f"{row[way]:.3g}",
                    ha="center",
                    va="center",
                    color="white" if abs(row[way]) > 0.15 else "black",
                )
            axes.set_title(title)
            axes.set_xticks(range(size), [f"$z_{i}$" for i in range(size)])
            axes.set_yticks(range(size), [f"$y_{i}$" for i in range(size)])
            axes.grid(visible=False)
            axes.set_xlabel("with respect to logit")
        grid[0].set_ylabel("derivative of output")
    return figure


def sigmoid_slope(history: History) -> Figure:
    """Draw the sigmoid, and its derivative by three ways."""
    rows = history.tables["sigmoid"]
    x = [row["x"] for row in rows]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle("The sigmoid and its derivative")
        left.plot(x, [row["sigmoid"] for row in rows], color="#0072B2", linewidth=2)
        left.set_title("sigmoid(x) = 1 / (1 + e$^{-x}$)")
        left.set_ylabel("sigmoid(x)")
        for way, marks, colour, width, label in (
            ("automatic", "-", "#0072B2", 5, "automatic (TensorFlow)"),
            ("formula", "--", "#E69F00", 2, "formula, s (1 − s)"),
            ("differences", ":", "#000000", 2, "differences (SciPy)"),
        ):
            right.plot(
                x,
                [row[way] for row in rows],
                marks,
                color=colour,
                linewidth=width,
                alpha=0.45 if width == 5 else 1,
                label=label,
            )
        top = max(rows, key=lambda row: row["automatic"])
        right.plot(top["x"], top["automatic"], "o", color="#D55E00")
        right.annotate(
            f"{top['automatic']:g} at {top['x']:.3g}",
            (top["x"], top["automatic"]),
            xytext=(10, 4),
            textcoords="offset points",
        )
        right.set_ylim(0, 0.29)
        right.set_title("derivative")
        right.set_ylabel("d sigmoid / dx")
        right.legend(loc="upper left")
        for axes in (left, right):
            axes.set_xlabel("x")
    return figure
