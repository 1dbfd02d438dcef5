import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from images.drawn import flat

from twinhead.cli.composing import compose
from twinhead.data.features import Features
from twinhead.data.features import split as cut
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment

PROJECT = Path(__file__).parents[1]

# What makes an experiment quick: the same words for all tests, so that its run is made once.
ROWS = "data=surrogate data.rows=400 data.features=12"
SMALL = {
    "equivalence": f"{ROWS} epochs=2 repeats=5 learning_rate=0.1",
    "lr_ratio": f"{ROWS} epochs=2 seeds=[0,1] learning_rate=0.1",
    "train": f"{ROWS} epochs=2",
    "law": "data=surrogate data.rows=300 data.features=12 "
    "rows=200 features=8 steps=150 long_steps=200",
    "benchmark": f"{ROWS} arms=[1,4] repeats=1 epochs=1",
    "numerics": "draws=50 sizes=geomspace(0.1,1000,9)",
    "gradients": "draws=20",
    "activations": "steps=50 elements=1000 repeats=3",
    "losses": "",
    "tasks": "seeds=[0,1]",
    "extraction": "data.images=drawn data.backbone=mobilenet data.weights=none data.size=32",
}


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
