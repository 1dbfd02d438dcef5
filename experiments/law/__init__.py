"""Which setting changes by which factor when the head is swapped?"""

from typing import Annotated

from pydantic import Field

from twinhead.data.sources import TwoClasses
from twinhead.results.claim import FAILS, Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Count, RunSettings, Seed, whole

TITLE = "Which setting maps by which factor"
QUESTION = (
    "By which factor must each setting of a softmax head change, for a sigmoid head that starts "
    "at β = θ1 − θ0 to be the same function at every step?"
)


class Settings(RunSettings):
    data: Annotated[TwoClasses, Field(discriminator="name")]
    rows: Annotated[int, whole(10, 10**6)]
    features: Annotated[int, whole(1, 10**5)]
    steps: Annotated[int, whole(1, 10**4)]
    long_steps: Count
    batch_size: Count
    seed: Seed


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    found = history.numbers
    mapped = found["exact settings, mapped: largest gap"]
    exact, conditional, impossible = (
        found[f"{status} settings"] for status in ("exact", "conditional", "impossible")
    )
    failing = [verdict.id for verdict in verdicts if verdict.verdict == FAILS]
    return Answer(
        f"Of {exact + conditional + impossible} settings {exact} have an exact factor, "
        f"{conditional} one under a condition, {impossible} none; {found['methods']} methods, "
        f"{found['objectives']} losses and {found['rows of other libraries']} rows of other "
        f"libraries map as well. With the exact settings no row's "
        f"log-odds are more than {number(mapped)} apart; without, losses are at least "
        f"{number(found['exact settings, not mapped: smallest gap'])} apart."
        + (f" Not borne out: {', '.join(failing)}." if failing else ""),
        mapped,
    )
