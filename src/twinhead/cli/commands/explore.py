"""Train both heads live in a page, at a rate that you move."""

from collections.abc import Sequence
from pathlib import Path

from twinhead.cli.commands.open import show
from twinhead.cli.composing import compose
from twinhead.cli.experiment import usage
from twinhead.data.features import split
from twinhead.data.sources import BreastCancer
from twinhead.disk import whole
from twinhead.pages.explorer import lesson, page
from twinhead.runs import index, store
from twinhead.settings import Text, Values

WANT = "Look"
SEEDS = (1, 2, 3)


class Settings(Values):
    outputs: Text


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(usage("command/explore"))
        return 0
    outputs = Path(compose("command/explore", Settings, words).outputs)
    features = BreastCancer(name="breast_cancer").load()
    parts = split(features, 0.2, SEEDS[0])
    text = page.page(lesson.of_rows(features.name, parts, SEEDS), {"All runs": "index.html"})
    path = outputs / "explore.html"
    with store.on_disk(outputs):
        outputs.mkdir(parents=True, exist_ok=True)
        whole.write(path, text)
        index.write(outputs)  # It is linked to.
    show(path)
    return 0
