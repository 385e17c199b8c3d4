"""Track unclear requests until absence can be concluded: they have to be at rest, and reading is shown to work.

Input: requests, with the reason why they are unclear. Output: :class:`Ambiguous`, to be read back; and for those that
missed their notes after rest a proof, which is a *control*: a note that left after their rest and was read again and
again without a miss. So reading shows all that was applied. Before, a known note is read to learn who writes ours.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar, NamedTuple

from importer.api import Failure, NotesPage
from importer.delivery.context import DeliveryContext, Post
from importer.delivery.evidence import Evidence, KnownNote
from importer.delivery.reads import WholeRead
from importer.messages import Message, say

READS = 12
"""Lookups in a row that must show a control: of two copies that are asked at random, each had its turn."""

_MOST_TRIES = 5  # prospects to which a control is sent, one after another, or notes that are read instead


class Phase(Enum):
    """Phase of reading back a request: before rest, at rest, waiting for a control, after the control."""

    EARLY = auto()
    REST = auto()
    CONTROL = auto()
    LAST = auto()


@dataclass(eq=False, slots=True)
class Ambiguous:
    """Request whose answer was unclear for some of its prospects, and what reading back has shown so far.

    Attributes:
        applied_until: latest time when the request can have been applied, by the clock of the run that sent it last.
        rest_at: when the request surely can no longer be applied, by this run's clock.
        open: indices of the prospects whose delivery isn't decided.
        missed: indices of the prospects whose note was missed after rest; ``missed_again``: after the control, too.
        is_by_age: whether a control can't be sent, so that the time since rest stands for it.
        seen: index → notes that were possible matches when they were last seen, so that the delivery is not absent.
        astray: how many times all has to be looked at anew, because replies belonged to other requests.
        is_applied: whether the note of at least one prospect exists.
    """

    post: Post
    failure: Failure
    applied_until: float
    rest_at: float
    open: set[int]
    phase: Phase = Phase.EARLY
    missed: set[int] = field(default_factory=set)
    missed_again: set[int] = field(default_factory=set)
    is_by_age: bool = False
    looking: int = 0
    astray: int = 0
    seen: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    is_applied: bool = False

    def is_awaited_by(self, time: float) -> bool:
        """Return whether others wait for it: by then it may need their control, or be sent again as their control."""
        is_sent_again = self.phase is Phase.LAST and self.is_by_age
        return is_sent_again or (self.phase in (Phase.EARLY, Phase.REST) and self.rest_at <= time)


@dataclass(eq=False, slots=True)
class Lookup(WholeRead):
    """Lookup of a prospect's notes, to find out whether a delivery's note exists.

    Attributes:
        ambiguous: the request to be resolved.
        index: the prospect's index in the request.
    """

    ambiguous: Ambiguous
    index: int


def serves(left: float, ambiguous: Ambiguous) -> bool:
    """Return whether a note can be a request's control: it must have left when the request was at rest."""
    return left > ambiguous.rest_at


class Proof(NamedTuple):
    """A note that was read without a miss.

    Attributes:
        left: when its request left; infinity if age stands for that, because nothing could be sent as a control; minus
            infinity if no known note could be read, so that nothing is proven.
        began, ended: when the first of these lookups began, and when the last one came back, by this run's clock.
    """

    left: float
    began: float
    ended: float


@dataclass(eq=False, slots=True)
class ControlLookup(WholeRead):
    """Lookup of a note that surely exists.

    Attributes:
        is_old: whether the note left before the rest of the requests, which have waited long enough for that.
        until: when another note is tried, by this run's clock.
        since: when the first of the lookups in a row began; ``seen``: how many have shown the note.
        at: number of notes before the page that showed it last. The next lookup begins there: of two copies that take
            turns, the other one would otherwise be asked for that page only by those who look for an absent note.
    """

    note: KnownNote
    is_old: bool
    until: float
    since: float = math.inf
    seen: int = 0
    at: int = 0

    purpose: ClassVar[Message] = say("purpose.reading-a-control")


class Controls:
    """Choice and lookups of controls."""

    def __init__(self, context: DeliveryContext, evidence: Evidence) -> None:
        self._evidence, self._policy, self._clock, self._reads = evidence, context.policy, context.clock, context.reads
        self._lookup: ControlLookup | None = None
        self._tries = 0
        self._failed: set[str] = set()  # notes that were not shown as controls in time
        self._lost: set[str] = set()  # notes that were not shown when they were old enough, either, since one was
        self._proof: Proof | None = None  # a new one
        self._by_age: Proof | None = None  # the latest that relied on age
        self._missed_age = 0.0  # greatest age at which a known note was missed

    def proceed(self, waiting: Sequence[Ambiguous], send: Callable[[], bool], *, is_more_to_come: bool) -> Proof | None:
        """Return a new proof; if there is none, begin what these requests need to go on.

        Args:
            waiting: requests that missed their notes after rest.
            send: sends a note that was kept back, and returns False if there is none.
            is_more_to_come: whether a note may soon be created, or another request will soon need a control, too.
        """
        proof, self._proof = self._proof, None
        if proof is not None or not waiting:
            return proof
        note, lookup = self._evidence.known(self._failed, of_this_run=True), self._lookup
        if lookup is not None and not (lookup.is_old and math.isinf(lookup.since)):
            return None
        if note is not None and any(serves(note.left, one) for one in waiting):
            self._begin(note, self._clock(), is_old=False)
        elif lookup is None and not is_more_to_come:
            if self._tries >= _MOST_TRIES or not send():
                return self._without(waiting)
            self._tries += 1
        return None

    def _without(self, waiting: Sequence[Ambiguous]) -> Proof | None:
        """Rely on age, because no note can be sent as a control: read the youngest known note once it is due."""
        before = -math.inf if self._by_age is None else self._by_age.began
        if any(self.due(one) <= before for one in waiting):
            return self._by_age
        due = max(self._clock(), min(self.due(one) for one in waiting))
        known = self._evidence.known(self._lost)
        if known is None or len(self._lost) >= _MOST_TRIES:
            return Proof(math.inf if self._evidence.known(None) is None else -math.inf, due, due)
        self._begin(known, due, is_old=True)
        return None

    def due(self, ambiguous: Ambiguous) -> float:
        """Return when a request's notes can surely be read without a control."""
        return ambiguous.rest_at + max(self._policy.lag, 2 * self._missed_age)

    def _begin(self, note: KnownNote, due: float, *, is_old: bool) -> None:
        self.end()
        until, enough = due + self._policy.lag, frozenset([note.note_id])
        self._lookup = ControlLookup(note.prospect, note, is_old, until, enough=enough, is_apart=True, then=self.looked)
        self._reads.begin(self._lookup, due)

    def looked(self, lookup: ControlLookup, found: NotesPage | Failure) -> None:
        """Judge a lookup of a control, which is a proof once it was read often enough."""
        if lookup is not self._lookup:
            return
        if isinstance(found, Failure):
            self._give_up(lookup)
        elif any(note.note_id == lookup.note.note_id for note in found.notes):
            lookup.since, lookup.seen = min(lookup.since, lookup.began), lookup.seen + 1
            if lookup.seen >= READS:
                self._lookup = None
                self._lost.clear()
                self._tries = self._tries if lookup.is_old else 0
                left = math.inf if lookup.is_old else lookup.note.left
                self._proof = Proof(left, lookup.since, self._clock())
                self._by_age = self._proof if lookup.is_old else self._by_age
            else:
                self._again(lookup, -math.inf, at=lookup.skip)
        elif lookup.at:
            lookup.seen, lookup.since = 0, math.inf
            self._again(lookup, -math.inf)
        else:
            self._missed(lookup)

    def _missed(self, lookup: ControlLookup) -> None:
        """Read again when the note is twice as old, so that few attempts are made: some page sizes are left."""
        age = lookup.began - lookup.note.left if lookup.note.left else 0.0
        self._missed_age = max(self._missed_age, age)
        lookup.seen, lookup.since = 0, math.inf
        now = self._clock()
        if now < lookup.until:
            self._again(lookup, min(now + max(self._policy.rest, age), max(now + self._policy.rest, lookup.until)))
        else:
            self._give_up(lookup)

    def _again(self, lookup: ControlLookup, due: float, at: int = 0) -> None:
        if self._reads.is_worn(lookup.prospect, 0.85):
            self._give_up(lookup)  # otherwise a cache could answer
            return
        lookup.at = at
        self._reads.begin(lookup, due, at=at)

    def _give_up(self, lookup: ControlLookup) -> None:
        """Try another note next."""
        (self._lost if lookup.is_old else self._failed).add(lookup.note.note_id)
        self._lookup = None

    def is_astray(self) -> None:
        """Read anew, because a reply belonged to another request."""
        self._proof = self._by_age = None
        if self._lookup is not None:
            self._lookup.seen, self._lookup.since = 0, math.inf

    def end(self) -> None:
        """Take no notice of a lookup that is not needed any more."""
        if self._lookup is not None:
            self._lookup.is_patient = False  # nothing waits for it
            self._lookup = None
