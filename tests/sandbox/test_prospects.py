"""The sandbox's prospects: listed page by page, found by names and emails, and strict about what is asked."""

from __future__ import annotations

import itertools
from typing import Any

import requests

from tests.sandbox import Fault, Sandbox, invented

KEY = {"x-api-key": "sandbox-key"}


def page(box: Sandbox, **query: object) -> requests.Response:
    return requests.get(f"{box.url}/prospects", params=query, headers=KEY, timeout=10)  # type: ignore[arg-type]


def ids(reply: requests.Response) -> list[Any]:
    assert reply.status_code == 200, reply.text
    return [found["id"] for found in reply.json()["payload"]]


def test_pages_are_cut_as_asked_and_the_one_after_the_last_is_empty() -> None:
    with Sandbox(prospects=invented(25)) as box:
        pages = [ids(page(box, pageSize=10, page=number)) for number in (1, 2, 3, 4)]
    assert [len(found) for found in pages] == [10, 10, 5, 0]
    assert [*itertools.chain(*pages)] == list(invented(25))


def test_pages_have_up_to_a_hundred_prospects_in_the_order_that_is_asked_for() -> None:
    with Sandbox(prospects=invented(120)) as box:
        everyone = list(invented(120))
        assert ids(page(box)) == ids(page(box, pageSize=500)) == everyone[:100]
        options = {"sort": "DESC", "sortBy": "createdAt", "includeCustomFields": "true"}
        assert ids(page(box, pageSize=10, page=2, **options)) == everyone[:-21:-1][10:]


def test_prospects_may_move_between_pages_while_one_reads() -> None:
    """Those that are gone have made others move to the page before, where nobody looks any more."""
    with Sandbox(prospects=invented(40), faults=[Fault.parse("moving=2")]) as box:
        pages = [ids(page(box, pageSize=10, page=number)) for number in (1, 2, 3, 4)]
        everyone = list(invented(40))
    assert pages == [everyone[:10], everyone[12:22], everyone[24:34], everyone[36:]]
