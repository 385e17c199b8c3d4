"""Send HTTP requests, each in one attempt, read their replies up to a limit, and classify lost connections.

Input: a method, a path, and fields or a file. Output: an :class:`Exchange`: the reply, or why none came. Three modules
use ``requests``: this one, :mod:`importer.api.connections` and :mod:`importer.api.proxy`. They know no vendor. None of
their messages holds the key, or a proxy's name and password.
"""

from __future__ import annotations

import base64
import mimetypes
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
import urllib3

from importer.api import Cause, Failure, FilePart
from importer.api.connections import Session
from importer.api.exchange import SMALL, Exchange
from importer.api.proxy import Proxy, certificates_for, proxy_for
from importer.messages import Message, Quoted, say, words
from importer.version import __version__

_PIECE = 65_536  # bytes per read
_LONGEST_WORDS = 300
_LONGEST_IDLE = 3.0  # seconds between two calls on one connection; some gateways close an idle one after 5
_WANTS_LOGIN = f"Tunnel connection failed: {HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value}"
# OpenSSL's names for the ways in which a server refuses us or speaks no TLS; waiting changes none of them.
_LASTING = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "TLSV1_ALERT_UNKNOWN_CA",
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "HTTP_REQUEST",
}


class Secrets:
    """Texts that no message may show, in any spelling: the key, and a proxy's name and password."""

    def __init__(self, key: str, proxy: Proxy | None) -> None:
        replacements = {key: "(key)", repr(key)[1:-1]: "(key)", quote(key, safe=""): "(key)"}
        if proxy is not None:
            login = f"{proxy.user}:{proxy.password}"
            for text in (login, proxy.user, proxy.password):
                replacements |= dict.fromkeys((text, repr(text)[1:-1], quote(text, safe="")), "(proxy's login)")
            replacements[base64.b64encode(login.encode("latin-1")).decode()] = "(proxy's login)"
        replacements.pop("", None)
        replacements.pop(":", None)
        self._spelled = replacements
        # The longest texts come first. Texts of up to three characters are replaced only as whole words.
        words = sorted(replacements, key=len, reverse=True)
        parts = [re.escape(word) if len(word) > 3 else rf"(?<!\w){re.escape(word)}(?!\w)" for word in words]
        self._pattern = re.compile("|".join(parts) or "(?!)")

    def brief(self, text: str) -> str:
        """Return the beginning of a text, on one line and without secrets."""
        plain = "".join(character if character.isprintable() else " " for character in text)
        return self._pattern.sub(lambda match: self._spelled[match[0]], " ".join(plain.split()))[:_LONGEST_WORDS]


CONNECT = 10.0
"""Most seconds to reach the server."""


class Transport:
    """A sender of requests to one address, with one key. It is safe to use from several threads, each with its session.

    To reach the server, a call may take :data:`CONNECT` seconds of the ``read_timeout``. Raises BadSettings if the
    environment names a proxy or certificates that can't be used.
    """

    def __init__(
        self, base_url: str, key: str, key_header: str, *, read_timeout: float, clock: Callable[[], float]
    ) -> None:
        self._base = base_url
        self._place = urlsplit(base_url).netloc
        self._timeout = (min(CONNECT, read_timeout), read_timeout)
        self._clock = clock
        self._local = threading.local()
        self._sessions: list[Session] = []
        self._renewals = 0
        # Resolved once, because requests would do it anew for each call.
        self._proxy = proxy_for(base_url)
        self._certificates = certificates_for(base_url)
        self._headers = {
            key_header: key,
            "accept": "application/json",
            "cache-control": "no-cache",  # a look-up must show the API's present state
            "user-agent": f"note-importer/{__version__}",
        }
        self.secrets = Secrets(key, self._proxy)

    def call(self, method: str, path: str, fields: Mapping[str, Any] | None, most: int) -> Exchange:
        """Send one request, and return its reply or why none came.

        The fields are sent as JSON, or as a form if one of them is a file. A success may have ``most`` bytes. Other
        replies must be small, and a redirect's body isn't read.
        """
        form = {
            name: (file.name, file.content, mimetypes.guess_type(file.name)[0] or "application/octet-stream")
            for name, file in (fields or {}).items()
            if isinstance(file, FilePart)
        }
        session = self._session()
        began = self._clock()
        try:
            with session.request(
                method,
                self._base + path,
                json=None if form else fields,
                files=form or None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                reply_headers = {name.lower(): value for name, value in response.headers.items()}
                left = began if session.left is None else session.left
                answer = Exchange(left, self._clock(), response.status_code, reply_headers)
                if answer.status < 200:
                    session.close()  # the reply itself may come later, and is not that to the next call
                if 300 <= answer.status < 400:
                    return answer
                return self._taken(answer, response, most if answer.status < 300 else SMALL)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            left = began if session.left is None else session.left
            return Exchange(left, self._clock(), failure=self._lost(error, has_left=session.left is not None))
        finally:
            self._local.used = time.monotonic()

    def renew(self) -> None:
        """Stop using all connections that are open now. Each thread closes its own before its next call."""
        self._renewals += 1

    def close(self) -> None:
        """Close all connections."""
        for session in self._sessions:
            session.close()

    def _session(self) -> Session:
        """Return this thread's session, ready for a new call."""
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            proxies = {"https": self._proxy.url} if self._proxy is not None else {}
            session = self._local.session = Session(proxies, self._certificates, self._headers, self._clock)
            self._sessions.append(session)
        elif self._local.renewals != self._renewals or time.monotonic() - self._local.used > _LONGEST_IDLE:
            session.close()  # closes its connection; the session can be used again
        self._local.renewals = self._renewals
        session.left = None
        return session

    def _taken(self, answer: Exchange, response: requests.Response, size: int) -> Exchange:
        """Return the exchange with its body, or why the body is cut: it broke off, or is larger than ``size``."""
        parts = []
        left = size
        try:
            while part := response.raw.read1(_PIECE, decode_content=True):
                left -= len(part)
                if left < 0:
                    return replace(answer, cut=say("api.reply-without-end"))
                parts.append(part)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return replace(answer, cut=say("api.reply-broke-off", error=self._plain(error)))
        return replace(answer, data=b"".join(parts))

    # -- what a lost connection means -------------------------------------------------------------------------------

    def _lost(self, error: Exception, *, has_left: bool) -> Failure:
        """Return why a call brought no reply. Only ``has_left`` decides whether it may have been applied (D32)."""
        plain = self._plain(error)
        if has_left:
            return Failure(Cause.LOST, say("api.lost", error=plain), at_work=True)
        if why := self._blocked(list(_chain(error))):
            return Failure(Cause.BLOCKED, say("stopped.blocked", why=why))
        text = say("api.unreachable", place=self._place, error=plain)
        if self._proxy is not None:
            text = say("api.unreachable-by-proxy", place=self._place, proxy=self._proxy.place, error=plain)
        return Failure(Cause.UNREACHABLE, text)

    def _blocked(self, chain: Sequence[BaseException]) -> Message | None:
        """Return the problem that waiting can't solve, with what to do; None if waiting may help."""
        if self._proxy is not None and any(_WANTS_LOGIN in str(cause) for cause in chain):
            return say("api.proxy-wants-login", proxy=self._proxy.place, origin=self._proxy.origin)
        if self._certificates and not Path(self._certificates).exists():
            return say("api.certificates-gone", path=repr(self._certificates))
        tls_error = next((cause for cause in chain if isinstance(cause, ssl.SSLError)), None)
        if tls_error is None:
            return None
        is_proxys = any(isinstance(cause, urllib3.exceptions.ProxyError) for cause in chain)
        whose = self._proxy.place if is_proxys and self._proxy is not None else self._place
        if isinstance(tls_error, ssl.SSLCertVerificationError):
            why = self.secrets.brief(tls_error.verify_message or str(tls_error))
            return say("api.certificate-not-accepted", whose=whose, why=why)
        if tls_error.reason in _LASTING:
            return say("api.no-secure-connection", whose=whose, why=tls_error.reason)
        return None

    def _plain(self, error: BaseException) -> Message:
        """Return a library's error in a few words: its innermost cause, without numbers and addresses of objects."""
        *_, innermost = _chain(error)
        if isinstance(innermost, ConnectionRefusedError):
            return say("api.connection-refused")
        if isinstance(innermost, OSError) and innermost.errno and innermost.strerror:
            return words(self.secrets.brief(innermost.strerror))
        text = re.sub(r"<[^>]*object at 0x[0-9a-fA-F]+>(,?\s*|:\s*)", "", str(innermost)) or type(innermost).__name__
        return words(Quoted(self.secrets.brief(text)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, then its cause, then the cause of that, and so on."""
    seen = set()
    while id(error) not in seen:
        yield error
        seen.add(id(error))
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        if inner is None:
            return
        error = inner
