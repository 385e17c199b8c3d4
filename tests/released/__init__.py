"""Files that each release wrote, which later versions have to read: journals, profiles, results, and what is one note.

``python -m tests.released make`` writes those of this version into a folder named for it, by the program's own commands
over a sandbox. The folders of earlier releases are never changed.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from importer.cli import main
from importer.commands.loading import load
from importer.models import Note, Status, Visibility
from importer.sandbox import Sandbox
from importer.settings import KEY_VARIABLE, Settings

FOLDER = Path(__file__).parent
PROFILE = "crm"
ADDRESS = "http://127.0.0.1:8081/v1"  # stands in the files for the sandbox's
PEOPLE = {
    "aB3dE5fG7h": "ada@example.com",
    "bC4eF6gH8i": "bo@example.com",
    "cD5fG7hI9j": "cy@example.com",
    "dE6gH8iJ0k": "di@example.com",
}
SHEETS = {
    "notes.csv": """\
Prospect ID,Note,Visibility,Status,Attachments,Call
cD5fG7hI9j,Spoke about terms,Private,Published,,1
dE6gH8iJ0k,"Grüße aus Köln
und eine zweite Zeile  ",Public,Published,,2
cD5fG7hI9j,<p>Agreed on <b>three</b> months</p>,Private,Published,,3
dE6gH8iJ0k,To be finished,Private,Draft,,4
cD5fG7hI9j,The recording,Public,Published,call.txt,5
cD5fG7hI9j,Left a voicemail,Private,Published,,6
cD5fG7hI9j,Left a voicemail,Private,Published,,7
cD5fG7hI9j,Left a voicemail,Private,Published,,7
INVALID1,Spoke about terms,Private,Published,,8
dE6gH8iJ0k,Not understood,Pubic,Published,,9
""",
    "report.csv": """\
Email,Date,Assigned,Comments,Shared?
ada@example.com,2026-03-02,Mia,Wants a demo,Team only
bo@example.com,,Mia,Is on leave,Only the owner
""",
}
FILE = "What was said in the call.\n"
ANSWERS = {
    "notes.csv": ("--key-column", "Call"),
    "report.csv": (
        *("--map", "content=[{Date}, ][{Assigned}: ]{Comments}", "--map", "visibility=Shared?"),
        *("--value", "visibility:Team only=Public", "--value", "visibility:Only the owner=Private"),
    ),
}
ENDS = {"notes.csv": 1, "report.csv": 0}
"""Sheet → exit status: one row of the first is rejected, and one is invalid."""


def begin() -> Sandbox:
    """Return a sandbox that knows the people of the sheets."""
    return Sandbox(prospects=dict(PEOPLE), limit=None)


def command(folder: Path, box: Sandbox, *arguments: str) -> int:
    """Run a command in a folder, with the profiles and the journal that are there; return the exit status."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv(KEY_VARIABLE, box.api_key)
        patch.setenv("NOTE_IMPORTER_PROFILES", str(folder / "profiles.toml"))
        patch.setenv("NOTE_IMPORTER_JOURNAL", str(folder / "journal.sqlite"))
        patch.setenv("NOTE_IMPORTER_SETTLE", "0")
        return main([*arguments, "--profile", PROFILE])


def run(folder: Path, box: Sandbox, sheet: str, *more: str) -> int:
    """Import a sheet with the profile; return the exit status."""
    return command(folder, box, "run", sheet, "--yes", *more)


def write_sheets(folder: Path) -> None:
    """Write the sheets, and the file that one of them names."""
    (folder / "files").mkdir()
    (folder / "files" / "call.txt").write_text(FILE, encoding="utf-8", newline="")
    for name, text in SHEETS.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")


def notes(folder: Path) -> Iterator[Note]:
    """Yield the notes of the first sheet, and one with what only IDs of files and odd characters bring."""
    with load(folder / "notes.csv", Settings(attachments=folder / "files", key_column="Call")) as loaded:
        yield from loaded.rows.notes
    yield Note("\U0001f600 a\u0301 \u00e1\n=1+1", Visibility.PUBLIC, Status.DRAFT, ("At4Rz9Kq", "Bt5Sa0Lr"))


def make(out: Path) -> None:
    """Write the set of files of this version."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    with tempfile.TemporaryDirectory() as place, begin() as box:
        folder = Path(place)
        write_sheets(folder)
        profile = f'[{PROFILE}]\nbase-url = "{box.url}"\nattachments = "files"\n'
        (folder / "profiles.toml").write_text(profile, encoding="utf-8")
        for sheet, answers in ANSWERS.items():
            assert run(folder, box, sheet, "--remember", *answers) == ENDS[sheet]
        for sheet in SHEETS:  # once more, for results in the other format
            assert run(folder, box, sheet, "--results", sheet.replace(".csv", ".results.csv")) == ENDS[sheet]
        with closing(sqlite3.connect(folder / "journal.sqlite")) as journal:
            script = "\n".join(journal.iterdump()).replace(box.url, ADDRESS)
        with closing(sqlite3.connect(out / "journal.sqlite")) as copy:
            copy.executescript(script)
        profiles = (folder / "profiles.toml").read_text(encoding="utf-8").replace(box.url, ADDRESS)
        (out / "profiles.toml").write_text(profiles, encoding="utf-8", newline="\n")
        for path in folder.glob("*.results.*"):
            shutil.copy(path, out)
        listed = [{**asdict(note), "digest": note.digest.hex()} for note in notes(folder)]
        (out / "notes.json").write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8", newline="\n")
