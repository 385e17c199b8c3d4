"""Look for notes that are on prospects already, whoever wrote them and whenever, so that they aren't sent once more.

Input: sorted groups of a plan, before anything of them is sent. Output: the groups without the deliveries whose note is
there, whose rows are settled. The journal gets no entry for such a note, which isn't ours to hide or check (D151).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from importer.api import Cause, Failure, FoundNote, NotesPage, Reply
from importer.api.protocol import API_REFUSED, STOPS
from importer.calls.caller import stopped_by
from importer.delivery.context import DeliveryContext
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.readback import is_same
from importer.delivery.sorted_group import SortedGroup
from importer.delivery.tasks import WholeRead
from importer.journal import KnownDelivery, key_of
from importer.messages import Message, say
from importer.models import Result, Rows

_UNFIT = Failure(Cause.UNREADABLE, say("failure.changed-while-read"))


@dataclass(eq=False, slots=True)
class ExistingLookup(WholeRead):
    """Lookup of the notes that a prospect (``of``) has before this run sends it any."""

    of: str

    purpose: ClassVar[Message] = say("purpose.reading-notes")

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        return self.of


class Existing:
    """Lookups of the notes that prospects have before they receive any.

    Args:
        context: the run's context.
        ledger: records the result of each delivery.
        evidence: collects facts about notes.
    """

    def __init__(self, context: DeliveryContext, ledger: Ledger, evidence: Evidence) -> None:
        self._context, self._ledger, self._evidence = context, ledger, evidence
        self._wanted: defaultdict[str, list[tuple[SortedGroup, int, str]]] = defaultdict(list)
        self._alike: defaultdict[bytes, list[int]] = defaultdict(list)  # numbers of notes that read the same
        self._keyed: set[tuple[int, str, str]] = set()  # all deliveries of a sheet with keys
        self._total = 0

    @property
    def progress(self) -> Message | None:
        """Message about the lookups; None if there are none to come."""
        done = self._total - len(self._wanted)
        return say("progress.reading-notes", done=done, total=self._total) if self._wanted else None

    def skip(self, groups: Sequence[SortedGroup], rows: Rows, deliver: Callable[[], None]) -> None:
        """Leave the deliveries out of the groups whose note is there, after one lookup for each prospect (D150).

        Args:
            groups: groups to be delivered.
            rows: their rows.
            deliver: makes the calls that are under way, and raises what stops the run. What earlier runs left unclear
                is looked up first, because it may read the same (D152).
        """
        deliver()
        for group in groups:
            self._alike[group.key.seen].append(group.number or 0)
            prospects, keys = rows.deliveries(group.group.positions)
            if rows.key is not None:
                self._keyed.update((group.number or 0, *delivery) for delivery in zip(prospects, keys, strict=True))
            for i in group.left:
                self._wanted[prospects[i]].append((group, i, keys[i]))
        self._total = len(self._wanted)
        lookups = [ExistingLookup(prospect, take=self._evidence.pages.take(prospect)) for prospect in self._wanted]
        self._context.dispatcher.add_all(lookups)
        deliver()
        for group in groups:
            group.left = [i for i in group.left if i not in group.settled]

    def looked(self, look: ExistingLookup, reply: Reply[NotesPage]) -> None:
        """Handle the reply to a lookup: read on, or settle the rows whose note is there."""
        page = reply.value
        if page is None:
            assert reply.failure is not None
            self._not_read(look, reply.failure)
        elif not look.fits(page) or not self._evidence.pages.is_newest(look, page):
            look.begin_again(self._evidence.pages.take(look.prospect))
            self._not_read(look, _UNFIT)
        elif not (whole := look.take_in(page)).has_more:
            self._settle(look.prospect, whole.all)
        elif look.pages + 1 < self._context.policy.pages:
            look.go_on(len(page.notes))
            self._context.dispatcher.add(look)
        else:
            self._leave(look.prospect, say("doubt.too-many-notes"))

    def _not_read(self, look: ExistingLookup, failure: Failure) -> None:
        """Read again. What can't be read isn't sent, unless reads don't know the prospect (D154)."""
        if failure.cause in STOPS:
            self._context.dispatcher.halt(stopped_by(failure))
        elif failure.cause is Cause.UNKNOWN_PROSPECT:
            self._settle(look.prospect, ())
        elif failure.cause in API_REFUSED or not self._evidence.read_again(look, failure):
            self._leave(look.prospect, say("doubt.not-read", why=failure.text))

    def _leave(self, prospect: str, why: Message) -> None:
        for group, i, _ in self._wanted.pop(prospect):
            self._take_out(group, i, Result.NOT_SENT, say("outcome.not-compared", why=why))

    def _settle(self, prospect: str, notes: Sequence[FoundNote]) -> None:
        """Settle the rows whose note is there. The oldest note counts first, and each for one row (D153)."""
        oldest_first = sorted(notes, key=lambda note: note.created_at or math.inf)
        used: set[str] = set()
        for group, i, key in self._wanted.pop(prospect):
            same = [note for note in oldest_first if is_same(note, group.key)]
            if same and self._evidence.is_contested(prospect, group.key):  # D152
                self._take_out(group, i, Result.NOT_SENT, say("outcome.waits-for-another"))
                continue
            taken = used | self._of_others(prospect, group, key) if same else used
            note = next((note for note in same if note.note_id not in taken), None)
            if note is not None:
                used.add(note.note_id)
                self._take_out(group, i, Result.ALREADY_IMPORTED, say("outcome.is-there"), note.note_id)

    def _of_others(self, prospect: str, group: SortedGroup, key: str) -> set[str]:
        """Return the IDs of notes that read the same but are other deliveries', as far as the journal knows (D153)."""
        known = self._context.journal.deliveries.known([(number, prospect) for number in self._alike[group.key.seen]])
        others = [delivery for delivery in known.values() if not self._may_serve(delivery, group, key)]
        return {note_id for delivery in others for note_id in (delivery.note_id or "", *delivery.duplicates)}

    def _may_serve(self, delivery: KnownDelivery, group: SortedGroup, key: str) -> bool:
        """Return whether the note of a delivery may be the one that a row of a group means by its key, if it has one.

        With the same key, an earlier import made it, and this one is to make it again. Without a key on either side,
        it may, unless the sheet has a row for that delivery.
        """
        other_key = key_of(delivery.occurrence)
        is_known_without_key = (
            not (key and other_key) and (delivery.note, delivery.prospect, other_key) not in self._keyed
        )
        return delivery.note == group.number and (other_key == key or is_known_without_key)

    def _take_out(self, group: SortedGroup, i: int, result: Result, reason: Message, note_id: str = "") -> None:
        group.settled.add(i)
        self._ledger.unsent(int(group.group.positions[i]), result, reason, note_id)
