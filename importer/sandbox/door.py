"""Let programs and people of this machine in, but no web page in a browser.

Input: a request's headers. Output: a refusal, or None. A web page can have the browser call a loopback port: under a
host name that resolves to it (so the host must be a loopback name), from a script (so an ``Origin`` is refused), or as
an image or a frame (so ``Sec-Fetch-Site`` may only be none or same-origin).

The sandbox may hold customers' notes, so its own addresses also need a token, which is shown where the sandbox is
started. Other users of this machine can reach the port, but don't see the token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from email.message import Message

from importer.sandbox.calls import ServiceReply, refusal

TOKEN_HEADER = "x-sandbox-token"  # noqa: S105 - a header's name
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
