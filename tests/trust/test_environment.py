"""Whatever surrounds the command: full disks, closed outputs, other encodings, signals."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from small import SMALL

from twinhead.cli.composing import compose
from twinhead.data import hdf5
from twinhead.disk import whole
from twinhead.errors import InputError
from twinhead.results.history import History, save
from twinhead.runs import index, store
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment


@pytest.fixture
def found(run):
    """The words that find a finished run."""
    outputs = run("equivalence").folder.parent.parent
    return ["equivalence", *SMALL["equivalence"].split(), f"outputs={outputs}", "progress=false"]


def through(shell, words, cwd, **environment):
    """Run the command with what a shell does to its outputs, as in '"$@" >&-'."""
    return subprocess.run(
        ["sh", "-c", shell, "sh", sys.executable, "-m", "twinhead", *words],
        capture_output=True,
        cwd=cwd,
        env=os.environ | environment,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=lambda environment: next(iter(environment.values())),
)
def test_a_terminal_that_knows_no_greek_is_told_all_the_same(found, tmp_path, environment):
    done = through('"$@"', found, tmp_path, **environment)
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
    assert b"Found finished" in done.stdout
    assert b"report.html" in done.stdout


@pytest.mark.parametrize("closing", [">&-", ">&- 2>&-", "<&-"])
def test_closed_outputs_change_nothing_but_what_is_seen(found, tmp_path, closing):
    as_ever = through('"$@"', found, tmp_path).returncode
    done = through(f'"$@" {closing}', found, tmp_path)
    assert done.returncode == as_ever
    assert done.stderr == b""


def test_an_output_that_is_full_is_one_line(found, tmp_path):
    done = through('"$@" >/dev/full', found, tmp_path)
    assert done.returncode == 2
    assert done.stderr == b"error: cannot be written: No space left on device\n"
    done = through('"$@" nonsense=1 2>/dev/full', found, tmp_path)
    assert done.returncode == 2


def test_a_reader_that_has_read_enough_is_no_error(found, tmp_path):
    done = through('"$@" | head -c 1', found, tmp_path)
    assert done.stdout == b"F"
    assert done.stderr == b""


def test_names_that_are_no_utf8_are_one_line(tmp_path):
    done = through("\"$@\" data=file data.path=$(printf '\\377.h5')", ["equivalence"], tmp_path)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"no UTF-8" in done.stderr


def test_markup_in_a_folders_name_is_no_markup(found, run, tmp_path):
    shutil.copytree(run("equivalence").folder.parents[1], tmp_path / "[/b]o", symlinks=True)
    words = [word for word in found if not word.startswith("outputs=")]
    done = through('"$@"', [*words, "outputs='[/b]o'", "details=true"], tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert b"Found finished" in done.stdout
    assert b"[/b]o/equivalence" in done.stdout


def test_a_size_limit_and_a_backend_that_is_not_there(found, tmp_path):
    """Nothing half is left where files may have 2 kB; then the same run, with pictures."""
    words = ["train", *SMALL["train"].split(), "progress=false"]
    done = through('ulimit -f 4; "$@"', words, tmp_path)
    assert done.returncode == 2
    warned, error = done.stderr.decode().splitlines()
    assert "is not kept for the next run: no room" in warned, "the surrogate is a file too"
    assert error.startswith("error: outputs: ")
    assert "File too large" in error
    for place in ("data", "outputs/train"):
        assert not list((tmp_path / place).iterdir())
    done = through('"$@"', words, tmp_path, MPLBACKEND="bogus")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_in_one_line(tmp_path, how):
    words = ["data=surrogate", "data.rows=2000", "data.features=40", "epochs=100000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "twinhead", "train", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests may be deaf to it, as nohup makes them, and their children.
        preexec_fn=lambda: signal.signal(how, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 100
    for line in process.stderr:
        assert time.monotonic() < deadline
        if "/100000" in line:
            break
    process.send_signal(how)
    rest = process.stderr.read()
    assert process.wait(timeout=60) == 128 + how
    assert f"interrupted ({how.name})" in rest
    assert "Traceback" not in rest
    assert list((tmp_path / "outputs/train").iterdir()) == []


def refuses(*arguments, **options):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_a_finished_run_is_shown_where_nothing_can_be_written(run, monkeypatch, capsys):
    made = run("equivalence")
    for module, name in ((whole, "point"), (index, "write"), (whole, "_lock"), (whole, "written")):
        monkeypatch.setattr(module, name, refuses)
    (made.folder.parent / ".partial-other-0").mkdir()
    (made.folder.parent / "latest").unlink()
    experiment = Experiment("equivalence")
    words = [*SMALL["equivalence"].split(), f"outputs={made.folder.parent.parent}"]
    settings = compose("experiment/equivalence", experiment.Settings, words)
    assert execute(experiment, settings).folder == made.folder
    assert "Found finished" in capsys.readouterr().out
    (made.folder.parent / ".partial-other-0").rmdir()
    with pytest.raises(InputError, match="Read-only file system"):
        execute(experiment, settings.model_copy(update={"force": True}))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_what_the_disk_refuses_is_one_line_and_leaves_nothing(tmp_path, code):
    def fills(aside):
        (aside / "half").write_text("")
        raise OSError(code, os.strerror(code))

    with (
        pytest.raises(InputError, match=os.strerror(code)),
        store.published_whole(tmp_path, "run") as aside,
    ):
        fills(aside)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_does_not_crash_the_library_that_writes_histories(tmp_path):
    """libhdf5 dies of it now and then when it writes the file itself."""
    limited = (
        "import resource, sys, pathlib\n"
        "from twinhead.results.history import History, save\n"
        "for limit in range(0, 3000, 100):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        save(History({'name': 'x' * 1000}), pathlib.Path(sys.argv[1]))\n"
        "    except OSError as error:\n"
        "        assert error.errno == 27\n"
    )
    command = [sys.executable, "-c", limited, tmp_path / "b.h5"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    save(History({"name": "whole"}), tmp_path / "b.h5")


def test_a_full_disk_does_not_crash_the_making_of_a_features_file(tmp_path):
    """What the library that writes it would not survive either; then there is room again."""
    limited = (
        "import resource, sys, pathlib\n"
        "import numpy as np\n"
        "from twinhead.data.images import layout\n"
        "from twinhead.errors import InputError\n"
        "names = {'train': [f'cat.{i}.jpg' for i in range(40)], 'test': []}\n"
        "content = layout.Content(names, np.arange(40) % 2, 16, [], {'identity': 'x' * 200})\n"
        "def make():\n"
        "    with layout.Writer(pathlib.Path(sys.argv[1]), content) as writer:\n"
        "        for start in range(writer.done['train'], 40, 8):\n"
        "            writer.append('train', np.full((8, 16), start, np.float32))\n"
        "        writer.publish()\n"
        "for limit in range(0, 9000, 250):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))\n"
        "    try:\n"
        "        make()\n"
        "        sys.exit('there was room')\n"
        "    except InputError as error:\n"
        "        assert 'File too large' in str(error), error\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "make()\n"
    )
    command = [sys.executable, "-c", limited, tmp_path / "gap.h5"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["gap.h5"]
    read = hdf5.read(tmp_path / "gap.h5")
    assert np.array_equal(read.X[:, 0], np.repeat(np.arange(0, 40, 8), 8))
    assert read.about["sha256"] == read.sha256
