"""Remember values by their names, for each workspace: what the API showed, what was found, and what a person left out.

Input: a kind of values, names, and values that JSON can hold. Output: the latest value of each name. Prospects of
emails and IDs of uploaded files count for a day. An email is named by its HMAC with the API key, which the journal
doesn't hold, so that nobody can test addresses against the journal; emails that no prospect has are never stored. A
file is named by its content. The lifetime of its ID isn't documented, and an upload is cheap.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from importer.journal.store import Store
from importer.models import Workspace

DAY = 86_400.0
"""Seconds for which a match is trusted, and an ID of a file is expected to be valid."""

_KNOWN = """
    SELECT name, value FROM remembered
    WHERE workspace = :workspace AND kind = :kind AND name IN ({given}) AND at BETWEEN :since AND :now
"""
_ALL = "SELECT name, value FROM remembered WHERE workspace = :workspace AND kind = :kind"
_ENTER = """
    INSERT INTO remembered (workspace, kind, name, value, at) VALUES (:workspace, :kind, :name, :value, :at)
    ON CONFLICT (workspace, kind, name) DO UPDATE SET value = excluded.value, at = excluded.at
"""
_FORGET = "DELETE FROM remembered WHERE workspace = :workspace AND kind = :kind AND name = :name"
_EXPIRE = "DELETE FROM remembered WHERE kind = :kind AND at NOT BETWEEN :since AND :now"


class Memory:
    """Values of one kind, of all workspaces."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store, self._kind = store, kind

    def known(
        self, workspace: Workspace, names: Iterable[str], since: float = 0.0, now: float = math.inf
    ) -> dict[str, Any]:
        """Return name → value, for those of these names that have a value entered between two times."""
        rows = self._store.among(_KNOWN, names, workspace=workspace, kind=self._kind, since=since, now=now)
        return {name: json.loads(value) for name, value in rows}

    def all(self, workspace: Workspace) -> dict[str, Any]:
        """Return name → value, for all names."""
        rows = self._store.rows(_ALL, workspace=workspace, kind=self._kind)
        return {name: json.loads(value) for name, value in rows}

    def enter(self, workspace: Workspace, values: Mapping[str, Any], at: float = 0.0) -> None:
        """Store values as entered at a time, and replace the values that the names had."""
        with self._store.transaction():
            of = {"workspace": self._store.entered(workspace), "kind": self._kind, "at": at}
            self._store.many(
                _ENTER, ({**of, "name": name, "value": json.dumps(value)} for name, value in values.items())
            )

    def forget(self, workspace: Workspace, names: Iterable[str]) -> None:
        """Delete the values of these names."""
        with self._store.transaction():
            of = {"workspace": self._store.entered(workspace), "kind": self._kind}
            self._store.many(_FORGET, ({**of, "name": name} for name in names))

    def expire(self, since: float, now: float) -> None:
        """Delete the values that were not entered between two times, of all workspaces."""
        with self._store.transaction():
            self._store.execute(_EXPIRE, kind=self._kind, since=since, now=now)


class ForADay:
    """Values of one workspace that count for a day.

    Args:
        store: the journal's store.
        workspace: the workspace.
        clock: returns seconds since 1970.
    """

    kind: ClassVar[str]

    def __init__(self, store: Store, workspace: Workspace, clock: Callable[[], float]) -> None:
        self._memory, self._workspace, self._clock = Memory(store, self.kind), workspace, clock

    def known(self, names: Sequence[str]) -> dict[str, Any]:
        """Return name → value, for those of these names that have one."""
        now = self._clock()
        return self._memory.known(self._workspace, names, now - DAY, now)

    def enter(self, values: Mapping[str, Any]) -> None:
        """Store values found now; the latest of a name counts."""
        self._memory.enter(self._workspace, values, self._clock())

    def expire(self) -> None:
        """Delete all values that are too old, in every workspace."""
        now = self._clock()
        self._memory.expire(now - DAY, now)


class KnownUploads(ForADay):
    """IDs of the files that were uploaded for one workspace, by their SHA-256 (hexadecimal digits)."""

    kind = "uploads"


Owners: TypeAlias = tuple[str, ...]
"""IDs of the prospects that have an email, in the order in which the API showed them. There may be others."""


class EmailMatches(ForADay):
    """Prospects of emails of one workspace and one API key; without a key, none are stored.

    Args:
        store: the journal's store.
        workspace: the workspace that the prospects belong to.
        key: the API key.
        clock: returns seconds since 1970.
    """

    kind = "emails"

    def __init__(self, store: Store, workspace: Workspace, key: str, clock: Callable[[], float]) -> None:
        super().__init__(store, workspace, clock)
        self._key = key

    def known(self, names: Sequence[str]) -> dict[str, Owners]:
        """Return email → its prospects, if its latest look-up is at most a day old."""
        emails = {self._name(email): email for email in names}
        return {emails[name]: tuple(owners) for name, owners in super().known([*emails]).items()}

    def enter(self, values: Mapping[str, Owners]) -> None:
        """Store prospects as found now; emails that no prospect has are left out."""
        super().enter({self._name(email): owners for email, owners in values.items() if owners})

    def forget(self, emails: Iterable[str]) -> None:
        """Delete the matches of these emails."""
        self._memory.forget(self._workspace, map(self._name, emails))

    def _name(self, email: str) -> str:
        return hmac.digest(self._key.encode("utf-8", "surrogatepass"), email.encode(), hashlib.sha256).hex()


Said = tuple[str, bytes]
"""A prospect, or the keyed digest of an email; and the digest of a record or a text."""


class LeftOut:
    """The rows that were left out of files, of all workspaces. A file is named by its SHA-256."""

    def __init__(self, store: Store) -> None:
        self._memory, self._transaction = Memory(store, "left out"), store.transaction

    def known(self, workspace: Workspace, *, but: str = "") -> dict[Said, str]:
        """Return what rows said that were left out → the name of their file, but for the file with a fingerprint."""
        files = self._memory.all(workspace)
        return {one: name for file, (name, said) in files.items() if file != but for one in _said(said)}

    def enter(
        self, workspace: Workspace, fingerprint: str, file: str, left_out: Iterable[Said], sent: Iterable[Said]
    ) -> None:
        """Record what the rows of a file said that are left out now. Rows that are sent are left out no more."""
        with self._transaction():
            files = {
                print_: (name, _said(said) - {*sent}) for print_, (name, said) in self._memory.all(workspace).items()
            }
            files[fingerprint] = file, {*left_out}
            self._memory.forget(workspace, [print_ for print_, (_, said) in files.items() if not said])
            rows = {
                print_: (name, [(who, what.hex()) for who, what in sorted(said)])
                for print_, (name, said) in files.items()
                if said
            }
            self._memory.enter(workspace, rows)


def _said(said: Iterable[tuple[str, str]]) -> set[Said]:
    return {(who, bytes.fromhex(what)) for who, what in said}
