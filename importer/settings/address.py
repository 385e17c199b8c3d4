"""Check the API's address and the journal's place.

Input: an address as written. Output: the canonical base URL, or the path or URL of a journal; or an error.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from importer.errors import BadSettings
from importer.messages import say

if TYPE_CHECKING:
    from platformdirs import PlatformDirs

LIVE = "https://open-api.saleshandy.com/v1"
"""The address of the live API."""
_ALSO_LIVE = "https://open-api.saleshandy.com/api/open-api/v1"  # the address in the vendor's own command line
_VERSION = "v1"  # the last part of the API's path
_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65_535
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])\.?(?::(?P<port>\d*))?"
    r"(?P<path>(?:/(?!\.\.?(?:/|$))[\w.~-]+)*)/*",
    re.ASCII | re.IGNORECASE,
)
"""An address that can be read in one way only, also by an intermediary."""
SERVERS = {"postgresql": "postgres", "postgres": "postgres"}
"""Scheme of a journal's URL → the module of ``importer/journal/`` for the database, also the name of our extra."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")  # a Path drops the second slash; a drive has only one letter


def own_folders() -> PlatformDirs:
    """Return the folders where this system keeps a program's data and settings."""
    from platformdirs import PlatformDirs  # noqa: PLC0415 - no start waits for it

    return PlatformDirs("note-importer", appauthor=False)


def default_journal() -> Path:
    """Return the default journal's path, in the user's data folder."""
    return own_folders().user_data_path / "journal.sqlite"


def journal_place(address: Path | str) -> Path | str:
    """Return the place of a journal: a file's path, or the URL of a database.

    Raises BadSettings if the address is neither, holds a password, or names a database in memory, which ends with the
    run.
    """
    text = str(address)
    if scheme := _SCHEME.match(text):
        if scheme[1] in SERVERS and text[scheme.end() :].startswith("/"):
            return _database(text)
        known = tuple(f"{name}://" for name in SERVERS)  # the rest of the text may be a password
        raise BadSettings(say("address.no-such-journal", scheme=scheme[1], known=known))
    path = Path(text)
    if not path.name or str(path) == ":memory:" or text.lower().startswith("file:"):
        raise BadSettings(say("address.no-journal", text=repr(text)))
    return path


def _database(url: str) -> str:
    """Return the URL; refuse a password in it, because others see settings, and messages and profiles show them."""
    if re.search(r"://[^?]*:[^?]*@|[?&]\s*(ssl)?password\s*=", unquote(url), re.IGNORECASE):
        raise BadSettings(say("address.with-password"))
    return url


def checked_url(text: str) -> str:
    """Return a base URL in its canonical spelling, under which deliveries are remembered.

    Raises BadSettings if the text isn't a URL or isn't https (except on this machine), or has a login, a query or an
    ambiguous path.
    """
    text = text.strip()
    match, no_address = _ADDRESS.fullmatch(text), BadSettings(say("address.no-address", live=LIVE))
    if match is None or int(match["port"] or 0) > _HIGHEST_PORT:
        raise no_address
    scheme, host = match["scheme"].lower(), match["host"].lower()
    if host.startswith("["):
        try:
            host = f"[{ipaddress.ip_address(host[1:-1]).compressed}]"
        except ValueError as error:
            raise no_address from error
    if scheme == "http" and not is_this_machine(host.strip("[]")):
        raise BadSettings(say("address.not-https", text=repr(text), host=host))
    port = int(match["port"] or _PORTS[scheme])
    url = f"{scheme}://{host}{'' if port == _PORTS[scheme] else f':{port}'}{match['path']}"
    return LIVE if url == _ALSO_LIVE else url


def api_address(url: str) -> str:
    """Return the address that a base URL probably means: up to its version, which is added if it is missing."""
    before, version, _ = f"{url}/".partition(f"/{_VERSION}/")
    return f"{before.rstrip('/')}/{_VERSION}" if version else f"{url}/{_VERSION}"


def is_this_machine(host: str) -> bool:
    """Return whether a host is this machine, by its address; a name that only begins with 127 may be any machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
