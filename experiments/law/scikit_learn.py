"""scikit-learn's own trainings: SGDClassifier, MLPClassifier, and temperature scaling."""

import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier

from twinhead.experiments.law.small import Small
from twinhead.matching import match_sigmoid, translate

RATE, L2 = 0.1, 0.02
EPOCHS, STEPS, UNITS = 2, 40, 4
RATES = RATE * np.geomspace(0.5, 4, 25)


def measure(small: Small) -> dict[str, float]:
    """Return the gaps of each to a softmax pair in NumPy, mapped and not."""
    return _by_rows(small) | _whole(small) | _over_a_layer(small) | _temperature(small)


def _settings() -> dict[str, float]:
    """Return rate and L2 of the sigmoid head."""
    given = {"optimizer": "sgd", "learning_rate": RATE, "l2": L2}
    return translate(given).settings


def _by_rows(small: Small) -> dict[str, float]:
    """SGDClassifier: a row a step, in their order. Its alpha is twice an l2."""
    gradient, theta = small.gradient("softmax"), small.start("softmax")
    beta, mapped = match_sigmoid(theta), _settings()
    for row in [*range(len(small.y))] * EPOCHS:
        theta = theta - RATE * (gradient(theta, np.array([row])) + 2 * L2 * theta)

    def gap(rate: float) -> float:
        fit = SGDClassifier(
            loss="log_loss",
            alpha=2 * mapped["l2"],
            learning_rate="constant",
            eta0=rate,
            fit_intercept=False,
            shuffle=False,
            max_iter=EPOCHS,
            tol=None,
        ).fit(small.X, small.y, coef_init=beta.T)
        return float(np.abs(small.X @ fit.coef_[0] - gradient.odds(theta)).max())

    name = "scikit-learn, SGDClassifier"
    return {f"{name}: mapped": gap(mapped["learning_rate"]), f"{name}: not mapped": gap(RATE)}


def _network(small: Small, units: tuple[int, ...], rate: float, alpha: float) -> MLPClassifier:
    """Return a network of scikit-learn's that takes plain steps on all rows; drawn, no more."""
    return MLPClassifier(
        units,
        activation="tanh",
        solver="sgd",
        momentum=0.0,
        learning_rate_init=rate,
        alpha=alpha,
        batch_size=len(small.y),
        shuffle=False,
        random_state=small.seed % 2**31,
    ).partial_fit(small.X[:, :-1], small.y, classes=[0, 1])


def _whole(small: Small) -> dict[str, float]:
    """MLPClassifier without a hidden layer: all rows a step. Its alpha is a row's share of l2s."""
    gradient, theta = small.gradient("softmax"), small.start("softmax")
    beta, mapped = match_sigmoid(theta), _settings()
    rows, pulled = np.arange(len(small.y)), np.ones_like(theta)
    pulled[-1] = 0  # Its bias is not.
    for _ in range(STEPS):
        theta = theta - RATE * (gradient(theta, rows) + 2 * L2 * theta * pulled)

    def gap(rate: float) -> float:
        fit = _network(small, (), rate, 2 * mapped["l2"] * len(rows))
        fit.coefs_[0][:], fit.intercepts_[0][:] = beta[:-1], beta[-1]
        for _ in range(STEPS):
            fit.partial_fit(small.X[:, :-1], small.y)
        odds = small.X @ np.append(fit.coefs_[0][:, 0], fit.intercepts_[0])
        return float(np.abs(odds - gradient.odds(theta)).max())

    name = "scikit-learn, MLPClassifier"
    return {f"{name}: mapped": gap(mapped["learning_rate"]), f"{name}: not mapped": gap(RATE)}


def _over_a_layer(small: Small) -> dict[str, float]:
    """MLPClassifier has one rate for all layers: with a hidden one no rate does."""
    generator = np.random.default_rng(small.seed + 4)
    layer = generator.normal(size=(small.X.shape[1], UNITS)) / 2
    theta = generator.normal(size=(UNITS + 1, 2)) / 2
    rows = len(small.y)

    def descent(w: np.ndarray, ratio: float) -> np.ndarray:
        """Return the last log-odds of a head of two columns or one, and a layer at RATE."""
        under, labels = layer, np.eye(2)[small.y][:, -w.shape[1] :]
        for _ in range(STEPS + 1):
            hidden = np.hstack([np.tanh(small.X @ under), np.ones((rows, 1))])
            z = hidden @ w
            odds = z[:, -1] - (z[:, 0] if w.shape[1] == 2 else 0)
            p = 1 / (1 + np.exp(-odds))
            slope = (np.stack([1 - p, p], axis=1)[:, -w.shape[1] :] - labels) / rows
            own = hidden.T @ slope
            below = small.X.T @ (slope @ w[:-1].T * (1 - hidden[:, :-1] ** 2))
            w, under = w - ratio * RATE * own, under - RATE * below
        return odds

    softmax, beta = descent(theta, 1), match_sigmoid(theta)

    def gap(rate: float) -> float:
        fit = _network(small, (UNITS,), rate, 0.0)
        for own, start in zip(fit.coefs_, (layer[:-1], beta[:-1]), strict=True):
            own[:] = start
        for own, start in zip(fit.intercepts_, (layer[-1], beta[-1]), strict=True):
            own[:] = start
        for _ in range(STEPS):
            fit.partial_fit(small.X[:, :-1], small.y)
        hidden = np.tanh(small.X[:, :-1] @ fit.coefs_[0] + fit.intercepts_[0])
        odds = (hidden @ fit.coefs_[1] + fit.intercepts_[1])[:, 0]
        return float(np.abs(odds - softmax).max())

    name = "scikit-learn, one rate for all layers"
    return {
        f"{name}: smallest gap": min(map(gap, RATES)),
        f"{name}: gap with two": float(np.abs(descent(beta, 2) - softmax).max()),
    }


def _temperature(small: Small) -> dict[str, float]:
    """Temperature scaling of [−x, x], as scikit-learn does it: its T is twice the sigmoid's."""
    odds = 3 * small.gradient("sigmoid").odds(small.start("sigmoid"))

    def inverse(logits: np.ndarray) -> float:
        """Return 1/T that fits best: the one weight of a regression without a bias."""
        fit = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-12, max_iter=1000)
        return float(fit.fit(logits[:, None], small.y).coef_[0, 0])

    # softmax([−x, x] / T) is σ(2x / T).
    own, both = inverse(odds), inverse(2 * odds)
    return {
        "scikit-learn, temperature: mapped": abs(own / (2 * both) - 1),
        "scikit-learn, temperature: not mapped": abs(own / both - 1),
    }
