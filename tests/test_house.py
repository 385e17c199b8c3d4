"""The house is built as its map says: imports run one way, and no room is too large."""

import ast
import functools
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import importer
from tests import house

ROOT = house.PACKAGE
NUMBERED = {"reading": 1, "rows": 2, "grouping": 3, "delivery": 4, "results": 5}
TOOLS = {
    "models", "errors", "messages", "settings", "fields", "markup", "files", "storage", "resultsfile", "calls", "api",
    "identity", "journal", "texts", "version",
}  # fmt: skip
FACES = {"cli", "page"}
IN_ORDER = ["practice", "importing", "telling", "operations"]
"""Rooms that may import all numbered rooms and tools, and those before them in this list."""
FOR_FACES = {"importing", "telling", "operations", "settings", "models", "errors", "messages", "files"}
SERVED = {("importer.cli.paging", "page"), ("importer.page.importing", "practice")}
"""A module each that serves it."""


def module_of(path: Path) -> str:
    parts = ("importer", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in ROOT.rglob("*.py")}


def imports(path: Path) -> Iterator[str]:
    """The modules of ours that a module imports, wherever in it, and for its types alone too."""
    for node in ast.walk(house.tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            if node.module in MODULES:
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in MODULES else node.module


@functools.cache
def graph() -> dict[str, list[str]]:
    """What each module imports; not when this one is imported, since every process of a test session does that."""
    return {module: sorted(set(imports(path)) - {module}) for module, path in MODULES.items()}


def room(module: str) -> str:
    """The room, which is what follows ``importer.``; the package itself has no name."""
    return module.partition(".")[2].partition(".")[0]


def may_import(one: str, other: str) -> bool:
    mine, its = room(one), room(other)
    if mine == its:
        return True
    if mine in NUMBERED:
        return its in TOOLS or NUMBERED.get(its, 9) < NUMBERED[mine]
    if mine in TOOLS:
        return its in TOOLS
    if mine in IN_ORDER:
        return its in {*TOOLS, *NUMBERED, *IN_ORDER[: IN_ORDER.index(mine)]}
    if mine in FACES:
        return its in FOR_FACES or other == "importer" or (one, its) in SERVED
    return {"": {"importing", "settings", "version"}, "__main__": {"cli"}}.get(mine, set()) >= {its}


def test_every_room_is_on_the_map() -> None:
    rooms = {room(module) for module in MODULES} - {"", "__main__"}
    assert rooms <= TOOLS | NUMBERED.keys() | FACES | {*IN_ORDER}
    words = re.findall(r"\w+", importer.__doc__ or "")
    assert rooms <= set(words)


def test_no_import_runs_up() -> None:
    """Numbered rooms know those above and the tools; tools know tools; faces know what follows these."""
    wrong = [
        f"{one} imports {other}" for one, found in graph().items() for other in found if not may_import(one, other)
    ]
    assert wrong == []


def test_an_import_that_runs_up_would_be_found() -> None:
    wrong = """
        reading.sheet rows.columns, rows.values results.layout, journal.runs delivery.context,
        results.layout importing.run, cli.terminal journal, cli.terminal practice,
        practice importing.preview, delivery.context practice
    """
    right = """
        results.layout rows.values, cli.terminal telling.rendering, importing.run delivery.earlier,
        importing.run practice, calls.retry api
    """
    for pairs, is_right in ((wrong, False), (right, True)):
        for one, other in map(str.split, pairs.split(",")):
            assert may_import(f"importer.{one}", f"importer.{other}") is is_right, (one, other)
    assert not may_import("importer", "importer.cli")


def circle_in(imported: dict[str, list[str]]) -> list[str]:
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_imports_run_in_a_circle() -> None:
    assert circle_in(graph()) == []
    rooms: dict[str, list[str]] = {}
    for one, found in graph().items():
        rooms.setdefault(room(one), []).extend(room(other) for other in found if room(other) not in (room(one), ""))
    assert circle_in(rooms) == []
    assert circle_in({"a": ["b"], "b": ["c"], "c": ["a"]})


def test_the_stand_in_and_the_importer_know_nothing_of_each_other() -> None:
    """So a mistake can't agree with itself."""
    stand_in = [path for path in (ROOT.parent / "tests" / "sandbox").glob("*.py") if "test_" not in path.name]
    assert [path.name for path in stand_in if [*imports(path)]] == []
    tests = re.compile(r"^\s*(from|import) tests\b", re.MULTILINE)
    assert [module for module, path in MODULES.items() if tests.search(path.read_text(encoding="utf-8"))] == []


def test_no_room_is_too_large() -> None:
    """Twelve modules in the root, 400 lines a module, 250 lines a class. Texts are as long as there is to say."""
    assert len([*ROOT.glob("*.py")]) <= 12
    for module, path in MODULES.items():
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400 or room(module) == "texts", path
        for node in ast.walk(house.tree(path)):
            if isinstance(node, ast.ClassDef):
                assert (node.end_lineno or 0) - node.lineno < 250, (path, node.name)


BUDGETS = {
    "": 1200, "api": 950, "calls": 750, "cli": 1520, "delivery": 2650, "grouping": 110, "importing": 1865,
    "journal": 1400, "operations": 1300, "page": 2280, "practice": 40, "reading": 2900, "results": 720, "rows": 2200,
    "settings": 1100, "telling": 1090,
}  # fmt: skip
"""Code lines that each room may have. They are lowered whenever something leaves."""
STAND_IN = 1_750
"""Code lines that the stand-in in ``tests/sandbox/`` may have, so that nothing is saved by moving it there."""


def test_no_room_has_more_code_than_its_budget() -> None:
    lines = house.rooms()
    assert {name: number for name, number in lines.items() if number > BUDGETS[name]} == {}
    assert lines.total() <= 22_500
    assert len([path for path in MODULES.values() if "texts" not in path.parts]) <= 167
    assert house.stand_in() <= STAND_IN
    assert house.code_lines('"""Text."""\n\n# comment\nx = (\n    1,\n)\ny = """\n\n# text"""\n') == 6


def loaded_by(program: str) -> set[str]:
    code = f"{program}\nimport sys\nprint('LOADED', *sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return set(ended.stdout.rpartition("LOADED")[2].split())


def test_who_only_wants_help_waits_for_nothing() -> None:
    """What reads sheets, keeps the journal and calls the API is loaded by the command that needs it."""
    heavy = {*"pandas numpy requests urllib3 tenacity openpyxl xlsxwriter lxml tqdm http html.parser zipfile".split()}
    heavy |= {"logging", "multiprocessing"}
    asked = [["--help"], ["--version"], ["run", "--help"], ["hide", "--help"]]
    assert loaded_by(f"from importer.cli import main\nassert not any(map(main, {asked}))") & heavy == set()


def test_a_check_loads_nothing_that_only_other_sheets_need(tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("Prospect ID,Note,Visibility\nP1,a,Public\nP1,a,Public\n", encoding="utf-8")
    check = ["check", str(tmp_path / "n.csv"), "--base-url", "http://127.0.0.1:9/v1", "--journal", str(tmp_path / "j")]
    loaded = loaded_by(f"from importer.cli import main\nmain({check!r})")
    assert "importer.reading.encodings" in loaded
    assert "importer.reading.spelling" not in loaded


def test_importing_the_package_is_light_and_gives_what_it_promises() -> None:
    assert loaded_by("import importer") & {"pandas", "numpy", "requests", "click", "tomlkit"} == set()
    assert {name for name in importer.__all__ if getattr(importer, name) is not None} == set(importer.__all__)
    with pytest.raises(AttributeError):
        _ = importer.pipeline


def test_whatever_is_no_code_is_packed_with_it() -> None:
    project = tomllib.loads((ROOT.parent / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["importer"]
    packed = {path for pattern in patterns for path in ROOT.glob(pattern)}
    others = {path for path in ROOT.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert others == packed
    rooms = {".".join(path.parent.relative_to(ROOT.parent).parts) for path in ROOT.rglob("__init__.py")}
    assert {*project["tool"]["setuptools"]["packages"]} == rooms | {"importer.practice.samples"}
