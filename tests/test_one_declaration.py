"""A stranger's four changes to a copy of the program: each is written down once, and found wherever it belongs.

The recipes in CONTRIBUTING.md are what is done here. A change that needs one more file has met a second list.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from importer.cli import main
from importer.models import Result
from tests.sandbox import Sandbox, calls, service
from tests.test_results import cells as rows
from tests.truth import write_csv

ROOT = Path(__file__).parents[1]
CHANGES = r"""
=== field: importer/models.py
    RECORD = "record"
+++
    FLAVOUR = "flavour"
=== field: importer/fields.py
    Role.KEY: Field(),
+++
    Role.FLAVOUR: Field(
        headings=("Flavour", "Geschmack"), is_further=True,
    ),
=== field: importer/texts/fields.py
    "none.record": "none: no record has an ID",
+++
    "role.flavour": "Flavour",
    "column.which.flavour": "Which column holds the flavour?",
    "none.flavour": "none: no note has a flavour",
    "template.prompt.flavour": "What the note is about, in a word.",
=== field: docs/spreadsheets.md
names of files, or IDs; see [below](#files-that-notes-carry) |
+++
| flavour (optional) | Flavour | text |
=== column: importer/resultsfile.py
    ResultColumn("request", "text", 22),
+++
    ResultColumn("length", "number", 9),
=== column: importer/results/layout.py
            "finished_at": block.finished_at,
+++
            "length": [*map(len, block.result)],
=== column: importer/texts/results.py
    "summary.columns": "The last columns of Results",
+++
    "column-of-results.length": "How long it is.",
=== guard: importer/settings/__init__.py
    max_public: int | None = _setting(kinds.Number(0), Topic.GUARDS, "N")
+++
    max_private: int | None = _setting(kinds.Number(0), Topic.GUARDS, "N")
=== guard: importer/texts/settings.py
    "setting.max-public.counted": ("{n} public note", "{n} public notes"),
+++
    "setting.max-private.help": "The largest number of private notes from one file.",
    "setting.max-private.counted": ("{n} private note", "{n} private notes"),
=== guard: importer/importing/planning.py
        "max-public": audience["public"],
+++
        "max-private": audience["private"],
=== layout: importer/api/refusals.py
    Layout(["error"], ["code"], ["error"]),
+++
    Layout(["fault", "faultstring"], ["fault", "detail", "errorcode"], ["fault"]),
"""
"""Change and file; a line in the file, and what is written after it."""
FILES = {"field": 6, "column": 3, "guard": 3, "layout": 2}
"""How many files of importer/ and docs/ each change may need at most."""


def edits() -> Iterator[tuple[str, str, str, str]]:
    """Each edit: its change, the file, the text in it, and what is written after that."""
    for part in CHANGES.split("=== ")[1:]:
        head, _, text = part.partition("\n")
        anchor, _, added = text.partition("+++\n")
        name, _, file = head.partition(": ")
        yield name, file, anchor, added


RUNNER = """
import contextlib, io, json, os, sys
from importer.cli import main

def run(command):
    command = command[:]
    while "=" in command[0]:
        name, _, value = command.pop(0).partition("=")
        os.environ[name] = value
    if command[0] == "-c":
        return exec(command[1], {"json": json})
    return main(command)

ended = []
for command in json.loads(sys.argv[1]):
    before = {**os.environ}
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        status = run(command)
    ended.append((status, out.getvalue(), err.getvalue()))
    os.environ.clear()
    os.environ.update(before)
print(json.dumps(ended))
"""


class Ended(NamedTuple):
    status: int | None
    out: str
    err: str

    @property
    def plan(self) -> Any:
        return json.loads(self.out)["plan"]


@dataclass(frozen=True)
class House:
    """A copy of the program with all four changes, and a person's folder."""

    root: Path

    def __call__(self, *commands: Sequence[str]) -> list[Ended]:
        """Run commands of the changed program, or Python after ``-c``, in one process; NAME=value may stand before."""
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, json.dumps(commands)], cwd=self.root, env={**os.environ, "COLUMNS": "200"},
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return [Ended(*ended) for ended in json.loads(done.stdout)]

    def sheet(self, name: str, *rows: Sequence[str], more: Sequence[str] = ()) -> str:
        return write_csv(self.root / name, ("Prospect ID", "Note", "Visibility", *more), *rows).name


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("house")
    for folder in ("importer", "docs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for _, file, anchor, added in edits():
        path = root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(anchor) == 1, (file, anchor)
        path.write_text(text.replace(anchor, anchor + added), encoding="utf-8")
    return root


@pytest.fixture
def house(changed: Path, desk: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The changed program beside a sandbox that knows the new field."""
    monkeypatch.setattr(
        service, "fields", lambda call, required, optional: calls.fields(call, required, (*optional, "flavour"))
    )
    yield House(changed)
    for path in changed.glob("notes.*"):
        path.unlink()


def sent(box: Sandbox) -> list[tuple[str, str]]:
    bodies = [call.body for call in box.received if call.path == "/v1/notes"]
    return sorted((str(body.get("flavour", "")), str(body["content"])) for body in bodies if isinstance(body, dict))


def test_each_change_needs_few_files() -> None:
    needed = Counter(name for name, _ in {(name, file) for name, file, *_ in edits()})
    assert needed.keys() == FILES.keys()
    assert needed <= Counter(FILES)


def test_a_field_of_the_identity_is_asked_for_planned_sent_and_known_again(house: House, box: Sandbox) -> None:
    """And a note without it is the same as before: what an earlier version sent isn't sent again."""
    old = house.sheet("notes.old.csv", ("P1", "Terms", "Private"), ("P2", "Terms", "Private"))
    assert main(["run", str(house.root / old), "--yes"]) == 0
    with_it = house.sheet("notes.before.csv", ("P3", "Terms", "Private", "Sales"), more=["Flavour"])
    assert main(["run", str(house.root / with_it), "--yes"]) == 0, "to this version it is a column that nothing uses"
    assert sent(box) == [("", "Terms"), ("", "Terms")]
    [ended] = house(["run", with_it, "--yes"])
    assert (ended.status, "1  not sent" in ended.out) == (1, True), ended

    lines = [("P1", "Terms", "Private", flavour) for flavour in ("", "Sales", "Legal")]
    new = house.sheet("notes.csv", *lines, more=["Flavour"])
    wrong = house.sheet("notes.wrong.csv", *lines, ("P1", "Terms", "Private", "#REF!"), more=["Flavour"])
    twice = house.sheet("notes.twice.csv", (*lines[1], "Legal"), more=["Flavour", "Geschmack"])
    examples = """
from importer import Settings, prepare
from importer.messages import render
from importer.telling.sheet_details import with_examples
with prepare("notes.csv", Settings()) as prepared:
    print([render(one.about) for notes in with_examples(prepared).examples.values() for one in notes])
"""
    roles = "from importer.page.rendering import ROLES; print(ROLES.values())"
    run, template = ["run", new, "--yes"], ["template", "notes.template.xlsx"]
    checked, asked, shown, ran, again, on_page, _ = house(
        ["check", wrong, "--json"], ["check", twice], ["-c", examples], run, run, ["-c", roles], template
    )
    assert (checked.plan["mapping"]["flavour"]["heading"], checked.plan["expected"]["counts"]["invalid"]) == (
        "Flavour",
        1,
    )
    assert "Which column holds the flavour?" in asked.err
    assert re.search(r"--map \"?flavour=", asked.err)
    assert "Flavour: Sales" in shown.out
    assert (ran.status, again.status) == (0, 0)
    assert sent(box) == [("", "Terms"), ("", "Terms"), ("Legal", "Terms"), ("Sales", "Terms")]
    results = rows(house.root / "notes.results.xlsx")
    assert [row[results[0].index("result")] for row in results[1:]] == ["already imported", "created", "created"]
    assert "role.flavour" in on_page.out
    assert "Flavour" in rows(house.root / "notes.template.xlsx", "Notes")[0]


def test_a_results_column_is_written_explained_and_known_again(house: House) -> None:
    """Results that lack it, because an earlier version wrote them, are still results."""
    name = house.sheet("notes.csv", ("P1", "Terms", "Private"), ("P2", "", "Private"))
    assert main(["run", str(house.root / name), "--yes", "--results", str(house.root / "notes.old.csv")]) == 1
    code = "from importer.reading.detection import is_results; print(is_results(open('notes.old.csv', 'rb')))"
    new = ["check", "notes.results.xlsx", "--sheet", "Results", "--json"]
    _, known, *checked = house(["run", name, "--yes"], ["-c", code], ["check", "notes.old.csv", "--json"], new)
    headings, first, _ = rows(house.root / "notes.results.xlsx")
    assert first[headings.index("length")] == len(Result.ALREADY_IMPORTED)
    assert "length" in rows(house.root / "notes.results.xlsx", "To fix")[0]
    assert "How long it is." in [cell for row in rows(house.root / "notes.results.xlsx", "Summary") for cell in row]
    assert known.out == "True\n"
    for ended in checked:
        assert (ended.plan["unused"], ended.plan["expected"]["counts"]) == ([], {"already imported": 1, "invalid": 1})


def test_a_guard_has_its_flag_variable_profile_help_and_message(house: House, box: Sandbox) -> None:
    name = house.sheet("notes.csv", ("P1", "Terms", "Private"), ("P2", "More", "Private"))
    profile = Path(os.environ["NOTE_IMPORTER_PROFILES"]).with_name("guarded.toml")
    profile.write_text("[default]\nmax-private = 1\n", encoding="utf-8")
    guarded = f"NOTE_IMPORTER_PROFILES={profile}"
    helped, *refused, checked = house(
        ["run", "--help-all"],
        ["run", name, "--yes", "--max-private", "1"],
        ["NOTE_IMPORTER_MAX_PRIVATE=1", "run", name, "--yes"],
        [guarded, "run", name, "--yes"],
        [guarded, "check", name, "--json"],
    )
    assert "--max-private N" in helped.out
    for ended in refused:
        assert ended.status == 2
        assert "notes.csv would send 2 private notes, but at most 1 are allowed." in ended.err
        assert "--max-private 2" in ended.err
    assert [*checked.plan["guarded"]] == ["max-private"]
    assert sent(box) == []


def test_a_layout_of_errors_is_read_and_is_never_a_success(house: House) -> None:
    code = """
from importer.api import Cause, Endpoint, entries, saleshandy
from importer.api.exchange import Exchange
from importer.api.refusals import Refusal, meaning
fault = {"fault": {"faultstring": "Rate Limit exceeded", "detail": {"errorcode": 4000}}, "payload": []}
refusal = Refusal.read(fault)
print(refusal.words, refusal.code, meaning(Endpoint.CREATE, 400, refusal).cause is Cause.RATE_LIMITED)
print(saleshandy._is_receipt(Exchange(0, 0, 200, data=b"{}"), fault), entries.prospects(fault))
"""
    [shown] = house(["-c", code])
    assert shown.out.splitlines() == ["Rate Limit exceeded 4000 True", "False None"]
