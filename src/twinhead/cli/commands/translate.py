"""Which settings the other head needs to be the same at every step.

Nothing is trained and nothing is written; experiment law measures what this says.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table

from twinhead.cli.composing import compose
from twinhead.cli.experiment import usage
from twinhead.errors import InputError
from twinhead.matching import IMPOSSIBLE, Translation, translate
from twinhead.settings import Count, Fraction, FromZero, Positive, Text, Values, one_of
from twinhead.training.optimizers import AnyOptimizer

WANT = "Use it on a model of your own"


class Settings(Values):
    """What can be translated besides the optimizer's own settings; None: not in use."""

    to: Annotated[str, one_of("sigmoid", "softmax")]
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
    initial_stddev: Positive | None
    C: Positive | None


def main(words: Sequence[str]) -> int:
    """Show what the other head needs; return 1 where nothing would do."""
    if {"-h", "--help"} & {*words}:
        print(usage("command/translate"))
        return 0
    given = compose("command/translate", Settings, words).model_dump()
    to, own = given.pop("to"), given.pop("optimizer")
    twice = [key for key in own if given.get(key) is not None]
    if twice:
        raise InputError(
            f"{twice[0]}: found it beside optimizer.{twice[0]}, expected the optimizer's own alone"
        )
    given = {"optimizer": own.pop("name")} | given | own
    translation = translate(given, to)
    _show(given, translation, to)
    return 1 if translation.status == IMPOSSIBLE else 0


def _show(given: Mapping[str, Any], translation: Translation, to: str) -> None:
    source = "softmax" if to == "sigmoid" else "sigmoid"
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
        before, after = given[key], translation.settings[key]
        table.add_row(key, f"{before:.6g}", f"{after:.6g}", rule.why)
    console.print(table)
    if unchanged:
        console.print(f"As they are: {', '.join(unchanged)}.")
    matched = "β = θ1 − θ0, b = b1 − b0" if to == "sigmoid" else "θ1 = β/2 = −θ0, b1 = b/2 = −b0"
    console.print(f"Start: {matched}, the same batches and masks.")
    console.print(f"[bold]{translation.status}[/]" + ("" if translation.conditions else "."))
    for condition in translation.conditions:
        console.print(f"  if {condition}", highlight=False)
