"""A row is known by its note, its record, its text or an earlier text, in this order, whatever its visibility."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from importer.delivery.matching import How, Known, match
from importer.identity import RowIdentity, part_of, record_digest, text_digests, words_digest
from importer.journal import DeliveryState, KnownDelivery
from importer.models import Note, Status, Visibility

PRIVATE, PUBLIC = Visibility.PRIVATE, Visibility.PUBLIC
A, B = "activityid 00T0000001", "activityid 00T0000002"


def said(text: str) -> tuple[bytes, ...]:
    return text_digests(Note(text, PRIVATE, Status.PUBLISHED), {})


def row(text: str, record: str = "", key: str = "", **more: object) -> RowIdentity:
    return RowIdentity(more.pop("at", 0), said(text), key, record_digest(record), **more)  # type: ignore[arg-type]


def known(
    text: str,
    record: str = "",
    key: str = "",
    *,
    state: DeliveryState = DeliveryState.CREATED,
    request: int = 1,
    note_id: str | None = None,
    kind: str = "",
    more: Sequence[bytes] = (),
    visibility: Visibility = PRIVATE,
) -> Known:
    name = f"{text} {record} {key} {request} {state}".encode()
    delivery = KnownDelivery(
        name, 1, "P", key, "", state, note_id, 0.0, None, request, None, (), False, visibility, Status.PUBLISHED,
        1, 0.0, None,
    )  # fmt: skip
    identities = {*said(text), *([record_digest(record)] if record else []), *more}
    return Known(delivery, frozenset(identities), kind)


def how(
    rows: Sequence[RowIdentity], deliveries: Sequence[Known], *, kind: str = "", templates: Sequence[str] = ("",)
) -> list[tuple[How | None, bytes | None]]:
    """How each row is known, and by which delivery; None for a new row."""
    parts = [part_of(words_digest(template, "")) for template in templates]
    placed = [one._replace(position=i) for i, one in enumerate(rows)]
    found = {one.row.position: one for one in match(placed, deliveries, kind=kind, templates=parts)}
    return [
        (None, None) if (one := found.get(i)) is None else (one.how, one.known and one.known.delivery.name)
        for i in range(len(rows))
    ]


def only(rows: Sequence[RowIdentity], deliveries: Sequence[Known], **more: object) -> list[How | None]:
    return [one for one, _ in how(rows, deliveries, **more)]  # type: ignore[arg-type]


def test_a_key_alone_is_a_question_for_one_row_if_notes_follow_the_sheet() -> None:
    rows, there = [row("a", key="1"), row("b", key="1"), row("c", key="2")], [known("z", key="1")]
    placed = [one._replace(position=i) for i, one in enumerate(rows)]
    assert [(one.row.position, one.how) for one in match(placed, there, by_key=True)] == [(0, How.KEY)]
    assert match(placed, there) == match(placed, there, kind="another", by_key=True) == []
    assert not How.KEY.answers


# -- the rules, in their order

RULES = {
    "its note, whatever it says": ([row("b", note_ids=frozenset({"n-1"}))], known("a", note_id="n-1"), [How.NOTE]),
    "a note that the journal doesn't know": (
        [row("a", note_ids=frozenset({"n-9"}))], known("b", note_id="n-1"), [How.UNKNOWN_NOTE],
    ),
    "the other rules, if the note isn't known": (
        [row("a", note_ids=frozenset({"n-9"}))], known("a", note_id="n-1"), [How.TEXT],
    ),
    "its record, whatever it says": ([row("b", A)], known("a", A), [How.RECORD]),
    "another record with the same words is new": ([row("a", B)], known("a", A), [None]),
    "a record under another heading": ([row("a", "taskid 00T0000009")], known("a", A), [How.TEXT]),
    "its text, whatever its visibility": ([row("a")], known("a", visibility=PUBLIC), [How.TEXT]),
    "its text, if it has no record": ([row("a")], known("a", A), [How.TEXT]),
    "its text, if the delivery has no record": ([row("a", A)], known("a"), [How.TEXT]),
    "its text in an earlier form": ([row("c", earlier=said("b: a"))], known("b: a"), [How.EARLIER_TEXT]),
    "exact records before texts": ([row("a", B), row("b", A)], known("a", A), [None, How.RECORD]),
    "a delivery answers for one row": ([row("a", A), row("a", B)], known("a"), [How.TEXT, None]),
    "another key is new": ([row("a", key="1"), row("a", key="2")], known("a", key="1"), [How.TEXT, None]),
    "a key, if the delivery has none": ([row("a", key="1")], known("a"), [How.TEXT]),
    "no key, if the delivery has one": ([row("a")], known("a", key="1"), [How.TEXT]),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_first_rule_that_finds_a_delivery_answers(rule: str) -> None:
    rows, there, answers = RULES[rule]
    assert only(rows, [there]) == answers


def test_the_15_and_the_18_characters_of_salesforce_are_one_id() -> None:
    assert record_digest("activityid 00T5f00000AbCdE") == record_digest("activityid 00T5f00000AbCdEEAV")
    assert record_digest("activityid 00T5f00000AbCdE") != record_digest("activityid 00T5f00000AbCdF")


def test_of_several_deliveries_that_of_the_same_key_answers() -> None:
    keyed, bare = known("a", key="1"), known("a", request=2)
    assert how([row("a", key="1")], [bare, keyed]) == [(How.TEXT, keyed.delivery.name)]


def test_the_newest_delivery_answers() -> None:
    first, again = known("a"), known("a", request=2)
    assert how([row("a")], [first, again]) == [(How.TEXT, again.delivery.name)]


# -- states


def test_what_was_sent_again_after_it_was_hidden_answers() -> None:
    hidden, there = known("a", state=DeliveryState.HIDDEN, request=3), known("a")
    assert how([row("a")], [hidden, there]) == [(How.TEXT, there.delivery.name)]


# -- questions


def test_words_that_were_sent_without_a_template_are_a_question() -> None:
    composed = row("1 Nov: a", plain=said("a"), words=words_digest("{Date}: {Text}", "a"))
    assert only([composed], [known("a")], templates=["{Date}: {Text}"]) == [How.WORDS]


def test_words_that_another_kind_of_template_composed_are_a_question() -> None:
    there = known("Jo, 1 Nov: a", more=[words_digest("{Who}, {Date}: {Text}", "a")])
    composed = row("1 Nov: a", plain=said("a"), words=words_digest("{Date}: {Text}", "a"))
    assert only([composed], [there], templates=["{Date}: {Text}"]) == [How.WORDS]
    assert only([row("a", words=words_digest("", "a"))], [there]) == [How.WORDS]


def test_the_same_words_on_another_day_are_new() -> None:
    template = "{Date}: {Text}"
    there = known("1 Nov: a", more=[words_digest(template, "a")])
    assert only([row("8 Nov: a", words=words_digest(template, "a"))], [there], templates=[template]) == [None]


def test_another_record_with_the_same_words_is_new_whatever_composed_them() -> None:
    composed = row("1 Nov: a", B, plain=said("a"), words=words_digest("{Date}: {Text}", "a"))
    assert only([composed], [known("a", A)], templates=["{Date}: {Text}"]) == [None]


def test_a_text_under_an_id_of_another_kind_of_sheet_is_a_question() -> None:
    assert only([row("a", B)], [known("a", A, kind="calls")], kind="tasks") == [How.OTHER_RECORD]
    assert only([row("a", B)], [known("a", A, kind="calls")], kind="calls") == [None]


def test_all_rows_with_these_words_are_the_question() -> None:
    template = "{Date}: {Text}"
    rows = [row(f"{day} Nov: a", plain=said("a"), words=words_digest(template, "a")) for day in (1, 2)]
    assert only(rows, [known("a")], templates=[template]) == [How.WORDS, How.WORDS]


def test_a_question_that_was_answered_stays_answered() -> None:
    """The delivery has the words with the template then: what it was given answers, and what is later is new."""
    template = "{Date}: {Text}"
    words = words_digest(template, "a")
    rows = [row(f"{day} Nov: a", plain=said("a"), words=words) for day in (1, 2, 9)]
    there = known("a", more=[words, *said("1 Nov: a"), *said("2 Nov: a")])
    assert only(rows, [there], templates=[template]) == [How.TEXT, How.TEXT, None]
    assert only(rows[2:], [there], templates=[template]) == [None]


def test_a_delivery_answers_for_each_record_that_a_person_gave_it() -> None:
    there = known("a", A, more=[record_digest(B)])
    assert only([row("1 Nov: a", A), row("2 Nov: a", B)], [there]) == [How.RECORD, How.TEXT]


# -- the table of docs/delivery.md: what each state answers

ANSWERING = {*DeliveryState} - {DeliveryState.REJECTED, DeliveryState.HIDDEN}
TABLE: dict[DeliveryState, tuple[bool | How | None, How | None]] = {
    **dict.fromkeys(ANSWERING, (True, How.WORDS)),
    DeliveryState.REJECTED: (None, None),
    DeliveryState.HIDDEN: (How.HIDDEN, None),
}
"""State → what it answers for a row that a rule finds (True: that rule), and for a row that has only its words."""


@pytest.mark.parametrize("state", [*DeliveryState])
def test_each_state_answers_as_the_table_says(state: DeliveryState) -> None:
    found, in_words = TABLE[state]
    template = "{Date}: {Text}"
    for rule, one, there in (
        (How.NOTE, row("b", note_ids=frozenset({"n-1"})), known("a", state=state, note_id="n-1")),
        (How.RECORD, row("b", A), known("a", A, state=state)),
        (How.TEXT, row("a"), known("a", state=state)),
        (How.EARLIER_TEXT, row("b", earlier=said("a")), known("a", state=state)),
    ):
        answer = rule if found is True else found
        if answer is None and rule is How.NOTE:
            answer = How.UNKNOWN_NOTE  # the sheet says that a note is there
        assert only([one], [there]) == [answer], rule
    composed = row("1 Nov: a", plain=said("a"), words=words_digest(template, "a"))
    assert only([composed], [known("a", state=state)], templates=[template]) == [in_words]
    other_kind = known("a", A, state=state, kind="calls")
    wanted = How.OTHER_RECORD if in_words is How.WORDS else None
    assert only([row("a", B)], [other_kind], kind="tasks") == [wanted]
