"""Keep API keys in the system's key store: macOS Keychain, Windows Credential Manager, or the Secret Service.

Input: a workspace. Output: its key, or None. A key is kept for a profile *and* its address, so that it is sent to no
other address. The optional package ``keyring`` is required; without it, no key is kept and the rest works.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from importer.errors import BadSettings
from importer.messages import say
from importer.models import Workspace

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "note-importer"


def is_there() -> bool:
    """Return whether this system seems to have a usable key store; the store itself isn't queried."""
    try:
        return _store() is not None
    except Exception:  # noqa: BLE001 - each store has exceptions of its own
        return False


def kept(workspace: Workspace) -> str | None:
    """Return the key that is kept for a workspace; None if there is no key or no key store.

    Raises:
        BadSettings: there is a store, but it doesn't answer.
    """
    with _errors_translated(workspace):
        store = _store()
        return None if store is None else store.get_password(_SERVICE, str(workspace))


def keep(workspace: Workspace, key: str) -> str:
    """Keep a workspace's key, instead of an earlier one, and return the store's name.

    Raises:
        BadSettings: there is no store, or it didn't keep the key.
    """
    with _errors_translated(workspace):
        store = _needed_store()
        store.set_password(_SERVICE, str(workspace), key)
        return str(store.name)


def forget(workspace: Workspace) -> bool:
    """Delete a workspace's key from the store, and return whether there was one.

    Raises:
        BadSettings: there is no store, or it doesn't delete the key.
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
        words = str(error) or type(error).__name__
        raise BadSettings(say("keystore.failed", workspace=str(workspace), error=words)) from error
