"""Each refusal that the API is known to give, in each of its three layouts, whatever the HTTP status is."""

from collections.abc import Callable
from typing import Any

import pytest

from importer.api import Cause, FilePart, Reply
from importer.api.saleshandy import Saleshandy
from importer.messages import render
from tests.api.canned import Call, create, find, refused, update

pytestmark = pytest.mark.usefixtures("dead_proxies")


def upload(api: Saleshandy) -> Reply[Any]:
    return api.upload(FilePart("a.txt", b"a"))


def listing(api: Saleshandy) -> Reply[Any]:
    return api.look_up("", 1)


CALLS: tuple[Call, ...] = (create, find, update, upload, listing)

LAYOUTS: dict[str, Callable[[int | None, str], object]] = {
    "code": lambda code, words: {"code": code, "type": "error", "message": words},
    "message": lambda _, words: {"statusCode": 400, "message": words, "error": "Bad Request"},
    "message, a list": lambda _, words: {"statusCode": 400, "message": [words], "error": "Bad Request"},
    "messages": lambda _, words: {"statusCode": 400, "messages": [words], "error": "Bad Request"},
    "error_code": lambda code, words: {"error": True, "error_code": code, "error_message": words},
}
in_each_layout = pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)


FAILURES = (
    (4000, "Failed to create notes"), (4000, "Failed to fetch prospects"),
    (5001, "Internal server error, please try again later"),
)  # fmt: skip


@in_each_layout
@pytest.mark.parametrize("status", [400, 500])
def test_the_general_failure_leaves_open_whether_notes_were_created(layout: Any, status: int) -> None:
    """It may have come halfway; but the API has said that it is over. So it is with the API's own 500."""
    for call in (create, update, find, listing):
        for code, words in FAILURES:
            failure = refused(status, layout(code, words), call=call)
            assert (failure.cause, failure.is_applied, failure.at_work) == (Cause.FAILED, None, False)
            assert words in render(failure.text)


def test_the_code_of_the_general_failure_is_enough_if_the_words_are_new() -> None:
    for layout in (LAYOUTS["code"], LAYOUTS["error_code"]):
        failure = refused(400, layout(4000, "Something went wrong"))
        assert (failure.cause, failure.is_applied, failure.at_work) == (Cause.FAILED, None, False)


@in_each_layout
@pytest.mark.parametrize(
    ("status", "code", "words", "cause"),
    [
        (400, 1001, "Invalid token", Cause.BAD_KEY),
        (401, 1001, "Invalid token", Cause.BAD_KEY),
        (400, 1001, "Invalid prospect Id", Cause.UNKNOWN_PROSPECT),
        (400, 1001, "Note not found or access denied", Cause.BAD_REQUEST),
        (403, 4003, "You don't have required permissions to perform this task", Cause.NOT_PERMITTED),
        (400, None, "property prospectId should not exist", Cause.WRONG_CALL),
        (422, None, "visibility must be one of the following values: 1, 2", Cause.BAD_REQUEST),
    ],
)
def test_the_words_decide_where_one_code_means_several_things(
    layout: Any, status: int, code: int | None, words: str, cause: Cause
) -> None:
    for call in CALLS:
        failure = refused(status, layout(code, words), call=call)
        assert (failure.cause, failure.is_applied) == (cause, False)
        assert words in render(failure.text)


def test_another_run_would_fail_alike_and_the_message_says_whose_fault_it_is() -> None:
    wrong = refused(400, {"statusCode": 400, "message": ["property prospectId should not exist"]})
    assert "property prospectId should not exist" in render(wrong.text)
    assert "fault of the program" in render(wrong.text)
    denied = refused(403, {"code": 4003, "message": "You don't have required permissions"})
    assert "permission" in render(denied.text)
    assert "SALESHANDY_API_KEY" not in render(denied.text)
