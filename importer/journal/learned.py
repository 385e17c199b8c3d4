"""Remember what runs and live tests learned about a workspace's API, and which results files they wrote.

Input: observations; SHA-256 of results files and of their paths, never a name. Output: the values for a later run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from importer.journal.store import Row, Store
from importer.messages import Message, from_json
from importer.models import Workspace

_LAG_LASTS = 30 * 86_400.0  # seconds for which a measured lag is trusted


class Learned:
    """Observations by workspace; the latest value counts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def batch_size(self, workspace: Workspace) -> int | None:
        """Return the batch size that worked after the API refused a larger one; None if it refused none."""
        batch_size: int | None = self._found(workspace)[0]
        return batch_size

    def learn_batch_size(self, workspace: Workspace, batch_size: int) -> None:
        """Store a batch size for later runs."""
        self._keep(_BATCH_SIZE, workspace, batch_size=batch_size)

    def limit(self, workspace: Workspace) -> tuple[int, float] | None:
        """Return how many calls in how many seconds the API allowed an earlier run; None if that is unknown."""
        _, calls, seconds, *_ = self._found(workspace)
        return None if calls is None else (calls, seconds)

    def learn_limit(self, workspace: Workspace, calls: int, seconds: float) -> None:
        """Store a limit, from which a later run estimates its time."""
        self._keep(_LIMIT, workspace, calls=calls, seconds=seconds)

    def replication_lag(self, workspace: Workspace, now: float | None = None) -> float | None:
        """Return by how many seconds reads lag behind writes, if that was measured in the 30 days before ``now``.

        Args:
            workspace: the workspace of the API.
            now: seconds since 1970; None for the system's time.
        """
        *_, lag, measured_at, _ = self._found(workspace)
        now = time.time() if now is None else now
        return None if measured_at is None or measured_at < now - _LAG_LASTS else float(lag)

    def learn_lag(self, workspace: Workspace, seconds: float, at: float) -> None:
        """Store by how many seconds reads lag behind writes, as measured at the time ``at``."""
        self._keep(_LAG, workspace, read_lag=seconds, read_lag_at=at)

    def reminder(self, workspace: Workspace) -> list[Message]:
        """Return what a live test found, of which the next run reminds."""
        *_, texts = self._found(workspace)
        return [message for value in json.loads(texts or "[]") if (message := from_json(value)) is not None]

    def learn_to_remind(self, workspace: Workspace, found: Sequence[Message]) -> None:
        """Store what the next run reminds of; nothing after it has done so."""
        texts = json.dumps([message.as_json() for message in found]) if found else None
        if found or self.reminder(workspace):
            self._keep(_REMINDER, workspace, texts=texts)

    def _found(self, workspace: Workspace) -> Row:
        rows = self._store.rows(_FOUND, profile=workspace.profile, base_url=workspace.base_url)
        return rows[0] if rows else (None,) * 6

    def _keep(self, statement: str, workspace: Workspace, **values: float | str | None) -> None:
        with self._store.transaction():
            self._store.execute(statement, workspace=self._store.entered(workspace), **values)


_FOUND = """
    SELECT batch_size, calls, seconds, read_lag, read_lag_at, reminder
    FROM learned JOIN workspaces ON workspaces.id = learned.workspace WHERE profile = :profile AND base_url = :base_url
"""
_BATCH_SIZE = """
    INSERT INTO learned (workspace, batch_size) VALUES (:workspace, :batch_size)
    ON CONFLICT (workspace) DO UPDATE SET batch_size = excluded.batch_size
"""
_LIMIT = """
    INSERT INTO learned (workspace, calls, seconds) VALUES (:workspace, :calls, :seconds)
    ON CONFLICT (workspace) DO UPDATE SET calls = excluded.calls, seconds = excluded.seconds
"""
_LAG = """
    INSERT INTO learned (workspace, read_lag, read_lag_at) VALUES (:workspace, :read_lag, :read_lag_at)
    ON CONFLICT (workspace) DO UPDATE SET read_lag = excluded.read_lag, read_lag_at = excluded.read_lag_at
"""
_REMINDER = """
    INSERT INTO learned (workspace, reminder) VALUES (:workspace, :texts)
    ON CONFLICT (workspace) DO UPDATE SET reminder = excluded.reminder
"""


class Files:
    """Record of the results files that runs wrote."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, digest: bytes, place: bytes) -> None:
        """Record that a results file with this digest is about to be written to the path with the digest ``place``."""
        with self._store.transaction():
            self._store.execute(_WRITE, digest=digest, place=place)

    def wrote(self, digest: bytes) -> bool:
        """Return whether a results file with this digest was recorded, at any path."""
        return bool(self._store.rows(_WROTE, digest=digest))

    def wrote_at(self, place: bytes) -> bool:
        """Return whether any results file was recorded at the path with this digest."""
        return bool(self._store.rows(_WROTE_AT, place=place))


_WRITE = "INSERT INTO written (digest, place) VALUES (:digest, :place) ON CONFLICT DO NOTHING"
_WROTE = "SELECT place FROM written WHERE digest = :digest LIMIT 1"
_WROTE_AT = "SELECT place FROM written WHERE place = :place LIMIT 1"
