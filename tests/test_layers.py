"""Dependencies point one way: pages, light half; worker, heavy half, light half. And the light half is light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
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


def imports_of(module: str) -> list[Import]:
    path = Path(module)
    return imports((ROOT / path).read_text(encoding="utf-8"), ".".join(path.parent.parts))


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


@pytest.mark.parametrize("module", LIBRARY)
def test_the_library_does_not_know_the_dashboard(module):
    assert [found for found in imports_of(module) if found.package in ("streamlit", "pages", "app")] == []


@pytest.mark.parametrize("module", LIGHT)
def test_only_the_heavy_half_touches_a_framework(module):
    assert [found for found in imports_of(module) if found.package in HEAVY - {"sklearn"}] == []


@pytest.mark.parametrize("module", LIGHT)
def test_the_light_half_reaches_for_heavy_things_only_when_it_uses_them(module):
    late = [*HEAVY, "pandas", ENGINE]
    assert [found for found in imports_of(module) if found.at_once and any(found.of(name) for name in late)] == []


@pytest.mark.parametrize("module", sorted(set(LIBRARY) - set(LIGHT) - {"tl_core/engine/backend.py"}))
def test_keras_and_tensorflow_come_from_the_one_module_that_sets_them_up(module):
    assert [found for found in imports_of(module) if found.package in ("keras", "tensorflow")] == []


@pytest.mark.parametrize("module", DASHBOARD)
def test_the_dashboard_knows_neither_a_framework_nor_the_heavy_half(module):
    heavy = [found for found in imports_of(module) if found.package in HEAVY or found.of(ENGINE) or found.of(WORKER)]
    assert heavy == []


PAGE_FOLDERS = ("compare", "predict", "run", "runs", "settings", "train")
"""The folders of pages/ui that belong to one page; the others are shared by all pages."""


@pytest.mark.parametrize("module", modules("pages/ui"))
def test_what_pages_share_knows_no_page_and_no_page_knows_another(module):
    of_pages = [f"pages.ui.{name}" for name in PAGE_FOLDERS]
    others = [name for name in of_pages if not module.startswith(name.replace(".", "/") + "/")]
    assert [found for found in imports_of(module) if any(found.of(name) for name in others)] == []


def test_the_shared_folders_of_the_pages_form_no_cycle():
    folders = {module.rpartition("/")[0].replace("/", ".") for module in modules("pages/ui")}
    needs = {folder: set[str]() for folder in folders}
    for module in modules("pages/ui"):
        own = module.rpartition("/")[0].replace("/", ".")
        for found in imports_of(module):
            parts = found.module.split(".")
            known = [
                name for name in (".".join(parts[:length]) for length in range(len(parts), 0, -1)) if name in folders
            ]
            needs[own] |= {*known[:1]} - {own}
    assert {"pages.ui.common", "pages.ui"} <= needs["pages.ui.train"]
    tuple(TopologicalSorter(needs).static_order())  # Raises CycleError, which names the folders.


@pytest.mark.parametrize("module", [module for module in LIBRARY if not module.startswith("tl_core/worker/")])
def test_a_worker_is_started_and_never_imported(module):
    assert [found for found in imports_of(module) if found.of(WORKER)] == []


def printed_by(code: str) -> str:
    """What a new process prints."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_all_of_the_light_half_loads_no_framework():
    names = [module.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for module in LIGHT]
    names = [name for name in names if not name.endswith("__main__")]
    loaded = printed_by(
        f"import importlib, json, sys\nfor name in {names!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    assert set(json.loads(loaded)) & (HEAVY | {"pandas", "streamlit"}) == set()
    assert "tl_core" in json.loads(loaded)


def test_what_a_page_needs_of_the_library_is_imported_in_half_a_second():
    code = (
        "import time; start = time.process_time()\n"
        "import tl_core.experiment.spec, tl_core.store, tl_core.plan\n"
        "print(time.process_time() - start)"
    )
    # Seconds of computing, and the best of three: by the clock on the wall it would measure what else the machine does.
    assert min(float(printed_by(code)) for _ in range(3)) < 0.5
