"""One head, trained one way: its curves, and the trained head as a file that plain Keras loads.

With -m several of them, and one table and one picture over all: see conf/experiment/train.yaml.
"""

from functools import partial
from pathlib import Path

from twinhead import config, data, runs
from twinhead.history import Arm, History
from twinhead.matching import sigmoid_learning_rate


def measure(settings: config.Train) -> History:
    features = data.load(settings.data)
    split = data.split(features, settings.validation_fraction, settings.seed)
    sigmoid = settings.head == "sigmoid"
    ratio = settings.lr_ratio if sigmoid else 1.0
    arm = Arm(
        name=f"{settings.head} {settings.init}" if sigmoid else "softmax",
        head=settings.head,
        init=settings.init if sigmoid else "random",
        optimizer=settings.optimizer.name,
        learning_rate=sigmoid_learning_rate(settings.learning_rate, ratio),
        lr_ratio=ratio,
        seed=settings.seed,
        noise="common",
        precision=settings.precision,
    )
    history = History(data.describe(features, split))

    from twinhead import bank  # TensorFlow: after everything that can be wrong has been checked.

    for record in bank.train([arm], settings, split):
        history.add(record)
    return history


def judge(history: History) -> list:
    """One arm alone has nothing to be compared with: no claims."""
    return []


def draw(history: History) -> dict:
    from twinhead.figures import train as figures

    return {"loss_curves": figures.arm_curves(history)}


def draw_sweep(histories: list[History]) -> dict:
    from twinhead.figures import train as figures

    return {"sweep": figures.sweep_curves(histories)}


def export(settings: config.Train, history: History, folder: Path) -> None:
    from twinhead import heads

    split = data.split(data.load(settings.data), settings.validation_fraction, settings.seed)
    (record,) = history.records.values()
    kernel, bias = record.weights["kernel"][-1], record.weights["bias"][-1]
    heads.for_users(record.arm, kernel, bias, split).save(folder / "head.keras")


EXPERIMENT = runs.Experiment(
    "train", "One head, trained alone", measure, judge, draw, export, draw_sweep
)

if __name__ == "__main__":
    config.launch(
        "train", partial(runs.execute, EXPERIMENT), gather=partial(runs.gather, EXPERIMENT)
    )
