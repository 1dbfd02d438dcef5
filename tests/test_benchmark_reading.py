"""The benchmark's rows on the disk, tiny; and what large ones would come to."""

import os
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data.sources import File
from twinhead.disk import whole
from twinhead.errors import InputError
from twinhead.experiments.benchmark import figures, reading, reading_child, reading_costs
from twinhead.experiments.benchmark.reading_costs import ALONE, AT_RANDOM, BLOCKS, EXACT, IN_MEMORY
from twinhead.results.claim import judge_all
from twinhead.results.history import History
from twinhead.runs.experiment import Experiment

EXPERIMENT = Experiment("benchmark")
IDS = ("10", "11", "12", "13", "14")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    """Files are made in ./data."""
    monkeypatch.chdir(tmp_path)


def settings(**given):
    return SimpleNamespace(**{"sparse_gib": [], "dense_gib": 0, "repeats": 1} | given)


def verdicts(history):
    found = {verdict.id: verdict for verdict in judge_all(EXPERIMENT.claims, history)}
    return {id: found[id] for id in IDS}


def as_if(**given):
    """Return what would be measured where a disk gives 1 GB/s in order, 0.4 GB/s at random."""
    seconds = {"the disk in order": 4.0, AT_RANDOM: 10.0, ALONE: 40.0}
    seconds |= {IN_MEMORY: 1.0, EXACT: 12.0, BLOCKS: 5.0} | given.pop("seconds", {})
    history = History({"name": "x"})
    history.tables["reads"] = pd.DataFrame(
        {"rows": how, "repeat": repeat, "bytes": 4e9, "seconds": own * repeat, "cached": 0.0}
        for how, own in seconds.items()
        for repeat in range(4)  # The round to warm up has other numbers, and must not count.
    ).assign(**{key: value for key, value in given.items() if key == "cached"})
    # Of a share of the rows.
    own = history.tables["reads"]["rows"] == ALONE
    history.tables["reads"].loc[own, ["bytes", "seconds"]] /= 32
    history.tables["memory_by_file"] = pd.DataFrame(
        {
            "gibibytes": [1.0, 4.0, 16.0],
            "rows": [2**17, 2**19, 2**21],
            "mib_from_disk": given.get("mib", [1000.0, 1010.0, 1100.0]),
            "mib_loaded": [3000.0, 9000.0, np.nan],
        }
    )
    history.numbers |= {
        "bytes of an epoch": 4e9,
        "cores that others use while reading": given.get("used", 0.0),
        "weights apart, exact order and in memory": given.get("apart", 0.0),
        "weights apart, exact order and in blocks": 0.1,
    }
    reading_costs.add(history)
    return history


def test_tiny_files_are_read_timed_and_gone():
    """TensorFlow is started three times for it: each measurement is a process of its own."""
    history = History({"name": "x"})
    reading.measure(settings(sparse_gib=[0.001], dense_gib=0.01, repeats=1), history)
    assert os.listdir("data") == []
    table, reads = history.tables["memory_by_file"], history.tables["reads"]
    assert table["rows"].tolist() == [131]
    assert 100 < table["mib_from_disk"].item() < 5000
    epoch = history.numbers["bytes of an epoch"]
    assert epoch == 4 * 2048 * 1048  # Of 1311 rows, those that are for training.
    assert history.tables["reading"].set_index("rows")["seconds_an_epoch"].min() > 0
    assert set(reads["rows"]) == {IN_MEMORY, EXACT, BLOCKS, "the disk in order", AT_RANDOM, ALONE}
    assert reads.set_index("rows")["bytes"][ALONE].item() == round(1311 / 64) * 8192
    found = verdicts(history)
    assert (found["10"].measured, found["10"].verdict) == (0, "holds")
    assert found["10"].control.measured > 1e-4
    assert found["11"].verdict == found["12"].verdict == "not tested"
    assert "1 GiB apart" in found["11"].reason
    for draw in (figures.seconds_from_disk, figures.memory_by_file):
        assert draw(history).get_suptitle()


def test_what_was_measured_of_large_files_is_judged():
    history = as_if()
    found = verdicts(history)
    assert {verdict.verdict for verdict in found.values()} == {"holds"}
    assert found["11"].measured == pytest.approx(100 * 2**20 / (15 * 2**30))
    assert found["11"].control.measured == pytest.approx(6000 * 2**20 / (3 * 2**30))
    assert found["12"].measured == pytest.approx(1.1 * 1.048576)
    assert (found["13"].measured, found["13"].control.measured) == (1.2, 4)
    assert (found["14"].measured, found["14"].control.measured) == (1.25, 10)
    table = history.tables["reading"].set_index("rows")
    assert table["seconds_an_epoch"][EXACT] == 2 * 12
    assert table["megabytes_a_second"][ALONE] == pytest.approx(4e3 / 80)
    assert "takes 24 s from a cold disk, by blocks 10 s, from memory 2 s" in " ".join(
        figures.seconds_from_disk(history).get_suptitle().split()
    )
    assert "A file of 16 GiB takes 1.15 GB of memory, one of 1 GiB 1.05 GB" in " ".join(
        figures.memory_by_file(history).get_suptitle().split()
    )


@pytest.mark.parametrize(
    ("given", "failing"),
    [
        ({"apart": 1e-9}, {"10"}),
        ({"mib": [1000.0, 1400.0, 1850.0]}, {"11"}),
        ({"mib": [2000.0, 2000.0, 2000.0]}, {"12"}),
        ({"seconds": {EXACT: 16.0}}, {"13"}),
        ({"seconds": {BLOCKS: 6.5}}, {"14"}),
        # As quick as one reader alone: nothing was read at the same time.
        ({"seconds": {ALONE: 12.0}}, {"13"}),
    ],
)
def test_a_claim_on_large_files_fails_where_it_is_not_so(given, failing):
    found = verdicts(as_if(**given))
    assert {id for id, verdict in found.items() if verdict.verdict == "fails"} == failing


def test_what_takes_as_long_in_memory_is_not_held_against_the_disk():
    found = verdicts(as_if(seconds={IN_MEMORY: 11.0, BLOCKS: 12.0}))
    assert found["14"].measured == pytest.approx(12 / 11)


@pytest.mark.parametrize(
    ("given", "why"),
    [({"used": 0.7}, "others used 0.7 cores"), ({"cached": 0.5}, "50 % of it stayed")],
)
def test_a_busy_machine_or_a_warm_file_gives_no_verdict_on_seconds(given, why):
    history = as_if(**given)
    found = verdicts(history)
    assert {found[id].verdict for id in ("10", "11", "12")} == {"holds"}
    for id in ("13", "14"):
        assert found[id].verdict == "not tested"
        assert why in found[id].reason
    assert figures.seconds_from_disk(history).get_suptitle().startswith("No verdict on time.")


def test_without_large_files_nothing_is_made_and_no_picture_drawn():
    history = History({"name": "x"})
    reading.measure(settings(), history)
    assert not os.path.exists("data")
    assert {each.verdict for each in verdicts(history).values()} == {"not tested"}
    assert figures.seconds_from_disk(history) is figures.memory_by_file(history) is None


def test_a_disk_without_room_leaves_files_unmade_and_says_so(monkeypatch):
    monkeypatch.setattr(reading, "RESERVE", 2**60)
    history = History({"name": "x"})
    reading.measure(settings(dense_gib=0.01), history)
    assert "A file of 0.01 GiB does not fit" in verdicts(history)["13"].reason
    assert os.listdir("data") == []


def test_files_are_gone_after_a_failure_too_which_is_no_reason_to_lose_all_else(monkeypatch):
    monkeypatch.setattr(reading.reading_child, "__name__", "no.such.module")
    history = History({"name": "x"})
    reading.measure(settings(dense_gib=0.001), history)
    assert "dense.h5: could not be read" in verdicts(history)["13"].reason
    assert os.listdir("data") == []


def test_a_folder_of_a_crash_is_tidied_away_and_one_in_use_is_not(tmp_path):
    with whole.scratch(tmp_path, "benchmark") as folder:
        (folder / "dense.h5").write_text("much")
        whole.tidy(tmp_path)
        assert (folder / "dense.h5").exists()
    assert os.listdir(tmp_path) == []
    folder.mkdir()
    (folder / "dense.h5").write_text("much")
    whole.tidy(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_made_file_is_a_features_file_sparse_or_not(tmp_path):
    for real, random in ((None, 256), (10, 10)):
        assert reading.make(tmp_path / "a.h5", 2**-9, real) == 256
        X = File(path="a.h5").load().X
        assert X.shape == (256, 2048)
        assert np.count_nonzero(X.any(axis=1)) == random
        assert len(np.unique(X[:random])) > 1000
    used = (tmp_path / "a.h5").stat().st_blocks * 512
    assert used < 2**20 or not reading._makes_sparse(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="no other system drops a file from memory")
def test_a_dropped_file_is_read_from_the_disk_again(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(os.urandom(2**20))

    def cached():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "posix_fadvise", lambda *_: None)
            return reading_child.dropped(path)

    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if cached() > 0:
            pytest.skip("a file system in memory")
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        os.pread(file.fileno(), 2**19, 0)
    assert cached() == 0.5
    assert reading_child.dropped(path) == 0


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sparse_gib=[1,1]", "sparse_gib: found [1,1], expected a list of different positive"),
        ("dense_gib=-1", "dense_gib: found -1, expected a finite number from 0"),
    ],
)
def test_a_wrong_size_is_one_line(word, said):
    with pytest.raises(InputError) as caught:
        compose("experiment/benchmark", EXPERIMENT.Settings, [*SMALL["benchmark"].split(), word])
    assert str(caught.value).startswith(said)
