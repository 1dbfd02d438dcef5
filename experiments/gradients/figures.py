"""Jacobian, push and pull, the sigmoid's slope."""

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import STYLE, short
from twinhead.results.history import History


def push_pull(history: History) -> Figure:
    """Draw one step of rate 1 on three logits: push all by p, pull the true one by 1."""
    rows = history.tables["push_pull"]
    nodes, moves = rows["node"], -rows["gradient"]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        figure.suptitle("Push all, pull one: a step of rate 1 against the gradient p − y")
        left, middle, right = figure.subplots(1, 3)
        for axes, what, title in (
            (left, "logit", "logits z, and one step on"),
            (right, "probability", "probabilities p, and one step on"),
        ):
            for key, colour, offset, label in (
                (what, "#56B4E9", -0.2, "before"),
                (f"{what}_after", "#0072B2", 0.2, "after"),
            ):
                bars = axes.bar(nodes + offset, rows[key], 0.38, color=colour, label=label)
                axes.bar_label(bars, list(map(short, rows[key])), fontsize=9, padding=2)
            axes.set_title(title)
            axes.set_ylabel(what)
            axes.legend(loc="best")
        middle.bar(nodes, -rows["probability"], 0.5, color="#D55E00", label="push: p")
        middle.bar(nodes, rows["label"], 0.5, color="#009E73", label="pull: y")
        middle.plot(nodes, moves, "D", color="black", label="sum: −dCE/dz")
        for node, move in zip(nodes, moves, strict=True):
            middle.annotate(
                short(move),
                (node, move),
                xytext=(0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
            )
        middle.set_title("what moves them")
        middle.set_ylabel("change of the logit, rate 1")
        middle.legend(loc="upper left")
        names = [f"class {row.node}" + "\n(true)" * (row.label == 1) for row in rows.itertuples()]
        for axes in (left, middle, right):
            axes.axhline(0, color="black", linewidth=0.8)
            axes.set_xticks(nodes, names)
            axes.margins(y=0.15)
            axes.grid(axis="x", visible=False)
    return figure


def jacobian(history: History) -> Figure:
    """Draw softmax's Jacobian as a table of colours, and what the ways to it differ by."""
    rows = history.tables["jacobian"]
    logits = ", ".join(f"{logit:g}" for logit in history.tables["push_pull"]["logit"])
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
            values = rows.pivot(index="output", columns="logit", values=way).to_numpy()
            axes.imshow(values, cmap="PuOr_r", vmin=-0.25, vmax=0.25)
            for output, logit, value in rows[["output", "logit", way]].itertuples(index=False):
                colour = "white" if abs(value) > 0.15 else "black"
                axes.text(logit, output, f"{value:.3g}", ha="center", va="center", color=colour)
            axes.set_title(title)
            axes.set_xticks(range(len(values)), [f"$z_{i}$" for i in range(len(values))])
            axes.set_yticks(range(len(values)), [f"$y_{i}$" for i in range(len(values))])
            axes.grid(visible=False)
            axes.set_xlabel("with respect to logit")
        grid[0].set_ylabel("derivative of output")
    return figure


def sigmoid_slope(history: History) -> Figure:
    """Draw the sigmoid, and its derivative by three ways."""
    rows = history.tables["sigmoid"]
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle("The sigmoid and its derivative")
        left.plot(rows["x"], rows["sigmoid"], color="#0072B2", linewidth=2)
        left.set_title("sigmoid(x) = 1 / (1 + e$^{-x}$)")
        left.set_ylabel("sigmoid(x)")
        for way, marks, colour, width, label in (
            ("automatic", "-", "#0072B2", 5, "automatic (TensorFlow)"),
            ("formula", "--", "#E69F00", 2, "formula, s (1 − s)"),
            ("differences", ":", "#000000", 2, "differences (SciPy)"),
        ):
            right.plot(
                rows["x"],
                rows[way],
                marks,
                color=colour,
                linewidth=width,
                alpha=0.45 if width == 5 else 1,
                label=label,
            )
        x, largest = rows.loc[rows["automatic"].idxmax(), ["x", "automatic"]]
        right.plot(x, largest, "o", color="#D55E00")
        right.annotate(
            f"{largest:g} at {x:.3g}", (x, largest), xytext=(10, 4), textcoords="offset points"
        )
        right.set_ylim(0, 0.29)
        right.set_title("derivative")
        right.set_ylabel("d sigmoid / dx")
        right.legend(loc="upper left")
        for axes in (left, right):
            axes.set_xlabel("x")
    return figure
