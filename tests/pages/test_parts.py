"""What a page is made of, without a browser: numbers in type, strips, tables, pictures."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from twinhead.pages import losses, pictures, strips, style, tables
from twinhead.pages.report import answer, claims_heading
from twinhead.pages.typeset import heads, raised, rich, short
from twinhead.results.arm import Arm
from twinhead.results.claim import ControlVerdict, Verdict
from twinhead.results.history import History, Record


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "–"),
        (0.0, "0"),
        (1e-6, "1e-06"),
        (1.03e-6, "1.0e-06"),
        (1.6e-8, "1.6e-08"),
        (0.1124, "0.11"),
        (6369.0, "6\u202f369"),
        (-0.25, "−0.25"),
        (math.inf, "∞"),
        (math.nan, "not a number"),
    ],
)
def test_a_number_has_two_digits_and_a_power_only_where_it_is_one(value, said):
    assert short(value) == said


def test_powers_and_indices_are_set_as_such_and_markup_is_not_let_in():
    assert str(rich("θ1 − θ0 < 1e-6")) == ("θ<sub>1</sub> − θ<sub>0</sub> &lt; 10<sup>−6</sup>")
    assert "1.59\u00a0×\u00a010<sup>−8</sup>" in rich("apart by 1.59e-08")
    assert str(rich("7.4\u00a0×\u00a010⁻⁹")) == "7.4\u00a0×\u00a010<sup>−9</sup>"
    assert raised("θ1, 1.59e-08, 1e-12") == "θ₁, 1.59\u00a0×\u00a010⁻⁸, 10⁻¹²"
    assert str(rich("faf078e46d6d")) == "faf078e46d6d", "a run's id is no number"
    assert '<span class="c-softmax">Softmax</span>' in heads("Softmax <b>")
    assert "<b>" not in heads("Softmax <b>")


def test_the_answers_number_is_bold_once():
    assert str(answer("No: 0.0137 apart, not 0.01.", 0.01374)).count("<b>") == 1
    assert "<b>0.0137</b>" in answer("No: 0.0137 apart.", 0.01374)
    assert "<b>" not in answer("No number.", None)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ((12, 0, 2), "All 12 claims hold; 2 could not be tested here"),
        ((9, 3, 0), "3 of 12 claims fail"),
        ((9, 1, 0), "1 of 10 claims fails"),
        ((1, 0, 0), "The claim holds"),
        ((0, 0, 3), "None of 3 claims could be tested here"),
    ],
)
def test_the_heading_over_the_claims_says_what_came_of_them(counts, said):
    assert claims_heading(dict(zip(("holds", "fails", "not tested"), counts, strict=True))) == said


def verdict(comparison, expected, measured, told, tolerance=0.0, outcome="holds"):
    return Verdict(
        **{"id": "1", "name": "n", "group": "g", "claim": "c", "source": "s", "reason": "r"},
        **{"expected": expected, "measured": measured, "tolerance": tolerance, "data": ""},
        **{"comparison": comparison, "verdict": outcome},
        control=ControlVerdict("told", told, "fails"),
    )


@pytest.mark.parametrize(
    "told",
    [
        verdict("equal", 0, 1e-8, 0.1, 1e-6),
        verdict("equal", 130, 130, 65),
        verdict("equal", 2, 2 + 1e-9, 2.1, 1e-6),
        verdict("at most", 0.5, 0.05, 20),
        verdict("at most", 0.5, 0.55, 20, 0.1),
        verdict("at least", 100, 2e5, 0.2),
        verdict("at least", 100, math.inf, 0.2),
        verdict("at least", 100, 95, 0.2, 10),
        verdict("at most", 0, -0.1, 3),
    ],
)
def test_what_holds_lies_on_the_range_and_its_control_does_not(told):
    strip = strips.strip(told)
    assert strip.start <= strip.measured <= strip.end
    assert not strip.start <= strip.control <= strip.end
    assert min(strip.start, strip.measured, strip.control) >= 0
    assert max(strip.end, strip.measured, strip.control) <= 100
    swapped = strips.strip(
        verdict(
            told.comparison, told.expected, told.control.measured, told.measured, told.tolerance
        )
    )
    assert not swapped.start <= swapped.measured <= swapped.end


def test_what_is_not_tested_or_no_number_has_no_dot():
    assert strips.strip(verdict("equal", 0, None, None, outcome="not tested")) is None
    assert strips.strip(verdict("equal", 0, math.nan, 1.0, 1e-6, "fails")).measured is None


def history(seeds, epochs=4):
    made = History({"name": "rows"})
    for seed in range(seeds):
        for head, ratio in (("softmax", 1.0), ("sigmoid", 2.0)):
            arm = Arm(f"{head} {seed}", head, 0.1, seed, lr_ratio=ratio, init="transfer")
            record = Record(arm, {("validation", "loss"): np.linspace(1, 0.5, epochs + 1) + seed})
            if head == "sigmoid":
                record.series["validation", "loss_gap"] = np.full(epochs + 1, (seed + 1) * 1e-3)
            made.add(record)
    return made


def test_arms_that_differ_in_the_seed_are_one_row_with_their_range():
    (table,) = losses.tables(history(3))
    assert [(row.head, row.label) for row in table.rows] == [
        ("softmax", ""),
        ("sigmoid", "β = θ1 − θ0, rate × 2"),
    ]
    assert table.rows[0].cells[0] == ("2.0000", ["± 1"])
    assert table.rows[1].cells[0] == ("2.0000", ["± 1", "0.0030"])
    (alone,) = losses.tables(history(1))
    assert alone.rows[1].cells[-1] == ("0.5000", ["0.0010"])


def test_two_arms_of_one_seed_stay_two_rows():
    made = history(1)
    record = made.records["sigmoid 0"]
    made.add(Record(Arm(**(vars(record.arm) | {"name": "control"})), record.series))
    assert len(losses.tables(made)[0].rows) == 3


def test_a_long_training_shows_first_and_last_epoch_and_some_between():
    assert losses.shown(3) == [0, 1, 2]
    epochs = losses.shown(101)
    assert (epochs[0], epochs[-1], len(epochs)) == (0, 100, losses.COLUMNS)
    diverged = history(1)
    diverged.records["sigmoid 0"].series["validation", "loss"][-1] = np.nan
    assert losses.tables(diverged)[0].rows[1].cells[-1][0] == "diverged"


def test_a_table_has_an_interval_under_its_mean_and_counts_its_verdicts():
    frame = pd.DataFrame(
        {
            **{"ratio": [1.9, 2.0], "gap": [0.5, 1e-9], "gap_low": [0.25, 1e-9]},
            **{"gap_high": [0.75, 1e-9], "verdict": ["fails", "holds"], "at": [np.nan, 3.0]},
        }
    )
    table = tables.table("summary", frame, {})
    assert table.caption == "Summary: 2 rows, 1 hold, 1 fail"
    assert [column.title for column in table.columns] == ["ratio", "gap", "verdict", "at"]
    assert table.rows == [
        [("1.9", ""), ("0.5", "0.25 to 0.75"), ("fails", ""), ("–", "")],
        [("2", ""), ("1.00e-09", ""), ("holds", ""), ("3", "")],
    ]


def test_a_picture_says_what_it_shows_and_keeps_its_title_in_the_file():
    figure = Figure(figsize=(style.WIDTH, 3), layout="constrained")
    axes = figure.subplots()
    style.line(axes, [1.0, 0.5, 0.25], style.SIGMOID[0], label="sigmoid")
    axes.set(xlabel="epoch", ylabel="loss")
    style.finding(figure, "The loss falls to 2.5e-01 $ by the end")
    made = pictures.picture("falling", figure)
    assert made.finding == "The loss falls to 2.5\u00a0×\u00a010⁻¹ $ by the end"
    assert made.words == "loss against epoch. sigmoid: 0.50 to 0.25."
    assert "falls" not in made.svg
    assert "falls" in str(figure.get_suptitle())
    assert "var(--sigmoid)" in made.svg
    assert "#d55e00" not in made.svg
    assert 'width="' not in made.svg.partition(">")[0]


def test_names_at_line_ends_are_spread_and_stay_in_order():
    places = style.spread([0.1, 0.5, 0.51, 0.52, 0.9], 0.1)
    assert np.diff(places).min() >= 0.1 - 1e-12
    np.testing.assert_allclose(places, [0.1, 0.41, 0.51, 0.61, 0.9])
