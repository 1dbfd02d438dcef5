"""Do rows of features made from images belong to their names?"""

from typing import Annotated

from twinhead.data.sources import Images
from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import RunSettings, whole

TITLE = "From images to features"
QUESTION = "Do the rows of the features file belong to the names and labels beside them?"

NOTES = (
    "The article starts from features that are made already; its images are the 25 000 of Kaggle's "
    "Dogs vs. Cats, through Xception with ImageNet's weights.",
    "Images are stretched to a square and resized by the nearest pixel, as Keras 2 did by itself "
    "when those features were made; resize= smooths.",
    "EXIF orientation is applied, transparency is put on white, 16 bits are cut to 8: Keras 2 did "
    "none of it. Photographs without EXIF are as they were.",
)

ROWS = 16


class Settings(RunSettings):
    data: Images
    rows: Annotated[int, whole(2, 10_000)]


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    apart = history.numbers["difference by name"]
    permuted = history.numbers["difference by another's name"]
    yes = all(verdict.verdict == "holds" for verdict in verdicts)
    return Answer(
        f"{'Yes' if yes else 'No'}: {history.data['checked']} random rows of "
        f"{history.data['file']}, extracted again by name, are {number(apart)} apart; under each "
        f"other's names {number(permuted)}.",
        apart,
    )
