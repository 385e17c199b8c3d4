"""Remember the IDs of uploaded files, so that a continued run doesn't upload a file again.

Input: digests of files, and the IDs that the API gave them. Output: the same, for a day, because the lifetime of an ID
isn't documented and an upload is cheap. A file is identified by its content, never by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from importer.journal.schema import uploads
from importer.journal.statements import Many, Upsert
from importer.journal.store import Store
from importer.models import Workspace

LASTS = 86_400.0
"""Seconds for which an ID is expected to be valid."""

_AT_ONCE = 500  # digests in one query


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
        ids: dict[str, str] = {}
        with self._store.reading():
            number, now = self._store.number_of(self._workspace), self._clock()
            for start in range(0, len(digests) if number is not None else 0, _AT_ONCE):
                batch = [bytes.fromhex(digest) for digest in digests[start : start + _AT_ONCE]]
                query = sa.select(uploads.c.digest, uploads.c.attachment).where(
                    uploads.c.workspace == number, uploads.c.digest.in_(batch), uploads.c.at.between(now - LASTS, now)
                )
                ids.update((row.digest.hex(), row.attachment) for row in self._store.rows(query))
        return ids

    def enter(self, ids: Mapping[str, str]) -> None:
        """Store the IDs of files uploaded now; the latest ID of a file counts."""
        with self._store.transaction():
            rows = [(bytes.fromhex(digest), attachment) for digest, attachment in ids.items()]
            self._store.many(_ENTER, rows, workspace=self._store.entered(self._workspace), at=self._clock())

    def expire(self) -> None:
        """Delete all IDs that are too old, in every workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(sa.delete(uploads).where(~uploads.c.at.between(now - LASTS, now)))


def _enter(upsert: Upsert) -> Any:
    new = upsert(uploads).values({column.name: sa.bindparam(column.name) for column in uploads.c})
    return new.on_conflict_do_update(
        index_elements=["workspace", "digest"], set_={name: new.excluded[name] for name in ("attachment", "at")}
    )


_ENTER = Many(_enter, "digest", "attachment")
