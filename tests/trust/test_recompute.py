"""Losses, accuracies and gaps from stored weights, on arms that nothing of the package trained."""

import numpy as np
import pytest
from oracle import sigmoid_loss, softmax_loss

from twinhead.results.arm import Arm
from twinhead.results.history import History, Record
from twinhead.runs.recompute import recompute

GENERATOR = np.random.default_rng(0)
PARTS = {}
for part, rows in (("train", 5000), ("validation", 300)):
    labels = np.arange(rows) % 2
    PARTS[part] = (GENERATOR.standard_normal((rows, 5)) + labels[:, None]).astype("f4"), labels
EPOCHS = 4


def arm(head, precision, spoil=None):
    """Return an arm with random weights, whose series are the oracle's."""
    units, loss = {"softmax": (2, softmax_loss), "sigmoid": (1, sigmoid_loss)}[head]
    kernel = GENERATOR.standard_normal((EPOCHS, 5, units)).astype(precision)
    bias = GENERATOR.standard_normal((EPOCHS, units)).astype(precision)
    if spoil is not None:
        kernel[2:] = spoil
    record = Record(Arm(head, head, 0.1, seed=0, precision=precision))
    record.weights = {"kernel": kernel, "bias": bias}
    for part, (X, y) in PARTS.items():
        with np.errstate(all="ignore"):
            both = [loss(k.astype("f8"), b, X, y)[0] for k, b in zip(kernel, bias, strict=True)]
            z = X.astype("f8") @ kernel.astype("f8") + bias[:, None]
        positive = z[..., 1] > z[..., 0] if units == 2 else z[..., 0] > 0
        record.series[part, "loss"] = np.array(both)
        record.series[part, "accuracy"] = (positive == y).mean(axis=1)
    return record


def history(*records):
    made = History({"name": "made up in a test"})
    softmax, *sigmoids = records
    made.add(softmax)
    for record in sigmoids:
        with np.errstate(all="ignore"):
            made.add_gap(record, softmax, PARTS["validation"][0])
        made.add(record)
    return made


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("spoil", [None, np.nan, np.inf])
def test_what_the_oracle_computes_is_recomputed(precision, spoil):
    made = history(arm("softmax", precision, spoil), arm("sigmoid", precision, spoil))
    done = recompute(made, lambda seed: PARTS)
    assert done.faults == []
    assert done.compared == EPOCHS * (2 * 4 + 4)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize(
    "key",
    [
        *((part, metric) for part in PARTS for metric in ("loss", "accuracy", "loss_gap")),
        ("weights", "weight_gap"),
        ("validation", "logit_gap"),
    ],
)
def test_a_changed_number_is_found_wherever_it_is(precision, key):
    for value in (1e-3, np.nan, np.inf):
        made = history(arm("softmax", precision), arm("sigmoid", precision))
        assert recompute(made, lambda seed: PARTS).faults == []
        made.records["sigmoid"].series[key][1] += value
        assert recompute(made, lambda seed: PARTS).faults, value


def test_a_number_hidden_behind_a_divergence_is_found():
    made = history(arm("softmax", "float32", np.nan), arm("sigmoid", "float32", np.nan))
    made.records["sigmoid"].series["validation", "loss"][2] = 0.1
    assert len(recompute(made, lambda seed: PARTS).faults) == 1


def test_weights_that_were_kept_for_the_last_epoch_alone_are_enough_for_it():
    made = history(arm("softmax", "float32"), arm("sigmoid", "float32"))
    for record in made.records.values():
        record.weights = {name: values[-1:] for name, values in record.weights.items()}
    done = recompute(made, lambda seed: PARTS)
    assert done.faults == []
    made.records["sigmoid"].series["train", "loss"][-1] += 1e-4
    assert "train loss" in recompute(made, lambda seed: PARTS).faults[0]
