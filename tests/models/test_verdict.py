"""The verdict on a conversion: what it measures, and that it is one."""

import numpy as np
import pytest

from models.conftest import rows, small, train
from twinhead import convert
from twinhead.errors import InputError
from twinhead.models import arrays, converting, verify
from twinhead.models.reading import read
from twinhead.training.backend import keras


def gaps(change):
    """Return the gaps of a model and its twin after something was done to the twin's head."""
    model = small(2)
    twin = convert(model).model
    head = twin.get_layer("head")
    head.set_weights(change(*head.get_weights()))
    return verify.gaps(read(model), read(twin), arrays.made_up(model))


@pytest.mark.parametrize(
    "change",
    [
        lambda kernel, bias: [-kernel, -bias],
        lambda kernel, bias: [kernel / 2, bias / 2],
        lambda kernel, bias: [kernel, 0 * bias],
        lambda kernel, bias: [kernel * (1 + 1e-3), bias],
        lambda kernel, bias: [kernel * np.nan, bias],
    ],
    ids=["columns swapped", "half forgotten", "no bias", "a thousandth too long", "not a number"],
)
def test_what_is_no_twin_fails_in_every_precision(change):
    assert {gap.verdict for gap in gaps(change)} == {"fails"}


def test_a_twin_holds_and_its_control_would_have_failed():
    for gap in gaps(lambda kernel, bias: [kernel, bias]):
        assert gap.verdict == "holds"
        assert gap.log_odds <= gap.tolerance < gap.control


def test_a_head_that_says_nothing_is_no_proof():
    """All log-odds are 0, so nothing tells the columns apart."""
    model = small(2, weights=(np.zeros((6, 2)), np.zeros(2)))
    verdict = convert(model).verdict
    assert {gap.verdict for gap in verdict.gaps} == {"not tested"}
    assert not verdict.holds
    assert "told apart by nothing" in str(verdict)


def test_a_conversion_that_differs_is_not_handed_over(monkeypatch):
    original = converting.surgery.swapped

    def spoilt(*given):
        rebuilt = original(*given)
        rebuilt.model.get_layer("head").bias.assign([9.0])
        return rebuilt

    monkeypatch.setattr(converting.surgery, "swapped", spoilt)
    with pytest.raises(InputError, match=r"the models differ by .* nothing was kept"):
        convert(small(2))


def test_the_numbers_are_those_of_the_models():
    model = small(2, "adam")
    train(model, *rows())
    twin, verdict = convert(model)
    X = arrays.made_up(model).x[0]
    p, q = (keras.ops.convert_to_numpy(each(X)) for each in (model, twin))
    assert verdict.gaps[0].probability == pytest.approx(np.abs(p[:, 1] - q[:, 0]).max(), abs=1e-9)
    assert verdict.gaps[0].precision == "float32"
    assert verdict.gaps[1].precision == "float64"
    assert verdict.parameters == (14, 7)
    assert verdict.size == (56, 28)


def test_swapped_columns_are_as_far_as_twice_the_log_odds():
    model = small(2)
    kernel, bias = (value.astype("float64") for value in model.get_layer("head").get_weights())
    X = arrays.made_up(model).x[0].astype("float64")
    odds = X @ (kernel[:, 1] - kernel[:, 0]) + bias[1] - bias[0]
    control = convert(model).verdict.gaps[1].control
    assert control == pytest.approx(2 * np.abs(odds).max(), rel=1e-6)


def test_rows_are_made_up_as_the_inputs_are():
    words = keras.Input((None,), dtype="int32")
    known = keras.layers.Embedding(7, 3)(words)
    mean = keras.layers.GlobalAveragePooling1D()(known)
    model = keras.Model(words, keras.layers.Dense(2, "softmax")(mean))
    rows_ = arrays.made_up(model)
    assert rows_.x[0].max() <= 6
    assert rows_.x[0].shape == (256, arrays.LENGTH)


def test_text_cannot_be_made_up():
    text = keras.Input((), dtype="string")
    length = keras.layers.Lambda(lambda x: keras.ops.zeros((1, 2)), output_shape=(2,))(text)
    model = keras.Model(text, keras.layers.Dense(2, "softmax")(length))
    with pytest.raises(InputError, match="takes string, which cannot be made up"):
        convert(model)
