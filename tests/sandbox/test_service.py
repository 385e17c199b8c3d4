"""The sandbox keeps to the vendor's reference, strictly."""

from __future__ import annotations

from collections.abc import Iterator
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


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "other"}])
@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_or_missing_key_is_an_invalid_token(headers: dict[str, str], status: int) -> None:
    with Sandbox(bad_key_status=status) as box:
        reply = requests.post(f"{box.url}/notes", json=BODY, headers=headers, timeout=10)
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (status, 1001, "Invalid token")
        assert box.notes == ()
        assert "other" not in str(box.received)


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
