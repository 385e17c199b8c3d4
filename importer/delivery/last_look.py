"""Look once more, when all else is done, at notes that were sent again and at some that the API's answers named.

Input: notes of this run, and those that an earlier run sent again. Output: further copies of a note, or that it was not
found. A first attempt may have arrived after all, and the API's answer may promise a note that it didn't make.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import ClassVar

from importer.api import Failure, NotesPage
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.decisions import copies
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.reads import WholeRead
from importer.messages import Message, say

_SIZE = 10  # notes at the most, besides further ones that were sent again (D84)


@dataclass(eq=False, slots=True)
class LastLook(WholeRead):
    """Lookup of a prospect's notes, to see whether a note is there, and only once; patient if it was sent again.

    Attributes:
        note_id: the note's ID; ``came``: when it became known, by this run's clock.
        is_second: whether the first lookup missed the note.
    """

    post: Post
    note_id: str
    came: float
    is_second: bool = False

    purpose: ClassVar[Message] = say("purpose.last-look")


class LastLooks:
    """Looks at notes when all else is done: at all that were sent again, and at some others if these are few."""

    def __init__(self, context: DeliveryContext, ledger: Ledger, evidence: Evidence) -> None:
        self._context, self._policy, self._clock = context, context.policy, context.clock
        self._ledger, self._evidence, self._reads = ledger, evidence, context.reads
        self._rng = random.Random(f"last look {context.run_id}")  # noqa: S311 - it draws evenly, and keeps no secret
        self._sent_again: dict[LastLook, None] = {}  # not looked at yet, in order
        self._is_begun = False
        self._youngest_seen = -math.inf  # when the youngest note that was seen became known

    @property
    def to_come(self) -> int:
        """Number of notes that were sent again and are still to be looked at."""
        return len(self._sent_again)

    @property
    def is_optional(self) -> bool:
        """Whether only notes are left that nothing is known to be wrong with, so that nothing may stop the run."""
        return self._is_begun and not self._sent_again

    def sent_again(self, post: Post, note_id: str, came: float) -> None:
        """Take a note that was sent again."""
        self._sent_again[self._look(post, note_id, came, is_patient=True)] = None

    def _look(self, post: Post, note_id: str, came: float, *, is_patient: bool) -> LastLook:
        [prospect], enough = post.request.prospects, frozenset([note_id])
        return LastLook(prospect, post, note_id, came, enough=enough, is_patient=is_patient, then=self.looked)

    def _drawn(self) -> list[LastLook]:
        """Draw from the other notes that answers named."""
        named = [(one.post, one) for one in self._evidence.named if one.post and one.post.sends == 1]
        fit = [(post, one) for post, one in named if not self._context.may_be_hidden(post.key)]
        drawn = self._rng.sample(fit, min(len(fit), max(0, _SIZE - len(self._sent_again))))
        return [
            self._look(post.only([post.request.prospects.index(one.prospect)]), one.note_id, one.came, is_patient=False)
            for post, one in drawn
        ]

    def proceed(self) -> bool:
        """Begin all lookups; return whether there are any that had not begun."""
        looks = [] if self._is_begun else [*self._drawn(), *self._sent_again]
        self._is_begun = True
        for look in looks:
            self._reads.begin(look)
        return bool(looks)

    def looked(self, look: LastLook, found: NotesPage | Failure) -> None:
        """Judge a lookup. Only a second miss counts, and only if a note no older was seen before it."""
        if isinstance(found, Failure):
            self._sent_again.pop(look, None)  # the next run looks at it
            return
        now = self._clock()
        is_shown = any(note.note_id == look.note_id for note in found.all)
        is_missed = not is_shown and not self._context.may_be_hidden(look.post.key)
        if is_missed and not look.is_second:
            look.is_second = True
            self._reads.begin(look, now + self._policy.lag)
            return
        if is_missed and look.is_whole and self._youngest_seen >= look.came:
            self._ledger.not_found(look.post, look.note_id)
        elif is_shown:
            self._youngest_seen = max(self._youngest_seen, look.came)
        if not self._evidence.is_contested(look.prospect, look.post.key):
            further = copies(found, self._evidence.sought(look.post, look.prospect, found, now), look.note_id)
            if further or look in self._sent_again:
                self._ledger.checked(look.post, further)
        self._sent_again.pop(look, None)
