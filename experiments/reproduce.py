"""The main job: the article's experiment on its own features, or their surrogate, and on real data.

    python experiments/reproduce.py                # what `make reproduce` does
    python experiments/reproduce.py force=true     # keys of conf/experiment/equivalence.yaml

One process, so that TensorFlow is imported once, and not at all where finished runs are found.
"""

import argparse
import sys
from pathlib import Path

from equivalence import EXPERIMENT

from twinhead import config, runs

DATA = ("catdog", "breast_cancer")

if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    overrides = parser.parse_args().overrides
    if any(word.startswith("data=") for word in overrides):
        parser.error(f"data= is {' and '.join(DATA)} here; for others use equivalence.py data=...")
    codes: list[int] = []
    with config.user_errors(codes):
        # All are composed before the first is run: a typo costs no training.
        jobs = [config.compose("equivalence", [f"data={data}", *overrides]) for data in DATA]
        codes += [runs.execute(EXPERIMENT, settings).exit_code for settings in jobs]
        page = Path(jobs[0].outputs) / runs.ARTICLES_PAGE
        if page.exists():
            print(f"Articles 001 to 004: {page}")
    sys.exit(max(codes, default=0))
