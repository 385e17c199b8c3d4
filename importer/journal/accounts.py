"""Remember for which workspaces an API key was used, whatever their journals, and allow one import at a time with it.

Input: a key. Output: its workspaces; the account's lock, held. Only a digest of the key is stored, in the folder of
:mod:`.identity`. The digest is keyed with a secret of this user: it doesn't reveal the key, and two users' digests of
the same key differ. If nothing can be stored, nothing is known.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from importer import files
from importer.journal import identity, lock
from importer.models import Workspace

_KEYED_WITH = "accounts.secret"  # file name


@contextmanager
def held(key: str) -> Iterator[None]:
    """Hold the account's lock while the block runs, so that two profiles don't each use the key's whole rate limit.

    Raises:
        Busy: another import is running with this key.
        UnusableJournal: the lock can't be made.
    """
    file = _note(key)
    if file is None:
        yield
        return
    with lock.held(file, "account", "lock.busy-with-key"):
        yield


def digest_of(key: str) -> str:
    """Return a digest of a key, which tells the runs with one key from those with another."""
    return hmac.digest(key.encode("utf-8", "surrogatepass"), b"account", "sha256").hex()


def known_as(key: str) -> list[Workspace]:
    """Return the workspaces that this key was used for."""
    file = _note(key)
    if file is None:
        return []
    try:
        return [Workspace(str(profile), str(url)) for profile, url in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def remember(workspace: Workspace, key: str) -> None:
    """Remember that the key was used for this workspace. A failure to write this is ignored."""
    workspaces = known_as(key)
    file = _note(key)
    if file is not None and workspace not in workspaces:
        entries = [[listed.profile, listed.base_url] for listed in (*workspaces, workspace)]
        with contextlib.suppress(OSError):
            files.replace(file, json.dumps(entries, indent=1).encode())


def _note(key: str) -> Path | None:
    """Return the path of the account's file, named after the keyed digest; None if no secret can be read or made."""
    folder = identity.folder()
    try:
        digest = hmac.digest(_secret(folder), key.encode(), "sha256")
    except OSError:
        return None
    return folder / f"account-{digest.hex()[:32]}.json"


def _secret(folder: Path) -> bytes:
    """Return the secret that keys the digests; make it at the first call. Raises OSError."""
    path = folder / _KEYED_WITH
    files.keep_private(path)
    if not path.exists():
        files.make_private_folder(folder)
        with contextlib.suppress(FileExistsError):  # another import may make it at the same moment
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, files.OWNER_ONLY)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
    return path.read_bytes()
