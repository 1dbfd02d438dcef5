"""From words on the command line to checked settings: Hydra composes conf/, pydantic checks."""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

import twinhead
from twinhead.errors import InputError
from twinhead.settings import RANGE

CONF = Path(twinhead.__file__).parent / "conf"
Checked = TypeVar("Checked", bound=BaseModel)


def compose(name: str, kind: type[Checked], words: Sequence[str], folder: Path = CONF) -> Checked:
    """Return the checked settings of a file of conf/ with these key=value words.

    Args:
        name: of the file below the folder, such as experiment/lr_ratio.
        folder: in which Hydra looks for options. It takes the name of every folder in there for a
            choice among files, so a plain key `head` needs one in which there is no such folder.

    Raises:
        InputError: a word is unknown or its value is wrong.
    """
    for word in words:
        key, _, value = word.partition("=")
        if key.endswith(".name"):
            raise InputError(f"{key}: found {value}; use {key.removesuffix('.name')}={value}")
    try:
        with hydra.initialize_config_dir(str(folder), version_base="1.3"):
            composed = hydra.compose(name, overrides=[_quoted(word) for word in words])
        missing = sorted(OmegaConf.missing_keys(composed))
        if missing:
            raise InputError(f"{missing[0]}: found nothing, expected {missing[0]}=...")
        values = OmegaConf.to_container(composed, resolve=True)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(_one_line(error, kind, words)) from error
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise InputError(_told(error.errors()[0], values, kind)) from error


def unchecked(words: Sequence[str]) -> dict[str, Any]:
    """Return what key=value words say, for keys that no file of conf/ has.

    Raises:
        InputError: a word is no key=value.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(list(words))
    except HydraException as error:
        raise InputError(_first_line(error)) from error
    return {each.key_or_group: each.value() for each in parsed}


def jobs(words: Sequence[str]) -> list[list[str]]:
    """Return the words of every job that a sweep over comma-separated values stands for.

    Raises:
        InputError: a word is no key=value.
    """
    try:
        overrides = OverridesParser.create().parse_overrides([_quoted(word) for word in words])
    except HydraException as error:
        raise InputError(_first_line(error)) from error
    batches = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return [list(job) for batch in batches for job in batch]


def _quoted(word: str) -> str:
    """Keep Hydra from reading a range as one of its own functions: the shell ate its quotes."""
    key, _, value = word.partition("=")
    return f"{key}='{value}'" if RANGE.fullmatch(value.replace(" ", "")) else word


def _told(error: ErrorDetails, values: Any, kind: type[BaseModel]) -> str:
    """Return pydantic's complaint in the house's form: key, what was found, what was expected."""
    path: list[str] = []
    found: Any = values
    for part in error["loc"]:
        # Between the keys stand tags of unions and positions in lists, which nobody typed.
        if isinstance(found, Mapping) and part in found:
            path.append(str(part))
            found = found[part]
    key = ".".join(path)
    match error["type"]:
        case "expected":
            return f"{key}: found {_shown(found)}, expected {error['ctx']['words']}"
        case "key":
            return ".".join([*path, error["msg"]])
        case "extra_forbidden":
            return _unknown_key(key, _fields(kind, path[:-1], values))
        case "missing":
            key = ".".join([*path, str(error["loc"][-1])])
            return f"{key}: found nothing, expected {key}=..."
        case "union_tag_invalid":
            context = error["ctx"]
            return f"{key}: found {context['tag']}, expected one of {context['expected_tags']}"
        case "literal_error":
            group, _, _ = key.rpartition(".")
            return (
                f"{key}: found {_shown(found)}, expected {error['ctx']['expected']}; use {group}="
            )
    return f"{key}: found {_shown(found)}; {error['msg']}"


def _shown(value: Any) -> str:
    """Return a value as it is typed on the command line."""
    if isinstance(value, list):
        shown = [_shown(each) for each in value[:8]] + (["..."] if len(value) > 8 else [])
        return f"[{','.join(shown)}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fields(kind: Any, path: Sequence[str], values: Any) -> list[str]:
    """Return the keys that stand beside the last of `path`, in whichever option of a union."""
    for part in path:
        values = values.get(part, {}) if isinstance(values, Mapping) else {}
        kinds = _models(kind.model_fields[part].annotation) if part in kind.model_fields else []
        named = [
            each
            for each in kinds
            if isinstance(values, Mapping)
            and values.get("name") in get_args(each.model_fields["name"].annotation)
        ]
        if not (named or kinds):
            return []
        kind = (named or kinds)[0]
    return list(kind.model_fields)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in _models(each)]


def _one_line(error: Exception, kind: type[BaseModel], words: Sequence[str]) -> str:
    """Return Hydra's message in the house's form."""
    chosen = {key: {"name": value} for key, _, value in (word.partition("=") for word in words)}
    cause = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    unknown = re.match(r"Could not override '([^']+)'", lines[0])
    if unknown:
        return _unknown_key(unknown[1], _fields(kind, unknown[1].split(".")[:-1], chosen))
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
    return _first_line(cause or error)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))


def _unknown_key(key: str, known: Sequence[str]) -> str:
    group, _, own = key.lstrip("+~").rpartition(".")
    if [*known] == ["name"]:
        return f"{key.lstrip('+~')}: unknown key; expected {group}=... of another kind, with keys"
    initials = {"".join(word[0] for word in name.split("_")): name for name in reversed(known)}
    near = [*difflib.get_close_matches(own, known, n=1), initials.get(own, "")][0]
    hint = f"did you mean {near}? " if near else ""
    return f"{key.lstrip('+~')}: unknown key; {hint}expected one of {', '.join(known)}"
