"""At which ratio of learning rates are the two heads the same?"""

from typing import Annotated

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Numbers, Precision, Seeds, different
from twinhead.training.recipe import SpreadSettings

WANT = "Sweep"
TITLE = "The learning-rate ratio between the heads"
EXPLORER = True
QUESTION = "At which ratio of learning rates do a sigmoid head and a softmax head stay the same?"


class Settings(SpreadSettings):
    lr_ratios: Annotated[
        Numbers,
        different(
            "different finite numbers above 0: [0.5,1,2], linspace(1,3,41) or geomspace(0.25,16,13)"
        ),
    ]
    seeds: Seeds
    precision: Precision


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    found = history.numbers
    if "gap at ratio 2" not in found:
        return Answer(f"Not tested. {history.untested['gap at ratio 2']}")
    gap = found["gap at ratio 2"]
    apart = (
        f"the validation losses are at most {number(gap)} apart, at any other ratio at least "
        f"{number(found['smallest gap at another ratio'])}."
    )
    if "ratio with the smallest gap" not in found:
        return Answer(f"At 2, of {found['ratios']:g} ratios with none near it: {apart}", gap)
    best = found["ratio with the smallest gap"]
    return Answer(f"At {number(best)}, of {found['ratios']:g} ratios: at 2 {apart}", best)
