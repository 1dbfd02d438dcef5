import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from twinhead import data

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def split():
    """A problem that can be learnt: 403 training rows (so the last batch is short), 17 features."""
    generator = np.random.default_rng(5)
    y = generator.permutation(np.arange(504) % 2).astype(np.uint8)
    X = generator.standard_normal((504, 17)).astype(np.float32) + 0.5 * y[:, None]
    return data.split(data.Features("made up in a test", X.astype(np.float32), y), 0.2, seed=3)


@pytest.fixture
def run_script(tmp_path):
    """Run an experiment as a user does, from an empty folder; returns the finished process."""

    def run(script, *words, **options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HYDRA")}
        return subprocess.run(
            [sys.executable, PROJECT / "experiments" / f"{script}.py", *words],
            cwd=options.pop("cwd", tmp_path),
            capture_output=True,
            text=True,
            env=environment | options.pop("env", {}),
            timeout=200,
            check=False,
        )

    return run
