"""Progress of a run: bars in a terminal, plain lines in a log."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


@contextmanager
def shown(wanted: bool) -> Iterator[None]:
    """Show what the package logs while it works: bars in a terminal, plain lines in a log."""
    logger = logging.getLogger("twinhead")
    logger.setLevel(logging.INFO if wanted else logging.WARNING)
    logger.propagate = False
    handler = _Bars() if sys.stderr.isatty() else _Lines()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()


class _Lines(logging.StreamHandler):
    """A line a step, with the seconds since the start."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.start = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        return f"{time.monotonic() - self.start:6.1f} s  {record.getMessage()}"


class _Bars(logging.Handler):
    """A bar for each thing that is counted; what is not counted is printed above them."""

    def __init__(self) -> None:
        super().__init__()
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self.tasks: dict[str, TaskID] = {}
        self.progress.start()

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "counted"):
            self.progress.console.print(record.getMessage(), highlight=False)
            return
        what, done, total = record.counted
        if what not in self.tasks:
            self.tasks[what] = self.progress.add_task(what, total=total)
        self.progress.update(self.tasks[what], completed=done, total=total)

    def close(self) -> None:
        self.progress.stop()
        super().close()
