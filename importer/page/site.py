"""Make the page's Flask application: guard it, connect addresses to screens, and turn every error into words.

Input: requests. Output: pages that work without JavaScript; with JavaScript they refresh themselves. A GET request
changes nothing.

The guard keeps out other sites in the same browser, other users and programs on this machine, and host names that
resolve to it (DNS rebinding). A request needs all of these: the exact Host; the session's secret path, which no browser
sends by itself; the session's cookie, which a browser gets in exchange for a launch token; and, unless it is a GET, our
own Origin. A launch token works once; then there is another.
"""

from __future__ import annotations

import os
import secrets
import threading
import traceback
from html import escape
from typing import TYPE_CHECKING

from flask import Flask, Request, Response, request, url_for
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from importer import messages, telling
from importer.errors import BadSettings, ImporterError
from importer.messages import FACE, Message, say
from importer.models import Result
from importer.page.importing import ImportScreens
from importer.page.mending import MendScreens
from importer.page.rendering import NAMES, PAGE, composed, element, folded, text, words
from importer.page.runs import RunScreens
from importer.page.screens import OPEN_SETTINGS, Page, Parts, problem
from importer.page.setting_up import SettingUp
from importer.page.uploads import name_of
from importer.telling.result_rows import TO_FIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GROUPS = (ImportScreens, MendScreens, RunScreens, SettingUp)
"""Groups of screens; see :mod:`importer.page.screens`."""
NAVIGATION = {
    "index": say("page.layout.import"),
    "runs": say("page.layout.runs"),
    "settings": say("page.layout.settings"),
}
"""Screens that the head of every page leads to, with their names."""
TO_CORRECT = (Result.INVALID, Result.REJECTED)
"""Results of rows that a person corrects."""
_FORM_BYTES = 1_000_000
_WENT_WRONG = say("page.problem.went-wrong")
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


def make(parts: Parts, guard: Access) -> Flask:
    """Return the Flask application."""
    app = Flask(__name__)
    app.jinja_options = {
        **app.jinja_options,
        "finalize": lambda said: words(said) if isinstance(said, Message) else said,
    }
    app.config.update(MAX_CONTENT_LENGTH=_FORM_BYTES, MAX_FORM_MEMORY_SIZE=_FORM_BYTES, MAX_FORM_PARTS=20)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        words=words,
        sentence=lambda said: f"{words(said).removesuffix('.')}.",
        number="{:,}".format,
        count=lambda number, thing: words(telling.rendering.count(number, thing)),
        duration=lambda seconds: words(telling.rendering.duration(seconds)),
        when=lambda at: messages.when(at)[:16],
        folded=folded,
        composed=composed,
        without_folders=name_of,
    )
    app.jinja_env.globals.update(
        text=text, element=element, TO_FIX=TO_FIX, TO_CORRECT=TO_CORRECT, navigation=NAVIGATION, **NAMES
    )
    app.before_request(lambda: _faced(guard))
    app.after_request(guard.seal)
    app.context_processor(lambda: {"under_way": parts.jobs.under_way})
    app.register_error_handler(Exception, _failed)
    for group in GROUPS:
        screens = group(parts)
        for name, function in vars(group).items():
            for address, method in getattr(function, "addresses", ()):
                app.add_url_rule(address, name, getattr(screens, name), methods=[method])
    app.wsgi_app = guard.mounted(app.wsgi_app)  # type: ignore[assignment,method-assign]
    return app


def _faced(guard: Access) -> Response | None:
    """Render messages from here on for the page. Return the refusal of the request, if any."""
    FACE.set(PAGE)
    return guard.why_not(request)


def _failed(error: Exception) -> Page:
    """Return a screen that explains any error in words."""
    if isinstance(error, RequestEntityTooLarge):
        return problem(say("page.problem.too-large"), say("page.problem.file-too-large"), 413)
    if isinstance(error, HTTPException):
        status = error.code or 500
        kind = "page.problem.nothing-here" if status == 404 else "page.problem.not-understood"
        return problem(_WENT_WRONG, say(kind), status)
    if isinstance(error, BadSettings):
        back = (url_for("settings"), OPEN_SETTINGS) if request.path == "/" else ()
        return problem(say("page.problem.setting"), error.message, 400, *back)
    if isinstance(error, ImporterError):
        return problem(_WENT_WRONG, error.message, 500)
    if isinstance(error, OSError):  # such as a full disk
        return problem(_WENT_WRONG, say("page.problem.system-error", error=str(error.strerror or error)), 507)
    if os.environ.get("NOTE_IMPORTER_DEBUG"):
        traceback.print_exc()
    return problem(_WENT_WRONG, say("page.job.fault", error=type(error).__name__), 500)
