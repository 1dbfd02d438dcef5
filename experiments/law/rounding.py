"""How far rounding drives matched heads apart over many steps."""

import numpy as np
import pandas as pd

from twinhead.data.features import Split
from twinhead.experiments.law import Settings
from twinhead.experiments.law.cases import LONG
from twinhead.results.arm import Arm
from twinhead.training import bank
from twinhead.training.recipe import Recipe


def measure(settings: Settings, split: Split) -> pd.DataFrame:
    """Train matched heads for long and return the loss gap by step, in both precisions."""
    optimizers = {name: {"name": name} for name in LONG}
    steps = -(-len(split.y_train) // settings.batch_size)
    epochs = -(-settings.long_steps // steps)
    arms = [
        Arm(
            name=f"{head} {ratio} {name} {precision}",
            head=head,
            init="transfer" if head == "sigmoid" else "random",
            optimizer=name,
            learning_rate=rate * ratio,
            lr_ratio=ratio,
            seed=settings.seed,
            noise="common",
            precision=precision,
        )
        for precision in ("float32", "float64")
        for name, rate in LONG.items()
        for head, ratio in (("softmax", 1.0), ("sigmoid", 2.0), ("sigmoid", 1.0))
    ]
    recipe = Recipe(epochs, settings.batch_size)
    records = bank.train(arms, recipe, split, optimizers=optimizers, parts=["validation"])
    rows = []
    for softmax, mapped, naive in zip(*[iter(records)] * 3, strict=True):
        for epoch in np.unique(np.geomspace(1, epochs, 60).astype(int)):
            row = {
                "optimizer": softmax.arm.optimizer,
                "precision": softmax.arm.precision,
                "steps": int(epoch * steps),
            }
            until = slice(epoch + 1)
            largest = np.abs(softmax.logit_weights()[until]).max()
            for role, other in (("mapped", mapped), ("naive", naive)):
                apart = np.abs(other.logit_weights() - softmax.logit_weights())[until].max()
                row[f"{role}_loss_gap"] = float(np.abs(other.loss() - softmax.loss())[until].max())
                row[f"{role}_weight_gap"] = float(apart / largest)
            rows.append(row)
    return pd.DataFrame(rows)


def numbers(table: pd.DataFrame) -> dict[str, float]:
    """Return how much of one float32 rounding a step the weights are apart in the end."""
    ends = table[table.precision == "float32"].groupby("optimizer", sort=False).tail(1)
    rounding = float(np.finfo(np.float32).eps) / 2
    share = {
        role: (ends[f"{role}_weight_gap"] / ends.steps / rounding).to_numpy()
        for role in ("mapped", "naive")
    }
    return {
        "steps in float32": int(ends.steps.max()),
        # As random as coins, n roundings come to √n of them: that share of n, and room for more.
        "float32: two and a half random roundings": float(2.5 / np.sqrt(ends.steps.max())),
        "float32: share of a rounding a step": float(share["mapped"].max()),
        "float32: share of a rounding a step, equal rates": float(share["naive"].min()),
    }
