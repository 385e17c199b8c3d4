"""What became of every row, as columns: delivery settles rows by position, results reads blocks of them.

Comes in: the number of rows, then settlements. Goes out: frames of ``result``, ``note_id``, ``reason``,
``finished_at`` and ``request`` in the sheet's order. A million rows take about 50 MB.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from importer.models import NEEDS_A_PERSON, TEXT, Result, Texts

_RESULTS = tuple(Result)
_CODE = {result: code for code, result in enumerate(_RESULTS)}


class Outcomes:
    """The outcome of each of ``size`` rows; every row starts as *not sent*."""

    def __init__(self, size: int) -> None:
        self._result = np.full(size, _CODE[Result.NOT_SENT], dtype=np.int8)
        self._note_id: Texts = np.full(size, "", dtype=TEXT)
        self._reason = np.zeros(size, dtype=np.int32)
        self._reasons: dict[str, int] = {"": 0}
        self._finished_at = np.full(size, np.nan)
        self._request = np.zeros(size, dtype=np.int32)
        self._twins: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._result)

    def settle(
        self,
        positions: Sequence[int] | np.ndarray[Any, np.dtype[Any]],
        result: Result,
        *,
        note_ids: Sequence[str] | None = None,
        reason: str = "",
        at: float | None = None,
        request: int = 0,
    ) -> None:
        """Say what became of some rows.

        Args:
            positions: which rows.
            result: the same for all of them.
            note_ids: one for each of them, where they have one.
            reason: a sentence for a person.
            at: when, in seconds since 1970 (UTC).
            request: the number in the journal of the request that settled it, 0 where none did.
        """
        index = np.asarray(positions, dtype=np.int64)
        self._result[index] = _CODE[result]
        self._note_id[index] = "" if note_ids is None else np.array(note_ids, dtype=TEXT)
        self._reason[index] = self._reasons.setdefault(reason, len(self._reasons))
        self._finished_at[index] = np.nan if at is None else at
        self._request[index] = request

    def explain(self, result: Result, reason: str) -> None:
        """Give the rows that ended like this a reason, where they have none yet."""
        bare = (self._result == _CODE[result]) & (self._reason == 0)
        self._reason[bare] = self._reasons.setdefault(reason, len(self._reasons))

    def found_twins(self, position: int, note_ids: Sequence[str]) -> None:
        """Take note that a row's note stands there again under these ids: delivered, but to be looked at."""
        self._twins[position] = tuple(note_ids)

    @property
    def twins(self) -> Mapping[int, tuple[str, ...]]:
        """The rows whose notes stand there more than once → the ids of the others."""
        return self._twins

    def to_fix(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """For each row, whether it needs a person."""
        found = np.isin(self._result, [_CODE[result] for result in NEEDS_A_PERSON])
        found[list(self._twins)] = True
        return found

    def result(self, position: int) -> Result:
        """What became of one row."""
        return _RESULTS[int(self._result[position])]

    def note_id(self, position: int) -> str:
        """The note id of one row, empty where it has none."""
        return str(self._note_id[position])

    def positions(self, *results: Result) -> np.ndarray[Any, np.dtype[np.int64]]:
        """The rows that ended in one of these ways, in the sheet's order."""
        return np.flatnonzero(np.isin(self._result, [_CODE[result] for result in results]))

    def counts(self) -> dict[Result, int]:
        """How many rows ended in which way; only ways that occur, in the order of :class:`Result`."""
        found = Counter(self._result.tolist())
        return {result: found[code] for code, result in enumerate(_RESULTS) if found[code]}

    def frame(self, start: int, stop: int) -> pd.DataFrame:
        """The outcomes of rows ``start`` to ``stop``.

        Columns: ``result``, ``note_id`` and ``reason`` are texts; ``finished_at`` is seconds since 1970 or NaN;
        ``request`` is a number in the journal, 0 where no request settled the row.
        """
        part = slice(start, stop)
        reasons = np.array(list(self._reasons), dtype=object)
        results = np.array([result.value for result in _RESULTS], dtype=object)
        return pd.DataFrame(
            {
                "result": results[self._result[part]],
                "note_id": self._note_id[part].astype(object),
                "reason": reasons[self._reason[part]],
                "finished_at": self._finished_at[part],
                "request": self._request[part],
            },
        )
