"""Heads and losses by task: scores against the oracle, files of many classes, failing verdicts."""

from dataclasses import replace

import numpy as np
import oracle
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from test_data import write

from twinhead.cli.composing import compose
from twinhead.data.features import Split, split
from twinhead.data.sources import BreastCancer, Digits, File
from twinhead.errors import InputError
from twinhead.experiments.tasks import Settings, joint, labels, measure, names, net
from twinhead.results.claim import judge_all
from twinhead.results.history import load
from twinhead.results.published import published
from twinhead.runs.experiment import Experiment
from twinhead.training.backend import keras

CLAIMS = Experiment("tasks").claims


def settings(*words):
    return compose("experiment/tasks", Settings, words)


@pytest.fixture(scope="module")
def history(run):
    return load(run("tasks").folder / "history.h5")


def blobs(path, classes, rows=240, scale=1.0):
    """Write features that tell `classes` classes apart."""
    generator = np.random.default_rng(0)
    y = np.arange(rows) % classes
    X = generator.standard_normal((rows, 6)) + 3 * np.eye(classes, 6)[y]
    return write(path, train=(scale * X).astype(np.float32), label=y)


def test_means_and_intervals_are_over_seeds(history):
    scores = history.tables["scores"]
    for row in history.tables["means"].to_dict("records"):
        own = np.all([scores[key] == row[key] for key in ("task", "head", "metric")], axis=0)
        assert len(scores[own]) == 2
        assert row["mean"] == pytest.approx(scores["value"][own].mean())
        assert row["low"] <= row["mean"] <= row["high"]


def test_label_scores_are_the_oracles():
    generator = np.random.default_rng(1)
    truth, said = generator.integers(0, 2, (2, 50, 4))
    truth[:3] = said[:2] = 0
    truth[3:8] = said[3:8] = [0, 0, 0, 1]  # All right, but one label only.
    found = dict(labels.label_scores(truth, said, 0.25))
    right = oracle.label_scores(truth, said)
    assert found[names.ERRORS] == pytest.approx(right["wrong"] / 0.25)
    assert found[names.RIGHT] == pytest.approx(1 - right["wrong"])
    assert found[names.EXACT] == pytest.approx(right["exact"])
    several = [all(t == s) for t, s in zip(truth, said, strict=True) if sum(t) > 1]
    assert 0 < found[names.EXACT_TWO] == pytest.approx(np.mean(several))
    assert found[names.PER_ROW] == pytest.approx(right["f1 rows"])
    assert found[names.PER_LABEL] == pytest.approx(right["f1 labels"].mean())
    p = generator.random((50, 4))
    each = [oracle.area_under_curve(t, q) for t, q in zip(truth.T, p.T, strict=True)]
    assert dict(labels.chance_scores(truth, p))[names.AUC] == pytest.approx(np.mean(each))


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
def test_a_net_takes_the_oracles_step_and_starts_anew_for_every_seed(head):
    generator = np.random.default_rng(2)
    X, y = generator.standard_normal((40, 5)).astype(np.float32), generator.integers(0, 2, 40)
    units = 2 if head == "softmax" else 1
    sparse = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    loss = sparse if head == "softmax" else lambda y, z: net.binary(1, y, z)
    built = net.Net(settings("epochs=1", "batch_size=40"), *X.shape, units, loss)
    labelled = y if head == "softmax" else y[:, None].astype(np.float32)

    points = np.vstack([np.zeros(5), np.eye(5)]).astype(np.float32)
    before, after = built.train(X, labelled, seed=3)
    bias, kernel = before(points)[0], before(points)[1:] - before(points)[0]
    _, to_kernel, to_bias = oracle.LOSSES[head](kernel, bias, X, y)
    stepped = points @ (kernel - 0.1 * to_kernel) + bias - 0.1 * to_bias
    np.testing.assert_allclose(after(points), stepped, atol=1e-6)
    assert np.abs(kernel).max() < 0.05
    built.train(X, labelled, seed=4)
    np.testing.assert_array_equal(built.train(X, labelled, seed=3)[1](points), after(points))


def test_a_sigmoid_for_every_label_takes_the_oracles_step_as_if_it_were_alone():
    generator = np.random.default_rng(5)
    X = generator.standard_normal((60, 4)).astype(np.float32)
    Y = generator.integers(0, 2, (60, 3))
    parts = Split(X[:40], Y[:40, 0], X[40:], Y[40:, 0], np.zeros(4), np.ones(4))
    chosen = settings("epochs=1", "batch_size=40")
    before, after = net.sigmoids(chosen, parts, (Y[:40], Y[40:]), seed=3)
    points = np.vstack([np.zeros(4), np.eye(4)]).astype(np.float32)
    kernel, bias = before(points)[1:] - before(points)[0], before(points)[0]
    assert 0 < np.abs(kernel).max() < 0.05
    for k in range(3):
        own = kernel[:, k : k + 1], bias[k : k + 1]
        _, to_kernel, to_bias = oracle.LOSSES["sigmoid"](*own, X[:40], Y[:40, k])
        stepped = points @ (own[0] - 0.1 * to_kernel) + own[1] - 0.1 * to_bias
        np.testing.assert_allclose(after(points)[:, k], stepped[:, 0], atol=1e-6)


def test_an_epochs_cost_is_the_oracles():
    generator = np.random.default_rng(3)
    z, y = generator.standard_normal((70, 3)), generator.integers(0, 3, 70)
    losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(70), y]
    means = [losses[start : start + 32].mean() for start in (0, 32, 64)]
    found = net.epoch_cost(z, y, 32)
    assert found["epoch cost by rows"] == pytest.approx(1)
    assert found["epoch cost as printed"] == pytest.approx(sum(means) / 2 / losses.mean())
    assert found["rows left over"] == 6
    assert net.epoch_cost(z, y, 128)["rows left over"] == 0


def test_the_lowest_losses_are_known_in_closed_form(history):
    lowest = history.numbers
    assert lowest["lowest for two labels, softmax"] == pytest.approx(2 * np.log(2), abs=1e-4)
    assert lowest["lowest for two labels, sigmoid"] == pytest.approx(0, abs=1e-3)
    marked = np.log(0.001) - 2 * np.log(0.999)
    assert lowest["lowest with marks -1 and 1"] == pytest.approx(marked, rel=1e-6)


def test_the_example_names_the_classes_above_the_threshold(history):
    example = history.tables["example"]
    assert list(example["class"][example["passes"] == 1]) == [3, 4, 7, 8, 10]


@pytest.mark.parametrize(
    ("head", "like", "ids"),
    [
        (names.SIGMOID, names.SOFTMAX, {"1f", "2a", "2b", "2c", "2d"}),
        (names.SOFTMAX, names.SIGMOID, {"2a", "2b", "2c"}),
        (names.ONES, names.SIGMOID, {"2d", "3a"}),
    ],
)
def test_a_head_that_was_another_changes_the_verdicts(history, head, like, ids):
    """With several labels; the other tasks are as they were."""
    scores = history.tables["scores"]
    several = scores["task"] == names.SEVERAL
    replaced, taken = (
        several & scores["head"].isin([each, each + names.TUNED]) for each in (head, like)
    )
    copied = scores[taken]
    copied = copied.assign(head=copied["head"].str.replace(like, head, regex=False))
    scores = pd.concat([scores[~replaced], copied])
    means = measure.means(scores, ["task", "head", "metric"], "value")
    tables = history.tables | {"scores": scores, "means": means}
    changed = replace(history, tables=tables, numbers=dict(history.numbers))
    measure.compare(changed)
    assert ids <= {each.id for each in judge_all(CLAIMS, changed) if each.verdict == "fails"}


def test_every_printed_result_has_its_measurement(history):
    summary = history.tables["summary"]
    wrong = set(summary["quantity"][summary["verdict"] == "fails"])
    assert wrong == {each.quantity for each in published(experiment="tasks") if each.erratum}


def test_a_file_of_three_classes_is_measured_and_drawn(run, tmp_path):
    path = blobs(tmp_path / "three.h5", 3)
    small = ("seeds=[0]", "label_rows=100", "epochs=3", "threshold=0.4")
    finished = run("tasks", "data=file", f"data.path={path}", *small)
    history = load(finished.folder / "history.h5")
    assert history.data["classes"] == 3
    found = {verdict.id: verdict for verdict in judge_all(CLAIMS, history)}
    assert (found["1c"].verdict, found["1c"].data) == ("holds", "three.h5")
    assert (found["5a"].verdict, found["5a"].measured) == ("holds", 3)
    assert found["2c"].reason == "The threshold is below one half."
    # 192 rows are whole batches of 32.
    assert found["5b"].reason == "There is no smaller last batch."
    pictures = {path.stem for path in finished.folder.glob("figures/*.png")}
    assert pictures == {"errors_by_task", "several_labels", "example"}


@pytest.mark.parametrize(
    ("label", "found"),
    [
        (np.arange(20) % 2, "2 different value(s) (0, 1)"),
        (np.arange(20) % 3 + 1, "(1, 2, 3)"),
        (np.arange(20) % 3 * 2, "(0, 2, 4)"),
        (np.arange(20) % 3 / 2, "(0.0, 0.5, 1.0)"),
        (np.r_[np.nan, np.arange(19) % 3], "nan"),
    ],
)
def test_other_labels_than_those_of_many_classes_are_refused(tmp_path, label, found):
    path = write(tmp_path / "bad.h5", label=label)
    with pytest.raises(InputError) as caught:
        File(path=str(path)).load(many_classes=True)
    assert found in str(caught.value)
    assert "expected 0 to K - 1" in str(caught.value)


def test_two_classes_are_too_few_and_ten_too_many():
    with pytest.raises(InputError, match=r"data=breast_cancer: .*expected 0 to K - 1"):
        BreastCancer().load(many_classes=True)
    with pytest.raises(InputError, match=r"data=digits: .*expected 0 and 1"):
        Digits().load()


def test_a_class_that_a_part_lacks_is_named(tmp_path):
    path = write(tmp_path / "rare.h5", label=np.r_[2, np.arange(19) % 2])
    with pytest.raises(InputError, match=r"leaves class 2 out of the .* all 3 classes"):
        measure.measure(settings("data=file", f"data.path={path}"))


def test_the_wrong_number_of_classes_costs_one_line_and_exit_code_2(twinhead, tmp_path):
    three, two = blobs(tmp_path / "three.h5", 3), blobs(tmp_path / "two.h5", 2)
    for name, path in (("equivalence", three), ("tasks", two)):
        done = twinhead(name, "data=file", f"data.path={path}", "progress=false")
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {path}: `label` holds")
        assert done.stderr.count("\n") == 1


def test_features_on_which_a_head_diverges_are_refused(tmp_path):
    path = blobs(tmp_path / "wide.h5", 3, scale=1e30)
    words = ("data=file", f"data.path={path}", "seeds=[0]", "epochs=2")
    with pytest.raises(InputError, match=r"learning_rate: .*diverges"):
        measure.measure(settings(*words))


@pytest.mark.parametrize(
    "word", ["labels=2", "labels_each=6", "threshold=1", "init_sd=0", "data=breast_cancer"]
)
def test_bad_settings_are_refused(word):
    with pytest.raises(InputError, match=word.split("=")[0]):
        settings(word)


def test_thresholds_are_chosen_and_columns_scaled_on_training_rows_alone(monkeypatch):
    rows, chosen_on = [], []
    train, best = net.Net.train, labels.best_threshold

    def watched(self, X, y, seed):
        rows.append(X)
        return train(self, X, y, seed)

    monkeypatch.setattr(net.Net, "train", watched)
    monkeypatch.setattr(
        labels, "best_threshold", lambda p, truth: chosen_on.append(len(truth)) or best(p, truth)
    )
    labels.measure(settings("seeds=[0]", "epochs=1", "label_rows=300"))
    assert set(chosen_on) == {240}
    for X in rows:
        assert len(X) == 240
        np.testing.assert_allclose(X.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(X.std(axis=0), 1, atol=1e-5)


def test_the_best_threshold_is_where_most_labels_are_right():
    p = np.array([[0.1, 0.32], [0.28, 0.9]])
    assert labels.best_threshold(p, np.array([[0, 1], [0, 1]])) == pytest.approx(0.3)
    assert labels.best_threshold(p, np.array([[0, 0], [0, 1]])) == pytest.approx(0.35)


def test_two_classes_hold_the_heads_against_each_other_at_twice_the_rate_and_at_one():
    chosen = settings("seeds=[0,1,2,3,4,5,6,7]", "epochs=1", "learning_rate=0.01")
    scores, numbers = measure._two_classes(chosen)
    errors = {
        head: [row["value"] for row in scores if row["head"] == head]
        for head in (names.SOFTMAX, names.SIGMOID)
    }
    assert errors[names.SOFTMAX] == errors[names.SIGMOID], "at twice the rate they are one"
    assert len(errors[names.SIGMOID]) == 8
    assert numbers["two classes, loss gap of the heads"] <= 1e-6
    assert numbers["two classes, loss gap at equal rates"] >= 1e-3


def test_a_sum_over_labels_is_no_mean():
    """Every head learns at the rate it would have alone."""
    generator = np.random.default_rng(4)
    y, z = generator.integers(0, 2, (5, 3)).astype(float), generator.standard_normal((5, 3))
    expected = np.logaddexp(0, (1 - 2 * y) * z).sum(axis=1)
    np.testing.assert_allclose(net.binary(3, y, z), expected, rtol=1e-6)


def test_softmax_over_two_labels_gains_what_they_tell_of_each_other():
    one = np.arange(40) % 2
    apart = np.array([0, 0, 1, 1] * 10)  # Independent of the first.
    nearly = np.where(np.arange(40) < 36, one, 1 - one)
    found = joint.marginals(np.column_stack([one, apart, nearly]), np.random.default_rng(0))
    # Of the pair that goes together: shares of 0.45 that agree, and of 0.05 that do not.
    told = 2 * 0.45 * np.log(0.45 / 0.25) + 2 * 0.05 * np.log(0.05 / 0.25)
    assert found["nats that two labels tell of each other"] == pytest.approx(told, rel=1e-12)
    assert found["nats that softmax over both gains"] == pytest.approx(told, abs=1e-10)
    assert found["nats that softmax over both gains, one shuffled"] < told / 2


def test_where_several_heads_say_yes_the_most_confident_and_the_first_are_counted(monkeypatch):
    z = -np.ones((joint.NEW_ROWS, 6))  # Row by row, the class is 0 to 5 in turn.
    z[0, :2] = 2, 1  # Of class 0: both rules are right, where lots are in one of two.
    z[7, :3] = 1, 3, 2  # Of class 1: confidence is right, lots in one of three.
    z[2, :2] = 1, 2  # Of class 2, whose head says no: it does not count.
    z[3, 3] = 1  # One head alone: neither.
    monkeypatch.setattr(joint, "sigmoids", lambda *_: (None, lambda X: z))
    found = joint.several_say_yes(settings("seeds=[0,1]"))
    lots = (1 / 2 + 1 / 3) / 2
    assert found["lead over lots, the most confident"] == pytest.approx(1 - lots)
    assert found["lead over lots, the first"] == pytest.approx(1 / 2 - lots)
    assert found["rows to which several say yes"] == pytest.approx(2 / joint.NEW_ROWS)
    monkeypatch.setattr(joint, "sigmoids", lambda *_: (None, lambda X: -np.abs(z)))
    assert joint.several_say_yes(settings("seeds=[0]")) == {}


def test_pictures_of_28_by_28_are_learnt_from_a_file(tmp_path):
    """As article 002 has them: here scikit-learn's digits, every pixel 3 by 3, and a margin."""
    X, y = load_digits(return_X_y=True)
    wide = np.pad(X.reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2), [(0, 0), (2, 2), (2, 2)])
    path = write(tmp_path / "wide.h5", train=(wide.reshape(-1, 784) / 16).astype("f"), label=y)
    features = File(path=str(path)).load(many_classes=True)
    assert features.X.shape == (1797, 784)
    scores, _ = measure._many_classes(settings("seeds=[0]"), {0: split(features, 0.2, 0)})
    accuracy = {row["head"]: row["value"] for row in scores if row["metric"] == "accuracy"}
    assert accuracy[names.SOFTMAX] > 0.9 > 0.5 > accuracy[names.SOFTMAX + names.UNTRAINED]
