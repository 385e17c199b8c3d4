"""Look for notes that are on prospects already, whoever wrote them and whenever, so that they aren't sent once more.

Input: sorted groups of a plan, and each request before it is sent. Output: the deliveries of the request whose note
isn't there; the rows of the others are settled. The journal keeps such a note as *found* (D150).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from importer.api import Cause, Failure, FoundNote, NotesPage
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.decisions import reads_same
from importer.delivery.earlier import Sorted
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.matching import SortedGroup, still_visible
from importer.delivery.reads import WholeRead
from importer.journal import NoteKey
from importer.messages import Message, say
from importer.models import Result

_MOST_UNDER_WAY = 100  # lookups, after which no further request is begun: reads don't run far ahead of requests


@dataclass(eq=False, slots=True)
class ExistingLookup(WholeRead):
    """Lookup of the notes that a prospect has before this run sends it any."""

    purpose: ClassVar[Message] = say("purpose.reading-notes")


class Existing:
    """Lookups of the notes that prospects have before they receive any, each just before a prospect's first request."""

    def __init__(self, context: DeliveryContext, ledger: Ledger, evidence: Evidence) -> None:
        self._context, self._ledger, self._evidence, self._reads = context, ledger, evidence, context.reads
        self._wanted: defaultdict[str, list[tuple[SortedGroup, int]]] = defaultdict(list)
        self._under_way: set[str] = set()
        self._settled: set[int] = set()

    @property
    def to_come(self) -> int:
        """Number of prospects whose notes are still to be read."""
        return len(self._wanted) - len(self._under_way)

    @property
    def is_busy(self) -> bool:
        """Whether so many lookups are under way that no further request should be begun."""
        return len(self._under_way) >= _MOST_UNDER_WAY

    def expect(self, found: Sorted) -> None:
        """Take in the deliveries to be made, if the policy says that existing notes are left out (D150)."""
        for group in found.groups if self._context.policy.skips_existing else ():
            for position in group.left.tolist():
                self._wanted[str(found.earlier.rows.prospect[position])].append((group, position))

    def awaits(self, post: Post) -> bool:
        """Return whether the notes of a new request's prospects are still to be read; begin to read them (D152).

        One that is sent again only waits until they were read, if that has begun.
        """
        wanted = self._wanted.keys() & {*post.request.prospects}
        if post.sends > 1:
            return not wanted.isdisjoint(self._under_way)
        for prospect in sorted(wanted - self._under_way):
            self._under_way.add(prospect)
            self._reads.begin(ExistingLookup(prospect, then=self.looked))
        return bool(wanted)

    def left_of(self, post: Post) -> list[int]:
        """Return the indices of a request's prospects whose rows aren't settled by a note that is there."""
        return [index for index, position in enumerate(post.request.positions) if position not in self._settled]

    def looked(self, look: ExistingLookup, found: NotesPage | Failure) -> None:
        """Settle the rows whose note is there. What can't be read isn't sent, unless reads don't know the prospect."""
        if isinstance(found, NotesPage) and look.is_whole:
            self._settle(look.prospect, found.all)
        elif isinstance(found, Failure) and found.cause is Cause.UNKNOWN_PROSPECT:
            self._settle(look.prospect, ())
        else:
            why = found.text if isinstance(found, Failure) else say("failure.changed-while-read")
            for _, position in self._ended(look.prospect):
                self._take_out(position, say("outcome.not-compared", why=say("doubt.not-read", why=why)))

    def _ended(self, prospect: str) -> list[tuple[SortedGroup, int]]:
        self._under_way.discard(prospect)
        return self._wanted.pop(prospect)

    def _settle(self, prospect: str, notes: Sequence[FoundNote]) -> None:
        """Settle the rows whose note is there. The oldest note counts first, and each for one row (D150)."""
        used = self._of_others(prospect) if notes else ()
        free = sorted((one for one in notes if one.note_id not in used), key=lambda one: one.created_at or math.inf)
        for group, position in self._ended(prospect):
            same = [note for note in free if reads_same(note, group.key)]
            if same and self._evidence.is_contested(prospect, group.key):  # D152
                self._take_out(position, say("outcome.waits-for-another"))
            elif same:
                free.remove(same[0])
                self._found(group, position, prospect, same[0])

    def _found(self, group: SortedGroup, position: int, prospect: str, note: FoundNote) -> None:
        assert note.visibility is not None and note.status is not None
        form = replace(group.group.note, visibility=note.visibility, status=note.status)
        self._settled.add(position)
        self._ledger.found(position, prospect, NoteKey.of(form), note.note_id, say("outcome.is-there"))
        if (why := still_visible(form, group.group.note, is_ours=False)) is not None:
            self._ledger.outcomes.remark(position, why, self._ledger.outcomes.visible)

    def _of_others(self, prospect: str) -> set[str]:
        """Return the IDs of the prospect's notes that deliveries have, unless everything is imported again (D150)."""
        run = self._context.run
        if run is not None and run.occurrence:
            return set()
        told = self._context.journal.identities.told(self._context.workspace, [prospect])
        return {note_id for _, known in told for note_id in (known.note_id or "", *known.duplicates)}

    def _take_out(self, position: int, reason: Message) -> None:
        self._settled.add(position)
        self._ledger.unsent(position, Result.NOT_SENT, reason)
