"""The main job's aggregates, on histories whose answer is known."""

import numpy as np
import pytest

from twinhead.data.features import split as cut
from twinhead.data.sources import Surrogate
from twinhead.experiments.equivalence import claims, measure
from twinhead.results.arm import Arm
from twinhead.results.claim import FAILS, HOLDS, NOT_TESTED, judge
from twinhead.results.history import History, Record
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
    """Return a history of published arms with these validation-loss gaps, a dict a seed."""
    history = History({"name": "x"})
    for seed, gaps in enumerate(seeds):
        for init, gap in gaps.items():
            arm = Arm(f"{init} {seed}", "sigmoid", 1, seed, init, noise="independent")
            history.add(Record(arm, {("validation", "loss_gap"): np.array(gap)}))
    for ratio, gap in zip((2.0, 1.0), common, strict=True):
        arm = Arm(f"ratio {ratio}", "sigmoid", 1, 0, "transfer", lr_ratio=ratio)
        history.add(Record(arm, {("validation", "loss_gap"): np.array([0, gap, 0])}))
    return history


def test_published_gap_is_taken_after_epoch_one_and_swapped_in_the_control():
    numbers = measure._as_published(with_gaps({"transfer": [9, 0.001, 9], "random": [0, -0.1, 0]}))
    assert numbers["published gap, matched over own start"] == pytest.approx(0.01)
    assert numbers["published gap, own start over matched"] == pytest.approx(100)


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


def test_largest_change_is_over_all_epochs_and_relative_to_large_weights():
    record = Record(Arm("s", "softmax", 1, 0, precision="float64"))
    for theta in ([[0.1, 0.2]], [[0.1, 0.5]], [[0.1, 0.2]]):
        record.keep_weights(np.array(theta), np.zeros(2))
    assert measure._largest_change(record, +1) == pytest.approx(0.3)
    assert measure._largest_change(record, -1) == pytest.approx(0.3)
    record.weights["kernel"] *= 1000
    assert measure._largest_change(record, +1) == pytest.approx(0.6)


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
