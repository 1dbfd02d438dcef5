"""Softmax and cross-entropy in float32 and float64, by several ways that should agree."""

import logging

import numpy as np
import pandas as pd

from twinhead.data.features import CLOSED_FORMS
from twinhead.experiments.numerics import Settings, losses, softmax
from twinhead.results.history import History
from twinhead.results.published import beside_print, misses

log = logging.getLogger(__name__)


def measure(settings: Settings) -> History:
    log.info("%d logits, %d random samples", len(settings.sizes), settings.draws)
    history = History(dict(CLOSED_FORMS))
    numbers, tables = history.numbers, history.tables
    # Every function that takes it draws from it: their order decides the numbers.
    random = np.random.default_rng(settings.seed)
    numbers |= softmax.printed() | softmax.limits() | softmax.hardmax()
    numbers |= softmax.sums(random) | losses.shapes(random)
    numbers |= losses.of_normal_logits(settings.draws, random) | losses.saturation()
    numbers |= softmax.two_classes(settings.draws, random)
    tables["shares"] = softmax.shares()
    numbers |= softmax.gains(tables["shares"])
    tables["agreement"] = losses.agreement(settings.draws, random)
    numbers |= losses.most_apart(tables["agreement"])
    tables["errors"] = losses.errors(np.array(settings.sizes))
    losses.keep_what_clipping_leaves(history)
    for article in ("001", "002", "003"):
        numbers |= misses(article, "numerics", numbers)
    numbers |= softmax.graph(random)
    tables["summary"] = pd.DataFrame(beside_print("numerics", numbers))
    return history
