"""The stand-in shares nothing with what is tried on it, so that a mistake can't agree with itself."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent / "importer"


def imported(path: Path) -> set[str]:
    """The modules that a module imports, wherever in it and for whatever reason; relative ones are not in use."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found |= {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_the_sandbox_imports_nothing_of_the_importer() -> None:
    foreign = {
        f"{path.name}: {name}"
        for path in (ROOT / "sandbox").glob("*.py")
        for name in imported(path)
        if name.partition(".")[0] == "importer" and not f"{name}.".startswith("importer.sandbox.")
    }
    assert foreign == set()


def test_of_the_importer_only_its_faces_know_the_sandbox() -> None:
    known = {
        path.relative_to(ROOT).parts[0]
        for path in ROOT.rglob("*.py")
        if "sandbox" not in path.relative_to(ROOT).parts and any("importer.sandbox" in name for name in imported(path))
    }
    assert known == {"cli", "page"}


def test_its_modules_import_one_way() -> None:
    """No circle, not even one that only the types close."""
    modules = {f"importer.sandbox.{path.stem}": path for path in (ROOT / "sandbox").glob("*.py")}
    graph = {name: imported(path) & modules.keys() for name, path in modules.items() if path.stem != "__init__"}
    assert "importer.sandbox.server" in TopologicalSorter(graph).static_order()
