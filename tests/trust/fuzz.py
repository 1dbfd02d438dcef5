"""Ten thousand damaged features files and three hundred killed runs: `make fuzz`.

    python tests/trust/fuzz.py [mutations=10000] [kills=300] [seed=0]

Says what came of them, and exits with 1 if anything was lost, half, dangling, silently wrong, a
traceback, a hang or a crash. The same seed gives the same damage; when a kill strikes, it does not.
Ctrl-C ends what is going on and counts what was done of it.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from mutate import KINDS, Forked, base, mutated, outcome_of_reading

HANG = 10  # Seconds of computing; ten times as long on the clock, which others share.
Tell = Callable[[str, int, int], None]


def damage(count: int, seed: int, found: Counter, wrong: list[str], tell: Tell) -> None:
    """Read so many damaged files; count what came of them, and list what must not."""
    # The same child, forked: without its second to start.
    with mock.patch.object(subprocess, "Popen", Forked), tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.h5"
        whole = {kind: base(kind, path) for kind in KINDS}
        for number in range(count):
            kind = list(KINDS)[number % len(KINDS)]
            path.write_bytes(mutated(whole[kind], random.Random(f"{seed} {number}")))
            started, computed = time.monotonic(), computing()
            try:
                outcome = outcome_of_reading(kind, path)
            except Exception as error:
                outcome = f"traceback: {error!r}"
            if computing() - computed > HANG or time.monotonic() - started > 10 * HANG:
                outcome = f"hang: {time.monotonic() - started:.0f} s"
            good = outcome in ("refused", "read")
            found[outcome if good else outcome.partition(":")[0]] += 1
            if not good:
                wrong.append(f"{kind}, mutation {number}: {outcome}")
            tell("damaged files", number + 1, count)


def computing() -> float:
    """Return the seconds that this process and its children have computed."""
    return sum(os.times()[:4])


def tell(what, done, total):
    if done % max(1, total // 20) == 0:
        print(f"{what}: {done} of {total}", flush=True)


def killed(*arguments):
    from killing import kills  # Half a minute's worth of libraries: forks before it are light.

    kills(*arguments)


def main(words):
    given = {"mutations": 10_000, "kills": 300, "seed": 0}
    given |= {key: int(value) for key, _, value in (word.partition("=") for word in words)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # Shells ignore it in the background.
    print(" ".join(f"{key}={value}" for key, value in given.items()), flush=True)
    bad = []
    for what, work in (("mutations", damage), ("kills", killed)):
        if not given[what]:
            continue
        found: Counter = Counter()
        wrong: list[str] = []
        with suppress(KeyboardInterrupt):
            work(given[what], given["seed"], found, wrong, tell)
        print(f"\n{found.total()} {what}")
        for outcome, number in sorted(found.items()):
            print(f"  {number:6}  {outcome}")
        print(f"  {len(wrong):6}  lost, half, dangling, silently wrong, tracebacks, hangs, crashes")
        bad += wrong
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
