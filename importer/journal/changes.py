"""Record changes of notes: the form that a note is about to get, the form that it has got, or that it kept its form.

Input: deliveries as they are known, and numbers of forms. Output: none but whether a change may begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from importer.journal import delivery_sql as sql
from importer.journal.known import DeliveryState, KnownDelivery, NoteKey
from importer.journal.store import Store
from importer.models import Status


class Changes:
    """Record of the changes of notes. Callers enter changes inside a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, changes: Sequence[tuple[KnownDelivery, int]]) -> bool:
        """Record that notes are about to get another form.

        Returns:
            whether all of these deliveries are as they are given. If not, leave the transaction by an exception.
        """
        rows = ((one.name, one.note, one.changing or 0, form) for one, form in changes)
        return self._store.many(sql.CHANGE, rows) == len(changes)

    def made(self, changes: Iterable[tuple[KnownDelivery, int, NoteKey, DeliveryState]]) -> None:
        """Record that notes have another form, given by its number and its key, and the state of their deliveries."""
        rows = ((one.name, form, state.value, int(key.status is Status.DRAFT)) for one, form, key, state in changes)
        self._store.many(sql.CHANGED, rows)

    def dropped(self, names: Iterable[bytes], touched: float | None = None) -> None:
        """Record that notes surely didn't get another form, and when somebody else's change was seen, if one was."""
        self._store.many(sql.UNCHANGED, ((name, touched) for name in names))
