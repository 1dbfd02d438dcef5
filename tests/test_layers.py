"""The house: data flows one way, and TensorFlow stays where it belongs."""

import ast
import sys

import pytest
from conftest import PROJECT

FLOORS = {
    "errors": 0,
    "noise": 1,
    "matching": 1,
    "surrogate": 1,
    "history": 1,
    "provenance": 1,
    "backend": 1,
    "config": 1,
    "data": 2,
    "heads": 3,
    "article": 4,
    "bank": 4,
    "claims": 5,
    "figures": 6,
    "report": 7,
    "runs": 8,
}
# Modules that may import `backend`, and so may cost seconds.
SLOW = {"heads", "article", "bank"}
SOURCES = sorted((PROJECT / "src/twinhead").rglob("*.py"))


def module(path):
    """Return the module of twinhead that a file belongs to: all of figures/ is `figures`."""
    first = path.relative_to(PROJECT / "src/twinhead").parts[0]
    return first.removesuffix(".py")


def imports(path):
    """Return all names that a file imports, inside functions too, and those at its top level."""
    tree = ast.parse(path.read_text())

    def names(nodes):
        found = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        return found

    return names(ast.walk(tree)), names(tree.body)


def test_every_module_has_a_floor():
    assert {module(path) for path in SOURCES} == {*FLOORS, "__init__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_imports_run_downwards_only(path):
    own = module(path)
    for name in imports(path)[0]:
        other = name.removeprefix("twinhead.").split(".")[0]
        if name.startswith("twinhead.") and other in FLOORS and other != own:
            assert FLOORS[other] < FLOORS[own], f"{path.stem} imports {other}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_tensorflow_is_imported_by_backend_alone(path):
    everywhere = {name.split(".")[0] for name in imports(path)[0]}
    if module(path) != "backend":
        assert not everywhere & {"tensorflow", "keras"}
    if module(path) not in SLOW:
        assert not any(name.startswith("twinhead.backend") for name in imports(path)[0])


@pytest.mark.parametrize("path", [*SOURCES, *(PROJECT / "experiments").glob("*.py")], ids=str)
def test_nothing_slow_is_imported_at_the_top(path):
    if path not in SOURCES or module(path) not in SLOW:
        slow = {f"twinhead.{name}" for name in SLOW} | {"twinhead.backend"}
        assert not imports(path)[1] & slow


def test_every_experiment_has_its_three_files():
    configs = {path.stem for path in (PROJECT / "conf/experiment").glob("*.yaml")}
    scripts = {path.stem for path in (PROJECT / "experiments").glob("*.py")}
    # `reproduce` and `articles` run other experiments, `contenders` is the benchmark's.
    assert configs == scripts - {"reproduce", "articles", "contenders"}
    drawn = {path.stem for path in (PROJECT / "src/twinhead/figures").glob("*.py")} - {"__init__"}
    assert configs == drawn | {"translate"}, "translate draws nothing"


def test_the_python_of_the_tests_is_supported():
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
