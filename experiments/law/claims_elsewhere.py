"""Claims about other libraries, and about what has no counterpart."""

from twinhead.experiments.law.cases import TORCH_RUNS
from twinhead.results.claim import Claim, Rule, Source, at_least, at_most, within

LAW = Source("the general law, docs/theory.md")
CLOSED = within(1e-12, "Float64: 1e-12 is nine thousand roundings of numbers near 1.", derived=True)
OPENED = at_least(1e-3, "A thousandth is far above rounding, and is seen in a plot.", derived=True)
MADE_UP = "96 rows drawn from a normal distribution"
SAME = "every row has the same log-odds at every step (largest gap)"
SEARCH = "Impossible"

# Where more than float64's roundings are left, and why.
LEFT: dict[str, Rule] = {
    "torch.LBFGS": within(
        3e-10, "It divides by differences of gradients, which amplifies rounding."
    ),
    "XGBoost": within(4e-6, "XGBoost sums and stores leaves in float32."),
    "torch.Muon": at_most(
        "torch.Muon: roundings",
        "PyTorch finds its direction in bfloat16, by fifteen products of matrices each of which "
        "rounds it: of every step's way so many roundings, all of them one way.",
    ),
    "scikit-learn, temperature": within(2e-11, "The solver stops at a gradient, not at zero."),
}


def _elsewhere(letter: str, name: str, group: str, told: str) -> Claim:
    its_version = " {XGBoost}" if name == "XGBoost" else ""
    return Claim(
        letter,
        f"{name}: a map",
        group,
        f"{name}{its_version}: softmax over two classes and one logit, its settings mapped: {SAME}"
        if "temp" not in name
        else "Temperature scaling: T of [−x, x] is twice that of x (relative difference)",
        f"{name}: mapped",
        LEFT.get(name, CLOSED),
        LAW,
        f"{name}: not mapped",
        told,
        MADE_UP,
    )


ELSEWHERE = (
    *(
        Claim(
            f"X{letter}",
            f"{name}: no counterpart",
            SEARCH,
            f"{sentence} (smallest gap of a row's log-odds, of {tries})",
            number,
            OPENED,
            LAW,
            control,
            told,
            MADE_UP,
        )
        for letter, name, sentence, tries, number, control, told in (
            (
                *("a", "Weights from zero on"),
                "Keras's NonNeg on the softmax head's weights: no rate of the sigmoid does, with "
                "the constraint or without",
                *("33 rates each", "non_negative: smallest gap", "no constraint: smallest gap"),
                "the same search without a constraint, which finds twice the rate",
            ),
            (
                *("b", "Weights of length one"),
                "Keras's UnitNorm on the softmax head's columns: no rate of the sigmoid does, with "
                "the constraint or without",
                *("33 rates each", "unit_norm: smallest gap", "no constraint: smallest gap"),
                "the same search without a constraint, which finds twice the rate",
            ),
            (
                *("c", "torch.RAdam, isometric"),
                "torch.RAdam: no rate of the isometric head does, for its first steps are "
                "gradients and its later ones are not",
                *("17 rates", "torch.RAdam, isometric: smallest gap"),
                *("torch.Adam, isometric: gap", "torch.Adam, mapped to the isometric head"),
            ),
            (
                *("d", "torch.LBFGS, sigmoid to isometric"),
                "torch.LBFGS: no rate takes the isometric head along the sigmoid's path, for only "
                "a first step of more than 1 is made shorter",
                *("17 rates", "torch.LBFGS, sigmoid to isometric: smallest gap"),
                *("torch.Adam, isometric: gap", "torch.Adam, mapped to the isometric head"),
            ),
            (
                *("e", "One rate for all layers"),
                "scikit-learn's MLPClassifier with a hidden layer has one rate for all: none makes "
                "its logit the log-odds of a softmax pair",
                *("25 rates", "scikit-learn, one rate for all layers: smallest gap"),
                "scikit-learn, one rate for all layers: gap with two",
                "the head at twice the layer's rate, in NumPy",
            ),
        )
    ),
    *(
        _elsewhere(f"T{letter}", f"torch.{name}", "PyTorch", "equal rates, or twice an equal one")
        for letter, name in zip("abcdefghijklmno", TORCH_RUNS, strict=True)
    ),
    _elsewhere("Ba", "XGBoost", "Boosters", "eta twice as large"),
    _elsewhere("Bb", "LightGBM", "Boosters", "the rate twice as large"),
    _elsewhere("Of", "scikit-learn, SGDClassifier", "scikit-learn", "the rate as it is"),
    _elsewhere("Og", "scikit-learn, MLPClassifier", "scikit-learn", "the rate as it is"),
    _elsewhere("Oe", "scikit-learn, temperature", "The optimum", "T of [−x, x] taken for T of x"),
)
