"""One trained head, kept in several ways: which rows it ties, and which change places."""

import numpy as np
import pandas as pd

from twinhead.experiments.precision.cases import FORMS, PRECISIONS, SCORES, SMALL_PART
from twinhead.matching import match_sigmoid, match_softmax
from twinhead.training.backend import keras, tf

MOST = 1000  # Rows: pairs go with their square.


def scored(theta: np.ndarray, bias: np.ndarray, X: np.ndarray, common: float) -> pd.DataFrame:
    """Return the shares of pairs of rows that are tied and reversed, by precision, form and score.

    Beside the order that the same function has in float64, which ties none of these pairs.

    Args:
        theta, bias: of a softmax head, shapes (d, 2) and (2,).
        X: features, of which the first rows are taken.
        common: what the columns of the first form have in common; of the second, SMALL_PART of it.
    """
    X = X[:MOST].astype(np.float64)
    beta, b = match_sigmoid(theta, bias)
    centred, middle = match_softmax(beta, b)
    little = SMALL_PART * common
    forms = dict(
        zip(
            FORMS,
            (
                (centred + common, middle + common),
                (centred + little, middle + little),
                (centred, middle),
                (beta, b),
            ),
            strict=True,
        )
    )
    exact = (X @ beta + b)[:, 0]
    rows = []
    for precision in PRECISIONS:
        dtype = tf.as_dtype(precision)
        for form, weights in forms.items():
            # In Keras's own functions, and every number between them in this precision.
            kernel, offset = (tf.cast(each, dtype) for each in weights)
            z = tf.matmul(tf.cast(X, dtype), kernel) + offset
            two = form != "one column"
            scores = {
                "log-odds": z[:, 1] - z[:, 0] if two else z[:, 0],
                "probability": keras.ops.softmax(z)[:, 1] if two else keras.ops.sigmoid(z)[:, 0],
            }
            for score in SCORES:
                row = {"precision": precision, "form": form, "score": score}
                rows.append(row | disorder(tf.cast(scores[score], tf.float64).numpy(), exact))
    return pd.DataFrame(rows)


def disorder(scores: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Return how many pairs `exact` tells apart, and which shares of them are tied or reversed."""
    one, other = np.triu_indices(len(exact), 1)
    truth = np.sign(exact[one] - exact[other])
    said = np.sign(scores[one] - scores[other])[truth != 0]
    truth = truth[truth != 0]
    return {
        "pairs": len(truth),
        "tied": float((said == 0).mean()),
        "reversed": float((said == -truth).mean()),
    }
