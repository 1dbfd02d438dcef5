"""Every mistake that a check knows is found where it is made, with its number, and nowhere else."""

import numpy as np
import pytest

from models.conftest import layers, rows, small, train
from twinhead import diagnose
from twinhead.errors import InputError
from twinhead.models import diagnosis
from twinhead.models.case import KNOW, MEND
from twinhead.training.backend import keras

L, M, O = keras.losses, keras.metrics, keras.optimizers  # noqa: E741


def model(units, activation, loss=None, *, optimizer="sgd", metrics=None, after=(), **head):
    under = layers.Dense(4, "tanh", name="under")
    head = layers.Dense(units, activation, name="head", **head)
    made = keras.Sequential([keras.Input((6,)), under, head, *after])
    if loss is not None:
        made.compile(optimizer, loss, metrics=metrics, run_eagerly=True)
    return made


def same_columns():
    made = model(2, "softmax", "categorical_crossentropy")
    made.layers[-1].set_weights([np.ones((4, 2)), np.ones(2)])
    return made


def opposite_columns():
    made = model(2, "sigmoid", "binary_crossentropy")
    kernel = np.random.default_rng(0).standard_normal((4, 1))
    made.layers[-1].set_weights([np.hstack([-kernel, kernel]), np.zeros(2)])
    return made


def misspelt():
    own = {"haed/.*": O.Adam(0.1)}
    optimizer = O.MultiOptimizer(O.OptimizerMap(O.Adam(0.1), own))
    return model(1, "sigmoid", "binary_crossentropy", optimizer=optimizer)


def from_h5(tmp_path):
    made = small(1, "adam")
    train(made, *rows())
    made.save(tmp_path / "model.h5")
    return keras.models.load_model(tmp_path / "model.h5")


BINARY, SPARSE = "binary_crossentropy", "sparse_categorical_crossentropy"
# Name of the check -> a model that has it alone, and what its number has to say.
MISTAKES = {
    "softmax over one unit": (lambda: model(1, "softmax", BINARY), "output 1 to 1"),
    "activation twice": (
        lambda: model(2, "softmax", after=[layers.Softmax()]),
        "no output above 0.",
    ),
    "no activation for probabilities": (lambda: model(1, "relu", BINARY), "relu: outputs 0"),
    "activation and from_logits=True": (
        lambda: model(1, "sigmoid", L.BinaryCrossentropy(from_logits=True)),
        "where it counts once",
    ),
    "logits taken for probabilities": (lambda: model(1, None, BINARY), "of logits"),
    "softmax with a binary loss": (lambda: model(2, "softmax", BINARY), "in training"),
    "sigmoids with a categorical loss": (lambda: model(2, "sigmoid", SPARSE), "sum to"),
    "one unit with a categorical loss": (
        lambda: model(1, "sigmoid", "categorical_crossentropy"),
        "loss 0 whatever",
    ),
    "two sigmoids where one would do": (opposite_columns, "0.0% of θ"),
    "two sigmoid units": (lambda: model(2, "sigmoid", BINARY), "sum to"),
    "the head says nothing": (same_columns, "differ by 0e+00"),
    "loss of another precision than the outputs": (
        lambda: model(2, "softmax", SPARSE, dtype="mixed_float16"),
        "float16 outputs, float32 loss: no row costs more than 16.1",
    ),
    "α in the categorical focal loss": (
        lambda: model(2, "softmax", L.CategoricalFocalCrossentropy()),
        "loss 0.25 of the one without α",
    ),
    "two units where one would do": (
        lambda: model(2, "softmax", SPARSE),
        "10 parameters in the head, 5 would do",
    ),
    "threshold of 0.5 on logits": (
        lambda: model(1, None, L.BinaryCrossentropy(from_logits=True), metrics=["accuracy"]),
        "of 256 rows are class 1 and called 0",
    ),
    "accuracy over the wrong columns": (
        lambda: model(1, "sigmoid", BINARY, metrics=[M.CategoricalAccuracy(name="hits")]),
        "hits reads 1.00 where every row is right",
    ),
    "one number over both columns": (
        lambda: model(2, "softmax", SPARSE, metrics=[M.AUC(name="area")]),
        "area: 512 numbers pooled of 256 rows",
    ),
    "logits of 16 bits": (
        lambda: model(2, "softmax", SPARSE, dtype="mixed_bfloat16"),
        "of 256 rows tie",
    ),
    "a pattern that matches nothing": (misspelt, "haed/.* matches 0 of 4 variables"),
    "one head is the other on a condition only": (
        lambda: model(2, "softmax", SPARSE, optimizer=O.Lamb(0.1)),
        "lamb, |θ0 + θ1|",
    ),
    "one norm over head and trunk": (
        lambda: model(1, "sigmoid", BINARY, optimizer=O.SGD(0.1, global_clipnorm=2.0)),
        "global_clipnorm=2 over the head and 2 variables",
    ),
    "not compiled": (lambda: model(1, "sigmoid"), "no loss"),
}
# What has to be found beside it, because it follows.
BESIDE = {
    "two units where one would do": {
        *("the head says nothing", "loss of another precision than the outputs"),
        *("α in the categorical focal loss", "one number over both columns"),
        *("logits of 16 bits", "one head is the other on a condition only"),
    },
    "not compiled": {"activation twice"},
    "logits of 16 bits": {"loss of another precision than the outputs"},
    "loss of another precision than the outputs": {"logits of 16 bits"},
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_with_its_number_and_no_other(name):
    make, number = MISTAKES[name]
    found = diagnose(make())
    (own,) = [each for each in found.findings if each.name == name]
    assert number in own.number
    assert own.reason.endswith(".")
    assert own.mend.endswith(".")
    for other in {each.name for each in found.findings} - {name}:
        assert name in BESIDE.get(other, ()), f"found beside it: {other}"
    assert not found.failed
    assert found.healthy == all(each.kind == KNOW for each in found.findings)


def test_every_check_is_tried():
    tried = {*MISTAKES, "labels that do not fit the loss", "an optimizer that lost its state"}
    assert {check.name for check in diagnosis.CHECKS} == tried


def test_a_norm_over_a_head_alone_is_no_norm_over_head_and_trunk():
    found = diagnose(small(2, O.SGD(0.1, global_clipnorm=2.0)))
    assert "one norm over head and trunk" not in {each.name for each in found.findings}


@pytest.mark.parametrize(
    "good",
    [
        lambda: model(1, "sigmoid", BINARY, metrics=["accuracy", "AUC"]),
        lambda: model(2, "softmax", SPARSE, metrics=["accuracy"]),
        lambda: model(5, "softmax", SPARSE, metrics=["accuracy"]),
        lambda: model(
            1,
            None,
            L.BinaryCrossentropy(from_logits=True),
            metrics=[M.BinaryAccuracy(threshold=0.0)],
        ),
        lambda: keras.applications.MobileNet(weights=None, input_shape=(32, 32, 3), classes=2),
    ],
)
def test_a_good_model_has_nothing_to_mend(good):
    found = diagnose(good())
    assert found.healthy
    assert not found.failed
    assert str(found).startswith("nothing to mend")


def test_softmax_of_one_unit_is_what_it_is_said_to_be():
    """The number is measured: of a head that is well it is another."""
    found = diagnose(model(1, "softmax", BINARY))
    assert "output 1 to 1 over 256 rows" in str(found)
    assert "softmax over one unit" not in str(diagnose(model(1, "sigmoid", BINARY)))


def test_a_model_from_h5_has_lost_its_optimizers_state(tmp_path):
    made = from_h5(tmp_path)
    found = {each.name: each for each in diagnose(made).findings}
    assert found["an optimizer that lost its state"].kind == MEND
    with pytest.raises(ValueError, match="Unknown variable"):
        made.fit(*rows(), verbose=0)


@pytest.mark.parametrize(
    ("y", "units", "number"),
    [
        (lambda y: 2 * y - 1, 1, "labels from -1 to 1"),
        (lambda y: y + 1, 2, "labels from 1 to 2"),
        (lambda y: np.hstack([1 - y, y]), 1, "labels of shape (20, 2), expected (20, 1)"),
        (lambda y: y, 1, None),
        (lambda y: y[:, 0], 2, None),
    ],
)
def test_labels_of_a_file_are_held_against_the_loss(tmp_path, y, units, number):
    X, labels = rows()
    np.savez(tmp_path / "rows.npz", x=X, y=y(labels))
    found = diagnose(small(units), inputs=tmp_path / "rows.npz")
    numbers = [each.number for each in found.findings if each.name.startswith("labels")]
    assert [number in each for each in numbers] == [True] * (number is not None)


def test_the_models_themselves_are_left_as_they_are():
    made = small(2, "adam", trunk=True, dropout=0.5)
    before = [keras.ops.convert_to_numpy(variable) for variable in made.variables]
    diagnose(made)
    for was, variable in zip(before, made.variables, strict=True):
        np.testing.assert_array_equal(was, keras.ops.convert_to_numpy(variable))


def test_each_of_several_heads_is_described():
    shared = keras.Input((4,))
    outputs = [
        layers.Dense(2, "softmax", name="a")(shared),
        layers.Dense(1, "softmax", name="b")(shared),
    ]
    found = diagnose(keras.Model(shared, outputs))
    assert list(found.heads) == ["a", "b"]
    assert found.heads["a"].startswith("Dense(2) a, softmax, classes on axis -1, float32")
    assert {each.head for each in found.findings if each.kind == MEND} == {"b"}


def test_what_is_no_model_is_refused():
    with pytest.raises(InputError, match="found str, expected a Keras model"):
        diagnose("model.keras")
