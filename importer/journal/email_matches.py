"""Remember which prospects have an email, as an unfinished import found them.

Input: emails and the prospects found. Output: the same, for a day at most and only until the import is finished: an
email may move to another prospect, and its notes must not go to the previous one. Emails that no prospect has are never
stored. Emails are stored as HMACs with the API key, which the journal doesn't hold, so that nobody can test addresses
against the journal.
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
"""Seconds for which a match is trusted."""

_AT_ONCE = 500  # emails in one query


@dataclass(frozen=True, slots=True)
class Match:
    """Prospect that has an email; ``created_at`` is by the API's clock, None if the API didn't say."""

    prospect: str
    created_at: float | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """Prospects that have an email.

    Attributes:
        all: the prospects, in the order in which the API showed them.
        is_whole: whether there are certainly no others; False if the search stopped once each email was found.
    """

    all: tuple[Match, ...]
    is_whole: bool = True


class EmailMatches:
    """Record of the matches for one workspace and one API key; without a key, none are stored.

    Args:
        store: the journal's store.
        workspace: the workspace that the prospects belong to.
        key: the API key.
        clock: returns seconds since 1970.
    """

    def __init__(self, store: Store, workspace: Workspace, key: str, clock: Callable[[], float]) -> None:
        self._store, self._workspace, self._key, self._clock = store, workspace, key, clock

    def known(self, emails: Sequence[str]) -> dict[str, Matches]:
        """Return the stored matches of some emails."""
        matches: dict[str, Matches] = {}
        with self._store.reading():
            number = self._store.number_of(self._workspace)
            if number is None or not self._key:
                return {}
            now = self._clock()
            for start in range(0, len(emails), _AT_ONCE):
                emails_by_digest = {self._digest(email): email for email in emails[start : start + _AT_ONCE]}
                query = (
                    sa.select(found)
                    .where(
                        found.c.workspace == number,
                        found.c.digest.in_(emails_by_digest),
                        found.c.at.between(now - LASTS, now),
                    )
                    .order_by(found.c.place)
                )
                for row in self._store.rows(query):
                    email = emails_by_digest[row.digest]
                    earlier = matches.get(email, Matches(())).all
                    matches[email] = Matches((*earlier, Match(row.prospect, row.created_at)), row.is_whole)
        return matches

    def enter(self, matches: Mapping[str, Matches]) -> None:
        """Store matches as found now; emails that no prospect has are left out."""
        now = self._clock()
        with self._store.transaction():
            number = self._store.entered(self._workspace)
            rows = {
                (digest, match.prospect): (digest, match.prospect, place, match.created_at, result.is_whole)
                for digest, result in ((self._digest(email), result) for email, result in matches.items())
                for place, match in enumerate(result.all)
            }
            self._store.many(_ENTER, [*rows.values()], workspace=number, at=now)

    def forget(self, emails: Iterable[str]) -> None:
        """Delete the matches of these emails."""
        with self._store.transaction():
            number = self._store.entered(self._workspace)
            self._store.many(_FORGET, [(self._digest(email),) for email in emails], of=number)

    def expire(self) -> None:
        """Delete all matches that are too old, in every workspace."""
        now = self._clock()
        with self._store.transaction():
            self._store.execute(sa.delete(found).where(~found.c.at.between(now - LASTS, now)))

    def clear(self) -> None:
        """Delete the workspace's matches when its import is finished, and all matches that are too old."""
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
