"""Find the deliveries of rows by the rows' own names, also those that a run with ``--again`` made.

Input: known deliveries by their names in the journal, and the occurrence of a run. Output: deliveries by the names that
the rows of this run give them. For a run without ``--again``, what such a run delivered counts as delivered (D89).
"""

from __future__ import annotations

from collections.abc import Mapping

from importer.journal import DeliveryName, DeliveryState, KnownDelivery, key_of


def by_row_names(known: Mapping[DeliveryName, KnownDelivery], occurrence: str) -> Mapping[DeliveryName, KnownDelivery]:
    """Return the deliveries by the names that the rows of a run give them.

    Args:
        known: the deliveries of some notes to some prospects, by their names in the journal.
        occurrence: prefix that the run puts before each key; empty if the run isn't with ``--again``.
    """
    names: dict[DeliveryName, KnownDelivery] = {}
    for delivery in known.values() if not occurrence else ():
        if (key := key_of(delivery.occurrence)) != delivery.occurrence:
            name = delivery.note, delivery.prospect, key
            if _counts(delivery, names.get(name) or known.get(name)):
                names[name] = delivery
    return {**known, **names} if names else known


def _counts(repeated: KnownDelivery, own: KnownDelivery | None) -> bool:
    """Return whether a delivery that a run with ``--again`` made counts for a row, instead of the row's own."""
    if own is None or own.state is DeliveryState.REJECTED:
        return repeated.state is not DeliveryState.REJECTED
    is_there = repeated.state is DeliveryState.CREATED and not repeated.is_missing
    return is_there and (own.is_missing or own.state is DeliveryState.HIDDEN)  # D90
