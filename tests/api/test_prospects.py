"""A page of prospects is asked for as the vendor's reference says, and read without trust."""

from __future__ import annotations

import pytest

from importer.api import Cause, FoundProspect
from importer.messages import render
from tests.api.canned import Canned, called, failure_of, reply, taken, value_of

JO = {"id": "jzRkmgMdwA", "createdAt": "2022-01-13T09:48:35.824Z", "email": "Jo@example.com", "attributes": []}
JSON = "Content-Type: application/json"

pytestmark = pytest.mark.usefixtures("dead_proxies")


def test_a_search_and_a_page_travel_as_documented() -> None:
    with Canned(reply({"payload": [JO]}, "200 OK", JSON)) as server:
        found = value_of(called(server.url, lambda api: api.look_up("jo+a&b@example.com", 2)))
    assert server.requests[0].startswith(
        b"GET /v1/prospects?search=jo%2Ba%26b%40example.com&pageSize=100&page=2&sort=ASC&sortBy=createdAt HTTP"
    )
    assert found == (FoundProspect("jzRkmgMdwA", "jo@example.com"),)


def test_without_a_search_all_are_listed() -> None:
    with Canned(reply({"message": "OK", "payload": []}, "200 OK", JSON)) as server:
        assert value_of(called(server.url, lambda api: api.look_up("", 1))) == ()
    assert server.requests[0].startswith(b"GET /v1/prospects?pageSize=100&page=1&sort=ASC&sortBy=createdAt HTTP")


def test_a_prospect_may_have_no_email() -> None:
    with Canned(reply({"payload": [{"id": 7, "email": None}, {"id": "b"}]}, "200 OK", JSON)) as server:
        found = value_of(called(server.url, lambda api: api.look_up("", 1)))
    assert found == (FoundProspect("7", ""), FoundProspect("b", ""))


@pytest.mark.parametrize(
    "body",
    [
        {}, [], {"payload": None}, {"payload": {}}, {"payload": {"prospects": []}},
        {"payload": [], "error": {"code": 5001}}, {"payload": [JO, {"email": "jo@example.com"}]},
        {"payload": [JO, {**JO, "email": 7}]}, {"payload": [JO, "jzRkmgMdwA"]}, b"<html>Welcome</html>", b"",
    ],
    ids=repr,
)  # fmt: skip
def test_that_there_are_none_is_believed_only_in_the_apis_own_layout(body: object) -> None:
    """An entry that can't be read could be the one that is wanted."""
    with Canned(reply(body, "200 OK", JSON)) as server:
        assert failure_of(called(server.url, lambda api: api.look_up("jo@example.com", 1))).cause is Cause.UNREADABLE


def test_what_a_gateway_says_of_a_search_is_logged_without_the_email() -> None:
    body = {"message": "Cannot GET /v1/prospects?search=Jo%40example.com for jo@example.com"}
    failure = failure_of(taken(reply(body, "404 Not Found", JSON), lambda api: api.look_up("jo@example.com", 1)))
    assert "for jo@example.com" in render(failure.text)
    assert "example.com" not in render(failure.text.without_others())
