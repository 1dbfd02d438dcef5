"""The command as a user calls it."""

import pytest
from small import PROJECT, SMALL

from twinhead.cli.main import commands
from twinhead.runs.experiment import names


def imported(done):
    return {line.split("|")[-1].strip() for line in done.stderr.splitlines()}


SLOW = {"tensorflow", "keras", "matplotlib", "sklearn", "scipy", "pandas"}


def test_alone_it_lists_everything_there_is_with_a_line_each(twinhead):
    done = twinhead(env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    for name in (*commands(), *names()):
        (line,) = (line for line in done.stdout.splitlines() if line.split()[:1] == [name])
        assert len(line.split()) > 3, "says nothing of itself"
        assert len(line) <= 80
    assert not imported(done) & (SLOW | {"hydra"})


@pytest.mark.parametrize("word", ["sed=3", "head=relu", "seed=x", "dropout=1", "data=file", "=3"])
def test_bad_words_are_one_line_and_exit_code_2(twinhead, word):
    done = twinhead("train", word)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_a_command_that_does_not_exist_is_told_from_the_nearest_that_does(twinhead):
    done = twinhead("equivalance")
    assert done.returncode == 2
    assert "did you mean equivalence?" in done.stderr


def test_bad_input_costs_no_tensorflow(twinhead):
    done = twinhead("train", "epochs=0", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 2
    assert "twinhead.cli.composing" in imported(done), "the list of imports was not read"
    assert not imported(done) & SLOW


@pytest.mark.parametrize("name", names())
def test_help_shows_what_it_asks_its_groups_and_its_keys(twinhead, name):
    done = twinhead(name, "--help")
    assert done.returncode == 0
    assert f"twinhead {name}" in done.stdout
    for line in (PROJECT / f"conf/experiment/{name}.yaml").read_text().splitlines():
        if line[:1].isalpha() and line != "defaults:":
            assert line in done.stdout


def test_help_of_an_experiment_that_trains_names_every_option(twinhead):
    done = twinhead("train", "--help")
    for word in ("breast_cancer", "adamax", "learning_rate", "lr_ratio", "softmax", "outputs"):
        assert word in done.stdout


def test_every_job_of_a_sweep_is_checked_before_the_first_one_trains(twinhead, tmp_path):
    done = twinhead("train", "seed=0,-1", "-m", *SMALL["train"].split())
    assert done.returncode == 2
    assert done.stderr == "error: seed: found -1, expected a whole number from 0 to 2147483647\n"
    assert not (tmp_path / "outputs").exists()


def test_reproduce_checks_every_word_before_it_runs_anything(twinhead):
    done = twinhead("reproduce", "dropout=2")
    assert done.returncode == 2
    assert done.stderr == "error: dropout: found 2, expected a number in [0, 1)\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("twinhead l", {"law", "losses", "lr_ratio"}),
        ("twinhead train optimizer=ada", {"optimizer=adam", "optimizer=adamw", "optimizer=adamax"}),
        ("twinhead lr_ratio se", {"seeds="}),
        ("twinhead equivalence data.", {"data.path=", "data.seed="}),
        ("twinhead equivalence learning_rate=", set()),
    ],
)
def test_completion_offers_commands_keys_and_options(twinhead, words, offered):
    done = twinhead("completion", "--words", words, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert offered <= set(done.stdout.split())
    assert not imported(done) & (SLOW | {"hydra", "pydantic"}), "has to answer in half a second"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_switched_on_by_what_it_prints(twinhead, shell):
    done = twinhead("completion", shell)
    assert done.returncode == 0
    assert "twinhead completion --words" in done.stdout
