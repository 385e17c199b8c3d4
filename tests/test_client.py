"""One call is one attempt, and its reply is never trusted: what each reply means, byte by byte."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from importer.client import Client
from importer.errors import (
    CallFailed,
    ImporterError,
    KeyRefused,
    NotSent,
    RateLimited,
    Redirected,
    Refused,
    Unclear,
)
from importer.models import Answer, Note, Status, Visibility
from importer.pacing import Signals
from importer.sandbox import Sandbox

KEY = "key-that-nobody-may-see"
NOTE = Note("Spoke about “terms” 🤝", Visibility.PRIVATE, Status.DRAFT, ("A1", "A2"))
PUBLIC = Note("Hello", Visibility.PUBLIC, Status.PUBLISHED)


class Canned:
    """A server on a free port that answers every request with the same bytes, piece by piece, and keeps what it read.

    Args:
        pieces: what to send; before each comes the pause.
        pause: in seconds.
        stays: whether the connection is left open afterwards, until the server is stopped.
    """

    def __init__(self, *pieces: bytes, pause: float = 0.0, stays: bool = False) -> None:
        self.pieces, self.pause, self.stays = pieces, pause, stays
        self.requests: list[bytes] = []
        self.sent = 0
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Canned:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with socket.create_connection(self._socket.getsockname()):
            pass  # wakes it up
        for thread in self._threads:
            thread.join()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def _accept(self) -> None:
        while not self._over.is_set():
            connection, _ = self._socket.accept()
            self._threads.append(threading.Thread(target=self._answer, args=(connection,), daemon=True))
            self._threads[-1].start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                request = connection.recv(65536)
                while request and b"content-length" in request.lower() and not request.rstrip().endswith(b"}"):
                    request += connection.recv(65536)
                if not request:
                    return
                self.requests.append(request)
                for piece in self.pieces:
                    if self.pause and self._over.wait(self.pause):
                        break
                    connection.sendall(piece)
                    self.sent += len(piece)
                if self.stays:
                    self._over.wait()
            except OSError:
                return  # the client has gone


def reply(body: object, status: str = "201 Created", *headers: str, length: int | None = None) -> bytes:
    """A whole reply; a body that isn't bytes is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = len(data) if length is None else length
    lines = [f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {size}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + data


def entry(prospect: object, note_id: object = None, success: object = True, **more: object) -> dict[str, object]:
    return {"prospectId": prospect, "noteId": note_id, "success": success, **more}


def results(*entries: object) -> dict[str, object]:
    return {"message": "Notes created successfully", "payload": {"results": list(entries)}}


def client(url: str, read_timeout: float = 5.0, observe: Callable[[Signals], None] = lambda _: None) -> Client:
    return Client(url, KEY, connect_timeout=5.0, read_timeout=read_timeout, observe=observe, clock=time.time)


def post(server: Canned, prospects: Sequence[str] = ("P1", "P2"), **options: Any) -> dict[str, Answer]:
    calls = client(server.url, **options)
    try:
        return calls.create_notes(PUBLIC, prospects)
    except ImporterError as error:
        assert KEY not in str(error)
        raise
    finally:
        calls.close()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A proxy that nobody answers at: whoever used it would fail."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    yield


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_a_request_travels_as_the_vendors_reference_says() -> None:
    with Canned(reply(results(entry("P1", "N1")))) as server:
        calls = client(server.url)
        calls.create_notes(NOTE, ["P1"])
        calls.close()
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().splitlines()
    assert lines[0] == "post /v1/notes http/1.1"
    assert f"x-api-key: {KEY}" in lines
    assert "content-type: application/json" in lines
    assert json.loads(body) == {
        "content": NOTE.text,
        "visibility": "2",
        "status": "0",
        "prospectIds": ["P1"],
        "attachmentIds": ["A1", "A2"],
    }


def test_no_attachments_means_no_such_field() -> None:
    with Canned(reply(results())) as server:
        post(server)
    assert b"attachmentIds" not in server.requests[0]


def test_neither_proxies_nor_a_netrc_nor_cookies_of_the_machine_come_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password netrc-secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    with Canned(reply(results(entry("P1", "N1")))) as server:
        post(server, ["P1"])
    assert b"authorization" not in server.requests[0].lower()
    assert b"netrc-secret" not in server.requests[0]


def test_ids_are_quoted_in_the_address() -> None:
    with Canned(reply({"payload": {"notes": []}}, "200 OK")) as server:
        calls = client(server.url)
        calls.notes_of("a/b?c d", 100)
        calls.update_note("n/1", visibility="2")
        calls.close()
    assert server.requests[0].startswith(b"GET /v1/prospects/a%2Fb%3Fc%20d/notes?skip=100&take=100 ")
    assert server.requests[1].startswith(b"PATCH /v1/notes/n%2F1 ")


def test_every_replys_headers_are_told() -> None:
    told: list[Signals] = []
    with Canned(reply(results(), "201 Created", "X-RateLimit-Remaining: 7")) as server:
        post(server, observe=told.append)
    assert (told[0].kind, told[0].status, told[0].headers["x-ratelimit-remaining"]) == ("POST", 201, "7")
    assert told[0].began <= told[0].came


# -- answers ----------------------------------------------------------------------------------------------------------

CREATED, REJECTED = Answer("N1"), Answer(None, "no such prospect")


@pytest.mark.parametrize(
    ("entries", "answers"),
    [
        ([entry("P1", "N1"), entry("P2", "N2")], {"P1": Answer("N1"), "P2": Answer("N2")}),
        ([entry("P2", "N2"), entry("P1", "N1")], {"P1": Answer("N1"), "P2": Answer("N2")}),
        ([entry("P1", "N1")], {"P1": CREATED}),
        ([], {}),
        ([entry("P1", "N1"), entry("P1", "N1")], {"P1": CREATED}),
        ([entry("P1", "N1"), entry("P1", "N2")], {}),
        ([entry("P1", "N1"), entry("P1", None, False)], {}),
        ([entry("P1", None, False), entry("P1", None, False), entry("P1", "N1")], {}),
        ([entry("P1", "N1"), entry("P2", "N1")], {}),  # one note can't be two prospects'
        ([entry("P1", None)], {}),
        ([entry("P1", "")], {}),
        ([entry("P1", "N1", False)], {}),
        ([entry("P1", "N1", "true")], {}),
        ([entry("P1", "N1", None)], {}),
        ([entry("P1", "N1", 1)], {}),
        ([entry("other", "N1")], {}),
        ([entry(None, "N1"), "P1", 7, None, [], {}], {}),
        ([entry("P1", "\ud800")], {}),  # no text that could be kept
        ([entry("P1", "N\udfff1")], {}),
        ([entry("P1", "\ud800", False)], {}),
        ([entry("P1", ["N1"], False)], {}),
        ([entry("P1", 12345)], {"P1": Answer("12345")}),
        ([entry(" P1 ", "N1 ")], {"P1": CREATED}),
        ([entry("P1", None, False, message="no such prospect")], {"P1": REJECTED}),
        ([entry("P1", None, False, error={"message": "no such\n prospect"})], {"P1": REJECTED}),
        ([entry("P1", None, False, message=f"no such {KEY}")], {"P1": Answer(None, "no such (key)")}),
    ],
)
def test_answers_are_matched_by_prospect_and_what_is_not_certain_is_missing(
    entries: list[object], answers: dict[str, Answer]
) -> None:
    with Canned(reply(results(*entries))) as server:
        assert post(server) == answers


def test_a_rejection_without_a_reason_says_so() -> None:
    with Canned(reply(results(entry("P1", None, False)))) as server:
        assert "gave no reason" in post(server)["P1"].reason


def test_a_compressed_reply_is_read() -> None:
    body = gzip.compress(json.dumps(results(entry("P1", "N1"))).encode())
    with Canned(reply(body, "200 OK", "Content-Encoding: gzip")) as server:
        assert post(server) == {"P1": CREATED}


def test_a_reply_that_drips_in_is_waited_for() -> None:
    whole = reply(results(entry("P1", "N1")))
    pieces = [whole[place : place + 8] for place in range(0, len(whole), 8)]
    with Canned(*pieces, pause=0.005) as server:
        assert post(server) == {"P1": CREATED}


# -- unclear ----------------------------------------------------------------------------------------------------------

NESTED = b'{"a":' * 100_000
BOMB = gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"", "201 Created"),
        reply(b"", "204 No Content"),
        reply(b"<html>Welcome</html>", "200 OK", "Content-Type: text/html"),
        reply(b'{"message": "Notes cre'),
        reply(b"null"),
        reply(b"[]"),
        reply(b"7"),
        reply(b'"created"'),
        reply(b"\xff\xfe\x00"),
        reply({"payload": None}),
        reply({"payload": {"results": None}}),
        reply({"payload": {"results": {"P1": "N1"}}}),
        reply({"results": [entry("P1", "N1")]}),
        reply(results(entry("P1", "N1")), length=10_000),
        reply(b"\x1f\x8bnot gzip", "200 OK", "Content-Encoding: gzip"),
        reply(gzip.compress(json.dumps(results(entry("P1", "N1"))).encode())[:-12], "200 OK", "Content-Encoding: gzip"),
        reply(BOMB, "200 OK", "Content-Encoding: gzip"),
        reply(NESTED),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\nnonsense\r\n",
        reply({"message": "oops"}, "500 Internal Server Error"),
        reply(b"", "502 Bad Gateway"),
        reply(b"<html>", "503 Service Unavailable"),
        reply(b"", "504 Gateway Timeout"),
        reply(b"", "599 Whatever"),
        reply(b"", "408 Request Timeout"),
        b"",
        b"HTTP/1.1 201",
        b"HTTP/1.1 201 Created\r\nContent-Le",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 banana Created\r\n\r\n",
        b"HTTP/1.1 201 Created\r\n" + b"x: y\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 201 Created\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=lambda answer: str(answer[:60]),
)  # fmt: skip
def test_what_cannot_be_read_with_certainty_is_unclear(answer: bytes) -> None:
    with Canned(answer) as server, pytest.raises(Unclear):
        post(server)
    assert len(server.requests) == 1  # nothing is sent twice by itself


@pytest.mark.parametrize("status", ["502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout", "408 Timeout"])
def test_where_a_gateway_answers_the_server_may_still_be_at_work(status: str) -> None:
    with Canned(reply(b"", status)) as server, pytest.raises(Unclear) as caught:
        post(server)
    assert caught.value.at_work


def test_where_the_server_itself_failed_it_is_no_longer_at_work() -> None:
    with Canned(reply({"message": "oops"}, "500 Error")) as server, pytest.raises(Unclear, match="oops") as caught:
        post(server)
    assert not caught.value.at_work


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [
        ([], 0.0),  # never an answer
        ([b"HTTP/1.1 201 Created\r\nx-slow: "] + [b"y"] * 500, 0.1),  # headers without end
        ([b"HTTP/1.1 201 Created\r\n"] + [b"x: y\r\n"] * 90, 0.1),
        ([b"HTTP/1.1 201 Created\r\nContent-Length: 9999\r\n\r\n"] + [b" "] * 500, 0.1),  # a body without end
    ],
)
def test_no_reply_is_waited_for_without_end(pieces: list[bytes], pause: float) -> None:
    with Canned(*pieces, pause=pause, stays=True) as server, pytest.raises(Unclear):
        post(server, read_timeout=0.3)


def test_no_reply_is_kept_whole_however_large() -> None:
    block = b" " * 1_000_000
    with Canned(b"HTTP/1.1 200 OK\r\n\r\n", *[block] * 40) as server, pytest.raises(Unclear, match="did not end"):
        post(server)


# -- how much of a reply is taken -------------------------------------------------------------------------------------

MEGABYTE = b" " * 1_000_000
SOCKETS_HOLD = 20  # megabytes that may be on their way between server and client, at the most


@pytest.mark.parametrize("location", ["Location: http://elsewhere.example/", "Location: http://[::1/", "X: y"])
def test_of_a_redirect_no_body_is_read_and_no_target_hides_it(location: str) -> None:
    head = reply(b"", "302 Found", location, length=200_000_000)
    with Canned(head, *[MEGABYTE] * 200) as server, pytest.raises(Redirected, match="redirect"):
        post(server)
    assert server.sent < SOCKETS_HOLD * 1_000_000


@pytest.mark.parametrize(
    "call", [lambda calls: calls.create_notes(PUBLIC, ["P1"]), lambda calls: calls.update_note("N1", status="0")]
)
@pytest.mark.parametrize("status", ["200 OK", "500 Error", "404 Not Found"])
def test_of_a_reply_no_more_is_read_than_the_call_may_bring(call: Callable[[Client], Any], status: str) -> None:
    with Canned(reply(b"", status, length=200_000_000), *[MEGABYTE] * 200) as server:
        calls = client(server.url)
        with pytest.raises(Refused if status.startswith("404") else Unclear) as caught:
            call(calls)
        calls.close()
    assert server.sent < SOCKETS_HOLD * 1_000_000
    assert not isinstance(caught.value, Refused) or not caught.value.in_api_words


@pytest.mark.parametrize("value", [b"{}", b"[]", b"[[]]", b'{"a":1}', b"1e5", b'"ab"', rb'"\"{"', b'{"":"', rb'"\"'])
def test_json_of_many_small_values_does_not_fill_the_memory(value: bytes) -> None:
    """Three bytes of it take a hundred in memory; a page may be large, but not of that."""
    size = 9_000_000
    body = b'{"payload":{"notes":[' + b",".join([value] * (size // (len(value) + 1))) + b"]}}"
    with Canned(reply(body, "200 OK")) as server:
        calls = client(server.url)
        tracemalloc.start()
        try:
            with pytest.raises(Unclear):
                calls.notes_of("P1", 0)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            calls.close()
    assert peak < 8 * size


def test_a_page_of_a_hundred_long_notes_is_read() -> None:
    notes = [found(id=f"N{number}", content="{[<é>" * 6_000) for number in range(100)]
    page = read({"payload": {"notes": notes}})
    assert len(page.notes) == 100
    assert len(read({"payload": {"notes": [found(content="x" * 4_000_000)]}}).notes[0].content) == 4_000_000


# -- surely not applied -----------------------------------------------------------------------------------------------


def test_nobody_there_means_not_sent_and_names_the_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    calls = client(f"http://127.0.0.1:{port}/v1")
    for call in (lambda: calls.create_notes(PUBLIC, ["P1"]), lambda: calls.notes_of("P1", 0)):
        with pytest.raises(NotSent, match=f"127.0.0.1:{port} could not be reached"):
            call()
    calls.close()


def test_a_tls_failure_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Canned(b"this is no TLS\r\n", stays=True) as server:
        calls = Client(
            server.url.replace("http:", "https:"), KEY, connect_timeout=2, read_timeout=2, observe=lambda _: None,
            clock=time.time,
        )  # fmt: skip
        with pytest.raises(NotSent):
            calls.create_notes(PUBLIC, ["P1"])
        calls.close()
    assert not any(KEY.encode() in request for request in server.requests)


def test_only_https_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Canned(reply(b"", "403 Forbidden")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/v1"))
        calls = client("https://api.example/v1")
        with pytest.raises(NotSent):
            calls.create_notes(PUBLIC, ["P1"])
        calls.close()
    assert proxy.requests[0].startswith(b"CONNECT api.example:443")
    assert KEY.encode() not in proxy.requests[0]


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "413 Too Large", "422 Unprocessable", "418 I"])
def test_a_refusal_comes_in_the_apis_own_words(status: str) -> None:
    answer = reply({"error": {"code": 1001, "message": "Invalid prospect Id"}}, status)
    with Canned(answer) as server, pytest.raises(Refused, match=r"^Invalid prospect Id$") as caught:
        post(server)
    assert caught.value.status == int(status[:3])
    assert caught.value.in_api_words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "A"}, "A"),
        ({"error": "B"}, "B"),
        ({"errors": ["C", "D"]}, "C"),
        ({"errors": [{"message": "E"}]}, "E"),
        ({"message": ["F"]}, "F"),
        ({"message": "two\nlines\u0000"}, "two lines"),
        ({"message": "x" * 10_000}, "x" * 300),
        (b"<html>Request blocked</html>", "404 Not Found"),
        (b"", "404 Not Found"),
        ({"message": {"deep": "er"}}, "404 Not Found"),
        ({"message": f"no {KEY} here"}, "no (key) here"),
    ],
)
def test_words_are_found_wherever_they_stand(body: object, words: str) -> None:
    with Canned(reply(body, "404 Not Found")) as server, pytest.raises(Refused) as caught:
        post(server)
    assert str(caught.value) == words


def test_a_refusal_that_broke_off_is_asked_again() -> None:
    with Canned(reply({"message": "Invalid prospect Id"}, "400 Bad Request", length=999)) as server:
        with pytest.raises(NotSent):
            post(server)
        calls = client(server.url)
        with pytest.raises(Unclear):
            calls.notes_of("P1", 0)
        calls.close()


# -- waiting ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["Retry-After: 7"], 7.0),
        (["Date: Tue, 21 Apr 2026 10:57:07 GMT", "Retry-After: Tue, 21 Apr 2026 10:57:30 GMT"], 23.0),
        (["Date: Tue, 21 Apr 2026 10:57:07 GMT", "Retry-After: Tue, 21 Apr 2026 10:50:00 GMT"], 0.0),
        ([], None),
        (["Retry-After: soon"], None),
        (["Retry-After: -5"], None),
        (["Retry-After: "], None),
    ],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_how_long_to_wait_is_understood_in_both_forms(status: str, headers: list[str], seconds: float | None) -> None:
    with Canned(reply({"message": "slow down"}, status, *headers)) as server, pytest.raises(CallFailed) as caught:
        post(server)
    assert isinstance(caught.value, RateLimited if status.startswith("429") else Unclear)
    assert caught.value.wait == seconds


# -- stopping ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("401 Unauthorized", b""),
        ("403 Forbidden", b"<html>"),
        ("400 Bad Request", {"code": 1001, "message": "Invalid token"}),
        ("400 Bad Request", {"message": "The API key has expired or is missing"}),
        ("400 Bad Request", {"message": f"invalid token {KEY}"}),
    ],
)
def test_a_key_that_is_not_accepted_is_said_with_what_to_do(status: str, body: object) -> None:
    with Canned(reply(body, status)) as server, pytest.raises(KeyRefused, match="SALESHANDY_API_KEY"):
        post(server)


def test_reading_that_is_forbidden_concerns_the_prospect_not_the_key() -> None:
    with Canned(reply({"message": "Forbidden"}, "403 Forbidden")) as server:
        calls = client(server.url)
        with pytest.raises(Refused):
            calls.notes_of("P1", 0)
        calls.close()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "304 Not Modified", "307 T", "308 P"])
def test_a_redirect_is_followed_by_nobody(status: str) -> None:
    with Canned(reply(results(entry("P1", "N1")))) as elsewhere:
        target = f"Location: {elsewhere.url}/notes?k={KEY}"
        with Canned(reply(b"", status, target)) as server, pytest.raises(Redirected):
            post(server)
        assert not elsewhere.requests
    assert len(server.requests) == 1


def test_no_message_is_cut_in_the_middle_of_the_key() -> None:
    """What is left of it would still be the key, but for a few characters."""
    for before in range(270, 301):
        words = "x" * before + KEY
        with Canned(reply({"message": words}, "404 Not Found")) as server, pytest.raises(Refused) as caught:
            post(server)
        with Canned(reply(results(entry("P1", None, False, message=words)))) as server:
            reason = post(server)["P1"].reason
        for text in (str(caught.value), reason):
            assert "key-" not in text
            assert len(text) <= 300
    target = f"Location: http://{'x' * 90}{KEY}/"
    with Canned(reply(b"", "307 T", target)) as server, pytest.raises(Redirected) as redirected:
        post(server)
    assert "key-" not in str(redirected.value)


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 GMT", "Tue, 21 Apr 2026 10:57:07 +99999999", "9999-12-31"])
def test_a_date_that_no_clock_shows_is_not_heeded(date: str) -> None:
    headers = [f"Date: {date}", f"Retry-After: {date}", f"X-RateLimit-Reset: {date}", "X-RateLimit-Remaining: 3"]
    with Canned(reply(results(entry("P1", "N1")), "201 Created", *headers)) as server:
        assert post(server) == {"P1": CREATED}
    with Canned(reply({}, "429 Too Many", *headers)) as server, pytest.raises(RateLimited) as caught:
        post(server)
    assert caught.value.wait is None


def test_a_redirect_to_a_name_made_of_the_key_does_not_show_it() -> None:
    with Canned(reply(b"", "307 T", f"Location: http://{KEY}/x")) as server, pytest.raises(Redirected) as caught:
        post(server)
    assert KEY not in str(caught.value)


# -- reading back -----------------------------------------------------------------------------------------------------


def found(**fields: object) -> dict[str, object]:
    given = {
        "id": "N1", "prospectId": "P1", "visibility": "1", "status": "1",
        "createdAt": "2026-04-21T10:57:07.000Z", "content": "<p>Hi</p>", "author": {}, **fields,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not ...}


def read(body: object, status: str = "200 OK") -> Any:
    with Canned(reply(body, status)) as server:
        calls = client(server.url)
        try:
            return calls.notes_of("P1", 0)
        finally:
            calls.close()


def test_notes_are_read_with_their_draft_and_their_time() -> None:
    page = read(
        {"payload": {"notes": [found()], "draftNote": found(id="N2", status=...), "pagination": {"hasMore": True}}}
    )
    assert (page.notes[0].note_id, page.notes[0].content, page.notes[0].created_at) == ("N1", "<p>Hi</p>", 1776769027.0)
    assert (page.draft.note_id, page.draft.status) == ("N2", "0")
    assert page.has_more


@pytest.mark.parametrize(
    ("fields", "created_at"),
    [
        ({"createdAt": "2026-04-21T12:57:07+02:00"}, 1776769027.0),
        ({"createdAt": "2026-04-21T10:57:07"}, 1776769027.0),
        ({"createdAt": "yesterday"}, None),
        ({"createdAt": None}, None),
        ({"createdAt": 1776769027}, None),
        ({"createdAt": "9999-12-31T23:59:59-23:59"}, None),
        ({"createdAt": "0001-01-01T00:00:00+23:59"}, None),
        ({"createdAt": "Tue, 21 Apr 2026 10:57:07 +99999999"}, None),
        ({"createdAt": ...}, None),
    ],
)
def test_a_time_that_cannot_be_read_is_unknown(fields: dict[str, object], created_at: float | None) -> None:
    assert read({"payload": {"notes": [found(**fields)]}}).notes[0].created_at == created_at


def test_numbers_in_place_of_texts_are_taken_and_a_note_of_attachments_alone_has_no_text() -> None:
    page = read({"payload": {"notes": [found(id=7, visibility=2, status=0, prospectId=...), found(content=None)]}})
    assert [note.note_id for note in page.notes] == ["7", "N1"]
    assert (page.notes[0].visibility, page.notes[0].status, page.notes[1].content) == ("2", "0", "")
    assert page.draft is None
    assert not page.has_more


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {},
        {"notes": None},
        {"notes": {"0": found()}},
        {"notes": [found(), None]},
        {"notes": [found(id=None)]},
        {"notes": [found(id="")]},
        {"notes": [found(id="\ud800")]},
        {"notes": [found(content=7)]},
        {"notes": [found(content=...)]},
        {"notes": [found(visibility=None)]},
        {"notes": [found(status=...)]},
        {"notes": [found(prospectId="another")]},
    ],
)
def test_notes_that_cannot_be_read_are_not_mistaken_for_none(payload: object) -> None:
    with pytest.raises(Unclear):
        read({"payload": payload})


def test_it_gets_on_with_the_sandbox() -> None:
    with Sandbox(api_key=KEY) as box:
        calls = client(box.url)
        answers = calls.create_notes(PUBLIC, ["P1", "INVALID"])
        assert answers["INVALID"].note_id is None
        page = calls.notes_of("P1", 0)
        assert [note.note_id for note in page.notes] == [answers["P1"].note_id]
        calls.update_note(page.notes[0].note_id, visibility="2", status="0")
        assert calls.notes_of("P1", 0).draft is not None
        with pytest.raises(Refused, match="Invalid prospect"):
            calls.notes_of("INVALID", 0)
        calls.close()
