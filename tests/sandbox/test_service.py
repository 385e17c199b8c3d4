"""The sandbox keeps to the vendor's reference, strictly."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from tests.sandbox import Sandbox

KEY = {"x-api-key": "sandbox-key"}
BODY: dict[str, Any] = {"content": "Discussed annual plan.", "visibility": "1", "prospectIds": ["Pr9xQ2Lm"]}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def post(box: Sandbox, **changes: object) -> requests.Response:
    return requests.post(f"{box.url}/notes", json=BODY | changes, headers=KEY, timeout=10)


def show(box: Sandbox, prospect: str = "Pr9xQ2Lm", **query: str | int) -> requests.Response:
    return requests.get(f"{box.url}/prospects/{prospect}/notes", params=query, headers=KEY, timeout=10)


def test_a_note_is_made_for_each_prospect_in_order(box: Sandbox) -> None:
    box.know_attachments("f1")
    reply = post(box, prospectIds=["a", "b"], attachmentIds=["f1"])
    assert reply.status_code == 201
    results = reply.json()["payload"]["results"]
    assert reply.json()["message"] == "Notes created successfully"
    assert [note.id for note in box.notes] == [entry["noteId"] for entry in results]
    assert [(entry["prospectId"], entry["success"]) for entry in results] == [("a", True), ("b", True)]
    assert [(note.prospect_id, note.attachment_ids, note.status) for note in box.notes] == [
        ("a", ("f1",), "1"),
        ("b", ("f1",), "1"),
    ]


def test_a_prospect_that_does_not_exist_fails_alone(box: Sandbox) -> None:
    results = post(box, prospectIds=["INVALIDxx", "b"]).json()["payload"]["results"]
    assert results[0] == {"prospectId": "INVALIDxx", "noteId": None, "success": False}
    assert [note.prospect_id for note in box.notes] == ["b"]


def test_without_any_id_only_prospects_exist_whose_ids_look_like_the_vendors() -> None:
    """Of random IDs some have letters of one case only: they exist, once IDs in mixed case were asked for."""
    foreign = ["P1", "7000123456", "lead_a8Sd0kLm2Qx", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "0035g00000AbCdEQAF"]
    with Sandbox(any_id=False) as box:
        post(box, prospectIds=[*foreign, "it53us65"])
        assert not box.notes
        post(box, prospectIds=[*foreign, "8PvBmrB7P7", "jzRkmgMdwA", "it53us65"])
        assert [note.prospect_id for note in box.notes] == ["8PvBmrB7P7", "jzRkmgMdwA", "it53us65"]


@pytest.mark.parametrize("malformed", ["MALFORMED1", "has space", "tab\tbed"])
def test_a_malformed_prospect_turns_the_whole_request_away(box: Sandbox, malformed: str) -> None:
    reply = post(box, prospectIds=["a", malformed])
    assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, 1001, "Invalid prospect Id")
    assert box.notes == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"content": ""},
        {"content": "  \n"},
        {"content": 5},
        {"content": None},
        {"visibility": 1},
        {"visibility": "3"},
        {"visibility": None},
        {"status": 1},
        {"status": "2"},
        {"prospectIds": []},
        {"prospectIds": "a"},
        {"prospectIds": [""]},
        {"prospectIds": [1]},
        {"prospectIds": ["a", "a"]},
        {"attachmentIds": "f"},
        {"attachmentIds": [1]},
        {"colour": "red"},
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_whole(box: Sandbox, changes: dict[str, object]) -> None:
    reply = post(box, **changes)
    assert reply.status_code == 400
    (words,) = reply.json().pop("message")
    assert ("property colour should not exist" if "colour" in changes else "must be a") in words
    assert reply.json()["statusCode"] == 400
    assert box.notes == ()


@pytest.mark.parametrize("name", ["content", "visibility", "prospectIds"])
def test_a_required_field_may_not_be_left_out(box: Sandbox, name: str) -> None:
    body = {field: value for field, value in BODY.items() if field != name}
    reply = requests.post(f"{box.url}/notes", json=body, headers=KEY, timeout=10)
    assert (reply.status_code, reply.json()["message"]) == (400, [f"{name} must be a given value"])


@pytest.mark.parametrize(
    ("sent", "kind"), [("{broken", "application/json"), ("[]", "application/json"), ("{}", "text/plain")]
)
def test_a_body_that_is_no_json_object_is_refused(box: Sandbox, sent: str, kind: str) -> None:
    reply = requests.post(f"{box.url}/notes", data=sent, headers=KEY | {"Content-Type": kind}, timeout=10)
    assert reply.status_code == 400


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "other"}])
@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_or_missing_key_is_an_invalid_token(headers: dict[str, str], status: int) -> None:
    with Sandbox(bad_key_status=status) as box:
        reply = requests.post(f"{box.url}/notes", json=BODY, headers=headers, timeout=10)
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (status, 1001, "Invalid token")
        assert box.notes == ()
        assert "other" not in str(box.received)


def test_limits_of_size_are_told_in_words() -> None:
    with Sandbox(max_batch=2, max_content=30, created_status=200) as box:
        assert post(box, prospectIds=["a", "b", "c"]).status_code == 400
        reply = post(box, content="x" * 31)
        assert (reply.status_code, reply.json()["message"]) == (400, ["content must be a shorter value"])
        assert post(box, prospectIds=["a", "b"], content="x" * 30).status_code == 200
        assert len(box.notes) == 2


def test_only_named_prospects_exist_when_any_are_named() -> None:
    with Sandbox(prospects={"a"}) as box:
        results = post(box, prospectIds=["a", "b"]).json()["payload"]["results"]
        assert [entry["success"] for entry in results] == [True, False]
        assert show(box, "b").json()["message"] == "Invalid prospect Id"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Discussed.", "<p>Discussed.</p>"),
        ("one\ntwo\r\nthree", "<p>one<br>two<br>three</p>"),
        ("1 < 2 & 3 > 2", "<p>1 &lt; 2 &amp; 3 &gt; 2</p>"),
        ("<b>bold</b> & plain", "<b>bold</b> & plain"),
        ("Zoë — 日本 🎉", "<p>Zoë — 日本 🎉</p>"),
    ],
)
def test_content_is_read_back_as_html(box: Sandbox, sent: str, read: str) -> None:
    post(box, content=sent)
    assert show(box).json()["payload"]["notes"][0]["content"] == read
    assert [(note.content, note.sent_content) for note in box.notes] == [(read, sent)]


def test_notes_are_read_newest_first_in_pages(box: Sandbox) -> None:
    for place in range(5):
        post(box, content=f"note {place}")
    payload = show(box, skip=1, take=2).json()["payload"]
    assert [note["content"] for note in payload["notes"]] == ["<p>note 3</p>", "<p>note 2</p>"]
    assert payload["pagination"] == {"skip": 1, "take": 2, "hasMore": True}
    assert payload["draftNote"] is None
    assert show(box, skip=3, take=2).json()["payload"]["pagination"]["hasMore"] is False
    assert show(box).json()["payload"]["pagination"]["take"] == 20


@pytest.mark.parametrize("query", [{"take": 101}, {"take": 0}, {"skip": -1}, {"take": "many"}, {"page": 1}])
def test_a_page_out_of_bounds_is_refused(box: Sandbox, query: dict[str, Any]) -> None:
    assert show(box, **query).status_code == 400


@pytest.mark.parametrize("prospect", ["INVALIDxx", "MALFORMED", "a%20b"])
def test_notes_of_an_unknown_prospect_are_an_error(box: Sandbox, prospect: str) -> None:
    reply = show(box, prospect)
    assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, 1001, "Invalid prospect Id")


def test_pinned_notes_are_read_first_whoever_wrote_them(box: Sandbox) -> None:
    first = post(box, content="first").json()["payload"]["results"][0]["noteId"]
    theirs = box.write("Pr9xQ2Lm", "a colleague's")
    post(box, content="last")
    box.pin(first)
    notes = show(box, take=2).json()["payload"]["notes"]
    assert [note["content"] for note in notes] == ["<p>first</p>", "<p>last</p>"]
    assert [note["pinnedAt"] is None for note in notes] == [False, True]
    box.pin(theirs)
    notes = show(box).json()["payload"]["notes"]
    assert [note["author"]["firstName"] for note in notes] == ["Robin", "Avery", "Avery"]
    assert "id" not in notes[0]["author"]


def test_the_latest_draft_is_shown_apart_from_the_notes(box: Sandbox) -> None:
    post(box, content="published")
    post(box, content="first draft", status="0")
    post(box, content="second draft", status="0")
    payload = show(box).json()["payload"]
    assert [note["content"] for note in payload["notes"]] == ["<p>published</p>"]
    assert payload["draftNote"]["content"] == "<p>second draft</p>"
    assert [note.status for note in box.notes] == ["1", "0", "0"]


def test_a_note_can_be_updated_in_part(box: Sandbox) -> None:
    note_id = post(box, status="0").json()["payload"]["results"][0]["noteId"]
    reply = requests.patch(f"{box.url}/notes/{note_id}", json={"status": "1"}, headers=KEY, timeout=10)
    assert (reply.status_code, reply.json()["payload"]["status"]) == (200, "1")
    assert reply.json()["payload"]["editedBy"]["email"] == "avery.stone@example.com"
    assert not {"author", "pinnedAt"} & reply.json()["payload"].keys()
    requests.patch(f"{box.url}/notes/{note_id}", json={"content": "new", "visibility": "2"}, headers=KEY, timeout=10)
    payload = show(box).json()["payload"]
    assert [(note["id"], note["content"], note["visibility"]) for note in payload["notes"]] == [
        (note_id, "<p>new</p>", "2")
    ]
    assert payload["draftNote"] is None
    assert [(note.sent_content, note.status) for note in box.notes] == [("new", "1")]


@pytest.mark.parametrize("body", [{}, {"attachmentIds": []}, {"visibility": 2}, {"content": ""}])
def test_an_update_that_breaks_a_rule_changes_nothing(box: Sandbox, body: dict[str, object]) -> None:
    note_id = post(box).json()["payload"]["results"][0]["noteId"]
    before = box.notes
    assert requests.patch(f"{box.url}/notes/{note_id}", json=body, headers=KEY, timeout=10).status_code == 400
    assert box.notes == before


def test_a_note_that_does_not_exist_cannot_be_updated(box: Sandbox) -> None:
    reply = requests.patch(f"{box.url}/notes/Nt7Yp4Za", json={"status": "1"}, headers=KEY, timeout=10)
    assert (reply.status_code, reply.json()["code"]) == (400, 1001)
    assert reply.json()["message"] == "Note not found or access denied"


def test_prospects_are_found_by_a_part_of_their_email() -> None:
    emails = {"a": "jo@example.com", "b": "mojo@example.com", "c": "kim@example.com"}
    with Sandbox(prospects=emails) as box:
        reply = requests.get(
            f"{box.url}/prospects",
            params={"search": "JO@example.com", "pageSize": "100", "page": "1"},
            headers=KEY,
            timeout=10,
        )
        assert [(found["id"], found["email"]) for found in reply.json()["payload"]] == [
            ("a", "jo@example.com"),
            ("b", "mojo@example.com"),
        ]
        assert requests.get(f"{box.url}/prospects?page=2", headers=KEY, timeout=10).json()["payload"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/prospects/a", 404),
        ("POST", "/notes/attachments/x", 404),
        ("GET", "/notes", 405),
        ("DELETE", "/notes/Nt7Yp4Za", 405),
        ("POST", "/prospects/a/notes", 405),
    ],
)
def test_other_addresses_and_methods_are_refused_in_json(box: Sandbox, method: str, path: str, status: int) -> None:
    reply = requests.request(method, f"{box.url}{path}", headers=KEY, timeout=10)
    assert (reply.status_code, reply.json()["code"]) == (status, status)


def test_the_same_seed_gives_the_same_unique_note_ids() -> None:
    made: list[list[str]] = []
    for seed in (1, 1, 2):
        with Sandbox(seed=seed) as box:
            post(box, prospectIds=[f"p{place}" for place in range(5000)])
            made.append([note.id for note in box.notes])
    assert made[0] == made[1] != made[2]
    assert len(set(made[0])) == 5000
    assert all(len(note_id) == 8 and note_id.isalnum() for note_id in made[0])


def test_the_clock_can_be_ahead_in_every_place_it_shows() -> None:
    with Sandbox(clock_offset=86_400, time_source=lambda: 1_776_769_027.0) as box:
        reply = post(box)
        assert reply.headers["Date"] == "Wed, 22 Apr 2026 10:57:07 GMT"
        assert box.notes[0].created_at == box.received[0].at == datetime(2026, 4, 22, 10, 57, 7, tzinfo=UTC)
        assert show(box).json()["payload"]["notes"][0]["createdAt"] == "2026-04-22T10:57:07.000Z"


def test_every_request_is_recorded_in_order_of_arrival(box: Sandbox) -> None:
    post(box)
    show(box, take=5)
    first, second = box.received
    assert (first.number, first.method, first.path, first.body, first.status) == (1, "POST", "/v1/notes", BODY, 201)
    assert (second.number, second.path, second.query) == (2, "/v1/prospects/Pr9xQ2Lm/notes", {"take": "5"})
    assert (second.body, second.fault) == (None, None)
    assert "sandbox-key" not in str(box.received)


def test_a_connection_serves_many_requests_even_after_refusals(box: Sandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    connection.connect()
    opened = connection.sock
    for content in ("", "one", "", "two"):
        body = json.dumps(BODY | {"content": content})
        connection.request("POST", "/v1/notes", body, KEY | {"Content-Type": "application/json"})
        connection.getresponse().read()
        assert connection.sock is opened
    connection.close()
    assert [note.sent_content for note in box.notes] == ["one", "two"]


def test_a_body_of_unknown_length_is_refused(box: Sandbox) -> None:
    reply = requests.post(f"{box.url}/notes", data=iter([b"{}"]), headers=KEY, timeout=10)
    assert (reply.status_code, reply.headers["Connection"]) == (411, "close")
    assert box.received[0].status == 411


def test_a_second_address_leads_to_the_same_account(box: Sandbox) -> None:
    other = box.url.replace("/v1", "/api/open-api/v1")
    headers = KEY | {"sh-application": "open-api"}
    assert requests.post(f"{other}/notes", json=BODY, headers=headers, timeout=10).status_code == 201
    assert len(show(box).json()["payload"]["notes"]) == 1


def test_its_description_keeps_the_key_to_itself(box: Sandbox) -> None:
    assert "sandbox-key" not in repr(box)
