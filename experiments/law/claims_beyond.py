"""Claims about what is trained on the small problem: methods, losses, the isometric head."""

from twinhead.experiments.law.cases import FROM_OPPOSITE, OBJECTIVES
from twinhead.experiments.law.claims_elsewhere import (
    CLOSED,
    ELSEWHERE,
    LAW,
    MADE_UP,
    OPENED,
    SAME,
    SEARCH,
)
from twinhead.experiments.law.methods import METHODS, Method
from twinhead.matching import DEFAULTS
from twinhead.results.claim import Claim, Source, within

METHOD, LOSS, THIRD = "Methods", "Losses, weights made of others", "The isometric head"
DRAWN, SWAPPED, EDGE = "In distribution", "In mid-training", "Edges"


def _of_method(number: int, method: Method) -> tuple[Claim, ...]:
    first = Claim(
        f"M{number:02}",
        f"{method.name}: a map",
        METHOD,
        f"{method.name}, mapped by what its settings are measured in: {SAME}",
        f"{method.name}: sigmoid",
        CLOSED,
        LAW,
        f"{method.name}: not mapped",
        "its own setting as it is" if method.wrong else "twice the rate",
        MADE_UP,
    )
    if not method.antisymmetric:
        return (first,)
    return (
        first,
        Claim(
            f"M{number:02}b",
            f"{method.name}: its condition",
            METHOD,
            f"{method.name}, mapped, from θ1 = −θ0: {SAME}",
            f"{method.name}: sigmoid",
            CLOSED,
            LAW,
            f"{method.name}: condition not met",
            "θ1 and −θ0 differ at the start",
            MADE_UP,
        ),
    )


# They move in proportion to lengths of weights or gradients, or turn with them.
AS_THEY_ARE = ("sgd", "adafactor", "muon")


def _of_optimizer(name: str) -> Claim:
    """Return the claim of one of Keras's; its control is the sigmoid's map or none."""
    changed = name not in AS_THEY_ARE
    return Claim(
        f"I {name}",
        f"Isometric, {name}: {'a map' if changed else 'nothing to map'}",
        THIRD,
        f"The isometric head by {name}, {'mapped' if changed else 'settings as they are'}: {SAME}",
        f"isometric, {name}: mapped",
        CLOSED,
        LAW,
        f"isometric, {name}: as it is" if changed else "isometric, adam: as it is",
        "every setting as it is" if changed else "Adam, every setting as it is",
        MADE_UP,
    )


def _search(letter: str, name: str, short: str) -> Claim:
    return Claim(
        f"L{letter}",
        f"{short}: the isometric head",
        THIRD,
        f"{name}: the isometric head takes softmax's path with every setting as it is (largest gap "
        "of a row's log-odds)",
        f"{name}, isometric: gap",
        within(
            4e-13,
            "CG's line search interpolates between almost equal losses: it amplifies rounding.",
        )
        if name == "CG"
        else CLOSED,
        LAW,
        f"{name}, sigmoid: gap",
        "the sigmoid head, for which nothing can be mapped",
        MADE_UP,
    )


def _drawn(letter: str, name: str) -> Claim:
    return Claim(
        f"D{letter}",
        f"{name}: the same distribution",
        DRAWN,
        f"{name}, mapped, of noise of its own: means and variances of the log-odds are softmax's "
        "(largest difference, in bounds that chance exceeds once in a million)",
        f"{name}, distribution, mapped",
        within(1.0, "One bound: chance alone would exceed it once in a million runs."),
        LAW,
        f"{name}, distribution, not mapped",
        "equal rates",
        MADE_UP,
    )


def _swapped(letter: str, name: str, how: str) -> Claim:
    return Claim(
        f"W{letter}",
        f"{name}: its state is mapped",
        SWAPPED,
        f"Softmax swapped for sigmoid in mid-training, {name}'s variables taken over as {how}: "
        f"{SAME}",
        f"swap, {name}: mapped state",
        CLOSED,
        LAW,
        f"swap, {name}: fresh state",
        "an optimizer that starts anew",
        MADE_UP,
    )


BEYOND = (
    *(claim for number, each in enumerate(METHODS, 1) for claim in _of_method(number, each)),
    *(
        Claim(
            f"P{number:02}",
            f"{name}: a map",
            LOSS,
            f"{name}, mapped: {SAME}",
            f"{name}: mapped",
            CLOSED,
            LAW,
            f"{name}: not",
            control,
            MADE_UP,
        )
        for number, (name, control) in enumerate(OBJECTIVES.items(), 1)
    ),
    *(
        Claim(
            f"P{number:02}b",
            f"{name}: its condition",
            LOSS,
            f"{name}, mapped, from θ1 = −θ0: {SAME}",
            f"{name}: mapped",
            CLOSED,
            LAW,
            f"{name}: condition not met",
            "θ1 and −θ0 differ at the start",
            MADE_UP,
        )
        for number, name in enumerate(OBJECTIVES, 1)
        if name in FROM_OPPOSITE
    ),
    *(_of_optimizer(name) for name in DEFAULTS if name not in ("lamb", "adafactor")),
    Claim(
        "IM",
        "All methods map to the isometric head",
        THIRD,
        "The {methods} methods with the isometric head, mapped: every row has softmax's log-odds "
        "at every step (largest gap)",
        "methods, isometric: largest gap",
        CLOSED,
        LAW,
        "methods, not mapped: smallest gap",
        "the sigmoid head, not mapped (smallest gap)",
        MADE_UP,
    ),
    _search("a", "L-BFGS-B", "L-BFGS"),
    _search("b", "BFGS", "BFGS"),
    _search("c", "CG", "Conjugate gradients"),
    _search("d", "one norm over head and trunk", "One norm over all"),
    Claim(
        "Ia",
        "K = 4: the isometric head needs no map",
        THIRD,
        "Four classes, momentum with L2 and clipping by norm: K − 1 isometric units have the "
        "softmax head's logits at every step with every setting as it is (largest gap)",
        "K = 4, isometric: gap",
        CLOSED,
        LAW,
        "K = 4, reference coding: smallest gap",
        "θk − θ0, at the best of 25 rates",
        MADE_UP,
    ),
    Claim(
        "Ib",
        "K = 4, Adam: nothing maps",
        THIRD,
        "Four classes, Adam: no rate of the isometric head does (smallest gap of 25 rates)",
        "K = 4, Adam, isometric: smallest gap",
        OPENED,
        LAW,
        "K = 4, isometric: gap",
        "momentum, which turns with the weights",
        MADE_UP,
    ),
    Claim(
        "Z",
        "z-loss has no counterpart",
        SEARCH,
        "z-loss of the softmax head: no weight of one on the sigmoid's logit does (gap at the best "
        "of a bounded search)",
        "z-loss: gap at the best factor",
        OPENED,
        LAW,
        "z-loss: gap without one",
        "neither head has one",
        MADE_UP,
    ),
    _drawn("a", "DP-SGD"),
    _drawn("b", "SGLD"),
    _swapped("a", "sgd", "m1 − m0"),
    _swapped("b", "adam", "those of column 1"),
    _swapped("c", "adagrad", "those of column 1"),
    *(
        Claim(
            f"M{letter}",
            f"Muon: {what}",
            EDGE,
            f"Muon, mapped, {sentence} (largest gap of a row's log-odds)",
            "Muon, rate in float64, gradients 1e9 times as long",
            CLOSED,
            Source("Keras's code, and the general law"),
            control,
            told,
            MADE_UP,
        )
        for letter, what, sentence, control, told in (
            (
                "a",
                "a rate in float32 costs digits",
                "with its rate in float64 and gradients far above 1e-7",
                "Muon, rate in float32, gradients 1e9 times as long",
                "the rate in float32, as Keras has a plain number",
            ),
            (
                "b",
                "1e-7 in a norm costs digits",
                "with gradients far above 1e-7 and its rate in float64",
                "Muon, rate in float64, gradients as they are",
                "gradients as long as they are",
            ),
        )
    ),
    Claim(
        "E",
        "Lion: rounding may decide a sign",
        EDGE,
        "Lion where a true gradient is zero (a balanced design), with gradients below 1e-12 of the "
        "largest set to zero: " + SAME,
        "Lion, balanced design, mended",
        CLOSED,
        LAW,
        "Lion, balanced design, as it is",
        "gradients as they are computed",
        MADE_UP,
    ),
    *ELSEWHERE,
)
