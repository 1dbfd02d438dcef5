"""Curves, printed numbers, small training runs and timings of Keras's activation functions."""

import logging

import numpy as np
import pandas as pd

from twinhead.data.features import CLOSED_FORMS
from twinhead.experiments.activations import Settings, cost, curves, training, trunk
from twinhead.results import published
from twinhead.results.history import History

log = logging.getLogger(__name__)

# Why numbers are absent that only some rates and some machines can tell.
UNTOLD = {
    **dict.fromkeys(
        ("ReLU units dead in the end", "leaky ReLU units dead in the end"),
        "The rate is not too large, for no step raises the loss; or so large that the training "
        "diverges.",
    ),
    "time of ELU over ReLU": "The middle halves of the repeats overlap: this machine cannot "
    "tell them apart.",
    "time of sigmoid over ReLU": "The middle halves of the repeats overlap: this machine cannot "
    "tell them apart.",
}


def measure(settings: Settings) -> History:
    random = np.random.default_rng(settings.seed)  # The order of the draws is part of the numbers.
    calls = curves.functions("float64", settings.betas)
    facts = curves.facts(calls)
    log.info("%d timings of each function on %d elements", settings.repeats, settings.elements)
    timings = cost.timings(settings, random)
    numbers = curves.printed(calls) | cost.operations() | curves.formulas()
    numbers |= curves.saturation(random) | training.deep(random) | training.dying(settings)
    for row in facts.to_dict("records"):
        name = row.pop("activation")
        numbers |= {f"{what}, {name}": value for what, value in row.items()}
    counted = numbers["001: FLOPs(sigmoid): neg, exp, add, div"] / numbers["001: FLOPs(ReLU): max"]
    costs = cost.costs(timings)
    log.info("training at a rate of %g", settings.learning_rate)
    trained = training.train(settings, calls)
    numbers |= {"counted": counted, "units": settings.units}
    numbers |= cost.compare(costs, counted) | training.deaths(trained)
    numbers |= training.slowly(settings, calls) | trunk.under_either_head(random)

    history = History(dict(CLOSED_FORMS))
    history.numbers = {name: float(value) for name, value in numbers.items()}
    for article in ("001", "002", "003", "004"):
        history.numbers |= published.misses(article, "activations", history.numbers)
    history.untested = {name: why for name, why in UNTOLD.items() if name not in numbers}
    history.tables = {
        "summary": pd.DataFrame(published.beside_print("activations", history.numbers)),
        "curves": curves.curves(calls),
        "facts": facts,
        "timings": timings,
        "costs": costs,
        "training": trained,
    }
    return history
