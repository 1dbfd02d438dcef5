"""`twinhead <experiment> …`: one run, or with -m several, checked before the first one trains."""

from collections.abc import Sequence

from twinhead.cli.composing import CONF, compose, jobs
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment
from twinhead.runs.jobs import execute_all
from twinhead.runs.sweep import gather

SWEEP = ("-m", "--multirun")


def main(experiment: Experiment, words: Sequence[str]) -> int:
    if {"-h", "--help"} & {*words}:
        print(usage(f"experiment/{experiment.name}"))
        return 0
    file = f"experiment/{experiment.name}"
    own = [word for word in words if word not in SWEEP]
    if len(own) == len(words):
        return execute(experiment, compose(file, experiment.Settings, own)).exit_code
    settings = [compose(file, experiment.Settings, job) for job in jobs(own)]
    runs = execute_all(experiment, settings)
    gather(experiment, settings, runs)
    return max(run.exit_code for run in runs)


def usage(name: str) -> str:
    """Return the keys of an experiment or command with what they are now, as conf/ has them."""
    text = (CONF / f"{name}.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("# @")]
    said = [line.removeprefix("#").rstrip() for line in lines if line.startswith("#")]
    defaults = lines[lines.index("defaults:") + 1 :] if "defaults:" in lines else []
    shared, groups = [], []
    for line in defaults:
        if not line.startswith("  - "):
            break
        group, _, option = line.removeprefix("  - /").partition(": ")
        if option:
            options = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
            groups.append(f"{group}={option}  # or {', '.join(o for o in options if o != option)}")
        elif line != "  - _self_":
            shared.append(group)
    keys = [line for line in lines if line[:1].isalpha() and line != "defaults:"]
    for each in shared:
        keys += _keys(each)
    return "\n".join([*said, "", "Keys and what they are now (key=value):", "", *groups, *keys])


def _keys(name: str) -> list[str]:
    """Return the lines of a shared file that set keys, those of the files under it last."""
    lines = (CONF / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    under = [line.removeprefix("  - ").lstrip("/") for line in lines if line.startswith("  - ")]
    own = [line for line in lines if line[:1].isalpha() and line != "defaults:"]
    return own + [key for each in under if each != "_self_" for key in _keys(each)]
