"""From a row of the map to heads that are to be trained: their settings, starts, rows and noise."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twinhead.data.features import Split
from twinhead.experiments.law.cases import Case
from twinhead.matching import match_sigmoid, match_softmax
from twinhead.training.optimizers import ALONE

# Settings that are not the optimizer's to know.
OF_LOSS = ("l1", "l2", "label_smoothing", "class_weight", "sample_weight", "loss_scale")
APART = (*OF_LOSS, "dropout", "schedule", "trunk_learning_rate", "start", "optimizer")
TRUNK_UNITS = 8
BIAS = (0.2, -0.1)  # Of the softmax head at the start; not zero, so that its map is seen.


@dataclass(frozen=True)
class Problem:
    """Features cut to whole batches, and the noise that all jobs see."""

    split: Split
    seed: int
    batch_size: int
    epochs: int

    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        X = np.concatenate([self.split.X_train, self.split.X_validation]).astype(np.float64)
        return X, np.concatenate([self.split.y_train, self.split.y_validation])


def in_whole_batches(split: Split, seed: int, batch_size: int, steps: int) -> Problem:
    """Return the problem of at least so many steps; rows that fill no last batch are left out."""
    whole = slice(len(split.y_train) // batch_size * batch_size)
    split = replace(split, X_train=split.X_train[whole], y_train=split.y_train[whole])
    return Problem(split, seed, batch_size, -(-steps // (whole.stop // batch_size)))


@dataclass(frozen=True, eq=False)
class Job:
    """One head to be trained with these settings from this start."""

    name: str
    head: str
    settings: dict[str, Any]
    kernel: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Trained:
    """What a job came to, epoch 0 first.

    Attributes:
        logits: of all rows, shape (epochs + 1, n, units).
        kernel: shape (epochs + 1, d, units).
    """

    head: str
    logits: np.ndarray
    kernel: np.ndarray

    def odds(self) -> np.ndarray:
        z = self.logits
        return z[..., 1] - z[..., 0] if self.head == "softmax" else z[..., 0]


def jobs(case: Case, problem: Problem) -> list[Job]:
    """Return the softmax head, the mapped sigmoid, the naive one; then a pair from an unmet start.

    Their names are "<case>: softmax", mapped, naive, unmet softmax, unmet mapped.
    """

    def pair(prefix: str, antisymmetric: bool, **extra: Any) -> tuple[Job, Job]:
        theta = start(problem, case, antisymmetric)
        beta = match_sigmoid(*theta)
        return (
            Job(f"{case.name}: {prefix}softmax", "softmax", case.softmax | extra, *theta),
            Job(f"{case.name}: {prefix}mapped", "sigmoid", case.mapped() | extra, *beta),
        )

    softmax, mapped = pair("", case.antisymmetric)
    changes = dict(case.naive)
    kernel, bias = mapped.kernel, mapped.bias
    match changes.pop("start", ""):
        case "own":
            kernel = np.random.default_rng(problem.seed + 1).uniform(-0.3, 0.3, kernel.shape)
        case "no bias":
            bias = np.zeros_like(bias)
    naive = Job(f"{case.name}: naive", "sigmoid", mapped.settings | changes, kernel, bias)
    unmet = {"antisymmetric": case.antisymmetric} | case.unmet
    return [softmax, mapped, naive, *(pair("unmet ", **unmet) if case.unmet else ())]


def start(problem: Problem, case: Case, antisymmetric: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the softmax head's first kernel and bias."""
    trunk = "trunk_learning_rate" in case.softmax
    features = TRUNK_UNITS if trunk else problem.split.X_train.shape[1]
    theta = np.random.default_rng(problem.seed).uniform(-0.3, 0.3, (features, 2))
    drawn = theta, np.array(BIAS)
    return match_softmax(*match_sigmoid(*drawn)) if antisymmetric else drawn


def fits_the_bank(job: Job) -> bool:
    """Tell whether the job can be columns of one kernel with others."""
    mixing = ("clipnorm", "global_clipnorm", *APART[:-1])
    return job.settings["optimizer"] not in ALONE and not any(key in job.settings for key in mixing)


def options(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what Keras's optimizer of these settings is built with, its rate left out."""
    own = {k: v for k, v in settings.items() if k not in (*APART, "learning_rate")}
    if "ema_momentum" in own:
        own |= {"use_ema": True, "ema_overwrite_frequency": 10}
    if settings["optimizer"] == "muon":
        own["rms_rate"] = None  # A constant of the rate, which Keras has in float32 alone.
    return {"name": settings["optimizer"]} | own
