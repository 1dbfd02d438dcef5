"""What does an arm cost, in the bank and in other libraries?"""

from typing import Annotated

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Count, FromZero, Positive, Seed, different, expected
from twinhead.training.optimizers import Sgd
from twinhead.training.recipe import TrainingSettings

TITLE = "What an arm costs"
QUESTION = (
    "What does an arm cost in the bank, beside Keras's fit, NumPy, scikit-learn and, where they "
    "are installed, JAX and PyTorch?"
)

NOTES = (
    "NumPy, JAX, PyTorch and the bank are given the same start, batches and masks, drawn one epoch "
    "ahead in a thread, and evaluate the validation loss before the first epoch and after every "
    "one. The bank keeps all weights of every epoch as well, as it does for everybody.",
    "NumPy, JAX and PyTorch are timed in the layout of weights, features × units or the other way "
    "round, that takes them less time; table layouts has both. JAX keeps what it has compiled, and "
    "so does the bank; first_time_s is with compiling. PyTorch runs op by op; torch.compile, which "
    "needs a C++ compiler, was not tried.",
    "More than 256 arms train for fewer epochs, and those that take one arm for two; times are an "
    "epoch's, the evaluations included.",
    "Keras's fit is written as the article writes it: probabilities, one-hot labels, noise of its "
    "own. As many fits as arms are extrapolated from one.",
    "SGDClassifier works row by row and has no dropout: the nearest that scikit-learn has, not the "
    "same work.",
    "The floor is what no contender can go below on this machine with float32: X read once at the "
    "rate at which a product with one vector reads it, the products at the rate of a large square "
    "one, the noise drawn on all cores. Not on it: whatever else has to be done.",
    "Memory is how far the process grew beyond what it held, the features included, in the round "
    "that warms up.",
    "Files too large for memory are made in data/ and removed again. Memory is that of a process "
    "of its own, which reads a sparse file, trains both heads for an epoch and evaluates them; "
    "loaded, where there is room, as the control. Seconds are those of training alone, on a file "
    "that is written in full and dropped from the system's memory before every reading. What lies "
    "below the system, such as the cache of whoever lends a virtual disk, may still have it: a "
    "really cold disk may be slower.",
    "On a machine that others use meanwhile nothing is said of time: no verdict, whatever the "
    "tables show.",
)


class Settings(TrainingSettings):
    arms: Annotated[list[Count], different("a list of different whole numbers from 1")]
    sparse_gib: Annotated[
        list[Positive],
        expected("a list of different positive numbers", lambda gib: len(set(gib)) == len(gib)),
    ]
    dense_gib: FromZero
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
    apart = history.numbers["losses apart, the same noise"]
    if "ms an epoch, 64 arms" not in history.numbers:
        return Answer(
            "No verdict on time: the machine was not quiet. All come to the same losses, "
            f"{number(apart)} apart at most.",
            apart,
        )
    ms, ratios = history.numbers["ms an epoch, 64 arms"], history.tables["ratios"]
    own = ratios[(ratios["arms"] == 64) & (ratios["optimizer"] == "sgd")]
    beside = ", ".join(f"{row.ratio:.2f} of {row.other}'s time" for row in own.itertuples())
    return Answer(f"64 arms take the bank {ms:.0f} ms an epoch: {beside}.", ms)
