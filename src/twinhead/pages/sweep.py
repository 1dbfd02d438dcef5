"""The page over all jobs of a multirun: a row a job, what differs first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from twinhead.pages.pictures import picture
from twinhead.pages.typeset import environment

HOME = "../../index.html"


@dataclass(frozen=True)
class Job:
    """A run of a sweep: the address of its page, what it does not share, its answer.json."""

    address: str
    differs: Mapping[str, Any]
    about: Mapping[str, Any]


def page(title: str, question: str, jobs: Sequence[Job], figures: Mapping[str, Figure]) -> str:
    return (
        environment()
        .get_template("sweep.html.j2")
        .render(
            home=HOME,
            title=title,
            question=question,
            jobs=jobs,
            keys=list(jobs[0].differs),
            fails=sum(bool(job.about["counts"]["fails"]) for job in jobs),
            made_up=sum(bool(job.about["data"].get("made_up")) for job in jobs),
            pictures=[picture(name, figure) for name, figure in figures.items()],
        )
    )
