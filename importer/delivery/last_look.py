"""Look once more, when all else is done, at notes that were sent again and at some that the API's answers named.

Input: notes of this run, and those that an earlier run sent again. Output: further copies of a note, or that it was not
found. A first attempt may have arrived after all, and the API's answer may promise a note that it didn't make.
"""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from typing import ClassVar

from importer.api import API_REFUSED, Failure, NotesPage
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
        due: when the second lookup is to be made, if the first one missed the note; 0 before.
    """

    post: Post
    note_id: str
    came: float
    due: float = 0.0

    purpose: ClassVar[Message] = say("purpose.last-look")


class LastLooks:
    """Looks at notes when all else is done: at all that were sent again, and at some others if these are few."""

    def __init__(self, context: DeliveryContext, ledger: Ledger, evidence: Evidence) -> None:
        self._context, self._policy, self._clock = context, context.policy, context.clock
        self._ledger, self._evidence, self._reads = ledger, evidence, context.reads
        self._rng = random.Random(f"last look {context.run_id}")  # noqa: S311 - it draws evenly, and keeps no secret
        self._sent_again: dict[LastLook, None] = {}  # not looked at yet, in order
        self._looks: deque[LastLook] | None = None
        self._youngest_seen = -math.inf  # when the youngest note that was seen became known

    @property
    def to_come(self) -> int:
        """Number of notes that were sent again and are still to be looked at."""
        return len(self._sent_again)

    @property
    def is_optional(self) -> bool:
        """Whether only notes are left that nothing is known to be wrong with, so that nothing may stop the run."""
        return self._looks is not None and not self._sent_again

    def sent_again(self, post: Post, note_id: str, came: float) -> None:
        """Take a note that was sent again."""
        self._sent_again[_look(post, note_id, came, is_patient=True)] = None

    def _drawn(self) -> list[LastLook]:
        """Draw from the other notes that answers named, the youngest first."""
        named = [(one.post, one) for one in self._evidence.named if one.post and one.post.sends == 1]
        fit = [(post, one) for post, one in named if not self._context.may_be_hidden(post.key)]
        drawn = self._rng.sample(fit, min(len(fit), max(0, _SIZE - len(self._sent_again))))
        return [
            _look(post.only([post.request.prospects.index(one.prospect)]), one.note_id, one.came, is_patient=False)
            for post, one in sorted(drawn, key=lambda pair: -pair[1].came)
        ]

    def proceed(self) -> bool:
        """Begin the lookups of notes that were sent again, or the next one of the youngest other note, if any."""
        if self._looks is None:
            self._looks = deque([*self._sent_again, *self._drawn()])
        begun: list[LastLook] = []
        while self._looks and (not begun or self._looks[0] in self._sent_again):
            begun.append(self._looks.popleft())
            self._reads.begin(begun[-1], begun[-1].due)
        return bool(begun)

    def looked(self, look: LastLook, found: NotesPage | Failure) -> None:
        """Judge a lookup. Only a second miss counts, and only if a note no older was seen before it."""
        assert self._looks is not None
        if isinstance(found, Failure):
            if found.cause not in API_REFUSED:
                self._looks.clear()
            return
        now = self._clock()
        is_shown = any(note.note_id == look.note_id for note in found.all)
        is_missed = not is_shown and not self._context.may_be_hidden(look.post.key)
        if is_missed and not look.due:
            look.due = now + self._policy.lag
            self._looks.append(look)
            return
        if is_missed and look.is_whole and self._youngest_seen >= look.came:
            self._ledger.not_found(look.post, look.note_id)
        elif is_shown:
            self._youngest_seen = max(self._youngest_seen, look.came)
        if not self._evidence.is_contested(look.prospect, look.post.key):
            owned = self._evidence.owned(found, look.prospect, look.post)
            further = copies(found, self._evidence.sought(look.post, look.prospect, owned, now), look.note_id)
            if further or look in self._sent_again:
                self._ledger.checked(look.post, further)
        self._sent_again.pop(look, None)


def _look(post: Post, note_id: str, came: float, *, is_patient: bool) -> LastLook:
    return LastLook(post.request.prospects[0], post, note_id, came, enough=frozenset([note_id]), is_patient=is_patient)
