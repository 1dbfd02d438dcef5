"""Models whose head cannot be swapped: refused with the reason, in one line."""

import numpy as np
import pytest

from models.conftest import layers, small
from twinhead import convert
from twinhead.errors import InputError
from twinhead.training.backend import keras

draw = np.random.default_rng(1).standard_normal


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.head = layers.Dense(2, "softmax")

    def call(self, x):
        return self.head(x)


def subclassed():
    model = Subclassed()
    model(draw((2, 4)))
    return model


def functional(make, inputs=4):
    image = keras.Input((inputs,))
    return keras.Model(image, make(image))


def lora():
    model = functional(layers.Dense(2, "softmax"))
    model.layers[-1].enable_lora(1)
    return model


def quantised():
    model = functional(layers.Dense(2, "softmax"))
    model.layers[-1].quantize("int8")
    return model


class Tied(layers.Layer):
    """Multiplies by another layer's kernel, as language models do with their embedding."""

    def __init__(self, kernel):
        super().__init__()
        self.own = kernel

    def call(self, x):
        return x @ self.own


def tied():
    head = layers.Dense(2, "softmax")
    head.build((None, 2))
    return functional(lambda x: head(Tied(head.kernel)(x)), inputs=2)


def called_twice():
    head = layers.Dense(2, "softmax")
    return functional(lambda x: [head(x), head(layers.Rescaling(2.0)(x))])


def used_twice():
    def make(x):
        logits = layers.Dense(2)(x)
        return [layers.Softmax()(logits), layers.Rescaling(2.0)(logits)]

    return functional(make)


def unbuilt():
    return keras.Sequential([layers.Dense(2, "softmax")])


def channels_first():
    return keras.Sequential(
        [keras.Input((3, 8, 8)), layers.Conv2D(2, 1, data_format="channels_first")]
    )


def timely():
    return keras.Sequential([keras.Input((5, 4)), layers.TimeDistributed(layers.Dense(2))])


def dense(*args, **options):
    return lambda: functional(layers.Dense(*args, **options))


def compiled(loss, units, activation=None, **head):
    model = functional(layers.Dense(units, activation, **head))
    model.compile("sgd", loss)
    return model


REFUSED = {
    "no model at all": (lambda: 3, "found int, expected a Keras model"),
    "subclassed": (subclassed, "subclassed model"),
    "not built": (unbuilt, "not built"),
    "three classes": (dense(3, "softmax"), "found 3 columns, .* more have an isometric twin"),
    "a regression": (lambda: compiled("mse", 1), "found the loss MeanSquaredError with 1 column"),
    "softmax over one unit": (dense(1, "softmax"), "1 column with softmax"),
    "two sigmoids": (dense(2, "sigmoid"), "2 columns with sigmoid"),
    "softmax twice": (
        lambda: functional(lambda x: layers.Softmax()(layers.Dense(2, "softmax")(x))),
        "softmax and then softmax",
    ),
    "softmax of keras.ops": (
        lambda: functional(lambda x: keras.ops.softmax(layers.Dense(2)(x))),
        "expected Dense or a convolution",
    ),
    "batch normalisation of logits": (
        lambda: functional(
            lambda x: layers.Softmax()(layers.BatchNormalization()(layers.Dense(2)(x)))
        ),
        "BatchNormalization",
    ),
    "weight normalisation": (
        lambda: functional(layers.SpectralNormalization(layers.Dense(2))),
        "SpectralNormalization",
    ),
    "at every time step": (timely, "TimeDistributed"),
    "LoRA": (lora, "LoRA"),
    "int8": (quantised, "quantised"),
    "tied": (tied, "tied"),
    "called twice": (called_twice, "called 2 times"),
    "used twice": (used_twice, "used 2 times"),
    "channels first": (channels_first, "no activation"),
    "softmax with a binary loss": (
        lambda: compiled("binary_crossentropy", 2, "softmax"),
        "found the loss BinaryCrossentropy with 2 columns and softmax",
    ),
    "logits taken for probabilities": (
        lambda: compiled("binary_crossentropy", 1),
        "found no activation and from_logits=False",
    ),
    "a constraint": (
        lambda: compiled("binary_crossentropy", 1, "sigmoid", kernel_constraint="unit_norm"),
        "kernel_constraint=UnitNorm",
    ),
    "a norm of each input's weights": (
        lambda: compiled(
            "binary_crossentropy",
            1,
            "sigmoid",
            kernel_constraint=keras.constraints.MaxNorm(1.0, axis=1),
        ),
        r"kernel_constraint with axis=1, expected \[0\]",
    ),
    "a constraint on the bias": (
        lambda: compiled("binary_crossentropy", 1, "sigmoid", bias_constraint="non_neg"),
        "bias_constraint=NonNeg, expected none",
    ),
    "a penalty on the output": (
        lambda: compiled("binary_crossentropy", 1, "sigmoid", activity_regularizer="l2"),
        "activity_regularizer=L2, expected none",
    ),
    "an orthogonal penalty": (
        lambda: compiled(
            "binary_crossentropy",
            1,
            "sigmoid",
            kernel_regularizer=keras.regularizers.OrthogonalRegularizer(),
        ),
        "kernel_regularizer=OrthogonalRegularizer",
    ),
    "sigmoid already": (dense(1, "sigmoid"), "which dense"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_swapped_is_refused_with_the_reason(name):
    make, reason = REFUSED[name]
    to = "sigmoid" if name == "sigmoid already" else None
    with pytest.raises(InputError, match=reason) as refusal:
        convert(make(), to)
    assert "\n" not in str(refusal.value)


def test_channels_first_is_refused_where_its_head_is_known():
    with pytest.raises(InputError, match="channels first"):
        convert(channels_first(), "sigmoid")


@keras.saving.register_keras_serializable()
def rate():
    return 0.1


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (lambda: keras.optimizers.SGD(global_clipnorm=1.0), "one norm over head and trunk"),
        (
            lambda: keras.optimizers.MultiOptimizer(
                keras.optimizers.OptimizerMap(keras.optimizers.SGD(global_clipnorm=1.0), {})
            ),
            "one norm over head and trunk",
        ),
        (lambda: keras.optimizers.SGD(rate), "learning_rate: found a function"),
    ],
)
def test_an_optimizer_without_a_twin_is_refused(optimizer, reason):
    with pytest.raises(InputError, match=reason):
        convert(small(2, optimizer(), trunk=True))


@pytest.mark.parametrize(
    ("optimizer", "head"),
    [
        (lambda: keras.optimizers.Lamb(0.05), {}),
        (lambda: keras.optimizers.Adam(0.05), {"kernel_regularizer": keras.regularizers.L2(0.1)}),
    ],
    ids=["Lamb", "Adam with L2 on the head"],
)
def test_a_condition_that_is_not_met_says_by_how_much_and_wants_anyway(optimizer, head):
    model = small(2, optimizer(), **head)
    with pytest.raises(InputError, match=r"of .* that they moved; .* anyway=true"):
        convert(model)
    verdict = convert(model, anyway=True).verdict
    assert "OTHERWISE" in str(verdict)
    assert verdict.status == "conditional"
    assert verdict.continuation.share > 0.01
