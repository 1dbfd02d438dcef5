"""The algebra between the heads: weights from one another, and which setting maps how."""

from twinhead.matching.algebra import (
    contrasts,
    match_isometric,
    match_sigmoid,
    match_softmax,
    sigmoid_learning_rate,
)
from twinhead.matching.objects import settings_of
from twinhead.matching.optimizers import DEFAULTS, OPTIMIZERS, SCHEDULES, WRAPPERS
from twinhead.matching.rules import (
    ANTISYMMETRIC,
    ANYWHERE,
    CONDITIONAL,
    DISTRIBUTION,
    EXACT,
    HEADS,
    IMPOSSIBLE,
    Rule,
)
from twinhead.matching.torch_optimizers import TORCH, TORCH_DEFAULTS, TORCH_NAMES
from twinhead.matching.translation import Translation, translate

__all__ = [
    "ANTISYMMETRIC",
    "ANYWHERE",
    "CONDITIONAL",
    "DEFAULTS",
    "DISTRIBUTION",
    "EXACT",
    "HEADS",
    "IMPOSSIBLE",
    "OPTIMIZERS",
    "SCHEDULES",
    "TORCH",
    "TORCH_DEFAULTS",
    "TORCH_NAMES",
    "WRAPPERS",
    "Rule",
    "Translation",
    "contrasts",
    "match_isometric",
    "match_sigmoid",
    "match_softmax",
    "settings_of",
    "sigmoid_learning_rate",
    "translate",
]
