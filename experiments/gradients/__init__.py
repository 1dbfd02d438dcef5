"""Are the derivatives that the articles write down the true ones?"""

from typing import Annotated

from twinhead.results.claim import HOLDS, Answer, Verdict
from twinhead.results.history import History
from twinhead.results.wording import number
from twinhead.settings import RunSettings, Seed, whole

TITLE = "Derivatives of softmax, sigmoid and cross-entropy"
QUESTION = "Are the derivatives that the articles write down the true ones?"

ILLUSTRATES = {"jacobian": "001", "sigmoid_slope": "001", "push_pull": "003"}

NOTES = (
    "Article 001's derivative of the sigmoid has lost its minus sign in the text copy only; its "
    "formula is right.",
    "Article 003's printed softmax and gradient come from two kernels: 0.26887551 − 1 is "
    "−0.73112449, and −0.73112452 is printed, one float32 number away.",
    "The true class is pushed as well, and pulled after: on balance its logit rises by 1 − p.",
    "Labels that do not add up to 1: TensorFlow's ordinary kernel still answers p − y, which "
    "is not the loss's gradient; its deterministic one, used here, gives Σy · p − y, which is.",
    "All derivatives are taken in float64; the articles' printed numbers in float32, as they were.",
)


class Settings(RunSettings):
    seed: Seed
    draws: Annotated[int, whole(2, 10**6)]
    depth: Annotated[int, whole(1, 100)]


def answer(history: History, verdicts: list[Verdict]) -> Answer:
    by_formula, by_differences = (
        [verdict for verdict in verdicts if verdict.id in ids]
        for ids in (("2a", "3a", "3b", "4a"), ("2b", "3c", "4b"))
    )
    same = all(verdict.verdict == HOLDS for verdict in by_formula + by_differences)
    formula, differences = (
        max(verdict.measured for verdict in each) for each in (by_formula, by_differences)
    )
    return Answer(
        f"{'Yes' if same else 'No'}: the formulas are at most {number(formula)} away from "
        f"TensorFlow's derivatives, differences at most {number(differences)}.",
        formula,
    )
