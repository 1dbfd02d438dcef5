"""Run the article's experiment on its features and on real data.

twinhead reproduce               # what `make reproduce` does
twinhead reproduce force=true    # keys as in twinhead equivalence --help, but for data=

On breast cancer with learning_rate=0.03 repeats=20.
"""

from collections.abc import Sequence

from twinhead.cli import several
from twinhead.errors import InputError

WANT = "Reproduce"
# The article's own last: its answer ends the output, and outputs/equivalence/latest is its run.
# Breast cancer has 455 rows to train on: in five epochs of the article's rate nothing is learnt,
# and splits and masks do so much that five seeds leave an interval of a factor 15.
DATA = {"breast_cancer": ["learning_rate=0.03", "repeats=20"], "catdog": []}


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(__doc__)
        return 0
    for word in words:
        if word.startswith("data="):
            raise InputError(
                f"data: found {word}, expected none, for it is {' and '.join(DATA)} here; "
                f"for other data: twinhead equivalence {word}"
            )
    runs = several.run(
        [("equivalence", [f"data={data}", *own, *words]) for data, own in DATA.items()]
    )
    return max(run.exit_code for run in runs)
