"""Two heads for two classes: one softmax of two units, one sigmoid. Swap one for the other safely.

Costs no TensorFlow: what needs it is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinhead.matching import match_sigmoid, match_softmax, translate
    from twinhead.models.converting import convert
    from twinhead.models.diagnosis import diagnose

__all__ = ["convert", "diagnose", "match_sigmoid", "match_softmax", "translate"]

# Public name -> the module that has it.
_HOMES = {
    **dict.fromkeys(("match_sigmoid", "match_softmax", "translate"), "twinhead.matching"),
    "convert": "twinhead.models.converting",
    "diagnose": "twinhead.models.diagnosis",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'twinhead' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
