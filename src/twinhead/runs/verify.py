"""Whether finished runs are what they say: each file, each verdict and each number a second time.

Files are held against the manifest, verdicts against the claims judged anew from history.h5, and
losses, accuracies and gaps against NumPy's own from the stored weights and the features. What is
found wrong is noted in the run's folder: the next run of these settings sets it aside.
"""

import json
import tempfile
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from twinhead.data.features import Features, fingerprint, split
from twinhead.data.source import Source
from twinhead.disk import manifest
from twinhead.errors import InputError
from twinhead.results import claim, history
from twinhead.results.history import History
from twinhead.runs import execute, identity, recompute, store
from twinhead.runs.experiment import Experiment
from twinhead.runs.processors import claims


@dataclass
class Verified:
    """What came of a run.

    Attributes:
        faults: file -> what is wrong with it; of a run that is what it says, none.
        done: what was held against what, in words.
        left: what could not be, and why.
    """

    folder: Path
    faults: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def runs(outputs: Path) -> list[Path]:
    """Return the folders of all runs, finished as far as they say themselves, and of pages."""
    pages = [path for path in outputs.glob("*") if any(each.is_file() for each in path.glob("*"))]
    return sorted(
        path
        for path in [*pages, *outputs.glob("*/*")]
        if path.is_dir() and path.name != "latest" and not path.name.startswith(".")
    )


def verify(folder: Path) -> Verified:
    """Check a run by all that can be held against it, and note in its folder what is wrong."""
    run = Verified(folder)
    _files(run)
    if not run.faults and (folder / "history.h5").exists():
        _numbers(run)
    if run.faults:
        manifest.mark(folder, run.faults)
    else:
        manifest.unmark(folder)
    return run


def _files(run: Verified) -> None:
    run.faults |= manifest.faults(run.folder, thorough=True)
    if manifest.MANIFEST in run.faults:
        return
    sealed = manifest.read(run.folder)
    if sealed.get("run") != run.folder.name:
        run.faults[manifest.MANIFEST] = f"of run {sealed.get('run')}"
    run.left += [f"{name} is none of its files" for name in manifest.unlisted(run.folder)]
    run.done.append(f"{len(sealed['files'])} files")


def _numbers(run: Verified) -> None:
    try:
        measured = history.load(run.folder / "history.h5")
        experiment = Experiment(run.folder.parent.name)
        _tables(run, measured)
        shown_by = manifest.read(run.folder)["presentation"]
        if shown_by == identity.presentation(experiment):
            _verdicts(run, experiment, measured)
        else:
            run.left.append(
                "not judged anew: its claims, words or pictures have changed since; "
                f"twinhead {experiment.name} with its settings presents it anew"
            )
        if any(record.weights for record in measured.records.values()):
            _weights(run, experiment, measured)
    except InputError as error:
        run.left.append(f"not judged anew: {error}")
    except Exception as error:  # Sealed, and yet no run: whatever it is, it is wrong with the run.
        run.faults["history.h5"] = f"makes no sense: {error!r}"


def _tables(run: Verified, measured: History) -> None:
    """Hold the text files against history.h5."""
    with tempfile.TemporaryDirectory() as place:
        execute.write_tables(measured, Path(place))
        for path in sorted(Path(place).iterdir()):
            texts = [each.read_text(encoding="utf-8") for each in (path, run.folder / path.name)]
            if sorted(texts[0].splitlines()) != sorted(texts[1].splitlines()):
                run.faults[path.name] = "says something else than history.h5"


def _verdicts(run: Verified, experiment: Experiment, measured: History) -> None:
    """Hold verdicts.json and answer.json against the claims, judged anew."""
    verdicts = claim.judge_all(claims(experiment, measured), measured)
    answer = experiment.answer(measured, verdicts)
    said = {"answer": answer.sentence, "number": answer.number, "counts": claim.counts(verdicts)}
    for name, anew in (
        ("verdicts.json", {f"claim {each.id}": asdict(each) for each in verdicts}),
        ("answer.json", {"the answer": said}),
    ):
        stored = json.loads((run.folder / name).read_text(encoding="utf-8"))
        if isinstance(stored, list):
            stored = {f"claim {each['id']}": each for each in stored}
        else:
            stored = {"the answer": {key: stored.get(key) for key in said}}
        different = _different(stored, json.loads(store.as_json(anew)))
        if different:
            run.faults[name] = different
    run.done.append(f"{len(verdicts)} claims judged anew")


def _different(stored: dict[str, Any], anew: dict[str, Any]) -> str:
    """Return the first difference in words, or nothing."""
    for name in {**stored, **anew}:
        one, other = stored.get(name, {}), anew.get(name, {})
        for key in {**one, **other}:
            if one.get(key) != other.get(key):
                return f"{name}: {key} is {one.get(key)}, judged anew {other.get(key)}"
    return ""


def _weights(run: Verified, experiment: Experiment, measured: History) -> None:
    """Hold the series against what the stored weights give on the features."""
    text = (run.folder / "config.yaml").read_text(encoding="utf-8")
    settings: Any = experiment.Settings.model_validate(yaml.safe_load(text))
    try:
        features, sha256 = _features(settings.data)
    except InputError as error:
        run.left.append(f"losses not recomputed: {error}")
        return
    if sha256 != measured.data["sha256"]:
        run.left.append("losses not recomputed: the features are not those it was measured on")
        return

    def cut(seed: int) -> recompute.Parts:
        parts = split(features, settings.validation_fraction, seed)
        return {
            "train": (parts.X_train, parts.y_train),
            "validation": (parts.X_validation, parts.y_validation),
        }

    done = recompute.recompute(measured, cut)
    if done.faults:
        run.faults["history.h5"] = f"{done.faults[0]}; {len(done.faults)} such difference(s)"
    run.done.append(f"{done.compared} losses, accuracies and gaps recomputed")


@lru_cache(maxsize=1)  # Many runs are on the same features.
def _features(source: Source) -> tuple[Features, str]:
    features = source.load(on_disk=True)
    return features, fingerprint(features.X, features.y)
