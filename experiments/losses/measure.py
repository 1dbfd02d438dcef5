"""Regression losses, margin losses and cross-entropies, each held against what it must be."""

import logging

import numpy as np
import pandas as pd
from scipy.optimize import bisect
from scipy.stats import bernoulli, entropy

from twinhead.data.features import CLOSED_FORMS
from twinhead.experiments.losses import Settings, entropies, margins, outliers, regression
from twinhead.results import published
from twinhead.results.history import History
from twinhead.training.backend import keras

log = logging.getLogger(__name__)


def measure(settings: Settings) -> History:
    history = History(CLOSED_FORMS | {"name": "closed forms, a made-up sample and breast cancer"})
    rng = np.random.default_rng(settings.seed)  # The order of the draws is part of the numbers.
    log.info("regression: the constant that each loss prefers")
    constants = regression.constants(settings, rng)
    numbers = regression.centres(constants, settings) | regression.formulas(rng)
    log.info("margin losses")
    numbers |= margins.margins() | margins.support_vectors()
    log.info("cross-entropies")
    for part in (entropies.names, entropies.divergences, entropies.weights, regression.capacity):
        numbers |= part(rng)
    log.info("trainings with outliers, and with a rare class")
    numbers |= entropies.order(rng)
    for part in (outliers.spoilt, outliers.slopes_of_lines, outliers.rare_class):
        numbers |= part(rng)
    numbers |= regression.bases(rng) | margins.hinge_or_entropy(rng)
    numbers |= entropies.log_losses()
    numbers |= _printed(numbers["lowest score"], numbers["highest score"])
    history.numbers = {name: float(value) for name, value in numbers.items()}
    history.numbers |= published.misses("004", "losses", history.numbers)
    history.tables = {
        "summary": pd.DataFrame(published.beside_print("losses", history.numbers)),
        "constants": constants,
        "margins": margins.table(),
        "soft_label": entropies.soft_label(),
    }
    return history


def _printed(lowest: float, highest: float) -> dict[str, float]:
    """Return the results that article 004 prints about losses, measured here; of scores, these."""
    losses, sure = keras.losses, 1000.0
    hinge = margins.LOSSES["hinge"]
    edge = bisect(lambda ys: 1.0 if margins.values(hinge, [ys])[0] > 0 else -1.0, -5, 5, xtol=1e-12)
    of_two = losses.binary_crossentropy([0.0, 1.0], np.array([-sure, sure]), from_logits=True)
    of_three = losses.categorical_crossentropy(np.eye(3), sure * np.eye(3), from_logits=True)
    found = {
        "binary cross-entropy of a perfect prediction": of_two,
        "lower end of the range of s": lowest,
        "upper end of the range of s": highest,
        "smallest ys with hinge loss 0 (first statement)": edge,
        "smallest ys with hinge loss 0 (sparsity statement)": edge,
        "hinge loss beyond the margin": margins.values(hinge, np.linspace(1, 10, 91)).max(),
        "multi-class cross-entropy of a perfect prediction": np.max(of_three),
        "KL(p | q) for identical p and q": entropy([0.2, 0.3, 0.5], [0.2, 0.3, 0.5]),
        "values of a Bernoulli variable[0]": bernoulli(0.3).support()[0],
        "values of a Bernoulli variable[1]": bernoulli(0.3).support()[1],
        "lim s->inf of the softmax loss": margins.values(margins.softmax_loss, [sure])[0],
        "log loss of a perfect model": -bernoulli.logpmf([0, 1], [0, 1]).mean(),
    }
    return {f"004: {quantity}": value for quantity, value in found.items()}
