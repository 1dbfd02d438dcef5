"""The kept surrogate heals from any damage, and never gives other numbers."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from crash import before_call, forked, kill

from twinhead.data import surrogate
from twinhead.data.sources import Surrogate
from twinhead.disk import manifest


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "fsync", lambda opened: None)
    monkeypatch.setattr(manifest, "SMALL", 0)  # The article's 200 MB are read all the same.
    return tmp_path


SETTINGS = Surrogate(rows=50, features=4, seed=1)
FOLDER = "data/surrogate_50x4_seed1"


def loaded_right():
    features = SETTINGS.load()
    X, y = surrogate.make(50, 4, 1)
    assert np.array_equal(features.X, X)
    assert np.array_equal(features.y, y)


def test_every_damage_is_healed_and_leaves_nothing(here):
    loaded_right()

    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    def pipe(path):
        path.unlink()
        os.mkfifo(path)

    def folder(path):
        path.unlink()
        path.mkdir()

    damages = [
        *(flip, pipe, folder, lambda path: path.unlink()),
        *(
            lambda path: path.write_bytes(b""),
            lambda path: path.write_bytes(path.read_bytes()[:90]),
        ),
        lambda path: np.save(path, np.zeros((50, 4), np.float32)),
    ]
    for damage in damages:
        for name in ("X.npy", "y.npy", "manifest.json"):
            if name != "manifest.json" or "save" not in damage.__code__.co_names:
                damage(here / FOLDER / name)
                assert manifest.faults(here / FOLDER, thorough=True)
                loaded_right()
                assert manifest.faults(here / FOLDER, thorough=True) == {}
    assert [path.name for path in (here / "data").iterdir()] == ["surrogate_50x4_seed1"]


def test_what_the_first_version_left_is_cleared_and_its_file_left_alone(here):
    (here / "data").mkdir()
    (here / "data/.surrogate_50x4_seed1.h5.4242").write_bytes(b"half of it")
    with h5py.File(here / "data/surrogate_50x4_seed1.h5", "w") as file:
        file["train"] = 1
    loaded_right()
    names = {path.name for path in (here / "data").iterdir()}
    assert names == {"surrogate_50x4_seed1.h5", "surrogate_50x4_seed1"}


def test_killed_anywhere_while_it_is_kept_it_is_right_the_next_time(here):
    with before_call(10**9, kill) as made:
        loaded_right()
    for crash in range(0, made[0] + 1, 3):
        subprocess.run(["rm", "-r", "data"], check=True)

        def work(crash=crash):
            with before_call(crash, kill):
                SETTINGS.load()

        assert forked(work) == [-9 if crash < made[0] else 0]
        loaded_right()
        assert [path.name for path in (here / "data").iterdir()] == ["surrogate_50x4_seed1"]


def test_without_a_place_to_keep_it_a_run_makes_it(here, caplog):
    (here / "data").write_text("a file in the folder's place")
    loaded_right()
    assert "is not kept" in caplog.text


def test_four_processes_make_it_at_once(here):
    script = (
        "from twinhead.data.sources import Surrogate\n"
        "print(Surrogate(rows=50, features=4, seed=1).load().X.sum())\n"
    )
    command = [sys.executable, "-c", script]
    all_four = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    assert len({process.communicate()[0] for process in all_four}) == 1
    assert {process.returncode for process in all_four} == {0}
    assert [path.name for path in (here / "data").iterdir()] == ["surrogate_50x4_seed1"]
