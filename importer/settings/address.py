"""Check the API's address and the journal's place.

Input: an address as written. Output: the canonical base URL, or the path or URL of a journal; or an error.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import string
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

from importer.errors import BadSettings
from importer.messages import say

LIVE = "https://open-api.saleshandy.com/v1"
"""The address of the live API."""
_ALSO_LIVE = "https://open-api.saleshandy.com/api/open-api/v1"  # the address in the vendor's own command line
_VERSION = "v1"  # the last part of the API's path
_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PATH = re.compile(r"(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*", re.ASCII)
_SERVERS = ("postgresql", "postgres")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")  # a Path drops the second slash; a drive has only one letter
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def default_journal() -> Path:
    """Return the default journal's path, in the user's data folder."""
    return platformdirs.user_data_path("note-importer", appauthor=False) / "journal.sqlite"


def journal_place(address: Path | str) -> Path | str:
    """Return the place of a journal: a file's path, or the URL of a PostgreSQL database.

    Args:
        address: the file's path, or a URL: ``sqlite:///FILE``, or ``sqlite:////FILE`` for a path that begins with /;
            ``postgresql://HOST/DATABASE``.

    Raises:
        BadSettings: the address is neither, holds a password, or names a database in memory, which ends with the run.
    """
    text = str(address)
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1].lower() == "file":
        path = Path(text)
    elif scheme[1] in _SERVERS and text[scheme.end() :].startswith("/"):
        return _database(text)
    elif scheme[1].lower() == "sqlite" and text[scheme.end() :].startswith("//") and "?" not in text:
        path = Path(text[scheme.end() + 2 :])
    else:  # the rest may be a password
        raise BadSettings(say("address.no-such-journal", scheme=scheme[1]))
    if not path.name:
        raise BadSettings(say("address.no-journal", text=repr(text)))
    if str(path) == ":memory:" or str(path).lower().startswith("file:"):
        raise BadSettings(say("address.journal-in-memory", text=repr(text)))
    return path


def _database(url: str) -> str:
    """Return the URL; refuse a password in it, because others see settings, and messages and profiles show them."""
    _, _, rest = url.partition("://")
    location, _, query = rest.partition("?")
    parameters = {unquote(part.partition("=")[0]).strip().lower() for part in query.split("&")}
    login, at_sign, _ = location.rpartition("@")
    if (at_sign and ":" in login) or parameters & {"password", "sslpassword"}:
        raise BadSettings(say("address.with-password"))
    return url


def checked_url(text: str) -> str:
    """Return a base URL in the canonical spelling, under which deliveries are remembered (see :func:`canonical_url`).

    Raises:
        BadSettings: the text isn't a URL or isn't https (except on this machine), or has a login, a query or an
            ambiguous path.
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
    """Return the canonical spelling of a URL: RFC 3986, section 6.2, no last dot or slash, and one name for the API.

    This accepts more than :func:`checked_url`, because journals may hold addresses that were once accepted.

    Raises:
        ValueError: the text isn't a URL.
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
    url = f"{parts.scheme}://{host}{port}" + "".join(f"/{segment}" for segment in segments)
    return LIVE if url == _ALSO_LIVE else url


def api_address(url: str) -> str:
    """Return the address that a base URL probably means: up to its version, which is added if it is missing."""
    before, version, _ = f"{url}/".partition(f"/{_VERSION}/")
    return f"{before.rstrip('/')}/{_VERSION}" if version else f"{url}/{_VERSION}"


def _unescaped(path: str) -> str:
    """Return a path in which only the characters that must be escaped are escaped."""

    def plain(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return re.sub(r"%([0-9A-Fa-f]{2})", plain, path)


def _is_plain(path: str) -> bool:
    """Return whether a path can be read in one way only, also by an intermediary."""
    path = _unescaped(path.rstrip("/"))
    segments = re.split(r"[/\\]", unquote(path))[1:]
    return _PATH.fullmatch(path) is not None and not {"", ".", ".."} & set(segments)


def _is_host(host: str) -> bool:
    """Return whether a text is an ASCII name or an IP address; a non-ASCII name would have two spellings (xn--…)."""
    with contextlib.suppress(ValueError):
        return "%" not in ipaddress.ip_address(host).compressed
    return _NAME.fullmatch(host) is not None


def is_this_machine(host: str) -> bool:
    """Return whether a host is this machine, by its address; a name that only begins with 127 may be any machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
