"""Uploads of files are taken as the vendor's reference has them, strictly, and recorded without being kept."""

import hashlib

import pytest
import requests

from tests.sandbox import Sandbox, UploadBehaviour
from tests.sandbox.conftest import call, post

CONTENT = b"%PDF-1.7 the summary of a call \r\n--boundar\r\n\x00\xff"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def upload(box: Sandbox, name: str = "call.pdf", content: bytes = CONTENT) -> requests.Response:
    return call(box, "POST", "/notes/attachments", files={"file": (name, content, "application/pdf")})


def test_a_file_is_answered_with_an_id_that_notes_may_name(box: Sandbox) -> None:
    reply = upload(box)
    assert reply.status_code == 201
    found = reply.json()["payload"]["attachmentId"]
    (stored,) = box.attachments
    assert (stored.id, stored.name, stored.type) == (found, "call.pdf", "application/pdf")
    assert (stored.size, stored.sha256) == (len(CONTENT), DIGEST)
    for prospects in (["a", "b"], ["a"]):
        assert post(box, prospectIds=prospects, attachmentIds=[found]).status_code == 201
    assert [note.attachment_ids for note in box.notes] == [(found,)] * 3
    assert [(stored.requests, stored.notes) for stored in box.attachments] == [(2, 3)]


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [
        ("setup.EXE", 9, 4001), ("failed.pdf", 9, 4000), ("large.pdf", 1001, 4002), ("large.pdf", 1000, 0),
        ("a.pdf", 0, 4000),
    ],
)  # fmt: skip
def test_a_file_is_refused_by_its_name_or_size(name: str, size: int, code: int) -> None:
    with Sandbox(uploads=UploadBehaviour(most=1000)) as box:
        reply = upload(box, name, b"x" * size)
        assert (reply.status_code, reply.json().get("code", 0)) == (400 if code else 201, code)
        assert len(box.attachments) == (not code)
