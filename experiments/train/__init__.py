"""How good is one head, trained one way? Keeps it as a Keras file."""

from typing import Annotated

from pydantic import model_validator

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import count, number
from twinhead.settings import Positive, Precision, Seed, one_of
from twinhead.training.recipe import TrainingSettings

WANT = "Sweep"
TITLE = "One head, trained alone"
QUESTION = "How good is one head, trained one way?"


class Settings(TrainingSettings):
    head: Annotated[str, one_of("softmax", "sigmoid")]
    init: Annotated[str, one_of("random", "transfer")]
    lr_ratio: Positive
    seed: Seed
    precision: Precision

    @model_validator(mode="after")
    def _softmax_is_matched_to_nothing(self) -> "Settings":
        """Give every softmax arm one spelling: neither key changes it, nor may split its runs."""
        if self.head == "softmax":
            return self.model_copy(update={"init": "random", "lr_ratio": 1.0})
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
