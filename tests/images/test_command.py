import json

import pytest
from images.drawn import flat

from twinhead.cli.commands.features import Settings
from twinhead.cli.composing import compose
from twinhead.cli.main import overview, run
from twinhead.data.sources import Images, OfImages
from twinhead.errors import InputError
from twinhead.experiments import extraction
from twinhead.experiments.extraction import measure

measure.SECONDS = 0.1  # Of timing, which no test here is about.
SMALL = ("backbone=mobilenet", "weights=none", "size=32", "progress=false")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def composed(*words):
    return compose("command/features", Settings, ["images=train", *words])


def test_values_of_conf_are_what_a_library_user_gets():
    settings = composed()
    source = Images(images="train")
    assert settings.backbone == [source.backbone]
    for key in OfImages.model_fields:
        assert getattr(settings, key) == getattr(source, key)
    from_group = compose("experiment/extraction", extraction.Settings, ["data.images=train"])
    assert from_group.data == source


def test_several_backbones_are_a_list():
    words = "backbone=[xception,INCEPTIONV3,mine/model.keras]"
    assert composed(words).backbone == ["Xception", "InceptionV3", "mine/model.keras"]


def test_a_class_may_be_a_number():
    assert composed("classes=[0,1]").classes == ["0", "1"]


BAD = {
    "backbone=xcption": r"backbone: found xcption, expected one of keras.applications \(xception",
    "backbone=[xception,Xception]": "backbone: found .*, expected different ones",
    "backbone=[xception,resnet5]": r"backbone: found \[xception,resnet5\], expected .*resnet50",
    "size=31": "size: found 31, expected a whole number from 32",
    "resize=area": "resize: found area, expected nearest",
    "preprocess=tf": "preprocess: found tf, expected nothing: Xception has its own",
    "on_broken=ignore": "on_broken: found ignore, expected error or skip",
    "classes=[cat,cat]": "classes: found .*, expected a list of different names",
    "image=train": "image: unknown key; did you mean images",
}


@pytest.mark.parametrize("word", BAD)
def test_a_wrong_word_is_told_with_its_key(word):
    with pytest.raises(InputError, match=BAD[word]):
        composed(word)


def test_weights_beside_a_model_of_ones_own_are_refused():
    with pytest.raises(InputError, match=r"weights: found none, expected nothing: m.keras has"):
        composed("backbone=m.keras", "weights=none")


def test_images_are_needed():
    with pytest.raises(InputError, match="images: found nothing"):
        compose("command/features", Settings, [])


def test_the_overview_says_what_it_is_for():
    assert "features     Make features from images" in overview()


def test_from_images_to_the_answer_with_every_verdict(here, capsys):
    """The whole way: two classes that differ in colour, features, both heads on them."""
    flat(here / "train", 100)
    assert run(["features", "images=train", *SMALL]) == 0
    said = capsys.readouterr().out
    assert (
        "File: data/gap_MobileNet_random_weights.h5 (made)\n      200 labelled and 0 unlabelled"
        in said
    )
    (made,) = (here / "outputs/extraction").glob("latest")
    verdicts = json.loads((made / "verdicts.json").read_text())
    assert [each["verdict"] for each in verdicts] == ["holds", "holds"]
    assert all(each["control"]["verdict"] == "fails" for each in verdicts)

    words = ["data=file", "data.path=data/gap_MobileNet_random_weights.h5"]
    assert run(["equivalence", *words, "learning_rate=1e-4", "progress=false"]) == 0
    verdicts = json.loads((here / "outputs/equivalence/latest/verdicts.json").read_text())
    tested = [each for each in verdicts if each["verdict"] != "not tested"]
    assert len(tested) >= 10
    assert all(each["verdict"] == "holds" for each in tested)

    capsys.readouterr()
    assert run(["features", "images=train", *SMALL]) == 0
    assert "(found)\n      200 labelled" in capsys.readouterr().out


def test_data_images_makes_the_features_that_are_not_there_and_finds_them_again(here, monkeypatch):
    flat(here / "train", 60)
    words = ["data=images", "data.images=train", *(f"data.{word}" for word in SMALL[:3])]
    words += ["epochs=1", "repeats=1", SMALL[3]]
    assert run(["equivalence", *words]) == 0
    made = here / "data/gap_MobileNet_random_weights.h5"
    before = made.stat().st_mtime_ns
    answer = json.loads((here / "outputs/equivalence/latest/answer.json").read_text())
    assert answer["data"]["name"] == "train (MobileNet, random weights)"
    assert run(["equivalence", *words, "force=true"]) == 0
    assert made.stat().st_mtime_ns == before


def test_a_broken_image_ends_with_its_name_and_two(here, capsys):
    flat(here / "train", 3)
    (here / "train/cat.2.jpg").write_bytes(b"")
    assert run(["features", "images=train", *SMALL]) == 2
    told = capsys.readouterr().err
    assert "train/cat.2.jpg: the file is empty" in told
    assert len(told.splitlines()) == 1
    assert run(["features", "images=train", "on_broken=skip", *SMALL]) == 0
    page = (here / "outputs/extraction/latest/report.html").read_text()
    assert "train/cat.2.jpg" in page
    assert "the file is empty" in page
