"""Rows that are written anew, one behind the other: whole, or written again."""

import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from crash import before_call, full, kill
from crash import forked as in_forks
from small import SMALL
from test_large import DRAWN, SINGLE, in_an_empty_folder, written  # noqa: F401, a fixture.
from test_ondisk import CHUNKS, WORDS, flip, load, overwritten, truncated, unnoticed
from test_ondisk import in_mid_run as in_mid_run

from twinhead.cli.main import run as command
from twinhead.data import ondisk, rewriting
from twinhead.disk import manifest, whole
from twinhead.errors import InputError
from twinhead.training import passes

NEVER = 10**9


def forked(*works):
    """As in crash.py; a fork has none of the threads that read."""

    def alone(work):
        ondisk._pool = ThreadPoolExecutor(2)
        work()

    return in_forks(*(lambda work=work: alone(work) for work in works))


def rewrite(name="rows_of_a"):
    kind = np.dtype("<f4")
    X = rewriting.rewritten(Path("a.h5"), name, kind, SINGLE.shape, iter(np.split(SINGLE, 10)))
    assert np.array_equal(X[:], SINGLE)


def test_wherever_rewriting_crashes_nothing_half_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda opened: None)
    for happen in (kill, full):
        monkeypatch.chdir((tmp_path / happen.__name__).mkdir() or tmp_path / happen.__name__)
        with before_call(NEVER, happen) as made:
            rewrite("counted")
        for crash in range(made[0]):
            name = f"rows_{crash}"

            def work(name=name, crash=crash, happen=happen):
                with before_call(crash, happen):
                    try:
                        rewrite(name)
                    except InputError as error:
                        said = str(error)
                        assert said.startswith("a.h5: its rows cannot be written to data/: ")

            assert forked(work) == [-9 if happen is kill else 0], crash
            folder = rewriting.PLACE / name
            assert not folder.exists() or manifest.faults(folder, thorough=True) == {}
            rewrite(name)
            assert not list(rewriting.PLACE.glob(".*"))


def test_a_disk_that_fills_up_while_rows_are_written_is_one_line():
    written("a.h5", **CHUNKS)

    def work(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        with pytest.raises(InputError, match=r"^a\.h5: its rows cannot be written to data/: File"):
            load()
        assert command(["train", *WORDS]) == 2

    for limit in (0, 5000, 4 * DRAWN.size - 1):
        assert forked(lambda limit=limit: work(limit)) == [0]
        assert not list(rewriting.PLACE.iterdir())
    assert np.array_equal(load()[:], SINGLE)


def test_every_damage_to_rewritten_rows_is_healed(monkeypatch):
    monkeypatch.setattr(manifest, "SMALL", 0)  # As if they were too many for a quick look.
    rewrite()
    folder = rewriting.PLACE / "rows_of_a"
    rows = folder / rewriting.FILE
    size = rows.stat().st_size

    def replaced(by):
        rows.unlink()
        by()

    for damage in (
        *(lambda at=at: flip(rows, at, as_it_was=True) for at in (0, size // 2, size - 1)),
        lambda: os.truncate(rows, size - 1),
        lambda: os.truncate(rows, size + 1),
        lambda: flip(folder / manifest.MANIFEST, 20),
        lambda: (folder / manifest.MANIFEST).unlink(),
        rows.unlink,
        lambda: replaced(lambda: os.mkfifo(rows)),
        lambda: replaced(rows.mkdir),
        lambda: replaced(lambda: rows.symlink_to(rows)),
        lambda: manifest.seal(folder, finished=True),  # Of nothing's rows.
    ):
        damage()
        rewrite()
        assert manifest.faults(folder, thorough=True) == {}
        assert [path.name for path in rewriting.PLACE.iterdir()] == ["rows_of_a"]


def test_rewritten_rows_that_change_in_mid_run_end_it_in_a_line(in_mid_run, capsys):
    written("a.h5", **CHUNKS)
    for change in (unnoticed, overwritten, truncated):
        in_mid_run(lambda change=change: change(next(iter(rewriting.sizes())) / rewriting.FILE))
        assert command(["train", *WORDS]) == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("error: data/rows_"), error
    in_mid_run(lambda: command(["clean"]))
    assert command(["train", *WORDS]) == 0
    assert not rewriting.sizes()


def test_several_runs_that_write_the_same_rows_at_once_all_have_them():
    begin = time.monotonic() + 0.5

    def at_once():
        time.sleep(max(0, begin - time.monotonic()))
        rewrite()

    def killed():
        with before_call(8, kill):
            at_once()

    codes = forked(at_once, at_once, killed, at_once, at_once)
    assert codes in ([0, 0, -9, 0, 0], [0] * 5)  # It may have found what another had written.
    whole.tidy(rewriting.PLACE)
    assert [path.name for path in rewriting.PLACE.iterdir()] == ["rows_of_a"]


def test_what_a_killed_rewriting_left_is_cleared_by_a_run_of_any_kind(monkeypatch):
    def killed():
        with before_call(8, kill):
            rewrite()

    assert forked(killed) == [-9]
    assert list(rewriting.PLACE.glob(".partial-rows_of_a-*"))
    monkeypatch.setattr(passes, "kept_in", refuses_to_measure)
    with pytest.raises(ZeroDivisionError):
        command(["train", *SMALL["train"].split(), "progress=false"])
    assert not list(rewriting.PLACE.glob(".partial-rows*"))


def refuses_to_measure(folder):
    raise ZeroDivisionError
