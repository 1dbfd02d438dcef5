"""Swap one head for the other: which settings give the same function at every step.

    python experiments/translate.py optimizer=adamw optimizer.weight_decay=0.01 clipnorm=1
    python experiments/translate.py to=softmax optimizer=sgd learning_rate=0.1 l2=1e-4

Nothing is trained and nothing is written; experiment law measures what this says.
"""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from twinhead import config
from twinhead.errors import InputError
from twinhead.matching import Translation, translate


@dataclass(frozen=True)
class Told:
    exit_code: int = 0


def run(settings: config.Translate) -> Told:
    given = config.as_dict(settings)
    to = given.pop("to")
    own = given.pop("optimizer")
    twice = [key for key in own if given.get(key) is not None]
    if twice:
        raise InputError(
            f"{twice[0]}: found it beside optimizer.{twice[0]}, expected the optimizer's own alone"
        )
    given = {"optimizer": own.pop("name")} | given | own
    _show(given, translate(given, to), to)
    return Told()


def _show(given: dict, translation: Translation, to: str) -> None:
    source = "softmax" if to == "sigmoid" else "sigmoid"
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
    console = Console(width=None if Console().is_terminal else 120)
    console.print(table)
    if unchanged:
        console.print(f"As they are: {', '.join(unchanged)}.")
    matched = "β = θ1 − θ0, b = b1 − b0" if to == "sigmoid" else "θ1 = β/2 = −θ0, b1 = b/2 = −b0"
    console.print(f"Start: {matched}, the same batches and masks.")
    console.print(f"[bold]{translation.status}[/]" + ("" if translation.conditions else "."))
    for condition in translation.conditions:
        word = "because of" if translation.status == "impossible" else "if"
        console.print(f"  {word} {condition}", highlight=False)


if __name__ == "__main__":
    config.launch("translate", run)
