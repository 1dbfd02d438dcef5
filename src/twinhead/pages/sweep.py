"""The page over all jobs of a multirun: a row a job, what differs first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from twinhead.pages.pictures import picture
from twinhead.pages.typeset import environment
from twinhead.results.wording import number

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
            answer=_answer(jobs),
            claims=any(any(job.about["counts"].values()) for job in jobs),
            made_up=sum(bool(job.about["data"].get("made_up")) for job in jobs),
            pictures=[picture(name, figure) for name, figure in figures.items()],
        )
    )


def _answer(jobs: Sequence[Job]) -> str:
    """Return in a sentence what came out over all jobs; the numbers, where nothing is claimed."""
    keys = " and ".join(jobs[0].differs)
    asked = f"Asked {len(jobs)} times, each time with other {keys}"
    fails = sum(bool(job.about["counts"]["fails"]) for job in jobs)
    if fails:
        return f"{asked}: a claim fails in {fails} of them."
    if any(job.about["counts"]["holds"] for job in jobs):
        return f"{asked}: no claim fails in any of the runs."
    numbered = [job for job in jobs if isinstance(job.about["number"], int | float)]
    if not numbered:
        return f"{asked}."
    ends = [choose(numbered, key=lambda job: job.about["number"]) for choose in (min, max)]
    least, most = (f"{number(job.about['number'])} at {_said(job.differs)}" for job in ends)
    return f"{asked}: from {least} to {most}."


def _said(differs: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in differs.items() if value is not None)
