"""Under which id a file was uploaded, so that a run that was broken off uploads none again that is there.

Comes in: digests of files, and the ids that the API gave them. Goes out: the same, for a day: how long an id lives
isn't documented, and an upload costs little. A file is known by what it holds, never by its name.
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
"""Seconds for which an id is believed to live."""

_AT_ONCE = 500  # digests in one query


class KnownUploads:
    """The files that were uploaded for one workspace.

    Args:
        store: the journal's.
        workspace: whose notes carry them.
        clock: seconds since 1970.
    """

    def __init__(self, store: Store, workspace: Workspace, clock: Callable[[], float]) -> None:
        self._store, self._workspace, self._clock = store, workspace, clock

    def known(self, digests: Sequence[str]) -> dict[str, str]:
        """The ids of those of these files that are there; files by their SHA-256, in hexadecimal digits."""
        known: dict[str, str] = {}
        with self._store.reading():
            number, now = self._store.number_of(self._workspace), self._clock()
            for start in range(0, len(digests) if number is not None else 0, _AT_ONCE):
                some = [bytes.fromhex(digest) for digest in digests[start : start + _AT_ONCE]]
                query = sa.select(uploads.c.digest, uploads.c.attachment).where(
                    uploads.c.workspace == number, uploads.c.digest.in_(some), uploads.c.at.between(now - LASTS, now)
                )
                known.update((row.digest.hex(), row.attachment) for row in self._store.rows(query))
        return known

    def enter(self, ids: Mapping[str, str]) -> None:
        """Keep under which ids files were uploaded now; the latest counts."""
        with self._store.transaction():
            rows = [(bytes.fromhex(digest), attachment) for digest, attachment in ids.items()]
            self._store.many(_ENTER, rows, workspace=self._store.entered(self._workspace), at=self._clock())

    def expire(self) -> None:
        """Nothing is kept that is older than it may be, of whatever workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(sa.delete(uploads).where(~uploads.c.at.between(now - LASTS, now)))


def _enter(upsert: Upsert) -> Any:
    new = upsert(uploads).values({column.name: sa.bindparam(column.name) for column in uploads.c})
    return new.on_conflict_do_update(
        index_elements=["workspace", "digest"], set_={name: new.excluded[name] for name in ("attachment", "at")}
    )


_ENTER = Many(_enter, "digest", "attachment")
