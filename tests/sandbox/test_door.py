"""The sandbox answers programs and people of this machine, and no page in a browser."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.sandbox import Fault, Limit, Sandbox

NOTE = json.dumps({"content": "a customer's words", "visibility": "1", "prospectIds": ["a"]})
JSON = {"x-api-key": "sandbox-key", "Content-Type": "application/json"}


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        ask(box, "POST", "/v1/notes", JSON, body=NOTE)
        yield box


def ask(
    box: Sandbox,
    method: str,
    target: str,
    headers: dict[str, str],
    host: str | None = "127.0.0.1:{port}",
    body: str = "",
) -> http.client.HTTPResponse:
    """Send exactly these headers; ``host`` None leaves it out."""
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=10)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in ({} if host is None else {"Host": host.format(port=box.port)} | headers).items():
        connection.putheader(name, value)
    if body or method == "POST":
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    reply = connection.getresponse()
    reply.body = reply.read()  # type: ignore[attr-defined]
    connection.close()
    return reply


def target(box: Sandbox, name: str) -> str:
    return box.page(name).partition(str(box.port))[2]


@pytest.mark.parametrize("path", ["/v1/notes", "/sandbox/faults"])
@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil:{port}",
        "127.1:{port}",
    ],
)
def test_a_foreign_host_is_misdirected(box: Sandbox, path: str, host: str | None) -> None:
    """As of a page whose own name was made to lead to this machine."""
    path += f"?token={box.token}"
    reply = ask(box, "POST", path, JSON, host=host, body=NOTE if "notes" in path else '["500"]')
    assert reply.status == 421
    assert (len(box.notes), len(box.received)) == (1, 1)
    assert ask(box, "POST", "/v1/notes", JSON, body=NOTE).status == 201


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_its_own_names_are_answered(box: Sandbox, host: str) -> None:
    assert ask(box, "POST", "/v1/notes", JSON, host=host, body=NOTE).status == 201
    assert ask(box, "GET", target(box, "notes"), {}, host=host).status == 200


def test_what_is_meant_for_a_proxy_is_misdirected(box: Sandbox) -> None:
    for url in ("http://evil.example/v1/prospects", "http://[/", "*"):
        assert ask(box, "GET", url, JSON).status == 421


@pytest.mark.parametrize(
    "sent",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_is_refused_and_leaves_no_trace(box: Sandbox, method: str, sent: dict[str, str]) -> None:
    """Whatever it asks for; it spends no call, meets no fault, and is told nothing that lets it read the reply."""
    box.set_limit(Limit(1, 3600))
    box.add_fault(Fault.parse("500:any@1"))
    for path in ("/v1/notes", target(box, "notes"), target(box, "faults")):
        reply = ask(box, method, path, JSON | sent, body=NOTE)
        assert reply.status == 403
        assert not [name for name in reply.headers if name.lower().startswith("access-control")]
        assert b"customer" not in reply.body  # type: ignore[attr-defined]
    assert (len(box.notes), len(box.received)) == (1, 1)
    assert ask(box, "POST", "/v1/notes", JSON, body=NOTE).status == 500


@pytest.mark.parametrize("name", ["received", "notes", "other"])
@pytest.mark.parametrize(
    "token", ["", "?token=", "?token=sandbox-key", "?token=%ff", "?tokens={token}", "?token={token}x"]
)
def test_what_it_holds_is_shown_to_whoever_knows_the_token(box: Sandbox, name: str, token: str) -> None:
    """The API's key is no token: it is the same for everybody."""
    refused = ask(box, "GET", f"/sandbox/{name}{token.format(token=box.token)}", JSON)
    assert refused.status == 401
    assert b"customer" not in refused.body  # type: ignore[attr-defined]


def test_a_person_and_a_program_may_look(box: Sandbox) -> None:
    """By the address that was printed, or a header; nothing of it is kept, or handed to another page."""
    person = ask(box, "GET", target(box, "notes"), {"Sec-Fetch-Site": "none"})
    program = ask(box, "GET", "/sandbox/notes", {"X-Sandbox-Token": box.token})
    assert person.status == program.status == 200
    assert b"a customer's words" in person.body  # type: ignore[attr-defined]
    assert (person.headers["Cache-Control"], person.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "frame-ancestors 'none'" in person.headers["Content-Security-Policy"]
    assert person.headers["Referrer-Policy"] == "no-referrer"
    with Sandbox() as other:
        assert other.token != box.token


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
@pytest.mark.parametrize(("name", "body"), [("faults", "[]"), ("limit", "null"), ("limit", "")])
def test_what_can_be_set_is_set_by_json_alone(box: Sandbox, kind: str | None, name: str, body: str) -> None:
    """A form of a page can send no JSON."""
    box.set_faults([Fault.parse("503")])
    box.set_limit(Limit(50, 3600))
    headers = {} if kind is None else {"Content-Type": kind}
    assert ask(box, "POST", target(box, name), headers, body=body).status == 415
    assert box.limit == Limit(50, 3600)
    assert ask(box, "POST", "/v1/notes", JSON, body=NOTE).status == 503


def test_a_note_is_made_by_json_alone(box: Sandbox) -> None:
    """As the API has it: with 400, and before anything is made."""
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert ask(box, "POST", "/v1/notes", JSON | {"Content-Type": kind}, body=NOTE).status == 400
    assert len(box.notes) == 1


def test_its_description_keeps_the_token_to_itself(box: Sandbox) -> None:
    assert box.token not in repr(box)
