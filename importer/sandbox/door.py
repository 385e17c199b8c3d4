"""Who may come in: programs and people of this machine, no page in a browser.

A request's headers come in, and what speaks against it goes out. A page on the web can have the browser call a
loopback port: under a name of its own that leads here (so the host must be ours), from a script (so an ``Origin`` is
refused), or as an image or a frame (so ``Sec-Fetch-Site`` must say that nobody but the person asked).

What the sandbox holds may be customers' notes, so its own addresses ask for a token besides, which is told where it is
started: others who use this machine can reach the port, but don't see that.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from email.message import Message

from importer.sandbox.calls import ServiceReply, refusal

TOKEN_HEADER = "x-sandbox-token"  # noqa: S105 - a header's name
# For replies that a browser shows: none of it is kept, embedded, run, or told to others.
PRIVATE = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def turned_away(target: str, headers: Message, port: int) -> ServiceReply | None:
    """What is said to one who may not come in; None lets a request in."""
    ours = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == 80 else set())
    named = [host.strip().lower() for host in headers.get_all("Host", [])]
    if len(named) != 1 or named[0] not in ours or not target.startswith("/"):  # else it is meant for a proxy
        return refusal(421, 421, f"This is 127.0.0.1:{port}, and no other host")
    if "Origin" in headers or headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return refusal(403, 403, "Pages may not call this address")
    return None


def kept_out(method: str, headers: Message, query: Mapping[str, str], token: str) -> ServiceReply | None:
    """What is said at the sandbox's own addresses to one who doesn't know the token or sends anything but JSON."""
    given = headers.get(TOKEN_HEADER) or query.get("token", "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()):
        return refusal(401, 401, f"Add ?token=… as it was printed at the start, or send the header {TOKEN_HEADER}")
    if method != "GET" and headers.get_content_type() != "application/json":
        return refusal(415, 415, "Content-Type must be application/json")
    return None
