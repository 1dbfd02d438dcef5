"""All rows of the law in one table: what is in docs/law.csv, and in the theory's map."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from twinhead.experiments.law.cases import TORCH_RUNS
from twinhead.matching import CONDITIONAL, DISTRIBUTION, EXACT, IMPOSSIBLE, translate

COLUMNS = ["setting", "status", "factors", "mapped", "naive", "unmet"]
# What an edge or an impossible row is called -> the number that it is closed by, if any, and the
# one that it is left open by.
OTHERS = {
    "swap, sgd: state": (EXACT, "swap, sgd: mapped state", "swap, sgd: fresh state"),
    "swap, adam: state": (EXACT, "swap, adam: mapped state", "swap, adam: fresh state"),
    "swap, adagrad: state": (EXACT, "swap, adagrad: mapped state", "swap, adagrad: fresh state"),
    **{
        f"{name}, distribution": (
            DISTRIBUTION,
            f"{name}, distribution, mapped",
            f"{name}, distribution, not mapped",
        )
        for name in ("DP-SGD", "SGLD")
    },
    "Lion on a balanced design": (
        CONDITIONAL,
        "Lion, balanced design, mended",
        "Lion, balanced design, as it is",
    ),
    "Muon, rate in float32": (
        CONDITIONAL,
        "Muon, rate in float64, gradients 1e9 times as long",
        "Muon, rate in float32, gradients 1e9 times as long",
    ),
    "Muon, 1e-7 in a norm": (
        CONDITIONAL,
        "Muon, rate in float64, gradients 1e9 times as long",
        "Muon, rate in float64, gradients as they are",
    ),
    **{
        f"isometric by {name}": (EXACT, f"{name}, isometric: gap", f"{name}, sigmoid: gap")
        for name in ("L-BFGS-B", "BFGS", "CG", "one norm over head and trunk")
    },
    "isometric, K = 4, momentum": (
        EXACT,
        "K = 4, isometric: gap",
        "K = 4, reference coding: smallest gap",
    ),
    "isometric, K = 4, Adam": (IMPOSSIBLE, "", "K = 4, Adam, isometric: smallest gap"),
    "z-loss": (IMPOSSIBLE, "", "z-loss: gap at the best factor"),
    "non_negative": (IMPOSSIBLE, "", "non_negative: smallest gap"),
    "unit_norm": (IMPOSSIBLE, "", "unit_norm: smallest gap"),
    "isometric by torch.RAdam": (IMPOSSIBLE, "", "torch.RAdam, isometric: smallest gap"),
    "sigmoid to isometric by torch.LBFGS": (
        *(IMPOSSIBLE, ""),
        "torch.LBFGS, sigmoid to isometric: smallest gap",
    ),
    "scikit-learn, one rate for all layers": (
        *(IMPOSSIBLE, ""),
        "scikit-learn, one rate for all layers: smallest gap",
    ),
}
OF_OTHERS = {
    "XGBoost": "eta as it is, lambda and min_child_weight × 0.5, gamma × 2",
    "LightGBM": "learning_rate as it is, lambda_l2 and min_sum_hessian_in_leaf × 0.5",
    "scikit-learn, SGDClassifier": "eta0 × 2, alpha × 0.5",
    "scikit-learn, MLPClassifier": "learning_rate_init × 2, alpha × 0.5",
    "scikit-learn, temperature": "T × 2",
}


def whole(
    settings: pd.DataFrame, tables: Mapping[str, pd.DataFrame], numbers: Mapping[str, float]
) -> pd.DataFrame:
    """Return the rows of the map, and below them one for everything else that was trained."""
    rows = settings.to_dict("records")
    for row in tables["methods"].itertuples():
        mapped = max(row.sigmoid_gap, row.isometric_gap)
        rows.append(_row(row.method, row.status, row.factors, mapped, row.naive_gap, row.unmet_gap))
    for row in tables["objectives"].itertuples():
        status = EXACT if np.isnan(row.unmet_gap) else CONDITIONAL
        rows.append(
            _row(row.method, status, row.factors, row.mapped_gap, row.naive_gap, row.unmet_gap)
        )
    for row in tables["isometric"].itertuples():
        rows.append(
            _row(f"isometric, {row.optimizer}", row.status, row.factors, row.mapped_gap, np.nan)
        )
    for name, own in TORCH_RUNS.items():
        found = translate({"optimizer": f"torch.{name}"} | own)
        rows.append(_measured(f"torch.{name}", found.status, _factors(found), numbers))
    rows += [_measured(name, EXACT, words, numbers) for name, words in OF_OTHERS.items()]
    for name, (status, closed, opened) in OTHERS.items():
        gaps = (numbers.get(each, np.nan) for each in (closed, opened))
        rows.append(_row(name, status, "none does" if status == IMPOSSIBLE else "", *gaps))
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(setting, status, factors, mapped, naive, unmet=np.nan) -> dict[str, object]:
    return dict(zip(COLUMNS, (setting, status, factors, mapped, naive, unmet), strict=True))


def _measured(name: str, status: str, factors: str, numbers: Mapping[str, float]) -> dict:
    """Return the row of another library; empty where it is not installed."""
    gaps = (numbers.get(f"{name}: {role}", np.nan) for role in ("mapped", "not mapped"))
    return _row(name, status, factors, *gaps)


def _factors(found) -> str:
    changed = [f"{key} × {rule.factor:.4g}" for key, rule in found.rules.items()]
    return ", ".join(each for each in changed if not each.endswith("× 1")) or "as it is"
