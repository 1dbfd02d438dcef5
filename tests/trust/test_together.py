"""Several processes and one folder: whoever publishes, whoever reads, in whatever container."""

import os
import subprocess
import sys
import time

import pytest
from crash import forked
from test_whole import held, names, place, publish  # noqa: F401, a fixture among them.

from twinhead.disk import manifest, whole


def test_eight_processes_publish_one_run_and_readers_always_see_a_whole_one(place):  # noqa: F811
    begin = time.monotonic() + 0.3

    def writer(number):
        time.sleep(max(0, begin - time.monotonic()))
        for _ in range(3):
            publish(place, f"process {number}")

    def reader():
        seen = 0
        while time.monotonic() < begin + 1.5 or not seen:
            if os.path.lexists(place / "run"):
                seen += 1
                assert manifest.faults(place / "run", thorough=True) == {}
            assert not seen or os.path.lexists(place / "run")

    writers = [lambda number=number: writer(number) for number in range(8)]
    assert forked(*writers, reader, reader) == [0] * 10
    whole.tidy(place)
    assert held(place).startswith("process")
    assert names(place) == {"run", "latest"}


def test_processes_of_one_number_in_two_containers_leave_each_other_alone(tmp_path):
    """Both are process 1 of a PID namespace of their own, over one output folder."""
    apart = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no PID namespaces here")
    script = (
        "import os, pathlib, sys, time\n"
        "from twinhead.disk import manifest, whole\n"
        "assert os.getpid() == 1\n"
        "place = pathlib.Path(sys.argv[1])\n"
        "whole.tidy(place)\n"
        "with whole.written(place, 'run') as aside:\n"
        "    (aside / 'history.h5').write_text('one')\n"
        "    print('works', flush=True)\n"
        "    sys.stdin.read()\n"
        "    assert (aside / 'history.h5').exists()\n"
        "    manifest.seal(aside, run='run', finished=True)\n"
    )
    both = []
    for _ in range(2):
        both.append(
            subprocess.Popen(
                [*apart, sys.executable, "-c", script, tmp_path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert both[-1].stdout.readline() == "works\n"
    for process in both:
        process.communicate()
    assert [process.returncode for process in both] == [0, 0]
    whole.tidy(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
