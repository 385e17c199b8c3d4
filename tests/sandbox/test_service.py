"""The sandbox keeps to the vendor's reference, strictly."""

import itertools
from typing import Any

import pytest
import requests

from tests.sandbox import Sandbox, invented
from tests.sandbox.conftest import BODY, call, post, struck


@pytest.mark.parametrize("malformed", ["MALFORMED1", "has space", "tab\tbed"])
def test_a_malformed_prospect_turns_the_whole_request_away(box: Sandbox, malformed: str) -> None:
    reply = post(box, prospectIds=["a", malformed])
    assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (400, 1001, "Invalid prospect Id")
    assert box.notes == ()


@pytest.mark.parametrize(
    "changes",
    [
        *({"content": value} for value in ("", "  \n", 5, None)), *({"visibility": value} for value in (1, "3", None)),
        *({"status": value} for value in (1, "2")), {"attachmentIds": "f"}, {"attachmentIds": [1]}, {"colour": "red"},
        *({"prospectIds": value} for value in ([], "a", [""], [1], ["a", "a"])),
    ],
)  # fmt: skip
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
        reply = call(box, "POST", "/notes", json=BODY, headers=headers)
        assert (reply.status_code, reply.json()["code"], reply.json()["message"]) == (status, 1001, "Invalid token")
        assert box.notes == ()
        assert "other" not in str(box.received)


def page(box: Sandbox, **query: object) -> requests.Response:
    return call(box, "GET", "/prospects", params=query)


def ids(reply: requests.Response) -> list[Any]:
    assert reply.status_code == 200, reply.text
    return [found["id"] for found in reply.json()["payload"]]


def test_pages_are_cut_as_asked_and_the_one_after_the_last_is_empty() -> None:
    with Sandbox(prospects=invented(25)) as box:
        pages = [ids(page(box, pageSize=10, page=number)) for number in (1, 2, 3, 4)]
    assert [len(found) for found in pages] == [10, 10, 5, 0]
    assert [*itertools.chain(*pages)] == list(invented(25))


def test_prospects_may_move_between_pages_while_one_reads() -> None:
    """Those that are gone have made others move to the page before, where nobody looks any more."""
    with struck("moving=2", prospects=invented(40)) as box:
        pages = [ids(page(box, pageSize=10, page=number)) for number in (1, 2, 3, 4)]
        everyone = list(invented(40))
    assert pages == [everyone[:10], everyone[12:22], everyone[24:34], everyone[36:]]
