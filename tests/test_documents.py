"""What the documents say is so: each file, link, command and make target is there; numbers are the code's."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

import importer
from importer.api import Cause
from importer.cli import cli
from importer.delivery.context import LONGEST_CLAIM
from importer.delivery.control import READS
from importer.importing.api_context import LAG
from importer.settings import Settings
from tests.simulation.mutants import FILE_RULES, RULES

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DELIVERY = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
PATH = r"`((?:importer|tests|docs|samples|\.ci)/[\w./-]*|[\w-]+\.toml|Makefile)`"
OF_A_PERSON = {"profiles.toml"}  # a file that is named, and isn't ours
NO_COMMAND = ("note-importer test, may be ignored", "note-importer page.cmd")  # the text of a note, a file


def anchors_of(document: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def commands_of(document: Path) -> list[tuple[str, bool]]:
    """The lines in which a document runs the program, and whether a line is only mentioned in a sentence."""
    text = document.read_text(encoding="utf-8")
    shown = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = re.findall(r"^(?:\w+=\S+ )?(note-importer [^|\n]+)", "\n".join(shown), re.MULTILINE)
    mentioned = re.findall(r"`(note-importer [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    found = [(line, False) for line in lines] + [(line.replace("\n", " "), True) for line in mentioned]
    return [(line, is_mention) for line, is_mention in found if line not in NO_COMMAND]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_and_links_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    linked = [link.partition("#") for link in re.findall(r"\]\((?!https?:)([^)]+)\)", text)]
    places = [(document.parent / name if name else document, anchor) for name, _, anchor in linked]
    assert [name for name in set(re.findall(PATH, text)) - OF_A_PERSON if not (ROOT / name).exists()] == []
    assert [place for place, _ in places if not place.exists()] == []
    assert [(place.name, anchor) for place, anchor in places if anchor and anchor not in anchors_of(place)] == []
    flags = {flag for command in cli.commands.values() for parameter in command.params for flag in parameter.opts}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= flags | {"--version", "--help", "--help-all"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE)
    assert set(targets) <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parts = re.findall(r"(?:pip|pipx) install '\.\[([\w,]+)\]'", text)
    assert {part for named in parts for part in named.split(",")} <= set(project["optional-dependencies"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_that_a_document_shows_is_understood(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("exports", "done"):
        (tmp_path / folder).mkdir()
    for line, is_mention in commands_of(document):
        name, *words = shlex.split(line.replace("…", "FILE"))[1:]
        if name.startswith("-"):
            assert name in ("--version", "--help", "-h"), line
            continue
        command, above = cli.commands[name], cli.make_context("note-importer", [name])
        if isinstance(command, click.Group) and words:
            command, above = command.commands[words[0]], command.make_context(name, [*words], parent=above)
            name, *words = words
        try:
            command.make_context(name, words, parent=above)
        except (click.MissingParameter, click.exceptions.NoArgsIsHelpError):
            assert is_mention, line


def part_of_delivery(title: str) -> str:
    """Return a section of docs/delivery.md with its lines joined."""
    part = DELIVERY.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    assert part, title
    return re.sub(r" +", " ", part.replace("\n", " "))


def test_every_room_and_every_cause_stands_in_the_documents() -> None:
    package = Path(importer.__file__).parent
    for room in (path.parent.name for path in package.glob("*/__init__.py")):
        assert f"`importer/{room}/`" in ARCHITECTURE
    assert set(re.findall(r"`([A-Z_]{4,})`", part_of_delivery("What an answer means"))) == set(Cause.__members__)


def test_the_numbers_of_reading_back_are_those_of_the_code() -> None:
    reading, controls = part_of_delivery("Reading back"), part_of_delivery("Controls")
    settings = Settings()
    rest, lag = settings.read_timeout + settings.settle, LAG * settings.settle
    assert f"`read-timeout` ({settings.read_timeout:.0f} s) + `settle` ({settings.settle:.0f} s)" in reading
    assert f"reading gets {lag / settings.settle:.0f} × `settle` after rest" in controls
    assert f"= {rest + lag:.0f} seconds after the request left; with a control, {rest:.0f}." in controls
    assert READS == 12
    assert "read twelve times in a row without a miss" in controls
    intent = part_of_delivery("Intent before sending")
    assert f"could leave only {LONGEST_CLAIM:.0f} seconds" in intent


def test_the_rules_of_delivery_are_numbered_and_each_names_its_modules_and_a_test_or_mutant_that_exists() -> None:
    """At its end: modules, a semicolon, and a test by its name, or the rule that a mutant leaves out.

    The numbers rise, those of rules that left stay free, and each reference leads to a rule.
    """
    found = re.findall(r"^- \*\*D(\d+)\.\*\*((?:.*\n)+?)(?=- |\n|\Z)", DELIVERY, re.MULTILINE)
    rules = {int(number): rule for number, rule in found}
    assert [*rules] == sorted(rules)
    assert len(rules) == len(found) <= 60
    assert {int(number) for number in re.findall(r"\bD(\d+)\b", DELIVERY)} == set(rules)
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    shown = {*re.findall(r"^def (test_\w+)", tests, re.MULTILINE), *RULES, *FILE_RULES}
    for number, rule in rules.items():
        named = re.search(r"\(((?:`[\w/]+\.py`(?:, )?)+); [`*]([^`*]+)[`*]\)\.\Z", " ".join(rule.split()))
        assert named is not None, number
        assert named[2] in shown, number
    modules = set(re.findall(r"`((?!importer/|tests/)[\w/]+\.py)`", DELIVERY))
    assert [module for module in modules if not (ROOT / "importer" / module).exists()] == []


def test_the_code_names_rules_that_exist_and_that_name_its_module() -> None:
    """A rule that a comment or docstring names is in docs/delivery.md; if it names modules, this one is among them."""
    package = Path(importer.__file__).parent
    rules = dict(re.findall(r"^- \*\*D(\d+)\.\*\*((?:.*\n)+?)(?=- |\n|\Z)", DELIVERY, re.MULTILINE))
    named: set[str] = set()
    for room in ("delivery", "calls", "api", "journal", "grouping"):
        for path in sorted((package / room).glob("[!_]*.py")):
            numbers = set(re.findall(r"\bD(\d+)\b", path.read_text(encoding="utf-8")))
            assert numbers <= rules.keys(), path
            module = f"`{room}/{path.name}`"
            assert [number for number in numbers & rules.keys() if module not in rules[number]] == [], path
            named |= numbers
    assert len(named) >= 20


def test_each_package_says_what_each_of_its_files_is() -> None:
    """In its first lines; and what is gone isn't named there any more. Texts are in a file named for each room."""
    package = Path(importer.__file__).parent
    for init in {*package.glob("*/__init__.py")} - {package / "texts" / "__init__.py"}:
        words = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""
        modules = {path.stem for path in init.parent.glob("*.py")} - {"__init__", "__main__"}
        assert modules <= set(re.findall(r"\w+", words)), init
        entries = re.findall(r"^    (\w+)  +\S|^(\w+) {2,}\S|\S {2,}(\w+) {2,}\S", words, re.MULTILINE)
        assert {next(filter(None, found)) for found in entries} <= modules, init
