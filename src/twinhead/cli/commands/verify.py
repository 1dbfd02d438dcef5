"""Check that finished runs are what they say: files and numbers."""

from collections.abc import Sequence
from pathlib import Path

from twinhead.errors import InputError
from twinhead.runs import verify
from twinhead.runs.console import say

WANT = "Look"
USAGE = """twinhead verify [folder of a run ...] [outputs=outputs]

Holds every run, or those named, against what it says of itself: each file against manifest.json,
verdicts and answer against the claims judged anew from history.h5, and losses, accuracies and gaps
against NumPy's own from the stored weights and the features, which have to be there.

Exit code 1 if anything differs: the run's next call sets it aside and measures anew."""


def main(words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(USAGE)
        return 0
    outputs = [word.removeprefix("outputs=") for word in words if word.startswith("outputs=")]
    place = Path(outputs[-1] if outputs else "outputs")
    named = [_folder(word) for word in words if not word.startswith("outputs=")]
    folders = named or verify.runs(place)
    if not folders:
        raise InputError(f"outputs: found no runs in {place}, expected finished ones")
    differ = 0
    for folder in folders:
        run = verify.verify(folder)
        differ += bool(run.faults)
        say(f"{'✗' if run.faults else '✓'} {folder}: {', '.join(run.done) or 'not a whole run'}")
        for name, fault in run.faults.items():
            say(f"    {name}: {fault}")
        for sentence in run.left:
            say(f"    {sentence}")
    say(f"{len(folders) - differ} of {len(folders)} run(s) are what they say.")
    return 1 if differ else 0


def _folder(word: str) -> Path:
    if not Path(word).is_dir():
        raise InputError(f"{word}: no such folder; expected that of a run, or outputs=...")
    return Path(word).resolve() if Path(word).is_symlink() else Path(word)
