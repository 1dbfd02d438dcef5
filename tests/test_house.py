"""The house: data flows one way, and what is slow stays where it belongs."""

import ast
import sys

import pytest
from small import PROJECT, SMALL

from twinhead.runs.experiment import names

PACKAGE = PROJECT / "src/twinhead"
# From the ground. What stands on one floor may import from below, and from itself.
FLOORS = (
    {"errors", "settings", "steps", "disk"},
    {"matching", "results", "data"},
    {"training", "models"},
    {"pages"},
    {"experiments"},
    {"runs"},
    {"cli", "__main__"},
)
FLOOR = {part: floor for floor, parts in enumerate(FLOORS) for part in parts}
SOURCES = sorted(
    path
    for folder in (PACKAGE, PROJECT / "experiments")
    for path in folder.rglob("*.py")
    if "__pycache__" not in path.parts and path != PACKAGE / "__init__.py"
)
KERAS = {"tensorflow", "keras"}
# Folders whose files may import Keras at their top.
SLOW = {"training", "models"}


def part(path):
    if PROJECT / "experiments" in path.parents:
        return "experiments"
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Return what a file imports: anywhere, and at its top level (but for type checkers)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))

    def found(nodes):
        names = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        return names

    return found(ast.walk(tree)), found(tree.body)


def relative(path):
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_run_downwards_only(path):
    own = FLOOR[part(path)]
    # A type checker reads names of upper floors; the program does not.
    for name in imports(path)[0]:
        first, *rest = name.split(".")
        if first == "twinhead" and rest and rest[0] in FLOOR:
            other = rest[0]
            # The runs below the experiments' floor look their folder up, and import none of them.
            if part(path) == "runs" and name in ("twinhead.experiments",):
                continue
            assert FLOOR[other] <= own, f"{relative(path)} imports {name}"


def test_noise_stands_on_the_ground():
    assert not any(
        name.startswith("twinhead") for name in imports(PACKAGE / "training/noise.py")[0]
    )


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_hydra_is_known_to_the_command_line_alone(path):
    used = {name.split(".")[0] for name in imports(path)[0]}
    assert part(path) == "cli" or not used & {"hydra", "omegaconf"}


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_keras_is_imported_through_backend_alone(path):
    used = {name.split(".")[0] for name in imports(path)[0]}
    if path.name != "backend.py":
        assert not used & KERAS


# What an experiment's folder imports before anything is measured.
QUICK = {"__init__.py", "claims.py", "cases.py"}


@pytest.mark.parametrize("path", [p for p in SOURCES if part(p) == "experiments"], ids=relative)
def test_an_experiment_starts_tensorflow_to_measure_only(path):
    if path.name in QUICK | {"figures.py", "sweep_figures.py"}:
        slow = [name for name in imports(path)[0] if name.startswith("twinhead.training.")]
        quick = ("twinhead.training.recipe", "twinhead.training.optimizers")
        assert not [name for name in slow if not name.startswith(quick)]


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_an_import_inside_a_function_says_why(path):
    """Each costs a reader a look: the line has a comment, or the one above."""
    lines = path.read_text(encoding="utf-8").splitlines()
    tree = ast.parse("\n".join(lines))
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            own = [n for n in ast.walk(function) if isinstance(n, ast.Import | ast.ImportFrom)]
            if own:
                block = lines[own[0].lineno - 2 : own[-1].end_lineno]
                assert any("#" in line for line in block), f"{relative(path)}: {function.name}"


@pytest.mark.parametrize("name", names())
def test_every_experiment_is_a_whole_folder(name):
    folder = PROJECT / "experiments" / name
    assert {"__init__.py", "measure.py", "figures.py"} <= {path.name for path in folder.iterdir()}
    assert (PROJECT / f"conf/experiment/{name}.yaml").exists()
    assert name in SMALL, "tests/small.py makes every experiment quick"


def test_every_configuration_belongs_to_an_experiment():
    assert {path.stem for path in (PROJECT / "conf/experiment").glob("*.yaml")} == set(names())


LINES = 350


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_needs_a_map_of_its_own(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES


def test_the_public_names_cost_no_tensorflow_and_are_all_there(twinhead):
    import twinhead as package

    for name in package.__all__:
        assert getattr(package, name).__doc__
    assert not KERAS & {name.split(".")[0] for name in imports(PACKAGE / "__init__.py")[1]}
    with pytest.raises(AttributeError):
        _ = package.nonsense


def test_the_python_of_the_tests_is_supported():
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
