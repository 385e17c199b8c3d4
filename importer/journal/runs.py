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
from typing import Any, NamedTuple

import sqlalchemy as sa

from importer.journal.schema import requests, runs, workspaces
from importer.journal.store import Store
from importer.models import Result, Workspace

AGAIN = "again "
"""Beginning of the occurrence in the keys of a run with the setting ``again``, which repeats earlier deliveries."""

_EXACT = {"exact numbers": 1}
"""Mark stored with the counts of a run that reads whole numbers exactly; earlier versions rounded them."""

_CODEC = "codec"
"""Key stored with the counts for the file's codec, empty for a workbook; earlier versions didn't store it."""

_LONGEST_COUNTS = 10_000  # characters; ten times as many as all results with the largest numbers need
_RESULTS = frozenset(result.value for result in Result)
_HAS_SENT = sa.exists().where(
    runs.c.workspace == workspaces.c.id, sa.func.coalesce(runs.c.ended, "") != "declined"
)  # a run of the workspace sent something, or may have


class Latest(NamedTuple):
    """Numbers of the latest run and of the latest request; 0 if there was none."""

    run: int = 0
    request: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Execution of an import; ``ended`` is None while it runs, and stays None after a crash.

    ``codec`` is the codec that decoded its file. Only the process that began the run knows it; otherwise it is None.
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
    codec: str | None = None


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
        codec: str | None = None,
    ) -> Run:
        """Record that a run begins.

        With ``again``, the run's deliveries have keys of their own. If an earlier such run of the same file did not
        finish, its keys are used instead, so that it is continued.
        """
        name = f"{datetime.fromtimestamp(started_at, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        with self._store.transaction():
            number = self._store.entered(workspace)
            occurrence = (self._open_occurrence(number, fingerprint) or f"{AGAIN}{name}") if again else ""
            values = {
                "name": name,
                "workspace": number,
                "file": file,
                "fingerprint": fingerprint,
                "occurrence": occurrence,
                "started_at": started_at,
                "counts": json.dumps(_marks(codec)),
            }
            key = self._store.execute(sa.insert(runs).values(values)).inserted_primary_key
        return Run(key[0], name, workspace, file, fingerprint, occurrence, started_at, None, None, {}, codec)

    def end(self, run: Run, ended: str, counts: Mapping[str, int], at: float) -> None:
        """Record how a run ended, in words, and its number of rows for each result."""
        change = sa.update(runs).where(runs.c.id == run.id)
        with self._store.transaction():
            self._store.execute(
                change.values(ended=ended, counts=json.dumps({**counts, **_marks(run.codec)}), ended_at=at)
            )

    def latest(self) -> Latest:
        """Return the numbers of the latest run and request, over all workspaces."""
        with self._store.reading():
            return Latest(*(self._store.scalar(sa.select(sa.func.max(table.c.id))) or 0 for table in (runs, requests)))

    @property
    def rounded_until(self) -> int:
        """Number of the last run of a version that rounded whole numbers to 15 digits; 0 if there was none."""
        is_exact = sa.func.coalesce(runs.c.counts, "").contains(next(iter(_EXACT)))
        return int(self._store.scalar(sa.select(sa.func.max(runs.c.id)).where(~is_exact)) or 0)

    def codecs(self, workspace: Workspace) -> frozenset[str] | None:
        """Return the codecs that decoded the files of a workspace's runs; None if a run doesn't say."""
        number = self._store.number_of(workspace)
        query = sa.select(_counts_column()).where(runs.c.workspace == number)
        codecs = {_marked(row.counts) for row in self._store.rows(query)} if number is not None else set()
        return None if None in codecs else frozenset(filter(None, codecs))

    def listed(self, workspace: Workspace | None = None, name: str | None = None) -> list[Run]:
        """Return all runs, or those of a workspace, or the run with a name; the latest first."""
        query = (
            sa.select(
                runs.c.id,
                runs.c.name,
                workspaces.c.profile,
                workspaces.c.base_url,
                runs.c.file,
                runs.c.fingerprint,
                runs.c.occurrence,
                runs.c.started_at,
                runs.c.ended_at,
                runs.c.ended,
                _counts_column(),
            )
            .join(workspaces, workspaces.c.id == runs.c.workspace)
            .order_by(runs.c.id.desc())
        )
        if workspace is not None:
            query = query.where(workspaces.c.profile == workspace.profile, workspaces.c.base_url == workspace.base_url)
        if name is not None:
            query = query.where(runs.c.name == name)
        return [
            Run(
                row.id,
                row.name,
                Workspace(row.profile, row.base_url),
                row.file,
                row.fingerprint,
                row.occurrence,
                row.started_at,
                row.ended_at,
                row.ended,
                _counts(row.counts),
            )
            for row in self._store.rows(query)
        ]

    def is_followed(self, run: Run) -> bool:
        """Return whether a later run of the same workspace began."""
        number = sa.select(runs.c.workspace).where(runs.c.id == run.id).scalar_subquery()
        later = sa.select(runs.c.id).where(runs.c.workspace == number, runs.c.id > run.id).limit(1)
        return any(True for _ in self._store.rows(later))

    def workspaces(self) -> list[Workspace]:
        """Return the workspaces to which a run sent something, or may have, in the order of their names."""
        query = (
            sa.select(workspaces.c.profile, workspaces.c.base_url)
            .where(_HAS_SENT)
            .order_by(workspaces.c.profile, workspaces.c.base_url)
        )
        return [Workspace(row.profile, row.base_url) for row in self._store.rows(query)]

    def confirm(self, workspace: Workspace, at: float) -> None:
        """Record that a person has confirmed a workspace: this profile at this address is the one they mean."""
        with self._store.transaction():
            change = sa.update(workspaces).where(workspaces.c.id == self._store.entered(workspace))
            self._store.execute(change.values(confirmed_at=at))

    def is_confirmed(self, workspace: Workspace) -> bool:
        """Return whether a person confirmed the workspace, or a run sent, or may have sent, something to it."""
        query = sa.select(workspaces.c.id).where(
            workspaces.c.profile == workspace.profile,
            workspaces.c.base_url == workspace.base_url,
            workspaces.c.confirmed_at.is_not(None) | _HAS_SENT,
        )
        return bool(self._store.rows(query))

    def unfinished_again(self, workspace: Workspace, fingerprint: str) -> str | None:
        """Return the occurrence that a repeated delivery of this file would continue; None for a new occurrence."""
        number = self._store.number_of(workspace)
        return None if number is None else self._open_occurrence(number, fingerprint)

    def _open_occurrence(self, workspace: int, fingerprint: str) -> str | None:
        query = (
            sa.select(runs.c.occurrence, runs.c.ended, _counts_column())
            .where(runs.c.workspace == workspace, runs.c.fingerprint == fingerprint, runs.c.occurrence != "")
            .order_by(runs.c.id.desc())
            .limit(1)
        )
        row = next(iter(self._store.rows(query)), None)
        if row is None:
            return None
        is_over = row.ended == "finished" and not _counts(row.counts).get("unconfirmed")
        return None if is_over else str(row.occurrence)


def _counts_column() -> Any:
    """Return the ``counts`` column, cut to the maximum useful length."""
    return sa.func.substr(runs.c.counts, 1, _LONGEST_COUNTS).label("counts")


def _marks(codec: str | None) -> dict[str, object]:
    return {**_EXACT, **({} if codec is None else {_CODEC: codec})}


def _marked(text: object) -> str | None:
    """Return the run's file encoding (codec) that :func:`_marks` wrote, or None."""
    codec = _read(text).get(_CODEC)
    return codec if isinstance(codec, str) else None


def _read(text: object) -> dict[str, object]:
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
