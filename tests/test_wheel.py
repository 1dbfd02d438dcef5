"""What `pip install` gives somebody who has never seen the checkout."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from small import PROJECT, SMALL


def call(*words, **options):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        env=environment,
        **options,
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A wheel, built from a copy, installed into an empty environment beside what it depends on.

    The dependencies are those of the environment that tests: to fetch TensorFlow anew would
    measure the network.
    """
    place = tmp_path_factory.mktemp("wheel")
    here = shutil.ignore_patterns("__pycache__", "*.egg-info")
    (place / "copy").mkdir()
    for name in ("src", "conf", "experiments", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        options = {"symlinks": True, "ignore": here} if (PROJECT / name).is_dir() else {}
        copy(PROJECT / name, place / "copy" / name, **options)
    built = call(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", place, place / "copy"),
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = place.glob("*.whl")
    venv.create(place / "venv", with_pip=True)
    python = place / "venv/bin/python"
    done = call(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel)
    assert done.returncode == 0, done.stderr
    own = call(python, "-c", "import site; print(site.getsitepackages()[0])").stdout.strip()
    # Added behind the wheel's own; without the .pth file that leads to the checkout.
    others = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    Path(own, "dependencies.pth").write_text(f"{others}\n")
    return place / "venv"


@pytest.mark.slow
def test_a_wheel_runs_in_an_empty_folder(installed, tmp_path):
    where = call(
        installed / "bin/python", "-c", "import twinhead; print(twinhead.__file__)", cwd=tmp_path
    )
    assert Path(where.stdout.strip()).is_relative_to(installed), "the checkout was tested"
    small = (*SMALL["equivalence"].split(), "progress=false")
    done = call(installed / "bin/twinhead", "equivalence", *small, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outputs/equivalence/latest/report.html").exists()


@pytest.mark.slow
def test_a_wheel_holds_every_configuration_and_every_experiment(installed, tmp_path):
    listed = call(installed / "bin/twinhead", cwd=tmp_path).stdout
    for path in (PROJECT / "conf/experiment").glob("*.yaml"):
        assert path.stem in listed
        shown = call(installed / "bin/twinhead", path.stem, "--help", cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
    (wheel,) = installed.parent.glob("*.whl")
    assert wheel.stat().st_size < 2_000_000


@pytest.mark.slow
def test_the_library_is_imported_without_tensorflow(installed, tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from twinhead import match_sigmoid, match_softmax, translate\n"
        "print(match_sigmoid(np.array([[1.0, 3.0]])), 'tensorflow' in sys.modules)\n"
    )
    done = call(installed / "bin/python", "-c", script, cwd=tmp_path)
    assert done.stdout == "[[2.]] False\n", done.stderr
