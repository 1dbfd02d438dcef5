"""Models of every kind that people save keep their function."""

import numpy as np
import pytest

from models.conftest import ACTIVATIONS, layers, odds, small
from twinhead import convert
from twinhead.errors import InputError
from twinhead.matching import match_sigmoid
from twinhead.training.backend import keras

draw = np.random.default_rng(1).standard_normal


def shaken(model):
    """Return a model whose weights are no fresh start: biases too, and moving averages."""
    for variable in model.weights:
        value = keras.ops.convert_to_numpy(variable).astype(np.float64)
        spread = 0.1 * draw(value.shape) if "variance" not in variable.path else 0.0
        variable.assign(value + spread)
    return model


def mobilenet(units):
    """Its head is a convolution, then Reshape, then Activation."""
    model = keras.applications.MobileNet(
        input_shape=(32, 32, 3),
        weights=None,
        alpha=0.25,
        classes=units,
        classifier_activation=ACTIVATIONS[units],
    )
    return shaken(model), [draw((4, 32, 32, 3))]


def mobilenet_v2(units):
    model = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3),
        weights=None,
        alpha=0.35,
        classes=units,
        classifier_activation=ACTIVATIONS[units],
    )
    return shaken(model), [draw((4, 32, 32, 3))]


def u_net(units):
    """A mask of two channels, for any height and width."""
    image = keras.Input((None, None, 1))
    down = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    below = layers.Conv2D(6, 3, padding="same", activation="relu")(layers.MaxPooling2D()(down))
    up = layers.Concatenate()([layers.UpSampling2D()(below), down])
    mask = layers.Conv2D(units, 1, activation=ACTIVATIONS[units], name="mask")(up)
    return keras.Model(image, mask), [draw((3, 16, 16, 1))]


def signal(units):
    inputs = [keras.Input((12, 3)), layers.Conv1D(units, 3, padding="same")]
    return keras.Sequential([*inputs, layers.Activation(ACTIVATIONS[units])]), [draw((5, 12, 3))]


def volume(units):
    """Averaged over space only after the head, and upsampled before."""
    scan = keras.Input((4, 4, 4, 2))
    logits = layers.GlobalAveragePooling3D()(layers.Conv3D(units, 2)(scan))
    return keras.Model(scan, layers.Activation(ACTIVATIONS[units])(logits)), [draw((5, 4, 4, 4, 2))]


def text(units):
    words = keras.Input((None,), dtype="int32")
    hidden = layers.Embedding(30, 5, mask_zero=True)(words)
    hidden = layers.Bidirectional(layers.LSTM(4))(hidden)
    model = keras.Model(words, layers.Dense(units, ACTIVATIONS[units])(hidden))
    return model, [np.random.default_rng(2).integers(0, 30, (6, 7)).astype("int32")]


def nested(units):
    """The head lies in a model inside the model, under its own name."""
    inner = keras.Sequential(
        [keras.Input((5,)), layers.Dropout(0.2), layers.Dense(units, ACTIVATIONS[units])],
        name="top",
    )
    image = keras.Input((8,))
    return keras.Model(image, inner(layers.Dense(5, activation="tanh")(image))), [draw((6, 8))]


def siamese(units):
    """Both inputs go through one trunk."""
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    trunk = layers.Dense(3, activation="tanh")
    both = layers.Subtract()([trunk(left), trunk(right)])
    model = keras.Model([left, right], layers.Dense(units, ACTIVATIONS[units])(both))
    return model, [draw((6, 4)), draw((6, 4))]


def normalised(units):
    scale = layers.Normalization()
    scale.adapt(3 * draw((50, 4)) + 1)
    top = [scale, layers.Dense(units, ACTIVATIONS[units])]
    return keras.Sequential([keras.Input((4,)), *top]), [draw((6, 4))]


def without_bias(units):
    head = layers.Dense(units, ACTIVATIONS[units], use_bias=False)
    return keras.Sequential([keras.Input((4,)), head]), [draw((6, 4))]


KINDS = [
    *(mobilenet, mobilenet_v2, u_net, signal, volume, text),
    *(nested, siamese, normalised, without_bias),
]


@pytest.mark.parametrize("units", [2, 1])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_twin_is_the_same_function(kind, units):
    model, X = kind(units)
    twin, verdict = convert(model)
    assert verdict.holds, verdict
    assert twin.output_shape[-1] == 3 - units
    before = odds(model, *X)
    spread = np.abs(before).max()
    np.testing.assert_allclose(odds(twin, *X), before, atol=1e-5 * (1 + spread))
    assert spread > 1e-3, "nothing to be told apart"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_all_but_the_head_has_the_same_names_and_values(kind):
    model, _ = kind(2)
    twin = convert(model).model
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    pairs = list(zip(model.weights, twin.weights, strict=True))
    assert all(old.name == new.name for old, new in pairs)
    same = [(old.numpy(), new.numpy()) for old, new in pairs if old.shape == new.shape]
    assert 1 <= len(pairs) - len(same) <= 2
    for old, new in same:
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_mixed_model_says_how_many_rows_tie(policy):
    head = [layers.Dense(2, dtype=policy), layers.Activation("softmax", dtype="float32")]
    model = keras.Sequential([keras.Input((6,)), *head])
    verdict = convert(model).verdict
    assert verdict.holds
    assert verdict.gaps[0].precision == policy.removeprefix("mixed_")
    assert verdict.ranking.ties[1] > verdict.ranking.ties[0], (
        "the difference of two has more digits"
    )
    assert "a head of float32 keeps it" in str(verdict)


def test_weights_of_bfloat16_are_subtracted_in_float32_and_rounded_once():
    model = keras.Sequential([keras.Input((300,)), layers.Dense(2, "softmax", dtype="bfloat16")])
    kernel, bias = model.layers[-1].get_weights()
    twin, verdict = convert(model)
    beta, _ = match_sigmoid(kernel.astype(np.float64), bias.astype(np.float64))
    np.testing.assert_array_equal(twin.layers[-1].get_weights()[0], beta.astype(kernel.dtype))
    assert verdict.holds


def test_one_of_several_outputs_is_picked_by_its_name():
    shared = keras.Input((4,))
    outputs = [layers.Dense(2, "softmax", name=name)(shared) for name in ("is_cat", "is_red")]
    model = keras.Model(shared, [*outputs, layers.Dense(3, name="box")(shared)])
    with pytest.raises(InputError, match="expected head=is_cat or head=is_red"):
        convert(model)
    twin, verdict = convert(model, head="is_red")
    assert [each.shape[-1] for each in twin.outputs] == [2, 1, 3]
    assert verdict.holds
    X = draw((5, 4))
    for position in (0, 2):
        np.testing.assert_array_equal(model(X)[position], twin(X)[position])


def test_the_other_class_can_be_the_positive_one():
    model = small(2)
    X = draw((5, 6))
    twin, verdict = convert(model, positive=0)
    np.testing.assert_allclose(odds(twin, X), -odds(model, X), rtol=1e-4, atol=1e-5)
    assert not twin.compiled
    assert "1 − y" in str(verdict)
    back = convert(twin, positive=0).model
    np.testing.assert_allclose(odds(back, X), odds(model, X), rtol=1e-4, atol=1e-5)


def test_logits_stay_logits():
    twin = convert(small(2, logits=True)).model
    assert twin.layers[-1].activation is keras.activations.linear


def test_a_head_that_nobody_explains_wants_to_be_explained():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    with pytest.raises(InputError, match="expected to=sigmoid if they are logits"):
        convert(model)
    assert convert(model, "sigmoid").verdict.holds


def test_a_frozen_layer_stays_frozen():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name="trunk")
    inner.trainable = False
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, "softmax")])
    twin = convert(model).model
    assert [v.path.split("/", 1)[1] for v in twin.trainable_variables] == [
        v.path.split("/", 1)[1] for v in model.trainable_variables
    ]
    assert not twin.get_layer("trunk").trainable
