"""What a release wrote stays readable for ever, and what it called the same note stays the same."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from importer.models import Note, Status, Visibility
from importer.resultsfile import is_results
from importer.sandbox import Sandbox
from tests.released import ADDRESS, ENDS, FOLDER, SHEETS, begin, command, notes, run, write_sheets
from tests.truth import read_results

pytestmark = pytest.mark.usefixtures("jumping")

RELEASED = sorted(path for path in FOLDER.iterdir() if (path / "journal.sqlite").exists())


@pytest.fixture(params=RELEASED, ids=lambda path: path.name)
def released(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A sandbox with the people of the sheets, and without their notes: whatever is sent is sent again."""
    with begin() as box:
        yield box


@pytest.fixture
def folder(released: Path, box: Sandbox, tmp_path: Path) -> Path:
    """A folder with the files of a release, for this sandbox, and with the sheets."""
    for path in released.iterdir():
        shutil.copy(path, tmp_path)
    write_sheets(tmp_path)
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(profiles.read_text(encoding="utf-8").replace(ADDRESS, box.url), encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as journal, journal:
        changed = journal.execute("UPDATE workspaces SET base_url = ? WHERE base_url = ?", (box.url, ADDRESS))
        assert changed.rowcount == 1
    return tmp_path


def sent(box: Sandbox) -> list[str]:
    """The prospects that a request named."""
    posts: list[Any] = [call.body for call in box.received if (call.method, call.path) == ("POST", "/v1/notes")]
    return [prospect for body in posts if body for prospect in body["prospectIds"]]


def test_there_is_a_set_of_the_first_release() -> None:
    assert "0.2.0" in [path.name for path in RELEASED]


def test_its_journal_and_its_profiles_deliver_nothing_again(
    folder: Path, box: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The profile's remembered answers settle every question, and the journal knows every note."""
    before = {name: read_results(folder / name.replace(".csv", ".results.csv")) for name in SHEETS}
    for name, rows in before.items():
        assert run(folder, box, name, "--results", f"again-{name}") == ENDS[name]
        again = read_results(folder / f"again-{name}")
        assert [(row["result"], row["note_id"]) for row in again] == [(row["result"], row["note_id"]) for row in rows]
    assert sent(box) == ["INVALID1"]
    capsys.readouterr()
    assert command(folder, box, "history") == 0
    history = capsys.readouterr().out
    assert (history.count("notes.csv"), history.count("report.csv")) == (3, 3)


@pytest.mark.parametrize(
    "name", ["notes.results.csv", "notes.results.xlsx", "report.results.csv", "report.results.xlsx"]
)
def test_its_results_are_imported_as_the_sheet_was(name: str, folder: Path, box: Sandbox) -> None:
    """The columns that the program added are known as its own, and every note as the one that was sent."""
    sheet = re.sub(r"\.results\.\w+", ".csv", name)
    assert run(folder, box, name, "--results", "again.csv") == ENDS[sheet]
    before = read_results(folder / sheet.replace(".csv", ".results.csv"))
    assert [row["note_id"] for row in read_results(folder / "again.csv")] == [row["note_id"] for row in before]
    assert set(sent(box)) <= {"INVALID1"}


def test_its_results_are_known_as_the_programs_own(released: Path) -> None:
    for path in released.glob("*.results.*"):
        with path.open("rb") as file:
            assert is_results(file)


def test_the_same_note_is_the_same_note(released: Path, tmp_path: Path) -> None:
    """Digests are of the same values; and the same cells are still read as the same notes."""
    listed = json.loads((released / "notes.json").read_text(encoding="utf-8"))
    for entry in listed:
        note = Note(
            entry["text"], Visibility(entry["visibility"]), Status(entry["status"]), tuple(entry["attachments"]),
            files=tuple(entry["files"]),
        )  # fmt: skip
        assert note.digest.hex() == entry["digest"]
    write_sheets(tmp_path)
    assert [note.digest.hex() for note in notes(tmp_path)] == [entry["digest"] for entry in listed]
