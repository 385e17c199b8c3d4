"""What runs learned of a workspace's API. Comes in: what was seen. Goes out: what a later run begins with."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from importer.journal.schema import learned
from importer.journal.store import Store
from importer.models import Workspace

_LAG_LASTS = 30 * 86_400.0  # seconds for which a measured lag is believed


class Learned:
    """What was learned, by workspace; what was learned last counts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def batch_size(self, workspace: Workspace) -> int | None:
        """The batch size that proved to work after a larger one was refused, if one was."""
        found = self._found(workspace)
        return None if found is None else found.batch_size

    def learn_batch_size(self, workspace: Workspace, batch_size: int) -> None:
        """Keep a batch size for later runs."""
        self._keep(workspace, batch_size=batch_size)

    def limit(self, workspace: Workspace) -> tuple[int, float] | None:
        """The calls in a time, in seconds, that the API allowed an earlier run, if it told."""
        found = self._found(workspace)
        return (found.calls, found.seconds) if found and found.calls is not None else None

    def learn_limit(self, workspace: Workspace, calls: int, seconds: float) -> None:
        """Keep a limit, to say beforehand how long a run will take."""
        self._keep(workspace, calls=calls, seconds=seconds)

    def replication_lag(self, workspace: Workspace, now: float | None = None) -> float | None:
        """By how many seconds reading was behind writing, where that was measured in the 30 days before ``now``.

        Args:
            workspace: whose API.
            now: seconds since 1970; None: as the system's clock says.
        """
        found, now = self._found(workspace), time.time() if now is None else now
        if found is None or found.read_lag_at is None or found.read_lag_at < now - _LAG_LASTS:
            return None
        return float(found.read_lag)

    def learn_lag(self, workspace: Workspace, seconds: float, at: float) -> None:
        """Keep by how much reading is behind writing, measured ``at`` this time."""
        self._keep(workspace, read_lag=seconds, read_lag_at=at)

    def _found(self, workspace: Workspace) -> Any:
        with self._store.reading():
            number = self._store.number_of(workspace)
            found = self._store.rows(sa.select(learned).where(learned.c.workspace == number)) if number else ()
        return found[0] if found else None

    def _keep(self, workspace: Workspace, **values: float) -> None:
        change = self._store.upsert(learned).on_conflict_do_update(index_elements=["workspace"], set_=values)
        with self._store.transaction():
            self._store.execute(change, [{"workspace": self._store.entered(workspace), **values}])
