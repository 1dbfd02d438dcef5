"""What outliers and rare classes do to what is learnt: trainings under one loss and another."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LinearRegression, LogisticRegression, QuantileRegressor
from sklearn.metrics import accuracy_score, recall_score

DRAWS = 12
# Of the margin: the loss and its slope.
MARGIN_LOSSES = {
    "exponential": (lambda ys: np.exp(-ys), lambda ys: -np.exp(-ys)),
    "logistic": (lambda ys: np.logaddexp(0, -ys), lambda ys: -expit(-ys)),
}
# Four and a half standard deviations beyond the other class's mean, and six beside it.
OUTLIER, ITS_LABEL = (-6.0, 6.0), 1


def separated(loss: str, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the line that a margin loss fits best to labels -1 and 1: weights, bias last."""
    wide = np.column_stack([X, np.ones(len(X))]) * y[:, None]
    value, slope = MARGIN_LOSSES[loss]
    return minimize(
        lambda w: value(wide @ w).mean(),
        np.zeros(wide.shape[1]),
        jac=lambda w: wide.T @ slope(wide @ w) / len(y),
    ).x


def spoilt(rng: np.random.Generator) -> dict[str, float]:
    """Fit two clouds, and again with one outlier: how many more of their points turn out wrong."""
    y = np.where(np.arange(400) % 2, 1, -1)
    wrong: dict[str, list[list[float]]] = {loss: [] for loss in MARGIN_LOSSES}
    for _ in range(DRAWS):
        X = rng.normal(size=(len(y), 2)) + 1.5 * np.outer(y, [1, 0])
        with_outlier = np.vstack([X, OUTLIER]), np.append(y, ITS_LABEL)
        for loss, shares in wrong.items():
            fits = separated(loss, X, y), separated(loss, *with_outlier)
            shares.append([float(((X @ w[:2] + w[2]) * y <= 0).mean()) for w in fits])
    before, after = np.mean([wrong["exponential"], wrong["logistic"]], axis=1).T
    rise = after / before
    return {
        "normal points that one outlier spoils": rise[0],
        "normal points that one outlier spoils, control": rise[1],
    }


def slopes_of_lines(rng: np.random.Generator) -> dict[str, float]:
    """Fit lines by MAE and by MSE, without outliers and with a twentieth of them at one end."""
    fits = LinearRegression(), QuantileRegressor(alpha=0)
    missed = np.empty((DRAWS, 2, 2))
    for draw in missed:
        X = rng.uniform(-1, 1, (101, 1))
        y = 10 + 3 * X[:, 0] + rng.normal(0, 0.5, len(X))
        odd = y.copy()
        odd[np.argsort(X[:, 0])[-6:]] = 100
        draw[:] = [[abs(fit.fit(X, target).coef_[0] - 3) for fit in fits] for target in (y, odd)]
    clean, spoilt = missed.mean(axis=0)
    return {
        "slope missed by MAE, in MSE's": spoilt[1] / spoilt[0],
        "slope missed by MAE, in MSE's, control": clean[1] / clean[0],
    }


def rare_class(rng: np.random.Generator) -> dict[str, float]:
    """Weigh a class by how rare it is: how much more of it is found, and how much more in all."""
    (X, y), (X_new, y_new) = (_clouds(rng, rows) for rows in (2000, 20_000))
    scores = []
    for weights in (None, "balanced"):
        fit = LogisticRegression(C=np.inf, class_weight=weights).fit(X, y)
        answers = fit.predict(X_new)
        scores.append([recall_score(y_new, answers), accuracy_score(y_new, answers)])
    gained = np.subtract(*scores[::-1])
    return {
        "rare class found by weights": gained[0],
        "rare class found by weights, control": gained[1],
    }


def _clouds(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return two clouds that overlap; one row in twenty is of class 1."""
    y = (np.arange(rows) % 20 == 0).astype(int)
    return rng.normal(size=(rows, 2)) + y[:, None], y
