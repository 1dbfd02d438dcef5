import fcntl
import hashlib

import h5py
import numpy as np
import pytest

from twinhead.data.images.layout import PARTS, Content, Writer, about, left_out, names
from twinhead.errors import InputError

WIDTH = 5
X = np.random.default_rng(0).random((7, WIDTH), np.float32)
TEST = np.random.default_rng(1).random((3, WIDTH), np.float32)
ROWS = {"train": X, "test": TEST}


def content(**changed):
    given = {
        "names": {
            "train": [f"cat.{i}.jpg" for i in range(4)] + [f"hünd.{i}.jpg" for i in range(3)],
            "test": ["1.jpg", "2.jpg", "10.jpg"],
        },
        "labels": np.array([0] * 4 + [1] * 3, np.uint8),
        "width": WIDTH,
        "broken": ["train/cat.9.jpg: the file is empty"],
        "attributes": {"backbone": "Xception", "size": 299},
    }
    return Content(**given | changed)


def write(target, given, rows=4, stop=None):
    """Write blocks of some rows, as far as `stop`; return how much was there already."""
    with Writer(target, given) as writer:
        before = dict(writer.done)
        for part in PARTS:
            while writer.done[part] < len(ROWS[part]):
                if stop is not None and sum(writer.done.values()) >= stop:
                    return before
                start = writer.done[part]
                writer.append(part, ROWS[part][start : start + rows])
        writer.publish()
    return before


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_articles_own_four_lines_read_it(tmp_path):
    write(tmp_path / "gap_Xception.h5", content())
    with h5py.File(tmp_path / "gap_Xception.h5", "r") as h:
        X_read = np.array(h["train"])
        y = np.array(h["label"])
    assert np.array_equal(X_read, X)
    assert X_read.dtype == np.float32
    assert y.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_all_that_was_said_of_it_is_in_it(tmp_path):
    path = tmp_path / "a.h5"
    write(path, content())
    assert names(path) == content().names["train"]
    assert names(path, "test") == ["1.jpg", "2.jpg", "10.jpg"]
    assert left_out(path) == ["train/cat.9.jpg: the file is empty"]
    found = about(path)
    assert (found["backbone"], found["size"]) == ("Xception", 299)
    with h5py.File(path) as file:
        assert np.array_equal(file["test"][:], TEST)
        assert file["train"].chunks is None


def test_nothing_is_left_beside_a_finished_file(tmp_path):
    write(tmp_path / "a.h5", content())
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.parametrize("stop", [0, 4, 7])
def test_a_stopped_writer_leaves_no_file_and_the_next_one_ends_with_the_same_bytes(tmp_path, stop):
    write(tmp_path / "whole.h5", content())
    write(tmp_path / "a.h5", content(), stop=stop)
    assert not (tmp_path / "a.h5").exists()
    before = write(tmp_path / "a.h5", content())
    assert sum(before.values()) == stop
    assert sha256(tmp_path / "a.h5") == sha256(tmp_path / "whole.h5")


def test_rows_that_were_not_counted_are_written_again(tmp_path):
    write(tmp_path / "whole.h5", content())
    write(tmp_path / "a.h5", content(), stop=7)
    (tmp_path / ".a.h5.rows").write_text("4 0")
    with (tmp_path / ".a.h5.partial").open("r+b") as file:  # Half a block, as a crash leaves it.
        found = file.read().find(X[5].tobytes())
        file.seek(found)
        file.write(b"\xff" * 8)
    assert write(tmp_path / "a.h5", content()) == {"train": 4, "test": 0}
    assert sha256(tmp_path / "a.h5") == sha256(tmp_path / "whole.h5")


CHANGES = {
    "names": {"names": {**content().names, "train": [f"x{i}.jpg" for i in range(7)]}},
    "labels": {"labels": np.array([1] * 4 + [0] * 3, np.uint8)},
    "attributes": {"attributes": {"backbone": "Xception", "size": 128}},
    "broken": {"broken": []},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_begun_with_another_content_is_begun_again(tmp_path, change):
    write(tmp_path / "a.h5", content(), stop=4)
    assert write(tmp_path / "a.h5", content(**CHANGES[change]), stop=4) == {"train": 0, "test": 0}


@pytest.mark.parametrize("spoilt", ["", "x y", "4", "99 0", "-1 0"])
def test_a_count_that_cannot_be_is_no_count(tmp_path, spoilt):
    write(tmp_path / "a.h5", content(), stop=4)
    (tmp_path / ".a.h5.rows").write_text(spoilt)
    assert write(tmp_path / "a.h5", content()) == {"train": 0, "test": 0}


@pytest.mark.parametrize("kept", [0, 3, 100, 1500])
def test_a_file_that_was_just_begun_when_its_writer_died_is_begun_again(tmp_path, kept):
    write(tmp_path / "whole.h5", content())
    write(tmp_path / "a.h5", content(), stop=4)
    aside = tmp_path / ".a.h5.partial"
    aside.write_bytes(aside.read_bytes()[:kept])
    assert write(tmp_path / "a.h5", content()) == {"train": 0, "test": 0}
    assert sha256(tmp_path / "a.h5") == sha256(tmp_path / "whole.h5")


def test_two_do_not_write_one_file(tmp_path):
    with Writer(tmp_path / "a.h5", content()) as writer:
        writer.append("train", X[:4])
        with pytest.raises(InputError, match="another twinhead is writing it"):
            write(tmp_path / "a.h5", content())
        assert writer.done["train"] == 4
    assert write(tmp_path / "a.h5", content())["train"] == 4


def test_whoever_opened_a_file_just_before_it_was_published_does_not_write_into_it(
    tmp_path, monkeypatch
):
    aside, real = tmp_path / ".a.h5.partial", fcntl.flock

    def published_meanwhile(file, how):
        aside.rename(tmp_path / "a.h5")
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", published_meanwhile)
    with pytest.raises(InputError, match="another twinhead"):
        write(tmp_path / "a.h5", content())


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(InputError, match=r"a\.h5: cannot be written"):
        write(tmp_path / "data" / "a.h5", content())


def test_without_test_images_test_is_there_and_empty(tmp_path):
    given = content(names={"train": content().names["train"], "test": []})
    with Writer(tmp_path / "a.h5", given) as writer:
        writer.append("train", X)
        writer.publish()
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["test"].shape == (0, WIDTH)
    assert names(tmp_path / "a.h5", "test") == []
