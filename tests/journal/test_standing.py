"""A run stops when its journal is no longer the file that it opened, and a file that can't be kept safe is refused."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from importer.cli import main
from importer.delivery.context import Post
from importer.delivery.earlier import Earlier
from importer.delivery.ledger import Ledger
from importer.delivery.outcomes import Outcomes
from importer.errors import BadSettings, JournalReplaced, UnusableJournal
from importer.journal import Journal, NoteKey
from importer.models import Note, Request, Status, Visibility, Workspace
from importer.operations import history
from importer.operations.hide import Which, what_to_hide
from importer.operations.verify import verify_all
from importer.settings import Settings
from tests import running, systems
from tests.delivery.test_coordinator import sheet
from tests.sandbox import Sandbox
from tests.truth import Line, read_results, write_sheet

HERE = Workspace("default", "https://api.example/v1")
moves_open_files = pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody move or remove an open file")


def removed(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))


def replaced(path: Path) -> None:
    content = path.read_bytes()
    path.rename(path.with_name("elsewhere"))
    path.write_bytes(content)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path) as journal, journal.held(HERE):
        yield journal


def write(journal: Journal) -> Post:
    """Claim one note, as a run does right before it is sent."""
    note = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)
    run = journal.runs.begin(HERE, "sheet.csv", "print", 1.0, again=False)
    post = Post(Request(note, (0,), ("P0",), (b"P0",)), NoteKey.of(note))
    ledger = Ledger(journal, Outcomes(1), HERE, run)
    ledger.earlier = Earlier(sheet(1), journal, HERE)
    ledger.write([post], 1.0, lambda _: None)
    return post


@moves_open_files
@pytest.mark.parametrize("change", [removed, replaced])
def test_nothing_is_sent_of_a_claim_in_a_journal_that_no_longer_stands(
    path: Path, journal: Journal, change: Callable[[Path], None]
) -> None:
    change(path)
    with pytest.raises(JournalReplaced, match=r"was removed|was replaced") as caught:
        write(journal)
    assert caught.value.exit_status == 4
    assert str(path) in str(caught.value)
    assert "Nothing more was sent" in str(caught.value)


@pytest.mark.slow
@moves_open_files
def test_a_run_whose_journal_is_removed_ends_with_4_and_what_it_saved_lets_the_next_go_on(
    path: Path, tmp_path: Path, settings: Settings, box: Sandbox
) -> None:
    lines = [Line(f"P{number}", f"Note {number}") for number in range(60)]
    sheet = write_sheet(tmp_path / "sheet.csv", lines)

    def stop() -> None:
        if len(box.notes) > 10 and not path.with_name("elsewhere").exists():
            removed(path)

    settings = replace(settings, results=tmp_path / "results.csv", batch_size=1, workers=2)
    report = running.ran(sheet, settings, stop=stop)
    assert report.exit_status == 4
    assert isinstance(report.stopped, JournalReplaced)
    assert len(box.notes) < 60
    assert "not sent" in {row["result"] for row in read_results(report.results)}
    [saved] = tmp_path.glob("journal.sqlite.saved-*")
    assert str(saved) in str(report.stopped)
    report = running.ran(sheet, replace(settings, journal=saved))
    assert report.exit_status == 0
    assert len(box.notes) == len({note.prospect_id for note in box.notes}) == 60


_LOOK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT * FROM about").fetchall()
connection.close()
"""


def test_a_journal_opened_twice_in_a_process_keeps_its_log_when_another_process_closes_it(path: Path) -> None:
    """A process that closes any other handle on the file loses the locks that tell the next one that it is there."""
    with Journal.open(path) as journal, journal.held(HERE):
        assert journal._succeeds(path)  # type: ignore[attr-defined]
        journal.back_up(path.with_name("copy.sqlite"))
        Journal.open(path).close()
        subprocess.run([sys.executable, "-c", _LOOK, path], check=True)
        journal.see_that_it_stands()
        assert write(journal).request_number


def test_results_never_go_where_the_journal_is(settings: Settings, tmp_path: Path) -> None:
    """To see whether they may, the file would be opened."""
    journal = tmp_path / "journal.csv"
    Journal.open(journal).close()
    sheet = write_sheet(tmp_path / "sheet.csv", [Line("P1", "x")])
    with pytest.raises(BadSettings, match="would replace the journal"):
        running.run(sheet, replace(settings, journal=journal, results=journal))


@systems.links
def test_a_link_to_a_journal_leads_to_the_same_file_and_the_same_lock(path: Path, journal: Journal) -> None:
    link = path.with_name("link")
    link.mkdir()
    link = link / "another.sqlite"
    link.symlink_to(path)
    with Journal.open(link) as same:
        assert (same.id, same.name) == (journal.id, journal.name)
        with pytest.raises(Exception, match="Another import of this workspace"), same.held(HERE):
            pass
    assert [file.name for file in link.parent.iterdir()] == [link.name]


def test_a_journal_with_several_names_is_refused(path: Path) -> None:
    """By a second name it would have a second lock and a second log."""
    Journal.open(path).close()
    second = path.with_name("second.sqlite")
    second.hardlink_to(path)
    for name in path, second:
        with pytest.raises(UnusableJournal, match=r"has 2 names .*Remove the other names"):
            Journal.open(name)
    second.unlink()
    Journal.open(path).close()


def begin_named(journal: Journal, name: str) -> None:
    journal.runs.begin(HERE, name, "f", 1.0, again=False)


def files_of(path: Path) -> list[str]:
    with Journal.open(path) as copied:
        return [run.file for run in copied.runs.listed()]


def test_the_copy_holds_what_was_committed_and_nothing_of_what_is_under_way(tmp_path: Path) -> None:
    path, copy = tmp_path / "journal.sqlite", tmp_path / "copies" / "copy.sqlite"
    copy.parent.mkdir()
    with Journal.open(path) as writer, writer.held(HERE):
        begin_named(writer, "committed.csv")
        with writer.transaction():
            begin_named(writer, "under way.csv")
            assert main(["journal", "backup", str(copy), "--journal", str(path)]) == 0
        begin_named(writer, "later.csv")
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
    path, other, later, foreign = (tmp_path / name for name in ("journal.sqlite", "other.sqlite", "later", "foreign"))
    foreign.write_bytes(content)
    Journal.open(other).close()
    with Journal.open(path) as journal:
        journal.back_up(later)
    with Journal.open(later) as journal:
        write(journal)
    for target in (path, other, later, foreign):
        before = target.read_bytes()
        assert main(["journal", "backup", str(target), "--journal", str(path)]) == 2
        assert target.read_bytes() == before
        assert "was not changed" in " ".join(capsys.readouterr().err.split())  # lines break where the path is long


def test_where_there_is_no_journal_none_is_made(tmp_path: Path) -> None:
    """An empty one in the place of what is only out of reach would be worse than none."""
    settings, sheet = Settings(journal=tmp_path / "none.sqlite", key="key"), tmp_path / "n.csv"
    for ask in (
        lambda: history.back_up(settings, tmp_path / "copy.sqlite"),
        lambda: history.one(settings, "last"),
        lambda: what_to_hide(Which(file=sheet), settings),
        lambda: verify_all(sheet, settings),
    ):
        with pytest.raises(
            BadSettings, match=r"There is no journal at .*, the place in the profile 'default'\. Choose .* --profile"
        ):
            ask()
    assert [*tmp_path.iterdir()] == []
