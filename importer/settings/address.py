"""Where things are: the API's address in one spelling, and the journal's place.

Comes in: what a person wrote. Goes out: a base URL under which deliveries can be remembered; a journal's path, or the
URL of its database; or an error that says what is wrong with it.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import string
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

from importer.api.saleshandy import LIVE
from importer.errors import BadSettings
from importer.messages import say

_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PATH = re.compile(r"(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*", re.ASCII)
_SERVERS = ("postgresql", "postgres")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")  # even where a path was made of the URL; a drive has one letter
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def default_journal() -> Path:
    """Where the journal stands unless another is named: in the user's data folder of the system."""
    return platformdirs.user_data_path("note-importer", appauthor=False) / "journal.sqlite"


def journal_place(address: Path | str) -> Path | str:
    """Where a journal is kept: a file's path, or the URL of a PostgreSQL database.

    Args:
        address: the file's path, or a URL: ``sqlite:///FILE``, or ``sqlite:////FILE`` for a path that begins with /;
            ``postgresql://HOST/DATABASE``.

    Raises:
        BadSettings: it names neither, or one that ends with the run, or holds a password.
    """
    text = str(address)
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1].lower() == "file":
        path = Path(text)
    elif scheme[1] in _SERVERS and text[scheme.end() :].startswith("/"):
        return _database(text)
    elif scheme[1].lower() == "sqlite" and text[scheme.end() :].startswith("//") and "?" not in text:
        path = Path(text[scheme.end() + 2 :])
    else:  # what follows the scheme may be a password
        raise BadSettings(say("address.no-such-journal", scheme=scheme[1]))
    if not path.name:
        raise BadSettings(say("address.no-journal", text=repr(text)))
    if str(path) == ":memory:" or str(path).lower().startswith("file:"):
        raise BadSettings(say("address.journal-in-memory", text=repr(text)))
    return path


def _database(url: str) -> str:
    """The URL, if no password stands in it: settings are seen by others, told in messages, and remembered."""
    _, _, rest = url.partition("://")
    way, _, query = rest.partition("?")
    named = {unquote(part.partition("=")[0]).strip().lower() for part in query.split("&")}
    owner, at, _ = way.rpartition("@")
    if (at and ":" in owner) or named & {"password", "sslpassword"}:
        raise BadSettings(say("address.with-password"))
    return url


def checked_url(text: str) -> str:
    """A base URL in the one spelling under which deliveries are remembered (see :func:`canonical_url`).

    Raises:
        BadSettings: it isn't https (loopback excepted), holds a key or a query, leads elsewhere by its path, or is no
            URL.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        url = canonical_url(text)
    except ValueError as error:
        raise BadSettings(say("address.bad-url", text=repr(text), error=str(error), live=LIVE)) from error
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise BadSettings(say("address.too-much", live=LIVE))
    if parts.scheme not in _PORTS or re.search(r"[\s\x00-\x1f]", text) or not _is_host(urlsplit(url).hostname or ""):
        raise BadSettings(say("address.no-web-address", text=repr(text), live=LIVE))
    if not _is_plain(parts.path):
        raise BadSettings(say("address.not-plain", text=repr(text), live=LIVE))
    host = urlsplit(url).hostname or ""
    if parts.scheme == "http" and not is_this_machine(host):
        raise BadSettings(say("address.not-https", text=repr(text), host=host))
    return url


def canonical_url(text: str) -> str:
    """The one spelling of all that lead to the same place: RFC 3986, section 6.2, and without a last dot or slash.

    Takes more than :func:`checked_url` does, for journals may hold what was once taken.

    Raises:
        ValueError: it is no URL.
    """
    parts = urlsplit(text.strip())
    host = (parts.hostname or "").removesuffix(".")
    with contextlib.suppress(ValueError):
        host = ipaddress.ip_address(host).compressed
    if ":" in host:
        host = f"[{host}]"
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    segments: list[str] = []
    for segment in _unescaped(parts.path).split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return f"{parts.scheme}://{host}{port}" + "".join(f"/{segment}" for segment in segments)


def _unescaped(path: str) -> str:
    """A path in which only those signs are escaped that have to be."""

    def plain(match: re.Match[str]) -> str:
        sign = chr(int(match[1], 16))
        return sign if sign in _UNRESERVED else match[0].upper()

    return re.sub(r"%([0-9A-Fa-f]{2})", plain, path)


def _is_plain(path: str) -> bool:
    """Whether nobody on the way can take a path for another one."""
    path = _unescaped(path.rstrip("/"))
    segments = re.split(r"[/\\]", unquote(path))[1:]
    return _PATH.fullmatch(path) is not None and not {"", ".", ".."} & set(segments)


def _is_host(host: str) -> bool:
    """Whether it is a name or an IP address; a name with signs of other scripts has a second spelling (xn--…)."""
    with contextlib.suppress(ValueError):
        return "%" not in ipaddress.ip_address(host).compressed
    return _NAME.fullmatch(host) is not None


def is_this_machine(host: str) -> bool:
    """By its address; a name that merely begins with 127 may be anybody's."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
