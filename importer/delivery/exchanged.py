"""Answers that were another request's, so that a delivery has the ID of another one's note.

In: pages that were read back. Out: the notes on them that such deliveries have, and the runs that took such answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from importer.api import NotesPage
from importer.delivery import readback
from importer.delivery.known_ids import KnownIds
from importer.delivery.tasks import Post, Promised
from importer.journal import Journal
from importer.markup import seen_digests
from importer.models import Workspace


class Exchanged:
    """What pages show of such answers.

    Args:
        journal: knows the IDs of all notes that were delivered.
        workspace: whose notes these are.
        run: the run's number, if there is a run.
        known_ids: the IDs that deliveries have.
        is_alike: whether a note with this ID is that of a delivery of the same text, given the IDs of those.
    """

    def __init__(
        self,
        journal: Journal,
        workspace: Workspace,
        run: int | None,
        known_ids: KnownIds,
        is_alike: Callable[[str, Post, Collection[str]], bool],
    ) -> None:
        self._deliveries, self._workspace, self._run = journal.deliveries, workspace, run
        self._known_ids, self._is_alike = known_ids, is_alike
        self._runs: set[int] = set()

    def contested(self, page: NotesPage, post: Post, taken: Collection[str]) -> frozenset[str]:
        """Return the notes that read like a post's and that a delivery of another text has.

        Then an answer was another request's: it gave that delivery the ID of this note.
        """
        alike = {note.note_id for note in page.all if readback.is_same(note, post.key)}
        others = {note_id for note_id in alike if not self._is_alike(note_id, post, taken)}
        contested = frozenset(self._known_ids.among(others)) if others else frozenset()
        if contested:
            made = self._deliveries.delivered(self._workspace, [*contested])
            self._runs |= {one.run for one in made.values()}
            if self._run is not None and not contested <= made.keys():
                self._runs.add(self._run)
        return contested

    def has(self, page: NotesPage, note: Promised) -> bool:
        """Whether the note with the ID that was promised is another delivery's.

        It reads like that one, and another note on the page reads like the one that was promised. An API that changes
        texts can make it read like another one, but then no other note reads like the one that was sent.
        """
        key = self._deliveries.key_of(note.note)
        [found] = [one for one in page.all if one.note_id == note.note_id]
        if readback.is_same(found, key) or not any(readback.is_same(one, key) for one in page.all):
            return False
        where = self._workspace, note.prospect
        return any(self._deliveries.has_another(*where, seen, found.note_id) for seen in seen_digests(found.content))

    def take_runs(self) -> set[int]:
        """Return the runs that took another request's answer for theirs, each once."""
        runs, self._runs = self._runs, set()
        return runs
