"""What do activation functions do? Slopes, dying units, cost."""

from typing import Annotated

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.settings import Count, Positive, RunSettings, Seed, expected, whole

TITLE = "Activation functions"
QUESTION = (
    "Which activation functions saturate, when do their units die, and what does an element cost?"
)

NOTES = (
    "Article 001 calls FLOPs operations per second; what it counts are operations. Written out, "
    "the sigmoid is four operations in TensorFlow too; its own sigmoid is one kernel.",
    "Timings are of this machine, in float32, on one array in turn, and change from run to run.",
    "Articles 002 and 003 give the sigmoid the closed range [0, 1]; no real x reaches the ends.",
    "Article 004 says that an activation normalises its input; linear, ReLU and swish do not.",
    "PyTorch's names are nn.ReLU, nn.LeakyReLU and nn.PReLU; article 004's spellings do not exist.",
    "PReLU's a is learnt, and 0.25 is what PyTorch starts from; Keras starts from 0.",
    "Swish's gains on ImageNet and beyond 42 layers are quoted, and cannot be measured here.",
    "Softmax has no curve of one variable: drawn is the first of two classes, the other logit 0.",
)
ILLUSTRATES = {"cost": "001", "curves": "004", "dead_units": "004"}


def _few_different(values: list[float]) -> bool:
    return 1 <= len(set(values)) == len(values) <= 4


class Settings(RunSettings):
    seed: Seed
    betas: Annotated[
        list[Positive], expected("one to four different finite numbers above 0", _few_different)
    ]
    units: Annotated[int, whole(2, 1000)]
    steps: Annotated[int, whole(1, 10**4)]
    learning_rate: Positive
    elements: Annotated[int, whole(10, 10**8)]
    repeats: Count


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    numbers, dead = history.numbers, "ReLU units dead in the end"
    saturating = [
        each.verdict == "holds" for each in verdicts if each.id in ("3a", "3b", "3c", "3d")
    ]
    died = (
        f"{numbers[dead]:g} of {numbers['units']:g} ReLU units die at too large a rate."
        if dead in numbers
        else f"no unit's death was tested: {history.untested[dead]}"
    )
    return Answer(
        f"ReLU and its variants saturate too ({sum(saturating)} of {len(saturating)}), and {died}",
        numbers.get(dead),
    )
