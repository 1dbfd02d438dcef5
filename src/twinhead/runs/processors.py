"""The claim of a run whose passes were trained on several kinds of processors: they agree."""

from twinhead.results.claim import Claim, Source, within
from twinhead.results.history import History
from twinhead.runs.experiment import Experiment

APART = "losses apart between processors"
EPOCHS_APART = "losses apart between processors, an epoch late"

CLAIM = Claim(
    "P",
    "Kinds of processors give the same losses",
    "The cluster",
    "A pass that was trained again on every other kind of processor has the same losses.",
    APART,
    within(
        1e-6,
        "They sum in another order, so their bits differ: by roundings of float32, which thousands "
        "of steps add up.",
    ),
    Source("this project", "docs/cluster.md"),
    control=EPOCHS_APART,
    told_apart_by="the other kind's losses an epoch later",
)


def claims(experiment: Experiment, measured: History) -> tuple[Claim, ...]:
    """Return all claims that a measurement is judged by: the experiment's, and this one."""
    return (*experiment.claims, CLAIM) if APART in measured.numbers else experiment.claims
