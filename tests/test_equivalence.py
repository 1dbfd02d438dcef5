"""The main job's aggregates, on histories whose answer is known."""

import numpy as np
import pytest
import yaml
from scipy import stats

from twinhead.cli.composing import compose
from twinhead.data.features import split as cut
from twinhead.data.sources import Surrogate
from twinhead.experiments.equivalence import Settings, calibration, claims, figures, measure
from twinhead.results.arm import Arm
from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, judge
from twinhead.results.history import History, Record, load
from twinhead.results.published import published
from twinhead.training import bank

# Of the article's size, whether or not the real file is in data/.
SURROGATE = Surrogate(rows=25000, features=2048, seed=20180520)


def test_sixty_numbers_of_the_article_are_transcribed():
    numbers = published("000")
    by_metric = {}
    for number in numbers:
        by_metric[number.metric] = by_metric.get(number.metric, 0) + 1
        assert 0 < number.printed < 1
        assert number.tolerance > 0
        assert number.reason
    assert by_metric == {"loss": 15, "accuracy": 15, "running_loss": 15, "running_accuracy": 15}
    assert len({(n.arm, n.epoch, n.split, n.metric) for n in numbers}) == 60
    # Spot checks against the printed log, one an arm.
    printed = {(n.arm, n.epoch, n.split, n.metric): n.printed for n in numbers}
    assert printed["softmax", 2, "train", "running_loss"] == 0.3338
    assert printed["sigmoid transfer", 3, "validation", "loss"] == 0.2275
    assert printed["sigmoid random", 1, "validation", "accuracy"] == 0.9718


def as_printed(shift=0.0):
    """Return a history that holds exactly what the article prints, plus `shift`."""
    data = {"name": "x", "article": "000", "made_up": False, "article_recipe": True}
    history = History(data)
    for name in ("softmax", "sigmoid transfer", "sigmoid random"):
        head, _, init = name.partition(" ")
        record = Record(Arm(name, head, 1e-3, 1, init or "random", noise="independent"))
        for number in published("000"):
            if number.arm == name:
                key = number.split, number.metric
                record.series.setdefault(key, np.full(6, np.nan))[number.epoch] = (
                    number.printed + shift
                )
        history.add(record)
    return history


def test_what_is_trained_unless_told_otherwise_is_the_articles_recipe():
    """Only then is its printed log held against the run."""
    settings = compose("experiment/equivalence", Settings, [])
    assert settings.recipe() == measure.ARTICLE_RECIPE
    assert (settings.epochs, settings.batch_size, settings.dropout) == (5, 128, 0.5)
    assert (settings.learning_rate, settings.lr_ratio) == (1e-3, 2)
    other = compose("experiment/equivalence", Settings, ["dropout=0"])
    assert other.recipe() != measure.ARTICLE_RECIPE


def held_against_print(history):
    measure._hold_against_print(history)
    return [judge(claim, history) for claim in claims.CLAIMS if claim.id in ("8a", "8b")]


def test_the_articles_own_log_holds_and_another_does_not():
    losses, accuracies = held_against_print(as_printed())
    assert (losses.verdict, losses.measured) == (HOLDS, 0)
    assert (accuracies.verdict, accuracies.measured) == (HOLDS, 0)
    assert held_against_print(as_printed(shift=0.02))[0].verdict == FAILS


@pytest.mark.parametrize("about", [{"made_up": True}, {"article": ""}, {"article_recipe": False}])
def test_printed_numbers_are_not_tested_on_other_data(about):
    history = as_printed()
    history.data.update(about)
    for verdict in held_against_print(history):
        assert verdict.verdict == NOT_TESTED
        assert verdict.measured is None
        assert verdict.reason.endswith(".")


def with_gaps(*seeds, common=(1e-6, 0.4)):
    """Return a history of published arms with these validation-loss gaps, a dict a seed.

    The softmax arms' losses are a hundred times their seed, so that another seed's is far away.
    """
    history = History({"name": "x"})
    for seed, gaps in enumerate(seeds):
        for init, gap in ({"softmax": [0, 0, 0]} | gaps).items():
            head = "softmax" if init == "softmax" else "sigmoid"
            arm = Arm(f"{init} {seed}", head, 1, seed, init, noise="independent")
            gap = np.array(gap, float)
            series = {("validation", "loss_gap"): gap, ("validation", "loss"): 100 * seed + gap}
            history.add(Record(arm, series))
    for ratio, gap in zip((2.0, 1.0), common, strict=True):
        arm = Arm(f"ratio {ratio}", "sigmoid", 1, 0, "transfer", lr_ratio=ratio)
        history.add(Record(arm, {("validation", "loss_gap"): np.array([0, gap, 0])}))
    return history


RATIO = "published gap, matched over own start"


def test_published_gap_is_taken_after_epoch_one_with_the_interval_over_seeds():
    gaps = [{"transfer": [9, 0.001, 9], "random": [0, -0.1, 0]}]
    gaps += [{"transfer": [9, -0.004, 9], "random": [0, 0.1, 0]}]
    numbers = measure._as_published(with_gaps(*gaps))
    assert numbers[RATIO] == pytest.approx(0.02)
    logs = np.log([0.01, 0.04])
    ends = np.exp(stats.t.interval(0.95, 1, logs.mean(), stats.sem(logs)))
    assert [numbers[f"{RATIO}, {end}"] for end in ("low", "high")] == pytest.approx(list(ends))
    another = numbers["published gap, matched to another seed over own start, high"]
    assert another == pytest.approx(1000, rel=0.1)


def test_one_seed_as_published_has_no_interval_and_is_not_tested():
    history = with_gaps({"transfer": [0, 0.001, 0], "random": [0, 0.1, 0]})
    history.numbers = measure._as_published(history)
    (third,) = (claim for claim in claims.CLAIMS if claim.id == "3")
    verdict = judge(third, history)
    assert (verdict.verdict, verdict.measured) == (NOT_TESTED, None)
    assert "repeats=2" in verdict.reason


def test_leftover_compares_largest_gaps_and_its_control_is_the_arm_at_ratio_one():
    gaps = {"transfer": [0, 0.01, -0.03], "random": [0, 1, 1]}
    numbers = measure._as_published(
        with_gaps(gaps, {"transfer": [0, 0.05, 0], "random": [0, 1.5, 0]})
    )
    shrunk = "leftover gap, shrunk by common noise"
    assert numbers[shrunk] == pytest.approx(0.04 / 1e-6)
    assert numbers[f"{shrunk} at equal rates"] == pytest.approx(0.04 / 0.4)


def test_leftover_is_not_tested_where_nothing_is_left_over():
    gaps = {"transfer": [0, 1e-8, 0], "random": [0, 1e-8, 0]}
    history = with_gaps(gaps, common=(1e-8, 1e-8))
    assert "leftover gap, shrunk by common noise" not in measure._as_published(history)
    assert "leftover gap, shrunk by common noise" in history.untested


def test_calibration_is_what_was_said_beside_what_came():
    p, y = np.array([0.02, 0.08, 0.95, 1.0, 0.41]), np.array([0, 1, 1, 1, 0])
    table = calibration.reliability(p, y)
    np.testing.assert_allclose(table["rows"], [2, 1, 2])
    np.testing.assert_allclose(table["said"], [0.05, 0.41, 0.975])
    np.testing.assert_allclose(table["came"], [0.5, 0, 1])
    expected = (2 * 0.45 + 0.41 + 2 * 0.025) / 5
    assert calibration.expected_error(table) == pytest.approx(expected)


def test_calibration_errors_are_those_of_the_trained_heads(run):
    """Anew, from the stored weights: softmax's against the sigmoid's, which is as good."""
    history = load(run("equivalence").folder / "history.h5")
    table = history.tables["reliability"]
    assert set(table["head"]) == {"softmax", "sigmoid", "sigmoid at equal rates"}
    for head in ("softmax", "sigmoid"):
        own = table[table["head"] == head]
        assert own["rows"].sum() == history.data["validation_rows"]
        error = (own["rows"] * (own["said"] - own["came"]).abs()).sum() / own["rows"].sum()
        found = history.numbers["calibration error of softmax, float32"]
        assert error == pytest.approx(found, abs=1e-6)


def test_the_articles_own_picture_takes_the_two_sigmoids_apart():
    history = with_gaps({"transfer": [0, 0.25, 0.5], "random": [0, 1, 3]})
    np.testing.assert_allclose(figures._apart(history, "transfer", "random"), [[0, -0.75, -2.5]])
    np.testing.assert_allclose(figures._apart(history, "random", "softmax"), [[0, 1, 3]])
    epochs, values = figures._printed_gap(published("000"), "sigmoid transfer", "sigmoid random")
    printed = {(n.arm, n.epoch): n.printed for n in published("000") if n.metric == "loss"}
    assert epochs == [1, 2, 3, 4, 5]
    assert values[2] == printed["sigmoid transfer", 3] - printed["sigmoid random", 3]


def test_largest_change_is_over_all_epochs_and_relative_to_large_weights():
    record = Record(Arm("s", "softmax", 1, 0, precision="float64"))
    for theta in ([[0.1, 0.2]], [[0.1, 0.5]], [[0.1, 0.2]]):
        record.keep_weights(np.array(theta), np.zeros(2))
    assert measure._largest_change(record) == pytest.approx(0.3)
    record.weights["kernel"] *= 1000
    assert measure._largest_change(record) == pytest.approx(0.6)


def test_the_surrogate_lands_on_the_articles_log():
    """Calibrated to it, so this shows only that nobody has moved it since."""
    seed = SURROGATE.seed
    arms = [Arm("softmax", "softmax", 1e-3, seed), Arm("random", "sigmoid", 2e-3, seed)]
    records = bank.train(arms, measure.ARTICLE_RECIPE, cut(SURROGATE.load(), 0.2, seed))
    printed = {(n.arm, n.split, n.metric, n.epoch): n.printed for n in published("000")}
    deviations = []
    for name, record in zip(("softmax", "sigmoid random"), records, strict=True):
        for epoch in range(1, 6):
            deviations.append(record.loss()[epoch] - printed[name, "validation", "loss", epoch])
        final = record.series["validation", "accuracy"][-1]
        assert abs(final - printed[name, "validation", "accuracy", 5]) <= 0.005
    assert np.abs(deviations).mean() <= 0.02


def test_the_conversion_is_of_trained_weights_and_every_seed_cuts_the_rows_anew(run):
    finished = run("equivalence")
    history = load(finished.folder / "history.h5")
    softmax = history.one(head="softmax", noise="common", precision="float64")
    assert np.any(softmax.weights["kernel"][-1] != softmax.weights["kernel"][0])
    # At the start the wrong conversion is less wrong: biases are zero and weights smaller.
    settings = finished.experiment.Settings.model_validate(
        yaml.safe_load((finished.folder / "config.yaml").read_text())
    )
    features = settings.data.load()
    X = cut(features, 0.2, settings.seed).X_validation.astype(np.float64)
    kernel, bias = (softmax.weights[name][-1] for name in ("kernel", "bias"))
    z = X @ kernel + bias
    p = 1 / (1 + np.exp(z[:, 0] - z[:, 1]))
    wrong = history.numbers["wrong conversion from softmax, float64"]
    assert wrong == pytest.approx(np.abs(1 - 2 * p).max(), rel=1e-9)
    losses = [each.loss()[0] for each in history.pick(head="sigmoid", init="random")]
    assert len(set(losses)) == len(losses)
    for each in history.pick(head="softmax", noise="independent"):
        own = cut(features, 0.2, each.arm.seed)
        z = own.X_validation @ each.weights["kernel"][-1] + each.weights["bias"][-1]
        margin = (z[:, 1] - z[:, 0]) * (1 - 2.0 * own.y_validation)
        assert each.loss()[-1] == pytest.approx(np.logaddexp(0, margin).mean(), rel=1e-5)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_gaps_are_those_of_the_matched_arm_and_controls_of_the_one_at_equal_rates(run, precision):
    history = load(run("equivalence").folder / "history.h5")
    arms = {"noise": "common", "precision": precision}
    softmax = history.one(head="softmax", **arms)
    for name, ratio in (("under common noise", 2.0), ("at equal rates", 1.0)):
        other = history.one(init="transfer", lr_ratio=ratio, **arms)
        for of, part in (("", "validation"), ("training ", "train")):
            gap = np.abs(other.loss(part) - softmax.loss(part)).max()
            size = max(1, history.one(init="transfer", lr_ratio=2.0, **arms).loss(part).max())
            assert history.numbers[f"{of}gap {name}, {precision}"] == pytest.approx(gap / size)
    assert history.numbers[f"bias to set at the start, {precision}"] == 0
    bias = softmax.weights["bias"][-1].astype(float)
    after = history.numbers[f"bias to set after training, {precision}"]
    assert after == pytest.approx(abs(bias[1] - bias[0]))
    kernel = softmax.weights["kernel"].astype(float)
    total = kernel.sum(axis=2)
    drift = np.abs(total - total[0]).max() / max(1, np.abs(kernel).max())
    assert history.numbers[f"change of θ0 + θ1, {precision}"] == pytest.approx(drift, abs=1e-300)
    assert history.numbers[f"change of θ0 + θ1 with weight decay, {precision}"] > 1e-6
