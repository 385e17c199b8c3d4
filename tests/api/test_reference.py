"""What the client makes of the vendor's examples and refusals, in every layout that a live reply was seen to have."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from importer.api import Answer, Cause, NotesPage, Reply
from importer.models import Status, Visibility
from tests.api.canned import PUBLIC, Call, failure_of, reply, taken, update, value_of
from tests.api.reference import REFUSALS, page
from tests.api.test_upload import upload
from tests.sandbox import shapes

pytestmark = pytest.mark.usefixtures("dead_proxies")

PROSPECTS = ("Pr9xQ2Lm", "INVALIDxx")
CALLS: dict[str, Call] = {
    "POST /v1/notes": lambda api: api.create(PUBLIC, PROSPECTS),
    "PATCH /v1/notes/{noteId}": update,
    "GET /v1/prospects/{prospectId}/notes": lambda api: api.find("Pr9xQ2Lm", 0, 20),
    "POST /v1/notes/attachments": upload(),
    "GET /v1/prospects": lambda api: api.look_up("jo@example.com", 1),
}
READS = ("GET /v1/prospects/{prospectId}/notes", "GET /v1/prospects")
EMAIL = "Avery.Stone@Example.com"
FORMS: dict[str, list[Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "as documented": [],
    "results or notes beside the message": [shapes.at_the_top],
    "results as the payload": [shapes.as_list],
    "the note's ID as id": [shapes.other_id],
    "numbers": [shapes.numbers],
    "notes without their prospect": [shapes.unnamed],
    "several at once": [shapes.other_id, shapes.numbers, shapes.unnamed, shapes.at_the_top],
}


def answered(call: str, status: int, body: object) -> Reply[Any]:
    phrase = {200: "OK", 201: "Created"}.get(status, "Refused")
    return taken(reply(body, f"{status} {phrase}", "Content-Type: application/json"), CALLS[call])


def example(name: str, form: str = "as documented") -> dict[str, Any]:
    """An example's document, with an email address where the reference leaves it out, in another form."""
    text = json.dumps(page(name)["reply"], ensure_ascii=False).replace('"email": "…"', f'"email": "{EMAIL}"')
    document: dict[str, Any] = json.loads(text)
    for shape in FORMS[form]:
        document = shape(copy.deepcopy(document))
    return document


@pytest.mark.parametrize("form", FORMS)
def test_created_notes_are_understood(form: str) -> None:
    answers = value_of(answered("POST /v1/notes", 201, example("create-note", form)))
    assert answers["Pr9xQ2Lm"] == Answer("Nt7Yp4Za")
    assert answers["INVALIDxx"].note_id is None
    assert answers["INVALIDxx"].reason is not None


@pytest.mark.parametrize("form", FORMS)
def test_notes_are_understood_and_their_author_is_an_email_in_lower_case(form: str) -> None:
    found: NotesPage = value_of(answered(READS[0], 200, example("read-notes", form)))
    (note,) = found.notes
    assert (note.note_id, note.content, note.author) == ("Nt7Yp4Za", "<p>…</p>", EMAIL.lower())
    assert (note.visibility, note.status) == (Visibility.PUBLIC, Status.PUBLISHED)
    assert (found.draft, found.has_more) == (None, True)


@pytest.mark.parametrize("missing", ["pinnedAt", "updatedAt", "editedAt", "editedBy"])
def test_any_date_but_that_of_creation_and_who_edited_a_note_may_be_null(missing: str) -> None:
    document = example("read-notes")
    document["payload"]["notes"][0][missing] = None
    found: NotesPage = value_of(answered(READS[0], 200, document))
    assert len(found.notes) == 1


def test_prospects_are_understood() -> None:
    (found,) = value_of(answered("GET /v1/prospects", 200, example("list-prospects")))
    assert (found.prospect_id, found.email) == ("jzRkmgMdwA", "jo@example.com")


def test_an_update_is_understood() -> None:
    update, document = "PATCH /v1/notes/{noteId}", example("update-note")
    document["payload"] |= {"id": "N1", "visibility": "2", "status": "0"}
    assert answered(update, 200, document).failure is None
    error = {"code": 1001, "message": "Note not found or access denied"}
    for status, odd in ((202, document), (200, error), (200, []), (200, {"payload": {"visibility": "1"}})):
        failure = answered(update, status, odd).failure
        assert failure is not None
        assert failure.is_applied is None
    document["payload"]["id"] = "N2"
    failure = answered(update, 200, document).failure
    assert failure is not None
    assert failure.is_astray


MEANINGS = {
    "Invalid prospect Id": "UNKNOWN_PROSPECT",
    "Invalid token": "BAD_KEY",
    "Internal server error, please try again later": "FAILED",
    "…": "FAILED",
    "Note not found or access denied": "BAD_REQUEST",
    "The file type you are trying to add is not supported.": "BAD_ATTACHMENT",
    "File exceeds the 20 MB upload limit…": "TOO_LARGE",
    "Failed to upload attachment": "BAD_ATTACHMENT",
    "Failed to fetch prospects": "FAILED",
    "You don't have required permissions to perform this task": "NOT_PERMITTED",
}
"""What each listed refusal means: the name of its cause."""


def laid_out(layout: str, code: int, words: str) -> dict[str, Any]:
    return shapes.LAYOUTS[layout]({"code": code, "type": "Error", "message": words})


@pytest.mark.parametrize("layout", shapes.LAYOUTS)
@pytest.mark.parametrize("told", REFUSALS, ids=lambda told: f"{told['call']} {told['status']} {told['code']}")
def test_each_listed_refusal_is_understood_in_each_layout(told: dict[str, Any], layout: str) -> None:
    for call in CALLS if told["call"] == "elsewhere" else [told["call"]]:
        failure = failure_of(answered(call, told["status"], laid_out(layout, told["code"], told["message"])))
        assert failure.cause.name == MEANINGS[told["message"]]
        assert failure.may_pass == (told["message"] == "Failed to upload attachment")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("layout", shapes.LAYOUTS)
@pytest.mark.parametrize("code", [40000, 4000])
@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_a_limit_is_known_by_its_words_whatever_the_status_the_code_and_the_layout(
    status: int, code: int, layout: str, call: str
) -> None:
    failure = failure_of(answered(call, status, laid_out(layout, code, "Rate Limit exceeded")))
    assert (failure.cause, failure.is_applied) == (Cause.RATE_LIMITED, False)
