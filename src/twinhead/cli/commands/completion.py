"""Complete words in the shell: eval "$(twinhead completion bash)".

Reads conf/ as text, and imports nothing: an answer has to come in half a second.
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import twinhead
from twinhead.errors import InputError

WANT = "Look"
CONF = Path(twinhead.__file__).parent / "conf"

BASH = """_twinhead() {
  local line="${COMP_LINE:0:COMP_POINT}" typed="${COMP_WORDS[COMP_CWORD]}" IFS=$'\\n'
  local whole="${line##* }" found
  found=$(twinhead completion --words "$line" 2>/dev/null)
  # Readline starts a new word after "="; what stands before it is not to be typed twice.
  COMPREPLY=($(compgen -W "$found" -- "$whole"))
  COMPREPLY=("${COMPREPLY[@]#"${whole%"$typed"}"}")
  [[ "$typed" == "=" ]] && COMPREPLY=("${COMPREPLY[@]#=}")
  [[ "${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
complete -o default -F _twinhead twinhead"""
ZSH = """_twinhead() {
  local -a found
  found=(${(f)"$(twinhead completion --words "${LBUFFER}" 2>/dev/null)"})
  compadd -S '' -a found || _files
}
compdef _twinhead twinhead"""


def main(words: Sequence[str]) -> int:
    match words:
        case ["bash"]:
            print(BASH)
        case ["zsh"]:
            print(ZSH)
        case ["--words", line]:
            print("\n".join(offers(line)))
        case _:
            raise InputError(f"completion: found {shlex.join(words)}, expected bash or zsh")
    return 0


def offers(line: str) -> list[str]:
    """Return what the last word of a command line may become."""
    words = line.split(" ")
    typed = words[-1]
    if len(words) <= 2:
        return [name for name in _commands() if name.startswith(typed)]
    file = next(
        (
            CONF / group / f"{words[1]}.yaml"
            for group in ("experiment", "command")
            if (CONF / group / f"{words[1]}.yaml").exists()
        ),
        None,
    )
    if file is None:
        return []
    chosen = dict(word.split("=", 1) for word in words[2:-1] if "=" in word)
    return sorted({word for word in _words(file, chosen) if word.startswith(typed)})


def _commands() -> list[str]:
    commands = [path.stem for path in Path(__file__).parent.glob("[a-z]*.py")]
    return sorted(commands + [path.stem for path in (CONF / "experiment").glob("*.yaml")])


def _words(file: Path, chosen: dict[str, str]) -> Iterator[str]:
    """Yield every key= and group=option that a file of conf/ takes, shared files included."""
    for line in file.read_text(encoding="utf-8").splitlines():
        key, colon, value = line.partition(":")
        if key.startswith("  - "):
            group, name = key.removeprefix("  - ").lstrip("/"), value.strip()
            if not name:
                if group != "_self_":
                    yield from _words(CONF / f"{group}.yaml", chosen)
                continue
            for option in (CONF / group).glob("*.yaml"):
                yield f"{group}={option.stem}"
            own = CONF / group / f"{chosen.get(group, name)}.yaml"
            if (
                own.exists()
                and "@package" not in own.read_text(encoding="utf-8").partition("\n")[0]
            ):
                keys = (word for word in _words(own, chosen) if word != "name=")
                yield from (f"{group}.{word}" for word in keys)
        elif colon and key.isidentifier() and key != "defaults":
            yield f"{key}="
