"""Tell how long a run would take on more workers."""

import json
from collections.abc import Sequence
from pathlib import Path

from twinhead.errors import InputError
from twinhead.runs import console, plan

WANT = "Sweep"
MOST = 1_000_000
USAGE = """twinhead plan <folder of a run> [passes=1000]

Plays the times of a run's own passes through on 1 to 1024 workers: seconds, and how many workers
are enough. The run has to be one on a cluster, such as twinhead lr_ratio cluster=local.

passes: another number of them than the run's, for a plan of a larger one."""


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(USAGE)
        return 0
    folders = [word for word in words if "=" not in word]
    if len(folders) != 1:
        raise InputError(f"plan: found {len(folders)} folders, expected that of one run")
    path = Path(folders[0]) / "provenance.json"
    if not path.is_file():
        raise InputError(f"{folders[0]}: found no run, expected the folder of a finished one")
    measured = plan.times(json.loads(path.read_text(encoding="utf-8")))
    passes = measured.passes
    for word in words:
        key, is_key, value = word.partition("=")
        if is_key and key != "passes":
            raise InputError(f"{key}: unknown key; expected passes")
        if is_key:
            if not value.isdecimal() or not 1 <= int(value) <= MOST:
                raise InputError(f"passes: found {value}, expected a whole number from 1 to {MOST}")
            passes = int(value)
    workers = plan.enough(measured, passes)
    alone, best = (plan.wall(measured, count, passes) for count in (1, workers))
    console.say(
        f"{workers} worker(s) are enough for {passes} passes: {best:.1f} s, where one takes "
        f"{alone:.1f} s. Measured on {measured.workers} worker(s): {measured.later:.3f} s a pass, "
        f"{measured.first - measured.later:.1f} s more for a worker's first, "
        f"{measured.here:.3f} s a pass in the process that asks."
    )
    rows = []
    for power in range(11):
        seconds = plan.wall(measured, 2**power, passes)
        rows.append([str(2**power), f"{seconds:.1f}", f"{alone / seconds:.1f}"])
    console.table(rows, ["workers", "seconds", "times as fast"])
    return 0
