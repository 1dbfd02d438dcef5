import json
from dataclasses import asdict

import equivalence
import numpy as np
import pytest

from twinhead import claims, config, data
from twinhead.claims import FAILS, HOLDS, NOT_TESTED
from twinhead.history import Arm, History, Record

# Of the article's size, whether or not the real file is in data/.
SURROGATE = config.Surrogate(rows=25000, features=2048, seed=20180520)


def judged(measured, control, comparison="equal", expected=0.0, tolerance=1e-6):
    return claims.judge(
        id="1",
        claim="",
        source="",
        expected=expected,
        measured=measured,
        tolerance=tolerance,
        comparison=comparison,
        reason="",
        control="",
        control_measured=control,
    )


@pytest.mark.parametrize(
    ("measured", "control", "verdict"),
    [
        (0.0, 1.0, HOLDS),
        (-1e-6, 1.0, HOLDS),
        (1.1e-6, 1.0, FAILS),
        (float("nan"), 1.0, FAILS),
        (float("inf"), 1.0, FAILS),
        (0.0, 0.0, FAILS),  # The control did not fail: the measurement could not have told.
        (None, None, NOT_TESTED),
    ],
)
def test_a_claim_holds_only_within_tolerance_and_with_a_failing_control(measured, control, verdict):
    assert judged(measured, control).verdict == verdict


def test_comparisons_have_a_direction():
    assert judged(99, 1, "at least", 100, 0).verdict == FAILS
    assert judged(100, 1, "at least", 100, 0).verdict == HOLDS
    assert judged(0.6, 9, "at most", 0.5, 0).verdict == FAILS
    assert judged(0.5, 9, "at most", 0.5, 0).verdict == HOLDS
    with pytest.raises(ValueError, match="no comparison"):
        judged(1, 1, "about")


def test_verdicts_have_the_contracts_keys():
    keys = {"id", "claim", "source", "expected", "measured"}
    keys |= {"tolerance", "comparison", "verdict", "control"}
    written = json.loads(json.dumps(asdict(judged(0.0, 1.0))))
    assert keys <= set(written)
    assert set(written["control"]) == {"claim", "measured", "verdict"}


def test_ratio_of_means_covers_the_true_ratio_as_often_as_it_says():
    generator = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        above, below = generator.gamma(4, 1, 5), generator.gamma(4, 2, 5)
        ratio, high = claims.ratio_of_means(above, below)
        assert ratio == pytest.approx(above.mean() / below.mean())
        covered += high >= 0.5
    # Nine in ten of 200, as it says for five pairs, less four sd of counting.
    assert covered >= 163


def test_one_pair_is_its_own_interval():
    assert claims.ratio_of_means(np.array([1.0]), np.array([4.0])) == (0.25, 0.25)


def test_sixty_numbers_of_the_article_are_transcribed():
    numbers = claims.published("000")
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
    history = History({"article": "000", "made_up": False, "article_recipe": True})
    for name in ("softmax", "sigmoid transfer", "sigmoid random"):
        head, _, init = name.partition(" ")
        arm = Arm(name, head, init or "random", "sgd", 1e-3, 2.0, 1, "independent", "float32")
        record = Record(arm)
        for number in claims.published("000"):
            if number.arm == name:
                key = number.split, number.metric
                record.series.setdefault(key, np.full(6, np.nan))[number.epoch] = (
                    number.printed + shift
                )
        history.add(record)
    return history


def test_the_articles_own_log_holds_and_another_does_not():
    losses, accuracies = equivalence._printed(as_printed())
    assert (losses.verdict, losses.measured) == (HOLDS, 0)
    assert (accuracies.verdict, accuracies.measured) == (HOLDS, 0)
    losses, _ = equivalence._printed(as_printed(shift=0.02))
    assert losses.verdict == FAILS


@pytest.mark.parametrize("about", [{"made_up": True}, {"article": ""}, {"article_recipe": False}])
def test_printed_numbers_are_not_tested_on_other_data(about):
    history = as_printed()
    history.data.update(about)
    for verdict in equivalence._printed(history):
        assert verdict.verdict == NOT_TESTED
        assert verdict.measured is None


def with_published_gaps(*seeds):
    """Return a history of published arms with these validation-loss gaps, a dict a seed."""
    history = History({"features": 3})
    for seed, gaps in enumerate(seeds):
        for init, gap in gaps.items():
            arm = Arm(f"{init} {seed}", "sigmoid", init, "", 1, 2.0, seed, "independent", "float32")
            history.add(Record(arm, {("validation", "loss_gap"): np.array(gap)}))
    return history


def add_common(history, gap_at_two, gap_at_one):
    for ratio, gap in ((2.0, gap_at_two), (1.0, gap_at_one)):
        arm = Arm(f"ratio {ratio}", "sigmoid", "transfer", "", 1, ratio, 0, "common", "float32")
        history.add(Record(arm, {("validation", "loss_gap"): np.array([0, gap, 0])}))


def test_published_gap_is_taken_after_epoch_one_and_swapped_in_the_control():
    history = with_published_gaps({"transfer": [9, 0.001, 9], "random": [0, -0.1, 0]})
    verdict = equivalence._published_gap(history)
    assert verdict.measured == pytest.approx(0.01)
    assert verdict.control.measured == pytest.approx(100)
    assert (verdict.verdict, verdict.control.verdict) == (HOLDS, FAILS)


def test_leftover_compares_largest_gaps_and_its_control_is_the_arm_at_ratio_one():
    history = with_published_gaps({"transfer": [0, 0.01, -0.03]}, {"transfer": [0, 0.05, 0]})
    add_common(history, 1e-6, 0.4)
    verdict = equivalence._leftover(history)
    assert verdict.measured == pytest.approx(0.04 / 1e-6)
    assert verdict.control.measured == pytest.approx(0.04 / 0.4)


def test_leftover_is_not_tested_where_nothing_is_left_over():
    history = with_published_gaps({"transfer": [0, 1e-8, 0]})
    add_common(history, 1e-8, 1e-8)
    assert equivalence._leftover(history).verdict == NOT_TESTED


def test_largest_change_is_over_all_epochs_and_relative_to_large_weights():
    record = Record(Arm("s", "softmax", "random", "", 1, 1.0, 0, "common", "float64"))
    for theta in ([[0.1, 0.2]], [[0.1, 0.5]], [[0.1, 0.2]]):
        record.keep_weights(np.array(theta), np.zeros(2))
    assert equivalence._largest_change(record, +1) == pytest.approx(0.3)
    assert equivalence._largest_change(record, -1) == pytest.approx(0.3)
    record.weights["kernel"] *= 1000
    assert equivalence._largest_change(record, +1) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("inf", "inf"),
        (4098, "4098"),
        (0.5, "0.5000"),
        (1.23e-9, "1.23e-09"),
    ],
)
def test_numbers_are_shown_whatever_they_are(value, shown):
    assert claims.number(value) == shown


def test_the_surrogate_lands_on_the_articles_log():
    """Calibrated to it, so this shows only that nobody has moved it since."""
    from twinhead import bank

    settings = config.compose("equivalence", [])
    split = data.split(data.load(SURROGATE), 0.2, settings.seed)
    arms = equivalence._arms(settings, "common", "float32", settings.seed)
    softmax, _, random = bank.train(arms, settings, split)
    printed = {(n.arm, n.split, n.metric, n.epoch): n.printed for n in claims.published("000")}
    deviations = []
    for name, record in (("softmax", softmax), ("sigmoid random", random)):
        for epoch in range(1, 6):
            deviations.append(record.loss()[epoch] - printed[name, "validation", "loss", epoch])
        final = record.series["validation", "accuracy"][-1]
        assert abs(final - printed[name, "validation", "accuracy", 5]) <= 0.005
    assert np.abs(deviations).mean() <= 0.02
