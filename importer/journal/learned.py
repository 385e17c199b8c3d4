"""Remember what runs learned about a workspace's API. Input: observations. Output: the values for a later run."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from importer.journal.schema import learned
from importer.journal.store import Store
from importer.models import Workspace

_LAG_LASTS = 30 * 86_400.0  # seconds for which a measured lag is trusted


class Learned:
    """Observations by workspace; the latest value counts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def batch_size(self, workspace: Workspace) -> int | None:
        """Return the batch size that worked after the API refused a larger one; None if it refused none."""
        row = self._found(workspace)
        return None if row is None else row.batch_size

    def learn_batch_size(self, workspace: Workspace, batch_size: int) -> None:
        """Store a batch size for later runs."""
        self._keep(workspace, batch_size=batch_size)

    def limit(self, workspace: Workspace) -> tuple[int, float] | None:
        """Return how many calls in how many seconds the API allowed an earlier run; None if that is unknown."""
        row = self._found(workspace)
        return (row.calls, row.seconds) if row and row.calls is not None else None

    def learn_limit(self, workspace: Workspace, calls: int, seconds: float) -> None:
        """Store a limit, from which a later run estimates its time."""
        self._keep(workspace, calls=calls, seconds=seconds)

    def replication_lag(self, workspace: Workspace, now: float | None = None) -> float | None:
        """Return by how many seconds reads lag behind writes, if that was measured in the 30 days before ``now``.

        Args:
            workspace: the workspace of the API.
            now: seconds since 1970; None for the system's time.
        """
        row, now = self._found(workspace), time.time() if now is None else now
        if row is None or row.read_lag_at is None or row.read_lag_at < now - _LAG_LASTS:
            return None
        return float(row.read_lag)

    def learn_lag(self, workspace: Workspace, seconds: float, at: float) -> None:
        """Store by how many seconds reads lag behind writes, as measured at the time ``at``."""
        self._keep(workspace, read_lag=seconds, read_lag_at=at)

    def _found(self, workspace: Workspace) -> Any:
        with self._store.reading():
            number = self._store.number_of(workspace)
            rows = self._store.rows(sa.select(learned).where(learned.c.workspace == number)) if number else ()
        return rows[0] if rows else None

    def _keep(self, workspace: Workspace, **values: float) -> None:
        change = self._store.upsert(learned).on_conflict_do_update(index_elements=["workspace"], set_=values)
        with self._store.transaction():
            self._store.execute(change, [{"workspace": self._store.entered(workspace), **values}])
