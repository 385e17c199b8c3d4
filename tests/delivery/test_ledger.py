"""What becomes of a delivery stands in its row and in the journal, and what is about to be sent is there before."""

import math
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from importer.api import Answer
from importer.delivery.context import Post
from importer.delivery.earlier import Earlier
from importer.delivery.ledger import Ledger
from importer.delivery.outcomes import Outcomes
from importer.errors import Busy, JournalFailed
from importer.journal import DeliveryState, Journal, KnownDelivery, NoteKey
from importer.messages import render, words
from importer.models import Note, Request, Result, Status, Visibility, Workspace
from tests.delivery.test_coordinator import sheet

NOTE = Note("Spoke about terms", Visibility.PUBLIC, Status.PUBLISHED)
NOW = 1_800_000_000.0


HERE = Workspace("default", "https://api.example/v1")


def unknown(_: Post) -> None:
    """Nothing is known of the clock that dates notes."""


class Desk:
    """A ledger on a real journal, with one request for three rows."""

    def __init__(self, path: Path) -> None:
        self.path, self.journal = path, Journal.open(path)
        run = self.journal.runs.begin(HERE, "sheet.csv", "print", NOW, again=False)
        self.outcomes = Outcomes(3)
        self.ledger = Ledger(self.journal, self.outcomes, HERE, run)
        self.ledger.earlier = Earlier(sheet(3), self.journal, HERE)
        self.post = self.another()

    def another(self) -> Post:
        request = Request(NOTE, (0, 1, 2), ("P0", "P1", "P2"), (b"P0", b"P1", b"P2"))
        return Post(request, NoteKey.of(NOTE))

    def results(self) -> list[Result]:
        return [self.outcomes.result(position) for position in range(3)]

    def known(self) -> list[KnownDelivery]:
        """What stands on the disk, read by another process's eyes, in the order of the rows."""
        copy = self.path.with_name("copy.sqlite")
        for end in ("", "-wal"):
            shutil.copyfile(f"{self.path}{end}", f"{copy}{end}")
        with closing(Journal.open(copy)) as journal:
            found = journal.deliveries.named([b"P0", b"P1", b"P2"])
        return [found[key] for key in sorted(found)]

    def states(self) -> list[DeliveryState]:
        return [known.state for known in self.known()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "journal.sqlite")
    yield desk
    desk.journal.close()


def test_what_is_about_to_be_sent_is_on_disk_and_its_rows_unconfirmed_before_it_leaves(desk: Desk) -> None:
    desk.ledger.write([desk.post], NOW, lambda _: NOW - 7)
    assert desk.states() == [DeliveryState.UNCLEAR] * 3
    assert desk.results() == [Result.UNCONFIRMED] * 3
    assert {(known.request, known.sent_at, known.since) for known in desk.known()} == {
        (desk.post.request_number, NOW, NOW - 7)
    }
    assert (desk.post.sent_at, desk.post.since) == (NOW, NOW - 7)
    assert desk.ledger.settled == 0


def test_a_row_has_its_answer_at_once_and_the_journal_with_what_is_sent_next(desk: Desk) -> None:
    desk.ledger.write([desk.post], NOW, unknown)
    desk.ledger.answered(
        desk.post, [(0, Answer("N0")), (2, Answer(None, words("unknown")))], NOW + 1, duplicates=["N9"]
    )
    assert desk.results() == [Result.CREATED, Result.UNCONFIRMED, Result.REJECTED]
    assert desk.outcomes.note_id(0) == "N0"
    assert desk.outcomes.duplicates == {0: ("N9",)}
    assert [render(reason) for reason in desk.outcomes.columns(0, 1).reason] == [
        "the same note exists again as N9. Look at it, and remove it by hand or with `note-importer hide --note ID`"
    ]
    assert (desk.ledger.settled, desk.ledger.ended) == (2, {Result.CREATED: 1, Result.REJECTED: 1})
    desk.ledger.write([], NOW + 1, unknown)
    assert desk.states() == [DeliveryState.CREATED, DeliveryState.UNCLEAR, DeliveryState.REJECTED]
    assert [known.note_id for known in desk.known()] == ["N0", None, None]
    assert [known.duplicates for known in desk.known()] == [("N9",), (), ()]


@pytest.mark.parametrize("how", ["pending", "abandoned"])
def test_what_surely_was_not_applied_gives_its_claim_up(desk: Desk, how: str) -> None:
    desk.ledger.write([desk.post], NOW, unknown)
    if how == "pending":
        desk.ledger.pending(desk.post)
    else:
        desk.ledger.abandoned(desk.post, words("it could not be sent"))
    desk.ledger.write([], NOW + 1, unknown)
    assert desk.states() == []
    assert desk.results() == [Result.NOT_SENT] * 3


def test_what_was_proven_absent_keeps_its_claim_until_it_is_sent_again(desk: Desk) -> None:
    """Died in between, the next run looks it up once more; released, it would just be sent."""
    desk.ledger.write([desk.post], NOW, unknown)
    first = desk.post.request_number
    desk.post.replaces = first
    desk.ledger.pending(desk.post)
    desk.ledger.write([], NOW + 1, unknown)
    assert desk.states() == [DeliveryState.UNCLEAR] * 3
    desk.ledger.write([desk.post], NOW + 2, unknown)
    assert {known.request for known in desk.known()} == {desk.post.request_number} != {first}


def test_the_time_of_the_first_attempt_is_kept_for_the_next(desk: Desk) -> None:
    desk.ledger.write([desk.post], NOW, lambda _: NOW - 7)
    desk.post.replaces = desk.post.request_number
    desk.ledger.write([desk.post], NOW + 60, lambda _: NOW + 53)
    assert {known.since for known in desk.known()} == {NOW - 7}


def test_what_could_not_be_written_is_written_next_time_in_its_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ledger.write([desk.post], NOW, unknown)
    desk.ledger.answered(desk.post, [(0, Answer("N0"))], NOW + 1)
    with monkeypatch.context() as patch:
        patch.setattr(desk.journal.deliveries, "answer", _disk_full)
        with pytest.raises(JournalFailed):
            desk.ledger.write([], NOW + 1, unknown)
    assert desk.states() == [DeliveryState.UNCLEAR] * 3
    desk.ledger.unconfirmed(desk.post.only([1]), words("nobody can tell"), NOW + 2)
    desk.ledger.write([], NOW + 2, unknown)
    assert desk.states() == [DeliveryState.CREATED, DeliveryState.UNCLEAR, DeliveryState.UNCLEAR]


def _disk_full(*_: object) -> None:
    raise JournalFailed("The journal could not be written: the disk is full.")


def test_what_another_import_has_claimed_is_not_sent_and_nothing_is_entered(desk: Desk) -> None:
    desk.ledger.write([desk.post], NOW, unknown)
    with pytest.raises(Busy):
        desk.ledger.write([desk.another()], NOW + 1, unknown)
    assert {known.request for known in desk.known()} == {desk.post.request_number}


def test_a_claim_is_good_for_five_seconds_where_another_machine_could_take_it_over(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor at all if, by the database's clock, that long went by until it was on disk; a file is one machine's."""
    for address in (url, str(tmp_path / "journal.sqlite")):
        with Journal.open(address) as journal:
            run = journal.runs.begin(HERE, "sheet.csv", "print", NOW, again=False)
            ledger = Ledger(journal, Outcomes(3), HERE, run)
            ledger.earlier = Earlier(sheet(2), journal, HERE)
            posts = [
                Post(Request(NOTE, (place,), (f"P{place}",), (f"P{place}".encode(),)), NoteKey.of(NOTE))
                for place in range(2)
            ]
            before = time.time()
            ledger.write(posts[:1], NOW, unknown)
            if not journal.is_shared:
                assert posts[0].good_until == math.inf
                continue
            assert before + 5 <= posts[0].good_until <= time.time() + 5
            monkeypatch.setattr(journal, "now", partial(next, iter([1000.0, 1005.1])))
            ledger.write(posts[1:], NOW, unknown)
            assert posts[1].good_until == -math.inf
