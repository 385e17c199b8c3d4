"""Saleshandy's fields, codes and words: what each reply means, byte by byte. None is trusted."""

import gzip
import json

import pytest

from importer.api import API_REFUSED, Answer, Cause, NoteChange, NotesPage
from importer.messages import Quoted, render, words
from importer.models import Note, Status, Visibility
from tests.api.canned import (
    CREATED,
    KEY,
    Canned,
    called,
    entry,
    failure_of,
    find,
    posted,
    reply,
    results,
    taken,
    value_of,
)  # fmt: skip

NOTE = Note("Spoke about “terms” 🤝", Visibility.PRIVATE, Status.DRAFT, ("A1", "A2"))

pytestmark = pytest.mark.usefixtures("dead_proxies")


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_a_request_travels_as_the_vendors_reference_says() -> None:
    with Canned(reply(results(entry("P1", "N1")))) as server:
        value_of(called(server.url, lambda api: api.create(NOTE, ["P1"])))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().splitlines()
    assert lines[0] == "post /v1/notes http/1.1"
    assert f"x-api-key: {KEY}" in lines
    assert "content-type: application/json" in lines
    assert json.loads(body) == {
        "content": NOTE.text,
        "visibility": "2",
        "status": "0",
        "prospectIds": ["P1"],
        "attachmentIds": ["A1", "A2"],
    }


def test_ids_are_quoted_in_the_address() -> None:
    with Canned(reply({"payload": {"notes": []}}, "200 OK")) as server:
        value_of(called(server.url, lambda api: api.find("a/b?c d", 100, 100)))
        called(server.url, lambda api: api.update("n/1", NoteChange(Visibility.PRIVATE, Status.DRAFT)))
    assert server.requests[0].startswith(b"GET /v1/prospects/a%2Fb%3Fc%20d/notes?skip=100&take=100 ")
    assert server.requests[1].startswith(b"PATCH /v1/notes/n%2F1 ")
    assert json.loads(server.requests[1].partition(b"\r\n\r\n")[2]) == {"visibility": "2", "status": "0"}


# -- answers ----------------------------------------------------------------------------------------------------------

REJECTED = Answer(None, words(Quoted("no such prospect")))


@pytest.mark.parametrize(
    ("entries", "answers"),
    [
        ([entry("P1", "N1"), entry("P2", "N2")], {"P1": Answer("N1"), "P2": Answer("N2")}),
        ([entry("P2", "N2"), entry("P1", "N1")], {"P1": Answer("N1"), "P2": Answer("N2")}),
        ([entry("P1", "N1")], {"P1": CREATED}),
        ([], {}),
        ([entry("P1", "N1"), entry("P1", "N1")], {"P1": CREATED}),
        ([entry("P1", "N1"), entry("P1", "N2")], {}),
        ([entry("P1", "N1"), entry("P1", None, False)], {}),
        ([entry("P1", None, False), entry("P1", None, False), entry("P1", "N1")], {}),
        ([entry("P1", "N1"), entry("P2", "N1")], {}),  # one note can't be two prospects'
        ([entry("P1", None)], {}), ([entry("P1", "")], {}), ([entry("P1", "N1", False)], {}),
        ([entry("P1", "N1", "true")], {}), ([entry("P1", "N1", None)], {}), ([entry("P1", "N1", 1)], {}),
        ([entry(None, "N1"), "P1", 7, None, [], {}], {}),
        ([entry("P1", "\ud800")], {}),  # no text that could be kept
        ([entry("P1", "N\udfff1")], {}),
        ([entry("P1", "\ud800", False)], {}),
        ([entry("P1", ["N1"], False)], {}),
        ([entry("P1", 12345)], {"P1": Answer("12345")}),
        ([entry(" P1 ", "N1 ")], {"P1": CREATED}),
        ([entry("P1", None, id="N1")], {}),  # the documented name says that there is none
        ([{"prospectId": "P1", "id": "N1", "success": False}], {}),
        ([{"id": "N1", "success": True}], {}),  # whose is it?
        ([{"prospectId": "P1", "noteIds": ["N1"], "success": True}], {}),
        ([entry("P1", None, False, message="no such prospect")], {"P1": REJECTED}),
        ([entry("P1", None, False, error_message="no such\n prospect")], {"P1": REJECTED}),
        (
            [entry("P1", None, False, message=f"no such {KEY}")],
            {"P1": Answer(None, words(Quoted("no such (key)")))},
        ),
    ],
)  # fmt: skip
def test_answers_are_matched_by_prospect_and_what_is_not_certain_is_missing(
    entries: list[object], answers: dict[str, Answer]
) -> None:
    assert value_of(taken(reply(results(*entries)))) == answers


# -- unclear ----------------------------------------------------------------------------------------------------------

NESTED = b'{"a":' * 100_000
BOMB = gzip.compress(b" " * 50_000_000)


UNREADABLE = [
    reply(b"", "201 Created"),
    reply(b"", "204 No Content"),
    reply(b"<html>Welcome</html>", "200 OK", "Content-Type: text/html"),
    reply(b'{"message": "Notes cre'), reply(b"null"), reply(b"[]"), reply(b"7"), reply(b'"created"'),
    reply(b"\xff\xfe\x00"), reply({"payload": None}), reply({"payload": {"results": None}}),
    reply({"payload": {"results": {"P1": "N1"}}}),
    reply({"results": [entry("P1", "N1")], "payload": {"results": [entry("P1", "N2")]}}),
    reply({"results": [entry("P1", "N1")], "payload": [entry("P1", "N1")]}),
    reply(results(entry("P1", "N1")), length=10_000),
    reply(b"\x1f\x8bnot gzip", "200 OK", "Content-Encoding: gzip"),
    reply(gzip.compress(json.dumps(results(entry("P1", "N1"))).encode())[:-12], "200 OK", "Content-Encoding: gzip"),
    reply(BOMB, "200 OK", "Content-Encoding: gzip"),
    reply(NESTED),
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nnonsense\r\n',
    b"HTTP/1.1 201",
    b"HTTP/1.1 201 Created\r\nContent-Le",
]  # fmt: skip
FAILED = [
    reply({"message": "oops"}, "500 Internal Server Error"),
    reply(b"", "502 Bad Gateway"), reply(b"<html>", "503 Service Unavailable"), reply(b"", "504 Gateway Timeout"),
    reply(b"", "599 Whatever"), reply(b"", "408 Request Timeout"),
]  # fmt: skip
LOST = [
    b"",
    b"not http at all\r\n\r\n",
    b"HTTP/1.1 banana Created\r\n\r\n",
    b"HTTP/1.1 201 Created\r\n" + b"x: y\r\n" * 300 + b"\r\n",
    b"HTTP/1.1 201 Created\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        *((answer, Cause.UNREADABLE) for answer in UNREADABLE),
        *((answer, Cause.FAILED) for answer in FAILED),
        *((answer, Cause.LOST) for answer in LOST),
    ],
    ids=lambda value: str(value[:60]),
)
def test_what_cannot_be_read_with_certainty_is_unclear(answer: bytes, cause: Cause) -> None:
    with Canned(answer) as server:
        failure = failure_of(posted(server))
    assert (failure.cause, failure.is_applied) == (cause, None)
    assert len(server.requests) == 1  # nothing is sent twice by itself


@pytest.mark.parametrize("body", [b"", b"<html>Sorry</html>", {"message": "An unexpected error occurred"}])
@pytest.mark.parametrize("status", ["200 OK", "500 Error", "501 Error", "404 Not Found"])
def test_a_page_that_may_stand_for_a_timeout_leaves_open_if_the_server_is_at_work(body: object, status: str) -> None:
    failure = failure_of(taken(reply(body, status)))
    assert failure.is_applied is None
    assert failure.at_work


def test_a_page_of_a_hundred_long_notes_is_read() -> None:
    notes = [found(id=f"N{number}", content="{[<é>" * 6_000) for number in range(100)]
    page = read({"payload": {"notes": notes}})
    assert len(page.notes) == 100
    assert len(read({"payload": {"notes": [found(content="x" * 4_000_000)]}}).notes[0].content) == 4_000_000


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "A"}, "A"),
        ({"error": "B"}, "B"),
        ({"statusCode": 400, "messages": ["C", "D"], "error": "Bad Request"}, "C; D"),
        ({"error": True, "error_code": 7, "error_message": "E"}, "E"),
        ({"message": ["F"]}, "F"),
        ({"message": "two\nlines\u0000"}, "two lines"),
        ({"message": "x" * 10_000}, "x" * 300),
        (b"<html>Request blocked</html>", "404 Not Found"),
        (b"", "404 Not Found"),
        ({"message": {"deep": "er"}}, "404 Not Found"),
        ({"message": f"no {KEY} here"}, "no (key) here"),
    ],
)
def test_words_are_found_wherever_they_stand(body: object, words: str) -> None:
    foreign = failure_of(taken(reply(body, "404 Not Found")))
    assert foreign.cause is Cause.INTERMEDIARY
    status = "" if words == "404 Not Found" else "404 "
    assert render(foreign.text) == f"something other than the API refused the call ({status}{words})"
    if isinstance(body, dict) and words != "404 Not Found":
        own = failure_of(taken(reply({**body, "code": 1001}, "404 Not Found")))
        assert own.cause in API_REFUSED
        assert render(own.text) == words


def test_a_refusal_that_broke_off_is_nobodys_word() -> None:
    """Its reason is unknown, so it may be a gateway's: read back, or read again."""
    with Canned(reply({"message": "Invalid prospect Id"}, "400 Bad Request", length=999)) as server:
        for answer in (posted(server), called(server.url, find)):
            failure = failure_of(answer)
            assert (failure.cause, failure.is_applied) == (Cause.INTERMEDIARY, None)
            assert "broke off" in render(failure.text)


# -- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "cause"), [("429 Too Many", Cause.RATE_LIMITED), ("503 Away", Cause.FAILED)])
def test_how_long_to_wait_is_understood(status: str, cause: Cause) -> None:
    date, later = "Date: Tue, 21 Apr 2026 10:57:07 GMT", "Retry-After: Tue, 21 Apr 2026 10:57:30 GMT"
    never = "Fri, 31 Dec 9999 23:59:59 GMT"
    for headers, seconds in (([date, later], 23.0), ([], None), ([f"Date: {never}", f"Retry-After: {never}"], None)):
        failure = failure_of(taken(reply({"message": "slow down"}, status, *headers)))
        assert (failure.cause, failure.wait) == (cause, seconds)
        assert failure.is_busy is (cause is Cause.FAILED)


# -- stopping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["No access", "The API key has expired or is missing", f"invalid token {KEY}"])
def test_a_key_that_is_not_accepted_is_said_with_what_to_do(words: str) -> None:
    failure = failure_of(taken(reply({"code": 1001, "message": words}, "401 Unauthorized")))
    assert (failure.cause, failure.is_applied) == (Cause.BAD_KEY, False)
    assert "Check that the key is complete and still valid" in render(failure.text)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "304 Not Modified", "307 T", "308 P"])
def test_a_redirect_is_followed_by_nobody(status: str) -> None:
    with Canned(reply(results(entry("P1", "N1")))) as elsewhere:
        target = f"Location: {elsewhere.url}/notes?k={KEY}"
        with Canned(reply(b"", status, target)) as server:
            failure = failure_of(posted(server))
        assert not elsewhere.requests
    assert (failure.cause, failure.is_applied) == (Cause.REDIRECTED, None)
    assert len(server.requests) == 1


def test_no_message_is_cut_in_the_middle_of_the_key() -> None:
    """What is left of it would still be the key, but for a few characters."""
    for before in range(270, 301):
        words = "x" * before + KEY
        texts = []
        with Canned(reply({"message": words}, "404 Not Found")) as server:
            texts.append(render(failure_of(posted(server)).text).partition("(")[2].removesuffix(")"))
        texts.append(render(failure_of(taken(reply({"message": words, "code": 1001}, "404 Not Found"))).text))
        texts.append(render(value_of(taken(reply(results(entry("P1", None, False, message=words)))))["P1"].reason))
        for text in texts:
            assert "key-" not in text
            assert len(text) <= 304  # with its status
    target = f"Location: http://{'x' * 90}{KEY}/"
    redirected = failure_of(taken(reply(b"", "307 T", target)))
    assert redirected.cause is Cause.REDIRECTED
    assert "key-" not in render(redirected.text)


# -- reading back -----------------------------------------------------------------------------------------------------


def test_an_entry_for_a_prospect_that_was_not_asked_for_shows_that_the_reply_is_another_requests() -> None:
    failure = taken(reply(results(entry("P1", "N1"), entry("other", "N2")))).failure
    assert failure is not None
    assert (failure.cause, failure.is_astray) == (Cause.UNREADABLE, True)


def found(**fields: object) -> dict[str, object]:
    given = {
        "id": "N1", "prospectId": "P1", "visibility": "1", "status": "1",
        "createdAt": "2026-04-21T10:57:07.000Z", "content": "<p>Hi</p>", "author": {}, **fields,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not ...}


def read(body: object) -> NotesPage:
    page: NotesPage = value_of(taken(reply(body, "200 OK"), find))
    return page


def test_notes_are_read_with_their_draft_and_their_time() -> None:
    page = read(
        {"payload": {"notes": [found()], "draftNote": found(id="N2", status=...), "pagination": {"hasMore": True}}}
    )
    assert (page.notes[0].note_id, page.notes[0].content, page.notes[0].created_at) == ("N1", "<p>Hi</p>", 1776769027.0)
    assert page.draft is not None
    assert (page.draft.note_id, page.draft.status) == ("N2", Status.DRAFT)
    assert page.has_more
    for odd in ({"id": "N2"}, [found()], "N2"):  # it may be the one that is looked for
        assert failure_of(taken(reply({"payload": {"notes": [], "draftNote": odd}}, "200 OK"), find)).is_applied is None


@pytest.mark.parametrize(
    ("fields", "created_at"),
    [
        ({"createdAt": "2026-04-21T12:57:07+02:00"}, 1776769027.0),
        ({"createdAt": "2026-04-21T10:57:07"}, 1776769027.0),
        ({"createdAt": "yesterday"}, None),
        ({"createdAt": None}, None),
        ({"createdAt": 1776769027}, None),
        ({"createdAt": "9999-12-31T23:59:59-23:59"}, None),
        ({"createdAt": "0001-01-01T00:00:00+23:59"}, None),
        ({"createdAt": "Tue, 21 Apr 2026 10:57:07 +99999999"}, None),
        ({"createdAt": ...}, None),
    ],
)
def test_a_time_that_cannot_be_read_is_unknown(fields: dict[str, object], created_at: float | None) -> None:
    assert read({"payload": {"notes": [found(**fields)]}}).notes[0].created_at == created_at


def test_numbers_in_place_of_texts_are_taken_and_a_note_of_attachments_alone_has_no_text() -> None:
    page = read({"payload": {"notes": [found(id=7, visibility=2, status=0), found(content=None)]}})
    assert [note.note_id for note in page.notes] == ["7", "N1"]
    assert (page.notes[0].visibility, page.notes[0].status) == (Visibility.PRIVATE, Status.DRAFT)
    assert (page.notes[1].content, page.draft) == ("", None)
    assert not page.has_more


PAYLOADS: list[object] = [
    None, [], {}, {"notes": None}, {"notes": {"0": found()}}, {"notes": [found(), None]},
    {"notes": [found(id=None)]}, {"notes": [found(id="")]}, {"notes": [found(id="\ud800")]},
    {"notes": [found(content=7)]}, {"notes": [found(content=...)]}, {"notes": [found(visibility=None)]},
    {"notes": [found(status=...)]}, {"notes": [found(prospectId="another")]}, {"data": []},
    [found()],  # it doesn't tell whether there is a draft
]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        *({"payload": payload} for payload in PAYLOADS), {"payload": {"notes": []}, "notes": []},
        {"payload": {"notes": [found()]}, "notes": [found()]}, {"data": []}, [],
    ],
)  # fmt: skip
def test_notes_that_cannot_be_read_are_not_mistaken_for_none(body: object) -> None:
    assert failure_of(taken(reply(body, "200 OK"), find)).cause is Cause.UNREADABLE


@pytest.mark.parametrize(("field", "value"), [("visibility", "3"), ("status", "2"), ("status", "published")])
def test_a_note_with_a_code_that_is_not_known_is_read_but_is_nobodys(field: str, value: str) -> None:
    note = read({"payload": {"notes": [found(**{field: value})]}}).notes[0]
    assert (note.visibility, note.status).count(None) == 1


AVERY = {"firstName": "Avery", "lastName": "Stone", "email": "Avery@Example.com"}


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (AVERY, "avery@example.com"), ({**AVERY, "id": "U1"}, "avery@example.com"),
        ({**AVERY, "id": "U1", "email": None}, "U1"), ({"id": 7}, "7"), ({**AVERY, "email": ""}, "Avery Stone"),
        ({"firstName": "Avery", "lastName": None}, "Avery"),
        ("U1", ""), ({}, ""), (None, ""), (..., ""),
    ],
)  # fmt: skip
def test_a_notes_author_is_the_email_or_else_the_id_or_else_the_name(author: object, expected: str) -> None:
    assert read({"payload": {"notes": [found(author=author)]}}).notes[0].author == expected


def test_a_look_up_sends_no_content_type() -> None:
    """A guide says that the API answers 406 to one; the reference names none."""
    with Canned(reply({"payload": {"notes": []}}, "200 OK")) as server:
        called(server.url, find)
    assert b"content-type" not in server.requests[0].lower()
