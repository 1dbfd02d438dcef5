"""translate as people call it: with an optimizer of theirs, and lines that can be pasted back."""

import inspect

import pytest

from twinhead import translate
from twinhead.errors import InputError
from twinhead.matching import OPTIMIZERS, TORCH, TORCH_NAMES, settings_of
from twinhead.matching.pasting import KERAS_NAMES
from twinhead.training.backend import keras

O = keras.optimizers  # noqa: E741


def pasted(lines, **names):
    """Return what the first expression of pasted lines makes."""
    text = "\n".join(lines)
    end = text.index("\n)") + 2 if text.partition("\n")[0].endswith("(") else text.find("\n")
    return eval(text[: end if end > 0 else None], {"keras": keras, **names})


def test_every_optimizer_of_the_map_has_its_name():
    classes = {name for name, each in vars(O).items() if inspect.isclass(each)}
    assert KERAS_NAMES.keys() == OPTIMIZERS.keys()
    assert {*KERAS_NAMES.values()} <= classes


@pytest.mark.parametrize("name", KERAS_NAMES.values())
def test_an_optimizer_of_keras_is_translated_and_pasted(name):
    own = getattr(O, name)(0.25, clipvalue=0.5, use_ema=True, ema_momentum=0.5)
    found = translate(own)
    made = pasted(found.code).get_config()
    config = own.get_config() | {
        key: value for key, value in found.settings.items() if key != "optimizer"
    }
    # Keras keeps a rate in float32.
    assert made.pop("learning_rate") == pytest.approx(config.pop("learning_rate"), rel=1e-7)
    assert {key for key in config if config[key] != made[key]} <= {"name"}
    assert made["clipvalue"] == 0.5, "measured in gradients, which are those of both heads"
    assert found == translate(settings_of(own)), "and by its settings it is the same"


def test_a_models_own_optimizer_says_its_schedule_and_its_wrapper():
    rate = O.schedules.CosineDecay(0.1, 50)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "softmax")])
    model.compile(O.LossScaleOptimizer(O.SGD(rate, momentum=0.9)), "mse")
    found = translate(model.optimizer)
    assert found.status == "exact"
    assert found.settings["learning_rate"] == pytest.approx(0.2)
    assert found.settings["schedule"] == "CosineDecay"
    assert found.code[-1] == "# The rate is the peak of CosineDecay."


class Own(O.Adam):
    pass


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (lambda: Own(), "found Own, expected one of Keras's own or PyTorch's"),
        (lambda: "adam", "found str, expected one of Keras's own or PyTorch's"),
        (lambda: O.Adam(lambda: 0.1), "learning_rate: found a function"),
        (
            lambda: O.MultiOptimizer(O.OptimizerMap(O.Adam(), {"a": O.SGD()})),
            "found MultiOptimizer, expected one of those",
        ),
    ],
)
def test_what_is_no_optimizer_that_the_map_knows_says_so(optimizer, reason):
    with pytest.raises(InputError, match=reason):
        translate(optimizer())


@pytest.mark.parametrize("name", TORCH_NAMES.values())
def test_an_optimizer_of_torch_is_translated_and_pasted(name):
    torch = pytest.importorskip("torch")
    head = torch.nn.Linear(3, 1, bias=name not in ("Muon",))
    made = getattr(torch.optim, name)(head.parameters(), lr=0.25)
    found = translate(made)
    known = TORCH[f"torch.{name.lower()}"]
    again = pasted(found.code, torch=torch, head=head).param_groups[0]
    wanted = {key: value for key, value in made.param_groups[0].items() if key in known}
    wanted |= {key: value for key, value in found.settings.items() if key in known}
    assert {key: again[key] for key in wanted} == wanted


def test_two_groups_of_parameters_are_two_optimizers():
    torch = pytest.importorskip("torch")
    head, trunk = torch.nn.Linear(3, 2), torch.nn.Linear(3, 3)
    both = torch.optim.SGD([{"params": head.parameters()}, {"params": trunk.parameters()}], lr=0.1)
    with pytest.raises(InputError, match="found 2 groups of parameters"):
        translate(both)


def test_what_a_line_cannot_say_is_said_beside_it():
    given = {"l1": 0.1, "l2": 0.2, "max_norm": 1.0, "initial_stddev": 0.5, "clipnorm": 1.0}
    found = translate({"optimizer": "adam", **given, "trunk_learning_rate": 0.3})
    text = "\n".join(found.code)
    assert "kernel_regularizer=keras.regularizers.L1L2(l1=0.1, l2=0.1)" in text
    assert "kernel_constraint=keras.constraints.MaxNorm(max_value=2.0)" in text
    assert "stddev=0.7071067811865476" in text
    assert text.count("keras.optimizers.Adam(") == 2
    assert "learning_rate=0.3" in text.partition("keep theirs")[2]
    torch = translate({"optimizer": "torch.SGD", "l2": 0.2, "clipnorm": 1.0, "clipvalue": 2.0})
    assert torch.code[1:] == [
        "loss = loss + 0.1 * head.weight.square().sum()",
        "torch.nn.utils.clip_grad_value_(head.parameters(), 2.0)",
        "for each in head.parameters():",
        "    torch.nn.utils.clip_grad_norm_(each, 0.7071067811865476)",
    ]


def test_where_nothing_would_do_there_is_nothing_to_paste_but_advice():
    found = translate({"optimizer": "adam"}, "isometric", classes=3)
    assert found.code == []
    assert "SGD with momentum" in found.instead
    assert not translate({"optimizer": "adam"}).instead


WORDS = {
    "optimizer=adamw clipnorm=1": ("exact: adamw", "  keras.optimizers.AdamW("),
    "optimizer=Adam": ("exact: adam", "  keras.optimizers.Adam("),
    "optimizer=adam framework=torch": (
        "exact: torch.Adam",
        "  torch.optim.Adam(head.parameters(), lr=0.002)",
    ),
    "optimizer=torch.AdamW learning_rate=0.25 weight_decay=0.5": (
        "exact: torch.AdamW",
        "  torch.optim.AdamW(head.parameters(), lr=0.5, weight_decay=0.25)",
    ),
    # The same words: an L2 penalty here, and not there.
    "framework=torch optimizer=Adam lr=0.25 weight_decay=0.5 optimizer.betas=[0.5,0.5]": (
        "conditional: torch.Adam",
        "  torch.optim.Adam(",
    ),
    "C=1": ("conditional: sgd", "  sklearn.linear_model.LogisticRegression(C=2.0)"),
    "initial_stddev=0.1": ("exact in distribution: sgd", "  keras.optimizers.SGD("),
}


@pytest.mark.parametrize("words", WORDS)
def test_the_command_says_the_verdict_first_and_ends_with_lines_to_paste(twinhead, words):
    done = twinhead("translate", *words.split())
    assert (done.returncode, done.stderr) == (0, "")
    verdict, pasted = WORDS[words]
    lines = done.stdout.splitlines()
    assert lines[0].startswith(verdict)
    assert any(line.startswith(pasted) for line in lines[-12:])
    assert max(map(len, lines)) <= 80


def test_impossible_is_an_exit_code_and_says_what_to_do_instead(twinhead):
    done = twinhead("translate", "trunk_learning_rate=0.1", "global_clipnorm=1")
    assert done.returncode == 1
    assert done.stdout.startswith("impossible: sgd")
    assert "instead: clipnorm" in done.stdout
    assert "keras.optimizers" not in done.stdout


REFUSED = {
    "framework=tf": "framework: found tf, expected keras or torch",
    "framework=torch optimizer=lion": "optimizer: found lion, expected one of PyTorch's: SGD",
    "framework=torch optimizer=Adam optimizer.beta=1": "did you mean betas?",
    "framework=torch lr=fast": "lr: found 'fast', expected a number",
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_wrong_word_is_one_line(twinhead, words):
    done = twinhead("translate", *words.split())
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert REFUSED[words] in done.stderr
