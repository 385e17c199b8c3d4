"""Record further digests by which a delivery is known: of a record's own ID, or of the text that a template composes.

Input: digests, and the deliveries that they name. Output: the deliveries of digests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from importer.journal import delivery_sql as sql
from importer.journal.known import KnownDelivery
from importer.journal.store import Store
from importer.models import Status, Visibility, Workspace

DeliveryName = tuple[int, str, str]
"""The number of a note, a prospect and an occurrence."""

Alias = tuple[bytes, DeliveryName]
"""A digest, and the delivery that is known by it."""


def alias_digest(*parts: str, mark: bytes = b"") -> bytes:
    """Return the 32 bytes by which a delivery with this name is found; the first part is the kind of name.

    The ``mark`` stands in place of the first bytes, so that one query finds whether there are any of this kind.
    """
    name = "".join(f"{len(part)}:{part}" for part in parts)
    return mark + hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[len(mark) :]


class Aliases:
    """Further digests by which deliveries are known. Each names one delivery; a delivery may have several."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def enter(self, workspace: Workspace, aliases: Iterable[Alias]) -> None:
        """Enter digests with their deliveries. A digest that is known names the given delivery from now on."""
        rows = [(digest, *delivery) for digest, delivery in dict(aliases).items()]
        if rows:
            with self._store.transaction():
                self._store.many(sql.NEW_ALIASES, rows, workspace=self._store.entered(workspace))

    def known(
        self, workspace: Workspace, digests: Sequence[bytes]
    ) -> dict[bytes, tuple[KnownDelivery, Visibility, Status]]:
        """Return digest → the delivery that is known by it, if there is one, with its note's visibility and status."""
        with self._store.reading():
            owner = self._store.number_of(workspace)
            given = ((digest,) for digest in digests)
            rows = [] if owner is None else self._store.among(sql.KNOWN_BY_ALIAS, given, workspace=owner)
            return {row[0]: (KnownDelivery.from_row(row[3:]), Visibility(row[1]), Status(row[2])) for row in rows}

    def are_possible(self, workspace: Workspace) -> bool:
        """Return whether a request was sent to the workspace."""
        with self._store.reading():
            owner = self._store.number_of(workspace)
            return owner is not None and bool(self._store.rows(sql.REQUESTED, workspace=owner))

    def are_there(self, workspace: Workspace, prefix: bytes = b"") -> bool:
        """Return whether a delivery of the workspace has an alias whose digest begins with these bytes."""
        with self._store.reading():
            owner = self._store.number_of(workspace)
            values = {"first": prefix, "last": prefix + b"\xff" * (32 - len(prefix))}
            return owner is not None and bool(self._store.rows(sql.ANY_ALIAS, workspace=owner, **values))

    def digests(self, deliveries: Iterable[DeliveryName]) -> dict[DeliveryName, list[bytes]]:
        """Return the digests of the deliveries of these notes to these prospects, for those that have any."""
        pairs, found = dict.fromkeys(delivery[:2] for delivery in deliveries), dict[DeliveryName, list[bytes]]()
        for note, prospect, occurrence, digest in self._store.among(sql.WITH_ALIAS, pairs):
            found.setdefault((note, prospect, occurrence), []).append(digest)
        return found

    def vouch_for(self, copy: bytes) -> None:
        """Enter the digest of a corrected copy, whose fingerprints count from then on (D159)."""
        with self._store.transaction():
            self._store.execute(_VOUCH, digest=copy)

    def are_vouched_for(self, copy: bytes) -> bool:
        """Return whether this is the digest of a corrected copy that was entered."""
        return bool(self._store.rows(_VOUCHED, digest=copy))


_VOUCH = "INSERT INTO copies (digest) VALUES (:digest) ON CONFLICT DO NOTHING"
_VOUCHED = "SELECT digest FROM copies WHERE digest = :digest"


def forget_unmade(store: Store, deliveries: Sequence[DeliveryName]) -> None:
    """Forget the digests of deliveries that were not made, because another record may bring their notes (D155)."""
    if deliveries:
        store.many(sql.NO_ALIAS, deliveries)
