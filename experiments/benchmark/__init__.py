"""What does an arm cost, in the bank and in other libraries?"""

from typing import Annotated

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Count, Seed, different
from twinhead.training.optimizers import Sgd
from twinhead.training.recipe import TrainingSettings

TITLE = "What an arm costs"
QUESTION = (
    "What does an arm cost in the bank, beside Keras's fit, NumPy, scikit-learn and, where they "
    "are installed, JAX and PyTorch?"
)

NOTES = (
    "NumPy, JAX, PyTorch and the bank are given the same start, batches and masks, and evaluate "
    "the validation loss after every epoch. JAX keeps what it has compiled, and so does the bank; "
    "first_time is with compiling.",
    "Keras's fit is written as the article writes it: probabilities, one-hot labels, noise of its "
    "own. As many fits as arms are extrapolated from one.",
    "SGDClassifier works row by row and has no dropout: the nearest that scikit-learn has, not the "
    "same work.",
    "Memory is how far the process grew beyond what it held, the features included, in the round "
    "that warms up.",
)


class Settings(TrainingSettings):
    arms: Annotated[list[Count], different("a list of different whole numbers from 1")]
    repeats: Count
    seed: Seed

    @model_validator(mode="after")
    def _contenders_are_written_with_plain_sgd(self) -> "Settings":
        if self.optimizer != Sgd():
            found = ", ".join(
                f"{key}={value}" for key, value in self.optimizer.model_dump().items()
            )
            raise PydanticCustomError(
                "key",
                f"optimizer: found {found}, expected plain sgd: the contenders are written with it",
            )
        return self


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    seconds, faster = (
        history.numbers["seconds, 64 arms"],
        history.numbers["64 arms, fits over bank"],
    )
    return Answer(
        f"64 arms take {number(seconds)} s in the bank, {faster:.0f} times less than 64 of Keras's "
        "fits.",
        faster,
    )
