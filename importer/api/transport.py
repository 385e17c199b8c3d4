"""One HTTP request = one attempt: what leaves, how much of a reply is taken, and what a lost connection means.

Comes in: a method, a path and fields. Goes out: an :class:`Exchange`: what came back, or why nothing did. Together with
:mod:`importer.api.proxy` the only module that knows ``requests``; it knows no vendor. No text that leaves it holds the
key, or a proxy's name and password.
"""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from importer.api.bodies import body_of
from importer.api.exchange import SMALL, Exchange, Most
from importer.api.protocol import Cause, Failure
from importer.api.proxy import Proxy, certificates_for, proxy_for
from importer.version import __version__

_LONGEST_WORDS = 300
_LONGEST_IDLE = 3.0  # seconds after which a connection isn't used again: gateways close them, some after five
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
# What a server says that does not accept us, by OpenSSL's names for it; waiting changes none of them.
_WANTS_CERTIFICATE = {"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE", "TLSV1_ALERT_UNKNOWN_CA"}
_NO_COMMON_WAY = {
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
}
_NO_TLS = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}


class Secrets:
    """Texts that no message may hold: the key, and a proxy's name and password, however they are spelled."""

    def __init__(self, key: str, proxy: Proxy | None) -> None:
        spelled = {key: "(key)", repr(key)[1:-1]: "(key)", quote(key, safe=""): "(key)"}
        if proxy is not None:
            both = f"{proxy.user}:{proxy.password}"
            for text in (both, proxy.user, proxy.password):
                spelled |= dict.fromkeys((text, repr(text)[1:-1], quote(text, safe="")), "(proxy's login)")
            spelled[base64.b64encode(both.encode("latin-1")).decode()] = "(proxy's login)"
        spelled.pop("", None)
        spelled.pop(":", None)
        self._spelled = spelled
        # The longest first; what is as short as a syllable only where it stands alone.
        words = sorted(spelled, key=len, reverse=True)
        parts = [re.escape(word) if len(word) > 3 else rf"(?<!\w){re.escape(word)}(?!\w)" for word in words]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def without(self, text: str) -> str:
        """The text with each of them replaced, so that it may be cut afterwards."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._spelled[found[0]], text)

    def brief(self, text: str) -> str:
        """The beginning of a text on one line, without them."""
        plain = "".join(sign if sign.isprintable() else " " for sign in text)
        return self.without(" ".join(plain.split()))[:_LONGEST_WORDS]


class _Unhurried(io.RawIOBase):
    """Reads from a socket, but not for ever: each byte may come just before the timeout, and the next one again."""

    def __init__(self, raw: io.RawIOBase, seconds: float | None) -> None:
        self._raw = raw
        self._ends = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        if self._ends is not None and time.monotonic() > self._ends:
            raise TimeoutError("the reply took too long")
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Reply(http.client.HTTPResponse):
    """A reply whose headers and body must come within twice the read timeout, and one wait more."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        timeout = sock.gettimeout()
        raw = _Unhurried(self.fp.detach(), None if timeout is None else 2 * timeout)
        self.fp = io.BufferedReader(raw)


class _Plain(urllib3.connection.HTTPConnection):
    """In http."""

    response_class = _Reply


class _Secure(urllib3.connection.HTTPSConnection):
    """In https."""

    response_class = _Reply


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Plain


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Secure


class _Adapter(HTTPAdapter):
    """One connection, no repeats, and no reply without end."""

    def __init__(self) -> None:
        super().__init__(max_retries=0, pool_connections=1, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager


class _Session(requests.Session):
    """Never looks where a redirect leads: requests would read all of its body for that, though none is followed."""

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        return iter(())


class Transport:
    """Requests to one address, with one key. Safe to use from several threads; each has a session of its own.

    Args:
        base_url: what every path follows, without a slash at its end.
        key: goes with every request, in the header ``key_header``.
        connect_timeout, read_timeout: in seconds.
        clock: seconds since 1970.

    Raises:
        BadSettings: the proxy or the certificates that the environment names can't be used.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        key_header: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._base = base_url
        self._place = urlsplit(base_url).netloc
        self._timeout = (connect_timeout, read_timeout)
        self._clock = clock
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        # Resolved once, since requests would do it anew for every call.
        self._proxy = proxy_for(base_url)
        self._certificates = certificates_for(base_url)
        self._headers = {key_header: key, "accept": "application/json", "user-agent": f"note-importer/{__version__}"}
        self.secrets = Secrets(key, self._proxy)

    def call(self, method: str, path: str, fields: Mapping[str, Any] | None, most: Most) -> Exchange:
        """Send one request and take its reply, whatever may go wrong on the way.

        Args:
            method: of HTTP.
            path: what follows the base URL, with its query.
            fields: sent as JSON; as a form where there is a file among them.
            most: how much of the reply is taken where it is a success; of others, and of redirects, little.
        """
        body = None if fields is None else body_of(fields)
        # What is read has to be what the API holds now, not what a cache on the way still remembers.
        headers = {"cache-control": "no-cache"} if body is None else {"content-type": body.type}
        began = self._clock()
        try:
            with self._session().request(
                method,
                self._base + path,
                data=body,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                answer = Exchange(began, self._clock(), response.status_code, found)
                if 300 <= answer.status < 400:
                    return answer
                return self._taken(answer, response, most.size if answer.status < 300 else SMALL.size)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            came = self._clock()
            return Exchange(began, came, failure=self._lost(error, is_started=body is None or body.is_started))

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        now = time.monotonic()
        if session is not None and now - self._local.used > _LONGEST_IDLE:
            session.close()  # its connection; it may be used again
        self._local.used = now
        if session is None:
            session = _Session()
            session.trust_env = False  # proxies were resolved once; .netrc must not replace the key
            session.proxies = {"https": self._proxy.url} if self._proxy is not None else {}
            session.verify = self._certificates or True
            session.headers.update(self._headers)
            adapter = _Adapter()
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._local.session = session
            self._sessions.append(session)
        return session

    def _taken(self, answer: Exchange, response: requests.Response, size: int) -> Exchange:
        """The answer with its body, as far as that came and is no larger than ``size``."""
        parts = []
        left = size
        try:
            while part := response.raw.read1(65536, decode_content=True):
                left -= len(part)
                if left < 0:
                    return replace(answer, cut="the reply did not end", is_too_large=True)
                parts.append(part)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return replace(answer, cut=f"the reply broke off ({self._plain(error)})")
        return replace(answer, data=b"".join(parts))

    # -- what a lost connection means -------------------------------------------------------------------------------

    def _lost(self, error: Exception, *, is_started: bool) -> Failure:
        """What a call came to that brought no reply."""
        chain = list(_chain(error))
        is_proxys = any(isinstance(found, urllib3.exceptions.ProxyError) for found in chain)
        never_left = not is_started or is_proxys or _is_out_of_reach(error)
        blocked = self._blocked(chain, is_proxys=is_proxys, never_left=never_left)
        if blocked:
            return Failure(Cause.BLOCKED, f"{blocked} What was delivered is recorded.")
        plain = self._plain(error)
        if is_proxys and self._proxy is not None:
            if tunnel := _tunnel_status(chain):
                text = f"the proxy {self._proxy.place} did not lead to {self._place}: it answered {tunnel} ({plain})"
                return Failure(Cause.UNREACHABLE, text)
            return Failure(Cause.UNREACHABLE, f"the proxy {self._proxy.place} could not be reached: {plain}")
        if never_left:
            by = f" by the proxy {self._proxy.place}" if self._proxy is not None else ""
            text = f"{self._place} could not be reached{by}: {plain}"
            return Failure(Cause.UNREACHABLE, text, is_other=self._proxy is None and _speaks_no_tls(chain))
        return Failure(Cause.LOST, f"the connection was lost before the API answered: {plain}", at_work=True)

    def _blocked(self, chain: Iterable[BaseException], *, is_proxys: bool, never_left: bool) -> str | None:
        """What waiting doesn't heal, in a sentence with what to do; None where it may."""
        if is_proxys and self._proxy is not None and _tunnel_status(chain) == 407:
            return self.proxy_wants_login()
        if self._certificates and not Path(self._certificates).exists():
            return f"The certificates in {self._certificates!r}, which REQUESTS_CA_BUNDLE names, are no longer there."
        tls = next((found for found in chain if isinstance(found, ssl.SSLError)), None)
        if tls is None:
            return None
        whose = f"the proxy {self._proxy.place}" if is_proxys and self._proxy is not None else self._place
        if isinstance(tls, ssl.SSLCertVerificationError):
            why = self.secrets.brief(tls.verify_message or str(tls))
            return (
                f"The certificate of {whose} is not accepted: {why}. Where your network looks into what is sent, it has"
                " certificates of its own: ask for their file and name it in the environment variable"
                " REQUESTS_CA_BUNDLE. Else see that the date of this computer is right."
            )
        if tls.reason in _WANTS_CERTIFICATE:
            return (
                f"{_capital(whose)} wants a certificate of yours, which note-importer can't give. Check the base URL."
            )
        if tls.reason in _NO_COMMON_WAY and never_left:
            return (
                f"{_capital(whose)} refused a secure connection ({tls.reason}): it may want a certificate of yours, or"
                " speak only ways that are no longer safe. Check the base URL, and the proxy if there is one."
            )
        if is_proxys and tls.reason in _NO_TLS and self._proxy is not None:
            return f"{_capital(whose)} speaks no https. Write http:// before its address, in {self._proxy.origin}."
        return None

    def proxy_wants_login(self) -> str:
        """What to do about a 407."""
        place = f"The proxy {self._proxy.place}" if self._proxy is not None else "A proxy on the way"
        origin = self._proxy.origin if self._proxy is not None else "the environment variable HTTPS_PROXY"
        return (
            f"{place} wants a name and a password, or others than it was given (407). Put them into {origin}, as"
            " http://name:password@host:port."
        )

    def _plain(self, error: BaseException) -> str:
        """A foreign error in a few words: its innermost cause, without the objects' addresses that libraries print."""
        *_, inner = _chain(error)
        text = re.sub(r"<[^>]*object at 0x[0-9a-fA-F]+>(,?\s*|:\s*)", "", str(inner)) or type(inner).__name__
        return self.secrets.brief(text)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what it came from, and so on."""
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


def _is_out_of_reach(error: BaseException) -> bool:
    """Whether no connection came about."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, urllib3.exceptions.MaxRetryError) else inner
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _speaks_no_tls(chain: Iterable[BaseException]) -> bool:
    """Whether something else than https answered where https was asked for."""
    return any(isinstance(found, ssl.SSLError) and found.reason in _NO_TLS for found in chain)


def _tunnel_status(chain: Iterable[BaseException]) -> int | None:
    """What a proxy answered when it was asked to connect, where that was no success."""
    for found in chain:
        if match := _TUNNEL.search(str(found)):
            return int(match[1])
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
