"""Remember which results files were written. Input and output: SHA-256 of files and of their paths, never a name."""

from __future__ import annotations

import sqlalchemy as sa

from importer.journal.schema import written
from importer.journal.store import Store


class Files:
    """Record of the results files that runs wrote."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, digest: bytes, place: bytes) -> None:
        """Record that a results file with this digest is about to be written to the path with the digest ``place``."""
        with self._store.transaction():
            self._store.execute(
                self._store.upsert(written).on_conflict_do_nothing(), [{"digest": digest, "place": place}]
            )

    def wrote(self, digest: bytes) -> bool:
        """Return whether a results file with this digest was recorded, at any path."""
        return bool(self._store.rows(sa.select(written.c.place).where(written.c.digest == digest).limit(1)))

    def wrote_at(self, place: bytes) -> bool:
        """Return whether any results file was recorded at the path with this digest."""
        return bool(self._store.rows(sa.select(written.c.place).where(written.c.place == place).limit(1)))
