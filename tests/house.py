"""Count how large the house is; ``python -m tests.house`` prints it with its goals, and tests/test_house.py checks."""

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "importer"
GOALS = {
    "": 1_200, "settings": 1_100, "api": 950, "calls": 750, "journal": 1_400, "reading": 2_900, "rows": 2_200,
    "grouping": 120, "delivery": 2_500, "results": 750, "importing": 1_500, "telling": 1_200, "operations": 1_300,
    "cli": 1_600, "page": 2_400, "practice": 300,
}  # fmt: skip
"""Code lines that each room is to have at most. The package's own modules have no room."""
IN_ALL, MODULES = 22_500, 170
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def code_lines(text: str, parsed: ast.Module | None = None) -> int:
    """Return the number of lines with code, without blank lines, comments and docstrings."""
    documented, quoted = set[int](), set[int]()
    for node in ast.walk(parsed or ast.parse(text)):
        if isinstance(node, _DOCUMENTED):
            if ast.get_docstring(node):
                documented |= _lines(node.body[0])
        elif isinstance(node, (ast.Constant, ast.JoinedStr)) and node.end_lineno != node.lineno:
            quoted |= _lines(node)
    written = {
        number for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.lstrip().startswith("#")
    }
    return len((written | quoted) - documented)


def _lines(node: ast.stmt | ast.expr) -> set[int]:
    return {*range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def lines_of(paths: Iterator[Path]) -> int:
    return sum(code_lines(path.read_text(encoding="utf-8"), tree(path)) for path in paths)


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "texts")


def rooms() -> Counter[str]:
    lines: Counter[str] = Counter()
    for path in modules():
        parts = path.relative_to(PACKAGE).parts
        lines[parts[0] if len(parts) > 1 else ""] += lines_of(iter([path]))
    return lines


def stand_in() -> int:
    return lines_of(path for path in (ROOT / "tests" / "sandbox").glob("*.py") if not path.stem.startswith("test_"))


def docstrings() -> int:
    return sum(
        len(_lines(node.body[0]))
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and ast.get_docstring(node)
    )


def rules() -> int:
    """Return the number of rules of delivery, which docs/delivery.md numbers."""
    text = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
    return len(set(re.findall(r"^(?:- \*\*|\| )D(\d+)(?:\.\*\*| \|)", text, re.MULTILINE)))


def documents() -> tuple[int, int]:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")]
    return len(texts), sum(len(text.split()) for text in texts)


def lines_of_tests() -> int:
    """Return the number of lines of the tests, with their tools."""
    return sum(path.read_text(encoding="utf-8").count("\n") for path in (ROOT / "tests").rglob("*.py"))


def main() -> None:
    from importer import texts  # noqa: PLC0415 - who counts lines needs none of them
    from importer.journal.schema import TABLES  # noqa: PLC0415
    from importer.settings import SETTINGS  # noqa: PLC0415

    found = rooms()
    code = found.total()
    count, words = documents()
    lines: list[tuple[str, int, int | None]] = [
        (f"{room or 'the package'}: code lines", found[room], goal) for room, goal in GOALS.items()
    ]
    lines += [
        ("all rooms: code lines", code, IN_ALL),
        ("modules", len(modules()), MODULES),
        ("docstrings: lines", docstrings(), code // 4),
        ("settings", len(SETTINGS), 40),
        ("tables of the journal", len(TABLES), 8),
        ("kinds of messages", len(texts.TEXTS), 1_600),
        ("rules of delivery", rules(), 60),
        ("documents", count, 16),
        ("documents: words", words, 15_000),
        ("README: lines", (ROOT / "README.md").read_text(encoding="utf-8").count("\n"), 120),
        ("tests: lines", lines_of_tests(), 35_000),
        ("the stand-in: code lines", stand_in(), None),
    ]
    for name, number, goal in lines:
        print(f"{name:28} {number:>7,}{'' if goal is None else f'  at most {goal:>6,}'}")


if __name__ == "__main__":
    main()
