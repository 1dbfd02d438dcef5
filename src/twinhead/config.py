"""Configuration: types, ranges and the way from a command line to plain values.

The files in conf/ hold the values, the dataclasses here their types, EXPECTED their ranges.
Nothing in this module is slow to import: a typo must not cost the user TensorFlow's start-up.
"""

import difflib
import math
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from traceback import walk_tb
from typing import Any, NoReturn, get_args

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from twinhead.errors import InputError

CONF = Path(__file__).parents[2] / "conf"


@dataclass
class CatDog:
    name: str = "catdog"
    path: str = MISSING
    seed: int = MISSING


@dataclass
class Surrogate:
    name: str = "surrogate"
    rows: int = MISSING
    features: int = MISSING
    seed: int = MISSING


@dataclass
class File:
    name: str = "file"
    path: str = MISSING


@dataclass
class BreastCancer:
    name: str = "breast_cancer"


@dataclass
class Digits:
    name: str = "digits"


Data = CatDog | Surrogate | File | BreastCancer | Digits


@dataclass
class Sgd:
    name: str = "sgd"
    momentum: float = MISSING
    nesterov: bool = MISSING


@dataclass
class Adam:
    name: str = "adam"
    beta_1: float = MISSING
    beta_2: float = MISSING
    epsilon: float = MISSING
    amsgrad: bool = MISSING


@dataclass
class RmsProp:
    name: str = "rmsprop"
    rho: float = MISSING
    momentum: float = MISSING
    epsilon: float = MISSING
    centered: bool = MISSING


@dataclass
class Adagrad:
    name: str = "adagrad"
    initial_accumulator_value: float = MISSING
    epsilon: float = MISSING


@dataclass
class Adadelta:
    name: str = "adadelta"
    rho: float = MISSING
    epsilon: float = MISSING


@dataclass
class Adamax:
    name: str = "adamax"
    beta_1: float = MISSING
    beta_2: float = MISSING
    epsilon: float = MISSING


@dataclass
class AdamW(Adam):
    name: str = "adamw"
    weight_decay: float = MISSING


@dataclass
class Nadam:
    name: str = "nadam"
    beta_1: float = MISSING
    beta_2: float = MISSING
    epsilon: float = MISSING


@dataclass
class Ftrl:
    name: str = "ftrl"
    learning_rate_power: float = MISSING
    initial_accumulator_value: float = MISSING
    l1_regularization_strength: float = MISSING
    l2_regularization_strength: float = MISSING
    l2_shrinkage_regularization_strength: float = MISSING
    beta: float = MISSING


@dataclass
class Lamb:
    name: str = "lamb"
    beta_1: float = MISSING
    beta_2: float = MISSING
    epsilon: float = MISSING


@dataclass
class Adafactor:
    name: str = "adafactor"
    beta_2_decay: float = MISSING
    epsilon_1: float = MISSING
    epsilon_2: float = MISSING
    clip_threshold: float = MISSING
    relative_step: bool = MISSING


@dataclass
class Muon:
    name: str = "muon"
    momentum: float = MISSING
    nesterov: bool = MISSING
    rms_rate: float = MISSING
    weight_decay: float = MISSING
    adam_beta_1: float = MISSING
    adam_beta_2: float = MISSING
    epsilon: float = MISSING
    adam_weight_decay: float = MISSING
    adam_lr_ratio: float = MISSING


@dataclass
class ScheduleFreeAdamW:
    name: str = "schedulefreeadamw"
    beta_1: float = MISSING
    beta_2: float = MISSING
    epsilon: float = MISSING
    warmup_steps: int = MISSING


@dataclass
class Lion:
    name: str = "lion"
    beta_1: float = MISSING
    beta_2: float = MISSING


@dataclass
class Settings:
    """What every experiment has in common."""

    outputs: str = MISSING
    force: bool = MISSING
    progress: bool = MISSING


@dataclass
class Training(Settings):
    """What every experiment that trains heads has in common; `learning_rate` is the softmax's."""

    data: Any = MISSING
    optimizer: Any = MISSING
    learning_rate: float = MISSING
    epochs: int = MISSING
    batch_size: int = MISSING
    dropout: float = MISSING
    validation_fraction: float = MISSING


@dataclass
class Equivalence(Training):
    lr_ratio: float = MISSING
    seed: int = MISSING
    repeats: int | None = MISSING


@dataclass
class LrRatio(Training):
    lr_ratios: Any = MISSING
    seeds: list[int] = MISSING
    precision: str = MISSING


@dataclass
class Train(Training):
    head: str = MISSING
    init: str = MISSING
    lr_ratio: float = MISSING
    seed: int = MISSING
    precision: str = MISSING


@dataclass
class Translate:
    """What can be translated besides the optimizer's own settings; null: not in use."""

    to: str = MISSING
    optimizer: Any = MISSING
    learning_rate: float = MISSING
    weight_decay: float | None = MISSING
    l2: float | None = MISSING
    l1: float | None = MISSING
    clipvalue: float | None = MISSING
    clipnorm: float | None = MISSING
    global_clipnorm: float | None = MISSING
    ema_momentum: float | None = MISSING
    gradient_accumulation_steps: int | None = MISSING
    schedule: str | None = MISSING
    label_smoothing: float | None = MISSING
    dropout: float | None = MISSING
    trunk_learning_rate: float | None = MISSING
    initial_stddev: float | None = MISSING
    C: float | None = MISSING


@dataclass
class Law(Settings):
    data: Any = MISSING
    rows: int = MISSING
    features: int = MISSING
    steps: int = MISSING
    long_steps: int = MISSING
    batch_size: int = MISSING
    seed: int = MISSING


@dataclass
class Benchmark(Training):
    arms: list[int] = MISSING
    repeats: int = MISSING
    seed: int = MISSING


@dataclass
class Numerics(Settings):
    seed: int = MISSING
    draws: int = MISSING
    sizes: Any = MISSING


@dataclass
class Gradients(Settings):
    seed: int = MISSING
    draws: int = MISSING
    depth: int = MISSING


@dataclass
class Activations(Settings):
    seed: int = MISSING
    betas: list[float] = MISSING
    units: int = MISSING
    steps: int = MISSING
    learning_rate: float = MISSING
    elements: int = MISSING
    repeats: int = MISSING


@dataclass
class Losses(Settings):
    rows: int = MISSING
    outlier_share: float = MISSING
    outlier: float = MISSING
    delta: float = MISSING
    seed: int = MISSING


@dataclass
class Tasks(Training):
    init_sd: float = MISSING
    seeds: list[int] = MISSING
    label_rows: int = MISSING
    label_features: int = MISSING
    labels: int = MISSING
    labels_each: int = MISSING
    label_words: int = MISSING
    threshold: float = MISSING


SCHEMA = {
    "data": {
        "catdog": CatDog,
        "surrogate": Surrogate,
        "file": File,
        "breast_cancer": BreastCancer,
        "digits": Digits,
    },
    "optimizer": {
        "sgd": Sgd,
        "adam": Adam,
        "rmsprop": RmsProp,
        "adagrad": Adagrad,
        "adadelta": Adadelta,
        "adamax": Adamax,
        "adamw": AdamW,
        "nadam": Nadam,
        "ftrl": Ftrl,
        "lion": Lion,
        "lamb": Lamb,
        "adafactor": Adafactor,
        "muon": Muon,
        "schedulefreeadamw": ScheduleFreeAdamW,
    },
    "experiment": {
        "equivalence": Equivalence,
        "lr_ratio": LrRatio,
        "train": Train,
        "benchmark": Benchmark,
        "translate": Translate,
        "law": Law,
        "numerics": Numerics,
        "gradients": Gradients,
        "activations": Activations,
        "losses": Losses,
        "tasks": Tasks,
    },
}

# Optimizers that look at all columns of a kernel together, or at where it starts: not for a bank.
ALONE = ("lamb", "adafactor", "muon", "schedulefreeadamw")

for _group, _nodes in SCHEMA.items():
    for _name, _node in _nodes.items():
        ConfigStore.instance().store(_name, _node, group=f"schema/{_group}")


def _positive(value: float) -> bool:
    return 0 < value < math.inf


def _count(value: float) -> bool:
    return 1 <= value < 2**31


def _fraction(value: float) -> bool:
    return 0 <= value < 1


def _seed(value: int) -> bool:
    # Keras and scikit-learn both take 32-bit seeds; some of theirs are signed.
    return 0 <= value < 2**31


RANGE = re.compile(r"(linspace|geomspace)\(([^,]+),([^,]+),([^,]+)\)")


def numbers(value: list[float] | str) -> list[float]:
    """Return the numbers that a list or a range such as "linspace(1,3,41)" stands for.

    linspace spaces evenly, geomspace by equal factors; both ends are in. As in NumPy.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, list):
        return [float(each) for each in value if not isinstance(each, bool)]
    kind, low, high, count = RANGE.fullmatch(str(value).replace(" ", "")).groups()
    low, high, count = float(low), float(high), int(count)
    if count < 2:
        raise ValueError("a range has two ends")
    # Fifteen digits: 1.9999999999999998 would be another ratio than 2.
    if kind == "linspace":
        return [float(f"{low + (high - low) * i / (count - 1):.15g}") for i in range(count)]
    return [float(f"{low * (high / low) ** (i / (count - 1)):.15g}") for i in range(count)]


def _ratios(value: Any) -> bool:
    try:
        found = numbers(value)
    except (ValueError, TypeError, AttributeError, ZeroDivisionError, OverflowError):
        return False
    return bool(found) and len(set(found)) == len(found) and all(map(_positive, found))


# Key, at any depth -> what it must satisfy, in code and in words.
EXPECTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "learning_rate": (_positive, "a finite number above 0"),
    "lr_ratio": (_positive, "a finite number above 0"),
    "epsilon": (_positive, "a finite number above 0"),
    "lr_ratios": (
        _ratios,
        "different finite numbers above 0: [0.5,1,2], linspace(1,3,41) or geomspace(0.25,16,13)",
    ),
    "seed": (_seed, "a whole number from 0 to 2147483647"),
    "seeds": (
        lambda value: value and len(set(value)) == len(value) and all(map(_seed, value)),
        "a list of different whole numbers from 0 to 2147483647",
    ),
    "epochs": (_count, "a whole number from 1 to 2147483647"),
    "batch_size": (_count, "a whole number from 1 to 2147483647"),
    "repeats": (_count, "a whole number from 1, or null"),
    "arms": (
        lambda value: value and len(set(value)) == len(value) and all(map(_count, value)),
        "a list of different whole numbers from 1",
    ),
    "outputs": (lambda value: value.strip() != "", "a folder"),
    "rows": (lambda value: 10 <= value <= 10**6, "a whole number from 10 to 1000000"),
    "features": (lambda value: 1 <= value <= 10**5, "a whole number from 1 to 100000"),
    "dropout": (_fraction, "a number in [0, 1)"),
    "momentum": (_fraction, "a number in [0, 1)"),
    "rho": (_fraction, "a number in [0, 1)"),
    "beta_1": (_fraction, "a number in [0, 1)"),
    "beta_2": (_fraction, "a number in [0, 1)"),
    "to": (lambda value: value in ("sigmoid", "softmax"), "sigmoid or softmax"),
    "adam_beta_1": (_fraction, "a number in [0, 1)"),
    "adam_beta_2": (_fraction, "a number in [0, 1)"),
    "ema_momentum": (_fraction, "a number in [0, 1)"),
    "label_smoothing": (_fraction, "a number in [0, 1)"),
    "long_steps": (_count, "a whole number from 1 to 2147483647"),
    "gradient_accumulation_steps": (_count, "a whole number from 1 to 2147483647"),
    "warmup_steps": (lambda value: value >= 0, "a whole number from 0"),
    **dict.fromkeys(
        (
            *("clipvalue", "clipnorm", "global_clipnorm", "trunk_learning_rate", "C"),
            *("initial_stddev", "epsilon_1", "epsilon_2", "clip_threshold", "rms_rate"),
            "adam_lr_ratio",
        ),
        (_positive, "a finite number above 0"),
    ),
    **dict.fromkeys(
        ("l1", "l2", "adam_weight_decay"),
        (lambda value: 0 <= value < math.inf, "a finite number from 0"),
    ),
    "learning_rate_power": (lambda value: -math.inf < value <= 0, "a finite number up to 0"),
    **dict.fromkeys(
        (
            "initial_accumulator_value",
            "weight_decay",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
            "beta",
        ),
        (lambda value: 0 <= value < math.inf, "a finite number from 0"),
    ),
    "validation_fraction": (lambda value: 0 < value < 1, "a number in (0, 1)"),
    "precision": (lambda value: value in ("float32", "float64"), "float32 or float64"),
    "draws": (lambda value: 2 <= value <= 10**6, "a whole number from 2 to 1000000"),
    "sizes": (
        _ratios,
        "different finite numbers above 0, or a range such as geomspace(0.1,1000,9)",
    ),
    "depth": (lambda value: 1 <= value <= 100, "a whole number from 1 to 100"),
    "betas": (
        lambda value: 1 <= len(set(value)) == len(value) <= 4 and all(map(_positive, value)),
        "one to four different finite numbers above 0",
    ),
    "units": (lambda value: 2 <= value <= 1000, "a whole number from 2 to 1000"),
    "steps": (lambda value: 1 <= value <= 10**4, "a whole number from 1 to 10000"),
    "elements": (lambda value: 10 <= value <= 10**8, "a whole number from 10 to 100000000"),
    "outlier_share": (lambda value: 0 < value <= 0.4, "a number in (0, 0.4]"),
    "outlier": (lambda value: 50 <= value <= 1e6, "a number from 50 to 1000000"),
    "delta": (lambda value: 0 < value <= 10, "a number in (0, 10]"),
    "init_sd": (_positive, "a finite number above 0"),
    "label_rows": (lambda value: 100 <= value <= 10**5, "a whole number from 100 to 100000"),
    "label_features": (lambda value: 2 <= value <= 1000, "a whole number from 2 to 1000"),
    "labels": (lambda value: 3 <= value <= 100, "a whole number from 3 to 100"),
    "label_words": (_count, "a whole number from 1 to 2147483647"),
    "labels_each": (_count, "a whole number from 1 to 2147483647"),
    "threshold": (lambda value: 0 < value < 1, "a number in (0, 1)"),
}


def check(settings: Any, prefix: str = "") -> None:
    """Raise InputError at the first value that is out of its range, nested settings included.

    Keys that have no effect beside the others are set to what they amount to.
    """
    for item in fields(settings):
        value = getattr(settings, item.name)
        key = prefix + item.name
        if value == MISSING:
            raise InputError(f"{key}: found nothing, expected {key}=...")
        if is_dataclass(value):
            check(value, key + ".")
        elif item.name == "name" and value != item.default:
            raise InputError(
                f"{key}: found {value}, expected {item.default}; use {prefix[:-1]}={value}"
            )
        elif value is None and type(None) in get_args(item.type):
            continue
        elif item.name in EXPECTED:
            accepts, expected = EXPECTED[item.name]
            if not accepts(value):
                raise InputError(f"{key}: found {value}, expected {expected}")
    if isinstance(settings, Training) and settings.optimizer.name in ALONE:
        others = ", ".join(name for name in SCHEMA["optimizer"] if name not in ALONE)
        raise InputError(
            f"{prefix}optimizer: found {settings.optimizer.name}, which cannot train many arms as "
            f"columns of one kernel; expected one of {others}"
        )
    if isinstance(settings, Train) and settings.head == "softmax":
        # It is what the others are matched to: neither key changes it, nor may it split its runs.
        settings.init, settings.lr_ratio = "random", 1.0
    if isinstance(settings, Tasks) and settings.labels_each > settings.labels:
        raise InputError(
            f"labels_each: found {settings.labels_each}, expected at most labels={settings.labels}"
        )
    if isinstance(settings, Sgd) and settings.nesterov and settings.momentum == 0:
        raise InputError(f"{prefix}nesterov: found true with {prefix}momentum=0, expected momentum")


def plain(config: DictConfig) -> Any:
    """Return the checked dataclass behind a composed configuration.

    Raises:
        InputError: a key is unknown, or a value is missing or out of its range.
    """
    _refuse_unknown_keys(config)
    try:
        settings = OmegaConf.to_object(config)
    except MissingMandatoryValue as error:
        key = sorted(OmegaConf.missing_keys(config))[0]
        raise InputError(f"{key}: found nothing, expected {key}=...") from error
    check(settings)
    return settings


def _refuse_unknown_keys(config: DictConfig, prefix: str = "") -> None:
    """Hydra lets +key=value through, and nobody would ever read it."""
    known = _known_keys(OmegaConf.get_type(config))
    for key in config:
        if key not in known:
            raise InputError(_unknown_key(f"{prefix}{key}", known))
        if not OmegaConf.is_missing(config, key) and isinstance(config[key], DictConfig):
            _refuse_unknown_keys(config[key], f"{prefix}{key}.")


def as_dict(settings: Any) -> dict[str, Any]:
    """Return the settings that decide what is measured: no output folder, no display."""
    values = asdict(settings)
    for key in ("outputs", "force", "progress"):
        values.pop(key, None)
    return values


def compose(experiment: str, overrides: Sequence[str]) -> Any:
    """Return the checked settings of `experiment` with these key=value words.

    Raises:
        InputError: a word is unknown or its value is wrong.
    """
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
            words = [_quoted(word) for word in overrides]
            return plain(hydra.compose(f"experiment/{experiment}", overrides=words))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(one_line(error)) from error


def launch(
    experiment: str,
    run: Callable[[Any], Any],
    gather: Callable[[Any, list[Any]], None] | None = None,
) -> NoReturn:
    """Compose `experiment` from conf/ and the command line, hand it to `run`, and exit.

    With Hydra's -m, `run` is called once per job, and `gather(settings, results)` once at the end.
    Exit code: the largest that any job earned; `run` returns an object with `exit_code`.
    """
    # Without this Hydra prints errors in its own way and exits with 1; see run_and_report there.
    debugging = "HYDRA_FULL_ERROR" in os.environ
    os.environ["HYDRA_FULL_ERROR"] = "1"
    # argparse, and so Hydra, takes -m in front only; people write it anywhere.
    words = sorted(sys.argv[1:], key=lambda word: word not in ("-m", "--multirun"))
    sys.argv[1:] = [_quoted(word) for word in words]
    codes: list[int] = []
    results: list[Any] = []
    swept: list[Any] = []

    def job(config: DictConfig) -> None:
        with user_errors(codes):
            settings = plain(config)
            results.append(run(settings))
            codes.append(results[-1].exit_code)
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                swept.append(settings)

    name = f"experiment/{experiment}"
    with user_errors(codes):
        try:
            hydra.main(version_base="1.3", config_path=str(CONF), config_name=name)(job)()
        except (HydraException, OmegaConfBaseException, OSError, ValueError) as error:
            if debugging or not _raised_by_hydra(error):
                raise
            raise InputError(one_line(error)) from error
        if swept and gather is not None:
            gather(swept[0], results)
    sys.exit(max(codes, default=0))


def _quoted(word: str) -> str:
    """Keep Hydra from reading a range as one of its own functions: the shell ate its quotes."""
    key, _, value = word.partition("=")
    return f"{key}='{value}'" if RANGE.fullmatch(value.replace(" ", "")) else word


@contextmanager
def user_errors(codes: list[int]) -> Iterator[None]:
    """Turn what is the user's to mend into one line on stderr and an exit code in `codes`."""
    try:
        yield
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        codes.append(2)
    except MemoryError as error:
        print(f"error: not enough memory for this: {error}", file=sys.stderr)
        codes.append(2)
    except KeyboardInterrupt:
        print("interrupted: finished runs are kept, nothing half-written is", file=sys.stderr)
        sys.exit(130)


def _raised_by_hydra(error: BaseException) -> bool:
    """Tell whether Hydra or OmegaConf raised it, or called the library function that did."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    own = [module for module in modules if module not in ("pathlib", "os")]
    return isinstance(error, HydraException | OmegaConfBaseException) or own[-1].startswith(
        ("hydra.", "omegaconf.")
    )


# OmegaConf's name of a type -> what to write on the command line.
TYPES = {"Integer": "a whole number", "Float": "a number", "bool": "true or false"}


def one_line(error: BaseException) -> str:
    """Return Hydra's message in the house's form: key, what was found, what was expected."""
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, OmegaConfBaseException):
        key = cause.full_key or str(cause.key)
        message = str(cause).splitlines()[0]
        wrong_type = re.match(
            r"Value '(.*)' (?:of type .* could not be converted to|is not a valid) (\w+)", message
        )
        if wrong_type:
            found, expected = wrong_type.groups()
            return f"{key}: found {found}, expected {TYPES.get(expected, expected)}"
        if "not in '" in message:
            return _unknown_key(key, _known_keys(cause.object_type))
        if "is not Optional" in message:
            return f"{key}: found null, expected a value"
        return f"{key}: {message}"
    if isinstance(error, OSError) and error.filename:
        return f"outputs: cannot write {error.filename}: {error.strerror}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    option = re.search(r"Could not find '([^']+)/([^/']+)'", lines[0])
    if option:
        start = next(i for i, line in enumerate(lines) if line.startswith("Available options"))
        end = next(i for i, line in enumerate(lines) if line.startswith("Config search path"))
        group, found = option.groups()
        return f"{group}: found {found}, expected one of {', '.join(lines[start + 1 : end])}"
    several = re.match(r"Ambiguous value for argument '([^=]+)=(.+)'", lines[0])
    if several:
        key, found = several.groups()
        return f"{key}: found {found}, expected one value (or -m in front, to sweep over them)"
    return lines[0]


def _known_keys(node: Any) -> list[str]:
    return [item.name for item in fields(node)] if is_dataclass(node) else []


def _unknown_key(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{key}: unknown key; {hint}expected one of {', '.join(known)}"
