"""Uploads of files are taken as the vendor's reference has them, strictly, and recorded without being kept."""

from __future__ import annotations

import hashlib
import io
import re
import socket
import tracemalloc
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
import requests

from tests.sandbox import Fault, Limit, Sandbox, UploadBehaviour
from tests.sandbox.forms import read_upload
from tests.sandbox.test_faults import eventually

KEY = {"x-api-key": "sandbox-key"}
CONTENT = b"%PDF-1.7 the summary of a call \r\n--boundar\r\n\x00\xff"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FORM = {"x-api-key": "sandbox-key", "Content-Type": "multipart/form-data; boundary=mark"}
HEAD = (
    b'--mark\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
)
WHOLE = HEAD + b"content\r\n--mark--\r\n"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


def upload(box: Sandbox, name: str = "call.pdf", content: bytes = CONTENT, **options: Any) -> requests.Response:
    sent: Any = {"files": {"file": (name, content, "application/pdf")}, "headers": KEY, "timeout": 10} | options
    return requests.post(f"{box.url}/notes/attachments", **sent)


def post(box: Sandbox, *attachments: str, prospects: tuple[str, ...] = ("a",)) -> int:
    body = {"content": "x", "visibility": "1", "prospectIds": prospects, "attachmentIds": attachments}
    return requests.post(f"{box.url}/notes", json=body, headers=KEY, timeout=10).status_code


def codes(reply: requests.Response) -> tuple[int, int]:
    return reply.status_code, reply.json()["code"]


def test_a_file_is_answered_with_an_id_that_notes_may_name(box: Sandbox) -> None:
    reply = upload(box)
    assert reply.status_code == 201
    found = reply.json()["payload"]["attachmentId"]
    (stored,) = box.attachments
    assert (stored.id, stored.name, stored.type) == (found, "call.pdf", "application/pdf")
    assert (stored.size, stored.sha256) == (len(CONTENT), DIGEST)
    assert post(box, found, prospects=("a", "b")) == 201
    assert post(box, found) == 201
    assert [note.attachment_ids for note in box.notes] == [(found,)] * 3
    assert [(stored.requests, stored.notes) for stored in box.attachments] == [(2, 3)]


def test_what_came_is_recorded_and_shown_even_of_what_was_refused(box: Sandbox) -> None:
    """But its content is not; who tests a client sees what left it."""
    record = {"type": "application/pdf", "size": len(CONTENT), "sha256": DIGEST}
    upload(box, "run.exe")
    upload(box, 'déjà "vu" ™.pdf')
    assert [received.body for received in box.received] == [
        {"file": {"name": "run.exe", **record}},
        {"file": {"name": 'déjà "vu" ™.pdf', **record}},
    ]
    shown = requests.get(box.page("attachments"), timeout=10).json()["attachments"]
    assert [(one["name"], one["sha256"], one["requests"]) for one in shown] == [('déjà "vu" ™.pdf', DIGEST, 0)]


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("", {"attachmentId": "At"}),
        ("id", {"id": "At"}),
        ("list", [{"attachmentId": "At"}]),
        (":list:id", [{"id": "At"}]),
    ],
)
def test_the_reply_is_laid_out_as_chosen(text: str, payload: object) -> None:
    with Sandbox(uploads=UploadBehaviour.parse(text), created_status=200) as box:
        reply = upload(box)
        (stored,) = box.attachments
        assert str(reply.json()["payload"]) == str(payload).replace("At", stored.id)
        assert reply.status_code == 200


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [
        ("setup.EXE", 9, 4001),
        ("failed.pdf", 9, 4000),
        ("large.pdf", 1001, 4002),
        ("large.pdf", 1000, 0),
        ("a.pdf", 0, 4000),
    ],
)
def test_a_file_is_refused_by_its_name_or_size(name: str, size: int, code: int) -> None:
    with Sandbox(uploads=UploadBehaviour(most=1000)) as box:
        reply = upload(box, name, b"x" * size)
        assert (reply.status_code, reply.json().get("code", 0)) == (400 if code else 201, code)
        assert len(box.attachments) == (not code)


@pytest.mark.parametrize(
    "options",
    [
        {"files": {"other": ("a.pdf", b"x")}},
        {"files": [("file", ("a.pdf", b"x")), ("file", ("b.pdf", b"y"))]},
        {"files": {"file": ("a.pdf", b"x")}, "data": {"note": "n"}},
        {"files": {"file": (None, b"x")}},
        {"files": {"file": ("a/b.pdf", b"x")}},
        {"files": {"file": ("..\\b.pdf", b"x")}},
        {"files": {"file": ("a\0b.pdf", b"x")}},
        {"files": {"file": ("é" * 128, b"x")}},
        {"files": None, "json": {"file": "x"}},
        {"files": None, "data": {"file": "x"}},
        {"files": None, "data": WHOLE, "headers": KEY},
        *(
            {"files": None, "data": data, "headers": FORM}
            for data in [
                b"",
                b"--mark--",
                b"before\r\n" + WHOLE,
                WHOLE + b"after",
                WHOLE[:-4],
                WHOLE.replace(b"--mark--", b"--mark -"),
                WHOLE.replace(b"Content-D", b"D"),
                WHOLE.replace(b"form-data", b"attachment"),
                WHOLE.replace(b'filename="a.pdf"', b"filename*=UTF-8''a.pdf"),
                WHOLE.replace(b"a.pdf", b"\xff.pdf"),
                WHOLE.replace(b"a.pdf", b"a" * 20_000),
                WHOLE.replace(b' name="file";', b""),
            ]
        ),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused_whole(box: Sandbox, options: dict[str, Any]) -> None:
    """And the connection goes on: the body was read to its end, whatever it held."""
    with requests.Session() as session:
        sent: Any = {"headers": KEY, "timeout": 10} | options
        refused = session.post(f"{box.url}/notes/attachments", **sent)
        assert codes(refused) == (400, 4000)
        assert refused.json()["message"] == "Failed to upload attachment"
        assert box.attachments == ()
        right = session.post(f"{box.url}/notes/attachments", data=WHOLE, headers=FORM, timeout=10)
        assert right.status_code == 201


def test_an_upload_needs_the_key_and_is_a_call_like_others() -> None:
    with Sandbox(limit=Limit(1, 3600)) as box:
        assert codes(upload(box, headers={})) == (400, 1001)
        assert codes(upload(box)) == (400, 40000)
        box.set_limit(None)
        assert requests.get(f"{box.url}/notes/attachments", headers=KEY, timeout=10).status_code == 405
        assert requests.post(f"{box.url}/attachments", headers=KEY, timeout=10).status_code == 404
        chunks = requests.post(f"{box.url}/notes/attachments", data=iter([WHOLE]), headers=FORM, timeout=10)
        assert chunks.status_code == 411
        assert box.attachments == ()


def test_a_note_that_names_an_attachment_that_is_not_there_is_refused_whole(box: Sandbox) -> None:
    box.know_attachments("old")
    found = upload(box).json()["payload"]["attachmentId"]
    reply = requests.post(
        f"{box.url}/notes",
        json={"content": "x", "visibility": "1", "prospectIds": ["a"], "attachmentIds": [found, "call.pdf"]},
        headers=KEY,
        timeout=10,
    )
    assert (*codes(reply), reply.json()["message"]) == (400, 1001, "Invalid attachment Id")
    assert (box.notes, box.attachments[0].requests) == ((), 0)
    assert post(box, found, "old") == 201


@pytest.mark.parametrize(
    ("text", "served"),
    [("x1", [201, 400, 400]), ("x2", [201, 201, 400]), ("notes=3", [201, 400, 201]), ("", [201, 201, 201])],
)
def test_an_id_serves_so_many_requests_or_notes(text: str, served: list[int]) -> None:
    with Sandbox(uploads=UploadBehaviour.parse(text)) as box:
        found = upload(box).json()["payload"]["attachmentId"]
        requested = [("a", "b"), ("a", "b"), ("a",)]
        assert [post(box, found, prospects=prospects) for prospects in requested] == served
        again = upload(box).json()["payload"]["attachmentId"]
        assert post(box, again) == 201
        assert found != again


def test_an_id_serves_for_so_long() -> None:
    now = [1_776_769_027.0]
    with Sandbox(uploads=UploadBehaviour.parse("life=60"), time_source=lambda: now[0]) as box:
        found = upload(box).json()["payload"]["attachmentId"]
        now[0] += 60
        assert post(box, found) == 201
        now[0] += 0.1
        assert post(box, found) == 400


@pytest.mark.parametrize("text", ["x0", "often", "life=", "notes=many", "known=", "id:later"])
def test_a_text_that_says_nothing_of_uploads_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="says nothing of uploads"):
        UploadBehaviour.parse(text)


@pytest.mark.parametrize(("when", "stored"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("kind", ["400", "500", "html-502", "empty", "null", "not-json", "missing", "missing-all"])
def test_a_fault_strikes_an_upload_before_it_is_stored_or_after(kind: str, when: str, stored: int) -> None:
    """No reply has an id that can be read, and the next upload is answered well; what came is recorded in any case."""
    with Sandbox(faults=[Fault.parse(f"{kind}:{when}:upload@1")]) as box:
        spoilt = upload(box)
        assert kind == "not-json" or not re.search("At[0-9a-f]{8}", spoilt.text)
        assert len(box.attachments) == stored
        assert upload(box).status_code == 201
        assert [received.fault for received in box.received] == [f"{kind}:{when}", None]
        assert all(received.body == box.received[1].body for received in box.received)


@pytest.mark.parametrize(
    ("kind", "stored"), [("reset:before", 0), ("close:after", 1), ("cut-request", 0), ("hang=0:after", 1)]
)
def test_the_reply_to_an_upload_is_lost(kind: str, stored: int) -> None:
    with Sandbox(faults=[Fault.parse(f"{kind}:upload@1")]) as box:
        with pytest.raises(requests.ConnectionError):
            upload(box)
        assert len(box.attachments) == stored


def test_faults_count_uploads_apart_from_notes() -> None:
    with Sandbox(faults=[Fault.parse("503@2"), Fault.parse("500:upload@2"), Fault.parse("502:any@5")]) as box:
        box.know_attachments("f")
        calls = [
            upload(box).status_code,
            post(box, "f"),
            upload(box).status_code,
            post(box, "f"),
            upload(box).status_code,
        ]
        assert calls == [201, 201, 500, 503, 502]
    with pytest.raises(ValueError, match="spoils the answers to a POST"):
        Fault.parse("true-null:upload")


def test_a_client_that_goes_amid_a_file_leaves_no_attachment(box: Sandbox) -> None:
    """What came until then is recorded."""
    with socket.create_connection(("127.0.0.1", box.port), timeout=10) as client:
        head = "".join(f"{name}: {value}\r\n" for name, value in FORM.items())
        line = f"POST /v1/notes/attachments HTTP/1.1\r\nHost: 127.0.0.1:{box.port}\r\nContent-Length: 1000\r\n"
        client.sendall(f"{line}{head}\r\n".encode() + HEAD + b"secret" * 20)
    eventually(lambda: box.received and box.received[0].body)
    record: Any = box.received[0].body
    assert record["file"]["name"] == "a.pdf"
    assert 100 <= record["file"]["size"] <= 120
    assert (box.attachments, box.received[0].status) == ((), None)


def test_a_file_is_never_held_whole() -> None:
    """Of 20 MB a few blocks, though the mark is cut in two wherever a block ends."""
    headers = Message()
    headers["Content-Type"] = FORM["Content-Type"]
    content = (b"\r\n--mar" * 2_500_000)[:19_999_999]
    body = HEAD + content + b"\r\n--mark--\r\n"
    stream = io.BufferedReader(io.BytesIO(body))
    tracemalloc.start()
    try:
        upload = read_upload(stream, len(body), headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (upload.size, upload.sha256, upload.wrong) == (len(content), hashlib.sha256(content).hexdigest(), "")
    assert peak < 1_000_000
