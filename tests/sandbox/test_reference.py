"""The stand-in replies as the vendor's reference does, field by field."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.api.reference import REFUSALS, page
from tests.sandbox import REFERENCE, Limit, Sandbox, UploadBehaviour, shapes
from tests.sandbox.conftest import KEY, call, struck

NOTE: dict[str, Any] = {"content": "Hello", "visibility": "1", "prospectIds": ["Pr9xQ2Lm"]}
PAGES = ("create-note", "read-notes", "update-note", "list-prospects")
_WORDS = frozenset({"message", "key", "visibility", "status"})  # fields whose values, too, are as in the example
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_ID = re.compile(r"[A-Za-z0-9]{8,10}")


def different(shown: object, example: object, name: str = "") -> Iterator[str]:
    """Fields in which a reply differs from the example: names, forms of values, and words."""
    if isinstance(example, dict) and isinstance(shown, dict):
        if shown.keys() != example.keys():
            yield f"{name} has {[*shown]} and not {[*example]}"
        for field in example.keys() & shown.keys():
            yield from different(shown[field], example[field], field)
    elif isinstance(example, list) and isinstance(shown, list):
        if len(shown) < len(example):
            yield f"{name} has {len(shown)} entries"
        for one, other in zip(shown, example, strict=False):
            yield from different(one, other, name)
    elif not is_like(shown, example, name) if isinstance(shown, str) and isinstance(example, str) else shown != example:
        yield f"{name} is {shown!r}, and not as {example!r}"


def is_like(shown: str, example: str, name: str) -> bool:
    """Whether a text has the form of the example's; of some fields, whether it is the same."""
    if name.endswith("At"):
        return _DATE.fullmatch(shown) is not None
    if name in _WORDS:
        return shown.startswith(example.rstrip("…")) and (shown == example or example.endswith("…"))
    return _ID.fullmatch(shown) is not None or not _ID.fullmatch(example)


def create(box: Sandbox, *prospects: str) -> requests.Response:
    return call(box, "POST", "/notes", json=NOTE | {"prospectIds": prospects})


def create_two(box: Sandbox) -> requests.Response:
    return create(box, "Pr9xQ2Lm", "INVALIDxx")


def show(box: Sandbox) -> requests.Response:
    """A note that somebody has pinned and edited, before twenty others."""
    for _ in range(21):
        note_id = create(box, "Pr9xQ2Lm").json()["payload"]["results"][0]["noteId"]
    box.pin(note_id)
    call(box, "PATCH", f"/notes/{note_id}", json={"content": "<p>Hi</p>"})
    return call(box, "GET", "/prospects/Pr9xQ2Lm/notes")


def update(box: Sandbox) -> requests.Response:
    note_id = create(box, "Pr9xQ2Lm").json()["payload"]["results"][0]["noteId"]
    return call(box, "PATCH", f"/notes/{note_id}", json={"status": "1"})


def list_(box: Sandbox) -> requests.Response:
    return call(box, "GET", "/prospects")


SHOWN: dict[str, Callable[[Sandbox], requests.Response]] = dict(
    zip(PAGES, (create_two, show, update, list_), strict=True)
)


@pytest.mark.parametrize("name", PAGES)
def test_a_reply_is_the_references_field_by_field(name: str) -> None:
    reference = page(name)
    with Sandbox(prospects={"jzRkmgMdwA": "jo@example.com", "Pr9xQ2Lm": ""}) as box:
        reply = SHOWN[name](box)
    assert [*different(reply.json(), reference["reply"])] == []
    assert reply.status_code == reference["status"]


@pytest.mark.parametrize("name", PAGES)
def test_a_parameter_or_field_that_the_reference_does_not_name_is_refused(name: str) -> None:
    reference = page(name)
    method, path = reference["call"].replace("{prospectId}", "Pr9xQ2Lm").replace("/v1", "").split(" ")
    values = {"skip": "0", "take": "1", "search": "jo", "pageSize": "10", "page": "1", "sort": "ASC"}
    values |= {"sortBy": "createdAt", "includeCustomFields": "true"}
    fields = NOTE | {"attachmentIds": ["f1"], "status": "1"}
    with Sandbox() as box:
        box.know_attachments("f1")
        path = path.replace("{noteId}", create(box, "Pr9xQ2Lm").json()["payload"]["results"][0]["noteId"])
        query = {field: values[field] for field in reference.get("parameters", ())}
        body = {field: fields[field] for field in reference["request"]} if "request" in reference else None
        assert call(box, method, path, params=query, json=body).status_code == reference["status"]
        refused = [call(box, method, path, params=query | {"X": "1"}, json=body)]
        refused += [call(box, method, path, json=body | {"X": "1"})] if body else []
    for reply in refused:
        assert (reply.status_code, reply.json()["message"]) == (400, ["property X should not exist"])


@pytest.mark.parametrize("missing", page("create-note")["required"])
def test_a_field_that_the_reference_requires_must_be_given(missing: str) -> None:
    with Sandbox() as box:
        reply = call(box, "POST", "/notes", json={name: value for name, value in NOTE.items() if name != missing})
    assert reply.status_code == 400
    assert re.fullmatch(r".* must be a .*value", reply.json()["message"][0])


def test_the_limit_is_the_services() -> None:
    reference = page("limit")
    assert Limit(reference["calls"], reference["seconds"], in_all=reference["in_all"]) == REFERENCE
    with Sandbox(limit=Limit(1, 3600.0)) as box:
        create(box, "Pr9xQ2Lm")
        reply = create(box, "Pr9xQ2Lm")
    assert (reply.status_code, reply.json()) == (reference["status"], reference["reply"])


def refused(box: Sandbox, told: dict[str, Any]) -> requests.Response:
    """Call as it is told, so that the stand-in refuses with that code."""
    method, path = told["call"].split(" ") if " " in told["call"] else ("POST", "/v1/notes")
    path = path.removeprefix("/v1").replace("{prospectId}", "Pr9xQ2Lm").replace("{noteId}", "Nt7Yp4Za")
    headers, body, files = KEY, None, None
    if told["message"] == "Invalid token":
        headers = {"x-api-key": "another"}
    if method == "PATCH":
        body = {"status": "1"}
    elif path == "/notes":
        body = NOTE | ({"prospectIds": ["MALFORMED"]} if told["message"] == "Invalid prospect Id" else {})
    elif method == "POST":
        name = {4001: "a.exe", 4002: "large.pdf"}.get(told["code"], "failed.pdf")
        files = {"file": (name, b"x" * (9 if told["code"] == 4002 else 1))}
    return call(box, method, path, headers=headers, json=body, files=files)


@pytest.mark.parametrize("told", REFUSALS, ids=lambda told: f"{told['call']} {told['status']} {told['code']}")
def test_a_refusal_has_the_status_the_code_and_the_words_of_the_reference(told: dict[str, Any]) -> None:
    faults = [f"{told['status']}:any"] if told["status"] in (403, 500) else []
    faults += ["400-failed:GET"] if told["message"] == "Failed to fetch prospects" else []
    rules: dict[str, Any] = {"bad_key_status": told["status"]} if told["message"] == "Invalid token" else {}
    with struck(*faults, uploads=UploadBehaviour(most=5), **rules) as box:
        reply = refused(box, told)
    example = page("layouts")["layouts"]["code"] | {"code": told["code"], "message": told["message"]}
    assert reply.status_code == told["status"]
    assert [*different(reply.json(), example)] == []


@pytest.mark.parametrize("name", ["statusCode", "error_code"])
def test_a_mode_lays_out_every_refusal_otherwise(name: str) -> None:
    example = page("layouts")["layouts"][name]
    with Sandbox(shapes=[shapes.LAYOUTS[name]], limit=Limit(1, 3600.0)) as box:
        replies = [call(box, "POST", "/notes", json={**NOTE, "X": 1}), create(box, "a"), list_(box)]
        replies += [call(box, "PATCH", "/notes/Nt7Yp4Za", json={"status": "1"})]
    assert [reply.status_code for reply in replies] == [400, 400, 200, 400]
    words = ["property X should not exist", "Rate Limit exceeded", "", "Note not found or access denied"]
    for reply, said in zip(replies, words, strict=True):
        if said:
            assert [*reply.json()] == [*example]
            assert said in str(reply.json())


def test_modes_lay_out_successes_otherwise_and_can_be_combined() -> None:
    with Sandbox(shapes=[shapes.numbers, shapes.other_id, shapes.unnamed]) as box:
        (entry,) = create(box, "Pr9xQ2Lm").json()["payload"]["results"]
        (note,) = call(box, "GET", "/prospects/Pr9xQ2Lm/notes").json()["payload"]["notes"]
    assert entry == {"prospectId": "Pr9xQ2Lm", "success": True, "id": note["id"]}
    assert (note["visibility"], note["status"], "prospectId" in note) == (1, 1, False)
    with Sandbox(shapes=[shapes.as_list]) as box:
        assert create(box, "Pr9xQ2Lm").json()["payload"][0]["success"] is True
    with Sandbox(shapes=[shapes.at_the_top]) as box:
        assert create(box, "Pr9xQ2Lm").json()["results"][0]["success"] is True
        assert call(box, "GET", "/prospects/Pr9xQ2Lm/notes").json()["pagination"]["hasMore"] is False
