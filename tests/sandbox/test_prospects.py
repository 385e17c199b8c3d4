"""The sandbox's prospects: listed page by page, found by names and emails, and strict about what is asked."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import requests

from tests.sandbox import Fault, Sandbox, invented

KEY = {"x-api-key": "sandbox-key"}
THREE = {"a": "jo.berg@example.com", "b": "berg@example.com", "c": "kim@example.com"}


def page(box: Sandbox, **query: object) -> requests.Response:
    return requests.get(f"{box.url}/prospects", params=query, headers=KEY, timeout=10)  # type: ignore[arg-type]


def ids(reply: requests.Response) -> list[Any]:
    assert reply.status_code == 200, reply.text
    return [found["id"] for found in reply.json()["payload"]]


def test_a_search_matches_names_as_well_as_emails() -> None:
    with Sandbox(prospects=THREE) as box:
        assert ids(page(box, search="BERG")) == ["a", "b"]
        assert ids(page(box, search="Jo")) == ["a"]
        assert ids(page(box, search="nobody@example.com")) == []


def test_pages_are_cut_as_asked_and_the_one_after_the_last_is_empty() -> None:
    with Sandbox(prospects=invented(25)) as box:
        pages = [ids(page(box, pageSize=10, page=number)) for number in (1, 2, 3, 4)]
    assert [len(found) for found in pages] == [10, 10, 5, 0]
    assert [*itertools.chain(*pages)] == list(invented(25))


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": 30},
        {"page": 0},
        {"page": "one"},
        {"pageSize": ""},
        {"skip": 0},
        {"sort": "asc"},
        {"sortBy": "email"},
        {"includeCustomFields": "yes"},
    ],
)
def test_what_is_not_documented_is_refused(query: dict[str, object]) -> None:
    with Sandbox(prospects=THREE) as box:
        assert page(box, **query).status_code == 400


def test_pages_have_up_to_a_hundred_prospects_in_the_order_that_is_asked_for() -> None:
    with Sandbox(prospects=invented(120)) as box:
        everyone = list(invented(120))
        assert ids(page(box)) == ids(page(box, pageSize=500)) == everyone[:100]
        options = {"sort": "DESC", "sortBy": "createdAt", "includeCustomFields": "true"}
        assert ids(page(box, pageSize=10, page=2, **options)) == everyone[:-21:-1][10:]


def test_listing_without_a_search_can_be_refused() -> None:
    with Sandbox(prospects=THREE, lists=False) as box:
        assert page(box, pageSize=100, page=1).status_code == 400
        assert page(box, search="", pageSize=100).status_code == 400
        assert ids(page(box, search="kim@example.com")) == ["c"]


def test_later_prospects_are_newer() -> None:
    with Sandbox(prospects=THREE) as box:
        made = [found["createdAt"] for found in page(box).json()["payload"]]
    assert made == sorted(made)
    assert len(set(made)) == 3


def test_any_email_can_have_a_prospect_that_takes_notes() -> None:
    with Sandbox(any_email=True) as box:
        [found] = ids(page(box, search="somebody@example.com"))
        assert ids(page(box, search="Somebody@example.com")) == [found]
        assert ids(page(box, search="unknown.one@example.com")) == []
        body = {"content": "Hello", "visibility": "1", "prospectIds": [found]}
        made = requests.post(f"{box.url}/notes", json=body, headers=KEY, timeout=10).json()
        assert made["payload"]["results"][0]["success"] is True


def test_prospects_may_move_between_pages_while_one_reads() -> None:
    """Those that are gone have made others move to the page before, where nobody looks any more."""
    with Sandbox(prospects=invented(40), faults=[Fault.parse("moving=2")]) as box:
        pages = [ids(page(box, pageSize=10, page=number)) for number in (1, 2, 3, 4)]
        everyone = list(invented(40))
    assert pages == [everyone[:10], everyone[12:22], everyone[24:34], everyone[36:]]


@pytest.mark.parametrize(
    ("fault", "left"), [("missing:GET", ["b"]), ("missing-all:GET", []), ("shuffled:GET", ["c", "b", "a"])]
)
def test_pages_of_prospects_can_be_spoilt(fault: str, left: list[str]) -> None:
    with Sandbox(prospects=THREE, faults=[Fault.parse(fault)]) as box:
        assert ids(page(box)) == [*left]


def test_who_looks_into_it_sees_which_prospects_there_are() -> None:
    with Sandbox(prospects=THREE) as box:
        assert requests.get(box.page("prospects"), timeout=10).json() == {"prospects": THREE}
    with Sandbox() as box:
        assert requests.get(box.page("prospects"), timeout=10).json() == {"prospects": {}}
