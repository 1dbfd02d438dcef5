"""Are the two heads the same, as published and under common noise?"""

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import MOST, Count, Positive, Seed
from twinhead.training.recipe import SpreadSettings

TITLE = "Softmax with two units, sigmoid with one"
QUESTION = (
    "Is a 2-unit softmax head the same thing as a 1-unit sigmoid head that starts at β = θ1 − θ0 "
    "and learns at twice the rate?"
)

NOTES = (
    "Losses are taken at fixed weights over all rows, epoch 0 included. The article plots Keras's "
    "epoch loss, a mean over weights that move; here that is the series running_loss.",
    "The heads end in logits and the losses work on logits: on probabilities Keras clips, and "
    "differently for the two losses.",
    "Labels are 0 and 1 for both heads; the article one-hot encodes them for softmax. The "
    "cross-entropy is the same.",
    "The bias is matched too, b = b1 − b0; the article sets it to zero, where it starts anyway.",
    "TensorFlow 2 and Keras 3 with every seed fixed. The article's own draw of initial weights and "
    "dropout masks came from other versions and cannot be made again with these.",
    "“Common noise” is ours: all arms see the same batches and dropout masks, so what is left of "
    "the gap is the heads' alone.",
)


class Settings(SpreadSettings):
    lr_ratio: Positive
    seed: Seed
    repeats: Count

    @model_validator(mode="after")
    def _every_seed_is_in_range(self) -> "Settings":
        most = MOST - self.seed + 1
        if self.repeats > most:
            raise PydanticCustomError(
                "key",
                f"repeats: found {self.repeats}, expected at most {most} with seed={self.seed}",
            )
        return self


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    gap = history.numbers["gap under common noise, float32"]
    told = history.numbers["gap at equal rates, float32"]
    same = {verdict.id: verdict.verdict for verdict in verdicts}["2a"] == "holds"
    word = "Yes" if same else "No"
    return Answer(
        f"{word}: on the same batches and masks their validation losses are {number(gap)} apart; "
        f"at equal rates {number(told)}.",
        gap,
    )
