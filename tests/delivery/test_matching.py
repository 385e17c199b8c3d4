"""A row is known by its note, its record, its text or an earlier text, in this order, whatever its visibility."""

from collections.abc import Sequence
from typing import Any

import pytest

from importer.delivery.matching import How, Match, match
from importer.identity import RowIdentity, part_of, record_digest, text_digests, words_digest
from importer.journal import DeliveryState, KnownDelivery, NoteKey
from importer.models import Note, Status, Visibility

PRIVATE, PUBLIC = Visibility.PRIVATE, Visibility.PUBLIC
RUNS = {"": 1, "calls": 2, "tasks": 3, "another": 4}
A, B = "activityid 00T0000001", "activityid Task 00T0000002"  # an ID may have a space, a heading none


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
) -> KnownDelivery:
    name = f"{text} {record} {key} {request} {state}".encode()
    identities = {*said(text), *([record_digest(record)] if record else []), *more}
    return KnownDelivery(
        name, 1, "P", key, "", note_id, 0.0, None, request, None, RUNS[kind], 0.0, None, None, None, state, (), False,
        NoteKey.of(Note(text, visibility, Status.PUBLISHED)), identities=frozenset(identities),
    )  # fmt: skip


def matched(
    rows: Sequence[RowIdentity], deliveries: Sequence[KnownDelivery], kind: str = "", **more: Any
) -> dict[int, Match]:
    """How each row is known, by its place; new rows aren't in it."""
    parts = [part_of(words_digest(template, "")) for template in more.pop("templates", [""])]
    placed = [one._replace(position=i) for i, one in enumerate(rows)]
    found = match(placed, deliveries, set(), runs=[RUNS[kind]], templates=parts, **more)
    return {one.row.position: one for one in found}


def only(rows: Sequence[RowIdentity], deliveries: Sequence[KnownDelivery], **more: Any) -> list[How | None]:
    found = matched(rows, deliveries, **more)
    return [found[i].how if i in found else None for i in range(len(rows))]


def test_a_key_alone_is_a_question_for_one_row_if_notes_follow_the_sheet() -> None:
    rows, there = [row("a", key="1"), row("b", key="1"), row("c", key="2")], [known("z", key="1")]
    assert only(rows, there, by_key=True) == [How.KEY, None, None]
    assert only(rows, there) == only(rows, there, kind="another", by_key=True) == [None] * 3
    assert not How.KEY.answers


TEMPLATE = "{Date}: {Text}"
A_WORDS = words_digest(TEMPLATE, "a")
BY_OTHER_TEMPLATE = known("Jo, 1 Nov: a", more=[words_digest("{Who}, {Date}: {Text}", "a")])
OF_CALLS = known("a", A, kind="calls")
# The delivery has the words with the template once a person has said that the notes are the same.
ANSWERED = known("a", more=[A_WORDS, *said("1 Nov: a"), *said("2 Nov: a")])


def composed(day: int, record: str = "") -> RowIdentity:
    return row(f"{day} Nov: a", record, plain=said("a"), words=A_WORDS)


RULES: dict[str, tuple[list[RowIdentity], KnownDelivery, list[How | None]]] = {
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
    "or for each record that a person gave it": (
        [row("1 Nov: a", A), row("2 Nov: a", B)], known("a", A, more=[record_digest(B)]), [How.RECORD, How.TEXT],
    ),
    "another key is new": ([row("a", key="1"), row("a", key="2")], known("a", key="1"), [How.TEXT, None]),
    "a key, if the delivery has none": ([row("a", key="1")], known("a"), [How.TEXT]),
    "no key, if the delivery has one": ([row("a")], known("a", key="1"), [How.TEXT]),
}  # fmt: skip
QUESTIONS: dict[str, tuple[list[RowIdentity], KnownDelivery, list[How | None], dict[str, Any]]] = {
    "words that were sent without a template, for all rows that have them": (
        [composed(1), composed(2)], known("a"), [How.WORDS, How.WORDS], {},
    ),
    "words that another kind of template composed": ([composed(1)], BY_OTHER_TEMPLATE, [How.WORDS], {}),
    "words that a template composed, as they stand": (
        [row("a", words=words_digest("", "a"))], BY_OTHER_TEMPLATE, [How.WORDS], {"templates": [""]},
    ),
    "none: the same words on another day are new": (
        [row("8 Nov: a", words=A_WORDS)], known("1 Nov: a", more=[A_WORDS]), [None], {},
    ),
    "none: another record is new whatever composed the same words": ([composed(1, B)], known("a", A), [None], {}),
    "a text under an ID of another kind of sheet": ([row("a", B)], OF_CALLS, [How.OTHER_RECORD], {"kind": "tasks"}),
    "none: a text under another ID of this kind of sheet": ([row("a", B)], OF_CALLS, [None], {"kind": "calls"}),
    "none: one that was answered, whose later words are new": (
        [composed(1), composed(2), composed(9)], ANSWERED, [How.TEXT, How.TEXT, None], {},
    ),
    "none: later words alone": ([composed(9)], ANSWERED, [None], {}),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_first_rule_that_finds_a_delivery_answers(rule: str) -> None:
    rows, there, answers = RULES[rule]
    assert only(rows, [there]) == answers


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_stays_open_is_a_question(question: str) -> None:
    rows, there, answers, more = QUESTIONS[question]
    assert only(rows, [there], **({"templates": [TEMPLATE]} | more)) == answers


@pytest.mark.parametrize(
    ("key", "answers", "other"),
    [
        ("1", known("a", key="1"), known("a", request=2)),
        ("", known("a", request=2), known("a")),
        ("", known("a"), known("a", state=DeliveryState.HIDDEN, request=3)),
    ],
    ids=["that of the same key", "the newest", "what was sent again after it was hidden"],
)
def test_of_several_deliveries_one_answers(key: str, answers: KnownDelivery, other: KnownDelivery) -> None:
    for there in ([answers, other], [other, answers]):
        found = matched([row("a", key=key)], there)[0]
        assert (found.how, found.known) == (How.TEXT, answers)


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
    assert only([composed(1)], [known("a", state=state)], templates=[TEMPLATE]) == [in_words]
    other_kind = known("a", A, state=state, kind="calls")
    wanted = How.OTHER_RECORD if in_words is How.WORDS else None
    assert only([row("a", B)], [other_kind], kind="tasks") == [wanted]
