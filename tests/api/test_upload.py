"""A file leaves as a form; its id is read wherever it stands, and a refusal is the API's own word."""

from collections.abc import Callable
from email import message_from_bytes
from typing import Any

import pytest

from importer.api import Cause, Endpoint, FilePart, Reply
from importer.api.saleshandy import Saleshandy
from importer.messages import render
from tests.api.canned import KEY, Canned, called, failure_of, reply, taken, value_of

pytestmark = pytest.mark.usefixtures("dead_proxies")

UPLOADED = {"message": "ok", "payload": {"attachmentId": "At1"}}


def upload(name: str = "call.txt", content: bytes = b"Spoke") -> Callable[[Saleshandy], Reply[str]]:
    return lambda api: api.upload(FilePart(name, content))


@pytest.mark.parametrize(
    ("name", "content", "type_"),
    [
        ("call.txt", b"Spoke\r\n--\x00\xff", "text/plain"),
        ('Résumé "final"; 契約.pdf', b"%PDF-1.7", "application/pdf"),
        ("x.unheard-of", b"-", "application/octet-stream"),
    ],
)
def test_a_file_travels_as_the_vendors_reference_says(name: str, content: bytes, type_: str) -> None:
    with Canned(reply(UPLOADED)) as server:
        came = called(server.url, upload(name, content))
    assert value_of(came) == "At1"
    assert came.kind == Endpoint.UPLOAD
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().splitlines()
    assert lines[0] == "post /v1/notes/attachments http/1.1"
    assert f"x-api-key: {KEY}" in lines
    assert f"content-length: {len(body)}" in lines
    kind = next(line for line in head.splitlines() if line.lower().startswith(b"content-type"))
    form: Any = message_from_bytes(kind + b"\r\n\r\n" + body).get_payload()
    [part] = form
    assert part.get_content_type() == type_
    shown = name.replace('"', "%22")
    assert f'form-data; name="file"; filename="{shown}"'.encode() in body
    assert part.get_payload(decode=True) == content


@pytest.mark.parametrize(
    "document",
    [
        UPLOADED,
        {"payload": {"id": "At1"}},
        {"payload": {"id": "x", "attachmentId": "At1"}},
        {"payload": [{"attachmentId": "At1"}]}, {"payload": [{"id": "At1"}]}, {"attachmentId": "At1"}, {"id": "At1"},
        [{"attachmentId": "At1"}],
    ],
)  # fmt: skip
def test_the_id_is_read_however_the_reply_is_laid_out(document: object) -> None:
    assert value_of(taken(reply(document), upload())) == "At1"


@pytest.mark.parametrize("document", [{}, {"payload": []}, {"payload": [{"id": "A"}, {"id": "B"}]}, {"id": ""}, b"<p>"])
def test_what_tells_no_id_is_unclear(document: object) -> None:
    assert failure_of(taken(reply(document), upload())).cause is Cause.UNREADABLE


@pytest.mark.parametrize(
    ("code", "words", "cause"),
    [
        (4001, "'invalid api key.exe': type not supported", Cause.BAD_ATTACHMENT),
        ("4002", "Larger than 20 MB", Cause.TOO_LARGE),
        ("1001", "Invalid token", Cause.BAD_KEY),
    ],
)
def test_its_refusals_are_causes_in_its_words(code: object, words: str, cause: Cause) -> None:
    """A file's name in them can't make them say that the key is bad."""
    failure = failure_of(taken(reply({"code": code, "message": words}, "400 Bad Request"), upload()))
    assert failure.cause is cause
    assert words in render(failure.text)


def test_any_429_to_a_file_is_a_limit() -> None:
    """However long the file took: an upload may be made twice."""
    with Canned(reply(b"slow down", "429 Too Many Requests"), pause=0.05) as server:
        assert failure_of(called(server.url, upload())).cause is Cause.RATE_LIMITED
