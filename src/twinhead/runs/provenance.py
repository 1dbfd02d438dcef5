"""Where a result comes from: code, versions, machine and command."""

import hashlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twinhead.runs import identity

CHECKOUT = identity.PACKAGE.parents[1]


def collect(modules: Iterable[str]) -> dict[str, Any]:
    """Return what a reader needs to get the same numbers: commit, versions, machine, command.

    Args:
        modules: outside twinhead, that the measurement imports.
    """
    changes = _git("diff", "HEAD")
    return {
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if changes is None else bool(changes),
        "diff_sha256": hashlib.sha256(changes.encode()).hexdigest() if changes else None,
        "python": platform.python_version(),
        "versions": identity.versions({*modules, "matplotlib", "hydra", "twinhead"}),
        "platform": platform.platform(),
        "cpu": cpu(),
        "command": command(),
    }


def command() -> str:
    """Return the words that this process was started with."""
    return shlex.join(["twinhead", *sys.argv[1:]])


def _git(*words: str) -> str | None:
    """Return what git prints, or None where twinhead does not lie in its own checkout."""
    if not (CHECKOUT / ".git").exists() or not (CHECKOUT / "src" / "twinhead").is_dir():
        return None
    try:
        answer = subprocess.run(
            ["git", *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def cpu() -> str:
    """Return the name of this machine's kind of processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
