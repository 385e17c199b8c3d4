"""The operating system's key store: the keychain of macOS, the credential manager of Windows, the Secret Service.

Comes in: a workspace. Goes out: the key that was kept for it, or none. A key is kept for a profile *and* its address,
so that it goes to no other. It needs ``keyring``, which is an extra; without it nothing is kept, and nothing is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from importer.errors import BadSettings
from importer.messages import say
from importer.models import Workspace

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE = "note-importer"


def is_there() -> bool:
    """Whether this system has one that can be used, as far as can be seen without asking it anything."""
    if find_spec("keyring") is None:
        return False
    try:
        return _store() is not None
    except Exception:  # noqa: BLE001 - each store has exceptions of its own
        return False


def kept(workspace: Workspace) -> str | None:
    """The key that is kept for a workspace; None where there is none, or no key store.

    Raises:
        BadSettings: there is a store, and it doesn't answer.
    """
    if find_spec("keyring") is None:
        return None
    with _told("keystore.not-asked", workspace=str(workspace)):
        store = _store()
        return None if store is None else store.get_password(_SERVICE, str(workspace))


def keep(workspace: Workspace, key: str) -> str:
    """Keep a workspace's key, in the place of one that was kept before; the store's name.

    Raises:
        BadSettings: there is no store, or it didn't keep the key.
    """
    with _told("keystore.not-written"):
        store = _needed_store()
        store.set_password(_SERVICE, str(workspace), key)
        is_kept = store.get_password(_SERVICE, str(workspace)) == key
    if not is_kept:
        raise BadSettings(say("keystore.did-not-keep", store=str(store.name)))
    return str(store.name)


def forget(workspace: Workspace) -> bool:
    """Take a workspace's key out of the store; whether there was one.

    Raises:
        BadSettings: there is no store, or it doesn't let the key go.
    """
    with _told("keystore.not-changed"):
        store = _needed_store()
        is_there = store.get_password(_SERVICE, str(workspace)) is not None
        if is_there:
            store.delete_password(_SERVICE, str(workspace))
    return is_there


def _store() -> KeyringBackend | None:
    import keyring  # noqa: PLC0415 - takes its time to look for stores; only who has no other key waits for it
    from keyring.backends import fail, null  # noqa: PLC0415 - see above

    found = keyring.get_keyring()
    return None if isinstance(found, (fail.Keyring, null.Keyring)) else found


def _needed_store() -> KeyringBackend:
    if find_spec("keyring") is None:
        raise BadSettings(say("keystore.needs-keyring"))
    if (store := _store()) is None:
        raise BadSettings(say("keystore.not-found"))
    return store


@contextmanager
def _told(kind: str, **parts: str) -> Iterator[None]:
    """What a store fails with, in words of ours."""
    try:
        yield
    except BadSettings:
        raise
    except Exception as error:  # locked, no session, no permission: each store has exceptions of its own
        raise BadSettings(say(kind, **parts, error=str(error) or type(error).__name__)) from error
