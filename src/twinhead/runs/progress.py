"""Progress of a run: one bar in a terminal, plain lines in a log."""

import itertools
import logging
import multiprocessing
import multiprocessing.process
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

EVERY = 5  # Seconds between two lines of a log that only count.
EARLY = 0.02  # Share of the work before which nothing is said of the time left.


@contextmanager
def shown(wanted: bool) -> Iterator[None]:
    """Show what the package logs while it works: a bar in a terminal, plain lines in a log."""
    logger = logging.getLogger("twinhead")
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO if wanted else logging.WARNING)
    logger.propagate = False
    handler = _Bar() if wanted and sys.stderr.isatty() else _Lines()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
        handler.close()


class Share:
    """How much of the work is done, from counts that lie within one another."""

    def __init__(self) -> None:
        self.counts: list[tuple[str, float, float]] = []  # Name, done and total; outermost first.
        self.share = 0.0
        self.start = 0.0  # Of the first count: what came before tells nothing of how fast it goes.

    def count(self, what: str, done: float, total: float) -> None:
        """Take a new count: of what is counted already, or within it."""
        outermost = self.counts[0][0] if self.counts else what
        names = [name for name, _, _ in self.counts]
        if what in names:
            del self.counts[names.index(what) :]
        while self.counts and self.counts[-1][1] >= self.counts[-1][2]:
            self.counts.pop()
        self.counts.append((what, done, total))
        inner = 0.0
        for _, done, total in reversed(self.counts):
            inner = min(1.0, (done + inner) / total) if total else 1.0
        # What was the whole may be over, and this be the next whole.
        if self.counts[0][0] != outermost or not self.start:
            self.share, self.start = 0.0, time.monotonic()
        # Between a part's last count and its whole's next one nothing is undone.
        self.share = max(self.share, inner)

    def left(self) -> str:
        """Return in words how long the rest takes, if it goes on as until now."""
        if not EARLY < self.share < 1:
            return ""
        seconds = (time.monotonic() - self.start) * (1 - self.share) / self.share
        minutes, rest = divmod(round(seconds), 60)
        return f"about {minutes} min {rest:02} s left" if minutes else f"about {rest} s left"


class _Lines(logging.StreamHandler):
    """A line a step, with the seconds since the start; mere counts every few seconds."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.start = self.counted = time.monotonic()
        self.share = Share()

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "counted"):
            self.share.count(*record.counted)
            if time.monotonic() - self.counted < EVERY:
                return
            self.counted = time.monotonic()
        super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        said = f"{time.monotonic() - self.start:6.1f} s  {record.getMessage()}"
        if not hasattr(record, "counted"):
            return said
        left = self.share.left()
        return f"{said} ({100 * self.share.share:.0f} %{', ' if left else ''}{left})"


class _Bar(logging.Handler):
    """One bar over the whole run, and what is being done now in words; warnings stay above it."""

    def __init__(self) -> None:
        super().__init__()
        self.share = Share()
        self.spinner: multiprocessing.process.BaseProcess | None = None
        self.progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=20),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("[dim]{task.description}"),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.progress.add_task("starting", total=None, left="")

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "starting", False):
            self.progress.stop()
            self.spinner = _spinner(record.getMessage())
            return
        self._stop_spinner()
        self.progress.start()  # Not before there is something to say: a run may be there.
        if record.levelno >= logging.WARNING:
            self.progress.console.print(record.getMessage(), highlight=False, markup=False)
            return
        if hasattr(record, "counted"):
            self.share.count(*record.counted)
            self.progress.update(self.task, completed=self.share.share, total=1.0)
        what = escape(record.getMessage())
        self.progress.update(self.task, description=what, left=self.share.left())

    def close(self) -> None:
        self._stop_spinner()
        self.progress.stop()
        super().close()

    def _stop_spinner(self) -> None:
        if self.spinner is not None:
            self.spinner.kill()
            self.spinner.join()
            self.spinner = None
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self.progress.start()


def _spinner(words: str) -> multiprocessing.process.BaseProcess:
    """Return a process that turns a sign beside these words until it is killed.

    A process: while TensorFlow is loaded no other thread of this one gets to run.
    """
    made = multiprocessing.get_context("fork").Process(target=_turn, args=(words,), daemon=True)
    made.start()
    return made


def _turn(words: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    parent = os.getppid()
    for sign in itertools.cycle("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"):
        if os.getppid() != parent:
            return
        os.write(2, f"\r{sign} {words} ".encode())
        time.sleep(0.1)
