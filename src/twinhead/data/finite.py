"""Whether features are numbers that can be trained on."""

import numpy as np


def not_finite(X: np.ndarray) -> tuple[int, tuple[int, int] | None]:
    """Return how many values are NaN or infinite, and where the first is."""
    # One sum tells whether there is anything to look for, without a mask as large as X.
    with np.errstate(over="ignore", invalid="ignore"):
        clean = np.isfinite(X.sum(dtype=np.float64))
    if clean:
        return 0, None
    bad = np.argwhere(~np.isfinite(X))
    return len(bad), (int(bad[0][0]), int(bad[0][1])) if len(bad) else None


def not_finite_in(source: object, count: int, row: int, column: int) -> str:
    return (
        f"{source}: `train` holds {count} value(s) that are NaN, infinite or too large for "
        f"float32, the first at row {row}, column {column}; expected finite numbers"
    )
