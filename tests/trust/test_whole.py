"""A folder is whole or not there, whatever happens while it is written or replaced."""

import errno
import os
import time
from contextlib import suppress

import pytest
from crash import before_call, forked, full, interrupt, kill

from twinhead.disk import manifest, whole
from twinhead.runs import store

NEVER = 10**9


@pytest.fixture(params=["swap", "link"])
def place(request, tmp_path, monkeypatch):
    """An output folder, on a file system that exchanges names and on one that does not."""
    if request.param == "link":

        def refuses(one, other):
            raise OSError(errno.EINVAL, "no exchange here")

        monkeypatch.setattr(whole, "_swap", refuses)
    # Kills do not empty the kernel's cache, so that waiting for the disk would tell nothing here.
    monkeypatch.setattr(os, "fsync", lambda opened: None)
    return tmp_path / "outputs"


def publish(place, content, fresh=True):
    """Do what a run does with the disk; the content stands in all of its files."""
    whole.tidy(place)
    with whole.written(place, "run", fresh) as aside:
        (aside / "figures").mkdir(exist_ok=True)
        for name in ("history.h5", "figures/one.png"):
            (aside / name).write_text(content)
        manifest.seal(aside, run="run", finished=False)
        (aside / "answer.json").write_text(content)
        manifest.seal(aside, run="run", finished=True, presentation="")
    whole.point(place / "latest", "run")


def held(place):
    """Return what the published folder holds; it has to be whole."""
    assert manifest.faults(place / "run", thorough=True) == {}
    (content,) = {
        (place / "run" / name).read_text()
        for name in ("history.h5", "figures/one.png", "answer.json")
    }
    return content


def names(place):
    """Return what lies in the output folder, the folders that links stand for left out."""
    behind = {os.path.realpath(path) for path in place.iterdir() if path.is_symlink()}
    return {path.name for path in place.iterdir() if str(path) not in behind or path.name == "run"}


def calls(place, before):
    """Return how many calls a publish makes, after `before` has been done."""
    before(place)
    with before_call(NEVER, kill) as made:
        publish(place, "counted")
    return made[0]


def nothing(place):
    pass


def a_run(place):
    publish(place, "old")


def a_damaged_run(place):
    publish(place, "old")
    (place / "run/answer.json").write_text("spoilt")
    manifest.mark(place / "run", {"answer.json": "spoilt in a test"})


@pytest.mark.parametrize("before", [nothing, a_run, a_damaged_run])
@pytest.mark.parametrize("happen", [kill, interrupt, full])
def test_nothing_is_lost_or_half_or_dangling_wherever_it_crashes(place, before, happen):
    number = calls(place.with_name("counted"), before)
    assert number > 20
    for crash in range(number + 1):
        where = place.with_name(f"{happen.__name__}-{crash}")
        before(where)

        def work(where=where, crash=crash):
            with before_call(crash, happen):
                publish(where, "new")

        if happen is kill:
            assert forked(work) == [-9 if crash < number else 0], crash
        else:
            try:
                work()
            except (KeyboardInterrupt, OSError):
                assert crash < number
        # What a reader sees now: one or the other, whole.
        there = (where / "run").exists()
        if before is a_run:
            assert held(where) in ("old", "new"), crash
        elif there and not (where / "run" / manifest.MARK).exists():
            assert held(where) == "new", crash
        for link in (path for path in where.glob("*") if path.is_symlink()):
            assert link.exists(), f"{link} dangles after {crash}"
        # What was sealed as finished takes its name, and the next run clears the rest away.
        finished = [path for path in where.glob(".partial-*") if whole._sealed_as_finished(path)]
        whole.tidy(where)
        if finished or there:
            assert (where / "run").exists(), crash
        publish(where, "next")
        whole.tidy(where)
        assert held(where) == "next"
        left = names(where) - {"run", "latest"}
        assert len(left) == (before is a_damaged_run), left
        for damaged in left:
            assert (where / damaged / manifest.MARK).read_text().startswith("answer.json: spoilt")


def test_what_was_measured_survives_a_failure_and_is_taken_up(place):
    with suppress(RuntimeError), whole.written(place, "run") as aside:
        (aside / "history.h5").write_text("measured")
        manifest.seal(aside, finished=False)
        (aside / "half.png").write_text("half")
        raise RuntimeError("in a picture")
    whole.tidy(place)
    assert not (place / "run").exists()
    with whole.written(place, "other") as aside:
        assert list(aside.iterdir()) == [], "taken up by another run"
        manifest.seal(aside, finished=True)
    with whole.written(place, "run") as aside:
        assert {path.name for path in aside.iterdir()} == {"history.h5", manifest.MANIFEST}
        manifest.seal(aside, finished=True)
    whole.tidy(place)
    assert names(place) == {"run", "other"}


def test_what_was_measured_and_then_damaged_is_not_taken_up(place):
    with suppress(RuntimeError), whole.written(place, "run") as aside:
        (aside / "history.h5").write_text("measured")
        (aside / whole.PASSES).mkdir()
        (aside / whole.PASSES / "one").write_text("checked by itself")
        manifest.seal(aside, finished=False)
        raise RuntimeError
    (aside / "history.h5").write_text("measureD")
    with whole.written(place, "run") as again:
        assert [path.name for path in again.rglob("*") if path.is_file()] == ["one"]
        manifest.seal(again, finished=True)


def test_a_failure_before_anything_was_measured_leaves_nothing(place):
    with suppress(RuntimeError), whole.written(place, "run") as aside:
        (aside / "half").write_text("half")
        raise RuntimeError
    assert list(place.iterdir()) == []


def test_half_a_pass_is_nothing_to_go_on_with(place):
    with suppress(RuntimeError), whole.written(place, "run") as aside:
        (aside / whole.PASSES).mkdir()
        (aside / whole.PASSES / ".one").write_text("half")
        raise RuntimeError("a full disk")
    assert list(place.iterdir()) == []


def test_leftovers_of_every_kind_are_cleared(place):
    place.mkdir()
    (place / ".partial-run-4242").mkdir()
    (place / ".partial-run-4242/history.h5").write_text("half")
    (place / ".partial-").mkdir()
    (place / ".latest-77").symlink_to("gone")
    (place / ".surrogate_400x12.h5.77").write_text("half")
    (place / "kept").write_text("")
    whole.tidy(place)
    assert [path.name for path in place.iterdir()] == ["kept"]


def test_what_is_measured_now_is_nobodys_leftover(place):
    with whole.written(place, "run") as aside:
        (aside / "history.h5").write_text("")
        whole.tidy(place)
        with whole.written(place, "run") as another:
            assert another != aside
            manifest.seal(another, finished=True)
        assert (aside / "history.h5").exists()
        manifest.seal(aside, finished=True)
    whole.tidy(place)
    assert names(place) == {"run"}


def test_what_nobody_came_back_for_is_cleared_in_the_end(place):
    with suppress(RuntimeError), whole.written(place, "run") as aside:
        manifest.seal(aside, finished=False)
        raise RuntimeError
    whole.tidy(place)
    assert aside.exists()
    long_ago = time.time() - whole.KEPT - 1
    os.utime(aside, (long_ago, long_ago))
    whole.tidy(place)
    assert list(place.iterdir()) == []


def test_without_locks_whoever_works_is_taken_for_alive(place, monkeypatch):
    def refuses(opened, how):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(whole.fcntl, "flock", refuses)
    (place / ".partial-run-0").mkdir(parents=True)
    publish(place, "new")
    whole.tidy(place)
    assert held(place) == "new"
    assert (place / ".partial-run-0").exists()


def test_the_second_to_finish_uses_what_the_first_has_published(place):
    with whole.written(place, "run") as slow:
        publish(place, "first")
        (slow / "history.h5").write_text("second")
        manifest.seal(slow, run="run", finished=True)
    assert held(place) == "first"


def test_every_single_byte_of_a_run_counts(place):
    publish(place, "whole")
    for path in [*(place / "run").rglob("*.*")]:
        if path.is_dir():
            continue
        content = path.read_bytes()
        for at in range(len(content)):
            for flip in (1, 128, ord(" ") ^ content[at] or 2):
                path.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
                assert manifest.faults(place / "run", thorough=True), (path, at)
        path.write_bytes(content)
    assert held(place) == "whole"
    (place / "run/extra").write_text("")
    assert manifest.unlisted(place / "run") == ["extra"]


def test_a_quick_look_reads_small_files_and_the_size_of_large_ones(place, monkeypatch):
    publish(place, "whole")
    (place / "run/answer.json").write_text("whale")
    assert manifest.faults(place / "run") == {"answer.json": "other content than was written"}
    monkeypatch.setattr(manifest, "SMALL", 4)
    assert manifest.faults(place / "run") == {}
    assert manifest.faults(place / "run", thorough=True)
    (place / "run/answer.json").write_text("while it was")
    assert manifest.faults(place / "run") == {"answer.json": "12 bytes, expected 5"}


def test_everything_is_on_the_disk_before_it_has_its_name(place, monkeypatch):
    publish(place, "old")
    log = []
    monkeypatch.setattr(os, "fsync", lambda opened: log.append(os.fstat(opened).st_ino))
    for name in ("rename", "replace"):
        real = getattr(os, name)

        def named(one, other, real=real):
            log.append(os.path.basename(other))
            real(one, other)

        monkeypatch.setattr(os, name, named)
    swap = whole._swap

    def swapped(one, other):
        if other.name == "run":
            log.append("run")
        swap(one, other)

    monkeypatch.setattr(whole, "_swap", swapped)
    publish(place, "new")
    assert held(place) == "new"

    folder = place / "run"
    files = [folder / name for name in ("history.h5", "figures/one.png", "answer.json")]
    files = {path.stat().st_ino for path in files}
    sealed = [at for at, each in enumerate(log) if each == manifest.MANIFEST][-1]
    given = log.index("run") if "run" in log else len(log)
    assert files <= {*log[:sealed]}, "sealed before it was on the disk"
    assert (folder / manifest.MANIFEST).stat().st_ino in log[:sealed]
    folders = {folder.stat().st_ino, (folder / "figures").stat().st_ino}
    assert folders <= {*log[sealed:given]}, "named before its folders were on the disk"
    assert place.stat().st_ino in log[given:], "its name is not on the disk"


def test_a_run_under_another_runs_name_is_none_of_it(place):
    publish(place, "whole")
    os.rename(os.path.realpath(place / "run"), place / "renamed")
    assert store.faults(place / "renamed") == {"manifest.json": "of another run"}
