"""Twins: what was sent again is looked at once more, for its first attempt may have arrived all the same.

Comes in: deliveries that were sent again and are there. Goes out: for each, the other ids under which its note stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from importer.api import Answer, NotesPage, Reply
from importer.calls.dispatcher import Dispatcher
from importer.delivery.decisions import Checked, Decision
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Sought, judge
from importer.delivery.tasks import DuplicateLookup, Post, Task
from importer.markup import seen_digests
from importer.models import Status

_PAUSE = 5.0  # seconds between looks that don't even show the note that is known


class Duplicates:
    """Looks once more at what was sent again.

    Args:
        dispatcher: makes the looks.
        evidence: what is known of notes.
    """

    def __init__(self, dispatcher: Dispatcher[Task], evidence: Evidence) -> None:
        self._dispatcher, self._evidence = dispatcher, evidence
        self._contested: list[DuplicateLookup] = []

    @property
    def due(self) -> int:
        """How many looks told nothing, since another delivery may own what stands there."""
        return len(self._contested)

    def settled(self, post: Post, answers: Sequence[tuple[int, Answer]], now: float) -> None:
        """Take in the answers to a request, by their prospects' index; look at what was made by sending it again."""
        for index, answer in answers if post.sends > 1 else ():
            if answer.note_id is not None:
                self.made(post.only([index]), answer.note_id, now)

    def made(self, post: Post, note_id: str, came: float) -> None:
        """Look at a delivery that was sent again and made this note, when a first attempt that was late shows, too."""
        take, until = (
            self._evidence.pages.take(post.request.prospects[0]),
            came + self._evidence.replication_lag.assumed,
        )
        self._dispatcher.add(DuplicateLookup(post, note_id, take, until), max(until, came + self._evidence.margin))

    def check(self) -> None:
        """Look once more at what was contested, when all else is done."""
        contested, self._contested = self._contested, []
        for check in contested:
            check.take, check.is_last = self._evidence.pages.take(check.prospect), True
            self._dispatcher.add(check)

    def checked(self, check: DuplicateLookup, reply: Reply[NotesPage]) -> Iterator[tuple[Post, Decision]]:
        """What follows from the reply to a look: a twin shows as the note itself does."""
        page, evidence = reply.value, self._evidence
        if page is None:
            evidence.read_again(check, reply.failure)
            return
        if _is_old(check, page) and reply.came < check.until:
            check.take = evidence.pages.take(check.prospect)
            self._dispatcher.add(check, reply.came + _PAUSE)
            return
        if evidence.is_contested(check.prospect, check.post.key):
            if not check.is_last:  # then a later run looks, when it is known whose the others are
                self._contested.append(check)
            return
        shown = [seen_digests(note.content) for note in page.notes if note.note_id == check.note_id]
        key = replace(check.post.key, readings=check.post.key.readings.union(*shown))
        taken = evidence.taken(page, check.prospect, check.post)  # first, for it may tell of the clock
        window = evidence.note_clock.window(check.post, reply.came)
        sought = Sought(key, window, taken, check.post.sent_at, authors=evidence.authors)
        found = judge(page, sought)
        yield check.post, Checked((found.note_id, *found.duplicates) if found.note_id is not None else ())


def _is_old(check: DuplicateLookup, page: NotesPage) -> bool:
    """Whether a page is of a time before the note was made of which we know: then it tells nothing of another."""
    is_draft = check.post.key.status is Status.DRAFT  # which a later one may hide
    return not is_draft and not page.has_more and all(note.note_id != check.note_id for note in page.notes)
