"""Read back a sample of the notes that the API said it created, because its answer may be wrong.

Input: answers with note IDs, and notes that earlier runs left to be read back. Output: journal entries, and the notes
that were not found.

- Ten notes of each run, or one in a hundred if that is more, but at most 50, are drawn before anything is sent. Each
  note gets two lookups. A run makes at most 100 calls for them.
- A lookup is due when the note is twice as old as reading may lag. The run never waits for that: lookups are made while
  it has other work, and the rest is left to the next run, or to ``verify``.
- A note is *not found* if two lookups missed it, the second after twice the assumed lag by this run's clock, and
  another sampled note was seen that was no older. Without such a note nothing shows that reading works. So if few notes
  are left to the next run, a note that was seen is left with them.
- If a note is not found, something is wrong: all notes of its run are read back, and the run waits for that.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict, deque
from collections.abc import Container, Iterable, Mapping, Sequence

from importer.api import Cause, Failure, NotesPage, Reply
from importer.api.protocol import API_REFUSED
from importer.calls.caller import stopped_by
from importer.delivery.context import DeliveryContext
from importer.delivery.evidence import Evidence
from importer.delivery.ledger import Ledger
from importer.delivery.readback import Pages
from importer.delivery.tasks import Post, Promised, SampleLookup
from importer.journal import KnownDelivery, SampleState
from importer.models import Status

_FEWEST, _ONE_IN, _MOST = 10, 100, 50  # D91
_OLDEST = 86_400.0  # seconds after which a person may well have deleted a note (D93)
_YOUNGEST = 60.0  # seconds before which no note is looked up, however short the lag (D93)
_SURELY = 900.0  # seconds after which a note can be read if any older note can
_FEW = 3  # so few notes may not show whether reading works (D96)
_PAUSE = 5.0  # seconds between two lookups of a note
_ENOUGH_MISSES = 2  # D94
_MOST_TRIES = 3
_MOST_CALLS = 100  # calls that a run makes to read samples (D92)
_MOST_WIDENED = 1_000  # prospects that a run reads back after a note was not found; verify reads all (D97)


class Draw:
    """Random choice of the notes of a run that are read back, spread evenly over the run.

    Args:
        run: the run's number.
    """

    def __init__(self, run: int | None) -> None:
        self._rng = random.Random(f"sample {run}")  # noqa: S311 - it draws evenly, and keeps no secret
        self._places: deque[int] = deque()  # positions of the sampled notes among all answers
        self._answers = self._size = 0

    def expect(self, notes: int) -> None:
        """Draw a sample from the next ``notes`` notes to be sent."""
        size = min(notes, max(_FEWEST, math.ceil(notes / _ONE_IN)), _MOST - self._size)
        self._size += size
        places = [self._answers + place for place in self._rng.sample(range(notes), size)]
        self._places = deque(sorted([*self._places, *places]))

    def drawn(self, prospects: Sequence[str], created: Container[str]) -> list[int]:
        """Return the indices of the prospects whose notes are read back.

        If a drawn note was not created, the next created note replaces it.
        """
        first = self._answers
        self._answers += len(prospects)
        indices: list[int] = []
        if self._places and self._places[0] < self._answers:
            for place, prospect in enumerate(prospects, first):
                if self._places and self._places[0] <= place and prospect in created:
                    self._places.popleft()
                    indices.append(place - first)
        return indices


class Looks:
    """Lookups of sampled notes in a run.

    Args:
        context: the run's context.
        pages: chooses page sizes.

    Attributes:
        waiting: lookups whose time has not come.
        calls: number of calls that were made.
        is_off: whether reading failed, so that no more lookups are made.
    """

    def __init__(self, context: DeliveryContext, pages: Pages) -> None:
        self.waiting: list[SampleLookup] = []
        self.calls = self._under_way = 0
        self.is_off = False
        self._dispatcher, self._clock, self._pages = context.dispatcher, context.clock, pages

    def add(self, look: SampleLookup, due: float) -> None:
        """Schedule a lookup for its due time. Lookups made because another note was not found have priority."""
        if look.is_widened:
            look.begin_again(self._pages.take(look.prospect))
            self._dispatcher.add(look, due)
        else:
            look.due = due
            self.waiting.append(look)

    @property
    def due_at(self) -> float | None:
        """Time when the next lookup is due, by this run's clock; None if none waits."""
        return min((look.due for look in self.waiting), default=None)

    def next(self) -> SampleLookup | None:
        """Return a lookup that is due, or None. Only one is made at a time, so that sending goes on."""
        return self._due_now() if not self._under_way else None

    def begin(self, *, is_missed: bool) -> bool:
        """Begin all due lookups and, with ``is_missed``, second lookups of missed notes; return whether any began."""
        before = self.calls
        while (look := self._due_now()) is not None:
            self._dispatcher.add(look)
        while is_missed and (look := self._begun([look for look in self.waiting if look.is_missed])) is not None:
            self._dispatcher.add(look, look.due)
        return self.calls > before

    def next_page(self, look: SampleLookup) -> bool:
        """Read the next page; return False if the limit of calls is reached."""
        if not look.is_widened:
            if self.calls >= _MOST_CALLS:
                return False
            self.calls, self._under_way = self.calls + 1, self._under_way + 1
        self._dispatcher.add(look)
        return True

    def came_back(self, look: SampleLookup) -> None:
        """Record that a call has ended."""
        self._under_way -= not look.is_widened

    def drop(self, runs: Container[int]) -> None:
        """Drop the lookups of these runs' notes."""
        self.waiting = [look for look in self.waiting if look.promised[0].run not in runs]

    def _due_now(self) -> SampleLookup | None:
        now = self._clock()
        return self._begun([look for look in self.waiting if look.due <= now])

    def _begun(self, looks: list[SampleLookup]) -> SampleLookup | None:
        if not looks or self.is_off or self.calls >= _MOST_CALLS:
            return None
        look = min(looks, key=lambda look: look.due)
        self.waiting.remove(look)
        look.begin_again(self._pages.take(look.prospect))
        self.calls, self._under_way = self.calls + 1, self._under_way + 1
        return look


class Samples:
    """Samples of the created notes, which are read back.

    Args:
        context: the run's context.
        ledger: records which notes are in the sample, were seen, or were not found.
        evidence: knows the lag and the page sizes.

    Attributes:
        draw: draws the sample.
        looks: lookups that wait for their time.
        left: number of notes still to be read back because another note of their run was not found.
    """

    def __init__(self, context: DeliveryContext, ledger: Ledger, evidence: Evidence) -> None:
        self.left = 0
        self._context, self._ledger, self._evidence = context, ledger, evidence
        self._run, self._clock, self._one_draft = context.run_id, context.clock, context.traits.one_draft
        self.draw = Draw(self._run)
        self.looks = Looks(context, evidence.pages)
        self._widened = 0
        self._seen_at = math.inf  # least age at which a note was seen
        self._seen: Promised | None = None  # the last note seen, kept to show a later run that reading works
        self._missed: list[Promised] = []  # missed often enough, but nothing shows yet that reading works
        self._runs: set[int] = set()  # runs with a note that was not found
        self._is_recorded = False  # whether the journal has notes of such runs to read back
        self._take_up()

    # -- which notes ------------------------------------------------------------------------------------------------

    def created(self, post: Post, note_ids: Mapping[str, str], came: float) -> None:
        """Record the note IDs from a request's reply, prospect → ID, and schedule lookups of the drawn notes."""
        if self._one_draft and post.key.status is Status.DRAFT:
            note_ids = {}
        chosen = []
        for index in self.draw.drawn(post.request.prospects, note_ids):
            prospect, name = post.request.prospects[index], post.request.names[index]
            assert self._run is not None
            until = came + self._certain_after
            chosen.append(Promised(name, post.number, prospect, note_ids[prospect], self._run, came, until))
            self.looks.add(SampleLookup(chosen[-1:]), came + self._due_after)
        self._ledger.sampled(chosen, SampleState.DUE)

    def _recorded(self) -> Iterable[KnownDelivery]:
        """Return the notes that are to be read back, according to the journal."""
        return self._context.journal.deliveries.sampled(self._context.workspace, missing=self._run is None)

    def _take_up(self) -> None:
        """Schedule lookups of notes that earlier runs left, and drop old ones, which may have been deleted since."""
        now = self._clock()
        stored = [*self._recorded()]
        old = [entry for entry in stored if entry.at < now - _OLDEST and entry.sample is SampleState.DUE]
        self._ledger.sampled([self._of(entry, now) for entry in old], None)
        due = [entry for entry in stored if entry.at >= now - _OLDEST and entry.sample is not SampleState.ALL]
        for look in _by_prospect(self._of(entry, now) for entry in due):
            self.looks.add(look, max(note.came for note in look.promised) + self._due_after)
        self._is_recorded = any(entry.sample is SampleState.ALL for entry in stored)

    def _of(self, known: KnownDelivery, now: float) -> Promised:
        """Return a note as the journal knows it; the clock of its answer may have been reset since."""
        assert known.note_id is not None
        came, is_widened = min(known.at, now), known.sample is SampleState.ALL
        certain_from = self._certain_after + (came if known.run == self._run else now)
        return Promised(
            known.name, known.note, known.prospect, known.note_id, known.run, came, certain_from, is_widened
        )

    # -- when -------------------------------------------------------------------------------------------------------

    @property
    def _due_after(self) -> float:
        """Seconds after which a created note is looked up."""
        return max(_YOUNGEST, 2 * self._evidence.margin)

    @property
    def _certain_after(self) -> float:
        """Seconds after which a lookup that misses a note may prove something."""
        return max(self._due_after, 2 * self._evidence.replication_lag.assumed)

    def finish(self) -> bool:
        """Begin the lookups that are due when all else is done; return whether there are any.

        The run waits only if a note was missed or not found: for its second lookup, or for all notes of its run.

        Raises:
            JournalFailed: the journal could not be read.
        """
        self._read_all_of(self._evidence.exchanged.take_runs())
        if self._runs:
            self._ledger.sample_all(self._runs, drafts=not self._one_draft)
            self.looks.drop(self._runs)
            self._is_recorded, self._runs = True, set()
            return True  # this method is called again when the journal has the entries
        has_begun = self.looks.begin(is_missed=self._seen_at < math.inf)
        if self._widen() or has_begun:
            return True
        are_few = 0 < len(self.looks.waiting) + len(self._missed) + self.left < _FEW
        self._ledger.sampled([self._seen] if self._seen is not None else [], SampleState.DUE if are_few else None)
        return False

    def _widen(self) -> bool:
        """Begin to read back all notes of the runs with a note that was not found, up to the limit of a run."""
        if not self._is_recorded:
            return False
        self._is_recorded, now = False, self._clock()
        looks = _by_prospect(self._of(entry, now) for entry in self._recorded() if entry.sample is SampleState.ALL)
        chosen = looks if self._run is None else looks[: max(0, _MOST_WIDENED - self._widened)]
        self._widened += len(chosen)
        self.left = sum(len(look.promised) for look in looks[len(chosen) :])
        for look in chosen:
            self.looks.add(look, max(note.came for note in look.promised) + self._due_after)
        return bool(chosen)

    # -- replies ----------------------------------------------------------------------------------------------------

    def looked(self, look: SampleLookup, reply: Reply[NotesPage]) -> None:
        """Handle the reply to a lookup."""
        page = reply.value
        self.looks.came_back(look)
        if page is None:
            assert reply.failure is not None
            self._not_read(look, reply.failure)
        elif not look.fits(page) or not self._evidence.pages.is_newest(look, page):
            self._in_vain(look)
        else:
            look.began = look.began if look.skip else reply.began
            before = {*look.seen}
            goes_on = look.take_in(page)
            shown = [note for note in look.promised if note.note_id in look.seen - before]
            if wrong := [note for note in shown if self._evidence.exchanged.has(page, note)]:
                self._found_wrong(wrong)
                look.promised = [note for note in look.promised if note not in wrong]
            if not look.promised:
                return
            if goes_on:
                self._next_page(look, len(page.notes))
                return
            for note in look.promised:
                if note.note_id in look.seen:
                    self._seen_at = min(self._seen_at, reply.came - note.came, _SURELY)
                    self._ledger.sampled([self._seen] if self._seen is not None else [], None)
                    self._seen = note
                else:
                    self._miss(look, note)
            self._conclude()

    def is_astray(self) -> None:
        """Forget all misses, because a reply belonged to another request, and perhaps these pages did, too."""
        self._missed = []
        for look in self.looks.waiting:
            for note in look.promised:
                note.misses = 0

    def _next_page(self, look: SampleLookup, notes: int) -> None:
        look.skip, look.pages = look.skip + notes - 1, look.pages + 1
        if notes < 2 or look.pages >= self._context.policy.pages or not self.looks.next_page(look):
            self._give_up(look)

    def _miss(self, look: SampleLookup, note: Promised) -> None:
        note.misses, note.missed_at = note.misses + 1, look.began - note.came
        if note.misses >= _ENOUGH_MISSES and look.began >= note.certain_from:
            self._missed.append(note)
        else:
            self.looks.add(SampleLookup([note]), max(self._clock() + _PAUSE, note.certain_from))

    def _conclude(self) -> None:
        """Report missed notes as not found if a note no older was seen, because then reading works."""
        absent = [note for note in self._missed if note.missed_at >= self._seen_at]
        self._missed = [note for note in self._missed if note.missed_at < self._seen_at]
        self._found_wrong(absent)

    def _found_wrong(self, notes: Sequence[Promised]) -> None:
        """Report notes whose answer was not true, and read back all notes of their runs."""
        self._read_all_of({note.run for note in notes if not note.is_widened})
        self._ledger.not_found(notes)

    def _read_all_of(self, runs: set[int]) -> None:
        """Read back all notes of these runs as soon as nothing else is to be done."""
        self._runs |= runs
        self._ledger.sample_all(runs, drafts=not self._one_draft)  # at once, because this run may end soon

    def _not_read(self, look: SampleLookup, failure: Failure) -> None:
        """Handle a failed lookup, and wait only if something is known to be wrong."""
        if failure.cause in (Cause.BAD_KEY, Cause.BLOCKED) and self._run is None:
            self._context.dispatcher.halt(stopped_by(failure))
        elif failure.cause in API_REFUSED:
            self._give_up(look)
        elif look.is_widened:
            if not self._evidence.read_again(look, failure):
                self._give_up(look)
        elif failure.cause in (Cause.CLAIM_EXPIRED, Cause.RATE_LIMITED):
            self._in_vain(look)
        else:
            self.looks.is_off = True
            self._give_up(look)

    def _in_vain(self, look: SampleLookup) -> None:
        """Repeat a lookup that showed nothing, but only a few times."""
        look.tries += 1
        if look.tries < _MOST_TRIES:
            self.looks.add(look, self._clock() + _PAUSE)
        else:
            self._give_up(look)

    def _give_up(self, look: SampleLookup) -> None:
        """Leave notes that could not be read to a later run or to verify."""
        self.left += len(look.promised) if look.is_widened else 0

    # -- state ------------------------------------------------------------------------------------------------------

    @property
    def could_not_look(self) -> bool:
        """Whether notes were looked up but none was seen, so that nothing is known about them."""
        return self.looks.calls > 0 and math.isinf(self._seen_at)


def _by_prospect(notes: Iterable[Promised]) -> list[SampleLookup]:
    by_prospect: defaultdict[str, list[Promised]] = defaultdict(list)
    for note in notes:
        by_prospect[note.prospect].append(note)
    return [SampleLookup(group) for group in by_prospect.values()]
