"""What is trained on the small problem, as tables and numbers."""

import numpy as np
import pandas as pd

from twinhead.experiments.law import by_keras, methods, objectives
from twinhead.experiments.law.small import Small

Found = tuple[pd.DataFrame, dict[str, float]]


def of_methods(small: Small) -> Found:
    table = pd.DataFrame(methods.measure(small))
    found = {"methods": len(table)}
    for row in table.itertuples():
        found[f"{row.method}: sigmoid"] = row.sigmoid_gap
        found[f"{row.method}: not mapped"] = row.naive_gap
        if not np.isnan(row.unmet_gap):
            found[f"{row.method}: condition not met"] = row.unmet_gap
    found["methods, isometric: largest gap"] = float(table.isometric_gap.to_numpy().max())
    found["methods, not mapped: smallest gap"] = float(table.naive_gap.to_numpy().min())
    return table, found


def of_objectives(small: Small) -> Found:
    table = pd.DataFrame(objectives.measure(small))
    found = {"objectives": len(table)}
    for row in table.itertuples():
        found |= {f"{row.method}: mapped": row.mapped_gap, f"{row.method}: not": row.naive_gap}
        if not np.isnan(row.unmet_gap):
            found[f"{row.method}: condition not met"] = row.unmet_gap
    return table, found


def of_isometric(small: Small) -> Found:
    table = by_keras.isometric(small)
    found = {}
    for row in table.itertuples():
        found[f"isometric, {row.optimizer}: mapped"] = row.mapped_gap
        found[f"isometric, {row.optimizer}: as it is"] = row.unmapped_gap
    return table, found
