"""Which notes may follow their rows, how far without a person's yes, and what is done once a note was read."""

from dataclasses import replace
from typing import Any

import pytest

from importer.api import FoundNote, NoteChange
from importer.delivery.changes import Decision, Wish, decide, follow
from importer.delivery.matching import AnsweredRow, How, Match
from importer.identity import RowIdentity, text_digests
from importer.journal import DeliveryState, KnownDelivery, NoteKey
from importer.markup import seen_digest
from importer.messages import say
from importer.models import Note, Status, Visibility

PUBLIC, PRIVATE, DRAFT, PUBLISHED = Visibility.PUBLIC, Visibility.PRIVATE, Status.DRAFT, Status.PUBLISHED
SENT = Note("Terms", PUBLIC, PUBLISHED)


def row(says: Note, *, sent: Note = SENT, how: How = How.RECORD, key: str = "", **of_delivery: Any) -> AnsweredRow:
    """A row that says something, and the delivery that answers for it."""
    delivery = KnownDelivery(
        b"name", 1, "P", key, "", "N1", 0.0, None, 1, None, 1, 0.0, None, None, None, DeliveryState.CREATED, (), False,
        NoteKey.of(sent), identities=frozenset(text_digests(sent, {})),
    )._replace(**of_delivery)  # fmt: skip
    return AnsweredRow(
        0, says, Match(RowIdentity(0, text_digests(says, {}), key), how, delivery), seen_digest(says.content)
    )


def wish(*rows: AnsweredRow) -> Wish:
    return follow(rows, [1], keeps_markup=False)


@pytest.mark.parametrize(
    "of_delivery",
    [
        {"state": DeliveryState.HIDDEN},
        {"state": DeliveryState.FOUND},
        {"reason": '["api.reads-much-like-it", {}]'},
        {"resent_at": 1.0},
        {"touched": 1.0},
    ],
    ids=["hidden", "another's", "by likeness", "sent again and not looked at", "changed by somebody"],
)
def test_these_notes_are_never_changed(of_delivery: dict[str, Any]) -> None:
    found = wish(row(replace(SENT, visibility=PRIVATE), **of_delivery))
    assert (found.is_due, len(found.left)) == (False, 1)


def test_of_rows_that_share_a_note_the_least_counts_and_no_text() -> None:
    rows = row(replace(SENT, visibility=PRIVATE)), row(Note("Other", PUBLIC, DRAFT))
    assert wish(*rows).change == NoteChange(PRIVATE, DRAFT) == wish(*reversed(rows)).change


@pytest.mark.parametrize(
    ("how", "key", "content"),
    [
        (How.NOTE, "", "Other"), (How.RECORD, "", "Other"), (How.KEY, "1", "Other"), (How.TEXT, "1", "Other"),
        (How.TEXT, "", None), (How.EARLIER_TEXT, "", None), (How.WORDS, "", None),
        (How.AS_IT_STOOD, "", None),
    ],
)  # fmt: skip
def test_a_text_follows_only_if_something_else_says_which_note_it_is(how: How, key: str, content: str | None) -> None:
    private = Note("Terms", PRIVATE, PUBLISHED)
    found = wish(row(Note("Other", PRIVATE, PUBLISHED), sent=private, how=how, key=key))
    assert found.change.content == content == found.now.content


@pytest.mark.parametrize(
    ("sent", "says", "unasked"),
    [
        ((PUBLIC, PUBLISHED), (PRIVATE, DRAFT), NoteChange(PRIVATE, DRAFT)),
        ((PRIVATE, DRAFT), (PUBLIC, PUBLISHED), NoteChange()),
        ((PRIVATE, PUBLISHED), (PRIVATE, DRAFT), NoteChange(None, DRAFT, "Other")),
        ((PUBLIC, PUBLISHED), (PUBLIC, DRAFT), NoteChange(None, DRAFT)),
        ((PUBLIC, PUBLISHED), (PRIVATE, PUBLISHED), NoteChange(PRIVATE)),
        ((PRIVATE, PUBLISHED), (PUBLIC, PUBLISHED), NoteChange()),
    ],
)
def test_less_visible_and_texts_that_stay_private_need_no_yes(
    sent: tuple[Visibility, Status], says: tuple[Visibility, Status], unasked: NoteChange
) -> None:
    before = Note("Terms", *sent)
    found = wish(row(Note("Other", *says), sent=before))
    assert found.now == unasked
    assert replace(found, is_agreed=True).now == found.change


def test_a_yes_is_for_one_change_of_one_form() -> None:
    found = wish(row(replace(SENT, visibility=PRIVATE)))
    others = [
        replace(found, change=NoteChange(PRIVATE, DRAFT)),
        replace(found, delivery=found.delivery._replace(note=2)),
        replace(found, delivery=found.delivery._replace(changing=2)),
        replace(found, delivery=found.delivery._replace(name=b"another")),
    ]
    assert len({found.digest, *(one.digest for one in others)}) == 5


def decided(found: FoundNote | None, opened: Note | None = None, *, is_agreed: bool = True, **says: Any) -> Decision:
    changing: dict[str, Any] = {} if opened is None else {"changing": 2, "opened": NoteKey.of(opened)}
    made = replace(wish(row(replace(SENT, content="", **says), **changing)), is_agreed=is_agreed)
    return decide(made, found, other_draft=False)


def there(**what: Any) -> FoundNote:
    return replace(FoundNote("N1", "<p>Terms</p>", PUBLIC, PUBLISHED, 1.0), **what)


def test_what_may_be_read_too_early_is_looked_at_again() -> None:
    for found in (None, there(content="Mine"), there(visibility=PRIVATE)):
        decision = decided(found, visibility=PRIVATE)
        assert (bool(decision.change), decision.is_sure) == (False, False)


def test_only_the_fields_that_differ_are_sent() -> None:
    decision = decided(there(), visibility=PRIVATE, text="Other")
    assert (decision.change, decision.why) == (NoteChange(PRIVATE, None, "Other"), None)
    decision = decided(there(), visibility=PRIVATE, text="Other", is_agreed=False)
    assert (decision.change, decision.why) == (
        NoteChange(PRIVATE),
        say("update.needs-a-yes", what=(say("update.to-text"),)),
    )
    assert decision.form is not None
    assert (decision.form.visibility, decision.form.seen) == (PRIVATE, NoteKey.of(SENT).seen)
    decision = decided(there(status=DRAFT), replace(SENT, status=DRAFT), visibility=PRIVATE, status=DRAFT)
    assert (decision.change, decision.is_opened, decision.is_sure) == (NoteChange(PRIVATE), True, True)


def test_an_unclear_change_that_isnt_shown_is_looked_for_again_before_anything_is_sent() -> None:
    """Reading may be behind; then fields that are left out because they seem right would be wrong."""
    decision = decided(there(), replace(SENT, status=DRAFT), visibility=PRIVATE)
    assert (decision.change, decision.is_sure) == (NoteChange(PRIVATE), False)


def test_an_unclear_change_that_came_about_is_settled_by_a_second_look() -> None:
    private = replace(SENT, visibility=PRIVATE)
    decision = decided(there(visibility=PRIVATE), private, visibility=PRIVATE)
    assert (decision.change, decision.why, decision.is_opened, decision.is_sure) == (NoteChange(), None, True, False)
    assert decision.form == NoteKey.of(private)


def test_an_unclear_new_text_didnt_come_about_if_the_text_before_is_shown() -> None:
    """Though that reads like the sheet's, and all else is as it would be."""
    decision = decided(there(), Note("Quite another", PUBLIC, PUBLISHED))
    assert (decision.change, decision.is_opened, decision.form) == (NoteChange(), False, NoteKey.of(SENT))
