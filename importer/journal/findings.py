"""Remember for a day what imports found: the prospects that have an email, and the IDs of uploaded files.

Input: emails and the prospects found; digests of files, and the IDs that the API gave them. Output: the same. Emails
that no prospect has are never stored. Emails are stored as HMACs with the API key, which the journal doesn't hold, so
that nobody can test addresses against the journal. A file is identified by its content, never by its name. The lifetime
of its ID isn't documented, and an upload is cheap.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from importer.journal.store import ForRows, Store
from importer.models import Workspace

LASTS = 86_400.0
"""Seconds for which a match is trusted, and an ID of a file is expected to be valid."""


Owners: TypeAlias = tuple[str, ...]
"""IDs of the prospects that have an email, in the order in which the API showed them. There may be others."""


class EmailMatches:
    """Record of the matches for one workspace and one API key; without a key, none are stored.

    Args:
        store: the journal's store.
        workspace: the workspace that the prospects belong to.
        key: the API key.
        clock: returns seconds since 1970.
    """

    def __init__(self, store: Store, workspace: Workspace, key: str, clock: Callable[[], float]) -> None:
        self._store, self._workspace, self._key, self._clock = store, workspace, key, clock

    def known(self, emails: Sequence[str]) -> dict[str, Owners]:
        """Return the matches of each email's latest look-up, if it is at most a day old."""
        owners: dict[str, Owners] = {}
        latest: dict[str, float] = {}
        with self._store.reading():
            number = self._store.number_of(self._workspace)
            if number is None or not self._key:
                return {}
            now = self._clock()
            emails_by_digest = {self._digest(email): email for email in emails}
            digests = ((digest,) for digest in emails_by_digest)
            rows = self._store.among(_MATCHES, digests, workspace=number, since=now - LASTS, now=now)
            for digest, prospect, at in rows:
                email = emails_by_digest[digest]
                owners[email] = (*(owners[email] if latest.get(email) == at else ()), prospect)
                latest[email] = at
        return owners

    def enter(self, owners: Mapping[str, Owners]) -> None:
        """Store matches as found now; emails that no prospect has are left out."""
        now = self._clock()
        with self._store.transaction():
            number = self._store.entered(self._workspace)
            rows = {
                (digest, prospect): (digest, prospect, place)
                for digest, prospects in ((self._digest(email), prospects) for email, prospects in owners.items())
                for place, prospect in enumerate(prospects)
            }
            self._store.many(_ENTER_MATCHES, rows.values(), workspace=number, at=now)

    def forget(self, emails: Iterable[str]) -> None:
        """Delete the matches of these emails."""
        with self._store.transaction():
            number = self._store.entered(self._workspace)
            self._store.many(_FORGET, ((self._digest(email),) for email in emails), workspace=number)

    def expire(self) -> None:
        """Delete all matches that are too old, in every workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(_EXPIRE_MATCHES, since=now - LASTS, now=now)

    def _digest(self, email: str) -> bytes:
        return hmac.digest(self._key.encode("utf-8", "surrogatepass"), email.encode(), hashlib.sha256)


_MATCHES = ForRows(
    """
    SELECT digest, prospect, at FROM found
    WHERE workspace = :workspace AND digest IN ({given}) AND at BETWEEN :since AND :now ORDER BY at, place
    """,
    "digest BLOB",
)
_ENTER_MATCHES = ForRows(
    """
    INSERT INTO found (workspace, digest, prospect, place, at)
    {values} :workspace, {digest}, {prospect}, {place}, :at {end}
    ON CONFLICT (workspace, digest, prospect) DO UPDATE SET place = excluded.place, at = excluded.at
    """,
    "digest BLOB, prospect TEXT, place INTEGER",
)
_FORGET = ForRows(
    "DELETE FROM found {using_given} WHERE found.workspace = :workspace AND found.digest = {digest}",
    "digest BLOB",
)
_EXPIRE_MATCHES = "DELETE FROM found WHERE at NOT BETWEEN :since AND :now"


class KnownUploads:
    """Record of the files that were uploaded for one workspace.

    Args:
        store: the journal's store.
        workspace: the workspace whose notes have these files attached.
        clock: returns seconds since 1970.
    """

    def __init__(self, store: Store, workspace: Workspace, clock: Callable[[], float]) -> None:
        self._store, self._workspace, self._clock = store, workspace, clock

    def known(self, digests: Sequence[str]) -> dict[str, str]:
        """Return SHA-256 (hexadecimal digits) → ID, for those of these files that have a known ID."""
        now, rows = self._clock(), ((bytes.fromhex(digest),) for digest in digests)
        with self._store.reading():
            number = self._store.number_of(self._workspace)
            ids = self._store.among(_UPLOADS, rows, workspace=number, since=now - LASTS, now=now)
            return {digest.hex(): attachment for digest, attachment in ids}

    def enter(self, ids: Mapping[str, str]) -> None:
        """Store the IDs of files uploaded now; the latest ID of a file counts."""
        with self._store.transaction():
            rows = ((bytes.fromhex(digest), attachment) for digest, attachment in ids.items())
            self._store.many(_ENTER_UPLOADS, rows, workspace=self._store.entered(self._workspace), at=self._clock())

    def expire(self) -> None:
        """Delete all IDs that are too old, in every workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(_EXPIRE_UPLOADS, since=now - LASTS, now=now)


_UPLOADS = ForRows(
    """
    SELECT digest, attachment FROM uploads
    WHERE workspace = :workspace AND digest IN ({given}) AND at BETWEEN :since AND :now
    """,
    "digest BLOB",
)
_ENTER_UPLOADS = ForRows(
    """
    INSERT INTO uploads (workspace, digest, attachment, at)
    {values} :workspace, {digest}, {attachment}, :at {end}
    ON CONFLICT (workspace, digest) DO UPDATE SET attachment = excluded.attachment, at = excluded.at
    """,
    "digest BLOB, attachment TEXT",
)
_EXPIRE_UPLOADS = "DELETE FROM uploads WHERE at NOT BETWEEN :since AND :now"
