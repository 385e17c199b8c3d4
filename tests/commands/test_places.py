"""Every place where the program writes is known, and what is not the person's own goes at their word."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import pytest

from importer import scratch
from importer.cli import main
from importer.commands import places
from importer.journal import Journal
from importer.journal.identity import FOLDER_VARIABLE
from importer.page import tasks
from importer.page.practice import Practice
from importer.page.serving import PageServer
from importer.page.uploads import DroppedFile, DroppedFiles
from importer.sandbox import Sandbox
from importer.settings import KEY_VARIABLE, Settings
from importer.settings.profiles import FILE_VARIABLE
from tests.page.conftest import told_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere the system's folders can't be moved")

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
KILLED_WITH_A_COPY = """
import os, signal
from importer import scratch
with scratch.folder() as folder:
    (folder / "copy.csv").write_text("Markedtext")
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def home(tmp_path: Path, box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of the test's own, with all that the program keeps in it, and a folder at hand."""
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
    monkeypatch.setenv("NOTE_IMPORTER_UNKNOWN_EMAILS", str(tmp_path / "work" / "people.csv"))
    return tmp_path


@pytest.fixture
def data(home: Path) -> Path:
    return places._data()


def killed(script: str, *arguments: str) -> str:
    """Run a script that is killed; what it printed."""
    words = [sys.executable, "-c", script, *arguments]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return ended.stdout.strip()


def dropped(uploads: DroppedFiles, name: str = "dropped.csv") -> DroppedFile:
    return uploads.add(name, lambda path: path.write_text(SHEET, encoding="utf-8"))


def is_marked(path: Path) -> bool:
    """Whether a file, or a part of a workbook, holds a mark."""
    contents = [path.read_bytes()]
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as parts:
        contents += [parts.read(name) for name in parts.namelist()]
    return any(mark.encode() in content.lower() for mark in MARKS for content in contents)


def listed(**more: object) -> list[places.Place]:
    values = {"base_url": os.environ["NOTE_IMPORTER_BASE_URL"], "unknown_emails": Path("people.csv").absolute()}
    return places.places(Settings(**values | more), Path(os.environ["NOTE_IMPORTER_LOG_FILE"]))  # type: ignore[arg-type]


def files_in(folder: Path) -> set[Path]:
    """All files but the logs of databases, which come and go."""
    return {path for path in folder.rglob("*") if path.is_file() and path.name[-4:] not in ("-wal", "-shm")}


@pytest.fixture
def everywhere(home: Path, data: Path, settings: Settings) -> Iterator[None]:
    """All that the program does with a sheet, done once; and what is left of runs that were killed."""
    for name in ("first.csv", "second.csv"):
        Path(name).write_text(SHEET, encoding="utf-8")
    assert main(["run", "first.csv", "--yes"]) == 1
    assert main(["run", "first.csv", "--yes", "--results", "odd.csv"]) == 1
    assert main(["check", "first.csv", "--rehearse"]) == 0
    assert main(["run", "second.csv", "--yes", "--archive", str(home / "done"), "--results-name", "{name}.r.csv"]) == 1
    killed(KILLED_BEFORE_RENAMING, "run", "first.csv", "--yes", "--results", "killed.csv")
    killed(KILLED_WITH_A_COPY)
    uploads = DroppedFiles(data / "page")
    dropped(uploads)
    practice = Practice(settings, data / "page")
    dropped(practice.uploads)
    yield
    practice.end()


@pytest.mark.slow
@pytest.mark.usefixtures("everywhere")
def test_every_file_with_a_text_an_email_or_a_name_lies_in_a_place_that_is_told(home: Path) -> None:
    """Except for the person's own sheets. What is said to hold none holds none."""
    found = listed(archive=home / "done")
    of_kind = {path: place.kind for place in found for path in place.files}
    marked = {path for path in home.rglob("*") if path.is_file() and is_marked(path)}
    sheets = {home / "work" / "first.csv"}
    assert {path for path in marked - sheets if path not in of_kind} == set()
    assert {of_kind[path] for path in marked - sheets} == places.PERSONAL
    assert all(of_kind.get(path) is not None for path in home.rglob("*") if path.is_file() and path not in sheets)


@pytest.mark.slow
@pytest.mark.usefixtures("everywhere")
def test_a_person_and_a_program_are_told_with_numbers_and_permissions(
    home: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "work" / "people.csv").chmod(0o604)
    capsys.readouterr()
    assert main(["config", "--where", "--json"]) == 0
    told = {place["kind"]: place for place in json.loads(capsys.readouterr().out)["places"]}
    assert (told["page"]["path"], told["page"]["readers"], told["page"]["mode"]) == (str(data / "page"), "owner", "600")
    assert told["page"]["files"] == 2  # the sheet and its record
    assert told["people"]["bytes"] == (home / "work" / "people.csv").stat().st_size
    assert told["people"]["mode"] == "604"
    assert (told["live"]["files"], told["live"]["readers"], told["live"]["mode"]) == (0, None, None)
    assert {kind for kind, place in told.items() if place["personal"]} <= places.PERSONAL
    assert main(["config", "--where"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"Files dropped on the page: {data / 'page'} Holds: your sheets" in said
    assert "Only you can read them (mode 600)." in said


def test_what_is_at_a_url_is_told_and_not_counted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--where", "--results", "s3://bucket/night/r.xlsx", "--archive", "s3://bucket/done"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for place in ("Results: s3://bucket/night Holds", "Archive: s3://bucket/done Holds"):
        assert place in said
    assert said.count("Now: not counted, because it isn't on this computer.") == 2


def test_a_journal_in_a_database_is_elsewhere(home: Path, url: str) -> None:
    with Journal.open(url):
        pass
    [journal] = [place for place in listed(journal=url) if place.kind == "journal"]
    assert (journal.path, journal.is_elsewhere, journal.files) == (url, True, ())


MODES = [
    (0o644, 0o755, "everyone"), (0o640, 0o755, "group"), (0o644, 0o710, "group"), (0o600, 0o755, "owner"),
    (0o644, 0o700, "owner"),
]  # fmt: skip


@pytest.mark.parametrize(("mode_of_file", "mode_of_folder", "readers"), MODES)
def test_a_closed_folder_closes_its_files(mode_of_file: int, mode_of_folder: int, readers: str) -> None:
    """Whoever may read a file reads it only if every folder above lets them through."""
    with tempfile.TemporaryDirectory() as name:
        folder, file = Path(name), Path(name) / "f.csv"
        if not all(path.stat().st_mode & 0o011 == 0o011 for path in folder.parents):
            pytest.skip("the system's temporary folder is closed to others")
        file.touch()
        file.chmod(mode_of_file)
        folder.chmod(mode_of_folder)
        assert places.Place("log", name, (file,)).access == (readers, f"{mode_of_file:o}")


# -- prune --everything -------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("everywhere")
def test_everything_goes_that_nobody_needs_and_nothing_else(
    home: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was dropped, practice, what killed runs left, old logs; sheets, results and the journal stay."""
    log, set_aside = home / "log" / "run.log", home / "work" / ".0123abcd.sheet.csv.old"
    for path in (old_log := log.with_name("run.log.2026-01-01"), theirs := log.with_name("run.log.mine"), set_aside):
        path.write_text("x", encoding="utf-8")
    (data / "page" / "profile.txt").write_text("night", encoding="utf-8")
    [draft] = (home / "work").glob(".*.tmp")
    os.utime(draft, (time.time() - 7200,) * 2)
    os.utime(set_aside, (time.time() - 7200,) * 2)
    before = files_in(home)
    assert main(["prune", "--everything"]) == 2
    assert "To run without questions, add --yes." in capsys.readouterr().out
    assert files_in(home) == before
    assert main(["prune", "--everything", "--yes"]) == 0
    gone = before - files_in(home)
    scratched = {path for path in before if "tmp" in path.relative_to(home).parts}
    of_page = {path for path in before if path.is_relative_to(data / "page") and path.name != "profile.txt"}
    assert gone == {draft, old_log, *scratched, *of_page}
    assert scratched
    assert of_page
    assert theirs.exists()
    assert main(["prune", "--everything", "--yes"]) == 0
    assert "Nothing to remove" in capsys.readouterr().out


def test_what_is_in_use_stays(home: Path, data: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """An open page with its files, the folder of a command at work, and a draft that is being written."""
    left = Path(killed(KILLED_WITH_A_COPY))
    draft = home / "work" / ".0123abcd.results.csv.tmp"
    draft.touch()
    with PageServer(told_of(settings)) as server, scratch.folder() as folder:
        file = dropped(server.uploads)
        assert main(["prune", "--everything", "--yes"]) == 0
        said = capsys.readouterr().out
        assert [path.exists() for path in (file.path, folder, draft, left)] == [True, True, True, False]
        for path in (data / "page", folder, draft):
            assert f"Left alone, because it is in use or was in use within the last hour: {path}" in said
    assert main(["prune", "--everything", "--yes"]) == 0
    assert [path.exists() for path in (file.path, folder, draft)] == [False, False, True]


def test_a_page_that_opens_while_a_person_is_asked_keeps_its_files(home: Path, data: Path, settings: Settings) -> None:
    file = dropped(DroppedFiles(data / "page"))
    options = Settings(base_url=settings.base_url)
    found, in_use = places.disposable(options, None)
    assert (sorted(path.name for path in found), in_use) == ([file.id, f"{file.id}.json"], [])
    with PageServer(told_of(settings)) as server:
        assert places.remove(found) == found
        assert [upload.id for upload in server.uploads] == [file.id]
    assert file.path.exists()


def test_a_job_that_outlives_its_page_keeps_its_file(
    data: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a crash of the page: the process that sends goes on until it notices."""
    file = dropped(DroppedFiles(data / "page"))
    seen: list[list[Path]] = []

    def do(_: tasks.Rehearse, __: tasks.Word) -> tasks.Ended:
        seen.extend(places.disposable(settings, None))
        return tasks.Ended(0)

    monkeypatch.setattr(tasks, "begin", lambda: None)
    monkeypatch.setattr(tasks.Rehearse, "do", do)
    ours, theirs = Pipe()
    ours.send(tasks.Rehearse(settings, file.folder, file.name))
    tasks.perform(theirs)
    assert ours.recv() == tasks.Ended(0)
    assert seen == [[], [data / "page"]]
    assert len(places.disposable(settings, None)[0]) == 2


def test_a_folder_without_a_lock_may_be_about_to_be_locked(home: Path) -> None:
    """For an hour; then nobody will."""
    folder = Path(tempfile.mkdtemp(prefix=scratch.PREFIX))
    assert [*scratch.left_over()] == []
    os.utime(folder, (time.time() - 7200,) * 2)
    assert [*scratch.left_over()] == [folder]


@pytest.mark.parametrize("words", [[], ["--older-than", "3"], ["--everything", "--older-than", "3"], ["."]])
def test_either_folders_and_an_age_or_everything(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune", *words]) == 2
    assert "Name folders and --older-than, or use --everything alone." in capsys.readouterr().err
