"""Heads for two classes: a softmax of two units, a sigmoid, an isometric one. Swap them safely.

Costs no TensorFlow: what needs it is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinhead.matching import match_isometric, match_sigmoid, match_softmax, translate
    from twinhead.models.converting import convert
    from twinhead.models.diagnosis import diagnose
    from twinhead.training.isometric import Isometric

# Public name -> the module that has it.
_HOMES = {
    "Isometric": "twinhead.training.isometric",
    "convert": "twinhead.models.converting",
    "diagnose": "twinhead.models.diagnosis",
    "match_isometric": "twinhead.matching",
    "match_sigmoid": "twinhead.matching",
    "match_softmax": "twinhead.matching",
    "translate": "twinhead.matching",
}
__all__ = [
    "Isometric",
    "convert",
    "diagnose",
    "match_isometric",
    "match_sigmoid",
    "match_softmax",
    "translate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'twinhead' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
