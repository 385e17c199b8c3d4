"""Look for further copies of notes that were sent again, because the first attempt may have arrived after all.

Input: deliveries that were sent again and exist. Output: for each, the IDs of further copies of its note.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from importer.api import Answer, NotesPage, Reply
from importer.delivery.context import DeliveryContext
from importer.delivery.decisions import Checked, Decision
from importer.delivery.evidence import Evidence
from importer.delivery.readback import copies
from importer.delivery.tasks import DuplicateLookup, Post
from importer.models import Status

_PAUSE = 5.0  # seconds before the next check if the known note was not shown


class Duplicates:
    """Checks for further copies of notes that were sent again.

    Args:
        context: the run's context.
        evidence: collects facts about notes.
    """

    def __init__(self, context: DeliveryContext, evidence: Evidence) -> None:
        self._dispatcher, self._lag, self._evidence = context.dispatcher, context.policy.lag, evidence
        self._contested: list[DuplicateLookup] = []

    @property
    def due(self) -> int:
        """Number of checks that proved nothing, because another delivery may own the notes found."""
        return len(self._contested)

    def settled(self, post: Post, answers: Sequence[tuple[int, Answer]], now: float) -> None:
        """Schedule a check for each note that a repeated request has created, given its answers by index."""
        for index, answer in answers if post.sends > 1 else ():
            if answer.note_id is not None:
                self.made(post.only([index]), answer.note_id, now)

    def made(self, post: Post, note_id: str, came: float) -> None:
        """Schedule a check of a note that was sent again, for when a late first attempt can be read, too (D84)."""
        take = self._evidence.pages.take(post.request.prospects[0])
        until = came + self._lag
        self._dispatcher.add(DuplicateLookup(post, note_id, until, take=take), until)

    def check(self) -> None:
        """Repeat the checks that proved nothing, because all other work is done."""
        contested, self._contested = self._contested, []
        for check in contested:
            check.take, check.is_last = self._evidence.pages.take(check.prospect), True
            self._dispatcher.add(check)

    def checked(self, check: DuplicateLookup, reply: Reply[NotesPage]) -> Iterator[tuple[Post, Decision]]:
        """Yield the decision that follows from the reply to a check.

        A note counts as a copy if it reads like the note that was sent, or like that note as the API shows it.
        """
        page, evidence = reply.value, self._evidence
        if page is None:
            evidence.read_again(check, reply.failure)
            return
        if _is_old(check, page) and reply.came < check.until:
            check.take = evidence.pages.take(check.prospect)
            self._dispatcher.add(check, reply.came + _PAUSE)
            return
        if evidence.is_contested(check.prospect, check.post.key):
            if not check.is_last:  # otherwise a later run checks, when it is known which deliveries own the notes
                self._contested.append(check)
            return
        sought = evidence.of_copies(check.post, page, reply.came)
        yield check.post, Checked(copies(page, sought, check.note_id))


def _is_old(check: DuplicateLookup, page: NotesPage) -> bool:
    """Return whether a page is older than the known note, so that it proves nothing about copies (D86)."""
    is_draft = check.post.key.status is Status.DRAFT  # a later draft may hide the note
    return not is_draft and not page.has_more and all(note.note_id != check.note_id for note in page.notes)
