"""What does low precision leave of the two heads' equivalence?"""

from typing import Annotated

from pydantic import Field

from twinhead.data.sources import TwoClasses
from twinhead.experiments.precision.cases import DRAWN, WITH_COMMON, ZERO_SUM
from twinhead.results.claim import HOLDS, Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Count, Positive, RunSettings, Seed, whole

TITLE = "The two heads in low precision"
QUESTION = (
    "What do float16 and bfloat16 leave of the equivalence of a softmax pair and a sigmoid at "
    "twice the rate, and of the order in which they put rows?"
)

NOTES = (
    "Layers, losses and optimizers are Keras's, with its own policies: mixed_float16 scales the "
    "loss, losses are taken in float32, and a pure policy keeps the weights in 16 bits as well.",
    "A gap is the largest difference of any row's log-odds, taken in float64 of the weights as "
    "they are: it is what training left, and no error of looking at it.",
    "A common part arises wherever two columns are cut out of a larger head, such as the tokens "
    "yes and no of a language model that ranks texts. The probabilities do not see it.",
)


class Settings(RunSettings):
    data: Annotated[TwoClasses, Field(discriminator="name")]
    rows: Annotated[int, whole(10, 10**6)]
    features: Annotated[int, whole(1, 10**5)]
    steps: Annotated[int, whole(1, 10**6)]
    batch_size: Count
    learning_rate: Positive
    common: Positive
    seed: Seed


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    found = history.numbers
    lost, mended = (found[f"gap, bfloat16, {start}"] for start in (WITH_COMMON, ZERO_SUM))
    mend = {each.id: each.verdict for each in verdicts}["2b"]
    said = "mended by a start with θ0 + θ1 = 0" if mend == HOLDS else "not mended by θ0 + θ1 = 0"
    return Answer(
        f"With weights in float32 log-odds stay {number(found[f'gap, float32, {DRAWN}'])} apart, "
        f"mixed {number(found[f'gap, mixed bfloat16, {DRAWN}'])} at most; in pure bfloat16 a "
        f"common part of {number(history.data['common'])} drives them {number(lost)} apart, "
        f"{said}: {number(mended)}.",
        lost,
    )
