"""Whose key is whose: one account is one workspace, for what was delivered is remembered by workspace.

Comes in: a workspace and its key. Goes out: the account's lock, held; or word that the key is another workspace's. What
is kept is a digest of the key, keyed with a secret of this user's own, beside what is remembered of the workspaces: it
tells nobody the key, and nobody elsewhere that it is the same one. Where nothing can be kept, nothing is guarded.
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
from importer.errors import SharedKey
from importer.journal import identity, lock
from importer.messages import say
from importer.models import Workspace

_KEYED_WITH = "accounts.secret"  # a file's name


@contextmanager
def held(workspace: Workspace, key: str, *, is_shared: bool) -> Iterator[None]:
    """Hold the account's lock while the block runs: two profiles that share it would each take the whole limit.

    Raises:
        SharedKey: the key is another workspace's, and that isn't allowed.
        Busy: another import with this key is at work.
        UnusableJournal: the lock can't be made.
    """
    note = _note(key)
    if note is None:
        yield
        return
    check(workspace, key, is_shared=is_shared)
    with lock.held(note, "account", "lock.busy-with-key"):
        yield


def check(workspace: Workspace, key: str, *, is_shared: bool) -> None:
    """See that the key was used for no other profile and at no other address, unless that is allowed.

    Raises:
        SharedKey: it was.
    """
    others = [known for known in known_as(key) if known != workspace]
    if not others or is_shared:
        return
    other = min(others, key=lambda known: known.profile == workspace.profile)
    if other.profile != workspace.profile:
        named = {"other": repr(other.profile), "name": other.profile, "profile": repr(workspace.profile)}
        raise SharedKey(say("account.of-another-profile", **named, address=other.base_url))
    raise SharedKey(say("account.used-elsewhere", other=other.base_url, address=workspace.base_url))


def known_as(key: str) -> list[Workspace]:
    """The workspaces that this key was used for."""
    note = _note(key)
    if note is None:
        return []
    try:
        return [Workspace(str(profile), str(url)) for profile, url in json.loads(note.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def remember(workspace: Workspace, key: str) -> None:
    """Remember that the key is this workspace's. Where that can't be written, nothing is held up."""
    known = known_as(key)
    note = _note(key)
    if note is not None and workspace not in known:
        about = [[found.profile, found.base_url] for found in (*known, workspace)]
        with contextlib.suppress(OSError):
            files.replace(note, json.dumps(about, indent=1).encode())


def _note(key: str) -> Path | None:
    """The account's file, by the keyed digest; None where nothing can be kept."""
    folder = identity.folder()
    try:
        digest = hmac.digest(_secret(folder), key.encode(), "sha256")
    except OSError:
        return None
    return folder / f"account-{digest.hex()[:32]}.json"


def _secret(folder: Path) -> bytes:
    """What digests are keyed with; made once. Raises OSError."""
    place = folder / _KEYED_WITH
    if not place.exists():
        files.make_private_folder(folder)
        with contextlib.suppress(FileExistsError):  # another import makes it at this moment
            handle = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, files.OWNER_ONLY)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
    return place.read_bytes()
