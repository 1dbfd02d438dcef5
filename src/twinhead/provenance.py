"""Where a result comes from: code, versions, machine and command."""

import hashlib
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "scipy",
    "scikit-learn",
    "h5py",
    "matplotlib",
    "hydra-core",
)


def collect() -> dict[str, str | int | bool | dict[str, str] | None]:
    """Return what a reader needs to get the same numbers: commit, versions, machine, command."""
    changes = _git("diff", "HEAD")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "diff_sha256": hashlib.sha256(changes.encode()).hexdigest() if changes else None,
        "python": platform.python_version(),
        "versions": versions(),
        "platform": platform.platform(),
        "cpu": _cpu(),
        "threads": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "command": " ".join(sys.argv),
    }


def versions() -> dict[str, str]:
    return {package: version(package) for package in PACKAGES}


def code(*paths: Path) -> str:
    """Return the SHA-256 of these files' names and bytes."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _git(*words: str) -> str | None:
    """Return what git prints, or None where this is no git checkout."""
    try:
        answer = subprocess.run(
            ["git", *words], cwd=PROJECT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
