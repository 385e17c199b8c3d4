"""Decide which requests may reach the page, and set the security headers of every response.

Input: requests. Output: None for a request that may pass, otherwise a refusal; headers. The guard keeps out other sites
in the same browser, other users and programs on this machine, and host names that resolve to it (DNS rebinding). A
request needs all of these: the exact Host; the session's secret path, which no browser sends by itself; the session's
cookie, which a browser gets in exchange for a launch token; and, unless it is a GET, our own Origin. A launch token
works once; then there is another.
"""

from __future__ import annotations

import secrets
import threading
from html import escape
from typing import TYPE_CHECKING

from flask import Request, Response

from importer.messages import Message, say
from importer.page.rendering import element, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

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
    "Referrer-Policy": "no-referrer",  # layout.html sets same-origin, because otherwise a form's Origin would be "null"
}
_START = "/start/"
_BYTES = 32  # of a secret


class Access:
    """Guard of one page server, which refuses requests from others.

    The cookie alone proves nothing: a browser sends it to every port of 127.0.0.1, including another user's page. So
    the cookie is bound to the secret path, and no cookie holds the path.

    Args:
        port: the port on 127.0.0.1 where the server listens.

    Attributes:
        home: the secret path, below which all addresses of the page are.
        cookie: the cookie's name.
        came: set once a browser has used a launch token.
        renewed: called when a launch token was used, and there is another.
    """

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._origin = f"http://{self._host}"
        self.home = f"/{secrets.token_urlsafe(_BYTES)}"
        self.cookie = f"note-importer-{port}"
        self.came = threading.Event()
        self.renewed: Callable[[], object] = lambda: None
        self._session = secrets.token_urlsafe(_BYTES)
        self._token = secrets.token_urlsafe(_BYTES)
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        """Address that opens the page, and works only once."""
        return f"{self._origin}{_START}{self._token}"

    def mounted(self, app: WSGIApplication) -> WSGIApplication:
        """Mount the application below the secret path. A request to another path arrives with its path unchanged."""

        def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            path = environ["PATH_INFO"]
            prefix, rest = path[: len(self.home)], path[len(self.home) :]
            if rest.startswith("/") and _is_same(prefix, self.home):
                environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, rest
            return app(environ, start_response)

        return serve

    def why_not(self, request: Request) -> Response | None:
        """Return a refusal, or None for a request that may pass."""
        if request.host != self._host or request.headers.getlist("Host") != [self._host]:
            return _refusal(421, say("page.refused.no-page"))
        if request.method not in ("GET", "POST"):
            return _refusal(405, say("page.refused.method"))
        if request.method != "GET" and request.headers.get("Origin") != self._origin:
            return _refusal(403, say("page.refused.another-site"))
        is_below = _is_same(request.root_path, self.home)
        if not is_below and request.method == "GET" and request.path.startswith(_START):
            return self._started(request.path.removeprefix(_START))
        if not is_below or not _is_same(request.cookies.get(self.cookie, ""), self._session):
            return _refusal(403, say("page.refused.open-elsewhere"))
        return None

    def seal(self, response: Response) -> Response:
        """Set the security headers of a response."""
        response.headers.update(HEADERS)
        return response

    def _started(self, token: str) -> Response:
        """Exchange the launch token for the cookie, and open the secret path.

        This is a page that forwards, not a redirect: a browser attributes a redirect to the page before it, and would
        not send the cookie.
        """
        with self._lock:
            if not _is_same(token, self._token):
                return _refusal(403, say("page.refused.used-up"))
            self._token = secrets.token_urlsafe(_BYTES)
            self.came.set()
            self.renewed()
        response = Response(
            plain_page(
                words(say("page.opening.moment")),
                f'<meta http-equiv="refresh" content="0; url={self.home}/">',
                element("a", say("page.continue"), href=f"{self.home}/"),
            )
        )
        response.set_cookie(self.cookie, self._session, httponly=True, samesite="Strict", path=f"{self.home}/")
        return response


def _is_same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())


def _refusal(status: int, why: Message) -> Response:
    return Response(plain_page("note-importer", "", escape(words(why))), status)


def plain_page(title: str, head: str, body: str) -> str:
    """Return the HTML of a page without the site's style, such as one that leads to the site."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>{head}</head>"
        f"<body><main><h1>{escape(title)}</h1><p>{body}</p></main></body></html>"
    )
