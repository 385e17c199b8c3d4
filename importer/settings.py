"""What a run is told to do, checked. The key is never printed.

Comes in: values from the command line, which has already asked, in this order, its flags, the environment, the profile
and the defaults. Goes out: :class:`Settings`, or an error that names the setting, its value and what is allowed.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

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
        BadSettings: the base URL can't be used (see :func:`checked_url`), or the journal's name.
    """

    profile: str = "default"
    base_url: str = LIVE
    key: str = field(default="", repr=False)
    mapping: Mapping[Role, str] = field(default_factory=dict)
    default_visibility: Visibility | None = None
    content: ContentKind = ContentKind.AUTO
    key_column: str | None = None
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
        return Wanted(mapping, needs_visibility=self.default_visibility is None)


def checked_url(text: str) -> str:
    """A base URL without its last slash.

    Raises:
        BadSettings: it isn't https (loopback excepted), holds a key or a query, or is no URL.
    """
    url = text.strip().rstrip("/")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadSettings(f"The base URL {text!r} can't be read: {error}. The live service is {LIVE}.") from error
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadSettings(
            "The base URL may not hold a name, a password, a query or a fragment. The live one is " + LIVE
        )
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", url):
        raise BadSettings(f"The base URL {text!r} is no web address. The live service is {LIVE}.")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise BadSettings(
            f"The base URL {text!r} is not https: the API key would travel in the open. Write https://{host}…"
        )
    return url


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
    if not key.isascii() or not key.isprintable() or " " in key:
        raise BadSettings(f"{origin} does not hold an API key: a key is one word of plain characters.")
    return key
