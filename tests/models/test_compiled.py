"""What a model is compiled with: each loss and metric against the other head's, by Keras itself."""

import re

import numpy as np
import pytest

from models.conftest import layers, odds, rows, small, train
from twinhead import convert
from twinhead.errors import InputError
from twinhead.models import losses, metrics, optimizers
from twinhead.training.backend import keras

L, M = keras.losses, keras.metrics


def logits(count=60, spread=3.0):
    """Return logits of two columns and of one, of the same odds, and labels."""
    generator = np.random.default_rng(4)
    two = spread * generator.standard_normal((count, 2))
    return two, two[:, 1:] - two[:, :1], generator.integers(0, 2, (count, 1))


def softmax(z):
    power = np.exp(z - z.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True)


def one_hot(y):
    return np.hstack([1 - y, y]).astype("float64")


LOSSES = {
    "sparse": lambda **k: L.SparseCategoricalCrossentropy(**k),
    "categorical": lambda **k: L.CategoricalCrossentropy(**k),
    "smoothed": lambda **k: L.CategoricalCrossentropy(label_smoothing=0.2, **k),
    "summed": lambda **k: L.CategoricalCrossentropy(reduction="sum", **k),
    "focal": lambda **k: L.CategoricalFocalCrossentropy(**k),
    "focal, sharper": lambda **k: L.CategoricalFocalCrossentropy(alpha=1.0, gamma=3.0, **k),
    "focal, balanced": lambda **k: L.CategoricalFocalCrossentropy(alpha=[0.3, 0.9], **k),
}


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("name", LOSSES)
def test_the_sigmoid_heads_loss_is_the_same_number(name, from_logits):
    two, one, y = logits()
    given = LOSSES[name](from_logits=from_logits, dtype="float64")
    swapped = losses.swap(losses.read(given), "sigmoid")
    labels = y if name == "sparse" else one_hot(y)
    before = given(labels, two if from_logits else softmax(two))
    after = swapped.loss(y, one if from_logits else 1 / (1 + np.exp(-one)))
    np.testing.assert_allclose(swapped.factor * after, before, rtol=1e-6)
    wrong = swapped.loss(1 - y, one if from_logits else 1 / (1 + np.exp(-one)))
    assert abs(swapped.factor * wrong - before) > 0.01


BACK = {
    "binary": lambda **k: L.BinaryCrossentropy(**k),
    "smoothed": lambda **k: L.BinaryCrossentropy(label_smoothing=0.2, **k),
    "focal": lambda **k: L.BinaryFocalCrossentropy(gamma=1.5, **k),
    "focal, balanced": lambda **k: L.BinaryFocalCrossentropy(True, alpha=0.7, **k),
}


@pytest.mark.parametrize("name", BACK)
def test_the_softmax_heads_loss_is_the_same_number(name):
    two, one, y = logits()
    given = BACK[name](from_logits=True, dtype="float64")
    swapped = losses.swap(losses.read(given), "softmax")
    labels = one_hot(y) if swapped.labels == losses.ONE_HOT else y
    np.testing.assert_allclose(swapped.loss(labels, two), given(y, one), rtol=1e-6)
    assert swapped.factor == 1


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (L.CategoricalFocalCrossentropy(label_smoothing=0.1), "focal loss with label_smoothing"),
        (L.SparseCategoricalCrossentropy(ignore_class=0), "ignore_class"),
        (L.KLDivergence(), "KLDivergence"),
        (L.CategoricalHinge(), "CategoricalHinge"),
    ],
)
def test_a_loss_without_a_counterpart_is_refused(loss, reason):
    with pytest.raises(InputError, match=reason):
        losses.swap(losses.read(loss), "sigmoid")


def test_losses_are_known_by_every_name_that_keras_takes():
    forms = (
        *("sparse_categorical_crossentropy", L.sparse_categorical_crossentropy),
        *("SparseCategoricalCrossentropy", L.SparseCategoricalCrossentropy()),
    )
    assert {losses.read(form).kind for form in forms} == {"sparse"}
    assert losses.read("mse").kind == "squared"
    assert losses.read(None) is None
    assert losses.read(lambda y, p: 0.0).kind == "<lambda>"


def test_errors_of_probabilities_are_the_same_over_one_column():
    X, y = rows()
    model = small(2, loss="mse", metrics=["mse", "mae"])
    twin = convert(model).model
    before = model.evaluate(X, one_hot(y), verbose=0)
    after = twin.evaluate(X, y, verbose=0)
    np.testing.assert_allclose(after, before, rtol=1e-5)


METRICS = {
    "accuracy": lambda: "accuracy",
    "categorical accuracy": lambda: M.CategoricalAccuracy(),
    "cross-entropy": lambda: M.CategoricalCrossentropy(label_smoothing=0.1),
    "precision of class 1": lambda: M.Precision(class_id=1, name="hits"),
    "recall of class 1": lambda: M.Recall(class_id=1),
    "area, by label": lambda: M.AUC(multi_label=True, num_labels=2),
    "overlap": lambda: M.OneHotIoU(2, [1]),
    "mean overlap": lambda: M.OneHotMeanIoU(2),
    "squared error": lambda: M.RootMeanSquaredError(),
}
SPARSE = {
    "sparse accuracy": lambda: M.SparseCategoricalAccuracy(),
    "sparse cross-entropy": lambda: M.SparseCategoricalCrossentropy(),
    "sparse mean overlap": lambda: M.MeanIoU(2, sparse_y_pred=False),
}


def read(metric, y, given):
    metric = M.get(metric) if not isinstance(metric, str) else M.CategoricalAccuracy()
    metric.update_state(y, given)
    return np.asarray(metric.result(), "float64").mean()


@pytest.mark.parametrize("name", [*METRICS, *SPARSE])
def test_the_sigmoid_heads_metric_reads_the_same(name):
    two, one, y = logits()
    given = {**METRICS, **SPARSE}[name]()
    place = metrics.Place(logits=False, one_hot=name in METRICS)
    swapped, reason = metrics.swap(given, "sigmoid", place)
    assert reason == ""
    before = read(given, one_hot(y) if name in METRICS else y, softmax(two))
    swapped = M.BinaryAccuracy() if swapped == "accuracy" else swapped
    assert read(swapped, y, 1 / (1 + np.exp(-one))) == pytest.approx(before, rel=1e-5)
    assert read(type(swapped).from_config(swapped.get_config()), 1 - y, 1 / (1 + np.exp(-one))) != (
        pytest.approx(before, rel=1e-2)
    )


@pytest.mark.parametrize("name", ["categorical accuracy", "overlap", "mean overlap"])
def test_metrics_of_logits_say_class_1_above_0(name):
    two, one, y = logits()
    given = METRICS[name]()
    swapped, _ = metrics.swap(given, "sigmoid", metrics.Place(logits=True, one_hot=True))
    assert read(swapped, y, one) == pytest.approx(read(given, one_hot(y), two), rel=1e-6)
    half = type(swapped).from_config(swapped.get_config() | {"threshold": 0.5})
    assert read(half, y, one) != read(swapped, y, one), "0.5 on logits reads the same here"


@pytest.mark.parametrize("name", ["categorical accuracy", "precision of class 1", "overlap"])
def test_metrics_come_back_as_they_were(name):
    place = metrics.Place(logits=False, one_hot=True)
    given = METRICS[name]()
    there, _ = metrics.swap(given, "sigmoid", place)
    back, _ = metrics.swap(there, "softmax", place)
    two, _, y = logits()
    assert back.name == there.name == given.name
    assert read(back, one_hot(y), softmax(two)) == read(given, one_hot(y), softmax(two))


@pytest.mark.parametrize(
    "metric",
    [
        M.AUC(),
        M.Precision(),
        M.Recall(class_id=0),
        M.F1Score(average="macro"),
        M.TopKCategoricalAccuracy(),
    ],
    ids=lambda metric: metric.name,
)
def test_a_metric_that_would_read_another_number_is_left_out_and_said_so(metric):
    _, verdict = convert(small(2, loss="categorical_crossentropy", metrics=[metric]))
    assert f"metric {metric.name} is left out" in str(verdict)


def test_accuracy_of_logits_gets_a_threshold_of_0():
    X, y = rows(count=200)
    model = small(2, logits=True, metrics=["accuracy"])
    twin = convert(model).model
    before = model.evaluate(X, y, verbose=0)
    np.testing.assert_allclose(twin.evaluate(X, y, verbose=0), before, rtol=1e-6)
    twin.compile("sgd", L.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    assert twin.evaluate(X, y, verbose=0)[1] != before[1], "0.5 on logits reads the same here"


def test_one_outputs_loss_weight_and_metrics_are_swapped_and_the_others_kept():
    shared = keras.Input((6,))
    outputs = [
        layers.Dense(2, "softmax", name="seen")(shared),
        layers.Dense(1, name="size")(shared),
    ]
    model = keras.Model(shared, outputs)
    focal = L.CategoricalFocalCrossentropy(alpha=0.5)
    model.compile(
        "adam",
        {"seen": focal, "size": "mse"},
        loss_weights={"seen": 3.0, "size": 0.25},
        metrics={"seen": ["accuracy"], "size": ["mae"]},
        run_eagerly=True,
    )
    X, y = rows()
    size = 2 * X[:, :1]
    train_on = keras.ops.convert_to_tensor
    for _ in range(3):
        model.train_on_batch(train_on(X), {"seen": train_on(one_hot(y)), "size": train_on(size)})
    twin, verdict = convert(model, head="seen")
    assert verdict.continuation.as_before
    before = model.evaluate(X, {"seen": one_hot(y), "size": size}, verbose=0, return_dict=True)
    after = twin.evaluate(X, {"seen": y, "size": size}, verbose=0, return_dict=True)
    assert after.keys() == before.keys()
    for name in ("loss", "size_mae", "seen_accuracy"):
        assert after[name] == pytest.approx(before[name], rel=1e-5)


def test_class_weights_and_sample_weights_move_both_alike(float64):
    X, y = rows()
    model = small(2, keras.optimizers.Adam(0.05))
    twin = convert(model).model
    for each in (model, twin):
        each.fit(X, y, class_weight={0: 0.2, 1: 3.0}, epochs=2, shuffle=False, verbose=0)
        weights = np.linspace(0, 2, len(X))
        each.fit(X, y, sample_weight=weights, epochs=2, shuffle=False, verbose=0)
    assert np.abs(odds(model, X) - odds(twin, X)).max() <= 1e-12


def test_what_was_compiled_otherwise_is_kept():
    model = small(2)
    model.compile(
        "sgd", "sparse_categorical_crossentropy", steps_per_execution=3, jit_compile=False
    )
    twin = convert(model).model
    assert (twin.steps_per_execution, twin.jit_compile) == (3, False)


def test_variables_excluded_from_weight_decay_are_refused():
    model = small(2, keras.optimizers.AdamW(0.1))
    model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    train(model, *rows())
    with pytest.raises(InputError, match="excluded from weight decay"):
        convert(model)


def test_frozen_after_compiling_has_to_be_compiled_again():
    model = small(2, "adam", trunk=True)
    train(model, *rows())
    model.get_layer("under").trainable = False
    with pytest.raises(InputError, match="compile it again"):
        convert(model)


def test_a_pattern_goes_as_deep_as_names_repeat():
    head = ["first/top/kernel", "first/top/bias"]
    others = ["second/top/kernel", "second/top/bias", "first/body/kernel"]
    found = optimizers.pattern(head, others)
    assert [bool(re.fullmatch(found, path)) for path in (*head, *others)] == [True, True] + [
        False
    ] * 3
    assert re.fullmatch(optimizers.pattern(["m/top/kernel"], ["m/on/kernel"]), "top/kernel")
    with pytest.raises(InputError, match="other variables under this path"):
        optimizers.pattern(["top/kernel"], ["top/kernel"])


def test_a_loss_keeps_the_precision_that_it_computes_in():
    """Keras keeps it out of the configuration."""
    given = losses.read(L.SparseCategoricalCrossentropy(dtype="float64"))
    assert losses.swap(given, "sigmoid").loss.dtype == "float64"
    assert (
        losses.swap(losses.read(L.SparseCategoricalCrossentropy()), "sigmoid").loss.dtype
        == "float32"
    )
