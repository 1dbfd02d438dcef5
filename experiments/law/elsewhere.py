"""Other worlds: PyTorch's optimizers and boosters. Not installed: not tested."""

from importlib.metadata import version
from importlib.util import find_spec

import numpy as np

from twinhead.experiments.law.cases import TORCH_RUNS
from twinhead.experiments.law.small import Small
from twinhead.matching import translate

ABSENT = "{} is not installed (pip install twinhead[{}])"
STEPS = 40
# Rounded to bfloat16 on the way to Muon's direction: five times three products of matrices.
PRODUCTS = 15
RATIOS = np.sqrt(2) * np.geomspace(0.25, 4, 17)  # Of rates; √2, 1 and √½ among them.
# What has no map to the isometric head: of which head, by which optimizer.
TORCH_NONE = {
    "torch.RAdam, isometric: smallest gap": ("softmax", "RAdam"),
    "torch.LBFGS, sigmoid to isometric: smallest gap": ("sigmoid", "LBFGS"),
}


def is_its_own(number: str) -> bool:
    """Tell whether a number is of a row of another library."""
    return number.startswith(("torch.", "XGBoost", "LightGBM", "scikit-learn"))


def measure(small: Small) -> tuple[str, dict[str, float], dict[str, str]]:
    """Return XGBoost's version, the gaps that could be measured, and why others could not."""
    found, untested = {}, {}
    roles = ("mapped", "not mapped")
    for module, extra, part, names in (
        (
            *("torch", "torch", _torch),
            [*(f"torch.{name}: {role}" for name in TORCH_RUNS for role in roles), *TORCH_NONE],
        ),
        ("xgboost", "boosters", _xgboost, [f"XGBoost: {role}" for role in roles]),
        ("lightgbm", "boosters", _lightgbm, [f"LightGBM: {role}" for role in roles]),
    ):
        if find_spec(module):
            found |= part(small)
        else:
            untested |= dict.fromkeys(names, ABSENT.format(module, extra))
    return version("xgboost") if find_spec("xgboost") else "", found, untested


def _torch(small: Small) -> dict[str, float]:
    # An extra: without it the rest of the law is measured all the same.
    import torch

    def odds(head: str, name: str, settings: dict) -> np.ndarray:
        own = {key: value for key, value in settings.items() if key != "optimizer"}
        # Muon looks at a matrix's shape, which PyTorch has as (units, features).
        turned = name == "Muon"
        start = small.start(head, antisymmetric=True)
        w = torch.nn.Parameter(torch.tensor(start.T.copy() if turned else start))
        learner = getattr(torch.optim, name)([w], **own)
        gradient, found = small.gradient(head), []

        def weights() -> np.ndarray:
            return w.detach().numpy().T if turned else w.detach().numpy()

        for rows in small.batches[:STEPS]:

            def closure(rows=rows):
                g = gradient(weights(), rows)
                g = torch.tensor(g.T.copy() if turned else g)
                w.grad = g.to_sparse() if name == "SparseAdam" else g
                return gradient.loss(weights(), rows)

            learner.step(closure)
            found.append(gradient.odds(weights()))
        return np.array(found)

    def gap(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.abs(one - other).max())

    found = {}
    for name, own in TORCH_RUNS.items():
        settings = {"optimizer": f"torch.{name}"} | own
        softmax, mapped = odds("softmax", name, settings), translate(settings).settings
        # Where the rate is the same for both, twice the rate is the naive one.
        same = mapped["lr"] == own["lr"]
        naive = odds("sigmoid", name, mapped | {"lr": own["lr"] * (2 if same else 1)})
        found[f"torch.{name}: mapped"] = gap(odds("sigmoid", name, mapped), softmax)
        found[f"torch.{name}: not mapped"] = gap(naive, softmax)
        if name == "Muon":
            way = np.abs(np.diff(softmax, axis=0)).max(axis=1).sum()
            found["torch.Muon: roundings"] = float(
                way * PRODUCTS * torch.finfo(torch.bfloat16).eps / 2
            )
    for key, (source, name) in TORCH_NONE.items():
        own = TORCH_RUNS[name]
        reference = odds(source, name, own)
        found[key] = min(
            gap(odds("isometric", name, own | {"lr": own["lr"] * ratio}), reference)
            for ratio in RATIOS
        )
    adam = {"optimizer": "torch.Adam"} | TORCH_RUNS["Adam"]
    mapped = translate(adam, "isometric").settings
    found["torch.Adam, isometric: gap"] = gap(
        odds("isometric", "Adam", mapped), odds("softmax", "Adam", adam)
    )
    return found


def _xgboost(small: Small) -> dict[str, float]:
    # An extra, as above.
    import xgboost

    rows = xgboost.DMatrix(small.X, small.y)
    softmax = {"lambda": 2.0, "min_child_weight": 4.0, "gamma": 0.5, "alpha": 0.3, "eta": 0.3}
    # Both columns' trees move the log-odds by as much: the rate is no weight's. XGBoost doubles
    # the hessian of softprob, so that what stands beside it is twice what a sigmoid's is.
    mapped = softmax | {"lambda": 1.0, "min_child_weight": 2.0, "gamma": 1.0}

    def odds(objective: str, settings: dict, **more: int) -> np.ndarray:
        fixed = {"max_depth": 3, "base_score": 0.5, "tree_method": "exact", "nthread": 1}
        grown = xgboost.train({"objective": objective} | fixed | settings | more, rows, 20)
        margin = grown.predict(rows, output_margin=True)
        return margin[:, 1] - margin[:, 0] if more else margin

    both = odds("multi:softprob", softmax, num_class=2)
    return {
        "XGBoost: mapped": float(np.abs(odds("binary:logistic", mapped) - both).max()),
        "XGBoost: not mapped": float(
            np.abs(odds("binary:logistic", mapped | {"eta": 0.6}) - both).max()
        ),
    }


def _lightgbm(small: Small) -> dict[str, float]:
    # An extra, as above.
    import lightgbm

    softmax = {"lambda_l2": 2.0, "min_sum_hessian_in_leaf": 4.0, "learning_rate": 0.1}
    mapped = softmax | {"lambda_l2": 1.0, "min_sum_hessian_in_leaf": 2.0}

    def odds(objective: str, settings: dict, **more: int) -> np.ndarray:
        fixed = {"num_leaves": 7, "boost_from_average": False, "num_threads": 1, "verbose": -1}
        fixed |= {"min_data_in_leaf": 5, "deterministic": True}
        rows = lightgbm.Dataset(small.X, small.y)
        grown = lightgbm.train({"objective": objective} | fixed | settings | more, rows, 20)
        margin = grown.predict(small.X, raw_score=True)
        return margin[:, 1] - margin[:, 0] if more else margin

    both = odds("multiclass", softmax, num_class=2)
    return {
        "LightGBM: mapped": float(np.abs(odds("binary", mapped) - both).max()),
        "LightGBM: not mapped": float(
            np.abs(odds("binary", mapped | {"learning_rate": 0.2}) - both).max()
        ),
    }
