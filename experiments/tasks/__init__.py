"""Which head and loss for two classes, many, several labels?"""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from twinhead.data.sources import ManyClasses
from twinhead.results.claim import HOLDS, Answer, Verdict
from twinhead.results.history import History
from twinhead.settings import Count, Positive, Seeds, between, whole
from twinhead.training.recipe import TrainingSettings

TITLE = "Which head and loss for which task"
QUESTION = "Which head and loss for which task: two classes, many classes, several labels at once?"

NOTES = (
    "With two classes softmax gives a Bernoulli distribution; article 001 says binomial, which it "
    "is for one draw only.",
    "Both heads give the probability of each class given x; neither knows which class is right, as "
    "article 001's last sentence has it.",
    "Sparse cross-entropy takes integers and categorical one-hot labels; article 004 has them the "
    "other way round in one place, and right in another.",
    "Several output nodes call for softmax only if one class excludes the other; article 003 calls "
    "for it with two nodes or more.",
    "The cost of article 002 is printed every 100 epochs, as its code says; the comment says every "
    "epoch.",
    "Article 002 names neither data nor batch size for its softmax regression; here they are "
    "scikit-learn's digits and 32. A sum over labels, where Keras takes the mean, lets every "
    "sigmoid learn at the rate it would have alone.",
    "One against one is scikit-learn's, row by row: a logistic head for each pair, then a vote.",
    "The labels of the made-up problem are correlated, as rows differ in how many they have.",
    "Sigmoid stays in (0, 1); the −1 to 1 of article 004 is tanh's.",
)


class Settings(TrainingSettings):
    """Two classes are breast cancer, many are `data`, several labels are made up."""

    data: Annotated[ManyClasses, Field(discriminator="name")]
    init_sd: Positive
    seeds: Seeds
    label_rows: Annotated[int, whole(100, 10**5)]
    label_features: Annotated[int, whole(2, 1000)]
    labels: Annotated[int, whole(3, 100)]
    labels_each: Count
    label_words: Count
    threshold: Annotated[float, between(0, 1, "a number in (0, 1)")]

    @model_validator(mode="after")
    def _a_row_has_no_more_labels_than_there_are(self) -> "Settings":
        if self.labels_each > self.labels:
            raise PydanticCustomError(
                "key",
                f"labels_each: found {self.labels_each}, expected at most labels={self.labels}",
            )
        return self


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    solved = [verdict for verdict in verdicts if verdict.id.startswith("1")]
    left = max(verdict.measured for verdict in solved)
    if not all(verdict.verdict == HOLDS for verdict in solved):
        return Answer(
            "Not the ones that the articles name, on these data: one of them leaves "
            f"{100 * left:.0f} % of the errors of an answer that is always the same.",
            left,
        )
    return Answer(
        "Two classes: either head; many: softmax, or a sigmoid for each class or pair; several "
        "labels: sigmoid with binary cross-entropy. Each leaves at most "
        f"{100 * left:.0f} % of the errors of an answer that is always the same.",
        left,
    )
