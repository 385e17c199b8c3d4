"""Reasons of deliveries: messages that the journal keeps as JSON, and plain words."""

from __future__ import annotations

import pytest

from importer.api import Answer
from importer.journal import Answered, Claim, DeliveryState, Journal, NoteKey
from importer.journal.known import KnownDelivery, read_reason, written
from importer.messages import Message, render, say, words
from importer.models import Note, Request, Status, Visibility, Workspace

HERE = Workspace("here", "https://notes.example/v1")
NOTE = Note("Spoke about the annual plan.", Visibility.PUBLIC, Status.PUBLISHED)
REASON = say("outcome.refused", why=words("no such “prospect”"))
OLD = 'the API refused it: ["no", {"such": "prospect"}'
FUTURE = Message("outcome.from-the-future", (("row", "17"), ("n", 3)))
ODD = words('a "quoted" \\u0000 \\ and\n\tmore, \0 and \x1f, \x7f, é, 😀, ["text": "x"]')


def reject(journal: Journal, **reasons: Message) -> None:
    """Enter deliveries that the API rejected: prospect → why."""
    run = journal.runs.begin(HERE, "notes.csv", "f", 1000.0, again=False)
    [note] = journal.deliveries.enter_notes(HERE, [NoteKey.of(NOTE)])
    request = Request(NOTE, tuple(range(len(reasons))), tuple(reasons), tuple(map(str.encode, reasons)))
    with journal.transaction():
        numbers = journal.deliveries.claim(run, [Claim(note, request, None)], 1001.0)
        assert numbers is not None
        answers = [Answered(numbers[0], at.encode(), Answer(None, why), 2.0) for at, why in reasons.items()]
        journal.deliveries.answer(HERE, answers)


def rewrite(journal: Journal, prospect: str, reason: str) -> None:
    """Write a reason as another version did."""
    statement = "UPDATE deliveries SET reason = :reason WHERE prospect = :prospect"
    with journal.transaction():
        journal._store.execute(statement, reason=reason, prospect=prospect)


def known(journal: Journal) -> dict[str, KnownDelivery]:
    assert journal.deliveries.key_of(1) == NoteKey.of(NOTE)
    return {found.prospect: found for found in journal.deliveries.named([b"A", b"B", b"C", b"D"]).values()}


def test_reasons_come_back(address: str) -> None:
    """A message comes back as one; an earlier version's text is words; a later version's kind is shown by its name."""
    with Journal.open(address) as journal:
        reject(journal, A=REASON, B=REASON, C=REASON, D=ODD)
        rewrite(journal, "B", OLD)
        rewrite(journal, "C", written(FUTURE) or "")
    with Journal.open(address) as journal:
        found = known(journal)
    assert {one.state for one in found.values()} == {DeliveryState.REJECTED}
    assert found["A"].why == REASON
    assert render(found["A"].why) == "the API refused it: no such “prospect”"
    assert found["B"].why == words(OLD)
    assert render(found["C"].why) == "outcome.from-the-future (row: 17, n: 3)"
    assert found["D"].why == ODD


def test_half_of_a_character_can_be_written_down() -> None:
    """No database takes one."""
    assert read_reason(written(words("a \ud83d b"))) == words("a ? b")


@pytest.mark.parametrize("text", ["read back", "accepted", "17", '"so"', "[]", '["a", 1]', "{}", '["half'])
def test_what_is_no_message_is_somebodys_words(text: str) -> None:
    assert read_reason(text) == words(text)
