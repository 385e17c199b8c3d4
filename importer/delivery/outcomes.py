"""What became of every row, as columns: delivery settles rows by position, results reads them by columns.

Comes in: the number of rows, then settlements. Goes out: :class:`OutcomeColumns` in the sheet's order. A million rows
take about 50 MB.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from importer.messages import Message, say
from importer.models import NEEDS_A_PERSON, Result, Texts
from importer.rows.values import TEXT

_RESULTS = tuple(Result)
_CODE = {result: code for code, result in enumerate(_RESULTS)}


class OutcomeColumns(NamedTuple):
    """What became of some rows, by columns.

    Attributes:
        finished_at: seconds since 1970, NaN where nothing settled the row.
        request: a number in the journal, 0 where no request settled the row.
    """

    result: list[str]
    note_id: list[str]
    reason: list[Message | None]
    finished_at: list[float]
    request: list[int]


class Outcomes:
    """The outcome of each of ``size`` rows; every row starts as *not sent*.

    Attributes:
        missing_elsewhere: notes of other files that were created, but not found: prospect, note ID.
    """

    def __init__(self, size: int) -> None:
        self._result = np.full(size, _CODE[Result.NOT_SENT], dtype=np.int8)
        self._note_id: Texts = np.full(size, "", dtype=TEXT)
        self._reason = np.zeros(size, dtype=np.int32)
        self._reasons: dict[Message | None, int] = {None: 0}
        self._as: dict[int, int] = {}  # rows that ended as another one did → that row
        self._more: dict[int, dict[str, Message]] = {}  # rows of which more is to be said, by the kind of message
        self._finished_at = np.full(size, np.nan)
        self._request, self._repeated = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
        self._duplicates: dict[int, tuple[str, ...]] = {}
        self._missing: dict[int, tuple[str, ...]] = {}
        self.missing_elsewhere: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._result)

    def settle(
        self,
        positions: Sequence[int] | np.ndarray[Any, np.dtype[Any]],
        result: Result,
        *,
        note_ids: Sequence[str] | None = None,
        reason: Message | None = None,
        at: float | None = None,
        request: int = 0,
        repeated: int = 0,
    ) -> None:
        """Say what became of some rows.

        Args:
            positions: which rows.
            result: the same for all of them.
            note_ids: one for each of them, where they have one.
            reason: why, for a person.
            at: when, in seconds since 1970 (UTC).
            request: the number in the journal of the request that settled it, 0 where none did.
            repeated: the number of the row that these repeat, for the part ``row`` of the reason; 0: they repeat none.
        """
        index = np.asarray(positions, dtype=np.int64)
        self._result[index] = _CODE[result]
        self._note_id[index] = "" if note_ids is None else np.array(note_ids, dtype=TEXT)
        self._reason[index] = self._reasons.setdefault(reason, len(self._reasons))
        self._finished_at[index] = np.nan if at is None else at
        self._request[index], self._repeated[index] = request, repeated
        for position in index.tolist() if self._as or self._more else ():
            self._as.pop(position, None)
            self._more.pop(position, None)

    def settle_as(self, position: int, other: int, reason: Message, repeated: int) -> None:
        """Say that a row ended as another one did, which it repeats."""
        self.settle([position], self.result(other), reason=reason, repeated=repeated)
        self._as[position] = other

    def explain(self, result: Result, reason: Message) -> None:
        """Give the rows that ended like this a reason, where they have none yet."""
        bare = (self._result == _CODE[result]) & (self._reason == 0)
        self._reason[bare] = self._reasons.setdefault(reason, len(self._reasons))

    def found_duplicates(self, position: int, note_ids: Sequence[str]) -> None:
        """Take note that a row's note stands there again under these ids: delivered, but to be looked at."""
        self._duplicates[position] = tuple(note_ids)
        self._add(position, say("outcome.duplicates", ids=tuple(note_ids)))

    def not_found(self, prospect: str, note_id: str) -> None:
        """Take note that a created note was not found when it was read back, whether or not a row here has it."""
        positions = np.flatnonzero(self._note_id == note_id).tolist()
        for position in positions:
            self.found_missing(position, [note_id])
        if not positions:
            self.missing_elsewhere.append((prospect, note_id))

    def found_missing(self, position: int, note_ids: Sequence[str]) -> None:
        """Take note that a row's notes, which the API said it created, were not found: they are to be looked at."""
        self._missing[position] = tuple(note_ids)
        self._add(position, say("outcome.not-found", ids=tuple(note_ids)))

    def _add(self, position: int, more: Message) -> None:
        self._more.setdefault(position, {})[more.kind] = more

    @property
    def duplicates(self) -> Mapping[int, tuple[str, ...]]:
        """The rows whose notes stand there more than once → the ids of the others."""
        return self._duplicates

    @property
    def missing(self) -> Mapping[int, tuple[str, ...]]:
        """The rows whose notes were created, but not found → the IDs of these notes."""
        return self._missing

    def to_fix(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """For each row, whether it needs a person."""
        found = np.isin(self._result, [_CODE[result] for result in NEEDS_A_PERSON])
        found[[*self._duplicates, *self._missing]] = True
        return found

    def result(self, position: int) -> Result:
        """What became of one row."""
        return _RESULTS[int(self._result[position])]

    def note_id(self, position: int) -> str:
        """The note id of one row, empty where it has none."""
        return str(self._note_id[position])

    def reason(self, position: int) -> Message | None:
        """Why one row ended so."""
        return self._with_more(position, [*self._reasons][int(self._reason[position])])

    def _with_more(self, position: int, reason: Message | None) -> Message | None:
        if reason is not None and (repeated := int(self._repeated[position])):
            reason = say(reason.kind, **{**dict(reason.parts), "row": str(repeated)})
        if position not in self._more:
            return reason
        said = [reason] if reason is not None else []
        return say("outcome.reasons", reasons=(*said, *self._more[position].values()))

    def finished_at(self, position: int) -> float | None:
        """When one row was settled, where anything settled it."""
        at = float(self._finished_at[position])
        return None if np.isnan(at) else at

    def first(self, size: int) -> Outcomes:
        """Those of the first rows, apart from these."""
        some = Outcomes(size)
        some._result[:], some._note_id[:] = self._result[:size], self._note_id[:size]
        some._reason[:], some._reasons = self._reason[:size], dict(self._reasons)
        some._finished_at[:], some._request[:] = self._finished_at[:size], self._request[:size]
        some._repeated[:] = self._repeated[:size]
        some._duplicates = {position: ids for position, ids in self._duplicates.items() if position < size}
        some._missing = {position: ids for position, ids in self._missing.items() if position < size}
        some._more = {row: dict(more) for row, more in self._more.items() if row < size}
        some._as = {row: other for row, other in self._as.items() if row < size and other < size}
        some.missing_elsewhere = self.missing_elsewhere
        return some

    def positions(self, *results: Result) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The rows that ended in one of these ways, in the sheet's order."""
        return np.flatnonzero(np.isin(self._result, [_CODE[result] for result in results]))

    def counts(self) -> dict[Result, int]:
        """How many rows ended in which way; only ways that occur, in the order of :class:`Result`."""
        found = Counter(self._result.tolist())
        return {result: found[code] for code, result in enumerate(_RESULTS) if found[code]}

    def reasons(self, result: Result) -> Counter[Message | None]:
        """Return the reasons of the rows that ended in this way, and how many have each.

        The reason of a row that ended as another one did is that one's.
        """
        reasons = list(self._reasons)
        rows = (self._as.get(row, row) for row in np.flatnonzero(self._result == _CODE[result]).tolist())
        return Counter(reasons[code] for code in self._reason[[*rows]].tolist())

    def columns(self, start: int, stop: int) -> OutcomeColumns:
        """The outcomes of rows ``start`` to ``stop``."""
        part = slice(start, stop)
        reasons = list(self._reasons)
        return OutcomeColumns(
            [_RESULTS[code].value for code in self._result[part].tolist()],
            self._note_id[part].tolist(),
            [self._with_more(row, reasons[code]) for row, code in enumerate(self._reason[part].tolist(), start)],
            self._finished_at[part].tolist(),
            self._request[part].tolist(),
        )
