"""What does a loss make of the same data? Constants and margins."""

from typing import Annotated

from twinhead.results.claim import Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import RunSettings, Seed, expected, whole

TITLE = "What a loss makes of the same data"
QUESTION = (
    "What does a loss make of the same data, and which of the losses with many names are one?"
)

NOTES = (
    "The articles use PyTorch; these are Keras's, SciPy's and scikit-learn's functions of the same "
    "name. Keras has no NLLLoss: here it is a pick from log-softmax.",
    "Least squares is abbreviated OLS, where article 004 has OSL; it is maximum likelihood where "
    "the noise is Gaussian, whatever the features are.",
    "Euclidean distance survives a change of basis only if that is orthogonal.",
    "The log loss comes from the likelihood ∏ P(y_i | x_i). What article 004 writes is naive Bayes "
    "without its denominator; and what has to be small is −log P, not log P.",
    "In C = −ln a_j, a_j is the output at the true class, not an entry of the label.",
    "PyTorch takes class probabilities as targets too, not integers only.",
    "Which five losses the comparison of article 004 draws cannot be told, as its picture is "
    "missing; here they are the 0-1 loss and the four of its text.",
)


class Settings(RunSettings):
    rows: Annotated[int, whole(10, 10**6)]
    outlier_share: Annotated[float, expected("a number in (0, 0.4]", lambda x: 0 < x <= 0.4)]
    outlier: Annotated[float, expected("a number from 50 to 1000000", lambda x: 50 <= x <= 1e6)]
    delta: Annotated[float, expected("a number in (0, 10]", lambda x: 0 < x <= 10)]
    seed: Seed


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    """Answer by the shift of the median, in shifts of the mean."""
    moved = history.numbers["shift of MAE, in shifts of MSE"]
    same = [each.verdict == "holds" for each in verdicts if each.id in ("3a", "3b", "3c", "3e")]
    return Answer(
        f"Each finds a centre of its own (outliers move MAE's {number(moved)} times as far as "
        f"MSE's), and {sum(same)} of {len(same)} other names of cross-entropy are the same loss.",
        moved,
    )
