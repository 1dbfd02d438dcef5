"""What a user types, and what comes of it. None of this may cost TensorFlow's start-up."""

import pytest
from conftest import PROJECT

from twinhead import config
from twinhead.errors import InputError

EXPERIMENTS = sorted(path.stem for path in (PROJECT / "conf/experiment").glob("*.yaml"))


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes(experiment):
    settings = config.compose(experiment, [])
    if isinstance(settings, config.Settings):
        assert settings.outputs == "outputs"


def test_the_articles_recipe_is_the_default():
    settings = config.compose("equivalence", [])
    assert (settings.learning_rate, settings.epochs, settings.batch_size) == (1e-3, 5, 128)


@pytest.mark.parametrize("optimizer", sorted(config.SCHEMA["optimizer"]))
def test_every_optimizer_composes_with_kerass_defaults(optimizer):
    from twinhead import heads

    settings = config.compose("translate", [f"optimizer={optimizer}"]).optimizer
    ours = config.as_dict(settings)
    theirs = heads.optimizer({"name": ours.pop("name")}, 1.0).get_config()
    assert ours == {key: theirs[key] for key in ours}


def test_groups_in_conf_and_types_in_the_schema_are_the_same():
    for group, nodes in config.SCHEMA.items():
        assert {path.stem for path in (PROJECT / "conf" / group).glob("*.yaml")} == set(nodes)


def test_seed_zero_is_a_seed():
    assert config.compose("train", ["seed=0"]).seed == 0


# Words on the command line -> the key that the message starts with, and words it holds.
BAD = {
    "sed=3": ("sed", ["did you mean seed", "learning_rate"]),
    "+new=3": ("new", ["unknown key"]),
    "++data.new=3": ("data.new", ["unknown key"]),
    "data.rows=3": ("data.rows", ["unknown key", "path"]),
    "head=relu": ("head", ["relu", "sigmoid, softmax"]),
    "data=mnist": ("data", ["breast_cancer, catdog, digits, file, surrogate"]),
    "optimizer=sdg": ("optimizer", ["adam", "sgd"]),
    "seed=x": ("seed", ["found x", "whole number"]),
    "seed=1.5": ("seed", ["found 1.5", "whole number"]),
    "seed=-1": ("seed", ["found -1", "from 0"]),
    "seed=null": ("seed", ["found null"]),
    "seed=1,2": ("seed", ["found 1,2", "-m"]),
    "~seed": ("seed", ["found nothing"]),
    "data=file": ("data.path", ["found nothing"]),
    "force=maybe": ("force", ["found maybe", "true or false"]),
    "learning_rate=0": ("learning_rate", ["found 0", "above 0"]),
    "learning_rate=-1": ("learning_rate", ["found -1"]),
    "learning_rate=nan": ("learning_rate", ["found nan"]),
    "learning_rate=inf": ("learning_rate", ["found inf"]),
    "learning_rate=fast": ("learning_rate", ["found fast", "a number"]),
    "lr_ratio=0": ("lr_ratio", ["above 0"]),
    "lr_ratio=[1,2]": ("lr_ratio", ["a number"]),
    "dropout=1": ("dropout", ["found 1", "[0, 1)"]),
    "dropout=-0.1": ("dropout", ["[0, 1)"]),
    "batch_size=0": ("batch_size", ["from 1"]),
    "epochs=0": ("epochs", ["from 1"]),
    "validation_fraction=0": ("validation_fraction", ["(0, 1)"]),
    "validation_fraction=1": ("validation_fraction", ["(0, 1)"]),
    "precision=float16": ("precision", ["found float16", "float32 or float64"]),
    "optimizer.momentum=1": ("optimizer.momentum", ["[0, 1)"]),
    "optimizer.momentum=much": ("optimizer.momentum", ["found much", "a number"]),
    "optimizer.nesterov=true": ("optimizer.nesterov", ["momentum"]),
    "data.name=file": ("data.name", ["data=file"]),
    "experiment=train": ("experiment", []),
    "seed=": ("seed", []),
}


@pytest.mark.parametrize("word", BAD)
def test_bad_words_are_refused_in_one_line(word):
    key, expected = BAD[word]
    with pytest.raises(InputError) as caught:
        config.compose("train", [word])
    message = str(caught.value)
    assert key in message.split(":")[0], message
    assert "\n" not in message
    for part in expected:
        assert part in message


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
    assert config.numbers(config.compose("lr_ratio", [word]).lr_ratios) == expected


def test_ranges_meet_two_exactly():
    for word in ("linspace(1,3,41)", "linspace(0.1,4,79)", "geomspace(0.25,16,13)"):
        assert 2.0 in config.numbers(word)


BAD_SWEEPS = [
    *("lr_ratios=[]", "lr_ratios=[1,0]", "lr_ratios=[1,-2]", "lr_ratios=[1,1.0]", "lr_ratios=2"),
    *("lr_ratios=[1,nan]", "lr_ratios=[1,x]", "lr_ratios=null", "lr_ratios=linspace(0,3,4)"),
    *("lr_ratios=linspace(1,3,1)", "lr_ratios=geomspace(-1,3,4)", "lr_ratios=arange(3)"),
    *("seeds=[]", "seeds=[1,1]", "seeds=[-1]", "seeds=3", "seeds=[a]", "seeds=[0.5]"),
]


@pytest.mark.parametrize("word", BAD_SWEEPS)
def test_bad_sweeps_are_refused_in_one_line(word):
    with pytest.raises(InputError) as caught:
        config.compose("lr_ratio", [word])
    assert "\n" not in str(caught.value)
    assert word.split("=")[0] in str(caught.value) or "arange" in str(caught.value)


@pytest.mark.parametrize("word", ["sed=3", "head=relu", "seed=x", "dropout=1", "data=file", "=3"])
def test_the_command_line_says_so_and_exits_with_2(run_script, word):
    done = run_script("train", word)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_bad_input_costs_no_tensorflow(run_script):
    done = run_script("train", "epochs=0", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 2
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "twinhead.config" in imported, "the list of imports was not read"
    assert not imported & {"tensorflow", "keras", "matplotlib", "sklearn", "scipy"}


def test_help_shows_groups_and_keys(run_script):
    done = run_script("train", "--help")
    assert done.returncode == 0
    for word in ("breast_cancer", "adamax", "learning_rate", "lr_ratio", "softmax"):
        assert word in done.stdout


def test_sweep_flag_may_stand_anywhere(run_script):
    done = run_script("train", "seed=0,-1", "-m", "data=file", "data.path=nowhere.h5")
    assert done.returncode == 2
    assert done.stderr.count("nowhere.h5: no such file") == 1
    assert done.stderr.count("seed: found -1") == 1
