"""Read the secrets, which are never printed: the API key, and the addresses for notifications; keep keys.

Input: the file that a person named, if any, the environment, and the system's key store, if the optional package
``keyring`` is installed. Output: the key, or an error that says how to set it; each address, with an origin that
messages show instead.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from importer import files
from importer.errors import BadSettings, NoKey
from importer.messages import Message, say
from importer.models import Workspace

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

KEY_VARIABLE = "SALESHANDY_API_KEY"
ADDRESSES_VARIABLE = "NOTE_IMPORTER_NOTIFY_ADDRESSES"
_SETTING = "api-key-file"
_SERVICE = "note-importer"


def read_key(key_file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """Return the API key, from the file if one is named, otherwise from the environment.

    Raises BadSettings if there is no key, or the text can't be a key.
    """
    if key_file is not None:
        key, place = _text_of(key_file, _SETTING).strip(), say("origin.file", file=str(key_file))
    else:
        key, place = environment.get(KEY_VARIABLE, "").strip(), say("origin.variable", name=KEY_VARIABLE)
        if not key:
            raise NoKey(say("key.not-given"))
    if not can_be_key(key):
        raise BadSettings(say("key.not-in", place=place), setting="" if key_file is None else _SETTING)
    return key


def _text_of(file: Path, setting: str) -> str:
    """Return the text of a file that a setting names. Raises BadSettings."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = say("secret.unreadable", file=str(file.absolute()), error=files.why(error))
        raise BadSettings(message, setting=setting) from error


def can_be_key(text: object) -> bool:
    """Return whether a value can be a key, which is sent in an HTTP header."""
    return isinstance(text, str) and text.isascii() and text.isprintable() and " " not in text and text != ""


def who_can_read(file: Path, kind: str = "key.others-can-read") -> Message | None:
    """Return a warning if other users of this machine can read a file with a secret; otherwise None.

    Only POSIX systems show this by a file's mode. A pipe, such as a shell's ``<(…)``, stores nothing.
    """
    if os.name != "posix":
        return None
    try:
        mode = file.stat().st_mode
    except OSError:  # gone since it was read
        return None
    if not stat.S_ISREG(mode) or not mode & (stat.S_IRGRP | stat.S_IROTH):
        return None
    return say(kind, file=str(file), argument=shlex.quote(str(file)))


@dataclass(frozen=True)
class Recipient:
    """One address, and its ``origin`` for messages, which never show the address."""

    address: str = field(repr=False)
    origin: Message


def read_recipients(file: Path | None) -> tuple[Recipient, ...]:
    """Return the addresses from the file, one per line; without a file, from the environment, separated by spaces.

    Raises BadSettings if the file can't be read, or holds no address.
    """
    kind, about = "recipients.in-variable", dict[str, str]()
    lines = os.environ.get(ADDRESSES_VARIABLE, "").split()
    if file is not None:
        kind, about = "recipients.in-file", {"file": str(file)}
        lines = _text_of(file, "notify-file").splitlines()
    numbered = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    recipients = tuple(
        Recipient(line, say(kind, number=str(number), **about)) for number, line in numbered if line and line[0] != "#"
    )
    if file is not None and not recipients:
        raise BadSettings(say("recipients.none", file=str(file)), setting="notify-file")
    return recipients


# -- the system's key store: macOS Keychain, Windows Credential Manager, or the Secret Service ---------------------
# A key is kept for a profile *and* its address, so that it is sent to no other address.


def has_key_store() -> bool:
    """Return whether this system seems to have a usable key store; the store itself isn't queried."""
    try:
        return _store() is not None
    except Exception:  # noqa: BLE001 - each store has exceptions of its own
        return False


def kept_key(workspace: Workspace) -> str | None:
    """Return the key that is kept for a workspace; None if there is no key or no key store.

    Raises BadSettings if there is a store, but it doesn't answer.
    """
    with _errors_translated(workspace):
        store = _store()
        return None if store is None else store.get_password(_SERVICE, str(workspace))


def keep_key(workspace: Workspace, key: str) -> str:
    """Keep a workspace's key, instead of an earlier one, and return the store's name.

    Raises BadSettings if there is no store, or it didn't keep the key.
    """
    with _errors_translated(workspace):
        store = _needed_store()
        store.set_password(_SERVICE, str(workspace), key)
        return str(store.name)


def forget_key(workspace: Workspace) -> bool:
    """Delete a workspace's key from the store, and return whether there was one.

    Raises BadSettings if there is no store, or it doesn't delete the key.
    """
    with _errors_translated(workspace):
        store = _needed_store()
        had_key = store.get_password(_SERVICE, str(workspace)) is not None
        if had_key:
            store.delete_password(_SERVICE, str(workspace))
        return had_key


def _store() -> KeyringBackend | None:
    try:
        import keyring  # noqa: PLC0415 - slow, because it looks for stores; only needed without another key
        from keyring.backends import fail, null  # noqa: PLC0415 - see above
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return None if isinstance(backend, (fail.Keyring, null.Keyring)) else backend


def _needed_store() -> KeyringBackend:
    if (store := _store()) is None:
        raise BadSettings(say("keystore.not-found"))
    return store


@contextmanager
def _errors_translated(workspace: Workspace) -> Iterator[None]:
    """Raise BadSettings for any error of a store."""
    try:
        yield
    except BadSettings:
        raise
    except Exception as error:  # locked, no session, no permission: each store has exceptions of its own
        said = str(error) or type(error).__name__
        raise BadSettings(say("keystore.failed", workspace=str(workspace), error=said)) from error
