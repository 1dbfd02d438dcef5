"""One arm, and a sweep over single arms."""

from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.figures import OTHER, SOFTMAX, STYLE, data_name, epoch_axis, look
from twinhead.history import History


def arm_curves(history: History) -> Figure:
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


def sweep_curves(histories: Sequence[History]) -> Figure:
    """Draw the validation loss of many single arms in one picture."""
    with rc_context(STYLE):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.subplots()
        titles = dict.fromkeys(map(data_name, histories))
        axes.set_title(f"Validation loss of {len(histories)} arm(s) on\n{'; '.join(titles)}")
        lines: dict[str, str] = {}  # Label -> line style: arms of one colour are told apart by it.
        colours: list[str] = []
        for history in histories:
            for record in history.records.values():
                colour, label = look(record)
                softmax = (colour, label) == SOFTMAX
                if (colour, label) == OTHER:
                    label = f"sigmoid, β = θ1 − θ0, ratio {record.arm.lr_ratio:g}"
                label = f"{label}, {record.arm.optimizer}"
                first = label not in lines
                if first:
                    lines[label] = ("-", "--", ":", "-.")[colours.count(colour) % 4]
                    colours.append(colour)
                axes.plot(
                    record.loss(),
                    lines[label],
                    color=colour,
                    linewidth=4 if softmax else 1.5,
                    alpha=0.4 if softmax else 0.9,
                    label=label if first else None,
                )
        axes.set_ylabel("cross-entropy (nats)")
        axes.legend()
        epoch_axis(axes)
    return figure
