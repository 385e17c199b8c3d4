"""Sort a plan's deliveries by what earlier runs did: made, left unclear, in question, or still to do.

Input: the plan and the journal. Output: each group, sorted by what the journal knows of its deliveries, and the rows
whose deliveries exist. The rows of each prospect are matched together (:mod:`importer.delivery.matching`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from importer import grouping
from importer.delivery.changes import Wish, follow
from importer.delivery.matching import How, Known, Match, match
from importer.delivery.sorted_group import AnsweredRow, Made, SortedGroup
from importer.identity import Identities, RowIdentity, delivery_name
from importer.journal import DeliveryState, Journal, NoteKey
from importer.models import Group, Ints, Plan, Remaining, Rows, Visibility, Workspace
from importer.settings.kinds import IfHidden, InDoubt

_AT_ONCE = 100  # rows matched together: more would take longer, because memory is collected
_AT_ONCE_IF_SHARED = 500  # each part is a call to the database, which may be far away
_FEWEST_ANEW, _MOST_NEW = 3, 0.9  # notes, and share of a sheet's notes
_OF_PROSPECTS = frozenset({"outcome.unknown-prospect", "api.gave-reason", "api.gave-no-reason"})
"""Kinds of reasons for which the API refused one prospect, and not the note."""


class AsItStood(NamedTuple):
    """What a corrected row said before.

    Attributes:
        place: digest of its place in the file.
        person: its prospect or its email; empty if it named nobody.
        who: the prospect, or the keyed digest of the email; empty if emails aren't to be known.
        what: digests of its text and its record.
    """

    place: bytes
    person: str = ""
    who: str = ""
    what: Sequence[bytes] = ()


@dataclass(frozen=True)
class Earlier:
    """What is needed to know which rows of a sheet earlier runs delivered.

    Attributes:
        rows: the rows.
        journal: the journal; None if there is none, so that nothing was delivered.
        workspace: the workspace of the deliveries.
        key: the API key, with which emails are digested.
        occurrence: what importing again adds to the names of deliveries; empty for a first import.
        kind: the kind of sheet.
        in_doubt: what a person said about the rows in question; None if nobody did.
        hidden: what a person said about the rows whose notes are hidden; None if nobody did.
        skips_existing: whether notes that are there already are found before anything is sent.
        fingerprint: the SHA-256 of the file.
        keeps_markup: whether changing a note was seen to keep the markup of its text.
        updates: whether notes follow the sheet.
        before_correction: returns index of a corrected row of the sheet → what it said before.
    """

    rows: Rows
    journal: Journal | None
    workspace: Workspace
    key: str = field(default="", repr=False)
    occurrence: str = ""
    kind: str = ""
    in_doubt: InDoubt | None = None
    hidden: IfHidden | None = None
    skips_existing: bool = False
    fingerprint: str = ""
    keeps_markup: bool = False
    updates: bool = False
    before_correction: Callable[[], Mapping[int, AsItStood]] = dict

    @cached_property
    def identities(self) -> Identities:
        """The identities of the rows."""
        return Identities(self.rows, self.key)

    @cached_property
    def _after(self) -> dict[int, str]:
        """Position of a row that is sent although something is there → what distinguishes its delivery."""
        return {}

    def row_of(self, position: int) -> int:
        """Return the index of the sheet's row that makes the note at a position."""
        return position if self.rows.sheet_rows is None else int(self.rows.sheet_rows[position])

    @cached_property
    def _stood(self) -> Mapping[int, AsItStood]:
        return self.before_correction()

    def _with_stood(self, row: RowIdentity) -> tuple[RowIdentity, str]:
        """Return a row with what it said before somebody corrected it; and to whom, if to somebody else."""
        if (stood := self._stood.get(self.row_of(row.position))) is None:
            return row, ""
        email = "" if self.rows.email is None else self.rows.email[row.position]
        is_of_another = stood.person not in ("", self.rows.prospect[row.position], email)
        what = (stood.place,) if is_of_another else (stood.place, *stood.what)
        return row._replace(stood=what), stood.who if is_of_another else ""

    def names(self, positions: Sequence[int]) -> list[bytes]:
        """Return the names of the deliveries that some rows make."""
        prospects: list[str] = self.rows.prospect[[*positions]].tolist()
        return [
            delivery_name(str(self.workspace), prospect, row, self.occurrence + self._after.get(row.position, ""))
            for prospect, row in zip(prospects, self.identities.of(positions), strict=True)
        ]

    def told(self, positions: Sequence[int], names: Sequence[bytes]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield the digests by which deliveries of some rows are to be known, with their prospects and names."""
        whose = self.identities.names(positions)
        for one, who, name in zip(self.identities.of(positions), whose, names, strict=True):
            row, other = self._with_stood(one)
            for what in (*row.all, *row.stood):
                yield from ((known_by, what, name) for known_by in who)
            if other:
                yield from ((other, what, name) for what in self._stood[self.row_of(row.position)].what)

    def sort(self, plan: Plan, made: Made = lambda _: None) -> list[SortedGroup]:
        """Sort the deliveries of each group of a plan. ``made`` receives the rows whose deliveries exist."""
        groups = [SortedGroup(group, NoteKey.of(group.note)) for group in plan.groups]
        place: Ints = np.full(len(self.rows), -1, dtype=np.int32)  # of each position in its group
        group_of: Ints = np.full(len(self.rows), -1, dtype=np.int32)
        for index, one in enumerate(groups):
            place[one.group.positions] = np.arange(len(one.group.positions), dtype=np.int32)
            group_of[one.group.positions] = index
        is_left = group_of >= 0
        for matches, refused in self._matched(plan, is_left):
            answered: list[AnsweredRow] = []
            for found in matches:
                position, answers = found.row.position, found.how.answers
                group = groups[at] if (at := int(group_of[position])) >= 0 else None
                if not answers and self._is_to_send(found):
                    continue
                is_left[position] = False
                if not answers and self.is_asked(found):
                    if group is not None:
                        group.asked[int(place[position])] = found
                    else:
                        self.unknown.append(position)
                elif found.known is not None and found.known.delivery.is_unclear and group is not None:
                    delivery = found.known.delivery
                    group.unclear.setdefault(delivery.request, []).append((int(place[position]), delivery))
                else:
                    answered.append(
                        AnsweredRow(
                            position, *(None, found) if group is None else (group.group.note, found, group.key.seen)
                        )
                    )
            for position in refused:
                groups[group_of[position]].refused += 1
            made(answered)
            self.wishes.extend(self._wishes(answered))
        for one in groups:
            one.left = np.flatnonzero(is_left[one.group.positions]).tolist()
        return groups

    @cached_property
    def wishes(self) -> list[Wish]:
        """How notes that are there can follow their rows, once these are sorted."""
        return []

    def _wishes(self, answered: Iterable[AnsweredRow]) -> Iterator[Wish]:
        """Yield how the notes of rows can follow them. All rows of a prospect must be given at once."""
        by_delivery: defaultdict[bytes, list[AnsweredRow]] = defaultdict(list)
        for one in answered:
            if one.note is not None:
                by_delivery[one.delivery.name].append(one)
        for rows in by_delivery.values():
            if self.journal is not None and any(one.differs for one in rows):
                key_of, delivery = self.journal.deliveries.key_of, rows[0].delivery
                opened = None if delivery.changing is None else key_of(delivery.changing)
                wish = follow(rows, key_of(delivery.note), opened, self.kind, keeps_markup=self.keeps_markup)
                if wish.is_due or wish.left:
                    yield wish

    @cached_property
    def unknown(self) -> list[int]:
        """Positions of rows that aren't valid, and have the ID of a note that the journal doesn't know."""
        return []

    @cached_property
    def decided(self) -> list[Match]:
        """Rows in question that are sent, because a person said so."""
        return []

    def sent_anew(self, plan: Plan, remaining: Remaining) -> int:
        """Return how many notes are to be sent if a history seems to be sent again; otherwise 0.

        That is so if most rows of this kind of sheet were known before, and now fewer than a tenth are, unless a person
        said that the notes are new.
        """
        new = remaining.deliveries + remaining.held_back
        is_new = new >= _FEWEST_ANEW and new > _MOST_NEW * plan.deliveries
        if not is_new or self.journal is None or not self.kind or self.occurrence or self.in_doubt is InDoubt.NEW:
            return 0
        return new if self.journal.runs.was_known(self.workspace, self.kind, self.fingerprint) else 0

    def answer_to(self, how: How) -> InDoubt | None:
        """Return what a person said about rows that are in question like this; None if nobody did."""
        if how is How.UNKNOWN_NOTE and self.skips_existing:
            return InDoubt.NEW
        if how is not How.HIDDEN:
            return self.in_doubt
        return None if self.hidden is None else InDoubt.NEW if self.hidden is IfHidden.SEND else InDoubt.SAME

    def is_asked(self, found: Match) -> bool:
        """Return whether nobody has answered a row in question, or its answer is for the run to carry out."""
        return self.answer_to(found.how) is None or found.known is None

    def _is_to_send(self, found: Match) -> bool:
        """Return whether a row in question is sent, because a person said so."""
        if self.answer_to(found.how) is not InDoubt.NEW:
            return False
        self.decided.append(found)
        if found.how is How.HIDDEN and found.known is not None:
            self._after[found.row.position] = f" after {found.known.delivery.name.hex()}"
        return found.row.texts != ()

    def _matched(self, plan: Plan, is_planned: np.ndarray) -> Iterator[tuple[list[Match], list[int]]]:
        """Yield how rows are known, and the positions of rows that were refused because of their prospect."""
        rows, journal = self.rows, self.journal
        journal = None if journal is None or not journal.has(self.workspace) else journal
        if journal is None and (self.occurrence or not rows.done):
            return
        is_wanted = is_planned.copy()
        if rows.done:  # a row that isn't valid may have the ID of its note
            of_sheet = rows.of_sheet(np.arange(len(rows), dtype=np.int32))
            is_wanted |= np.isin(of_sheet, [*rows.done]) & (plan.original < 0)
        at_once = _AT_ONCE_IF_SHARED if journal is not None and journal.is_shared else _AT_ONCE
        for positions in _by_prospect(rows, np.flatnonzero(is_wanted).astype(np.int32), at_once):
            whose = self.identities.who(positions)
            of_who: defaultdict[str, list[RowIdentity]] = defaultdict(list)
            for who, one in zip(whose, self.identities.of(positions), strict=True):
                row, _ = self._with_stood(one)
                of_who[who].append(row._replace(note_ids=frozenset()) if self.occurrence else row)
            known: defaultdict[str, list[Known]] = defaultdict(list)
            for who, delivery, digests in () if journal is None else journal.identities.told(self.workspace, [*of_who]):
                if not self.occurrence or delivery.occurrence == self.occurrence:
                    known[who].append(Known(delivery, digests, self._kinds.get(delivery.run, "")))
            matches: list[Match] = []
            refused: list[int] = []
            templates = self.identities.templates
            for who, deliveries in known.items():
                of_rows = match(of_who[who], deliveries, kind=self.kind, templates=templates, by_key=self.updates)
                if len(of_rows) < len(of_who[who]):
                    refused += _refused(of_who[who], deliveries, of_rows)
                matches += of_rows
            for who in [who for who in of_who if who not in known] if rows.done else ():
                matches += match(of_who[who], ())
            yield matches, refused

    @cached_property
    def _kinds(self) -> dict[int, str]:
        assert self.journal is not None
        return {run.id: run.kind for run in self.journal.runs.listed(self.workspace)}


def _by_prospect(rows: Rows, positions: Ints, at_once: int) -> Iterator[list[int]]:
    """Yield the positions in parts of limited size; all of a prospect's are in one part, in the sheet's order."""
    if not len(positions):
        return
    codes, _ = pd.factorize(rows.prospect[positions].astype(object))
    order = np.argsort(codes, kind="stable")
    ends = [*(np.flatnonzero(np.diff(codes[order])) + 1), len(order)]
    start = 0
    for end, following in zip(ends, [*ends[1:], ends[-1] + at_once], strict=True):
        if following - start > at_once:
            yield positions[order[start:end]].tolist()
            start = end


def _refused(rows: Iterable[RowIdentity], known: Iterable[Known], matches: Iterable[Match]) -> list[int]:
    """Return the positions of new rows whose prospect the API refused for the same note."""
    found = {one.row.position for one in matches}
    refused = {
        digest
        for one in known
        if one.delivery.state is DeliveryState.REJECTED
        and (why := one.delivery.why) is not None
        and not _OF_PROSPECTS.isdisjoint(why.kinds())
        for digest in one.identities
    }
    return [row.position for row in rows if row.position not in found and not refused.isdisjoint(row.all)]


@dataclass
class _Counts:
    """What a plan says about the deliveries that exist."""

    made: Made
    more_visible: int = 0
    less_visible: int = 0
    changed: int = 0

    def add(self, answered: Sequence[AnsweredRow]) -> None:
        self.made(answered)
        for one in answered:
            if one.is_as_said:
                continue
            self.more_visible += one.still is not None
            self.less_visible += one.is_less_visible
            self.changed += one.is_changed


def foresee(
    earlier: Earlier, plan: Plan, batch_size: int, first: int | None = None, made: Made = lambda _: None
) -> Remaining:
    """Return what a run would still have to do, without entering anything in the journal; see :meth:`Earlier.sort`."""
    rows, counts = earlier.rows, _Counts(made)
    if earlier.journal is None and first is None and not rows.done:
        return replace(grouping.remaining(plan.groups, rows, batch_size), lessened=len(plan.lessened))
    found = earlier.sort(plan, counts.add)
    held_back = 0 if first is None else len(hold_back(found, rows, first))
    remaining = replace(summed(found, rows, batch_size), held_back=held_back)
    return replace(
        remaining,
        sent_anew=earlier.sent_anew(plan, remaining),
        more_visible=counts.more_visible,
        less_visible=counts.less_visible,
        changed=counts.changed,
        lessened=len(plan.lessened),
        there_twice=_there_twice(earlier, found),
    )


def _there_twice(earlier: Earlier, found: Sequence[SortedGroup]) -> int:
    """Return how many of the notes to be sent are there already, because everything is imported again."""
    if not earlier.occurrence:
        return 0
    left = np.concatenate([np.zeros(0, np.int32), *(one.group.positions[one.left] for one in found)])
    there = set[int]()
    only = [replace(one.group, positions=one.group.positions[one.left]) for one in found if one.left]
    plan = Plan(only, np.full(len(earlier.rows), -1, dtype=np.int32))
    replace(earlier, occurrence="").sort(plan, lambda answered: there.update(one.position for one in answered))
    return len(there.intersection(left.tolist()))


def hold_back(found: Sequence[SortedGroup], rows: Rows, first: int) -> list[int]:
    """Leave only the first rows of the sheet to be delivered, at most ``first`` of them, each for all of its people.

    Returns:
        positions of the other rows.
    """
    wanted = {row for one in found for row in rows.of_sheet(one.group.positions[one.left]).tolist()}
    last = max(sorted(wanted)[:first], default=-1)
    held_back: list[int] = []
    for one in found:
        is_held = rows.of_sheet(one.group.positions) > last
        held_back += [int(one.group.positions[i]) for i in one.left if is_held[i]]
        one.left = [i for i in one.left if not is_held[i]]
    return sorted(held_back)


def summed(found: Iterable[SortedGroup], rows: Rows, batch_size: int) -> Remaining:
    """Return the totals of sorted groups."""
    todo: list[Group] = []
    groups: list[Group] = []
    unclear = unclear_public = refused = 0
    asked: defaultdict[str, list[int]] = defaultdict(list)
    files: dict[str, None] = {}
    for one in found:
        if (group := one.todo) is not None:
            todo.append(group)
        if (group := one.open) is not None:
            groups.append(group)
        if one.left or one.unclear:
            files |= dict.fromkeys(one.group.note.files)
        unclear += one.in_doubt
        unclear_public += one.in_doubt if one.group.note.visibility is Visibility.PUBLIC else 0
        refused += one.refused
        for i, row in one.asked.items():
            is_hidden = row.how is How.HIDDEN
            is_later = not is_hidden and row.known is not None and one.day > row.known.sent_on
            for name in ["hidden"] if is_hidden else ["in_doubt", "later"] if is_later else ["in_doubt"]:
                asked[name].append(int(one.group.positions[i]))
    remaining = grouping.remaining(todo, rows, batch_size)
    return replace(
        remaining,
        unclear=unclear,
        public=remaining.public + unclear_public,
        files=tuple(files),
        refused=refused,
        hidden=len(asked["hidden"]),
        in_doubt=len(asked["in_doubt"]),
        groups=groups,
        asked={name: sorted(positions) for name, positions in asked.items()},
    )
