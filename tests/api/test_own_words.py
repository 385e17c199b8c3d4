"""Whose word a refusal is: the API's own proves that nothing was applied; a gateway's proves nothing."""

import json
from collections.abc import Sequence

import pytest

from importer.api import Cause, Failure
from tests.api.canned import Canned, called, create, failure_of, find, posted, reply, taken, update

JSON = "Content-Type: application/json; charset=utf-8"
MARKS = ("X-RateLimit-Remaining: 7", "X-RateLimit-Reset: 2026-04-21T10:57:07.000Z")

OWN = [
    ("404 Not Found", {"message": "Invalid prospect Id"}, Cause.UNKNOWN_PROSPECT),
    ("404 Not Found", {"message": "Prospect P1 does not exist"}, Cause.UNKNOWN_PROSPECT),
    ("422 Unprocessable Entity", {"message": ["content should not be empty"]}, Cause.BAD_REQUEST),
    ("422 Unprocessable Entity", {"message": '"content" is required'}, Cause.BAD_REQUEST),
    ("400 Bad Request", {"message": "Note content is too long"}, Cause.BAD_REQUEST),
    ("400 Bad Request", {"message": "content cannot be empty"}, Cause.BAD_REQUEST),
    ("400 Bad Request", {"message": "visibility must be one of the following values: 1, 2"}, Cause.BAD_REQUEST),
    ("400 Bad Request", {"message": "Attachment A1 was not found"}, Cause.BAD_ATTACHMENT),
    ("400 Bad Request", {"message": "Too many prospects, at most 50"}, Cause.TOO_LARGE),
    ("400 Bad Request", {"message": ["prospectIds must contain no more than 50 elements"]}, Cause.TOO_LARGE),
    ("422 Unprocessable", {"message": '"prospectIds" must contain less than or equal to 50 items'}, Cause.TOO_LARGE),
    ("400 Bad Request", {"statusCode": 400, "messages": ["Array must contain at most 50 element(s)"]}, Cause.TOO_LARGE),
    ("400 Bad Request", {"message": "Maximum of 50 recipients allowed"}, Cause.TOO_LARGE),
    ("400 Bad Request", {"message": "You can't create more than 50 notes at once"}, Cause.TOO_LARGE),
    ("413 Payload Too Large", {"message": "Too many prospects"}, Cause.TOO_LARGE),
    ("401 Unauthorized", {"message": "Invalid token"}, Cause.BAD_KEY),
    ("403 Forbidden", {"message": "Invalid token"}, Cause.BAD_KEY),
    ("401 Unauthorized", {"message": "Invalid API key"}, Cause.BAD_KEY),
    ("400 Bad Request", {"statusCode": 400, "message": ["content must be a string", "property x should not exist"]},
     Cause.WRONG_CALL),
]  # fmt: skip
INTERMEDIARY: list[tuple[str, object]] = [
    ("404 Not Found", {"message": "no Route matched with those values"}),  # Kong
    ("401 Unauthorized", {"message": "No API key found in request"}),
    ("401 Unauthorized", {"message": "Unauthorized"}),
    ("403 Forbidden", {"message": "Forbidden"}),  # AWS
    ("403 Forbidden", {"message": "Missing Authentication Token", "code": "MissingAuthenticationToken"}),
    ("413 Request Entity Too Large", {"message": "Request Entity Too Large"}),
    ("413 Content Too Large", {"message": "Content Too Large"}),
    ("422 Unprocessable Content", {"message": "Unprocessable Content"}),
    ("400 Bad Request", {"message": "Invalid request body"}),
    ("400 Bad Request", {"message": "Content-Length is required"}),
    ("400 Bad Request", {"message": "Request header exceeds the limit of 8192 bytes"}),
    ("403 Forbidden", {"message": "The content was blocked by your organization"}),
    ("404 Not Found", {"message": "The requested content cannot be displayed"}),
    ("404 Not Found", {"statusCode": 404, "message": "Cannot POST /v1/notes", "error": "Not Found"}),  # NestJS
    ("404 Not Found", {"message": "Cannot GET /v1/prospects/P1/notes", "code": 404}),
    ("404 Not Found", {"message": "The path v1/prospects/P1/notes was not found"}),
    ("404 Not Found", {"message": "No service for https://open-api.example/v1/prospects"}),
    ("400 Bad Request", {"error": {"code": "1001", "message": "Invalid prospect Id"}}),  # in no layout of the API
    ("400 Bad Request", {"errors": [{"message": "Array must contain at most 50 element(s)"}]}),
    ("400 Bad Request", {"code": 4001, "message": "Type not supported"}),  # a code of uploads
    ("400 Bad Request", {"code": 40000, "message": "No such thing"}),  # a code of limits and of imports
    ("404 Not Found", {"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}}),
    ("403 Forbidden", {"error": {"code": 403, "message": "User Rate Limit Exceeded", "status": "PERMISSION_DENIED"}}),
    ("400 Bad Request", {"message": "Please note: the upstream took longer than at most 60 seconds"}),
    ("400 Bad Request", {"message": "Failed to reach the upstream"}),
    ("400 Bad Request", {"message": "API rate limit exceeded"}),
    ("400 Bad Request", {"message": "User Rate Limit Exceeded"}),
    ("400 Bad Request", {"message": "The limit was exceeded"}),
    ("400 Bad Request", {"error_code": 1001, "title": "Error 1001: DNS resolution error"}),  # Cloudflare
    ("404 Not Found", {"fault": {"faultstring": "Unable to identify proxy for host"}}),  # Apigee
    ("400 Bad Request", {"message": "Bad request", "code": 1000}),
    ("400 Bad Request", ["Invalid prospect Id"]),
    ("400 Bad Request", "Invalid prospect Id"),
    ("400 Bad Request", b"<html><body>Invalid prospect Id</body></html>"),
    ("401 Unauthorized", b"Invalid token"),
    ("403 Forbidden", b""),
]


def named(value: object) -> str | None:
    return json.dumps(value)[:60] if isinstance(value, dict | list) else None


@pytest.mark.parametrize(("status", "body", "cause"), OWN, ids=named)
def test_what_is_documented_or_names_the_request_is_the_apis_word(status: str, body: object, cause: Cause) -> None:
    """Whatever the headers are: the live service was seen to refuse without those of its successes."""
    for headers in ([JSON, *MARKS], []):
        failure = failure_of(taken(reply(body, status, *headers)))
        assert (failure.cause, failure.is_applied) == (cause, False)


@pytest.mark.parametrize(("status", "body"), INTERMEDIARY, ids=named)
def test_a_gateways_refusal_proves_nothing(status: str, body: object) -> None:
    """Even with every header of the API's: a gateway may set them all."""
    failures = [failure_of(taken(reply(body, status, JSON, *MARKS), call)) for call in (create, find, update)]
    for failure in failures:
        assert (failure.cause, failure.is_applied) == (Cause.INTERMEDIARY, None)
        assert failure.at_work
        assert failure.is_size == status.startswith("413")


@pytest.mark.parametrize(
    ("status", "changing", "reading"),
    [("401 Unauthorized", Cause.BAD_KEY, Cause.BAD_KEY), ("403 Forbidden", Cause.NOT_PERMITTED, Cause.BAD_REQUEST)],
)
def test_changing_that_is_forbidden_concerns_the_key_or_its_owner(status: str, changing: Cause, reading: Cause) -> None:
    with Canned(reply({"code": 1001, "message": "Access denied"}, status)) as server:
        assert failure_of(called(server.url, create)).cause is changing
        assert failure_of(called(server.url, update)).cause is changing
        assert failure_of(called(server.url, find)).cause is reading


@pytest.mark.parametrize("filler", ["max ", "x", "/x", "api key "])
def test_of_a_refusal_without_end_only_the_beginning_is_judged(filler: str) -> None:
    """Looking through all of it would take minutes."""
    with Canned(reply({"message": filler * (200_000 // len(filler)) + " prospect"}, "400 Bad Request")) as server:
        assert failure_of(posted(server)).cause is Cause.INTERMEDIARY


NONE_LEFT = ("X-RateLimit-Remaining: 0",)


def after(seconds: float, body: object, *headers: str) -> Failure:
    """What a 429 means that came so long after the request had left, by the clock that is handed in."""
    times = iter([-8.0, 0.0, seconds])  # connecting took its time
    with Canned(reply(body, "429 Too Many Requests", *headers)) as server:
        return failure_of(posted(server, clock=lambda: next(times)))


@pytest.mark.parametrize("body", [{"message": "Too many requests"}, {}, b"", b"<html>Slow down</html>"])
def test_a_fast_429_in_any_words_is_a_limiters(body: object) -> None:
    failure = after(1.9, body, "Retry-After: 3")
    assert (failure.cause, failure.wait, failure.is_applied) == (Cause.RATE_LIMITED, 3.0, False)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", NONE_LEFT), (b"<html>Slow down</html>", NONE_LEFT), ({"message": "Too many requests"}, NONE_LEFT),
        ({"message": "Too many requests"}, ()),
        ({"message": "Too many requests"}, ("X-RateLimit-Remaining: 5",)),
        ({"message": "Too many requests"}, ("Retry-After: 3",)),
    ],
)  # fmt: skip
def test_a_slow_429_may_be_a_gateways_page_for_an_upstream_that_timed_out(body: object, headers: Sequence[str]) -> None:
    failure = after(2.1, body, *headers)
    assert (failure.cause, failure.is_applied) == (Cause.INTERMEDIARY, None)
