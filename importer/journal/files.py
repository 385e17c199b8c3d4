"""Which results files were written. Comes in and goes out: SHA-256 of files and of their paths, never a name."""

from __future__ import annotations

import sqlalchemy as sa

from importer.journal.schema import written
from importer.journal.store import Store


class Files:
    """The results files that runs wrote."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, digest: bytes, place: bytes) -> None:
        """Enter that a results file is about to stand somewhere."""
        with self._store.transaction():
            self._store.execute(
                self._store.upsert(written).on_conflict_do_nothing(), [{"digest": digest, "place": place}]
            )

    def wrote(self, digest: bytes) -> bool:
        """Whether such a results file was entered, wherever it stood."""
        return bool(self._store.rows(sa.select(written.c.place).where(written.c.digest == digest).limit(1)))

    def wrote_at(self, place: bytes) -> bool:
        """Whether any results file was entered for this place."""
        return bool(self._store.rows(sa.select(written.c.place).where(written.c.place == place).limit(1)))
