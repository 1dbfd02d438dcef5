"""Other worlds: PyTorch's optimizers, boosters, scikit-learn. Not installed: not tested."""

from importlib.util import find_spec

import numpy as np
from sklearn.linear_model import LogisticRegression

from twinhead.experiments.law.cases import TORCH_RUNS
from twinhead.experiments.law.small import Small
from twinhead.matching import translate

ABSENT = "{} is not installed (pip install twinhead[{}])"


def measure(small: Small) -> tuple[dict[str, float], dict[str, str]]:
    """Return the gaps that could be measured, and why others could not."""
    found, untested = _scikit_learn(small), {}
    for module, names, part in (
        ("torch", [f"torch.{name}" for name in TORCH_RUNS], _torch),
        ("xgboost", ["XGBoost"], _xgboost),
        ("lightgbm", ["LightGBM"], _lightgbm),
    ):
        if find_spec(module):
            found |= part(small)
        else:
            extra = "torch" if module == "torch" else "boosters"
            for name in names:
                for role in ("mapped", "not mapped"):
                    untested[f"{name}: {role}"] = ABSENT.format(module, extra)
    return found, untested


def _torch(small: Small) -> dict[str, float]:
    # An extra: without it the rest of the law is measured all the same.
    import torch

    def odds(head: str, name: str, settings: dict) -> np.ndarray:
        own = {key: value for key, value in settings.items() if key != "optimizer"}
        w = torch.nn.Parameter(torch.tensor(small.start(head, antisymmetric=True)))
        learner = getattr(torch.optim, name)([w], **own)
        gradient, found = small.gradient(head), []
        for rows in small.batches[:40]:

            def closure(rows=rows):
                at = w.detach().numpy()
                g = torch.tensor(gradient(at, rows))
                w.grad = g.to_sparse() if name == "SparseAdam" else g
                return gradient.loss(at, rows)

            learner.step(closure)
            found.append(gradient.odds(w.detach().numpy()))
        return np.array(found)

    found = {}
    for name, own in TORCH_RUNS.items():
        settings = {"optimizer": f"torch.{name}"} | own
        softmax, mapped = odds("softmax", name, settings), translate(settings).settings
        # Where the rate is the same for both, twice the rate is the naive one.
        same = mapped["lr"] == own["lr"]
        naive = odds("sigmoid", name, mapped | {"lr": own["lr"] * (2 if same else 1)})
        apart = odds("sigmoid", name, mapped) - softmax
        found[f"torch.{name}: mapped"] = float(np.abs(apart).max())
        found[f"torch.{name}: not mapped"] = float(np.abs(naive - softmax).max())
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


def _scikit_learn(small: Small) -> dict[str, float]:
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
