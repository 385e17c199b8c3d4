"""Find and check the proxy and the certificates that the environment or the system names for an address.

Input: the base URL. Output: a :class:`Proxy` or None, and a file or folder of certificates or None. No message shows
any part of a proxy's address before its name and password are located with certainty.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote

from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from importer.errors import BadSettings
from importer.messages import Message, say

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


@dataclass(frozen=True)
class Proxy:
    """The parts of a proxy's address: where it was set, host and port (safe to show), and the decoded login."""

    origin: Message
    scheme: str
    place: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        """The proxy's address, spelled so that it can be parsed in only one way."""
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user or self.password else ""
        return f"{self.scheme}://{login}{self.place}"


def proxy_for(base_url: str) -> Proxy | None:
    """Return the proxy for an address; None if there is none.

    The environment (``HTTPS_PROXY``, ``ALL_PROXY``, ``NO_PROXY``) or the system names it. An http address is on this
    machine (see settings), and needs no proxy.

    Raises BadSettings if the proxy's address can't be used. The message doesn't show the address.
    """
    if base_url.lower().startswith("http:"):
        return None
    text = select_proxy(base_url, get_environ_proxies(base_url, no_proxy=None))
    if not text:
        return None
    names = [name for name in os.environ if name.lower() in ("https_proxy", "all_proxy") and os.environ[name] == text]
    origin = say("origin.variable", name=names[0]) if names else say("proxy.system")
    proxy = _taken_apart(text if "://" in text else f"http://{text}", origin)
    if "://" not in text and text.lower().partition(":")[0] in _SCHEMES:
        proxy = None  # a scheme without slashes, which would be read as a name
    if proxy is None:
        raise BadSettings(say("proxy.bad-address", origin=origin))
    if proxy.scheme.startswith("socks") and find_spec("socks") is None:
        raise BadSettings(say("proxy.no-socks", proxy=proxy.place, origin=origin))
    return proxy


def _taken_apart(text: str, origin: Message) -> Proxy | None:
    """Return the parts of a proxy's address; None unless each part is in its proper place."""
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in text):
        return None
    try:
        parts = parse_url(text)
    except LocationParseError:  # the error's text may hold the password
        return None
    login = text.partition("://")[2].partition("/")[0].rpartition("@")[0]
    if parts.path not in (None, "/") or any(sign in text for sign in "?#") or any(sign in login for sign in "@["):
        return None  # an apparent path may be the rest of a password
    if parts.scheme not in _SCHEMES or not parts.netloc:
        return None
    user, _, password = login.partition(":")
    user, password = unquote(user), unquote(password)
    try:
        f"{user}:{password}".encode("latin-1")  # the encoding in which it is sent
    except UnicodeEncodeError:
        return None
    return Proxy(origin, parts.scheme, parts.netloc, user, password)


def certificates_for(base_url: str) -> str | None:
    """Return the file or folder of certificates that the environment names; None for the bundled ones.

    Raises BadSettings if the file or folder doesn't exist, or holds no certificate.
    """
    name = next((name for name in _BUNDLES if os.environ.get(name)), None)
    if name is None or base_url.lower().startswith("http:"):
        return None
    path = os.environ[name]
    try:
        if not Path(path).is_dir():
            ssl.create_default_context(cafile=path)
    except (OSError, ValueError) as error:
        raise BadSettings(say("proxy.no-certificates", path=repr(path), name=name)) from error
    return path
