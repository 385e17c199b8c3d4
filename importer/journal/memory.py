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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from importer.journal.store import Store
from importer.models import Workspace

DAY = 86_400.0
"""Seconds for which a match is trusted, and an ID of a file is expected to be valid."""

Owners: TypeAlias = tuple[str, ...]
"""IDs of the prospects that have an email, in the order in which the API showed them. There may be others."""
Said: TypeAlias = tuple[str, bytes]
"""A prospect, or the keyed digest of an email, or a sheet's name; and digests of what a row says, or of its place."""

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
    """Values of one kind of a workspace; ``named`` returns the name to store in place of a name.

    The ``clock`` is not needed for values that count for ever.
    """

    def __init__(
        self,
        store: Store,
        workspace: Workspace,
        kind: str,
        clock: Callable[[], float] = lambda: 0.0,
        named: Callable[[str], str] = str,
    ) -> None:
        self._store, self._workspace, self._kind, self._clock, self._named = store, workspace, kind, clock, named

    def known(self, names: Iterable[str]) -> dict[str, Any]:
        """Return name → value, for those of these names that have a value of the last day."""
        given, now = {self._named(name): name for name in names}, self._clock()
        rows = self._store.among(_KNOWN, given, workspace=self._workspace, kind=self._kind, since=now - DAY, now=now)
        return {given[name]: json.loads(value) for name, value in rows}

    def all(self) -> dict[str, Any]:
        """Return stored name → value, for all names."""
        rows = self._store.rows(_ALL, workspace=self._workspace, kind=self._kind)
        return {name: json.loads(value) for name, value in rows}

    def enter(self, values: Mapping[str, Any]) -> None:
        """Store values as entered now, and replace the values that the names had."""
        named = {self._named(name): json.dumps(value) for name, value in values.items()}
        self._each(_ENTER, ({"name": name, "value": value, "at": self._clock()} for name, value in named.items()))

    def forget(self, names: Iterable[str]) -> None:
        """Delete the values of these names."""
        self._each(_FORGET, ({"name": self._named(name)} for name in names))

    def expire(self) -> None:
        """Delete the values that are older than a day, in every workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(_EXPIRE, kind=self._kind, since=now - DAY, now=now)

    def _each(self, statement: str, rows: Iterable[Mapping[str, object]]) -> None:
        with self._store.transaction():
            of = {"workspace": self._store.entered(self._workspace), "kind": self._kind}
            self._store.many(statement, ({**of, **row} for row in rows))


def keyed(key: str, email: str) -> str:
    """Return the name of an email, which says nothing of it without the API key."""
    return hmac.digest(key.encode("utf-8", "surrogatepass"), email.encode(), hashlib.sha256).hex()


class LeftOut:
    """The rows that were left out of a workspace's sheets."""

    def __init__(self, store: Store, workspace: Workspace) -> None:
        self._memory, self._transaction = Memory(store, workspace, "left out"), store.transaction

    def known(self, *, but: str = "") -> dict[Said, str]:
        """Return what rows said that were left out → the name of their file, but for the sheet of this name."""
        return {said: file for said, sheet, file, _ in self._all() if sheet != but}

    def enter(self, sheet: str, file: str, left_out: Iterable[Said], sent: Collection[Said]) -> None:
        """Record what the rows of a sheet said that are left out now. Rows that are sent are left out no more."""
        with self._transaction():
            self._memory.forget(name for said, of, _, name in self._all() if of == sheet or said in sent)
            self._memory.enter({f"{what.hex()} {sheet} {who}": file for who, what in left_out})

    def _all(self) -> Iterator[tuple[Said, str, str, str]]:
        for name, file in self._memory.all().items():
            what, sheet, who = name.split(" ", 2)
            yield (who, bytes.fromhex(what)), sheet, file, name
