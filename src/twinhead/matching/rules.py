"""How one setting maps: what it is measured in decides its factor, for every pair of heads.

From θ1 = −θ0 a softmax head has the weight w = θ1 and the gradient g in one column, and −w and −g
in the other. The sigmoid head has 2w and g, the isometric one √2 w and √2 g. A setting that is
measured in weights, in gradients or in lengths over both columns maps as these do.
"""

import math
from dataclasses import dataclass

# What can be said of a setting: the same function at every step; only if a condition is met; the
# same distribution of functions, draw by draw of other numbers; not by any number.
EXACT, CONDITIONAL, DISTRIBUTION, IMPOSSIBLE = (
    *("exact", "conditional", "exact in distribution", "impossible"),
)
HEADS = ("sigmoid", "softmax", "isometric")

# Conditions. They suffice; that they are needed is shown by examples, not for every combination.
OPPOSITE = "the softmax head starts with θ1 = −θ0"
ANTISYMMETRIC = f"{OPPOSITE} and b1 = −b0, as match_softmax gives it"
SIGNS = "θ1 and θ0 have opposite signs throughout, as from θ1 = −θ0"
ZERO_SUM = "the columns of the softmax head start with the sum zero"
# What match_softmax gives, and what a head of one unit per contrast has no second column for.
OF_SOFTMAX = {OPPOSITE, ANTISYMMETRIC, SIGNS, ZERO_SUM}
NOT_ZERO = "neither kernel nor bias starts at zero"
SOME_GRADIENT = "no gradient is zero but for rounding, the sign of which would decide the step"
LONG_GRADIENTS = "gradients are long beside the 1e-7 that Keras adds to their length"
LONG_WEIGHTS = "columns of weights are long beside the 1e-7 that Keras adds to their length"


@dataclass(frozen=True)
class Rule:
    """How one setting maps: the other head's value is `factor` times this one's.

    Attributes:
        condition: what has to be true for that; empty where it always is.
    """

    factor: float
    why: str
    condition: str = ""


@dataclass(frozen=True)
class Setting:
    """What a setting is measured in, as powers.

    Attributes:
        weight, gradient: of one column's weight and of its gradient.
        columns: of √2, the length of two columns beside the length of one.
        conditions: what has to be true, of OF_SOFTMAX or whatever the heads.
    """

    why: str
    weight: float = 0
    gradient: float = 0
    columns: float = 0
    conditions: tuple[str, ...] = ()

    def factor(self, source: str, to: str) -> float:
        """Return by what the source's value is multiplied."""
        halves = {
            "softmax": 0.0,
            "sigmoid": 2 * self.weight - self.columns,
            "isometric": self.weight + self.gradient - self.columns,
        }
        return math.sqrt(2.0 ** (halves[to] - halves[source]))  # Exact for whole powers of 2.


TWICE = Setting(
    "Every weight moves by the history of its own gradient, and by the opposite for the opposite "
    "history: the rate is measured in weights. θ1 − θ0 moves twice as far as one column.",
    weight=1,
)
GRADIENT_STEP = Setting(
    "A step is the rate times a gradient. θ1 − θ0 moves twice as far as one column; the isometric "
    "head's weight and gradient have both grown by √2.",
    weight=1,
    gradient=-1,
)
SAME = Setting("It acts on gradients or steps alike, whatever their size.")
HALF = Setting(
    "It pulls in proportion to the weight, beside a gradient: β is twice as large as each of θ1 "
    "and −θ0 that it is made of.",
    weight=-1,
    gradient=1,
)
PULL_ONE = Setting(
    "The pull is as large for each of θ1, −θ0 and β as long as they have one sign (with θ1 and θ0 "
    "of one sign SGD moves both alike, and the sigmoid's is zero).",
    gradient=1,
    conditions=(SIGNS,),
)
OF_GRADIENT = Setting("It stands beside a gradient, and is measured in gradients.", gradient=1)
OF_SQUARE = Setting("It stands beside a squared gradient.", gradient=2)
NORM = Setting(
    "The softmax head's gradient [−g, g] is √2 times as long as the sigmoid's g, and as long as "
    "the isometric head's. A layer under the head keeps its own.",
    gradient=1,
    columns=1,
)
LENGTH = Setting(
    "It bounds the length of one column of weights, and β is twice as long.",
    weight=1,
    conditions=(OPPOSITE, LONG_WEIGHTS),
)
REACHED = "the optimum is reached"

# Whatever the optimizer.
ANYWHERE: dict[str, Setting] = {
    "l2": HALF,
    "l1": PULL_ONE,
    "clipvalue": OF_GRADIENT,
    "clipnorm": NORM,
    "global_clipnorm": NORM,
    "label_smoothing": Setting("Both losses move the labels by as much towards one half."),
    **dict.fromkeys(("class_weight", "sample_weight"), Setting("They multiply all losses alike.")),
    "dropout": Setting("All heads lose the same inputs, given the same masks."),
    "schedule": Setting("The factor of the rate holds at every step, so the curve keeps its form."),
    **dict.fromkeys(("warmup_steps", "decay_steps"), SAME),
    **dict.fromkeys(("use_ema", "ema_momentum", "ema_overwrite_frequency"), SAME),
    **dict.fromkeys(("gradient_accumulation_steps", "loss_scale_factor"), SAME),
    **dict.fromkeys(
        ("trunk_learning_rate", "trunk"),
        Setting("Layers under the head are given the same gradient by all heads, and keep theirs."),
    ),
    **dict.fromkeys(("max_norm", "min_norm"), LENGTH),
    "constraint_rate": SAME,
    **dict.fromkeys(("non_negative", "unit_norm"), SAME),
    "initial_stddev": Setting(
        "θ1 − θ0 has twice the variance of θ1; Glorot's rule gives β about half that.",
        weight=1,
        columns=1,
        conditions=("the weights are drawn from a normal distribution",),
    ),
    "C": Setting(
        "Inverse regularisation as in scikit-learn: at the optimum ‖θ0‖² + ‖θ1‖² is half of ‖β‖², "
        "and |θ0| + |θ1| is |β|.",
        weight=1,
        gradient=-1,
        conditions=(REACHED,),
    ),
    "l1_ratio": Setting("C weighs two pulls that map differently.", conditions=(REACHED,)),
    "penalty": SAME,
}
