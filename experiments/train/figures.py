"""The curves of one arm."""

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import STYLE, data_name, epoch_axis, look
from twinhead.results.history import History


def loss_curves(history: History) -> Figure:
    """Draw loss and accuracy of a run with one arm."""
    (record,) = history.records.values()
    colour, label = look(record)
    with rc_context(STYLE):
        figure = Figure(figsize=(11, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        figure.suptitle(
            f"{label}, learning rate {record.arm.learning_rate:g}, seed {record.arm.seed}, "
            f"on {data_name(history)}"
        )
        for split, line in (("train", "--"), ("validation", "-")):
            left.plot(record.loss(split), line, color=colour, label=split, linewidth=2)
            accuracy = record.series[split, "accuracy"]
            right.plot(100 * accuracy, line, color=colour, label=split, linewidth=2)
        left.set_ylabel("cross-entropy (nats)")
        right.set_ylabel("accuracy (%)")
        for axes in (left, right):
            axes.legend()
            epoch_axis(axes)
    return figure
