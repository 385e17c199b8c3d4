"""Record runs, and a person's confirmation of each workspace.

Input: the beginning and the end of a run, and the confirmation before a workspace's first run. Output: the list of
runs, and the occurrence that ``--again`` continues.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from importer.journal.store import OWNER, Store
from importer.models import Result, Workspace

AGAIN = "again "
"""Beginning of the occurrence in the keys of a run with the setting ``again``, which repeats earlier deliveries."""


_SHEET, _LONGEST = "sheet", 200
"""Key stored with the counts for the sheet's name in a workbook with several sheets, and its maximum length."""

_RESULTS = frozenset(result.value for result in Result)

# Counts are cut to ten times the length that all results with the largest numbers need.
_LISTED = f"""
    SELECT runs.id, runs.name, workspaces.profile, workspaces.base_url, runs.file, runs.fingerprint, runs.occurrence,
           runs.started_at, runs.ended_at, runs.ended, substr(runs.counts, 1, 10000)
    FROM runs JOIN workspaces ON workspaces.id = runs.workspace
    WHERE (runs.workspace = {OWNER} OR :profile IS NULL)
      AND (runs.name = :name OR :name IS NULL)
      AND (runs.fingerprint = :fingerprint OR :fingerprint IS NULL)
    ORDER BY runs.id DESC
"""
_BEGIN = """
    INSERT INTO runs (name, workspace, file, fingerprint, kind, occurrence, started_at, counts, reading)
    VALUES (:name, :workspace, :file, :fingerprint, :kind, :occurrence, :started_at, :counts, :reading)
"""
_NUMBER = "SELECT id FROM runs WHERE name = :name"
_END = "UPDATE runs SET ended = :ended, counts = :counts, ended_at = :ended_at WHERE id = :run"
_LATEST_REQUEST = "SELECT max(id) FROM requests"
_LATER = """
    SELECT id FROM runs WHERE workspace = (SELECT workspace FROM runs WHERE id = :run) AND id > :run LIMIT 1
"""
_OF_KIND = """
    SELECT fingerprint, substr(counts, 1, 10000) FROM runs WHERE workspace = :workspace AND kind = :kind ORDER BY id
"""
_LATEST_FILES, _FEWEST_KNOWN = 3, 3
_KNOWN_OR_NEW = (
    (Result.ALREADY_IMPORTED, Result.UPDATED),
    (Result.CREATED, Result.REJECTED, Result.UNCONFIRMED, Result.NOT_SENT),
)
_KINDS = "SELECT id, kind FROM runs WHERE workspace = :workspace"
_LATEST_AGAIN = """
    SELECT occurrence, ended, substr(counts, 1, 10000) FROM runs
    WHERE workspace = :workspace AND fingerprint = :fingerprint AND occurrence <> '' ORDER BY id DESC LIMIT 1
"""
# A run of the workspace sent something, or may have.
_HAS_SENT = """
    EXISTS (SELECT id FROM runs WHERE runs.workspace = workspaces.id AND coalesce(runs.ended, '') <> 'declined')
"""
_WORKSPACES = f"SELECT profile, base_url FROM workspaces WHERE {_HAS_SENT} ORDER BY profile, base_url"
_CONFIRM = """
    UPDATE workspaces SET confirmed_at = :at, confirmed_by = :by WHERE id = :workspace AND confirmed_at IS NULL
"""
_SAME_AS = "UPDATE workspaces SET same_as = :owner WHERE :workspace IN (id, same_as) AND id <> :owner"
_KEY = "UPDATE workspaces SET keys = keys || :key WHERE id = :workspace AND keys NOT LIKE :pattern"
_KEYS = f"SELECT keys FROM workspaces WHERE id = {OWNER}"
_USED_WITH = "SELECT profile, base_url FROM workspaces WHERE keys LIKE :pattern ORDER BY profile, base_url"
_CONFIRMATION = f"""
    SELECT confirmed_at, confirmed_by FROM workspaces WHERE id = {OWNER} AND confirmed_at IS NOT NULL
"""
_READING = "SELECT substr(reading, 1, 100000) FROM runs WHERE id = :run"
_CONFIRMED = f"SELECT id FROM workspaces WHERE id = {OWNER} AND (confirmed_at IS NOT NULL OR {_HAS_SENT})"


class Confirmation(NamedTuple):
    """Time at which a person confirmed a workspace, and that person's name on the computer; empty if not known."""

    at: float
    by: str


@dataclass(frozen=True, slots=True)
class Run:
    """Execution of an import; ``ended`` is None while it runs, and stays None after a crash.

    ``sheet`` is the name of its sheet if the workbook has several; otherwise it is empty.
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
    counts: Mapping[str, int]
    sheet: str = ""


class Runs:
    """Record of runs in the journal."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(
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
    ) -> Run:
        """Record that a run begins.

        With ``again``, the run's deliveries have names of their own. If an earlier such run of the same file did not
        finish, its names are used instead, so that it is continued. ``reading`` must hold no text of a note. ``kind``
        is a digest that sheets of one kind share.
        """
        name = f"{datetime.fromtimestamp(started_at, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        with self._store.transaction():
            number = self._store.entered(workspace)
            occurrence = (self._open_occurrence(number, fingerprint) or f"{AGAIN}{name}") if again else ""
            self._store.execute(
                _BEGIN,
                name=name,
                workspace=number,
                file=file,
                fingerprint=fingerprint,
                kind=kind,
                occurrence=occurrence,
                started_at=started_at,
                counts=json.dumps(_marks(sheet)),
                reading=None if reading is None else json.dumps(reading),
            )
            run = self._store.scalar(_NUMBER, name=name)
        return Run(run, name, workspace, file, fingerprint, occurrence, started_at, None, None, {}, sheet)

    def end(self, run: Run, ended: str, counts: Mapping[str, int], at: float) -> None:
        """Record how a run ended, in words, and its number of rows for each result."""
        all_counts = json.dumps({**counts, **_marks(run.sheet)})
        with self._store.transaction():
            self._store.execute(_END, run=run.id, ended=ended, counts=all_counts, ended_at=at)

    def latest_request(self) -> int:
        """Return the number of the latest request, over all workspaces; 0 if there was none."""
        return int(self._store.scalar(_LATEST_REQUEST) or 0)

    def of_file(self, workspace: Workspace, fingerprint: str) -> list[Run]:
        """Return the runs of a file, the latest first."""
        return self.listed(workspace, fingerprint=fingerprint)

    def listed(
        self, workspace: Workspace | None = None, name: str | None = None, *, fingerprint: str | None = None
    ) -> list[Run]:
        """Return all runs, or those of a workspace, a file, or with a name; the latest first."""
        profile, base_url = (None, None) if workspace is None else (workspace.profile, workspace.base_url)
        return [
            Run(number, run, Workspace(profile, base_url), *(*values, _counts(counts), _sheet(counts)))
            for number, run, profile, base_url, *values, counts in self._store.rows(
                _LISTED,
                profile=profile,
                base_url=base_url,
                name=name,
                fingerprint=fingerprint,
            )
        ]

    def is_followed(self, run: Run) -> bool:
        """Return whether a later run of the same workspace began."""
        return bool(self._store.rows(_LATER, run=run.id))

    def workspaces(self) -> list[Workspace]:
        """Return the workspaces to which a run sent something, or may have, in the order of their names."""
        return [Workspace(profile, base_url) for profile, base_url in self._store.rows(_WORKSPACES)]

    def reading(self, run: Run) -> dict[str, Any]:
        """Return how a run read its sheet (see :mod:`importer.importing.read_again`); empty if that isn't known."""
        return _read(self._store.scalar(_READING, run=run.id))

    def confirm(
        self,
        workspace: Workspace,
        confirmation: Confirmation | None,
        key: str = "",
        *,
        same_as: Workspace | None = None,
    ) -> None:
        """Record that a person has confirmed a workspace: this profile at this address, with this key, is meant.

        The first confirmation stays, because the runs since then rely on it. Of a key only a digest is kept, which
        differs in each journal.

        Args:
            workspace: the workspace.
            confirmation: who confirmed it, and when; None if that isn't known.
            key: the API key; empty if it isn't known yet.
            same_as: the workspace that this is another name of from now on; None if it isn't.
        """
        with self._store.transaction():
            number = self._store.entered(same_as or workspace)
            self._store.execute(_SAME_AS, workspace=self._store.entered(workspace), owner=number)
            if confirmation is not None:
                self._store.execute(_CONFIRM, workspace=number, at=confirmation.at, by=confirmation.by)
            if key:
                digest = self._digest(key)
                self._store.execute(_KEY, workspace=number, key=f" {digest}", pattern=f"%{digest}%")

    def has_key(self, workspace: Workspace) -> bool:
        """Return whether an API key was confirmed or used for the workspace."""
        return bool(self._store.scalar(_KEYS, profile=workspace.profile, base_url=workspace.base_url))

    def used_with(self, key: str) -> list[Workspace]:
        """Return the workspaces that this API key was confirmed or used for."""
        rows = self._store.rows(_USED_WITH, pattern=f"%{self._digest(key)}%")
        return [Workspace(profile, base_url) for profile, base_url in rows]

    def _digest(self, key: str) -> str:
        return hmac.digest(key.encode(), self._store.about("id").encode(), "sha256").hex()[:32]

    def confirmation(self, workspace: Workspace) -> Confirmation | None:
        """Return who confirmed the workspace, and when; None if the journal doesn't know."""
        rows = self._store.rows(_CONFIRMATION, profile=workspace.profile, base_url=workspace.base_url)
        return next((Confirmation(at, by or "") for at, by in rows), None)

    def is_confirmed(self, workspace: Workspace) -> bool:
        """Return whether a person confirmed the workspace, or a run sent, or may have sent, something to it."""
        return bool(self._store.rows(_CONFIRMED, profile=workspace.profile, base_url=workspace.base_url))

    def unfinished_again(self, workspace: Workspace, fingerprint: str) -> str | None:
        """Return the occurrence that a repeated delivery of this file would continue; None for a new occurrence."""
        number = self._store.number_of(workspace)
        return None if number is None else self._open_occurrence(number, fingerprint)

    def was_known(self, workspace: Workspace, kind: str, fingerprint: str) -> bool:
        """Return whether most rows of the latest other files of this kind were known when each was first imported."""
        number, firsts = self._store.number_of(workspace), dict[str, Mapping[str, int]]()
        for print_, counts in self._store.rows(_OF_KIND, workspace=number, kind=kind):
            firsts.setdefault(print_, _counts(counts))
        latest = [counts for print_, counts in firsts.items() if print_ != fingerprint and any(counts.values())]
        latest = latest[-_LATEST_FILES:]
        known, new = (
            sum(counts.get(result, 0) for counts in latest for result in results) for results in _KNOWN_OR_NEW
        )
        return known >= _FEWEST_KNOWN and known > new

    def kinds(self, workspace: Workspace) -> dict[int, str]:
        """Return the kind of sheet of each run of a workspace, by the runs' numbers."""
        number = self._store.number_of(workspace)
        return {} if number is None else dict(self._store.rows(_KINDS, workspace=number))

    def _open_occurrence(self, workspace: int, fingerprint: str) -> str | None:
        rows = self._store.rows(_LATEST_AGAIN, workspace=workspace, fingerprint=fingerprint)
        for occurrence, ended, counts in rows:
            if ended != "finished" or _counts(counts).get("unconfirmed"):
                return str(occurrence)
        return None


def _marks(sheet: str) -> dict[str, object]:
    return {_SHEET: sheet[:_LONGEST]} if sheet else {}


def _sheet(text: object) -> str:
    """Return the name of the run's sheet that :func:`_marks` wrote; empty if there is none."""
    sheet = _read(text).get(_SHEET)
    return sheet if isinstance(sheet, str) else ""


def _read(text: object) -> dict[str, Any]:
    """Return the JSON object stored with a run; empty if the text is anything else."""
    if not isinstance(text, str):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _counts(text: object) -> dict[str, int]:
    """Return the rows by result as :meth:`Runs.end` wrote them; anything else is left out."""
    counts = _read(text).items()
    return {result: rows for result, rows in counts if result in _RESULTS and type(rows) is int and 0 <= rows < 1 << 63}
