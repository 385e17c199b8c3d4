"""Record who was told what: the digests by which deliveries are found again.

Input: prospects, and the digests of what the rows for them say. Output: the deliveries of prospects, with all of their
digests. A delivery has a digest for each record and each text that it had. If an email named its prospect, all of
these are known by the keyed digest of the email, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from importer.journal import delivery_sql as sql
from importer.journal.known import KnownDelivery
from importer.journal.store import Store
from importer.models import Workspace

Identity = tuple[str, bytes, bytes]
"""A prospect, or the keyed digest of its email; the digest of what it was told; and the name of the delivery."""


class Identities:
    """The digests of the deliveries of all workspaces."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, workspace: Workspace, identities: Iterable[Identity]) -> None:
        """Enter digests of deliveries; those that are known stay."""
        rows = [*dict.fromkeys(identities)]
        if rows:
            with self._store.transaction():
                self._store.many(sql.IDENTIFY, rows, workspace=self._store.entered(workspace))

    def told(self, workspace: Workspace, who: Sequence[str]) -> Iterator[tuple[str, KnownDelivery, frozenset[bytes]]]:
        """Yield the deliveries of these prospects or emails, each with its digests. All of them must fit in memory."""
        found: dict[tuple[str, bytes], tuple[KnownDelivery, list[bytes]]] = {}
        with self._store.reading():
            owner = self._store.number_of(workspace)
            given = ((one,) for one in who)
            for row in self._store.among(sql.TOLD, given, workspace=owner) if owner is not None else ():
                name = row[0], row[2]
                if name in found:
                    found[name][1].append(row[1])
                else:
                    found[name] = KnownDelivery.from_row(row[2:]), [row[1]]
        for (one, _), (delivery, digests) in found.items():
            yield one, delivery, frozenset(digests)
