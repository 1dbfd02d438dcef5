import os

import pytest
from images.drawn import by_class, flat

from twinhead.data.images.finding import class_in, labelled, natural, unlabelled
from twinhead.errors import InputError


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"?")
    return folder


def test_numbers_in_names_sort_by_what_they_are_worth(tmp_path):
    touch(tmp_path, *(f"cat.{n}.jpg" for n in (10, 2, 1)), *(f"dog.{n}.jpg" for n in (100, 20, 3)))
    found = labelled(tmp_path)
    assert found.names == (
        *("cat.1.jpg", "cat.2.jpg", "cat.10.jpg"),
        *("dog.3.jpg", "dog.20.jpg", "dog.100.jpg"),
    )
    assert found.labels == (0, 0, 0, 1, 1, 1)
    assert found.classes == ("cat", "dog")


def test_natural_order_does_not_depend_on_the_order_of_the_disk():
    names = ["b/2.jpg", "b/10.jpg", "a1/3.jpg", "a10/1.jpg", "a2/1.jpg", "B/1.jpg", "a01/3.jpg"]
    expected = ["a01/3.jpg", "a1/3.jpg", "a2/1.jpg", "a10/1.jpg", "B/1.jpg", "b/2.jpg", "b/10.jpg"]
    turned = names[::-1]
    assert sorted(names, key=natural) == sorted(turned, key=natural) == expected


def test_folders_name_classes_and_may_have_folders_in_them(tmp_path):
    touch(tmp_path, "dog/b.png", "dog/old/a.JPG", "cat/x.jpeg")
    found = labelled(tmp_path)
    assert dict(zip(found.names, found.labels, strict=True)) == {
        "cat/x.jpeg": 0,
        "dog/b.png": 1,
        "dog/old/a.JPG": 1,
    }


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("cat.0.jpg", "cat"),
        ("great_pyrenees_12.jpg", "great_pyrenees"),
        ("cat (3).jpg", "cat"),
        ("dog.jpg", "dog"),
        ("12.jpg", ""),
    ],
)
def test_a_class_is_what_a_name_begins_with(name, word):
    assert class_in(name) == word


def test_classes_are_in_the_order_given_the_last_one_positive(tmp_path):
    flat(tmp_path, 2)
    assert labelled(tmp_path, ["dog", "cat"]).labels == (1, 1, 0, 0)


def test_classes_that_are_not_named_are_left_out_and_told(tmp_path):
    by_class(tmp_path, 2, ("cat", "dog", "owl"))
    found = labelled(tmp_path, ["cat", "owl"])
    assert found.labels == (0, 0, 1, 1)
    assert found.others == ("dog (class)",)


def test_three_folders_give_three_labels(tmp_path):
    by_class(tmp_path, 1, ("cat", "dog", "owl"))
    assert labelled(tmp_path).labels == (0, 1, 2)


def test_one_image_of_each_class_is_enough_to_find(tmp_path):
    assert labelled(flat(tmp_path, 1)).names == ("cat.0.jpg", "dog.0.jpg")


def test_files_that_are_no_images_are_left_out_and_told_hidden_ones_are_not(tmp_path):
    flat(tmp_path, 1)
    touch(tmp_path, "notes.txt", ".DS_Store", "__MACOSX/._cat.0.jpg", ".git/cat.1.jpg")
    found = labelled(tmp_path)
    assert found.others == ("notes.txt",)
    assert len(found.names) == 2


def test_folders_without_labels_take_any_name(tmp_path):
    touch(tmp_path, "1.jpg", "10.jpg", "2.jpg")
    assert unlabelled(tmp_path).names == ("1.jpg", "2.jpg", "10.jpg")


def test_a_linked_folder_is_read_and_a_circle_of_links_ends(tmp_path):
    by_class(tmp_path / "real", 2)
    (tmp_path / "all").mkdir()
    for word in ("cat", "dog"):
        os.symlink(tmp_path / "real" / word, tmp_path / "all" / word)
    os.symlink(tmp_path / "real", tmp_path / "real/cat/again")
    found = labelled(tmp_path / "all")
    assert {"cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"} <= {*found.names}


BAD = {
    "nothing": ((), "found no file, expected images"),
    "text alone": (("notes.txt", "b.csv"), "2 other files, such as b.csv, expected images"),
    "no class": (("cat.1.jpg", "7.jpg"), "7.jpg has no class in its name"),
    "one class": (("cat.1.jpg", "cat.2.jpg"), r"found 1 class\(es\) \(cat\), expected 2 to 100"),
    "one folder": (("cat/1.jpg",), r"found 1 class\(es\) \(cat\)"),
    "empty class": (("cat/1.jpg", "dog/readme.txt"), "dog: found no image in it"),
    "both": (("cat/1.jpg", "dog/1.jpg", "stray.jpg"), "in folders and beside them, such as stray"),
    "parts": (("train/cat.1.jpg", "test/1.jpg"), "folders test, train, which are no classes"),
}


@pytest.mark.parametrize("case", BAD)
def test_folders_that_cannot_be_are_refused_with_what_was_found(tmp_path, case):
    names, words = BAD[case]
    touch(tmp_path, *names)
    with pytest.raises(InputError, match=words) as caught:
        labelled(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_empty_class_folder_of_one_that_is_not_wanted_is_no_error(tmp_path):
    by_class(tmp_path, 1)
    (tmp_path / "owl").mkdir()
    with pytest.raises(InputError, match="owl: found no image"):
        labelled(tmp_path)
    assert labelled(tmp_path, ["cat", "dog"]).labels == (0, 1)


def test_a_class_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="classes: found tiger, expected some of cat, dog"):
        labelled(flat(tmp_path, 1), ["cat", "tiger"])


def test_a_packed_archive_has_to_be_unpacked(tmp_path):
    (tmp_path / "train.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match="found a file, expected a folder of images; unpack"):
        labelled(tmp_path / "train.zip")


def test_a_name_that_is_no_utf_8_is_told(tmp_path):
    flat(tmp_path, 1)
    try:
        (tmp_path / os.fsdecode(b"cat.\xff.jpg")).write_bytes(b"?")
    except OSError:
        pytest.skip("this file system takes no such name")
    with pytest.raises(InputError, match="not UTF-8"):
        labelled(tmp_path)


def test_hashes_follow_the_bytes_and_not_the_name(tmp_path):
    found = labelled(flat(tmp_path, 2))
    before = found.hashes()
    assert len(set(before)) == 4
    (tmp_path / "cat.1.jpg").write_bytes((tmp_path / "dog.0.jpg").read_bytes())
    after = found.hashes()
    assert after[1] == after[2] == before[2] != before[1]
