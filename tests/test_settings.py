"""What a user types, and what comes of it. None of this may cost TensorFlow's start-up."""

import pytest
from pydantic_core import PydanticUndefined
from small import PROJECT, SMALL

from twinhead.cli.composing import compose, jobs
from twinhead.errors import InputError
from twinhead.runs.experiment import Experiment, names
from twinhead.settings import in_full


def composed(experiment, *words):
    return compose(f"experiment/{experiment}", Experiment(experiment).Settings, words)


@pytest.mark.parametrize("experiment", names())
def test_every_experiment_composes(experiment):
    assert composed(experiment, *SMALL[experiment].split()).outputs == "outputs"


def test_the_articles_recipe_is_the_default():
    settings = composed("equivalence")
    assert (settings.learning_rate, settings.epochs, settings.batch_size) == (1e-3, 5, 128)


def test_seed_zero_is_a_seed():
    assert composed("train", "seed=0").seed == 0


# Words on the command line -> the key that the message starts with, and words it holds.
BAD = {
    "sed=3": ("sed", ["did you mean seed", "learning_rate"]),
    "lr=3": ("lr", ["did you mean"]),
    "+new=3": ("new", ["unknown key"]),
    "++data.new=3": ("data.new", ["unknown key"]),
    "data.rows=3": ("data.rows", ["unknown key", "path"]),
    "head=relu": ("head", ["relu", "sigmoid, softmax"]),
    "data=mnist": ("data", ["breast_cancer, catdog, digits, file, files, images, surrogate"]),
    "data=digits": ("data", ["digits", "catdog"]),
    "optimizer=sdg": ("optimizer", ["adam", "sgd"]),
    "optimizer=muon": ("optimizer", ["muon", "adam"]),
    "seed=x": ("seed", ["found x", "whole number"]),
    "seed=1.5": ("seed", ["found 1.5", "whole number"]),
    "seed=-1": ("seed", ["found -1", "from 0"]),
    "seed=null": ("seed", ["found null"]),
    "seed=true": ("seed", ["found true", "whole number"]),
    "seed=1,2": ("seed", ["found 1,2", "-m"]),
    "~seed": ("seed", ["found nothing"]),
    "data=file": ("data.path", ["found nothing"]),
    "force=maybe": ("force", ["found maybe", "true or false"]),
    "force=1": ("force", ["found 1", "true or false"]),
    "learning_rate=0": ("learning_rate", ["found 0", "above 0"]),
    "learning_rate=-1": ("learning_rate", ["found -1"]),
    "learning_rate=nan": ("learning_rate", ["found nan"]),
    "learning_rate=inf": ("learning_rate", ["found inf"]),
    "learning_rate=true": ("learning_rate", ["found true"]),
    "learning_rate=fast": ("learning_rate", ["found fast", "a finite number"]),
    "lr_ratio=0": ("lr_ratio", ["above 0"]),
    "lr_ratio=[1,2]": ("lr_ratio", ["[1,2]", "number"]),
    "dropout=1": ("dropout", ["found 1", "[0, 1)"]),
    "dropout=-0.1": ("dropout", ["[0, 1)"]),
    "batch_size=0": ("batch_size", ["from 1"]),
    "epochs=0": ("epochs", ["from 1"]),
    "epochs=true": ("epochs", ["found true"]),
    "validation_fraction=0": ("validation_fraction", ["(0, 1)"]),
    "validation_fraction=1": ("validation_fraction", ["(0, 1)"]),
    "precision=float16": ("precision", ["found float16", "float32 or float64"]),
    "optimizer.momentum=1": ("optimizer.momentum", ["[0, 1)"]),
    "optimizer.momentum=much": ("optimizer.momentum", ["found much", "a number"]),
    "optimizer.nesterov=true": ("optimizer.nesterov", ["momentum"]),
    "data.name=file": ("data.name", ["data=file"]),
    "outputs=''": ("outputs", ["a folder"]),
    "experiment=train": ("experiment", []),
    "seed=": ("seed", []),
    "": ("", []),
    "=3": ("", []),
}


@pytest.mark.parametrize("word", BAD)
def test_bad_words_are_refused_in_one_line(word):
    key, expected = BAD[word]
    with pytest.raises(InputError) as caught:
        composed("train", word)
    message = str(caught.value)
    assert key in message.split(":")[0], message
    assert "\n" not in message
    for part in expected:
        assert part in message, message


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("lr_ratios=[1,2]", [1, 2]),
        ("lr_ratios=linspace(1,3,5)", [1, 1.5, 2, 2.5, 3]),
        ("lr_ratios=linspace(1, 3, 5)", [1, 1.5, 2, 2.5, 3]),
        ("lr_ratios='linspace(1,3,5)'", [1, 1.5, 2, 2.5, 3]),
        ("lr_ratios=geomspace(0.25,16,7)", [0.25, 0.5, 1, 2, 4, 8, 16]),
    ],
)
def test_ratios_are_lists_or_ranges(word, expected):
    assert composed("lr_ratio", word).lr_ratios == expected


def test_ranges_meet_two_exactly():
    for word in ("linspace(1,3,41)", "linspace(0.1,4,79)", "geomspace(0.25,16,13)"):
        assert 2.0 in in_full(word)


BAD_SWEEPS = [
    *("lr_ratios=[]", "lr_ratios=[1,0]", "lr_ratios=[1,-2]", "lr_ratios=[1,1.0]", "lr_ratios=2"),
    *("lr_ratios=[1,nan]", "lr_ratios=[1,x]", "lr_ratios=null", "lr_ratios=linspace(0,3,4)"),
    *("lr_ratios=linspace(1,3,1)", "lr_ratios=geomspace(-1,3,4)", "lr_ratios=arange(3)"),
    *("lr_ratios=[1,true]", "lr_ratios=linspace(1,3,100000000)", "seeds=[0,true]"),
    *("seeds=[]", "seeds=[1,1]", "seeds=[-1]", "seeds=3", "seeds=[a]", "seeds=[0.5]"),
]


@pytest.mark.parametrize("word", BAD_SWEEPS)
def test_bad_sweeps_are_refused_in_one_line(word):
    with pytest.raises(InputError) as caught:
        composed("lr_ratio", word)
    assert "\n" not in str(caught.value)
    assert word.split("=")[0] in str(caught.value) or "arange" in str(caught.value)


def test_the_last_seed_of_several_repeats_is_in_range_as_well():
    with pytest.raises(InputError, match="repeats"):
        composed("equivalence", "seed=2147483647", "repeats=2")


def test_a_sweep_is_a_job_for_every_combination():
    assert jobs(["head=softmax,sigmoid", "seed=0,1"]) == [
        [f"head={head}", f"seed={seed}"] for head in ("softmax", "sigmoid") for seed in (0, 1)
    ]


def test_every_group_in_conf_has_its_type_and_every_type_its_group():
    from twinhead.data import sources
    from twinhead.training import optimizers

    files = {path.stem for path in (PROJECT / "conf/optimizer").glob("*.yaml")}
    assert files == {*optimizers.ALONE, *optimizers.names(optimizers._Bank)}
    every = [*sources.Source.__subclasses__(), *sources.Read.__subclasses__()]
    kinds = {each.model_fields["name"].default for each in every} - {PydanticUndefined}
    assert {path.stem for path in (PROJECT / "conf/data").glob("*.yaml")} == kinds
