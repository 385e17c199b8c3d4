"""Find deliveries that have the ID of another delivery's note, because their answer belonged to another request.

Input: pages that were read back. Output: the notes on them that such deliveries have, and the runs with such answers.
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
    """Answers that belonged to another request, as pages show them.

    Args:
        journal: knows the IDs of all delivered notes.
        workspace: the workspace of the notes.
        run: the run's number, if there is a run.
        known_ids: the IDs that deliveries have.
        is_alike: returns whether the delivery with this note ID has a request's text, given the IDs of such deliveries.
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
        """Return IDs of notes that read like the request's, but are recorded for a delivery of another text."""
        alike = {note.note_id for note in page.all if readback.is_same(note, post.key)}
        others = {note_id for note_id in alike if not self._is_alike(note_id, post, taken)}
        contested = frozenset(self._known_ids.among(others)) if others else frozenset()
        if contested:
            made = self._deliveries.delivered(self._workspace, [*contested])
            self._runs |= {delivery.run for delivery in made.values()}
            if self._run is not None and not contested <= made.keys():
                self._runs.add(self._run)
        return contested

    def has(self, page: NotesPage, note: Promised) -> bool:
        """Return whether the note with the promised ID belongs to another delivery.

        That is so if the note reads like the other delivery's, and another note on the page reads like the promised
        note. An API that changes texts can cause the former, but then no other note reads like the promised note.
        """
        key = self._deliveries.key_of(note.note)
        [created] = [other for other in page.all if other.note_id == note.note_id]
        if readback.is_same(created, key) or not any(readback.is_same(other, key) for other in page.all):
            return False
        target = self._workspace, note.prospect
        return any(
            self._deliveries.has_another(*target, seen, created.note_id) for seen in seen_digests(created.content)
        )

    def take_runs(self) -> set[int]:
        """Return the runs that took another request's answer for their own, and forget them."""
        runs, self._runs = self._runs, set()
        return runs
