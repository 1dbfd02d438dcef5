"""The map, a claim for every setting or two, and what stands behind it."""

from twinhead.experiments.law.cases import CASES, LONG, OPTIMUM_FEATURES, Case
from twinhead.experiments.law.claims_beyond import BEYOND, MADE_UP
from twinhead.matching import IMPOSSIBLE, translate
from twinhead.results.claim import Claim, Source, at_least, at_most, exactly, within

# An exact row may differ by rounding, and its control has to differ by what anyone would see.
CLOSED = within(
    1e-12,
    "Float64: 1e-12 is nine thousand roundings of numbers near 1, more than a training has steps.",
    derived=True,
)
CLOSED_BUT = {
    "Muon": within(
        1e-6,
        "Keras has the rate, which √2 multiplies, in float32, and adds 1e-7 to the norm that Muon "
        "divides by; claims Ma and Mb say how much is which.",
    ),
}
OPEN = 1e-3
NO_FACTOR = at_least(
    OPEN,
    "A thousandth is far above what the search leaves of a factor that exists.",
    derived=True,
)
CURVED = (
    "The gradients at which both solvers stopped, over the least curvature of the loss: as far as "
    "they can be from the optimum."
)

LAW = Source("the general law, docs/theory.md")
TUMOURS, DIGITS = "breast cancer (Wisconsin)", "scikit-learn's digits"
# A loss changes by at most as much as the log-odds: its gap is the smaller, and open all the more.
NAIVE = "the setting as somebody without the map would have it (loss gap)"
CONSERVED, MORE, LONGER, END = "What stays", "More than two classes", "Many steps", "The optimum"


def _of(number: int, case: Case) -> tuple[Claim, ...]:
    """Return the claims of one row: by its own setting and, where it has one, its condition."""
    translation = translate(case.softmax)
    if translation.status == IMPOSSIBLE:
        return ()
    same = "mapped, both heads give every row the same log-odds at every epoch"
    rule = CLOSED_BUT.get(case.name, CLOSED)
    measured = f"{case.name}: mapped"
    if not translation.conditions:
        return (
            Claim(
                f"{number:02}",
                f"{case.name}: an exact map",
                "Exact",
                f"{case.name}: {same} (largest gap, both data sets)",
                measured,
                rule,
                LAW,
                f"{case.name}: not mapped",
                NAIVE,
            ),
        )
    condition = ", and ".join(translation.conditions)
    roles = (
        ("a", "a map under", "not mapped", NAIVE),
        ("b", "no map without", "condition not met", "the condition is not met (loss gap)"),
    )
    return tuple(
        Claim(
            f"{number:02}{letter}",
            f"{case.name}: {outcome} its condition",
            "Under a condition",
            f"{case.name}: {same}, if {condition} (largest gap, both data sets)",
            measured,
            rule,
            LAW,
            f"{case.name}: {control}",
            told_apart_by,
        )
        for letter, outcome, control, told_apart_by in (roles if case.unmet else roles[:1])
    )


CLAIMS = (
    *(claim for number, case in enumerate(CASES, start=1) for claim in _of(number, case)),
    Claim(
        f"{len(CASES) + 1}",
        "Every exact setting matters",
        "Exact",
        "Every one of the {exact settings} exact settings matters: not mapped, it opens the loss "
        "gap (smallest of them)",
        "exact settings, not mapped: smallest gap",
        at_least(OPEN, "A thousandth of a nat is seen in any plot of the loss."),
        LAW,
        "exact settings, mapped: largest gap",
        "mapped (largest of them)",
    ),
    Claim(
        "I",
        "One norm over head and trunk does not map",
        "Impossible",
        "global_clipnorm over a trained layer under the head: no factor of the threshold keeps the "
        "log-odds together (gap at the best of a bounded search)",
        "global_clipnorm over a layer under the head: gap at the best factor",
        NO_FACTOR,
        LAW,
        "global_clipnorm: gap at the best factor",
        "the same search with nothing under the head, where √½ exists",
        MADE_UP,
    ),
    Claim(
        "S",
        "θ0 + θ1 stands still",
        CONSERVED,
        "θ0 + θ1 does not change wherever only gradients move the weights "
        "({trainings that only gradients move} trainings; largest change)",
        "change of θ0 + θ1",
        CLOSED,
        LAW,
        "change of θ0 + θ1, pulled",
        "under L2, weight decay, Muon's decay and Ftrl it does (smallest change)",
    ),
    Claim(
        "Ka",
        "K − 1 logits learn like K, by I + 11ᵀ",
        MORE,
        "K classes: K − 1 reference-coded logits have the loss of K softmax units at every step if "
        "their gradient is multiplied by I + 11ᵀ (K = 2, 3, 10; largest gap)",
        "K classes: gap with I + 11ᵀ",
        CLOSED,
        LAW,
        "K classes: gap with the gradient as it is",
        "the gradient as it is (smallest gap)",
        DIGITS,
    ),
    Claim(
        "Kb",
        "No single factor does for K > 2",
        MORE,
        "K = 3 and 10: no single factor of the rate does (smallest gap at the best of a bounded "
        "search)",
        "K > 2: gap at the best factor",
        NO_FACTOR,
        LAW,
        "K = 2: gap at the best factor",
        "K = 2, where 2 does",
        DIGITS,
    ),
    Claim(
        "Kc",
        "The 2 is the eigenvalue K at K = 2",
        MORE,
        "I + 11ᵀ has the eigenvalue K once and 1 else: at K = 2 it is the 2 (how many are off)",
        "eigenvalues off",
        exactly(0),
        LAW,
        data=DIGITS,
        identity="A matrix that is written down; that it trains is claim Ka.",
    ),
    Claim(
        "F",
        "Float32 loses under a rounding a step",
        LONGER,
        "Float32: after {steps in float32} steps the weights of the log-odds are apart by less "
        f"than one rounding a step (share of it, largest of {' and '.join(LONG)})",
        "float32: share of a rounding a step",
        at_most(
            "float32: two and a half random roundings",
            "All roundings one way would be 1; as random as coins they are √steps of them. The "
            "bound is two and a half times that.",
        ),
        Source("each step rounds each weight once, and convexity does not amplify it"),
        "float32: share of a rounding a step, equal rates",
        "equal rates",
        TUMOURS,
    ),
    *(
        Claim(
            f"O{letter}",
            f"The {head} ends where scikit-learn does",
            END,
            f"The {head} head's optimum is LogisticRegression's without a penalty (largest "
            "relative difference of a weight)",
            f"optimum, {head}",
            at_most(f"optimum, {head}, bound", CURVED, derived=True),
            Source("scikit-learn"),
            "optimum, penalised",
            "the optimum under a small L2",
            f"{TUMOURS}, {OPTIMUM_FEATURES} features",
        )
        for letter, head in (("a", "softmax"), ("b", "sigmoid"))
    ),
    Claim(
        "Oc",
        "C of a softmax head is 2C of a binary one",
        END,
        "The optimum of a softmax head with inverse regularisation C is that of scikit-learn's "
        "binary LogisticRegression with 2C (largest relative difference)",
        "C of the sigmoid, twice",
        at_most("C of the sigmoid, bound", CURVED, derived=True),
        Source(f"scikit-learn; {LAW}"),
        "C of the sigmoid, the same",
        "with C",
        TUMOURS,
    ),
    *BEYOND,
)
