"""Which settings the other head needs to be the same at every step.

Nothing is trained and nothing is written; experiment law measures what this says.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table

from twinhead.cli.composing import compose
from twinhead.cli.experiment import usage
from twinhead.errors import InputError
from twinhead.matching import IMPOSSIBLE, Translation, translate
from twinhead.settings import (
    Count,
    Fraction,
    FromZero,
    Positive,
    Text,
    Values,
    expected,
    one_of,
    whole,
)
from twinhead.training.optimizers import AnyOptimizer

WANT = "Use it on a model of your own"


class Settings(Values):
    """What can be translated besides the optimizer's own settings; None: not in use."""

    to: Annotated[str, one_of("sigmoid", "softmax", "isometric")]
    source: Annotated[str, one_of("sigmoid", "softmax", "isometric")] | None
    classes: Annotated[int, whole(2, 10**6)]
    optimizer: AnyOptimizer
    learning_rate: Positive
    weight_decay: FromZero | None
    l2: FromZero | None
    l1: FromZero | None
    clipvalue: Positive | None
    clipnorm: Positive | None
    global_clipnorm: Positive | None
    ema_momentum: Fraction | None
    gradient_accumulation_steps: Count | None
    schedule: Text | None
    label_smoothing: Fraction | None
    dropout: Fraction | None
    trunk_learning_rate: Positive | None
    max_norm: Positive | None
    initial_stddev: Positive | None
    C: Positive | None
    l1_ratio: Annotated[float, expected("a number from 0 to 1", lambda x: 0 <= x <= 1)] | None


def main(words: Sequence[str]) -> int:
    """Show what the other head needs; return 1 where nothing would do."""
    if {"-h", "--help"} & {*words}:
        print(usage("command/translate"))
        return 0
    given = compose("command/translate", Settings, words).model_dump()
    to, source, classes = (given.pop(key) for key in ("to", "source", "classes"))
    own = given.pop("optimizer")
    given = {key: value for key, value in given.items() if value is not None}
    twice = [key for key in own if key in given]
    if twice:
        raise InputError(
            f"{twice[0]}: found it beside optimizer.{twice[0]}, expected the optimizer's own alone"
        )
    given = {"optimizer": own.pop("name")} | given | own
    translation = translate(given, to, source, classes)
    _show(translation, to, source or ("sigmoid" if to == "softmax" else "softmax"))
    return 1 if translation.status == IMPOSSIBLE else 0


# Source and target -> the weights to start with.
STARTS = {
    ("softmax", "sigmoid"): "β = θ1 − θ0, b = b1 − b0",
    ("sigmoid", "softmax"): "θ1 = β/2 = −θ0, b1 = b/2 = −b0",
    ("softmax", "isometric"): "γ = (θ1 − θ0)/√2, b likewise (match_isometric)",
    ("isometric", "softmax"): "θ1 = γ/√2 = −θ0, b likewise (match_softmax)",
    ("sigmoid", "isometric"): "γ = β/√2, b likewise",
    ("isometric", "sigmoid"): "β = √2 γ, b likewise",
}


def _show(translation: Translation, to: str, source: str) -> None:
    given = translation.given
    console = Console(width=None if Console().is_terminal else 120)
    if translation.settings is None:
        console.print(f"{given['optimizer']}, from {source} to {to}: [bold]{translation.status}[/]")
        for reason in translation.conditions:
            console.print(f"  because of {reason}", highlight=False)
        return
    table = Table(title=f"{given['optimizer']}: from {source} to {to}", title_justify="left")
    for heading in ("setting", source, to, "why"):
        table.add_column(heading, no_wrap=heading != "why", overflow="fold")
    unchanged = []
    for key, rule in translation.rules.items():
        if rule.factor == 1 and not rule.condition and key != "learning_rate":
            unchanged.append(key)
            continue
        cells = (_cell(each[key]) for each in (given, translation.settings))
        table.add_row(key, *cells, rule.why)
    console.print(table)
    if unchanged:
        console.print(f"As they are: {', '.join(unchanged)}.")
    if translation.trunk is not None:
        own = (f"{key} {_cell(value)}" for key, value in translation.trunk.items())
        console.print(f"Layers under the head keep theirs: {', '.join(own)}.", highlight=False)
    console.print(f"Start: {STARTS[source, to]}, the same batches and masks.")
    console.print(f"[bold]{translation.status}[/]" + ("" if translation.conditions else "."))
    for condition in translation.conditions:
        console.print(f"  if {condition}", highlight=False)


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
