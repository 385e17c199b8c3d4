"""Record runs, and a person's confirmation of each workspace.

Input: the beginning and the end of a run, and the confirmation before a workspace's first run. Output: the list of
runs, and the occurrence that ``--again`` continues.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, NamedTuple

from importer.journal.machine import key_digest
from importer.journal.memory import Memory
from importer.journal.store import Store
from importer.models import Result, Workspace

AGAIN = "again "
"""Beginning of the occurrence in the keys of a run with the setting ``again``, which repeats earlier deliveries."""


_LISTED = """
    SELECT runs.id, runs.name, workspaces.profile, workspaces.base_url, runs.file, runs.fingerprint, runs.occurrence,
           runs.started_at, runs.ended_at, runs.ended, runs.sheet, runs.kind, runs.account, runs.rest, runs.counts
    FROM runs JOIN workspaces ON workspaces.id = runs.workspace
    WHERE (runs.workspace = :workspace OR :is_any)
      AND (runs.name = :name OR :name IS NULL)
      AND (runs.fingerprint = :fingerprint OR :fingerprint IS NULL)
    ORDER BY runs.id DESC
"""
_BEGIN = """
    INSERT INTO runs (name, workspace, file, sheet, fingerprint, kind, occurrence, started_at, reading, account, rest)
    VALUES (:name, :workspace, :file, :sheet, :fingerprint, :kind, :occurrence, :started_at, :reading, :account, :rest)
"""
_END = "UPDATE runs SET ended = :ended, counts = :counts, ended_at = :ended_at WHERE id = :run"
_LATEST_REQUEST = "SELECT max(id) FROM requests"
_LATEST = """
    SELECT id, (SELECT max(id) FROM requests WHERE run = runs.id) FROM runs WHERE workspace = :workspace
    ORDER BY id DESC LIMIT 1
"""
_LATEST_FILES, _FEWEST_KNOWN = 3, 3
_KNOWN_OR_NEW = (
    (Result.ALREADY_IMPORTED, Result.UPDATED),
    (Result.CREATED, Result.REJECTED, Result.UNCONFIRMED, Result.NOT_SENT),
)


def _workspaces(where: str) -> str:
    return f"SELECT profile, base_url FROM workspaces WHERE EXISTS ({where}) ORDER BY profile, base_url"


# A run of the workspace sent something, or may have.
_SENT_TO = _workspaces("SELECT 1 FROM runs WHERE workspace = workspaces.id AND coalesce(ended, '') <> 'declined'")
_USED_WITH = _workspaces("SELECT 1 FROM remembered WHERE workspace = workspaces.id AND kind = 'keys' AND name = :key")
_SAME_AS = "UPDATE workspaces SET same_as = :owner WHERE :workspace IN (id, same_as) AND id <> :owner"
_READING = "SELECT reading FROM runs WHERE id = :run"


class Confirmation(NamedTuple):
    """Time at which a person confirmed a workspace, and that person's name on the computer; empty if not known."""

    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Run:
    """Execution of an import; ``ended`` is None while it runs, and stays None after a crash.

    ``sheet`` is the name of its sheet if the workbook has several; otherwise it is empty. ``kind`` is a digest that
    sheets of one kind share, and ``account`` one of the API key. For ``rest`` seconds after it has left, a request may
    still be applied.
    """

    id: int
    name: str
    workspace: Workspace
    file: str
    fingerprint: str
    occurrence: str
    started_at: float
    ended_at: float | None
    ended: str | None
    sheet: str
    kind: str
    account: str
    rest: float
    counts: Mapping[str, int]


class Runs:
    """Record of runs in the journal."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(  # noqa: PLR0913 - the columns of one row
        self,
        workspace: Workspace,
        file: str,
        fingerprint: str,
        started_at: float,
        *,
        again: bool,
        reading: Mapping[str, object] | None = None,
        sheet: str = "",
        kind: str = "",
        account: str = "",
        rest: float = 0.0,
    ) -> Run:
        """Record that a run begins.

        With ``again``, the run's deliveries have names of their own. If an earlier such run of the same sheet did
        not finish, its names are used instead, so that it is continued. ``reading`` must hold no text of a note.
        """
        name = f"{datetime.fromtimestamp(started_at, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        with self._store.transaction():
            number = self._store.entered(workspace)
            occurrence = (self.unfinished_again(workspace, fingerprint, sheet) or f"{AGAIN}{name}") if again else ""
            self._store.execute(
                _BEGIN,
                name=name,
                workspace=number,
                file=file,
                sheet=sheet,
                fingerprint=fingerprint,
                kind=kind,
                account=account,
                rest=rest,
                occurrence=occurrence,
                started_at=started_at,
                reading=None if reading is None else json.dumps(reading),
            )
            return self.listed(name=name)[0]

    def end(self, run: Run, ended: str, counts: Mapping[str, int], at: float) -> None:
        """Record how a run ended, in words, and its number of rows for each result."""
        with self._store.transaction():
            self._store.execute(_END, run=run.id, ended=ended, counts=json.dumps(dict(counts)), ended_at=at)

    def latest_request(self) -> int:
        """Return the number of the latest request, over all workspaces; 0 if there was none."""
        return int(self._store.scalar(_LATEST_REQUEST) or 0)

    def latest(self, workspace: Workspace) -> object:
        """Return a value that changes when a run of the workspace begins or sends."""
        return self._store.rows(_LATEST, workspace=workspace)

    def listed(
        self, workspace: Workspace | None = None, name: str | None = None, *, fingerprint: str | None = None
    ) -> list[Run]:
        """Return all runs, or those of a workspace, a file, or with a name; the latest first."""
        found = self._store.rows(
            _LISTED, workspace=workspace, is_any=workspace is None, name=name, fingerprint=fingerprint
        )
        return [
            Run(number, run, Workspace(profile, base_url), *(*values, json.loads(counts or "{}")))
            for number, run, profile, base_url, *values, counts in found
        ]

    def is_followed(self, run: Run) -> bool:
        """Return whether a later run of the same workspace began."""
        return self.listed(run.workspace)[0].id > run.id

    def workspaces(self) -> list[Workspace]:
        """Return the workspaces to which a run sent something, or may have, in the order of their names."""
        return [Workspace(*row) for row in self._store.rows(_SENT_TO)]

    def reading(self, run: Run) -> dict[str, Any]:
        """Return how a run read its sheet (see :mod:`importer.importing.read_again`); empty if that isn't known."""
        reading: dict[str, Any] = json.loads(self._store.scalar(_READING, run=run.id) or "{}")
        return reading

    def confirm(
        self,
        workspace: Workspace,
        confirmation: Confirmation | None,
        key: str = "",
        *,
        same_as: Workspace | None = None,
    ) -> None:
        """Record that a person has confirmed a workspace: this profile at this address, with this key, is meant.

        The first confirmation stays, because the runs since then rely on it. Of a key only a digest is kept. From now
        on, the workspace is another name of ``same_as``, unless that is None.
        """
        with self._store.transaction():
            owner, number = same_as or workspace, self._store.entered(workspace)
            self._store.execute(_SAME_AS, workspace=number, owner=self._store.entered(owner))
            if confirmation is not None and self.confirmation(owner) is None:
                Memory(self._store, owner, "confirmed").enter({"first": confirmation})
            if key:
                Memory(self._store, owner, "keys").enter({key_digest(key): True})

    def has_key(self, workspace: Workspace) -> bool:
        """Return whether an API key was confirmed or used for the workspace."""
        return bool(Memory(self._store, workspace, "keys").all())

    def used_with(self, key: str) -> list[Workspace]:
        """Return the workspaces that this API key was confirmed or used for."""
        return [Workspace(*row) for row in self._store.rows(_USED_WITH, key=key_digest(key))]

    def confirmation(self, workspace: Workspace) -> Confirmation | None:
        """Return who confirmed the workspace, and when; None if the journal doesn't know."""
        first = Memory(self._store, workspace, "confirmed").all().get("first")
        return None if first is None else Confirmation(*first)

    def unfinished_again(self, workspace: Workspace, fingerprint: str, sheet: str) -> str | None:
        """Return the occurrence that a repeated delivery of a file's sheet would continue; None for a new one."""
        for run in self.listed(workspace, fingerprint=fingerprint):
            if run.occurrence and run.sheet == sheet:
                return None if run.ended == "finished" and not run.counts.get("unconfirmed") else run.occurrence
        return None

    def has_finished(self, workspace: Workspace, key: str) -> bool:
        """Return whether a run with this API key has finished."""
        account = key_digest(key)
        return any(run.account == account and run.ended == "finished" for run in self.listed(workspace))

    def was_known(self, workspace: Workspace, kind: str, fingerprint: str) -> bool:
        """Return whether most rows of the latest other files of this kind were known when each was first imported."""
        firsts = {run.fingerprint: run for run in self.listed(workspace) if run.kind == kind}
        latest = [run for run in firsts.values() if run.fingerprint != fingerprint and any(run.counts.values())]
        latest = sorted(latest, key=attrgetter("id"))[-_LATEST_FILES:]
        known, new = (
            sum(run.counts.get(result, 0) for run in latest for result in results) for results in _KNOWN_OR_NEW
        )
        return known >= _FEWEST_KNOWN and known > new
