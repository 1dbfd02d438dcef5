"""Several runs in one process: TensorFlow starts once, and not at all where all are found."""

from collections.abc import Sequence

from twinhead.cli.composing import compose
from twinhead.runs.execute import Run, execute
from twinhead.runs.experiment import Experiment


def run(jobs: Sequence[tuple[str, Sequence[str]]]) -> list[Run]:
    """Execute experiments, each a name and its words, in this order.

    Raises:
        InputError: a word is wrong, of whichever job; nothing has been measured then.
    """
    experiments = [Experiment(name) for name, _ in jobs]
    settings = [
        compose(f"experiment/{experiment.name}", experiment.Settings, words)
        for experiment, (_, words) in zip(experiments, jobs, strict=True)
    ]
    return [execute(*job) for job in zip(experiments, settings, strict=True)]
