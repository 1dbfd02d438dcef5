"""Where do softmax and cross-entropy lose digits, and what helps?"""

from typing import Annotated

from twinhead.results.claim import HOLDS, Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import Numbers, RunSettings, Seed, different, whole

TITLE = "Softmax and cross-entropy in floating point"
QUESTION = "Where do softmax and cross-entropy lose their digits, and which functions keep them?"

ILLUSTRATES = {"sigmoid_error": "002", "softmax_error": "003", "shares": "003"}

NOTES = (
    "Article 001's softmax function writes over the array that it is given, and takes every "
    "exponential twice.",
    "Article 001's comment [-666, -333, 0] belongs to [123, 456, 789], which only article 003 "
    "prints; its own [-20, 10, 30] gives [-50, -20, 0].",
    "Articles 002 and 003 give softmax and sigmoid closed ranges [0, 1]; no real logit reaches the "
    "ends, only rounding does.",
    "Article 002 says that its long version spells out every step; softmax and cross-entropy are "
    "one call in it.",
    "Article 003 draws random logits without a seed: its two losses cannot be made again, only "
    "that they are neighbouring float32 numbers.",
    "A comment in article 003's second half of that example says from_logits is True; the code "
    "says False, which is right.",
    "Article 003 recommends from_logits=True because of optimisations; what it does is to leave "
    "out a division and a clip.",
)


class Settings(RunSettings):
    seed: Seed
    draws: Annotated[int, whole(2, 10**6)]
    sizes: Annotated[
        Numbers,
        different(
            "different finite numbers above 0, or a range such as geomspace(0.1,1000,9)",
        ),
    ]


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    overflow = history.numbers["largest logit with a finite exponential, float32"]
    clip = history.numbers["loss at [0, 200] from TensorFlow's softmax, float32"]
    lost = (
        f"In float32, written out beyond a logit of {number(overflow)}, and from probabilities "
        f"beyond a loss of {number(clip)}"
    )
    (kept,) = (verdict for verdict in verdicts if verdict.id == "6e")
    if kept.measured is None:
        return Answer(f"{lost}; what logits keep is not told here.", overflow)
    way = (
        "from logits they keep them" if kept.verdict == HOLDS else "from logits they lose them too"
    )
    return Answer(f"{lost}; {way}: errors up to {number(kept.measured)} eps.", kept.measured)
