"""Read back ten of a run's created notes at its end, because the API's answer may be wrong.

Input: answers with note IDs. Output: the notes that were not found, in the journal and in the rows' outcomes.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Collection, Mapping

from importer.api import NotesPage, Reply
from importer.api.protocol import API_REFUSED
from importer.delivery.context import DeliveryContext
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.readback import is_same
from importer.delivery.tasks import Post, SampleLookup
from importer.markup import seen_digests
from importer.models import Status

_SIZE = 10  # D91


class Sample:
    """Sample of the notes that the API's answers named, which is read back when all else is done.

    Args:
        context: the run's context.
        ledger: records which notes were not found.
        evidence: knows the page sizes.

    Attributes:
        has_begun: whether all else is done, so that nothing about the sample may stop the run.
    """

    def __init__(self, context: DeliveryContext, ledger: Ledger, evidence: Evidence) -> None:
        self._dispatcher, self._policy, self._one_draft = context.dispatcher, context.policy, context.traits.one_draft
        self._ledger, self._evidence = ledger, evidence
        self._deliveries, self._workspace = context.journal.deliveries, context.workspace
        self._rng = random.Random(f"sample {context.run_id}")  # noqa: S311 - it draws evenly, and keeps no secret
        self._drawn: list[SampleLookup] = []
        self._created = 0
        self._looks: deque[SampleLookup] = deque()
        self._youngest_seen = -math.inf  # when the answer of the youngest note came that was seen
        self.has_begun = False

    def created(self, post: Post, note_ids: Mapping[str, str], came: float) -> None:
        """Draw from the notes in a request's reply, prospect → ID, so that all notes of the run are equally likely."""
        if self._one_draft and post.key.status is Status.DRAFT:
            return
        for prospect, name in zip(post.request.prospects, post.request.names, strict=True):
            if prospect in note_ids:
                self._created += 1
                place = len(self._drawn) if len(self._drawn) < _SIZE else self._rng.randrange(self._created)
                if place < _SIZE:
                    look = SampleLookup(name, post.number, prospect, note_ids[prospect], came)
                    self._drawn[place : place + 1] = [look]

    def forget(self, names: Collection[bytes]) -> None:
        """Leave deliveries out whose answer was another request's."""
        self._drawn = [look for look in self._drawn if look.name not in names]

    def proceed(self) -> bool:
        """Begin the next lookup, of the youngest note first; return whether there is any."""
        if not self.has_begun:
            self.has_begun = True
            self._looks.extend(sorted(self._drawn, key=lambda look: -look.came))
        if not self._looks:
            return False
        look = self._looks.popleft()
        look.begin_again(self._evidence.pages.take(look.prospect))
        self._dispatcher.add(look, look.due)
        return True

    def looked(self, look: SampleLookup, reply: Reply[NotesPage]) -> None:
        """Handle the reply to a lookup. Only a second miss counts, and only if a note no older was seen before it."""
        if reply.failure is not None and reply.failure.cause not in API_REFUSED:
            self._looks.clear()
        page = reply.value
        if page is None:
            return
        notes = look.take_in(page)
        if any(note.note_id == look.note_id for note in notes.all):
            if self._is_exchanged(notes, look):
                self._ledger.not_found(look)
            else:
                self._youngest_seen = max(self._youngest_seen, look.came)
        elif notes.has_more:
            look.go_on(page)
            if look.pages < self._policy.pages:
                self._dispatcher.add(look)
        elif look.is_whole and not look.due:
            look.due = reply.came + self._policy.lag
            self._looks.append(look)
        elif look.is_whole and self._youngest_seen >= look.came:
            self._ledger.not_found(look)

    def _is_exchanged(self, page: NotesPage, look: SampleLookup) -> bool:
        """Return whether the note with the promised ID belongs to another delivery.

        That is so if the note reads like the other delivery's, and another note on the page reads like the promised
        note. An API that changes texts can cause the former, but then no other note reads like the promised note.
        """
        key = self._deliveries.key_of(look.note)
        [created] = [other for other in page.all if other.note_id == look.note_id]
        if is_same(created, key) or not any(is_same(other, key) for other in page.all):
            return False
        has_another, target = self._deliveries.has_another, (self._workspace, look.prospect)
        return any(has_another(*target, seen, created.note_id) for seen in seen_digests(created.content))
