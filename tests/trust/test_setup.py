"""`make setup` in two shells at once sets up once."""

import shutil
import subprocess
import sys

import pytest
from small import PROJECT

# Stands for Python: makes an environment whose Python does nothing, slowly, and tells of it.
FAKE = """#!/bin/sh
case "$*" in
  "-m venv .venv")
    echo made >> log; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  "-m pip "*)
    sleep 0.5; test -d .venv && echo installed >> log ;;
  *) exec {python} "$@" ;;
esac
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_two_set_ups_at_once_are_one(tmp_path):
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    fake = tmp_path / "python"
    fake.write_text(FAKE.format(python=sys.executable))
    fake.chmod(0o755)
    command = ["make", "setup", f"PYTHON={fake}"]
    both = [
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert (tmp_path / "log").read_text().split() == ["made"] + ["installed"] * 3
    assert (tmp_path / ".venv/ready").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
def test_a_set_up_that_was_killed_is_done_again(tmp_path):
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    fake = tmp_path / "python"
    fake.write_text(FAKE.format(python=sys.executable))
    fake.chmod(0o755)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv.lock").write_text("")
    subprocess.run(["make", "setup", f"PYTHON={fake}"], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / ".venv/ready").exists()
