"""The curves of one arm."""

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import (
    ISOMETRIC,
    SIGMOID,
    SOFTMAX,
    STYLE,
    WIDTH,
    epoch_axis,
    finding,
    label_ends,
    line,
)
from twinhead.pages.typeset import short
from twinhead.results.history import History
from twinhead.results.wording import count


def loss_curves(history: History) -> Figure:
    """Draw loss and accuracy of a run with one arm."""
    (record,) = history.records.values()
    colours = {look[1]: look for look in (SOFTMAX, SIGMOID, ISOMETRIC)}
    colour, head = colours[record.arm.head]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 5.4), layout="constrained")
        panels = figure.subplots(2, 1, sharex=True)
        for axes, metric, name, per in zip(
            panels,
            ("loss", "accuracy"),
            ("cross-entropy (nats)", "right answers (%)"),
            (1, 100),
            strict=True,
        ):
            ends = []
            for split, rows, looks in (
                ("train", "training rows", {"linestyle": (0, (3, 2))}),
                ("validation", "validation rows", {}),
            ):
                values = per * record.series[split, metric]
                line(axes, values, colour, label=rows, **looks)
                ends.append((values[-1], rows, colour))
            label_ends(axes, ends)
            axes.set_ylabel(name)
        epoch_axis(panels[-1])
        loss, accuracy = record.loss(), record.series["validation", "accuracy"]
        finding(
            figure,
            f"{head.capitalize()} at a rate of {record.arm.learning_rate:g}, seed "
            f"{record.arm.seed}: the validation loss goes from {short(loss[0])} to "
            f"{short(loss[-1])} in {count(len(loss) - 1, 'epoch')}, with "
            f"{100 * accuracy[-1]:.2f} % right",
        )
    return figure
