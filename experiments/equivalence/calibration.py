"""Whether a probability can be taken at its word: what is said, beside how often it comes true."""

import numpy as np
import pandas as pd

BINS = 10


def reliability(p: np.ndarray, y: np.ndarray) -> pd.DataFrame:
    """Return what was said of class 1 and how often it came, in tenths of the probability.

    Args:
        p: probabilities of class 1, shape (n,).
        y: 0 and 1, shape (n,).
    Returns:
        a row for each tenth that has rows: `rows`, `said` and `came`, both means.
    """
    tenth = np.minimum((p * BINS).astype(int), BINS - 1)
    table = pd.DataFrame({"said": p.astype(np.float64), "came": y.astype(np.float64)})
    found = table.groupby(tenth).agg(
        rows=("said", "size"), said=("said", "mean"), came=("came", "mean")
    )
    return found.reset_index(drop=True)


def expected_error(table: pd.DataFrame) -> float:
    """Return the expected calibration error: |said - came|, weighted by rows."""
    return float(np.average((table["said"] - table["came"]).abs(), weights=table["rows"]))
