"""Who may ask this server anything, and what every answer carries.

Comes in: requests. Goes out: None for those that may pass, a plain refusal for the others; headers. Other sites in the
same browser, other programs on this machine and names that lead here (DNS rebinding) are kept out by: an exact Host; a
cookie that a launch token, good for once, was swapped for; and our own Origin on whatever isn't a GET.
"""

from __future__ import annotations

import secrets
import threading
from html import escape

from flask import Request, Response

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser would say "null" for the Origin of a form
}
_START = "/start/"


class Guard:
    """The guard of one server.

    Args:
        port: where it listens, on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._origin = f"http://{self._host}"
        self.cookie = f"note-importer-{port}"  # all ports of a host share their cookies
        self._session = secrets.token_urlsafe(32)
        self._token = secrets.token_urlsafe(32)
        self._is_spent = False
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """Where a person begins: good for once."""
        return f"{self._origin}{_START}{self._token}"

    def why_not(self, request: Request) -> Response | None:
        """A refusal, or None for a request that may pass."""
        if request.host != self._host or request.headers.getlist("Host") != [self._host]:
            return _refusal(421, "This address isn't served here.")
        if request.method not in ("GET", "POST"):
            return _refusal(405, "That can't be done with this page.")
        if request.method != "GET" and request.headers.get("Origin") != self._origin:
            return _refusal(403, "Another site asked for this, so nothing was done.")
        if request.path.startswith(_START) and request.method == "GET":
            return self._started(request)
        if not self._is_known(request):
            return _refusal(
                403,
                "This page belongs to the browser in which it was opened, and to the program that opened it. Open it"
                " anew: start note-importer page again, or use the address that it printed.",
            )
        return None

    def seal(self, response: Response) -> Response:
        """Put the headers on an answer."""
        response.headers.update(HEADERS)
        return response

    def _is_known(self, request: Request) -> bool:
        return secrets.compare_digest(request.cookies.get(self.cookie, "").encode(), self._session.encode())

    def _started(self, request: Request) -> Response:
        """Swap the token for a cookie. A page that leads on, not a redirect: that would be the site's that led here."""
        token = request.path.removeprefix(_START)
        with self._lock:
            is_right = secrets.compare_digest(token.encode(), self._token.encode())
            may = is_right and (not self._is_spent or self._is_known(request))
            self._is_spent = self._is_spent or may
        if not may:
            return _refusal(403, "This address was good for once, and has been used. Start note-importer page again.")
        response = Response(
            _page("One moment …", '<meta http-equiv="refresh" content="0; url=/">', '<a href="/">Go on</a>')
        )
        response.set_cookie(self.cookie, self._session, httponly=True, samesite="Strict", path="/")
        return response


def _refusal(status: int, why: str) -> Response:
    return Response(_page("note-importer", "", escape(why)), status)


def _page(title: str, head: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head>'
        f"<body><main><h1>{escape(title)}</h1><p>{body}</p></main></body></html>"
    )
