"""Heads and losses by task: scores against the oracle, files of many classes, failing verdicts."""

from dataclasses import replace

import equivalence
import numpy as np
import oracle
import pytest
import tasks
from test_data import write

from twinhead import claims, config, data
from twinhead.errors import InputError

FEW = ("seeds=[0,1,2]", "progress=false")


@pytest.fixture(scope="module")
def history():
    return tasks.measure(config.compose("tasks", FEW))


def failing(history):
    return {verdict.id for verdict in tasks.judge(history) if verdict.verdict == "fails"}


def blobs(path, classes, rows=240, scale=1.0):
    """Write features that tell `classes` classes apart."""
    generator = np.random.default_rng(0)
    y = np.arange(rows) % classes
    X = generator.standard_normal((rows, 6)) + 3 * np.eye(classes, 6)[y]
    return write(path, train=(scale * X).astype(np.float32), label=y)


def test_every_claim_holds_and_its_control_fails(history):
    for verdict in tasks.judge(history):
        assert (verdict.verdict, verdict.control.verdict) == ("holds", "fails"), verdict.id


def test_means_and_intervals_are_over_seeds(history):
    for row in history.tables["means"]:
        values = [
            each["value"]
            for each in history.tables["scores"]
            if all(each[key] == row[key] for key in ("task", "head", "metric"))
        ]
        assert len(values) == 3
        assert row["mean"] == pytest.approx(np.mean(values))
        assert row["low"] <= row["mean"] <= row["high"]


def test_label_scores_are_the_oracles():
    generator = np.random.default_rng(1)
    truth, said = generator.integers(0, 2, (2, 50, 4))
    truth[:3] = said[:2] = 0
    found = dict(tasks._label_scores(truth, said, 0.25))
    right = oracle.label_scores(truth, said)
    assert found[tasks.ERRORS] == pytest.approx(right["wrong"] / 0.25)
    assert found[tasks.RIGHT] == pytest.approx(1 - right["wrong"])
    assert found[tasks.EXACT] == pytest.approx(right["exact"])
    assert found[tasks.PER_ROW] == pytest.approx(right["f1 rows"])
    assert found[tasks.PER_LABEL] == pytest.approx(right["f1 labels"].mean())
    p = generator.random((50, 4))
    each = [oracle.area_under_curve(t, q) for t, q in zip(truth.T, p.T, strict=True)]
    assert dict(tasks._chance_scores(truth, p))[tasks.AUC] == pytest.approx(np.mean(each))


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_a_net_takes_the_oracles_step_and_starts_anew_for_every_seed(head):
    from twinhead.backend import keras

    generator = np.random.default_rng(2)
    X, y = generator.standard_normal((40, 5)).astype(np.float32), generator.integers(0, 2, 40)
    settings = config.compose("tasks", ["epochs=1", "batch_size=40", "optimizer=adam"])
    settings = replace(settings, optimizer=config.compose("tasks", []).optimizer)
    units = 2 if head == "softmax" else 1
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = sparse if head == "softmax" else lambda y, z: tasks._binary(1, y, z)
    net = tasks._Net(settings, *X.shape, units, loss)
    labels = y if head == "softmax" else y[:, None].astype(np.float32)

    points = np.vstack([np.zeros(5), np.eye(5)]).astype(np.float32)
    before, after = net.train(X, labels, seed=3)
    bias, kernel = before(points)[0], before(points)[1:] - before(points)[0]
    _, to_kernel, to_bias = oracle.LOSSES[head](kernel, bias, X, y)
    stepped = points @ (kernel - 0.1 * to_kernel) + bias - 0.1 * to_bias
    np.testing.assert_allclose(after(points), stepped, atol=1e-6)
    assert np.abs(kernel).max() < 0.05
    net.train(X, labels, seed=4)
    np.testing.assert_array_equal(net.train(X, labels, seed=3)[1](points), after(points))


def test_an_epochs_cost_is_the_oracles():
    generator = np.random.default_rng(3)
    z, y = generator.standard_normal((70, 3)), generator.integers(0, 3, 70)
    losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(70), y]
    means = [losses[start : start + 32].mean() for start in (0, 32, 64)]
    found = tasks._epoch_cost(z, y, 32)
    assert found["epoch cost by rows"] == pytest.approx(1)
    assert found["epoch cost as printed"] == pytest.approx(sum(means) / 2 / losses.mean())
    assert found["rows left over"] == 6
    assert tasks._epoch_cost(z, y, 128)["rows left over"] == 0


def test_the_lowest_losses_are_known_in_closed_form(history):
    assert history.numbers["lowest for two labels, softmax"] == pytest.approx(
        2 * np.log(2), abs=1e-4
    )
    assert history.numbers["lowest for two labels, sigmoid"] == pytest.approx(0, abs=1e-3)
    marked = np.log(0.001) - 2 * np.log(0.999)
    assert history.numbers["lowest with marks -1 and 1"] == pytest.approx(marked, rel=1e-6)


def test_the_example_names_the_classes_above_the_threshold(history):
    passing = [row["class"] for row in history.tables["example"] if row["passes"]]
    assert passing == [3, 4, 7, 8, 10]
    history.tables["example"][9]["passes"], kept = 0, 1
    assert {"4a", "4b"} <= failing(history)
    history.tables["example"][9]["passes"] = kept


@pytest.mark.parametrize(
    ("head", "like", "ids"),
    [
        (tasks.SIGMOID, tasks.SOFTMAX, {"1f", "2a", "2c", "2d"}),
        (tasks.SOFTMAX, tasks.SIGMOID, {"2a", "2c", "2d"}),
        (tasks.ONES, tasks.SIGMOID, {"3a"}),
    ],
)
def test_a_head_that_was_another_changes_the_verdicts(history, head, like, ids):
    rows = [row for row in history.tables["scores"] if row["head"] != head]
    rows += [row | {"head": head} for row in history.tables["scores"] if row["head"] == like]
    changed = replace(history, tables=history.tables | {"scores": rows})
    assert ids <= failing(changed)


def test_every_printed_result_has_its_measurement(history):
    rows = tasks.table(history)
    wrong = {row["quantity"] for row in rows if row["verdict"] == "fails"}
    assert wrong == {n.quantity for n in claims.published(experiment="tasks") if n.erratum}


def test_a_file_of_three_classes_is_measured_and_drawn(tmp_path):
    path = blobs(tmp_path / "three.h5", 3)
    words = (f"data.path={path}", "seeds=[0]", "label_rows=100", "epochs=3")
    settings = config.compose("tasks", ["data=file", *words])
    found = tasks.measure(settings)
    assert found.data["classes"] == 3
    verdicts = {verdict.id: verdict for verdict in tasks.judge(found)}
    assert (verdicts["1c"].verdict, verdicts["1c"].data) == ("holds", "three.h5")
    assert (verdicts["5a"].verdict, verdicts["5a"].measured) == ("holds", 3)
    assert set(tasks.draw(found)) == {"errors_by_task", "several_labels", "example"}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (np.arange(20) % 2, "2 different value(s) (0, 1)"),
        (np.arange(20) % 3 + 1, "(1, 2, 3)"),
        (np.arange(20) % 3 * 2, "(0, 2, 4)"),
        (np.arange(20) % 3 / 2, "(0.0, 0.5, 1.0)"),
        (np.r_[np.nan, np.arange(19) % 3], "nan"),
    ],
)
def test_other_labels_than_those_of_many_classes_are_refused(tmp_path, labels, found):
    path = write(tmp_path / "bad.h5", label=labels)
    with pytest.raises(InputError) as caught:
        data.load(config.File(path=str(path)), many_classes=True)
    assert found in str(caught.value)
    assert "expected 0 to K - 1" in str(caught.value)


def test_two_classes_are_too_few_and_ten_too_many():
    with pytest.raises(InputError, match=r"data=breast_cancer: .*expected 0 to K - 1"):
        data.load(config.BreastCancer(), many_classes=True)
    with pytest.raises(InputError, match=r"data=digits: .*expected 0 and 1"):
        data.load(config.Digits())
    with pytest.raises(InputError, match="expected 0 and 1"):
        equivalence.measure(config.compose("equivalence", ["data=digits"]))


def test_a_class_that_a_part_lacks_is_named(tmp_path):
    path = write(tmp_path / "rare.h5", label=np.r_[2, np.arange(19) % 2])
    with pytest.raises(InputError, match=r"leaves class 2 out of the .* all 3 classes"):
        tasks.measure(config.compose("tasks", ["data=file", f"data.path={path}"]))


def test_the_wrong_number_of_classes_costs_one_line_and_exit_code_2(run_script, tmp_path):
    three, two = blobs(tmp_path / "three.h5", 3), blobs(tmp_path / "two.h5", 2)
    for script, path in (("equivalence", three), ("tasks", two)):
        done = run_script(script, "data=file", f"data.path={path}", "progress=false")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {path}: `label` holds")
        assert done.stderr.count("\n") == 1


def test_features_on_which_a_head_diverges_are_refused(tmp_path):
    path = blobs(tmp_path / "wide.h5", 3, scale=1e30)
    words = (f"data.path={path}", "seeds=[0]", "epochs=2")
    with pytest.raises(InputError, match=r"learning_rate: .*diverges"):
        tasks.measure(config.compose("tasks", ["data=file", *words]))


@pytest.mark.parametrize("word", ["labels=2", "labels_each=6", "threshold=1", "init_sd=0"])
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError, match=word.split("=")[0]):
        config.compose("tasks", [word])
