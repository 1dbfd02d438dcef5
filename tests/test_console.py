"""What a run says while it works and when it is done."""

import json
import logging

import pytest

from twinhead.runs import console, progress
from twinhead.steps import Steps

LONG = "A claim whose name is as long as a name may be...."


def verdict(id, name=LONG, outcome="holds", **changes):
    measured = None if outcome == "not tested" else 1.234e-8
    known = {
        **{"id": id, "name": name, "group": "All", "claim": f"The sentence of {id}"},
        **{"source": "article 000", "expected": 0.0, "measured": measured, "tolerance": 1e-6},
        **{"comparison": "equal", "reason": "Because of rounding.", "verdict": outcome},
        "control": {"claim": "the opposite", "measured": measured and 0.5, "verdict": "fails"},
        "data": "none",
    }
    return known | changes


@pytest.fixture
def folder(tmp_path):
    def written(*verdicts):
        counts = dict.fromkeys(("holds", "fails", "not tested"), 0)
        for each in verdicts:
            counts[each["verdict"]] += 1
        answer = {
            **{"question": "Is it so?", "answer": "It is so, to 1e-08.", "counts": counts},
            "data": {"name": "rows", "made_up": True},
        }
        (tmp_path / "answer.json").write_text(json.dumps(answer))
        (tmp_path / "verdicts.json").write_text(json.dumps(verdicts))
        return tmp_path

    return written


def test_a_claim_is_a_line_and_no_line_is_longer_than_80_columns(folder, capsys):
    every = [verdict(id) for id in ("1a", "1b", "12c")]
    assert console.tell(folder(*every)) == 0
    lines = capsys.readouterr().out.splitlines()
    # The path of the page is one word, however long it is.
    assert all(len(line) <= 80 for line in lines if not line.startswith("Page: "))
    claims = [line for line in lines if line.startswith("✓")]
    assert len(claims) == 3
    assert all(LONG in line and "1.23e-08" in line and "0.5000" in line for line in claims)
    assert "The sentence" not in "".join(lines)


def test_the_end_is_question_answer_counts_data_and_page(folder, capsys):
    place = folder(verdict("1"), verdict("2", outcome="not tested"))
    assert console.tell(place) == 0
    assert capsys.readouterr().out.splitlines()[-5:] == [
        "Is it so?",
        "It is so, to 1e-08.",
        "1 hold, 0 fail, 1 not tested",
        "Data: surrogate, made up: rows",
        f"Page: {place / 'report.html'}",
    ]


def test_what_fails_is_told_in_full_and_what_holds_only_if_asked(folder, capsys):
    place = folder(verdict("1"), verdict("2", outcome="fails"))
    assert console.tell(place) == 1
    brief = capsys.readouterr().out
    assert "The sentence of 2" in brief
    assert "the opposite: 0.5000, told apart" in brief
    assert "The sentence of 1" not in brief
    (place / "summary.csv").write_text("lr_ratio,loss_gap\n2.0,1e-09\n")
    assert console.tell(place, details=True) == 1
    full = capsys.readouterr().out
    assert "The sentence of 1" in full
    assert "1.00e-09" in full


def test_a_control_that_is_not_told_apart_is_said_to_show_nothing(folder, capsys):
    control = {"claim": "the opposite", "measured": 0.0, "verdict": "holds"}
    console.tell(folder(verdict("1", outcome="fails", control=control)))
    assert "NOT told apart, so nothing is shown" in capsys.readouterr().out


def test_why_a_claim_is_not_tested_is_said_once_for_all_that_share_it(folder, capsys):
    every = [
        verdict("8a", outcome="not tested", reason="Surrogate data."),
        verdict("8b", outcome="not tested", reason="Surrogate data."),
        verdict("9", outcome="not tested", reason="No neighbours of 2."),
    ]
    console.tell(folder(*every))
    said = capsys.readouterr().out
    assert "Not tested, 8a, 8b: Surrogate data." in said
    assert "Not tested, 9: No neighbours of 2." in said


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((), 0),  # As `train`, which claims nothing.
        (("holds", "not tested"), 0),
        (("holds", "fails"), 1),
        (("not tested", "not tested"), 1),
    ],
)
def test_exit_code_0_says_that_something_holds_and_nothing_fails(folder, outcomes, code):
    every = [verdict(str(number), outcome=outcome) for number, outcome in enumerate(outcomes)]
    assert console.tell(folder(*every)) == code


def test_counts_within_counts_are_one_share_that_never_falls():
    share = progress.Share()
    seen = []
    share.count("runs", 0, 4)
    for run in range(4):
        for epoch in range(6):
            share.count("epochs", epoch, 5)
            seen.append(share.share)
        # The bank says its passes only when they are done.
        share.count("passes", 1, 1)
        seen.append(share.share)
        share.count("another thing", 0, 3)
        seen.append(share.share)
        share.count("runs", run + 1, 4)
        seen.append(share.share)
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[5] == pytest.approx(1 / 4)
    assert seen[11] == pytest.approx(1 / 4 + 2 / 5 / 4)
    assert seen[-1] == 1


def test_a_second_whole_starts_anew():
    share = progress.Share()
    share.count("epochs", 5, 5)
    assert share.share == 1
    share.count("rounds", 0, 2)
    assert share.share == 0


def test_the_time_left_is_what_the_rest_takes_at_this_speed(monkeypatch):
    clock = iter([100.0, 130.0, 220.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    share = progress.Share()
    share.count("steps", 0, 4)
    assert share.left() == ""
    share.count("steps", 1, 4)
    assert share.left() == "about 1 min 30 s left"
    share.count("steps", 3, 4)
    assert share.left() == "about 40 s left"
    share.count("steps", 4, 4)
    assert share.left() == ""


def test_a_log_gets_plain_lines_and_not_one_for_every_count(capsys):
    with progress.shown(True):
        logging.getLogger("twinhead.test").info("starting TensorFlow", extra={"starting": True})
        steps = Steps("trainings", 500)
        for _ in range(500):
            steps.done()
    lines = capsys.readouterr().err.splitlines()
    assert "starting TensorFlow" in lines[0]
    assert len(lines) < 5
    assert "\x1b" not in "".join(lines)


def test_without_progress_only_warnings_are_said(capsys):
    with progress.shown(False):
        logging.getLogger("twinhead.test").info("not this")
        logging.getLogger("twinhead.test").warning("an arm diverged")
    assert capsys.readouterr().err.split(" s  ")[1] == "an arm diverged\n"
