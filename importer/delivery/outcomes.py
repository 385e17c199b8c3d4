"""Store the outcome of each row in columns: delivery settles rows by position, results read them by column.

Input: row count and settlements. Output: :class:`OutcomeColumns` in the sheet's order. A million rows take about 50 MB.
The functions below settle rows that need no call, and combine the notes of a row whose email several prospects have.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from textwrap import shorten
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from importer.messages import Cell, Message, Part, say
from importer.models import DELIVERED, NEEDS_A_PERSON, Plan, Problem, Result, Rows, Texts
from importer.rows.values import TEXT

_RESULTS = tuple(Result)
_CODE = {result: code for code, result in enumerate(_RESULTS)}
_WORST_FIRST = (
    Result.UNCONFIRMED,
    Result.NOT_SENT,
    Result.REJECTED,
    Result.INVALID,
    Result.CREATED,
    Result.UPDATED,
    Result.ALREADY_IMPORTED,
    Result.DUPLICATE,
    Result.SKIPPED,
)
_MARKS = ("duplicates", "missing", "visible", "asked", "partly", "left")  # why a row needs attention besides its result
_MOST_NAMED = 10
Marks: TypeAlias = dict[int, tuple[str, ...]]
"""Rows that need attention for one reason, by position, with the IDs of notes that the reason names."""


class OutcomeColumns(NamedTuple):
    """Outcomes of some rows, as columns.

    Attributes:
        finished_at: seconds since 1970; NaN if nothing settled the row.
        request: the request's number in the journal; 0 if no request settled the row.
    """

    result: list[str]
    note_id: list[str]
    reason: list[Message | None]
    finished_at: list[float]
    request: list[int]


class Outcomes:
    """Outcomes of ``size`` rows, each of which starts as *not sent*.

    Attributes:
        duplicates: IDs of further copies of rows' notes, by the row's position.
        missing: IDs of rows' notes that were created but not found, by the row's position.
        asked: positions of the rows that aren't sent, or whose notes aren't changed, before a person has answered.
        partly: positions of the rows of which some notes wait for an answer, and others are sent by the next run.
        visible: positions of the rows whose notes are more visible than the sheet says.
        left: positions of the rows whose notes don't follow them, or not in all; their reasons say why.
        composed: returns the texts of the rows from one position to another; None if no template composes them.
    """

    def __init__(self, size: int) -> None:
        self._result = np.full(size, _CODE[Result.NOT_SENT], dtype=np.int8)
        self._note_id: Texts = np.full(size, "", dtype=TEXT)
        self._reason = np.zeros(size, dtype=np.int32)
        self._reasons: dict[Message | None, int] = {None: 0}
        self._more: dict[int, dict[str, Message]] = {}  # row → further messages, by kind
        self._finished_at = np.full(size, np.nan)
        self._request, self._repeated = np.zeros(size, dtype=np.int32), np.zeros(size, dtype=np.int32)
        self.duplicates: Marks = {}
        self.missing: Marks = {}
        self.visible: Marks = {}
        self.asked: Marks = {}
        self.partly: Marks = {}
        self.left: Marks = {}
        self.composed: Callable[[int, int], Sequence[str]] | None = None

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
        """Set the outcome of some rows, each with its note ID.

        ``request`` is the journal's number of the request that settled them, ``repeated`` the number of the row that
        they repeat, for the part ``row`` of the reason; 0 if there is none. ``at`` is in seconds since 1970.
        """
        index = np.asarray(positions, dtype=np.int64)
        self._result[index] = _CODE[result]
        self._note_id[index] = "" if note_ids is None else np.array(note_ids, dtype=TEXT)
        self._reason[index] = self._reasons.setdefault(reason, len(self._reasons))
        self._finished_at[index] = np.nan if at is None else at
        self._request[index], self._repeated[index] = request, repeated
        for position in index.tolist() if self._more else ():
            self._more.pop(position, None)

    def settle_as(self, position: int, other: int, repeated: int) -> None:
        """Give a row the result of another row, which it repeats, and the other's reason in :meth:`reasons`."""
        self.settle([position], self.result(other), repeated=repeated)
        self._reason[position] = self._reason[other]

    def explain(self, result: Result, reason: Message) -> None:
        """Give a reason to the rows with this result that have none yet."""
        unexplained = (self._result == _CODE[result]) & (self._reason == 0)
        self._reason[unexplained] = self._reasons.setdefault(reason, len(self._reasons))

    def found_duplicates(self, position: int, note_ids: Sequence[str]) -> None:
        """Record further copies of a row's note by ID; the row counts as delivered but needs attention."""
        self.remark(position, say("outcome.duplicates", ids=tuple(note_ids)), self.duplicates, note_ids)

    def found_missing(self, position: int, note_ids: Sequence[str]) -> None:
        """Record that notes which the API said it created for a row were not found; the row needs attention."""
        self.remark(position, say("outcome.not-found", ids=tuple(note_ids)), self.missing, note_ids)

    def remark(self, position: int, why: Message, mark: Marks | None = None, note_ids: Sequence[str] = ()) -> None:
        """Add to the reason of a row. With a mark, such as :attr:`visible`, the row needs attention because of it."""
        if mark is not None:
            mark[position] = tuple(note_ids)
        self._more.setdefault(position, {})[why.kind] = why

    @property
    def to_agree(self) -> int:
        """Number of rows whose notes are there, and aren't changed before a person has agreed."""
        return sum(self.result(row) is not Result.NOT_SENT for row in self.asked)

    def to_fix(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each row whether it needs attention."""
        needs_attention = np.isin(self._result, [_CODE[result] for result in NEEDS_A_PERSON])
        needs_attention[[row for name in _MARKS for row in getattr(self, name)]] = True
        return needs_attention

    def result(self, position: int) -> Result:
        """Return the result of a row."""
        return _RESULTS[int(self._result[position])]

    def note_id(self, position: int) -> str:
        """Return the note ID of a row; empty if it has none."""
        return str(self._note_id[position])

    def reason(self, position: int) -> Message | None:
        """Return the reason for the result of a row."""
        return self._with_more(position, [*self._reasons][int(self._reason[position])])

    def _with_more(self, position: int, reason: Message | None) -> Message | None:
        if repeated := int(self._repeated[position]):
            result, row = self.result(position), str(repeated)
            if reason is not None and result is Result.DUPLICATE:
                reason = say(reason.kind, row=row)
            else:
                reason = say("outcome.repeats", row=row, result=result.value)
        if position not in self._more:
            return reason
        reasons = [reason] if reason is not None else []
        return say("outcome.reasons", reasons=(*reasons, *self._more[position].values()))

    def cut(self, size: int) -> None:
        """Forget the outcomes behind those of the first rows."""
        for name in ("_result", "_note_id", "_reason", "_finished_at", "_request", "_repeated"):
            setattr(self, name, getattr(self, name)[:size])
        for name in (*_MARKS, "_more"):
            setattr(self, name, {row: what for row, what in getattr(self, name).items() if row < size})

    def positions(self, *results: Result) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the positions of the rows with one of these results, in the sheet's order."""
        return np.flatnonzero(np.isin(self._result, [_CODE[result] for result in results]))

    def counts(self) -> dict[Result, int]:
        """Return the number of rows with each result that occurs, in the order of :class:`Result`."""
        counts = Counter(self._result.tolist())
        return {result: counts[code] for code, result in enumerate(_RESULTS) if counts[code]}

    def reasons(self, result: Result) -> Counter[Message | None]:
        """Return the reasons of the rows with this result, and how many rows have each."""
        reasons = list(self._reasons)
        return Counter(reasons[code] for code in self._reason[self._result == _CODE[result]].tolist())

    def columns(self, start: int, stop: int) -> OutcomeColumns:
        """Return the outcomes of rows ``start`` to ``stop``."""
        part = slice(start, stop)
        reasons = list(self._reasons)
        return OutcomeColumns(
            [_RESULTS[code].value for code in self._result[part].tolist()],
            self._note_id[part].tolist(),
            [self._with_more(row, reasons[code]) for row, code in enumerate(self._reason[part].tolist(), start)],
            self._finished_at[part].tolist(),
            self._request[part].tolist(),
        )


# -- rows that need no call --------------------------------------------------------------------------------------------


def settle_before(rows: Rows, outcomes: Outcomes, headings: Sequence[str]) -> None:
    """Settle rows that need no delivery: invalid, without data, with an unknown email, or with a note ID already."""
    for position, problems in rows.problems.items():
        placed = tuple(_placed(problem, headings) for problem in problems)
        outcomes.settle([position], Result.INVALID, reason=say("outcome.reasons", reasons=placed))
    for result, reasons in ((Result.SKIPPED, rows.skipped), (Result.REJECTED, rows.rejected)):
        for position, reason in reasons.items():
            outcomes.settle([position], result, reason=reason)


def _placed(problem: Problem, headings: Sequence[str]) -> Message:
    """Return a problem with its cell, row and heading in the sheet that was read, because the results differ."""
    if problem.column is None or not headings[problem.column].strip():
        return say("labelled", label=problem.cell, text=problem.text)
    heading = shorten(headings[problem.column], 40, placeholder=" …")
    return say("problem.in-row", cell=problem.cell, row=str(problem.row), heading=heading, text=problem.text)


def settle_after(rows: Rows, plan: Plan, outcomes: Outcomes) -> None:
    """Settle each row that repeats an earlier one: as a duplicate if that was delivered, else with its result (D13)."""
    for position, least in plan.lessened.items():
        if least != position:
            outcomes.remark(position, say("outcome.lessened", row=str(rows.number[least])))
    reason = say("outcome.duplicate" if rows.key is None else "outcome.duplicate-with-key", row="")
    for position in np.flatnonzero(plan.original >= 0).tolist():
        original = int(plan.original[position])
        result = outcomes.result(original)
        row = int(rows.number[original])
        if result in DELIVERED:
            note_ids = [outcomes.note_id(original)]
            outcomes.settle([position], Result.DUPLICATE, note_ids=note_ids, reason=reason, repeated=row)
        else:
            outcomes.settle_as(position, original, row)
            if original in outcomes.asked:
                outcomes.asked[position] = ()


# -- rows with several notes -------------------------------------------------------------------------------------------


def gather(outcomes: Outcomes, rows: Rows) -> None:
    """Make one outcome for each row of the sheet (D12)."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    further = np.arange(rows.in_sheet, len(rows), dtype=np.int32)
    for position, row in zip(further.tolist(), rows.of_sheet(further).tolist(), strict=True):
        members[row].append(position)
    for row, others in members.items():
        if row not in rows.problems:  # which nobody receives
            _gather(outcomes, rows, row, [row, *others])
    outcomes.cut(rows.in_sheet)


def _gather(outcomes: Outcomes, rows: Rows, row: int, positions: list[int]) -> None:
    results = {position: outcomes.result(position) for position in positions}
    worst = min(results.values(), key=_WORST_FIRST.index)
    is_left = any(results[position] is Result.NOT_SENT for position in results.keys() - outcomes.asked.keys())
    reasons = []
    emails = [""] * len(positions) if rows.email is None else rows.email[positions].tolist()
    for (position, result), email in [*zip(results.items(), emails, strict=True)][:_MOST_NAMED]:
        # Several prospects of one email are named by their IDs.
        who: Part = Cell(email) if email and emails.count(email) == 1 else str(rows.prospect[position])
        parts: dict[str, Part] = {"prospect": who, "result": result.value}
        why = tuple(one for one in (outcomes.note_id(position), outcomes.reason(position)) if one)
        reasons.append(say("outcome.of-one-because", **parts, why=why) if why else say("outcome.of-one", **parts))
    if len(positions) > _MOST_NAMED:
        reasons.append(say("more", n=len(positions) - _MOST_NAMED))
    is_of_one_email = emails[0] and len(set(emails)) == 1
    kind = "outcome.of-several" if is_of_one_email else "outcome.of-people"
    reason = say(kind, n=len(positions), outcomes=tuple(reasons))
    is_delivered = worst in DELIVERED or worst is Result.DUPLICATE
    note_ids = ["; ".join(filter(None, dict.fromkeys(map(outcomes.note_id, positions))))] if is_delivered else None
    outcomes.settle([row], worst, note_ids=note_ids, reason=reason, at=outcomes.columns(row, row + 1).finished_at[0])
    for name in _MARKS:
        marks: Marks = getattr(outcomes, name)
        if some := [marks[position] for position in positions if position in marks]:
            marks[row] = sum(some, ())
    if is_left and row in outcomes.asked:  # a run that goes on sends some of its notes, whatever a person answers
        outcomes.partly[row] = outcomes.asked.pop(row)
