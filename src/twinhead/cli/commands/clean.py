"""Remove the copies of large features files; they are made again."""

import shutil
from collections.abc import Sequence

from twinhead.data import rewriting
from twinhead.disk import whole
from twinhead.errors import InputError
from twinhead.runs import console

WANT = "Look"
USAGE = """twinhead clean

Where features are chunked or compressed and too many for memory, their rows are written to data/
once, one behind the other. This removes them; runs and their numbers stay."""


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(USAGE)
        return 0
    if words:
        raise InputError(f"clean: found {words[0]}, expected nothing: it clears {rewriting.PLACE}/")
    whole.tidy(rewriting.PLACE)
    found = rewriting.sizes()
    for folder in found:
        shutil.rmtree(folder)
    size = sum(found.values())
    console.say(f"Removed {len(found)} folder(s) of {rewriting.PLACE}/, {size / 1e9:.2f} GB.")
    return 0
