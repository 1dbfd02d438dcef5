"""docs/adding-an-experiment.md, word for word, in a copy of the house."""

import json
import re
import shutil
import subprocess
import sys

from small import PROJECT


def test_the_experiment_of_the_page_runs_as_it_stands_there(tmp_path):
    for name in ("src", "conf", "experiments"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(PROJECT / name, tmp_path / name, symlinks=True, ignore=ignored)
    page = (PROJECT / "docs/adding-an-experiment.md").read_text(encoding="utf-8")
    files = re.findall(r"`((?:conf|experiments)/\S+)`.*?```\w+\n(.*?)```", page, flags=re.DOTALL)
    assert len(files) == 5
    for name, content in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    lines = sum(len(content.splitlines()) for _, content in files)
    assert lines < 110, "an experiment is to cost little"
    done = subprocess.run(
        [sys.executable, "-m", "twinhead", "start", "progress=false"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "src"), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    latest = tmp_path / "outputs/start/latest"
    assert json.loads((latest / "answer.json").read_text())["answer"].startswith("Yes")
    (verdict,) = json.loads((latest / "verdicts.json").read_text())
    assert (verdict["verdict"], verdict["control"]["verdict"]) == ("holds", "fails")
    assert (latest / "figures/start_gap.png").exists()
