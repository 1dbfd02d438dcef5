import csv

import numpy as np
import pandas as pd
import pytest

from twinhead.results import history
from twinhead.results.arm import Arm
from twinhead.results.history import History, Record


@pytest.fixture
def measured():
    generator = np.random.default_rng(0)
    result = History({"name": "a", "made_up": True, "train_rows": 8}, numbers={"n": 1e-17})
    for head, units in (("softmax", 2), ("sigmoid", 1)):
        record = Record(Arm(f"{head} 1", head, 1e-3, seed=0))
        for split in ("train", "validation"):
            for metric in ("loss", "accuracy"):
                record.series[split, metric] = generator.random(3)
        record.series["train", "running_loss"] = np.array([np.nan, 1 / 3, 0.1])
        for _ in range(3):
            record.keep_weights(generator.random((4, units)), generator.random(units))
        result.add(record)
    result.untested["gap"] = "Nothing to compare with."
    result.tables["costs"] = pd.DataFrame(
        {"who": ["b", "ä, a"], "arms": [2, 10], "seconds": [0.1, float("inf")]}
    )
    return result


def test_what_is_saved_is_loaded(measured, tmp_path):
    history.save(measured, tmp_path / "history.h5")
    loaded = history.load(tmp_path / "history.h5")
    assert loaded.data == measured.data
    assert loaded.numbers == measured.numbers
    assert loaded.untested == measured.untested
    pd.testing.assert_frame_equal(loaded.tables["costs"], measured.tables["costs"])
    assert list(loaded.records) == list(measured.records)
    for name, record in measured.records.items():
        assert loaded.records[name].arm == record.arm
        assert loaded.records[name].series.keys() == record.series.keys()
        for key, values in record.series.items():
            np.testing.assert_array_equal(loaded.records[name].series[key], values)
        for key, values in record.weights.items():
            np.testing.assert_array_equal(loaded.records[name].weights[key], values)


def test_csv_holds_every_measured_value_to_the_last_bit(measured, tmp_path):
    history.save_csv(measured, tmp_path / "history.csv")
    with (tmp_path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert ",".join(rows[0]) == (
        "arm,head,init,optimizer,learning_rate,lr_ratio,seed,noise,precision,epoch,split,metric,value"
    )
    assert len(rows) == 2 * (4 * 3 + 2), "NaN has no row"
    for row in rows:
        series = measured.records[row["arm"]].series[row["split"], row["metric"]]
        assert float(row["value"]) == series[int(row["epoch"])]


def test_gap_is_record_minus_partner(measured):
    softmax, sigmoid = measured.one(head="softmax"), measured.one(head="sigmoid")
    measured.add_gap(sigmoid, softmax)
    gap = sigmoid.series["validation", "loss_gap"]
    np.testing.assert_array_equal(gap, sigmoid.loss() - softmax.loss())
    theta, beta = softmax.weights["kernel"], sigmoid.weights["kernel"]
    apart = np.abs(beta[..., 0] - (theta[..., 1] - theta[..., 0])).max(axis=1)
    np.testing.assert_array_equal(sigmoid.series["weights", "weight_gap"], apart)
    assert ("validation", "logit_gap") not in sigmoid.series


def test_logit_gap_is_the_largest_over_rows(measured):
    softmax, sigmoid = measured.one(head="softmax"), measured.one(head="sigmoid")
    X = np.random.default_rng(1).standard_normal((7, 4))
    measured.add_gap(sigmoid, softmax, X)
    for epoch, gap in enumerate(sigmoid.series["validation", "logit_gap"]):
        theta, b = softmax.weights["kernel"][epoch], softmax.weights["bias"][epoch]
        beta, c = sigmoid.weights["kernel"][epoch], sigmoid.weights["bias"][epoch]
        z = X @ theta + b
        assert gap == pytest.approx(np.abs(X @ beta[:, 0] + c - (z[:, 1] - z[:, 0])).max())


def test_two_arms_of_one_name_are_a_defect(measured):
    with pytest.raises(ValueError, match="two arms"):
        measured.add(measured.one(head="softmax"))


def test_weights_of_every_epoch_are_kept_in_order():
    record = Record(Arm("a", "sigmoid", 1.0, seed=0))
    for epoch in range(3):
        record.keep_weights(np.full((4, 1), float(epoch)), np.full(1, 10.0 * epoch))
    np.testing.assert_array_equal(record.weights["kernel"][:, 0, 0], [0, 1, 2])
    np.testing.assert_array_equal(record.weights["bias"][:, 0], [0, 10, 20])
    assert record.weights["kernel"].shape == (3, 4, 1)
