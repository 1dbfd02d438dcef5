"""An arm: one head trained one way."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    """One head trained one way.

    Attributes:
        name: unique in its history.
        head: softmax, sigmoid or isometric.
        learning_rate: the arm's own, already derived from the softmax rate where it is a sigmoid.
        seed: of its start, of its noise and, where it is in a history with its weights, of the cut
            of the rows: `twinhead verify` makes that cut again.
        init: random or transfer.
        optimizer: what the bank tells families apart by; `name` of the recipe's otherwise.
        lr_ratio: learning_rate over the configured softmax rate: 1 for the softmax arm of a seed.
        noise: independent or common.
        precision: float32 or float64.
    """

    name: str
    head: str
    learning_rate: float
    seed: int
    init: str = "random"
    optimizer: str = "sgd"
    lr_ratio: float = 1.0
    noise: str = "common"
    precision: str = "float32"
