"""Detect answers that belong to another request, when they come or when notes are read back.

Input: IDs of new notes, and pages that were read back. Output: IDs that a delivery of the workspace already has, and
notes on pages that are recorded for another delivery than theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from importer.api import Answer, Cause, Failure, NotesPage, Reply
from importer.delivery import readback
from importer.delivery.context import DeliveryContext
from importer.delivery.tasks import Post, SampleLookup
from importer.markup import seen_digests
from importer.messages import say


class KnownIds:
    """Note IDs of a workspace's deliveries.

    Args:
        exact: returns which of some IDs belong to deliveries.
    """

    def __init__(self, exact: Callable[[Collection[str]], Collection[str]]) -> None:
        self._exact = exact
        self._doubtful: set[str] = set()

    def among(self, note_ids: Collection[str]) -> Collection[str]:
        """Return the IDs that a delivery already has."""
        return self._exact(note_ids) if note_ids else ()

    def believed(self, reply: Reply[dict[str, Answer]], *, is_trusted: bool) -> Reply[dict[str, Answer]]:
        """Return a request's reply, or a failure if it is not trusted or names a note of another delivery (D27, D36).

        The IDs in a reply that is not trusted are remembered, so that no later reply may name them.
        """
        note_ids = [answer.note_id for answer in (reply.value or {}).values() if answer.note_id is not None]
        used = {*self.among(note_ids), *self._doubtful.intersection(note_ids)}
        if used:
            text = say("failure.note-of-another-row", note=min(used))
        elif note_ids and not is_trusted:
            self._doubtful.update(note_ids)
            text = say("failure.answer-of-another-request")
        else:
            return reply
        failure = Failure(Cause.UNREADABLE, text, at_work=True, is_astray=bool(used))
        return replace(reply, value=None, failure=failure)


class Exchanged:
    """Answers that belonged to another request, as pages show them.

    Args:
        context: knows the journal.
        known_ids: the IDs that deliveries have.
        is_alike: returns whether the delivery with this note ID has a request's text, given the IDs of such deliveries.
    """

    def __init__(
        self, context: DeliveryContext, known_ids: KnownIds, is_alike: Callable[[str, Post, Collection[str]], bool]
    ) -> None:
        self._deliveries, self._workspace = context.journal.deliveries, context.workspace
        self._known_ids, self._is_alike = known_ids, is_alike

    def contested(self, page: NotesPage, post: Post, taken: Collection[str]) -> frozenset[str]:
        """Return IDs of notes that read like the request's, but are recorded for a delivery of another text."""
        alike = {note.note_id for note in page.all if readback.is_same(note, post.key)}
        others = {note_id for note_id in alike if not self._is_alike(note_id, post, taken)}
        return frozenset(self._known_ids.among(others)) if others else frozenset()

    def has(self, page: NotesPage, look: SampleLookup) -> bool:
        """Return whether the note with the promised ID belongs to another delivery.

        That is so if the note reads like the other delivery's, and another note on the page reads like the promised
        note. An API that changes texts can cause the former, but then no other note reads like the promised note.
        """
        key = self._deliveries.key_of(look.note)
        [created] = [other for other in page.all if other.note_id == look.note_id]
        if readback.is_same(created, key) or not any(readback.is_same(other, key) for other in page.all):
            return False
        has_another, target = self._deliveries.has_another, (self._workspace, look.prospect)
        return any(has_another(*target, seen, created.note_id) for seen in seen_digests(created.content))
