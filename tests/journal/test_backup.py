"""A journal is copied while an import is at work: the copy is whole, of one moment, and only its owner can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from importer.cli import main
from importer.errors import BadSettings
from importer.journal import Journal
from importer.models import Workspace
from importer.operations import history
from importer.settings import Settings

WORKSPACE = Workspace("default", "https://a.example")


def begin(journal: Journal, name: str) -> None:
    journal.runs.begin(WORKSPACE, name, "f", 1.0, again=False)


def files_of(path: Path) -> list[str]:
    with Journal.open(path) as copied:
        return [run.file for run in copied.runs.listed()]


def test_the_copy_holds_what_was_committed_and_nothing_of_what_is_under_way(tmp_path: Path) -> None:
    """The writer has the lock and an open transaction, and isn't held up; nothing is left beside the copy."""
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copies" / "copy.sqlite"
    copy.parent.mkdir()
    with Journal.open(path) as writer, writer.held(WORKSPACE):
        begin(writer, "committed.csv")
        with writer.transaction():
            begin(writer, "under way.csv")
            assert main(["journal", "backup", str(copy), "--journal", str(path)]) == 0
        begin(writer, "later.csv")
        assert copy.read_bytes()[18:20] == b"\1\1"  # not in WAL mode, so it can be read in a read-only folder
        assert [file.name for file in copy.parent.iterdir()] == ["copy.sqlite"]
        assert files_of(copy) == ["committed.csv"]
        assert os.name != "posix" or stat.S_IMODE(copy.stat().st_mode) == 0o600
        with Journal.open(copy) as same:
            assert same.id == writer.id
        assert main(["journal", "backup", str(copy), "--journal", str(path)]) == 0
        assert files_of(copy) == ["later.csv", "under way.csv", "committed.csv"]


@pytest.mark.parametrize("content", [b"", b"my thesis"])
def test_nothing_but_an_earlier_copy_is_replaced(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither another file nor another journal, nor the journal itself."""
    path, other, foreign = tmp_path / "journal.sqlite", tmp_path / "other.sqlite", tmp_path / "foreign"
    foreign.write_bytes(content)
    for journal in (path, other):
        Journal.open(journal).close()
    for target in (path, other, foreign):
        before = target.read_bytes()
        assert main(["journal", "backup", str(target), "--journal", str(path)]) == 2
        assert target.read_bytes() == before
        assert "was not changed" in " ".join(capsys.readouterr().err.split())  # lines break where the path is long


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    """An empty one in the place of what is only out of reach would be worse than none."""
    with pytest.raises(
        BadSettings, match=r"There is no journal at .*, the place in the profile 'default'\. Choose .* --profile"
    ):
        history.back_up(Settings(journal=tmp_path / "none.sqlite"), tmp_path / "copy.sqlite")
    assert [*tmp_path.iterdir()] == []


def test_a_place_that_takes_no_copy_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the system's own word for it."""
    path = tmp_path / "journal.sqlite"
    Journal.open(path).close()
    assert main(["journal", "backup", str(tmp_path / "no folder" / "x"), "--journal", str(path)]) == 2
    assert "could not be copied to" in " ".join(capsys.readouterr().err.split())
