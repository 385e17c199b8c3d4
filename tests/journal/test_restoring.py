"""A copy is put in the journal's place under the lock, and the file that stood there is kept with its log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from importer.cli import main
from importer.cli.terminal import argument
from importer.commands import workspaces
from importer.errors import BadSettings, Busy, UnusableJournal, WrongJournal
from importer.journal import Journal, shares
from importer.journal.sqlitefile import look_into
from importer.models import Workspace
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet

WORKSPACE = Workspace("default", "https://a.example")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def copy(path: Path) -> Path:
    """A copy that knows one run of the two that the journal knows."""
    copy = path.with_name("copy.sqlite")
    with Journal.open(path) as journal:
        begin(journal, "early.csv")
        journal.back_up(copy)
        begin(journal, "late.csv")
    return copy


def begin(journal: Journal, name: str) -> None:
    with journal.held(WORKSPACE):
        journal.runs.begin(WORKSPACE, name, "f", 1.0, again=False)


def files_of(path: Path) -> list[str]:
    with Journal.open(path) as journal:
        return [run.file for run in journal.runs.listed()]


def damage(path: Path) -> bytes:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path.read_bytes()


def said(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def test_a_damaged_journal_is_replaced_as_its_message_says(
    path: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = damage(path)
    assert main(["history", "--journal", str(path)]) == 4
    assert f"`note-importer journal restore COPY --journal {argument(path)}`" in said(capsys)
    assert main(["journal", "restore", str(copy), "--journal", str(path)]) == 0
    words = said(capsys)
    assert "of early.csv" in words
    assert "would be sent again" in words
    [kept] = path.parent.glob("journal.sqlite.replaced-*")
    assert kept.name in words.replace(" ", "")
    assert kept.read_bytes() == damaged
    assert files_of(path) == files_of(copy) == ["early.csv"]
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600


def test_the_log_goes_with_the_file_that_it_belongs_to(path: Path, copy: Path, tmp_path: Path) -> None:
    """Beside the copy it would overwrite pages of it: as a process leaves it that was killed."""
    left = tmp_path / "left"
    left.mkdir()
    with Journal.open(path) as journal:
        begin(journal, "in the log.csv")
        for end in ("", "-wal"):
            (left / f"journal.sqlite{end}").write_bytes(Path(f"{path}{end}").read_bytes())
    done = workspaces.restore(Settings(journal=left / "journal.sqlite"), copy)
    assert done.latest is not None
    assert done.latest.file == "early.csv"
    assert files_of(left / "journal.sqlite") == ["early.csv"]
    assert done.kept is not None
    assert files_of(done.kept) == ["in the log.csv", "late.csv", "early.csv"]


def test_a_lost_journal_is_put_back(path: Path, copy: Path) -> None:
    path.unlink()
    assert workspaces.restore(Settings(journal=path), copy).kept is None
    assert files_of(path) == ["early.csv"]


def test_a_log_whose_journal_is_gone_does_not_damage_the_copy(path: Path, copy: Path, tmp_path: Path) -> None:
    """SQLite would write the pages of that log into the copy."""
    left = tmp_path / "left" / "journal.sqlite"
    left.parent.mkdir()
    with Journal.open(path) as journal:
        for number in range(50):
            begin(journal, f"in the log {number}.csv")
        left.with_name("journal.sqlite-wal").write_bytes(Path(f"{path}-wal").read_bytes())
    assert workspaces.restore(Settings(journal=left), copy).kept is None
    assert not left.with_name("journal.sqlite-wal").exists()
    assert files_of(left) == ["early.csv"]
    assert look_into(left).damage == ""
    assert len([*left.parent.glob("journal.sqlite.replaced-*-wal")]) == 1


def test_a_journal_that_can_not_be_put_away_keeps_its_log(
    path: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows renames no file that another program has open; other systems do, so the refusal is played here."""
    left = tmp_path / "left" / "journal.sqlite"
    left.parent.mkdir()
    with Journal.open(path) as journal:
        begin(journal, "in the log.csv")
        for end in ("", "-wal"):
            left.with_name(f"journal.sqlite{end}").write_bytes(Path(f"{path}{end}").read_bytes())
    rename = Path.rename

    def refuse(self: Path, to: Path) -> Path:
        if self.name == left.name:
            raise PermissionError(13, "The process cannot access the file")
        return rename(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(UnusableJournal, match="could not replace"):
            workspaces.restore(Settings(journal=left), copy)
    assert files_of(left) == ["in the log.csv", "late.csv", "early.csv"]


def test_nothing_is_restored_while_an_import_is_at_work(path: Path, copy: Path) -> None:
    before = path.read_bytes()
    with Journal.open(path) as journal, journal.held(WORKSPACE):
        with pytest.raises(Busy, match="Another import with this journal is running"):
            workspaces.restore(Settings(journal=path), copy)
        journal.see_that_it_stands()
    assert path.read_bytes() == before


def test_only_a_sound_copy_of_this_journal_is_put_in_its_place(path: Path, copy: Path, tmp_path: Path) -> None:
    """Neither another journal's, nor what is damaged, nor nothing, nor the journal itself."""
    other, damaged, none = tmp_path / "other.sqlite", tmp_path / "damaged.sqlite", tmp_path / "none.sqlite"
    Journal.open(other).close()
    damaged.write_bytes(copy.read_bytes())
    damage(damaged)
    settings, before = Settings(journal=path), path.read_bytes()
    for source, error in (
        (other, BadSettings),
        (damaged, WrongJournal),
        (none, BadSettings),
        (path, BadSettings),
        (tmp_path, UnusableJournal),
    ):
        with pytest.raises(error):
            workspaces.restore(settings, source)
    assert path.read_bytes() == before
    assert not [*tmp_path.glob("*.replaced-*")]
    with pytest.raises(BadSettings, match="is in PostgreSQL"):
        workspaces.restore(Settings(journal="postgresql://db.example.com/notes"), copy)


def test_a_journal_on_a_network_share_comes_to_a_disk_of_this_machine(
    path: Path, copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path.resolve()
    monkeypatch.setattr(shares, "kind_of", lambda file: None if file.is_relative_to(share / "local") else "nfs")
    with pytest.raises(UnusableJournal, match="network share"):
        Journal.open(path)
    workspaces.restore(Settings(journal=share / "local" / "journal.sqlite"), path)
    assert files_of(share / "local" / "journal.sqlite") == ["late.csv", "early.csv"]


def test_what_a_restored_journal_knows_is_not_sent_again(
    settings: Settings, path: Path, box: Sandbox, tmp_path: Path
) -> None:
    sheet = write_sheet(tmp_path / "n.csv", [Line("P1", "x"), Line("P2", "y")])
    assert (report := running.run(sheet, settings)) is not None
    assert report.exit_status == 0
    workspaces.back_up(settings, tmp_path / "copy.sqlite")
    damage(path)
    workspaces.restore(settings, tmp_path / "copy.sqlite")
    assert (report := running.run(sheet, settings)) is not None
    assert report.exit_status == 0
    assert len(box.notes) == 2
