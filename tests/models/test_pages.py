"""docs/convert.md and README's section on models, word for word, in an empty folder."""

import re
import shlex

import numpy as np
import pytest
from small import PROJECT

from models.conftest import small
from twinhead.training.backend import keras

README = (PROJECT / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Use it on a model of your own")[2].partition("\n## ")[0]


def run(twinhead, line):
    """Run a line of a page, whose exit code is 0 unless it says another one."""
    words, _, said = line.partition("#")
    own = shlex.split(words)
    assert own[0] == "twinhead"
    done = twinhead(*own[1:])
    code = re.search(r"exit code (\d)", said)
    assert done.returncode == (int(code[1]) if code else 0), f"{line}\n{done.stderr}"
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80, line


def test_every_block_of_the_page_runs_in_its_order(twinhead, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = (PROJECT / "docs/convert.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(python|sh)\n(.*?)```", page, flags=re.DOTALL)
    assert {kind for kind, _ in blocks} == {"python", "sh"}
    names = {}
    for kind, block in blocks:
        if kind == "python":
            exec(block, names)
        else:
            for line in block.splitlines():
                run(twinhead, line)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"twin.keras", "out.safetensors", "score.safetensors", "outputs"} <= written
    assert "head: softmax to sigmoid, the same function" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_readmes_lines_run_as_they_stand(twinhead, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small(2, keras.optimizers.Adam(0.05), trunk=True).save("model.keras")
    x = np.random.default_rng(0).standard_normal((20, 6)).astype("float32")
    names = {"x": x, "y": np.arange(20) % 2}
    for line in re.findall(r"^    (twinhead .*)$", SECTION, flags=re.MULTILINE):
        if "safetensors" not in line:
            run(twinhead, line)
    for line in re.findall(r"`(twinhead translate[^`]*)`", SECTION):
        run(twinhead, line)
    (block,) = re.findall(r"```python\n(.*?)```", SECTION, flags=re.DOTALL)
    exec(block, names)
    assert names["twin"].output_shape == (None, 1)
    assert names["twin"].optimizer.iterations == 1, "it was trained"
