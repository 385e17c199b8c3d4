"""Remember what runs learned about a workspace's API.

Input: observations. Output: the values for a later run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from importer.journal.store import OWNER, Row, Store
from importer.models import Workspace


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

    def limits(self, workspace: Workspace) -> dict[str, tuple[int, float]]:
        """Return how many calls in how many seconds the API allowed an earlier run, for each kind of call."""
        _, limits, _ = self._found(workspace)
        return {kind: (calls, seconds) for kind, (calls, seconds) in json.loads(limits or "{}").items()}

    def learn_limits(self, workspace: Workspace, limits: Mapping[str, tuple[int, float]]) -> None:
        """Store limits of kinds of calls, with which a later run begins. Limits of other kinds stay."""
        self._keep(_LIMITS, workspace, limits=json.dumps({**self.limits(workspace), **limits}))

    def keeps_markup(self, workspace: Workspace) -> bool:
        """Return whether changing a note was seen to keep the markup of its text."""
        return bool(self._found(workspace)[2])

    def learn_markup(self, workspace: Workspace, *, is_kept: bool) -> None:
        """Store whether a changed note kept the markup of its text."""
        self._keep(_MARKUP, workspace, is_kept=is_kept)

    def _found(self, workspace: Workspace) -> Row:
        rows = self._store.rows(_FOUND, profile=workspace.profile, base_url=workspace.base_url)
        return rows[0] if rows else (None,) * 3

    def _keep(self, statement: str, workspace: Workspace, **values: float | str | None) -> None:
        with self._store.transaction():
            self._store.execute(statement, workspace=self._store.entered(workspace), **values)


_FOUND = f"SELECT batch_size, limits, keeps_tags FROM learned WHERE workspace = {OWNER}"
_BATCH_SIZE = """
    INSERT INTO learned (workspace, batch_size) VALUES (:workspace, :batch_size)
    ON CONFLICT (workspace) DO UPDATE SET batch_size = excluded.batch_size
"""
_LIMITS = """
    INSERT INTO learned (workspace, limits) VALUES (:workspace, :limits)
    ON CONFLICT (workspace) DO UPDATE SET limits = excluded.limits
"""
_MARKUP = """
    INSERT INTO learned (workspace, keeps_tags) VALUES (:workspace, :is_kept)
    ON CONFLICT (workspace) DO UPDATE SET keeps_tags = excluded.keeps_tags
"""
