"""Measure what articles 001 to 004 say, on one page.

twinhead articles               # what `make articles` does
twinhead articles force=true    # keys that all of its experiments have
"""

from collections.abc import Sequence

from twinhead.cli import several
from twinhead.runs.console import say

WANT = "Reproduce"
EXPERIMENTS = ("numerics", "gradients", "activations", "losses", "tasks")
ARTICLES = {
    "001": "Sigmoid and softmax, how they differ and what links them",
    "002": "Sigmoid and softmax in TensorFlow",
    "003": "Softmax, its derivative, and cross-entropy",
    "004": "Activation functions and loss functions",
}


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(__doc__)
        return 0
    runs = several.run([(name, words) for name in EXPERIMENTS])
    from twinhead.runs import articles  # With Matplotlib: not to refuse a word.

    say(f"All articles: {articles.write(ARTICLES, runs)}")
    return max(run.exit_code for run in runs)
