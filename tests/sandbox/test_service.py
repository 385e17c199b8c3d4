"""The sandbox keeps to the vendor's reference, strictly."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox import Sandbox

KEY = {"x-api-key": "sandbox-key"}
BODY: dict[str, Any] = {"content": "Discussed annual plan.", "visibility": "1", "prospectIds": ["Pr9xQ2Lm"]}


def post(box: Sandbox, **changes: object) -> requests.Response:
    return requests.post(f"{box.url}/notes", json=BODY | changes, headers=KEY, timeout=10)


def show(box: Sandbox, prospect: str = "Pr9xQ2Lm", **query: str | int) -> requests.Response:
    return requests.get(f"{box.url}/prospects/{prospect}/notes", params=query, headers=KEY, timeout=10)


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


def test_the_latest_draft_is_shown_apart_from_the_notes(box: Sandbox) -> None:
    post(box, content="published")
    post(box, content="first draft", status="0")
    post(box, content="second draft", status="0")
    payload = show(box).json()["payload"]
    assert [note["content"] for note in payload["notes"]] == ["<p>published</p>"]
    assert payload["draftNote"]["content"] == "<p>second draft</p>"
    assert [note.status for note in box.notes] == ["1", "0", "0"]
