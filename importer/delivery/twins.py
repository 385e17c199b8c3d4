"""Twins: what was sent again is looked at once more, for its first attempt may have arrived all the same.

Comes in: deliveries that were sent again and are there. Goes out: for each, the other ids under which its note stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from importer.api import NotesPage, Reply
from importer.calls.dispatcher import Dispatcher
from importer.delivery.decisions import Checked, Decision
from importer.delivery.evidence import Evidence
from importer.delivery.readback import Sought, judge
from importer.delivery.tasks import Check, Post, Task
from importer.markup import seen_digests
from importer.models import Status

_PAUSE = 5.0  # seconds between looks that don't even show the note that is known


class Twins:
    """Looks once more at what was sent again.

    Args:
        dispatcher: makes the looks.
        evidence: what is known of notes.
    """

    def __init__(self, dispatcher: Dispatcher[Task], evidence: Evidence) -> None:
        self._dispatcher, self._evidence = dispatcher, evidence
        self._made: list[tuple[Post, str, float]] = []

    @property
    def due(self) -> int:
        """How many there are to look at."""
        return len(self._made)

    def made(self, post: Post, note_id: str, came: float) -> None:
        """A delivery that was sent again made this note; to be looked at when all else is done."""
        self._made.append((post, note_id, came))

    def check(self) -> None:
        """Look at all of them, each when reading has caught up with it."""
        made, self._made = self._made, []
        for post, note_id, came in made:
            take, until = self._evidence.pages.take(post.request.prospects[0]), came + self._evidence.lag.assumed
            self._dispatcher.add(Check(post, note_id, take, until), came + self._evidence.margin)

    def checked(self, check: Check, reply: Reply[NotesPage]) -> Iterator[tuple[Post, Decision]]:
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
            return  # a later run looks, when it is known whose the others are
        shown = [seen_digests(note.content) for note in page.notes if note.note_id == check.note_id]
        key = replace(check.post.key, readings=check.post.key.readings.union(*shown))
        taken = evidence.taken(page, check.prospect, check.post.key)  # first, for it may tell of the clock
        window = evidence.note_clock.window(check.post, reply.came)
        sought = Sought(key, window, taken, check.post.sent_at, authors=evidence.authors)
        found = judge(page, sought)
        yield check.post, Checked((found.note_id, *found.twins) if found.note_id is not None else ())


def _is_old(check: Check, page: NotesPage) -> bool:
    """Whether a page is of a time before the note was made of which we know: then it tells nothing of another."""
    is_draft = check.post.key.status is Status.DRAFT  # which a later one may hide
    return not is_draft and not page.has_more and all(note.note_id != check.note_id for note in page.notes)
