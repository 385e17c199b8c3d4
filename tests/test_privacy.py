"""Every file that the program keeps is in the table of docs/security.md, which says if it holds customers' data."""

import contextlib
import fnmatch
import re
import signal
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from importer.cli import main
from importer.journal.machine import FOLDER_VARIABLE
from importer.page.serving import page_folder
from importer.page.uploads import DroppedFiles
from importer.settings.profiles import FILE_VARIABLE
from importer.settings.secrets import KEY_VARIABLE
from tests.sandbox import Sandbox

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the table is compared with the folders on Linux"),
]

MARKS = ("markedtext", "markedmail", "markedname")
SHEET = (
    "Prospect ID,Email,First name,Note,Visibility\n"
    "AbCdEf12,,Markedname,Markedtext one,Public\n"
    ",nobody.markedmail@example.com,Markedname,Markedtext two,Public\n"
)
KILLED_BEFORE_RENAMING = """
import os, signal, sys
from importer import files
from importer.cli import main
files.Draft.put_new = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""
KILLED_WHILE_WRITING = """
import os, signal, sys
from importer.cli import main
from xlsxwriter import Workbook
Workbook.close = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""
DOCUMENT = Path(__file__).parent.parent / "docs" / "security.md"
NAMED = {"archive": "done/", "log-file": "log/run.log*"}
"""Setting that names a place → the place in the test."""
KNOWN = {"DATA": ".local/share/note-importer", "SETTINGS": ".config/note-importer", "TEMP": "tmp"}


@pytest.fixture
def home(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (FOLDER_VARIABLE, FILE_VARIABLE, "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("tmp", "work", "done"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv(KEY_VARIABLE, box.api_key)
    monkeypatch.setenv("NOTE_IMPORTER_BASE_URL", box.url)
    monkeypatch.setenv("NOTE_IMPORTER_LOG_FILE", str(tmp_path / "log" / "run.log"))
    return tmp_path


def killed(script: str, *arguments: str) -> None:
    ended = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def is_marked(path: Path) -> bool:
    """Whether a file, or a part of a workbook, holds a mark."""
    contents = [path.read_bytes()]
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as parts:
        contents += [parts.read(name) for name in parts.namelist()]
    return any(mark.encode() in content.lower() for mark in MARKS for content in contents)


def table() -> Iterator[tuple[str, bool]]:
    """Each pattern of files in the table, and whether they may hold texts, emails or names; the last first."""
    rows = re.findall(r"^\| (.+?) \| .* \| (yes|no) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 10
    for files, is_personal in reversed(rows):
        for name in re.findall(r"`([^`]+)`", files):
            place = NAMED.get(name, re.sub(r"^[A-Z]+", lambda word: KNOWN.get(word[0], "*"), name))
            yield f"{place}*" if place.endswith(("/", "-*")) else place, is_personal == "yes"


def holds_customers_data(path: str) -> bool | None:
    """What the table says of a file; None if it doesn't have the file."""
    return next((is_personal for pattern, is_personal in table() if fnmatch.fnmatchcase(path, pattern)), None)


def test_the_table_has_every_file_and_says_which_hold_texts_emails_or_names(home: Path) -> None:
    for name in ("first.csv", "second.csv"):
        Path(name).write_text(SHEET, encoding="utf-8")
    assert main(["run", "first.csv", "--yes"]) == 1
    assert main(["run", "first.csv", "--practice", "--yes"]) == 0
    archived = ["--archive", str(home / "done"), "--results", "{name}.r.csv"]
    assert main(["run", "second.csv", "--yes", *archived]) == 1
    killed(KILLED_BEFORE_RENAMING, "run", "first.csv", "--yes", "--results", "killed.csv")
    killed(KILLED_WHILE_WRITING, "run", "first.csv", "--practice", "--yes")
    DroppedFiles(page_folder()).add("dropped.csv", lambda path: path.write_text(SHEET, encoding="utf-8"))
    there = [path for path in home.rglob("*") if path.is_file() and path != home / "work" / "first.csv"]
    said = {path: holds_customers_data(str(path.relative_to(home))) for path in there}
    assert [path for path, is_personal in said.items() if is_personal is None] == []
    assert [path for path, is_personal in said.items() if is_marked(path) and not is_personal] == []
    assert len([path for path in there if is_marked(path)]) >= 6
    assert any(path.is_relative_to(home / "tmp") for path in there), "a killed command left files"
