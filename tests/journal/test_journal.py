"""The journal: what is entered is on disk, what isn't ours is left alone, what can't be written stops the run."""

import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from importer.api import Answer
from importer.errors import JournalFailed, UnusableJournal, WrongJournal
from importer.journal import ACCEPTED, VERSION, Answered, Claim, Journal, NoteKey, Run
from importer.messages import words
from importer.models import Note, Request, Result, Status, Visibility, Workspace
from importer.settings import Settings
from tests import running
from tests.sandbox import Sandbox
from tests.truth import Line, check, write_sheet

pytestmark = pytest.mark.usefixtures("jumping")

NOTE = Note("Spoke about the annual plan.", Visibility.PUBLIC, Status.PUBLISHED)
OTHER = replace(NOTE, text="Something else", content="")
WORKSPACE = Workspace("workspace", "")
ANOTHER = Workspace("another", "")
ABOUT = """
CREATE TABLE about (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name));
INSERT INTO about VALUES ('application', 'note-importer'), ('schema', '1');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(address: str) -> Iterator[Journal]:
    with Journal.open(address) as journal:
        yield journal


@pytest.fixture
def in_file(path: Path) -> Iterator[Journal]:
    with Journal.open(path) as journal:
        yield journal


def request(*prospects: str, note: Note = NOTE) -> Request:
    return Request(note, tuple(range(len(prospects))), prospects, tuple(map(str.encode, prospects)))


def begin(journal: Journal, *, again: bool = False, fingerprint: str = "f", sheet: str = "") -> Run:
    return journal.runs.begin(WORKSPACE, "notes.csv", fingerprint, 1000.0, again=again, sheet=sheet)


def claim(journal: Journal, run: Run, *prospects: str, replaces: int | None = None) -> int | None:
    with journal.transaction():
        a_claim = Claim(NoteKey.of(NOTE), request(*prospects), None, replaces)
        numbers = journal.deliveries.claim(run, [a_claim], sent_at=1001.0)
    return None if numbers is None else numbers[0]


def states(address: str | Path) -> dict[str, str]:
    """What stands in the journal, read by another connection."""
    with Journal.open(address) as journal:
        return dict(journal.rows("SELECT prospect, state FROM deliveries"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {place.name: place.read_bytes() for place in folder.iterdir()}


def test_only_one_request_can_claim_a_delivery(journal: Journal) -> None:
    run = begin(journal)
    first = claim(journal, run, "P1")
    assert first is not None
    assert claim(journal, run, "P1", "P2") is None
    assert claim(journal, run, "P1", replaces=first) is not None


def test_a_created_delivery_is_never_claimed_again_not_even_as_a_repeat(journal: Journal) -> None:
    run = begin(journal)
    number = claim(journal, run, "P1", "P2")
    assert number is not None
    with journal.transaction():
        journal.deliveries.answer(
            [Answered(number, b"P1", Answer("N1"), 1.0), Answered(number, b"P2", Answer(None, words("no")), 1.0)],
        )
    assert claim(journal, run, "P1") is None
    assert claim(journal, run, "P1", replaces=number) is None
    assert claim(journal, run, "P2") is not None  # what was rejected is tried again


def test_an_answer_to_a_request_that_lost_its_claim_changes_nothing(journal: Journal, address: str) -> None:
    run = begin(journal)
    first = claim(journal, run, "P1")
    assert first is not None
    assert claim(journal, run, "P1", replaces=first)
    with journal.transaction():
        journal.deliveries.answer([Answered(first, b"P1", Answer("N1"), 1.0)])
        journal.deliveries.release(first, [b"P1"])
        journal.deliveries.explain(first, [b"P1"], ACCEPTED)
    assert states(address) == {"P1": "unclear"}
    assert journal.deliveries.named([b"P1"])[b"P1"].reason is None


def test_answers_are_entered_together_or_not_at_all(journal: Journal, address: str) -> None:
    number = claim(journal, begin(journal), "P1", "P2")
    assert number is not None
    with pytest.raises(ZeroDivisionError), journal.transaction():
        journal.deliveries.answer([Answered(number, b"P1", Answer("N1"), 1.0)])
        raise ZeroDivisionError
    assert states(address) == {"P1": "unclear", "P2": "unclear"}
    with journal.transaction():
        journal.deliveries.answer([Answered(number, b"P1", Answer("N1"), 1.0)])
    assert states(address) == {"P1": "created", "P2": "unclear"}


def test_again_goes_on_with_what_it_began_until_that_is_finished(journal: Journal) -> None:
    first = begin(journal, again=True)
    assert first.occurrence
    other = begin(journal, again=True, sheet="another sheet").occurrence
    assert other != begin(journal, again=True).occurrence == first.occurrence  # the first never ended: it was killed
    second = begin(journal, again=True)
    journal.runs.end(second, "finished", {"created": 3, "unconfirmed": 1}, 1.0)
    third = begin(journal, again=True)
    assert third.occurrence == first.occurrence  # what is unconfirmed would be lost out of sight
    journal.runs.end(third, "finished", {"created": 4}, 1.0)
    assert begin(journal, again=True).occurrence != first.occurrence
    assert begin(journal, again=True, fingerprint="another file").occurrence != first.occurrence
    assert begin(journal).occurrence == ""


def test_the_file_says_whose_it_is_and_of_which_version(in_file: Journal, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        about = dict(connection.execute("SELECT name, value FROM about"))
    assert about == {"application": "note-importer", "schema": str(VERSION), "id": in_file.id}


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a user's data folder to the user by itself")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "journal.sqlite"
    with Journal.open(path) as journal:
        begin(journal)
        for place in path.parent.iterdir():
            assert stat.S_IMODE(place.stat().st_mode) == 0o600, place
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def _text(path: Path) -> None:
    path.write_text("Prospect ID,Note\nP1,Hello\n" * 200, encoding="utf-8")


def _made_by(script: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)

    return make


def _spoilt(spoil: Callable[[bytearray], None]) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with Journal.open(path) as journal:
            claim(journal, begin(journal), *(f"P{number}" for number in range(3000)))
        content = bytearray(path.read_bytes())
        spoil(content)
        path.write_bytes(content)

    return make


def _damage(content: bytearray) -> None:
    for place in range(3 * 4096, len(content), 4096):
        content[place : place + 2000] = b"\xff" * 2000


def _cut(content: bytearray) -> None:
    del content[len(content) // 2 :]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_text, "damaged, or is not a journal"),
        (_made_by("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('x');"), "another program"),
        (_made_by("CREATE TABLE about (author TEXT); INSERT INTO about VALUES ('x');"), "another program"),
        (_made_by(ABOUT.replace("'note-importer'", "'another program'")), "another program"),
        (_made_by(ABOUT.replace("'1')", "'1000')")), "later version"),
        (_made_by(ABOUT), "earlier version"),
        (_made_by(ABOUT.replace("'1')", "'none')")), "another program"),
        (_spoilt(_damage), "damaged"),
        (_spoilt(_cut), "damaged"),
    ],
)
def test_what_is_no_sound_journal_of_ours_is_refused_and_left_untouched(
    make: Callable[[Path], None], words: str, path: Path, tmp_path: Path
) -> None:
    make(path)
    before = bytes_of(tmp_path)
    with pytest.raises(WrongJournal, match=words) as caught:
        Journal.open(path)
    assert caught.value.exit_status == 4
    assert "not changed" in str(caught.value)
    assert ("put your latest copy in its place" in str(caught.value)) is words.startswith("damaged")
    assert str(path) in str(caught.value)
    assert bytes_of(tmp_path) == before


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(UnusableJournal, match="not a file"):
        Journal.open(tmp_path)


def test_a_disk_that_fills_up_stops_the_run_loses_nothing_and_the_same_command_finishes(
    box: Sandbox, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [Line(f"P{number}", f"Note {number % 3}") for number in range(3000)]
    sheet = write_sheet(tmp_path / "sheet.csv", lines)
    settings = replace(settings, results=tmp_path / "results.csv", batch_size=100, workers=2)
    opened = Journal.open

    def open_on_a_small_disk(address: Path | str) -> Journal:
        journal = opened(address)
        journal.connection.execute("PRAGMA max_page_count = 40")
        return journal

    monkeypatch.setattr(Journal, "open", open_on_a_small_disk)
    report = running.ran(sheet, settings)
    assert isinstance(report.stopped, JournalFailed)
    assert report.exit_status == 3
    counts = check(lines, report.results, box)
    assert 0 < counts["created"] == len(box.notes) < 3000
    assert counts["not sent"] == 3000 - counts["created"]
    monkeypatch.setattr(Journal, "open", opened)
    report = running.ran(sheet, settings)
    assert report.exit_status == 0
    check(lines, report.results, box)
    assert len(box.notes) == 3000
    assert report.counts[Result.CREATED] + report.counts[Result.ALREADY_IMPORTED] == 3000


def test_a_change_begins_only_from_the_form_that_it_was_decided_for(journal: Journal) -> None:
    number = claim(journal, begin(journal), "P1")
    assert number is not None
    with journal.transaction():
        journal.deliveries.answer([Answered(number, b"P1", Answer("N1"), 1.0)])
    form = NoteKey.of(OTHER)
    known = journal.deliveries.named([b"P1"])[b"P1"]
    with journal.transaction():
        [changing] = journal.deliveries.change(WORKSPACE, [(known, form)]) or []
        assert journal.deliveries.change(WORKSPACE, [(known, form)]) is None
        assert journal.deliveries.change(WORKSPACE, [(changing, form)]) == [changing]


def test_a_note_id_belongs_to_one_delivery(journal: Journal, address: str) -> None:
    number = claim(journal, begin(journal), "P1", "P2")
    assert number is not None
    with journal.transaction():
        journal.deliveries.answer([Answered(number, b"P1", Answer("N1"), 1.0)])
    with pytest.raises(JournalFailed), journal.transaction():
        journal.deliveries.answer([Answered(number, b"P2", Answer("N1"), 1.0)])
    assert states(address) == {"P1": "created", "P2": "unclear"}


def test_a_prospect_was_told_what_its_deliveries_say_until_their_claims_are_given_up(journal: Journal) -> None:
    number = claim(journal, begin(journal), "P1", "P2")
    assert number is not None
    told = [("P1", b"T1", b"P1"), ("P1", b"R1", b"P1"), ("@jo", b"T1", b"P1"), ("P2", b"T1", b"P2")]
    journal.identities.enter(WORKSPACE, [*told, told[0]])

    def known(*who: str, workspace: Workspace = WORKSPACE) -> set[tuple[str, str, frozenset[bytes]]]:
        found = journal.identities.told(workspace, who)
        return {(one, delivery.prospect, delivery.identities) for one, delivery in found}

    assert known("p1") == set(), "an ID's letters are what they are, whatever a database holds for equal"
    assert known("P1", "nobody") == {("P1", "P1", frozenset({b"T1", b"R1"}))}
    assert known("@jo", "P2") == {("@jo", "P1", frozenset({b"T1"})), ("P2", "P2", frozenset({b"T1"}))}
    assert known("P1", workspace=ANOTHER) == set()
    with journal.transaction():
        journal.deliveries.release(number, [b"P1"])
    assert known("P1", "@jo") == set()
