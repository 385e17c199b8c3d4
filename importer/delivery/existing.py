"""Look for notes that are on prospects already, whoever wrote them and whenever, so that they aren't sent once more.

Input: sorted groups of a plan, before anything of them is sent. Output: the groups without the deliveries whose note is
there, whose rows are settled. The journal keeps such a note as *found*: it answers for its row from then on, and is
never hidden or checked, because it isn't ours (D151).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from importer.api import Cause, Failure, FoundNote, NotesPage, Reply
from importer.api.protocol import API_REFUSED, STOPS
from importer.calls.caller import stopped_by
from importer.delivery.context import DeliveryContext
from importer.delivery.earlier import Earlier
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.readback import reads_same
from importer.delivery.sorted_group import SortedGroup, still_visible
from importer.delivery.tasks import WholeRead
from importer.journal import NoteKey
from importer.messages import Message, say
from importer.models import Result

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
        self._wanted: defaultdict[str, list[tuple[SortedGroup, int]]] = defaultdict(list)
        self._total = 0

    @property
    def progress(self) -> Message | None:
        """Message about the lookups; None if there are none to come."""
        done = self._total - len(self._wanted)
        return say("progress.reading-notes", done=done, total=self._total) if self._wanted else None

    def skip(self, groups: Sequence[SortedGroup], earlier: Earlier, deliver: Callable[[], None]) -> None:
        """Leave the deliveries out of the groups whose note is there, after one lookup for each prospect (D150).

        Args:
            groups: groups to be delivered.
            earlier: their rows.
            deliver: makes the calls that are under way, and raises what stops the run. What earlier runs left unclear
                is looked up first, because it may read the same (D152).
        """
        deliver()
        for group in groups:
            prospects: list[str] = earlier.rows.prospect[group.group.positions].tolist()
            for i in group.left:
                self._wanted[prospects[i]].append((group, i))
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
        for group, i in self._wanted.pop(prospect):
            self._take_out(group, i, say("outcome.not-compared", why=why))

    def _settle(self, prospect: str, notes: Sequence[FoundNote]) -> None:
        """Settle the rows whose note is there. The oldest note counts first, and each for one row (D153)."""
        oldest_first = sorted(notes, key=lambda note: note.created_at or math.inf)
        used = self._of_others(prospect) if notes else set()
        for group, i in self._wanted.pop(prospect):
            same = [note for note in oldest_first if reads_same(note, group.key)]
            if same and self._evidence.is_contested(prospect, group.key):  # D152
                self._take_out(group, i, say("outcome.waits-for-another"))
                continue
            note = next((note for note in same if note.note_id not in used), None)
            if note is not None:
                used.add(note.note_id)
                group.settled.add(i)
                assert note.visibility is not None and note.status is not None
                form = replace(group.group.note, visibility=note.visibility, status=note.status)
                position = int(group.group.positions[i])
                self._ledger.found(position, prospect, NoteKey.of(form), note.note_id, say("outcome.is-there"))
                if (why := still_visible(form, group.group.note, is_ours=False)) is not None:
                    self._ledger.still_visible(position, why)

    def _of_others(self, prospect: str) -> set[str]:
        """Return the IDs of the prospect's notes that deliveries have, unless everything is imported again (D153)."""
        run = self._context.run
        if run is not None and run.occurrence:
            return set()
        told = self._context.journal.identities.told(self._context.workspace, [prospect])
        return {note_id for _, known, _ in told for note_id in (known.note_id or "", *known.duplicates)}

    def _take_out(self, group: SortedGroup, i: int, reason: Message) -> None:
        group.settled.add(i)
        self._ledger.unsent(int(group.group.positions[i]), Result.NOT_SENT, reason)
