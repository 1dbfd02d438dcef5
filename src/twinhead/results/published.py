"""What the articles print, transcribed by hand into published.csv, and ours beside it."""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, Claim, Source, exactly


@dataclass(frozen=True)
class Published:
    """A number that an article prints, with the tolerance that a reproduction has to meet.

    Attributes:
        experiment: the one that measures it.
        kind: result; input, which an example starts from; cited, from where nobody here can go; or
            vague, a result that an initial draw moves about so far that nearly anything would pass.
        quantity: what it is, unique in its article.
        arm, epoch, split, metric: which number of a training log it is; otherwise empty, or 0.
        erratum: what is wrong with it, where the article is; otherwise empty.
    """

    article: str
    experiment: str
    kind: str
    place: str
    quantity: str
    arm: str
    epoch: int
    split: str
    metric: str
    printed: float
    tolerance: float
    reason: str
    erratum: str

    def meets(self, value: float) -> bool:
        """Tell whether a measured value is the printed one, within its tolerance."""
        if math.isnan(self.printed):
            return math.isnan(value)
        return value == self.printed or abs(value - self.printed) <= self.tolerance


def published(article: str = "", experiment: str = "") -> list[Published]:
    """Return the numbers of an article or an experiment, transcribed by hand into published.csv."""
    kinds: dict[str, Any] = {
        "epoch": lambda text: int(text or 0),
        "printed": float,
        "tolerance": float,
    }
    with Path(__file__).with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        return [
            Published(**{key: kinds.get(key, str)(text) for key, text in row.items()})
            for row in csv.DictReader(file)
            if row["article"] == article or row["experiment"] == experiment
        ]


def beside_print(experiment: str, measured: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return a row for every number that the articles print and this experiment answers for.

    Args:
        measured: keyed "article: quantity", such as "003: softmax([2, 3, 5])[0]"; has every number
            that is a result.
    """
    rows = []
    for each in published(experiment=experiment):
        value = measured[f"{each.article}: {each.quantity}"] if each.kind == "result" else math.nan
        rows.append(
            {
                "article": each.article,
                "place": each.place,
                "quantity": each.quantity,
                "printed": each.printed,
                "measured": value,
                "tolerance": each.tolerance,
                "verdict": (HOLDS if each.meets(value) else FAILS)
                if each.kind == "result"
                else NOT_TESTED,
                "remark": each.erratum
                or (each.reason if each.kind in ("result", "vague") else each.kind),
            }
        )
    return rows


def misses(article: str, experiment: str, measured: Mapping[str, float]) -> dict[str, float]:
    """Count the results of one article that do not come out again, its errata left out.

    Keys are those of `claim`.
    """
    numbers = [
        each
        for each in published(experiment=experiment)
        if each.article == article and each.kind == "result" and not each.erratum
    ]
    missed = sum(not each.meets(measured[f"{article}: {each.quantity}"]) for each in numbers)
    return {
        f"results that {article} prints": len(numbers),
        f"results of {article} that miss": missed,
    }


def claim(id: str, article: str) -> Claim:
    """Return the claim over all results of one article that an experiment answers for."""
    return Claim(
        id,
        name=f"What article {article} prints comes out again",
        group="Printed numbers",
        sentence=f"The {{results that {article} prints}} results that article {article} prints "
        "here come out again (how many do not)",
        number=f"results of {article} that miss",
        rule=exactly(0, "Half a unit of the last digit printed, unless the table says why not."),
        source=Source(article),
        identity="A count of transcribed numbers; a test changes the last digit of each, and it "
        "does not come out any more.",
    )
