"""Let in programs and people of this machine, and serve the sandbox's own addresses, for inspecting one from outside.

No web page in a browser may come in. It can have the browser call a loopback port: under a host name that resolves to
it (so the host must be a loopback name), from a script (so an ``Origin`` is refused), or as an image or a frame (so
``Sec-Fetch-Site`` may only be none or same-origin).

The sandbox may hold customers' notes. So its own addresses also need the token that is shown where the sandbox is
started, as ``?token=…`` or in the header ``x-sandbox-token``. Other users of this machine can reach the port, but don't
see the token. The addresses accept only JSON.

============================  ========================================================================================
``GET /sandbox/received``     the requests so far: ``{"received": [...]}``, as in `Received`
``GET /sandbox/notes``        the notes that exist: ``{"notes": [...]}``, as in `StoredNote`
``GET /sandbox/attachments``  the uploaded files: ``{"attachments": [...]}``, as in `StoredAttachment`
``GET /sandbox/prospects``    the prospects known by name: ``{"prospects": {id: email}}``
``POST /sandbox/faults``      a JSON array of faults as text, which replace the present ones
``POST /sandbox/limit``       a limit as a JSON text, or null for none
============================  ========================================================================================
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from email.message import Message

from tests.sandbox.attachments import StoredAttachment
from tests.sandbox.calls import Document, ServiceReply, refusal
from tests.sandbox.clock import iso_text
from tests.sandbox.faults import Fault
from tests.sandbox.limits import Limit
from tests.sandbox.service import StoredNote
from tests.sandbox.state import Received, State

TOKEN_HEADER = "x-sandbox-token"
# For replies that a browser shows: they are not stored, embedded, run, or revealed to other sites.
PRIVATE = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def turned_away(target: str, headers: Message, port: int) -> ServiceReply | None:
    """Return the refusal of a request that may not come in, or None to let it in."""
    own_hosts = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == 80 else set())
    hosts = [host.strip().lower() for host in headers.get_all("Host", [])]
    if len(hosts) != 1 or hosts[0] not in own_hosts or not target.startswith("/"):  # a full URL is meant for a proxy
        return refusal(421, 421, f"This is 127.0.0.1:{port}, and no other host")
    if "Origin" in headers or headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return refusal(403, 403, "Pages may not call this address")
    return None


def kept_out(method: str, headers: Message, query: Mapping[str, str], token: str) -> ServiceReply | None:
    """Return the refusal of a request to the sandbox's own addresses without the token, or without JSON; else None."""
    token_given = headers.get(TOKEN_HEADER) or query.get("token", "")
    if not hmac.compare_digest(token_given.encode("utf-8", "surrogateescape"), token.encode()):
        return refusal(401, 401, f"Add ?token=… as it was printed at the start, or send the header {TOKEN_HEADER}")
    if method != "GET" and headers.get_content_type() != "application/json":
        return refusal(415, 415, "Content-Type must be application/json")
    return None


def administer(state: State, method: str, path: str, body: object) -> ServiceReply:
    """Answer a request to one of the sandbox's own addresses; status 400 explains an invalid fault or limit."""
    try:
        match method, path:
            case "GET", "/sandbox/received":
                document: Document = {"received": [_record(received) for received in state.received]}
            case "GET", "/sandbox/notes":
                document = {"notes": [_record(note) for note in state.notes]}
            case "GET", "/sandbox/attachments":
                document = {"attachments": [_record(attachment) for attachment in state.attachments]}
            case "GET", "/sandbox/prospects":
                prospects = state.prospects or ()
                document = {
                    "prospects": dict(prospects) if isinstance(prospects, Mapping) else dict.fromkeys(prospects)
                }
            case "POST", "/sandbox/faults":
                document = {"faults": _set_faults(state, body)}
            case "POST", "/sandbox/limit":
                document = {"limit": _set_limit(state, body)}
            case _:
                return refusal(404, 404, "Not found")
    except ValueError as error:
        return refusal(400, 400, str(error))
    return ServiceReply(200, document)


def _set_faults(state: State, body: object) -> list[str]:
    if not isinstance(body, list) or not all(isinstance(text, str) for text in body):
        raise ValueError('faults come as a JSON array of texts, such as ["500@3", "reset:after%0.1"]')
    faults = [Fault.parse(text) for text in body]
    state.set_faults(faults)
    return [fault.label for fault in faults]


def _set_limit(state: State, body: object) -> str | None:
    if body is not None and not isinstance(body, str):
        raise ValueError('a limit comes as a JSON text, such as "20/1s", or null for none')
    state.set_limit(None if body is None else Limit.parse(body))
    return body


def _record(item: Received | StoredNote | StoredAttachment) -> Document:
    return {name: iso_text(value) if isinstance(value, datetime) else value for name, value in asdict(item).items()}
