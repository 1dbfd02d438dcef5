import hashlib
import shutil
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from images.drawn import by_class, flat, picture

from twinhead.cli.composing import compose
from twinhead.data.images import layout
from twinhead.data.ondisk import OnDisk
from twinhead.data.sources import Images
from twinhead.errors import InputError
from twinhead.experiments.extraction import Settings, claims, measure
from twinhead.results import claim, history
from twinhead.training import backbone, extraction

SMALL = {"backbone": "mobilenet", "weights": "none", "size": 32}


measure.SECONDS = 0.1  # Of timing, which no test here is about.
BUILT = {}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in; a network is built once for all tests."""
    monkeypatch.chdir(tmp_path)

    def build_once(source):
        key = source.backbone, source.weights, source.size, source.seed
        if key not in BUILT:
            BUILT[key] = build(source)
        return BUILT[key]

    build = backbone.build
    monkeypatch.setattr(backbone, "build", build_once)
    return tmp_path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def source(folder="train", **more):
    return Images(images=str(folder), **SMALL | more)


def test_images_become_features_with_their_names_and_labels(here):
    flat(here / "train", 20)
    path = extraction.make(source())
    assert str(path) == "data/gap_MobileNet_random_weights.h5"
    features = source().load()
    assert features.X.shape == (40, 1024)
    assert features.X.dtype == np.float32
    assert features.y.tolist() == [0] * 20 + [1] * 20
    assert layout.names(path)[:2] == ["cat.0.jpg", "cat.1.jpg"]
    assert layout.about(path)["classes"] == "0=cat, 1=dog"
    assert features.name == "train (MobileNet, random weights)"


def test_features_of_images_stay_on_the_disk_where_that_is_asked_for(here):
    flat(here / "train", 5)
    path = extraction.make(source())
    memory, disk = (source(in_memory=where) for where in (True, False))
    X = memory.load().X
    assert memory.reading()["whole"]["bytes"] == X.nbytes
    assert disk.identity() == memory.identity()
    assert disk.settings() == memory.settings()
    found = disk.load(on_disk=True)
    assert isinstance(found.X, OnDisk)
    assert found.X[:].tobytes() == X.tobytes()
    assert disk.reading()["in_order"]["bytes"] == X.nbytes
    with pytest.raises(InputError, match="left on the disk; expected lr_ratio or train"):
        disk.load()
    with h5py.File(path, "r+") as file:
        file["train"][3, 5] += 1
    with pytest.raises(InputError, match="found other features than were written"):
        source(in_memory=False).load(on_disk=True)


def test_a_row_does_not_depend_on_the_images_beside_it(here):
    flat(here / "train", 20)
    extraction.make(source())
    X = source().load().X
    alone = by_class(here / "two", 1)
    shutil.copy(here / "train/dog.7.jpg", alone / "dog/0.png")
    shutil.copy(here / "train/cat.3.jpg", alone / "cat/0.png")
    extraction.make(source("two"))
    two = source("two").load().X
    for found, row in ((two[0], X[3]), (two[1], X[27])):
        assert np.abs(found - row).max() <= 1e-5 * np.abs(row).max()
    assert np.abs(two[0] - X[4]).max() > 1e-2 * np.abs(X[4]).max()


def test_an_extraction_that_is_stopped_goes_on_and_ends_with_the_same_bytes(here, monkeypatch):
    flat(here / "train", 150)
    flat(here / "test", 3, ("x",))
    given = {"test_images": "test"}
    whole = sha256(extraction.make(source(**given)))
    extraction.make(source(**given)).unlink()
    looked_at = []
    real = extraction._features

    def stopped(network, pixels):
        looked_at.append(len(pixels))
        if len(looked_at) > 10:
            raise KeyboardInterrupt
        return real(network, pixels)

    monkeypatch.setattr(extraction, "_features", stopped)
    with pytest.raises(KeyboardInterrupt):
        extraction.make(source(**given))
    assert source(**given).wanted().file() is None, "half a file has no name"
    monkeypatch.setattr(extraction, "_features", lambda *a: looked_at.append(len(a[1])) or real(*a))
    looked_at.clear()
    assert sha256(extraction.make(source(**given))) == whole
    assert sum(looked_at) == 300 + 3 - extraction.BLOCK, (
        "the block that was there is not made again"
    )


def test_a_killed_command_leaves_whole_blocks_and_is_gone_on_with_to_the_same_bytes(here):
    flat(here / "train", 300)
    words = ["images=train", "backbone=mobilenet", "weights=none", "size=64"]
    process = subprocess.Popen([sys.executable, "-m", "twinhead", "features", *words])
    count, target = (
        here / "data" / f"{dot}gap_MobileNet_random_weights.h5{end}"
        for dot, end in ((".", ".rows"), ("", ""))
    )
    deadline = time.monotonic() + 200
    while not count.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists(), "killed too late to tell anything"
    done = int(count.read_text().split()[0])
    assert done in range(extraction.BLOCK, 600, extraction.BLOCK)
    of_64 = source(size=64)
    resumed = sha256(extraction.make(of_64))
    target.unlink()
    assert sha256(extraction.make(of_64)) == resumed


def test_a_file_is_found_by_what_the_images_are_and_not_by_where_they_are(here):
    flat(here / "train", 3)
    extraction.make(source())
    assert source().wanted().file()
    shutil.move(here / "train", here / "elsewhere")
    assert source("elsewhere").wanted().file()
    assert source("elsewhere", on_broken="skip").wanted().file()


CHANGES = {
    "bytes": lambda folder: picture("cat", 99).save(folder / "cat.1.jpg"),
    "a name": lambda folder: (folder / "cat.1.jpg").rename(folder / "cat.7.jpg"),
    "a label": lambda folder: (folder / "cat.1.jpg").rename(folder / "dog.7.jpg"),
    "one more": lambda folder: picture("cat", 9).save(folder / "cat.9.jpg"),
    "one less": lambda folder: (folder / "dog.1.jpg").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_images_are_not_taken_for_these(here, change):
    folder = flat(here / "train", 3)
    before = source().identity()
    CHANGES[change](folder)
    assert source().identity() != before


def test_another_network_is_not_taken_for_this_one(here):
    flat(here / "train", 3)
    found = [
        source(**changed).identity()
        for changed in (
            *({}, {"backbone": "mobilenetv2"}, {"weights": "imagenet"}, {"size": 64}, {"seed": 1}),
            *({"resize": "bilinear"}, {"classes": ["dog", "cat"]}),
        )
    ]
    assert len(set(found)) == len(found)


def test_features_of_other_images_are_never_written_over(here):
    flat(here / "train", 2)
    first = extraction.make(source())
    before = sha256(first)
    flat(here / "train", 3)
    second = extraction.make(source())
    assert second.name.startswith("gap_MobileNet_random_weights-")
    assert sha256(first) == before
    assert source().load().X.shape[0] == 6


def test_features_that_were_changed_since_are_refused(here):
    flat(here / "train", 3)
    with h5py.File(extraction.make(source()), "r+") as file:
        file["train"][:] = file["train"][:][::-1]
    with pytest.raises(InputError, match="other features than were written"):
        source().load()


def test_a_broken_image_is_an_error_with_its_name_before_the_network_starts(here, monkeypatch):
    flat(here / "train", 3)
    (here / "train/dog.1.jpg").write_bytes(b"")
    (here / "train/dog.2.jpg").write_text("no image")
    monkeypatch.setattr(extraction, "_features", None)
    with pytest.raises(
        InputError, match=r"2 broken image\(s\): train/dog\.1\.jpg: the file is emp"
    ):
        extraction.make(source())


def test_broken_images_that_are_skipped_are_listed_in_the_file(here):
    flat(here / "train", 3)
    flat(here / "test", 2, ("x",))
    (here / "train/cat.1.jpg").write_bytes(b"")
    (here / "test/x.0.jpg").write_bytes(b"GIF89a")
    given = {"on_broken": "skip", "test_images": "test"}
    path = extraction.make(source(**given))
    assert [line.partition(": ")[0] for line in layout.left_out(path)] == [
        "train/cat.1.jpg",
        "test/x.0.jpg",
    ]
    assert layout.names(path) == [f"cat.{i}.jpg" for i in (0, 2)] + [
        f"dog.{i}.jpg" for i in range(3)
    ]
    assert layout.names(path, "test") == ["x.1.jpg"]
    assert source(**given).load().y.tolist() == [0, 0, 1, 1, 1]
    assert source(test_images="test").wanted().file() is None
    with pytest.raises(InputError, match=r"2 broken image\(s\): train/cat\.1\.jpg"):
        extraction.make(source(test_images="test"))


def test_a_class_of_broken_images_alone_is_told(here):
    flat(here / "train", 1)
    (here / "train/dog.0.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="every image of class dog is broken"):
        extraction.make(source(on_broken="skip"))


def test_the_file_of_a_set_with_test_images_serves_without_them_and_not_the_other_way(here):
    flat(here / "train", 3)
    flat(here / "test", 2, ("x",))
    extraction.make(source()).rename(here / "kept.h5")
    path = extraction.make(source(test_images="test"))
    assert source().wanted().file() == source(test_images="test").wanted().file() == path
    (here / "kept.h5").rename(path)
    assert source().wanted().file() == path
    assert source(test_images="test").wanted().file() is None


def test_three_classes_give_labels_for_experiments_with_many(here):
    by_class(here / "three", 2, ("cat", "dog", "owl"))
    extraction.make(source("three"))
    assert source("three").load(many_classes=True).y.tolist() == [0, 0, 1, 1, 2, 2]
    with pytest.raises(InputError, match="3 different value"):
        source("three").load()


def test_every_claim_holds_on_a_file_that_was_just_made(run):
    finished = run("extraction")
    assert finished.exit_code == 0
    measured = history.load(finished.folder / "history.h5")
    assert measured.numbers["difference by name"] <= 1e-5
    assert measured.numbers["difference by another's name"] > 1e-2
    assert measured.numbers["images a second, pipeline"] > 0


def test_rows_under_other_names_make_a_claim_fail(here, monkeypatch):
    """The complaint that this is about: rows in one order, names in another."""
    flat(here / "train", 6)
    extraction.make(source())
    settings = compose("experiment/extraction", Settings, ["data.images=x", "rows=12"])
    settings = settings.model_copy(update={"data": source()})
    kept = layout.names

    def turned(names):
        return [*names[1:6], names[0], *names[6:]]

    monkeypatch.setattr(layout, "names", lambda path: turned(kept(path)))
    verdicts = claim.judge_all(claims.CLAIMS, measure.measure(settings))
    assert [verdict.verdict for verdict in verdicts] == ["fails", "holds"]
    monkeypatch.setattr(layout, "names", lambda path: kept(path)[::-1])
    verdicts = claim.judge_all(claims.CLAIMS, measure.measure(settings))
    assert [verdict.verdict for verdict in verdicts] == ["fails", "fails"]
