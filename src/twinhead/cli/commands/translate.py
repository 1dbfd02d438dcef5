"""Which settings the other head needs to be the same at every step.

Nothing is trained and nothing is written; experiment law measures what this says.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from rich.padding import Padding
from rich.table import Table

from twinhead.cli.composing import compose, unchecked
from twinhead.cli.experiment import usage
from twinhead.errors import InputError
from twinhead.matching import IMPOSSIBLE, TORCH, TORCH_NAMES, Translation, translate
from twinhead.runs.console import console
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
    framework: Annotated[str, one_of("keras", "torch")]
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
    shared, own = _of_torch(words)
    given = compose("command/translate", Settings, shared).model_dump()
    to, source, classes = (given.pop(key) for key in ("to", "source", "classes"))
    of_keras = given.pop("optimizer")
    if given.pop("framework") == TORCH_WORD:
        del given["learning_rate"]
    else:
        own = {"optimizer": of_keras.pop("name")} | of_keras
    given = {key: value for key, value in given.items() if value is not None}
    twice = [key for key in own if key in given]
    if twice:
        raise InputError(
            f"{twice[0]}: found it beside optimizer.{twice[0]}, expected the optimizer's own alone"
        )
    if "ema_momentum" in given:
        given["use_ema"] = True
    translation = translate(given | own, to, source, classes)
    _show(translation, to, source or ("sigmoid" if to == "softmax" else "softmax"))
    return 1 if translation.status == IMPOSSIBLE else 0


TORCH_WORD = "torch"


def _of_torch(words: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Return the words that any framework knows, and the settings that PyTorch's optimizer has.

    The second are empty for Keras. PyTorch's own names of settings are in no file of conf/.
    """
    said = dict(word.partition("=")[::2] for word in words)
    name = said.get("optimizer", "sgd").lower()
    if said.get("framework") != TORCH_WORD and not name.startswith("torch."):
        return [f"optimizer={name}" if w.startswith("optimizer=") else w for w in words], {}
    name = f"torch.{name.removeprefix('torch.')}"
    if name not in TORCH_NAMES:
        raise InputError(
            f"optimizer: found {said['optimizer']}, expected one of PyTorch's: "
            + ", ".join(TORCH_NAMES.values())
        )
    own, shared = [], [f"framework={TORCH_WORD}"]
    for word in words:
        key, _, value = word.partition("=")
        setting = "lr" if key == "learning_rate" else key.removeprefix("optimizer.")
        if setting in TORCH[name] or key.startswith("optimizer."):
            own.append(f"{setting}={value}")
        elif key not in ("optimizer", "framework"):
            shared.append(word)
    settings = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in unchecked(own).items()
    }
    return shared, {"optimizer": f"torch.{TORCH_NAMES[name]}"} | settings


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
    given, out = translation.given, console()
    say = partial(out.print, highlight=False)
    say(f"[bold]{translation.status}[/]: {given['optimizer']}, from {source} to {to}")
    for condition in translation.conditions:
        impossible = translation.settings is None
        say(Padding(f"{'because of' if impossible else 'if'} {condition}", (0, 0, 0, 2)))
    if translation.settings is None:
        say(Padding(f"instead: {translation.instead}", (0, 0, 0, 2)))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("setting", source, to, "why"):
        table.add_column(heading, no_wrap=heading != "why", overflow="fold")
    unchanged = []
    rates = ("learning_rate", "lr")
    for key in sorted(translation.rules, key=lambda key: key not in rates):
        rule = translation.rules[key]
        if rule.factor == 1 and not rule.condition and key not in rates:
            unchanged.append(key)
            continue
        cells = (_cell(each[key]) for each in (given, translation.settings))
        table.add_row(key, *cells, rule.why)
    out.print()
    say(table)
    out.print()
    if unchanged:
        say(f"As they are: {', '.join(unchanged)}.")
    if translation.trunk is not None:
        own = (f"{key} {_cell(value)}" for key, value in translation.trunk.items())
        say(f"Layers under the head keep theirs: {', '.join(own)}.")
    say(f"Start: {STARTS[source, to]}, the same batches and masks.\n")
    print("\n".join(f"  {line}" for line in translation.code))


def _cell(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
