"""Train a saved model and its twin side by side on your own rows."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from twinhead.cli.experiment import usage
from twinhead.cli.files import files_and_settings, start_keras
from twinhead.models import paths
from twinhead.runs import progress, store
from twinhead.settings import Count, Seed, Text, Values, one_of

WANT = "Use it on a model of your own"
EXIT = {"holds": 0, "not tested": 0, "fails": 1}


class Settings(Values):
    to: Annotated[str, one_of("sigmoid", "softmax", "isometric")] | None
    head: Text | None
    epochs: Count
    batch_size: Count
    seed: Seed
    outputs: Text


def main(words: Sequence[str]) -> int:
    """Compare and draw; return 1 where the twin goes elsewhere."""
    if {"-h", "--help"} & {*words}:
        print(usage("command/compare"))
        return 0
    files_expected = ("a model to read", "rows to train it on")
    (path, rows), settings = files_and_settings("compare", Settings, words, files_expected)
    paths.check_model(path)
    start_keras()
    # After Keras is set up, and with it in seconds.
    from twinhead.models import arrays, comparing, files
    from twinhead.pages import comparison, style

    model = files.load(path)
    given = arrays.read(rows, model)
    with progress.shown(sys.stderr.isatty()):
        found = comparing.compare(
            model,
            given,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            seed=settings.seed,
            head=settings.head,
            to=settings.to,
        )
    print(found)
    heads = found.swap.source, found.swap.to
    pictures = {
        "loss_curves": comparison.loss_curves(found.losses, *heads, found.at),
        "loss_gap": comparison.loss_gap(found.gaps, found.allowed, heads[1], found.at),
    }
    place = Path(settings.outputs) / "compare"
    with store.published_whole(place, path.stem) as folder:
        for name, figure in pictures.items():
            for kind in ("png", "svg"):
                style.save(figure, folder / f"{name}.{kind}", kind)
        with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["epoch", "loss", "twin_loss", "control_loss", "gap", "control_gap"])
            columns = [*found.losses.values(), *found.gaps.values()]
            table.writerows([epoch, *row] for epoch, row in enumerate(zip(*columns, strict=True)))
        (folder / "verdict.txt").write_text(f"{found}\n", encoding="utf-8")
    print(f"  pictures: {place / path.stem}")
    return EXIT[found.verdict]
