"""One HTTP request = one attempt: what leaves, how much of a reply is taken, and what a lost connection means.

Comes in: a method, a path and fields. Goes out: an :class:`Exchange`: what came back, or why nothing did. Three modules
use ``requests``: this one, :mod:`importer.api.connections` and :mod:`importer.api.proxy`. They know no vendor. No text
that leaves them holds the key, or a proxy's name and password.
"""

from __future__ import annotations

import base64
import re
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

from importer.api.bodies import body_of
from importer.api.connections import Reached, Session
from importer.api.exchange import SMALL, Exchange, Most
from importer.api.protocol import Cause, Failure
from importer.api.proxy import Proxy, certificates_for, proxy_for
from importer.messages import Message, say
from importer.version import __version__

_LONGEST_WORDS = 300
_LONGEST_IDLE = 3.0  # seconds between two calls on one connection; some gateways close idle ones after 5
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
        self._sessions: list[Session] = []
        self._renewals = 0
        self._reached: Reached = {}
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
        session = self._session()
        began = self._clock()
        try:
            with session.request(
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
            return Exchange(began, self._clock(), failure=self._lost(error, has_left=session.departure.has_begun))
        finally:
            self._local.used = time.monotonic()

    def renew(self) -> None:
        """Stop using all connections that are open now. Each thread closes its own before its next call."""
        self._renewals += 1

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()

    def _session(self) -> Session:
        """Return this thread's session, ready for a new call."""
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            proxies = {"https": self._proxy.url} if self._proxy is not None else {}
            session = self._local.session = Session(proxies, self._certificates, self._headers, self._reached)
            self._sessions.append(session)
        elif self._local.renewals != self._renewals or time.monotonic() - self._local.used > _LONGEST_IDLE:
            session.close()  # its connection; it may be used again
        self._local.renewals = self._renewals
        session.departure.has_begun = False
        return session

    def _taken(self, answer: Exchange, response: requests.Response, size: int) -> Exchange:
        """The answer with its body, as far as that came and is no larger than ``size``."""
        parts = []
        left = size
        try:
            while part := response.raw.read1(65536, decode_content=True):
                left -= len(part)
                if left < 0:
                    return replace(answer, cut=say("api.reply-without-end"), is_too_large=True)
                parts.append(part)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return replace(answer, cut=say("api.reply-broke-off", error=self._plain(error)))
        return replace(answer, data=b"".join(parts))

    # -- what a lost connection means -------------------------------------------------------------------------------

    def _lost(self, error: Exception, *, has_left: bool) -> Failure:
        """Return why a call brought no reply. Only ``has_left`` decides whether it may have been applied."""
        chain = list(_chain(error))
        is_proxys = not has_left and any(isinstance(found, urllib3.exceptions.ProxyError) for found in chain)
        blocked = self._blocked(chain, is_proxys=is_proxys, has_left=has_left)
        if blocked:
            return Failure(Cause.BLOCKED, say("stopped.blocked", why=blocked), at_work=has_left, has_left=has_left)
        plain = self._plain(error)
        if has_left:
            return Failure(Cause.LOST, say("api.lost", error=plain), at_work=True)
        if is_proxys and self._proxy is not None:
            if tunnel := _tunnel_status(chain):
                about = {"proxy": self._proxy.place, "place": self._place, "status": str(tunnel), "error": plain}
                return Failure(Cause.UNREACHABLE, say("api.proxy-leads-nowhere", **about))
            return Failure(Cause.UNREACHABLE, say("api.proxy-unreachable", proxy=self._proxy.place, error=plain))
        text = say("api.unreachable", place=self._place, error=plain)
        if self._proxy is not None:
            text = say("api.unreachable-by-proxy", place=self._place, proxy=self._proxy.place, error=plain)
        return Failure(Cause.UNREACHABLE, text, is_other=self._proxy is None and _speaks_no_tls(chain))

    def _blocked(self, chain: Iterable[BaseException], *, is_proxys: bool, has_left: bool) -> Message | None:
        """What waiting doesn't heal, with what to do; None where it may."""
        if is_proxys and self._proxy is not None and _tunnel_status(chain) == 407:
            return self.proxy_wants_login()
        if self._certificates and not Path(self._certificates).exists():
            return say("api.certificates-gone", path=repr(self._certificates))
        tls = next((found for found in chain if isinstance(found, ssl.SSLError)), None)
        if tls is None:
            return None
        proxy = self._proxy.place if is_proxys and self._proxy is not None else ""
        whose = say("api.proxy-first", proxy=proxy) if proxy else self._place
        if isinstance(tls, ssl.SSLCertVerificationError):
            why = self.secrets.brief(tls.verify_message or str(tls))
            return say(
                "api.certificate-not-accepted",
                whose=say("api.the-proxy", proxy=proxy) if proxy else self._place,
                why=why,
            )
        if tls.reason in _WANTS_CERTIFICATE:
            return say("api.wants-certificate", whose=whose)
        if tls.reason in _NO_COMMON_WAY and not has_left:
            return say("api.no-secure-connection", whose=whose, why=tls.reason)
        if is_proxys and tls.reason in _NO_TLS and self._proxy is not None:
            return say("api.speaks-no-https", whose=whose, origin=self._proxy.origin)
        return None

    def proxy_wants_login(self) -> Message:
        """What to do about a 407."""
        if self._proxy is None:
            return say("api.a-proxy-wants-login")
        return say("api.proxy-wants-login", proxy=self._proxy.place, origin=self._proxy.origin)

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


def _speaks_no_tls(chain: Iterable[BaseException]) -> bool:
    """Whether something else than https answered where https was asked for."""
    return any(isinstance(found, ssl.SSLError) and found.reason in _NO_TLS for found in chain)


def _tunnel_status(chain: Iterable[BaseException]) -> int | None:
    """What a proxy answered when it was asked to connect, where that was no success."""
    for found in chain:
        if match := _TUNNEL.search(str(found)):
            return int(match[1])
    return None
