"""compare: a model and its twin side by side on a user's own rows, and the control beside them."""

import csv

import numpy as np
import pytest

from models.conftest import layers, rows, small, train
from twinhead import convert
from twinhead.errors import InputError
from twinhead.models import arrays, comparing
from twinhead.models.comparing import compare
from twinhead.models.reading import read
from twinhead.training.backend import keras

O = keras.optimizers  # noqa: E741


def given(y=None, count=60):
    X, labels = rows(count)
    return arrays.Rows((X.astype("float32"),), labels if y is None else y(labels), "made up")


def compared(model, y=None, epochs=2):
    return compare(model, given(y), epochs=epochs, batch_size=16)


@pytest.mark.parametrize("units", [2, 1])
def test_a_twin_stays_and_the_control_goes(units):
    found = compared(small(units, O.Adam(0.05), trunk=True, dropout=0.4))
    assert found.verdict == "holds"
    assert found.gaps["twin"].max() <= 1e-4
    assert found.gaps["control"].max() > 0.1
    assert len(found.moved) == 3
    np.testing.assert_allclose(found.losses["twin"], found.losses["model"], rtol=1e-4)
    assert "stays with the model" in str(found)


def test_a_condition_that_is_not_met_is_seen():
    found = compared(small(2, O.Lamb(0.05)))
    assert found.verdict == "fails"
    assert "goes elsewhere" in str(found)


def test_where_equal_rates_are_right_the_control_has_twice_the_rate():
    """Lamb's rate is the same for both heads, from θ1 = −θ0."""
    found = compared(small(2, O.Lamb(0.05), centred=True))
    assert (found.verdict, found.at) == ("holds", "at twice the rate")


def test_the_control_differs_in_its_heads_rate_alone():
    """In the middle of training it keeps momenta: what is shown is not that they were lost."""
    model = small(2, O.Adam(0.05), trunk=True)
    train(model, *rows())
    twin, verdict = convert(model)
    control, at = comparing._control(read(model), twin, verdict.swap)
    assert at == "at equal rates"
    pairs = list(zip(control.optimizer.variables, twin.optimizer.variables, strict=True))
    others = [new for new, old in pairs if not np.array_equal(new, old)]
    assert [float(each) for each in others] == [pytest.approx(0.05)]
    assert twin.optimizer.iterations == 2


def test_a_rate_that_begins_at_zero_is_told_apart():
    warm = O.schedules.CosineDecay(0.0, 50, warmup_target=0.2, warmup_steps=5)
    assert compared(small(2, O.SGD(warm, momentum=0.9), trunk=True)).verdict == "holds"


def test_an_isometric_twin_is_compared_as_well():
    found = compare(small(2, O.SGD(0.1)), given(), epochs=1, batch_size=16, to="isometric")
    assert (found.verdict, found.at) == ("holds", "at twice the rate")
    assert found.gaps["twin"].max() <= 1e-5


def test_nothing_moves_nothing_is_told():
    assert compared(small(2, O.SGD(0.0))).verdict == "not tested"


def test_one_hot_labels_become_a_column():
    model = small(2, O.SGD(0.1), loss="categorical_crossentropy")
    found = compared(model, lambda y: np.hstack([1 - y, y]).astype("float32"))
    assert found.verdict == "holds"


def test_smoothed_labels_become_one_hot():
    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
    assert compared(small(1, O.SGD(0.1), loss=loss)).verdict == "holds"


@pytest.mark.parametrize(
    ("model", "y", "reason"),
    [
        (lambda: small(2), lambda y: 2 * y - 1, "labels from -1 to 1, expected 0 and 1"),
        (lambda: small(1), lambda y: np.hstack([y, y]), r"expected \(60, 1\)"),
        (
            lambda: keras.Sequential([keras.Input((6,)), layers.Dense(2, "softmax")]),
            None,
            "without a loss",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(model, y, reason):
    with pytest.raises(InputError, match=reason):
        compared(model(), y)


def test_the_command_draws_both_pictures(twinhead, tmp_path):
    small(2, O.Adam(0.05), dropout=0.3).save(tmp_path / "mine.keras")
    X, y = rows(60)
    np.savez(tmp_path / "rows.npz", x=X, y=y)
    done = twinhead("compare", "mine.keras", "rows.npz", "epochs=1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("head: the sigmoid twin stays with the model")
    folder = tmp_path / "outputs/compare/mine"
    names = {path.name for path in folder.iterdir()}
    assert {"loss_curves.png", "loss_curves.svg", "loss_gap.png", "loss_gap.svg"} <= names
    with (folder / "summary.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [row["epoch"] for row in table] == ["0", "1"]
    assert float(table[1]["gap"]) < 1e-4 < float(table[1]["control_gap"])
