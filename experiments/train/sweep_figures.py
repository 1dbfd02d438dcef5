"""All arms of a multirun in one picture."""

from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from twinhead.pages.style import OTHER, SOFTMAX, STYLE, data_name, epoch_axis, look
from twinhead.results.history import History


def sweep(histories: Sequence[History]) -> Figure:
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
