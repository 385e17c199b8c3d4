"""The stand-in shares nothing with what is tried on it, so that a mistake can't agree with itself."""

from __future__ import annotations

import ast
from pathlib import Path

SANDBOX = Path(__file__).parent
ROOT = SANDBOX.parent.parent / "importer"
MODULES = {f"tests.sandbox.{path.stem}": path for path in SANDBOX.glob("*.py") if not path.stem.startswith("test_")}


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


def test_the_sandbox_and_the_importer_know_nothing_of_each_other() -> None:
    known = {path.name: imported(path) for path in MODULES.values()}
    assert {name for name, found in known.items() if any(one.partition(".")[0] == "importer" for one in found)} == set()
    of_importer = {path.name: imported(path) for path in ROOT.rglob("*.py")}
    assert {name for name, found in of_importer.items() if any(one.startswith("tests") for one in found)} == set()
