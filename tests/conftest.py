import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from images.drawn import flat
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data.features import Features
from twinhead.data.features import split as cut
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment


@pytest.fixture(scope="session")
def split():
    """A problem that can be learnt: 403 training rows (so the last batch is short), 17 features."""
    generator = np.random.default_rng(5)
    y = generator.permutation(np.arange(504) % 2).astype(np.uint8)
    X = generator.standard_normal((504, 17)).astype(np.float32) + 0.5 * y[:, None]
    return cut(Features("made up in a test", X.astype(np.float32), y), 0.2, seed=3)


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """Execute an experiment, small, in a folder of the session; once for the same words."""
    place = tmp_path_factory.mktemp("runs")

    @cache
    def executed(name, *words):
        experiment = Experiment(name)
        before = Path.cwd()
        os.chdir(place)  # The surrogate's cache goes to ./data, and features of images.
        if name == "extraction":
            flat(place / "drawn", 20)
        try:
            given = [*SMALL[name].split(), f"outputs={place / 'outputs'}", "progress=false", *words]
            return execute(experiment, compose(f"experiment/{name}", experiment.Settings, given))
        finally:
            os.chdir(before)

    return executed


@pytest.fixture
def twinhead(tmp_path):
    """Run the command as a user does, from an empty folder; returns the finished process."""

    def call(*words, **options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HYDRA")}
        return subprocess.run(
            [sys.executable, "-m", "twinhead", *words],
            cwd=options.pop("cwd", tmp_path),
            capture_output=True,
            text=True,
            env=environment | options.pop("env", {}),
            timeout=300,
            check=False,
        )

    return call
