"""The stand-in shares nothing with what is tried on it, so that a mistake can't agree with itself."""

import ast
from pathlib import Path

SANDBOX = Path(__file__).parent
IMPORTER = SANDBOX.parents[1] / "importer"


def imported(path: Path) -> set[str]:
    """The packages that a module imports, wherever in it and for whatever reason."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            found.add(str(node.module).partition(".")[0])
    return found


def test_the_sandbox_and_the_importer_know_nothing_of_each_other() -> None:
    stand_in = [path for path in SANDBOX.glob("*.py") if not path.name.startswith("test_")]
    assert [path.name for path in stand_in if "importer" in imported(path)] == []
    assert [path.name for path in IMPORTER.rglob("*.py") if "tests" in imported(path)] == []
