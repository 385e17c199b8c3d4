"""Which prospects have an email, as an import that isn't finished yet has looked it up.

Comes in: emails with what was found. Goes out: the same, for a day at most, and until the import is finished: an email
that has moved to another prospect must not get that one's notes. That nobody has an email is never kept. The emails
themselves are not kept either: they are known by their HMAC with the API's key, which the journal doesn't hold, so that
nobody can try out addresses on it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from importer.journal.schema import found
from importer.journal.statements import Many, Upsert
from importer.journal.store import Store
from importer.models import Workspace

LASTS = 86_400.0
"""Seconds for which what was found is believed."""

_AT_ONCE = 500  # emails in one query


@dataclass(frozen=True, slots=True)
class Match:
    """A prospect that has an email; ``created_at`` is by the API's clock, None where it didn't say."""

    prospect: str
    created_at: float | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """The prospects that have an email.

    Attributes:
        all: in the order in which the API showed them.
        is_whole: whether there surely are no others; False where looking stopped once each email was found.
    """

    all: tuple[Match, ...]
    is_whole: bool = True


class EmailMatches:
    """What was found for one workspace, with one key; without a key, nothing is known.

    Args:
        store: the journal's.
        workspace: whose prospects they are.
        key: the API's.
        clock: seconds since 1970.
    """

    def __init__(self, store: Store, workspace: Workspace, key: str, clock: Callable[[], float]) -> None:
        self._store, self._workspace, self._key, self._clock = store, workspace, key, clock

    def known(self, emails: Sequence[str]) -> dict[str, Matches]:
        """What is known of some emails."""
        known: dict[str, Matches] = {}
        with self._store.reading():
            number = self._store.number_of(self._workspace)
            if number is None or not self._key:
                return {}
            now = self._clock()
            for start in range(0, len(emails), _AT_ONCE):
                called = {self._digest(email): email for email in emails[start : start + _AT_ONCE]}
                query = (
                    sa.select(found)
                    .where(
                        found.c.workspace == number, found.c.digest.in_(called), found.c.at.between(now - LASTS, now)
                    )
                    .order_by(found.c.place)
                )
                for row in self._store.rows(query):
                    email = called[row.digest]
                    before = known.get(email, Matches(())).all
                    known[email] = Matches((*before, Match(row.prospect, row.created_at)), row.is_whole)
        return known

    def enter(self, matches: Mapping[str, Matches]) -> None:
        """Keep what was found now; those that nobody has are left out."""
        now = self._clock()
        with self._store.transaction():
            number = self._store.entered(self._workspace)
            rows = {
                (digest, match.prospect): (digest, match.prospect, place, match.created_at, one.is_whole)
                for digest, one in ((self._digest(email), one) for email, one in matches.items())
                for place, match in enumerate(one.all)
            }
            self._store.many(_ENTER, [*rows.values()], workspace=number, at=now)

    def forget(self, emails: Iterable[str]) -> None:
        """What was found for these emails counts no more."""
        with self._store.transaction():
            number = self._store.entered(self._workspace)
            self._store.many(_FORGET, [(self._digest(email),) for email in emails], of=number)

    def expire(self) -> None:
        """Nothing is kept that is older than it may be, of whatever workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(sa.delete(found).where(~found.c.at.between(now - LASTS, now)))

    def clear(self) -> None:
        """The import is finished: nothing of it is kept."""
        with self._store.transaction():
            self.expire()
            self._store.execute(sa.delete(found).where(found.c.workspace == self._store.entered(self._workspace)))

    def _digest(self, email: str) -> bytes:
        return hmac.digest(self._key.encode("utf-8", "surrogatepass"), email.encode(), hashlib.sha256)


def _enter(upsert: Upsert) -> Any:
    new = upsert(found).values({column.name: sa.bindparam(column.name) for column in found.c})
    return new.on_conflict_do_update(
        index_elements=["workspace", "digest", "prospect"],
        set_={name: new.excluded[name] for name in ("place", "created_at", "is_whole", "at")},
    )


_ENTER = Many(_enter, "digest", "prospect", "place", "created_at", "is_whole")
_FORGET = Many(
    sa.delete(found).where(found.c.workspace == sa.bindparam("of"), found.c.digest == sa.bindparam("gone")), "gone"
)
