"""The edge of stability: up to which rate full-batch gradient descent comes nearer to the optimum.

The problem is breast cancer in two features, because in all thirty it is separable and its loss has
no minimum. Radius and texture overlap.
"""

from dataclasses import replace

import numpy as np
from scipy.linalg import eigvalsh
from sklearn.linear_model import LogisticRegression

from twinhead.data.features import split
from twinhead.data.sources import BreastCancer
from twinhead.matching import match_softmax
from twinhead.results.arm import Arm
from twinhead.steps import Steps
from twinhead.training import bank
from twinhead.training.recipe import Recipe

FEATURES, STEPS, ARMS, ROUNDS = 2, 100, 16, 3
# The control: heavy-ball momentum μ moves the edge to 2 (1 + μ) / λmax.
PLAIN, PUSHED = "", ", with momentum"
DESCENTS = {PLAIN: {"name": "sgd"}, PUSHED: {"name": "sgd", "momentum": 0.9}}


def measure(seed: int) -> dict[str, float]:
    """Return the largest stable rate of each head, with momentum and without, in 2 / λmax.

    Arms start a little off the optimum; a rate is stable if they come nearer to it. The first
    round tries four decades of rates, the next ones between the two that the edge lies between.

    Args:
        seed: of the split.
    """
    features = BreastCancer().load()
    parts = split(replace(features, X=features.X[:, :FEATURES]), 0.2, seed)
    X, y = parts.X_train.astype(np.float64), parts.y_train
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(X, y)
    beta, bias = fit.coef_.T, fit.intercept_
    p = fit.predict_proba(X)[:, 1]
    inputs = np.column_stack([X, np.ones(len(X))])
    hessian = inputs.T @ (inputs * (p * (1 - p))[:, None]) / len(X)
    # Over (theta0, theta1), as the probabilities' covariance is p(1 - p) [1 -1; -1 1].
    hessians = {"sigmoid": hessian, "softmax": np.kron([[1, -1], [-1, 1]], hessian)}

    nudge = 1e-4 * np.random.default_rng(0).standard_normal(beta.shape)

    def near_the_optimum(arm: Arm, _: int) -> tuple[np.ndarray, np.ndarray]:
        start = beta + nudge, bias
        return match_softmax(*start) if arm.head == "softmax" else start

    descent = Recipe(STEPS, batch_size=len(y))
    ways = [(head, how) for head in hessians for how in DESCENTS]
    rates = dict.fromkeys(ways, np.geomspace(0.01, 100, ARMS))
    rounds = Steps("rounds", ROUNDS)
    for _ in range(ROUNDS):
        arms = [
            Arm(f"{head}{how} {rate!r}", head, rate, 0, optimizer=how, precision="float64")
            for (head, how), tried in rates.items()
            for rate in map(float, tried)
        ]
        # Weights tell it: no part is evaluated.
        records = bank.train(
            arms, descent, parts, initial=near_the_optimum, optimizers=DESCENTS, parts=()
        )
        for head, how in ways:
            away = np.array(
                [
                    np.linalg.norm(record.logit_weights() - beta[:, 0], axis=1)
                    for record in records
                    if (record.arm.head, record.arm.optimizer) == (head, how)
                ]
            )
            stable = away[:, -1] < away[:, 0]
            last = int(stable.argmin()) - 1  # Before the first that is not.
            tried = rates[head, how]
            rates[head, how] = np.linspace(tried[last], tried[last + 1], ARMS)
        rounds.done()
    stable_rates = {way: float(tried[0]) for way, tried in rates.items()}
    limits = {head: float(2 / eigvalsh(hessians[head])[-1]) for head in hessians}
    numbers = {f"2 / λmax, {head}": limit for head, limit in limits.items()}
    for (head, how), rate in stable_rates.items():
        numbers[f"largest stable rate, {head}{how}"] = rate
        numbers[f"stable rate over 2 / λmax, {head}{how}"] = rate / limits[head]
    plain = stable_rates["softmax", PLAIN]
    for how in DESCENTS:
        in_twos = stable_rates["sigmoid", how] / plain / 2
        numbers[f"stable rates, sigmoid over softmax, in twos{how}"] = in_twos
    return numbers
