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
SOURCES = sorted((PROJECT / "src/twinhead").glob("*.py"))


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
    assert {path.stem for path in SOURCES} == {*FLOORS, "__init__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_imports_run_downwards_only(path):
    own = FLOORS.get(path.stem, 0)
    for name in imports(path)[0]:
        module = name.removeprefix("twinhead.").split(".")[0]
        if name.startswith("twinhead.") and module in FLOORS:
            assert FLOORS[module] < own, f"{path.stem} imports {module}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_tensorflow_is_imported_by_backend_alone(path):
    everywhere = {name.split(".")[0] for name in imports(path)[0]}
    if path.stem != "backend":
        assert not everywhere & {"tensorflow", "keras"}
    if path.stem not in SLOW:
        assert not any(name.startswith("twinhead.backend") for name in imports(path)[0])


@pytest.mark.parametrize("path", [*SOURCES, *(PROJECT / "experiments").glob("*.py")], ids=str)
def test_nothing_slow_is_imported_at_the_top(path):
    if path.stem not in SLOW:
        slow = {f"twinhead.{module}" for module in SLOW} | {"twinhead.backend"}
        assert not imports(path)[1] & slow


def test_every_experiment_has_its_three_files():
    configs = {path.stem for path in (PROJECT / "conf/experiment").glob("*.yaml")}
    scripts = {path.stem for path in (PROJECT / "experiments").glob("*.py")}
    # `reproduce` and `articles` run other experiments, `contenders` is the benchmark's.
    assert configs == scripts - {"reproduce", "articles", "contenders"}


def test_the_python_of_the_tests_is_supported():
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
