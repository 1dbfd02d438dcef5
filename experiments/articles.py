"""Articles 001 to 004: every experiment that answers for them, and one page over all.

    python experiments/articles.py               # what `make articles` does
    python experiments/articles.py force=true    # keys that all of them have

One process, so that TensorFlow is imported once, and not at all where finished runs are found.
"""

import argparse
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from twinhead import config, runs

EXPERIMENTS = ("numerics", "gradients", "activations", "losses", "tasks")
ARTICLES = {
    "001": "Sigmoid and softmax, how they differ and what links them",
    "002": "Sigmoid and softmax in TensorFlow",
    "003": "Softmax, its derivative, and cross-entropy",
    "004": "Activation functions and loss functions",
}


def run(names: tuple[str, ...], overrides: list[str]) -> tuple[Path, int]:
    """Run the experiments, write the page, and return its path and the largest exit code."""
    experiments = [import_module(name).EXPERIMENT for name in names]
    # All are composed before the first is run: a typo costs no measurement.
    settings = [config.compose(name, overrides) for name in names]
    finished = [
        (experiment, runs.execute(experiment, each))
        for experiment, each in zip(experiments, settings, strict=True)
    ]
    page = runs.write_articles(Path(settings[0].outputs), ARTICLES, finished)
    return page, max(each.exit_code for _, each in finished)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    overrides = parser.parse_args().overrides
    codes: list[int] = []
    with config.user_errors(codes):
        page, code = run(tuple(filter(find_spec, EXPERIMENTS)), overrides)
        print(f"All articles: {page}")
        codes.append(code)
    sys.exit(max(codes, default=0))
