"""Dependencies point one way: pages, light half; worker, heavy half, light half. And the light half is light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"keras", "tensorflow", "torch", "jax", "sklearn", "openvino"}
ENGINE, WORKER = "tl_core.engine", "tl_core.worker"


@dataclass(frozen=True)
class Import:
    """One import statement: the module it names, and whether it runs as soon as its own module is imported."""

    module: str
    at_once: bool
    line: int

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    def of(self, module: str) -> bool:
        return self.module == module or self.module.startswith(f"{module}.")


def imports(source: str, package: str = "") -> list[Import]:
    """Every import statement of a module; those for type checkers alone are no imports."""
    return list(_imports(ast.parse(source), package, at_once=True))


def _imports(node: ast.AST, package: str, at_once: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        yield from (Import(name.name, at_once, node.lineno) for name in node.names)
    if isinstance(node, ast.ImportFrom):
        base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
        module = ".".join(filter(None, (base, node.module)))
        # `from tl_core import engine` names the module only in its last word.
        yield from (Import(f"{module}.{name.name}", at_once, node.lineno) for name in node.names)
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    inner = at_once and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from _imports(child, package, inner)


def modules(*folders: str) -> list[str]:
    files = [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]
    return [file.relative_to(ROOT).as_posix() for file in files]


@cache
def imports_of(module: str) -> list[Import]:
    path = Path(module)
    return imports((ROOT / path).read_text(encoding="utf-8"), ".".join(path.parent.parts))


def importing(modules: Iterable[str], forbidden: Callable[[Import], bool]) -> dict[str, list[Import]]:
    """The modules with an import that is forbidden, and which."""
    found = {module: [one for one in imports_of(module) if forbidden(one)] for module in modules}
    return {module: wrong for module, wrong in found.items() if wrong}


LIBRARY = modules("tl_core")
LIGHT = [module for module in LIBRARY if not module.startswith(("tl_core/engine/", "tl_core/worker/"))]
DASHBOARD = [*modules("pages"), *(["app.py"] if (ROOT / "app.py").exists() else [])]


class TestTheReaderOfImports:
    """The checks below are worth as much as what reads the imports."""

    @pytest.mark.parametrize(
        "source, module, at_once",
        [
            ("import keras.layers as l", "keras.layers", True),
            ("from keras import layers", "keras.layers", True),
            ("from .engine import head", "tl_core.engine.head", True),
            ("from . import engine", "tl_core.engine", True),
            ("from ..engine import head", "engine.head", True),
            ("def f():\n    import keras", "keras", False),
            ("class A:\n    import keras", "keras", True),
            ("if True:\n    try:\n        import keras\n    except ImportError: pass", "keras", True),
            ("class A:\n    def f(self):\n        with x:\n            import keras", "keras", False),
        ],
    )
    def test_finds_each(self, source, module, at_once):
        (found,) = imports(source, "tl_core")
        assert (found.module, found.at_once) == (module, at_once)

    def test_leaves_out_those_for_type_checkers(self):
        assert imports("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras")[1:] == []

    def test_tells_a_module_from_one_whose_name_begins_alike(self):
        assert Import("tl_core.engine.head", True, 1).of(ENGINE)
        assert not Import("tl_core.engines", True, 1).of(ENGINE)

    def test_sees_all_parts_of_the_project(self):
        assert len(LIGHT) > 20
        assert any(module.startswith("tl_core/engine/") for module in LIBRARY)


def test_the_library_does_not_know_the_dashboard():
    assert importing(LIBRARY, lambda found: found.package in ("streamlit", "pages", "app")) == {}


def test_only_the_heavy_half_touches_a_framework():
    assert importing(LIGHT, lambda found: found.package in HEAVY - {"sklearn"}) == {}


def test_the_light_half_reaches_for_heavy_things_only_when_it_uses_them():
    late = [*HEAVY, "pandas", ENGINE]
    assert importing(LIGHT, lambda found: found.at_once and any(map(found.of, late))) == {}


def test_keras_and_tensorflow_come_from_the_one_module_that_sets_them_up():
    others = sorted(set(LIBRARY) - set(LIGHT) - {"tl_core/engine/backend.py"})
    assert importing(others, lambda found: found.package in ("keras", "tensorflow")) == {}


def test_the_dashboard_knows_neither_a_framework_nor_the_heavy_half():
    assert importing(DASHBOARD, lambda found: found.package in HEAVY or found.of(ENGINE) or found.of(WORKER)) == {}


PAGE_FOLDERS = ("compare", "explore", "predict", "run", "runs", "settings", "train")
"""The folders of pages/ui that belong to one page; the others are shared by all pages."""


def test_what_pages_share_knows_no_page_and_no_page_knows_another():
    for page in PAGE_FOLDERS:
        others = [module for module in modules("pages/ui") if not module.startswith(f"pages/ui/{page}/")]
        assert importing(others, lambda found, own=f"pages.ui.{page}": found.of(own)) == {}


FOUNDATION = {
    "devices",
    "errors",
    "files",
    "intervals",
    "metrics",
    "params",
    "records",
    "registry",
    "sentences",
    "text",
}
"""Modules at the top of tl_core that everything may import."""

MAY_IMPORT: dict[str, set[str]] = {
    "cache": set(),
    "backbones": {"cache"},
    "data": {"cache"},
    "experiment": {"backbones", "data"},
    "results": {"comparison", "experiment"},
    "advice": {"backbones", "experiment", "plan", "results"},
    "store": {"backbones", "cache", "experiment"},
    "explorations": {"experiment", "results", "store"},
    "comparison": {"experiment", "forks", "store"},
    "forks": {"data", "experiment", "store"},
    "plan": {"backbones", "cache", "comparison", "data", "experiment", "forks", "results", "store"},
    "diagnosis": {"experiment", "plan", "store"},
    "sweeps": {"comparison", "experiment", "forks", "plan", "results", "store"},
    "supervisor": {"store"},
    "service": {"backbones", "cache", "experiment", "explorations", "results", "store", "supervisor"},
    "engine": {"backbones", "cache", "comparison", "data", "experiment", "forks", "plan", "results", "store"},
    "worker": {
        "backbones",
        "cache",
        "data",
        "engine",
        "experiment",
        "explorations",
        "plan",
        "results",
        "service",
        "store",
        "supervisor",
    },
    "cli": {
        "advice",
        "backbones",
        "cache",
        "comparison",
        "data",
        "diagnosis",
        "engine",
        "experiment",
        "forks",
        "plan",
        "results",
        "store",
        "sweeps",
    },
    "__main__": {"cli"},
}
"""What each folder of tl_core may import beside the foundation."""


def parts_of(package: str) -> dict[str, set[str]]:
    """The folders and modules directly in a package, each with those of them that it imports."""
    folder = package.replace(".", "/")
    found: dict[str, set[str]] = {}
    for module in modules(folder):
        own = part(package, module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        needed = {part(package, one.module) for one in imports_of(module)}
        if own:
            found.setdefault(own, set()).update(needed - {own, ""})
    return {own: needed & found.keys() for own, needed in found.items()}


def cycle_in(graph: Mapping[str, Collection[str]]) -> list[str]:
    """The folders of a cycle, each importing a neighbour in the list; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def part(package: str, module: str) -> str:
    """The part of a package that a module lies in; empty for the package itself and modules outside it."""
    return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else ""


@pytest.mark.parametrize(
    "package", ["tl_core", "tl_core.data", "tl_core.engine", "tl_core.experiment", "pages", "pages.ui"]
)
def test_folders_import_each_other_in_one_direction(package):
    assert cycle_in(parts_of(package)) == []


def test_each_folder_imports_only_what_the_table_allows():
    wrong = {
        own: sorted(others)
        for own, needed in parts_of("tl_core").items()
        if (others := needed - FOUNDATION - MAY_IMPORT.get(own, set()))
    }
    assert wrong == {}
    assert parts_of("tl_core").keys() == FOUNDATION | MAY_IMPORT.keys(), "a new folder needs a row in the table"


def test_a_cycle_between_folders_is_noticed():
    assert sorted(set(cycle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}))) == ["a", "b", "c"]
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert part("tl_core", "tl_core.engine.step") == "engine"
    assert part("tl_core", "tl_core_other.step") == part("tl_core", "tl_core") == ""


def test_a_worker_is_started_and_never_imported():
    others = [module for module in LIBRARY if not module.startswith("tl_core/worker/")]
    assert importing(others, lambda found: found.of(WORKER)) == {}


def printed_by(code: str) -> str:
    """What a new process prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(names: list[str]) -> set[str]:
    """Every module that a new process has loaded after it imported these."""
    code = f"import importlib, json, sys\nfor name in {names!r}: importlib.import_module(name)\nprint(json.dumps(list(sys.modules)))"
    return set(json.loads(printed_by(code)))


def test_importing_all_of_the_light_half_loads_no_framework():
    names = [module.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for module in LIGHT]
    loaded = {name.partition(".")[0] for name in loaded_by([name for name in names if not name.endswith("__main__")])}
    assert loaded & (HEAVY | {"pandas", "streamlit"}) == set()
    assert "tl_core" in loaded


SLOW_TO_IMPORT = {
    "numpy.testing",
    "numpy.ma",
    "scipy",
    "matplotlib",
    "click",
    "rich",
    "requests",
    "asyncio",
    "unittest",
}
"""What makes an import take a second and that no page needs to check, store and plan an experiment."""


def test_what_a_page_needs_of_the_library_loads_nothing_that_is_slow_to_import():
    loaded = loaded_by(["tl_core.experiment.spec", "tl_core.store", "tl_core.plan"])
    assert loaded & SLOW_TO_IMPORT == set()
