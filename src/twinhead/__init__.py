"""Heads for two classes: a softmax of two units, a sigmoid, an isometric one. Swap them safely.

Costs no TensorFlow: what needs it is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinhead.matching import match_isometric, match_sigmoid, match_softmax, translate
    from twinhead.training.isometric import Isometric

__all__ = ["Isometric", "match_isometric", "match_sigmoid", "match_softmax", "translate"]

# Public name -> the module that has it.
_HOMES = {
    **dict.fromkeys(("match_isometric", "match_sigmoid", "match_softmax"), "twinhead.matching"),
    "translate": "twinhead.matching",
    "Isometric": "twinhead.training.isometric",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'twinhead' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
