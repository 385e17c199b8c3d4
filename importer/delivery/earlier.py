"""Sort a plan's deliveries by what earlier runs did: made, left unclear, in question, or still to do.

Input: the plan and the journal. Output: each group, sorted by what the journal knows of its deliveries, and the rows
whose deliveries exist. The rows of each prospect are matched together (:mod:`importer.delivery.matching`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from importer import grouping
from importer.delivery import matching
from importer.delivery.changes import Wish, follow
from importer.delivery.matching import AnsweredRow, How, Match, SortedGroup
from importer.identity import Identities, RowIdentity, delivery_name
from importer.journal import Journal, KnownDelivery, Run
from importer.models import Ints, Plan, Remaining, Rows, Texts, Workspace
from importer.rows.values import TEXT
from importer.settings import BATCH_SIZE
from importer.settings.kinds import InDoubt

_AT_ONCE = 200  # rows matched together, by one call to the database; more would fill memory
_FEWEST_ANEW, _MOST_NEW = 3, 0.9  # notes, and share of a sheet's notes
Made = Callable[[Sequence[AnsweredRow]], object]
"""Receives rows whose deliveries exist, again and again, because all of them could be too many."""


class AsItStood(NamedTuple):
    """What a row says as it stands in the file, whatever a person corrected or left out.

    Attributes:
        place: digest of its place in the file.
        people: all by which each of its people is known, as :meth:`Identities.names` has it.
        what: digests of its record, if it has one, and of its text.
        record: digest of its record; empty if it has none.
    """

    place: bytes
    people: Sequence[Sequence[str]] = ()
    what: Sequence[bytes] = ()
    record: bytes = b""

    def gone(self, names: Collection[str]) -> list[Sequence[str]]:
        """Return its people who aren't among those with these names."""
        return [one for one in self.people if one[0] not in names]


@dataclass(frozen=True)
class Earlier:
    """What is needed to know which rows of a sheet earlier runs delivered.

    Attributes:
        journal: the journal; None if there is none, so that nothing was delivered.
        key: the API key, with which emails are digested.
        occurrence: what importing again adds to the names of deliveries; empty for a first import.
        in_doubt: what a person said about the rows in question.
        skips_existing: whether notes that are there already are found before anything is sent.
        updates: whether notes follow the sheet.
        batch_size: most prospects in a request.
        stood: returns index of a row of the sheet that a person corrected or left out → what it says in the file.
    """

    rows: Rows
    journal: Journal | None
    workspace: Workspace
    key: str = field(default="", repr=False)
    occurrence: str = ""
    kind: str = ""
    in_doubt: Sequence[InDoubt] = ()
    skips_existing: bool = False
    fingerprint: str = ""
    updates: bool = False
    batch_size: int = BATCH_SIZE
    stood: Callable[[], Mapping[int, AsItStood]] = dict
    _after: dict[int, str] = field(default_factory=dict, init=False)  # row that is sent again → what tells it apart

    @cached_property
    def identities(self) -> Identities:
        """The identities of the rows."""
        return Identities(self.rows, self.key)

    @cached_property
    def _stood(self) -> Mapping[int, AsItStood]:
        return self.stood()

    def _with_stood(self, row: RowIdentity) -> tuple[RowIdentity, Sequence[str]]:
        """Return a row with what it told its prospect as it stands in the file; whom, if it tells nobody any more."""
        at, of_sheet = row.position, self.rows.sheet_rows
        if (stood := self._stood.get(at if of_sheet is None else int(of_sheet[at]))) is None:
            return row, ()
        [names] = self.identities.names([at])
        is_of_another = row.texts and len(stood.gone(names)) == len(stood.people)
        what = (stood.place,) if is_of_another else (stood.place, *stood.what)
        return row._replace(stood=what), () if row.texts else [one[0] for one in stood.people]

    def names(self, positions: Sequence[int]) -> list[bytes]:
        """Return the names of the deliveries that some rows make."""
        workspace, prospects = str(self.workspace), self.rows.prospect[[*positions]].tolist()
        return [
            delivery_name(workspace, prospect, row, self.occurrence + self._after.get(row.position, ""))
            for prospect, row in zip(prospects, self.identities.of(positions), strict=True)
        ]

    def told(self, positions: Sequence[int], names: Sequence[bytes]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield the digests by which deliveries of some rows are to be known, with their prospects and names."""
        whose = self.identities.names(positions)
        for one, who, name in zip(self.identities.of(positions), whose, names, strict=True):
            row, _ = self._with_stood(one)
            for what in (*row.all, *row.stood):
                yield from ((known_by, what, name) for known_by in who)

    def sort(self, plan: Plan, made: Made | None = None) -> Sorted:
        """Sort the deliveries of a plan. ``made`` receives the rows whose deliveries exist, some at a time."""
        groups = [SortedGroup(group, group.positions) for group in plan.groups]
        found = Sorted(self, plan, groups, np.full(len(self.rows), "", dtype=TEXT))
        group_of: Ints = np.full(len(self.rows), -1, dtype=np.int32)
        for index, one in enumerate(groups):
            group_of[one.group.positions] = index
        is_left = group_of >= 0
        for matches in self._matched(plan, is_left):
            answered: list[AnsweredRow] = []
            for match in matches:
                position, answer = match.row.position, self.answer_to(match)
                at = int(group_of[position])
                if at >= 0 and answer is InDoubt.NEW:
                    found.decided.append(match)
                    if match.how is How.HIDDEN and match.known is not None:
                        self._after[position] = f" after {match.known.name.hex()}"
                    continue
                if at < 0 or answer is None or match.known is None:
                    found.asked.append(match)
                else:
                    row = AnsweredRow(position, groups[at].group.note, match, groups[at].key.seen)
                    if match.known.is_unclear:
                        groups[at].unclear.setdefault(match.known.request, []).append(row)
                    else:
                        answered.append(row)
                is_left[position] = False
            found.know(one.match for one in answered)
            if made is not None:
                made(answered)
            if differing := {one.delivery.name for one in answered if one.differs}:
                found.wishes += self._wishes(answered, differing)
        for one in groups:
            one.left = one.group.positions[is_left[one.group.positions]]
        found.know(found.asked)
        repeats = plan.original >= 0
        found.whose[repeats] = found.whose[plan.original[repeats]]
        return found

    def _wishes(self, answered: Iterable[AnsweredRow], differing: Collection[bytes]) -> Iterator[Wish]:
        """Yield how the notes of deliveries can follow their rows. All rows of a prospect must be given at once."""
        by_delivery: defaultdict[bytes, list[AnsweredRow]] = defaultdict(list)
        for one in answered:
            if one.delivery.name in differing:
                by_delivery[one.delivery.name].append(one)
        for rows in by_delivery.values():
            yield follow(rows, self._runs, keeps_markup=self._keeps_markup)

    @cached_property
    def _keeps_markup(self) -> bool:
        """Whether changing a note was seen to keep the markup of its text."""
        return self.journal is not None and bool(self.journal.learned(self.workspace).all().get("keeps markup"))

    def sent_anew(self, plan: Plan, new: int) -> int:
        """Return how many notes are to be sent if a history seems to be sent again; otherwise 0 (D169)."""
        is_new = new >= _FEWEST_ANEW and new > _MOST_NEW * plan.deliveries
        if not is_new or self.journal is None or not self.kind or self.occurrence or InDoubt.NEW in self.in_doubt:
            return 0
        return new if self.journal.runs.was_known(self.workspace, self.kind, self.fingerprint) else 0

    def answer_to(self, match: Match) -> InDoubt | None:
        """Return whether a row is the known note, or new; None if that is a question, and nobody has answered."""
        if match.how.answers:
            return InDoubt.SAME
        if match.how is How.UNKNOWN_NOTE and self.skips_existing:
            return InDoubt.NEW
        new, same = InDoubt.NEW, InDoubt.SAME
        if match.how is How.HIDDEN:
            new, same = InDoubt.SEND_HIDDEN, InDoubt.LEAVE_HIDDEN
        return InDoubt.NEW if new in self.in_doubt else InDoubt.SAME if same in self.in_doubt else None

    def _matched(self, plan: Plan, is_planned: np.ndarray) -> Iterator[list[Match]]:
        """Yield how rows are known."""
        rows, journal = self.rows, self._knowing
        if journal is None and not rows.done:
            return
        is_wanted = is_planned.copy()
        if rows.done:  # a row that isn't valid may have the ID of its note
            of_sheet = rows.of_sheet(np.arange(len(rows), dtype=np.int32))
            is_wanted |= np.isin(of_sheet, [*rows.done]) & (plan.original < 0)
        is_wanted[[at for at in self._stood if at in rows.skipped]] = True  # somebody left out what was sent before
        match = partial(matching.match, runs=self._runs, templates=self.identities.templates, by_key=self.updates)
        claimed = set[bytes]()  # also by rows that name the same person otherwise, by the ID or by an email
        for positions in _by_prospect(rows, np.flatnonzero(is_wanted).astype(np.int32)):
            of_who: defaultdict[str, list[RowIdentity]] = defaultdict(list)
            for who, one in zip(self.identities.who(positions), self.identities.of(positions), strict=True):
                row, people = self._with_stood(one)
                for whose in people or [who]:
                    of_who[whose].append(row)
            known: defaultdict[str, list[KnownDelivery]] = defaultdict(list)
            for who, delivery in () if journal is None else journal.identities.told(self.workspace, [*of_who]):
                if not self.occurrence or delivery.occurrence == self.occurrence:
                    known[who].append(delivery)
            yield [one for who in (of_who if rows.done else known) for one in match(of_who[who], known[who], claimed)]

    @property
    def _knowing(self) -> Journal | None:
        """The journal; None if it knows no delivery of the workspace, as before a first import."""
        return self.journal if self.journal is not None and self.journal.identities.any(self.workspace) else None

    @cached_property
    def runs(self) -> Mapping[int, Run]:
        """All runs of the workspace so far, by number."""
        return {} if self.journal is None else {run.id: run for run in self.journal.runs.listed(self.workspace)}

    @cached_property
    def _runs(self) -> frozenset[int]:
        """The numbers of all runs of this kind of sheet."""
        return frozenset(run.id for run in self.runs.values() if run.kind == self.kind)


@dataclass
class Sorted:
    """Deliveries of a plan by what the journal knows of them.

    Attributes:
        asked: rows in question that aren't sent, or whose note is there because a person said so; and rows that aren't
            valid and have the ID of a note, or that somebody left out, although they were sent.
        decided: rows in question that are sent, because a person said so.
        wishes: how notes that are there can follow their rows.
        whose: the prospect of each row's delivery, or of the one in question; empty if there is none.
    """

    earlier: Earlier
    plan: Plan
    groups: list[SortedGroup]
    whose: Texts
    asked: list[Match] = field(default_factory=list)
    decided: list[Match] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)

    def know(self, matches: Iterable[Match]) -> None:
        """Take note of whose deliveries answer for rows, or are in question; a row with a known note has no problem."""
        for match in matches:
            self.whose[match.row.position] = "" if match.known is None else match.known.prospect
            if match.known is not None and match.known.note_id is not None:
                self.earlier.rows.problems.pop(match.row.position, None)

    @property
    def is_there(self) -> np.ndarray:
        """Whether each row's delivery exists, or is in question, so that it isn't sent."""
        return np.asarray(self.whose != "")

    @cached_property
    def remaining(self) -> Remaining:
        """What remains to be done. After importing again, some notes may be there twice."""
        earlier, there_twice = self.earlier, 0
        if earlier.occurrence:
            before = replace(earlier, occurrence="").sort(self.plan)
            there_twice = sum(int(before.is_there[one.left].sum()) for one in self.groups)
        asked: defaultdict[str, list[int]] = defaultdict(list)
        for match in (one for one in self.asked if earlier.rows.note[one.row.position] >= 0):
            asked["hidden" if match.how is How.HIDDEN else "in_doubt"].append(match.row.position)
            if match.how is not How.HIDDEN and match.known is not None:
                sent = date.fromtimestamp(match.known.sent_at)  # noqa: DTZ012 - the sheet's days are local, too
                asked["later"] += [match.row.position] if self._day(match) > sent.isoformat() else []
        still = [one.open for one in self.groups if one.unclear or len(one.left)]
        todo = grouping.remaining([one.todo for one in self.groups if len(one.left)], earlier.rows, earlier.batch_size)
        return replace(
            todo,
            lessened=len(self.plan.lessened),
            there_twice=there_twice,
            sent_anew=earlier.sent_anew(self.plan, todo.deliveries),
            unclear=sum(len(one.in_doubt) for one in self.groups if one.unclear),
            files=tuple(dict.fromkeys(digest for group in still for digest in group.note.files)),
            groups=still,
            asked={name: sorted(positions) for name, positions in asked.items()},
        )

    def _day(self, match: Match) -> str:
        """Return the latest ISO date that a template puts beside the row's text; empty if there is none."""
        rows = self.earlier.rows
        note = rows.notes[rows.note[match.row.position]]
        beside = note.text.replace(note.uncomposed, "", 1) if note.uncomposed else ""
        return max(re.findall(r"\b\d{4}-\d\d-\d\d\b", beside), default="")


def _by_prospect(rows: Rows, positions: Ints) -> Iterator[list[int]]:
    """Yield the positions in parts of limited size; all of a prospect's are in one part, in the sheet's order."""
    codes, _ = pd.factorize(rows.prospect[positions].astype(object))
    order = np.argsort(codes, kind="stable")
    first = np.searchsorted(codes[order], codes[order])  # where the prospect of each begins
    for part in np.split(positions[order], np.flatnonzero(np.diff(first // _AT_ONCE)) + 1):
        yield part.tolist()
