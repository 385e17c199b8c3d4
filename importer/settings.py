"""What a run is told to do, checked. The key is never printed.

Comes in: values from the command line, which has already asked, in this order, its flags, the environment, the profile
and the defaults. Goes out: :class:`Settings`, or an error that names the setting, its value and what is allowed.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import shlex
import stat
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

from importer.columns import Role, Wanted
from importer.errors import BadSettings
from importer.markup import ContentKind
from importer.models import Visibility
from importer.pacing import Rate
from importer.reading import Limits

BATCH_SIZE = 100
LIVE = "https://open-api.saleshandy.com/v1"
KEY_VARIABLE = "SALESHANDY_API_KEY"

_PORTS = {"http": 80, "https": 443}
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PATH = re.compile(r"(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-F]{2})*", re.ASCII)
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", re.ASCII)


def default_journal() -> Path:
    """Where the journal stands unless another is named: in the user's data folder of the system."""
    return platformdirs.user_data_path("note-importer", appauthor=False) / "journal.sqlite"


@dataclass(frozen=True)
class Settings:
    """Everything that can be set, with its default.

    Attributes:
        profile: the workspace's name of your own; deliveries are remembered per profile and base URL.
        base_url: where the API is.
        key: the API key.
        mapping: role → heading (see :class:`importer.columns.Wanted`).
        default_visibility: for blank cells and sheets without the column; None: a blank is a problem.
        content: how the content column is meant.
        key_column: heading of the column that tells occurrences of the same note apart.
        ignored: headings of columns that have no role, whatever they are called and hold.
        sheet, header_row, encoding, delimiter: how to read the file, where guessing isn't wanted.
        limits: how much of a file is read at most.
        batch_size: prospects in one request at most; None: 100, or what proved to work in this workspace.
        workers: calls in flight at most.
        rate: calls in a time at most; None: as many as the API allows.
        connect_timeout, read_timeout, settle, give_up: in seconds.
        again: deliver anew what earlier runs delivered.
        resend_unconfirmed: send again what could not be read back.
        journal: the journal's file.
        results: the results file; None: beside the input.

    Raises:
        BadSettings: the base URL can't be used (see :func:`checked_url`), or the journal's name, or the key.
    """

    profile: str = "default"
    base_url: str = LIVE
    key: str = field(default="", repr=False)
    mapping: Mapping[Role, str] = field(default_factory=dict)
    default_visibility: Visibility | None = None
    content: ContentKind = ContentKind.AUTO
    key_column: str | None = None
    ignored: Sequence[str] = ()
    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    limits: Limits = field(default_factory=Limits)
    batch_size: int | None = None
    workers: int = 8
    rate: Rate | None = None
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    settle: float = 5.0
    give_up: float = 900.0
    again: bool = False
    resend_unconfirmed: bool = False
    journal: Path = field(default_factory=default_journal)
    results: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", checked_url(self.base_url))
        if not self.journal.name:
            raise BadSettings(f"The journal can't be {str(self.journal)!r}. Name a file: --journal.")
        if str(self.journal) == ":memory:" or str(self.journal).lower().startswith("file:"):
            raise BadSettings(
                f"The journal can't be {str(self.journal)!r}: it has to outlast the run, or the next run would send"
                " every note again. Name a file: --journal practice.sqlite."
            )
        if self.key and not _can_be_key(self.key):
            raise BadSettings(f"What was given as the API key is none: {_WHAT_A_KEY_IS}.")

    @property
    def workspace(self) -> str:
        """What deliveries are remembered under; practice in the sandbox is not mistaken for the live service."""
        return f"{self.profile} at {self.base_url}"

    @property
    def wanted(self) -> Wanted:
        """What to look for among the headings."""
        mapping = dict(self.mapping)
        if self.key_column:
            mapping[Role.KEY] = self.key_column
        return Wanted(mapping, needs_visibility=self.default_visibility is None, ignored=tuple(self.ignored))


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
        raise BadSettings(f"The base URL {text!r} can't be read: {error}. The live service is {LIVE}.") from error
    if "@" in parts.netloc or "?" in text or "#" in text:
        raise BadSettings(
            "The base URL may not hold a name, a password, a query or a fragment. The live one is " + LIVE
        )
    if parts.scheme not in _PORTS or re.search(r"[\s\x00-\x1f]", text) or not _is_host(urlsplit(url).hostname or ""):
        raise BadSettings(f"The base URL {text!r} is no web address. The live service is {LIVE}.")
    if not _is_plain(parts.path):
        raise BadSettings(
            f"The path of the base URL {text!r} is not plain: it may hold no '.' or '..', no empty part and no signs"
            f" beyond those of an address. Write where it leads to, as in {LIVE}."
        )
    host = urlsplit(url).hostname or ""
    if parts.scheme == "http" and not _is_this_machine(host):
        raise BadSettings(
            f"The base URL {text!r} is not https: the API key would travel in the open. Write https://{host}…"
        )
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


def canonical_workspace(name: str) -> str:
    """A :attr:`Settings.workspace` with its address in the one spelling; the same where it names none."""
    profile, at, url = name.rpartition(" at ")
    try:
        return f"{profile}{at}{canonical_url(url)}" if at and urlsplit(url).netloc else name
    except ValueError:
        return name


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


def _is_this_machine(host: str) -> bool:
    """By its address; a name that merely begins with 127 may be anybody's."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_key(key_file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """The API key, from a file where one is named, else from the environment.

    Raises:
        BadSettings: there is none, or it can't be one.
    """
    if key_file is not None:
        try:
            key = key_file.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it isn't a text file"
            raise BadSettings(f"The API key could not be read from {key_file}: {reason}.") from error
        origin = f"The file {key_file}"
    else:
        key = environment.get(KEY_VARIABLE, "").strip()
        origin = f"The environment variable {KEY_VARIABLE}"
        if not key:
            raise BadSettings(
                f"No API key was given. Put it into the environment variable {KEY_VARIABLE}, or into a file that you"
                " name with --api-key-file."
            )
    if not key:
        raise BadSettings(f"{origin} is empty; it should hold the API key and nothing else.")
    if not _can_be_key(key):
        raise BadSettings(f"{origin} does not hold an API key: {_WHAT_A_KEY_IS}.")
    return key


_WHAT_A_KEY_IS = "a key is one word of plain characters"


def _can_be_key(text: str) -> bool:
    """Whether it can travel in a header."""
    return text.isascii() and text.isprintable() and " " not in text


def who_can_read(key_file: Path) -> str | None:
    """A sentence where others on this machine can read a file that holds the key; None where they can't.

    Only POSIX systems say so by a file's mode. A pipe, such as a shell's ``<(…)``, stores nothing.
    """
    if os.name != "posix":
        return None
    try:
        mode = key_file.stat().st_mode
    except OSError:  # gone since it was read
        return None
    if not stat.S_ISREG(mode) or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    return (
        f"Other users of this machine can read the API key in {key_file}. Keep it to yourself: chmod 600"
        f" {shlex.quote(str(key_file))}"
    )
