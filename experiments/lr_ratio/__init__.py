"""At which ratio of learning rates are the two heads the same?"""

from typing import Annotated

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Numbers, Precision, Seeds, different
from twinhead.training.recipe import TrainingSettings

WANT = "Sweep"
TITLE = "The learning-rate ratio between the heads"
QUESTION = "At which ratio of learning rates do a sigmoid head and a softmax head stay the same?"


class Settings(TrainingSettings):
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
    if "ratio with the smallest gap" not in found:
        return Answer(f"Not tested. {history.untested['ratio with the smallest gap']}")
    best = found["ratio with the smallest gap"]
    return Answer(
        f"At {number(best)}, of {found['ratios']:g} ratios: at 2 the validation losses are at most "
        f"{number(found['gap at ratio 2'])} apart, at the next best ratio "
        f"{number(found['smallest gap at another ratio'])}.",
        best,
    )
