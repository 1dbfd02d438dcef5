"""One arm in the bank, and its head as a Keras model."""

from pathlib import Path

import pandas as pd

from twinhead.data.features import Cut, describe
from twinhead.experiments.train import Settings
from twinhead.matching import sigmoid_learning_rate
from twinhead.results.arm import Arm
from twinhead.results.history import History
from twinhead.training import bank, heads


def measure(settings: Settings) -> History:
    features = settings.data.load(on_disk=True)
    cut = Cut(features, settings.validation_fraction, settings.seed)
    parts = cut.split()
    assert settings.lr_ratio is not None  # Settings give every head its own.
    arm = Arm(
        name=settings.head if settings.head == "softmax" else f"{settings.head} {settings.init}",
        head=settings.head,
        learning_rate=sigmoid_learning_rate(settings.learning_rate, settings.lr_ratio),
        seed=settings.seed,
        init=settings.init,
        optimizer=settings.optimizer.name,
        lr_ratio=settings.lr_ratio,
        precision=settings.precision,
    )
    history = History(describe(features, parts))
    ((record,),) = bank.train_cuts([([arm], cut)], settings.recipe())
    history.add(record)
    ones = float(parts.y_validation.mean())
    history.numbers["share of the more frequent class"] = max(ones, 1 - ones)
    # What was taken out of every column before training: the exported head does so by itself.
    history.tables["columns"] = pd.DataFrame({"mean": parts.mean, "scale": parts.scale})
    return history


def export(settings: Settings, history: History, folder: Path) -> None:
    """Write the trained head as a model from raw features to probabilities."""
    (record,) = history.records.values()
    kernel, bias = record.weights["kernel"][-1], record.weights["bias"][-1]
    mean, scale = history.tables["columns"].to_numpy().T
    heads.for_users(record.arm, kernel, bias, mean, scale).save(folder / "head.keras")
