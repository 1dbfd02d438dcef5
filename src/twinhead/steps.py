"""How far a measurement is, in what it logs: one bar shows the whole of it."""

import logging

log = logging.getLogger(__name__)


class Steps:
    """Pieces of work of about the same size, counted as they are done.

    What is counted while a piece is worked on, by other Steps or by the bank, counts as part of
    it: the outermost Steps are the whole run.
    """

    def __init__(self, what: str, total: float):
        self.what, self.total, self.sofar = what, total, 0.0
        self._tell()

    def done(self, work: float = 1) -> None:
        """Count a piece as done; `work` is its size, where it is not one of `total`."""
        self.sofar += work
        self._tell()

    def _tell(self) -> None:
        counted = (self.what, self.sofar, self.total)
        log.info("%s: %g of %g", *counted, extra={"counted": counted})
