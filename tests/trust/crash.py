"""Kills, interrupts and full disks before every call that some code makes to the file system."""

import errno
import fcntl
import io
import os
import signal
import traceback
from contextlib import contextmanager

from twinhead.disk import whole

CALLS = [
    *((os, name) for name in ("open", "mkdir", "rename", "replace", "symlink", "unlink", "rmdir")),
    (os, "fsync"),
    (io, "open"),
    (fcntl, "flock"),
    (whole, "_swap"),
]


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt():
    raise KeyboardInterrupt


def full():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def before_call(number, happen):
    """Let something happen before the call of this number, from 0; yields how many were made."""
    made = [0]
    real = [(module, name, getattr(module, name)) for module, name in CALLS]

    def watched(function):
        def call(*arguments, **options):
            made[0] += 1
            if made[0] == number + 1:
                happen()
            return function(*arguments, **options)

        return call

    for module, name, function in real:
        setattr(module, name, watched(function))
    try:
        yield made
    finally:
        for module, name, function in real:
            setattr(module, name, function)


def forked(*works):
    """Do each of these in a process of its own, at once; return their exit codes: -9 if killed."""
    children = []
    for work in works:
        child = os.fork()
        if not child:
            code = 70
            try:
                work()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
