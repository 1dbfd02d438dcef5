"""An experiment as its folder gives it: nothing is registered anywhere."""

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from inspect import getmembers, isfunction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from twinhead import experiments
from twinhead.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from twinhead.results.claim import Answer, Claim, Verdict
    from twinhead.results.history import History
    from twinhead.settings import RunSettings

FOLDER = Path(experiments.__file__).parent


def names() -> list[str]:
    return sorted(path.parent.name for path in FOLDER.glob("*/measure.py"))


class Experiment:
    """One question, one folder. Its parts are imported when they are asked for.

    `__init__.py` is quick to import and has TITLE, QUESTION, Settings and `answer`; where there is
    something to say also NOTES, what differs from the article and why, and ILLUSTRATES, picture ->
    article, and EXPLORER, whether its runs get a page in which both heads train live.
    `measure.py` has `measure`, and may have `export` and `sweep`; `claims.py` has CLAIMS;
    every public function of `figures.py` is a picture, None of a run that did not measure it.
    """

    def __init__(self, name: str):
        if name not in names():
            raise InputError(f"{name}: no such experiment, expected one of {', '.join(names())}")
        self.name = name
        self.folder = FOLDER / name

    def _part(self, part: str) -> ModuleType:
        return import_module(f"twinhead.experiments.{self.name}{part}")

    @cached_property
    def words(self) -> ModuleType:
        return self._part("")

    @property
    def title(self) -> str:
        return self.words.TITLE

    @property
    def question(self) -> str:
        return self.words.QUESTION

    @property
    def notes(self) -> tuple[str, ...]:
        return getattr(self.words, "NOTES", ())

    @property
    def illustrates(self) -> Mapping[str, str]:
        return getattr(self.words, "ILLUSTRATES", {})

    @property
    def explorer(self) -> bool:
        return getattr(self.words, "EXPLORER", False)

    @property
    def Settings(self) -> "type[RunSettings]":  # noqa: N802, a class as the folder has it.
        return self.words.Settings

    def answer(self, history: "History", verdicts: "list[Verdict]") -> "Answer":
        return self.words.answer(history, verdicts)

    def measure(self, settings: "RunSettings") -> "History":
        return self._part(".measure").measure(settings)

    @property
    def export(self) -> "Callable[[Any, History, Path], None] | None":
        """Writes files of its own into the run's folder, right after measuring."""
        return getattr(self._part(".measure"), "export", None)

    @property
    def claims(self) -> "tuple[Claim, ...]":
        return self._part(".claims").CLAIMS if (self.folder / "claims.py").exists() else ()

    @property
    def figures(self) -> "dict[str, Callable[[History], Figure | None]]":
        """Every picture of a run, in the order of the file."""
        return self._drawn("figures")

    @property
    def sweep_figures(self) -> "dict[str, Callable[[list[History]], Figure]]":
        """Every picture over all jobs of a multirun."""
        return self._drawn("sweep_figures") if (self.folder / "sweep_figures.py").exists() else {}

    def _drawn(self, part: str) -> dict[str, Any]:
        module = self._part(f".{part}")
        found = [
            (function.__code__.co_firstlineno, name, function)
            for name, function in getmembers(module, isfunction)
            if function.__module__ == module.__name__ and not name.startswith("_")
        ]
        return {name: function for _, name, function in sorted(found, key=lambda each: each[0])}
