"""How good is one head, trained one way? Keeps it as a Keras file."""

from typing import Annotated

from pydantic import model_validator

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import count, number
from twinhead.settings import Positive, Precision, Seed, one_of
from twinhead.training.recipe import SpreadSettings

WANT = "Sweep"
# Over the rate of softmax, under SGD; `twinhead translate` has it for others.
OF_SGD = {"sigmoid": 2.0, "isometric": 1.0}
TITLE = "One head, trained alone"
QUESTION = "How good is one head, trained one way?"


class Settings(SpreadSettings):
    head: Annotated[str, one_of("softmax", "sigmoid", "isometric")]
    init: Annotated[str, one_of("random", "transfer")]
    lr_ratio: Positive | None
    seed: Seed
    precision: Precision

    @model_validator(mode="after")
    def _one_spelling(self) -> "Settings":
        """Give every arm one spelling, so that its runs are found again.

        A softmax head is matched to nothing: neither key changes it.
        """
        if self.head == "softmax":
            return self.model_copy(update={"init": "random", "lr_ratio": 1.0})
        if self.lr_ratio is None:
            return self.model_copy(update={"lr_ratio": OF_SGD[self.head]})
        return self


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    (record,) = history.records.values()
    loss, accuracy = record.loss()[-1], record.series["validation", "accuracy"][-1]
    return Answer(
        f"A validation loss of {number(loss)} and {100 * accuracy:.2f} % right, after "
        f"{count(len(record.loss()) - 1, 'epoch')}; the more frequent class alone would be right "
        f"in {100 * history.numbers['share of the more frequent class']:.2f} %.",
        float(loss),
    )
