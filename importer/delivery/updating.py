"""Change notes: let them follow the sheet, hide them, or give hidden notes back. No note is created.

Input: wishes. Output: what became of each. The form that a note is about to get is in the journal before the call
leaves, and the answer after it came. A change without a clear answer rests until it can't be applied any more, and the
note is read before anything else is sent to it. :mod:`.changes` decides.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar, TypeAlias

from importer.api import Cause, Endpoint, Failure, FoundNote, NoteChange, NotesPage, Reply
from importer.calls.caller import ATTEMPTS, stopped_by
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.delivery.changes import Do, Fate, Wish, changed, decide, described, has_form
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext
from importer.delivery.outcomes import Outcomes
from importer.delivery.reads import Pages
from importer.errors import Busy, JournalFailed, NeedsAPerson, Outage, Stopped
from importer.journal import NoteKey
from importer.markup import seen_digests
from importer.messages import Message, say
from importer.models import Progress, Result, Status

_LOOKS = 7  # looks at a changed note until it is shown as it was changed


@dataclass(eq=False, slots=True)
class Patch:
    """Call that changes a note.

    Attributes:
        wish: the wish; its delivery is as the journal knows it now.
        change: the fields that are sent.
        form: the form that the note gets.
        before: the note as it was read before; None if it wasn't.
        why: why the status is left as it is; None if it isn't.
        entered_at: when the change was entered in the journal; ``good_until``: until when the call may leave.
        is_unclear: whether an attempt has no clear answer, so that the change may have been applied.
    """

    wish: Wish
    change: NoteChange
    form: NoteKey
    before: FoundNote | None = None
    why: Message | None = None
    entered_at: float = 0.0
    good_until: float = math.inf
    is_unclear: bool = False
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.UPDATE
    purpose: ClassVar[Message] = say("purpose.changing-again")

    @property
    def wishes(self) -> Sequence[Wish]:
        """The wish, as the wishes of a look."""
        return [self.wish]


@dataclass(eq=False, slots=True)
class Look:
    """Call that reads a page of a prospect's notes.

    Attributes:
        wishes: the wishes about notes of the prospect.
        proves: the change that is read back; None if the notes are read before they are changed.
        looks: number of looks before this one that showed something else.
        skip: number of notes on earlier pages; ``found``: the notes that these had, by ID.
        take: most notes on a page: another number for each look, because a cache may have an earlier page.
    """

    wishes: Sequence[Wish]
    proves: Patch | None = None
    looks: int = 0
    skip: int = 0
    found: dict[str, FoundNote] = field(default_factory=dict)
    take: int = 0
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.READ
    purpose: ClassVar[Message] = say("purpose.reading-changed-notes")

    @property
    def prospect(self) -> str:
        """Prospect whose notes are read."""
        return self.wishes[0].delivery.prospect


_Entry: TypeAlias = Callable[[], object]


class Updating(Stage[Patch | Look, _Entry]):
    """Changes of notes.

    Args:
        context: the context of the run.
        observe: receives the progress after each round.
        drafts: prospects that are about to get a draft, so that no note of theirs becomes another one.

    Attributes:
        ended: note ID → what became of the wish about it, and why.
        fields: note ID → the fields that were changed.
        looks: how many of the calls read notes.
    """

    def __init__(
        self, context: DeliveryContext, observe: Callable[[Progress], None] = lambda _: None, drafts: Iterable[str] = ()
    ) -> None:
        super().__init__(context.caller, (Patch.kind, Look.kind), _written)
        self.ended: dict[str, tuple[Fate, Message | None]] = {}
        self.fields: dict[str, NoteChange] = {}
        self.looks = 0
        self._context, self._journal, self._policy = context, context.journal, context.policy
        self._observe, self._size = observe, 0
        self._drafts = dict.fromkeys(drafts, "")  # prospect → the note that becomes its draft, if it is there
        # Other sizes than those of the run's other look-ups, which count upwards; and of a dozen runs before.
        self._pages = Pages(self._api.traits.page, -(context.run_id or int(self._clock())), takes=7)
        self._is_proven = False
        self._unclear_answers: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """Number of notes by what became of the wishes about them."""
        return dict(Counter(fate.value.replace(" ", "_") for fate, _ in self.ended.values()))

    def change(self, wishes: Sequence[Wish]) -> Stopped | None:
        """Change notes as wished; return why that ended early, or None.

        The first change of a note that was read goes alone, and is read back whole.
        """
        self._size = len(wishes)
        by_prospect: defaultdict[str, list[Wish]] = defaultdict(list)
        for wish in [wish for wish in wishes if wish.is_read]:
            if self._is_proven:
                by_prospect[wish.delivery.prospect].append(wish)
            elif self._dispatcher.stopped is None:
                self._begin([Look([wish])])
        self._begin([*map(Look, by_prospect.values())])
        self._begin([_unread(wish) for wish in wishes if not wish.is_read])
        self._tell()
        return self._dispatcher.stopped

    def _begin(self, tasks: Sequence[Patch | Look]) -> None:
        """Make calls, each once earlier changes of its notes have come to rest. The clock of an earlier run is moot."""
        due = self._clock() + self._policy.read_timeout + self._policy.rest
        now: list[Patch | Look] = []
        for task in tasks:
            if any(wish.opened is not None for wish in task.wishes):
                self._dispatcher.add(task, due)
            else:
                now.append(task)
        self._run(now)

    # -- the journal ------------------------------------------------------------------------------------------------

    def enter(self, tasks: Sequence[Patch | Look] = ()) -> bool:
        """Record answers, and the forms that notes are about to get; return whether the calls may leave."""
        for look in [task for task in tasks if isinstance(task, Look) and not task.take]:
            look.take = self._pages.take(look.prospect)
        patches = [task for task in tasks if isinstance(task, Patch) and task.wish.becomes is not None]
        entries, self._unwritten, entered_at = self._unwritten, [], time.time()
        if not entries and not patches:
            return True
        try:
            with self._journal.transaction():
                began = self._journal.now()
                _written(entries)
                forms = self._claimed(patches)
            is_late = bool(patches) and self._journal.now() - began > LONGEST_CLAIM
            self._journal.see_that_it_stands()
        except (JournalFailed, Busy) as error:
            self._unwritten = entries
            self._dispatcher.halt(error)
            return False
        until = -math.inf if is_late else entered_at + LONGEST_CLAIM if self._journal.is_shared else math.inf
        for patch, form in zip(patches, forms, strict=True):
            patch.entered_at, patch.good_until = self._clock(), until
            delivery = patch.wish.delivery._replace(changing=form)
            patch.wish = replace(patch.wish, delivery=delivery, opened=patch.form)
            self.ended[_id(patch.wish)] = Fate.UNCLEAR, None
        return True

    def _claimed(self, patches: Sequence[Patch]) -> list[int]:
        """Enter the forms that notes are about to get, and return the forms' numbers. Raises Busy."""
        forms = self._numbers([patch.form for patch in patches])
        if not self._journal.changes.begin(
            [(patch.wish.delivery, form) for patch, form in zip(patches, forms, strict=True)]
        ):
            raise Busy(say("journal.claimed-by-another"))
        return forms

    def _numbers(self, forms: Sequence[NoteKey]) -> list[int]:
        return self._journal.deliveries.enter_notes(self._context.workspace, forms)

    def _enter_form(self, wish: Wish, form: NoteKey) -> None:
        """Record that a note has a form."""
        if wish.becomes is None:
            self._journal.deliveries.hide_duplicates([wish.delivery])
        else:
            [number] = self._numbers([form])
            self._journal.changes.made([(wish.delivery, number, form, wish.becomes)])

    def _release(self, wish: Wish, touched: float | None = None) -> Wish:
        """Record that a note didn't get another form, and return the wish as it is then."""
        self._unwritten.append(partial(self._journal.changes.dropped, [wish.delivery.name], touched))
        self.ended.pop(_id(wish), None)
        return replace(wish, delivery=wish.delivery._replace(changing=None), opened=None)

    # -- calls ------------------------------------------------------------------------------------------------------

    def _perform(self, task: Patch | Look) -> Reply[Any]:
        if isinstance(task, Look):
            return self._api.find(task.prospect, task.skip, task.take)
        now = self._clock()
        if task.entered_at and (now - task.entered_at > LONGEST_CLAIM or time.time() > task.good_until):
            failure = Failure(Cause.CLAIM_EXPIRED, say("failure.waited-too-long"))
            return Reply(task.kind, now, now, failure=failure)
        return self._api.update(_id(task.wish), task.change)

    def take_in(self, task: Patch | Look, reply: Reply[Any]) -> None:
        """See :class:`Stage`."""
        self.looks += reply.has_left and isinstance(task, Look)
        super().take_in(task, reply)

    def _succeeded(self, task: Patch | Look, value: NotesPage | None) -> None:
        if isinstance(task, Patch):
            self._was_changed(task)
        elif value is not None:
            self._read(task, value)

    def _was_changed(self, patch: Patch) -> None:
        self._unwritten.append(partial(self._enter_form, patch.wish, patch.form))
        self.ended[_id(patch.wish)], self.fields[_id(patch.wish)] = (Fate.CHANGED, patch.why), patch.change
        if patch.before is not None and not self._is_proven:
            self._dispatcher.add(Look([patch.wish], patch))

    def _read(self, look: Look, page: NotesPage) -> None:
        look.found |= {note.note_id: note for note in page.all}
        look.skip += len(page.notes)
        wanted = {_id(wish) for wish in look.wishes}
        if page.has_more and page.notes and not wanted <= look.found.keys():
            self._dispatcher.add(look)
        elif look.proves is not None:
            self._prove(look, look.proves, look.found.get(_id(look.proves.wish)))
        else:
            doubtful = [wish for wish in look.wishes if not self._decided(look, wish, page.draft)]
            if doubtful:  # reading may be behind
                self._dispatcher.add(Look(doubtful, looks=1), self._clock() + self._policy.lag)

    def _decided(self, look: Look, wish: Wish, draft: FoundNote | None) -> bool:
        """Carry out what is to be done about a wish; return False if the note must be looked at again."""
        found = look.found.get(_id(wish))
        drafts = {self._drafts.get(look.prospect, _id(wish)), _id(wish) if draft is None else draft.note_id}
        other = drafts != {_id(wish)}
        decision = decide(wish, found, other_draft=other)
        if not decision.is_sure and not look.looks:
            return False
        if (form := decision.form) is None:
            if found is not None:
                self._release(wish, found.edited_at or self._clock())
            self.ended[_id(wish)] = Fate.LEFT, decision.why
            return True
        if decision.is_opened and wish.opened is not None and wish.delivery.changing is not None:
            self._unwritten.append(partial(self._enter_form, wish, wish.opened))
            delivery = wish.delivery._replace(note=wish.delivery.changing, changing=None)
            wish = replace(wish, delivery=delivery, key=wish.opened, opened=None)
        if decision.do is Do.SEND:
            if decision.change.status is Status.DRAFT:
                self._drafts[look.prospect] = _id(wish)
            self._dispatcher.add(Patch(wish, decision.change, form, found, why=decision.why))
            return True
        fate = Fate.LEFT if decision.do is Do.LEAVE else Fate.CHANGED if decision.is_opened else Fate.AS_WANTED
        if wish.opened is not None:
            wish = self._release(wish)
        if form != wish.key:
            self._unwritten.append(partial(self._enter_form, wish, form))
        self.ended[_id(wish)] = fate, decision.why
        return True

    def _prove(self, look: Look, patch: Patch, found: FoundNote | None) -> None:
        """Compare the first changed note with what was sent. What isn't shown yet is looked at again."""
        before = patch.before
        assert before is not None
        text = patch.wish.text if patch.change.content is None else patch.change.content
        is_kept = patch.change.content is not None or (
            found is not None and not seen_digests(found.content).isdisjoint(seen_digests(before.content))
        )
        if found is not None and is_kept and has_form(found, patch.form, text):
            self._is_proven = True
            return
        if look.looks < _LOOKS:  # reading may be behind
            due = self._clock() + self._policy.lag / 3
            self._dispatcher.add(Look(look.wishes, patch, look.looks + 1), due)
        elif found is not None or patch.form.status is not Status.DRAFT:  # a draft isn't always shown
            is_unchanged = found is None or _shown(found) == _shown(before)
            kind = "update.not-shown" if is_unchanged else "update.changed-besides"
            self._dispatcher.halt(NeedsAPerson(say(kind, note=_id(patch.wish), prospect=look.prospect)))

    def _failed(self, task: Patch | Look, failure: Failure) -> None:
        is_applied = failure.is_applied is None or (isinstance(task, Patch) and task.is_unclear)
        if isinstance(task, Patch) and not is_applied and task.wish.becomes is not None:
            task.wish = self._release(task.wish)
        super()._failed(task, failure)

    def _refused(self, task: Patch | Look, failure: Failure) -> None:
        if isinstance(task, Patch) or task.proves is None:
            self.ended |= {_id(wish): (Fate.LEFT, failure.text) for wish in task.wishes}

    def _unclear(self, task: Patch | Look, failure: Failure) -> None:
        if failure.cause is Cause.REDIRECTED:
            self._dispatcher.halt(stopped_by(failure))
        elif isinstance(task, Patch) and failure.is_applied is None:
            self._rest(task, failure)
        elif failure.cause is Cause.CLAIM_EXPIRED:
            self._dispatcher.add(task)
        elif not self._dispatcher.retry(task, failure, self._retry):
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))

    def _rest(self, patch: Patch, failure: Failure) -> None:
        """Read a note again, or repeat its change, once the change can't be applied any more."""
        name, wait = _id(patch.wish), self._policy.rest
        self._unclear_answers[name] += 1
        if self._unclear_answers[name] >= ATTEMPTS:
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))
            return
        if failure.at_work or failure.cause is not Cause.FAILED:
            wait += self._policy.read_timeout
        patch.is_unclear = True
        again = Look([patch.wish]) if patch.wish.is_read else patch
        self._dispatcher.add(again, self._clock() + max(wait, failure.wait or 0.0))

    def _tell(self) -> None:
        counts = Counter(fate for fate, _ in self.ended.values())
        ended = sum(counts.values()) - counts[Fate.UNCLEAR]
        self._observe(self._dispatcher.progress(self._size, ended, {}))


def settle(stage: Updating, wishes: Sequence[Wish], outcomes: Outcomes) -> None:
    """Settle the rows whose notes were to follow them; those that the run didn't come to stay as they are."""
    for wish in wishes:
        name = _id(wish)
        fate, why = stage.ended.get(name, (None, None))
        note_ids = [name] * len(wish.positions)
        if fate is Fate.CHANGED:
            reason = say("outcome.updated", what=described(stage.fields.get(name, wish.change)))
            outcomes.settle(wish.positions, Result.UPDATED, note_ids=note_ids, reason=reason)
        elif fate is Fate.UNCLEAR:
            reason = say("outcome.update-unclear")
            outcomes.settle(wish.positions, Result.UNCONFIRMED, note_ids=note_ids, reason=reason)
        is_left = wish.delivery.touched is not None or why is not None
        for position in wish.positions:
            if fate in (Fate.CHANGED, Fate.AS_WANTED):
                outcomes.visible.pop(position, None)
            for remark in wish.left if why is None else (*wish.left, why):
                outcomes.remark(position, remark, needs_attention=is_left)


def _id(wish: Wish) -> str:
    return wish.delivery.note_id or ""


def _written(entries: Sequence[_Entry]) -> None:
    for entry in entries:
        entry()


def _shown(note: FoundNote) -> tuple[object, ...]:
    return note.content, note.visibility, note.status


def _unread(wish: Wish) -> Patch:
    """Return the change of a note that isn't read first. Its text may be that of an earlier change."""
    key = wish.key
    if wish.opened is not None:
        is_known = wish.opened.seen == key.seen
        key = replace(key, seen=key.seen if is_known else bytes(32), readings=key.readings | wish.opened.readings)
    return Patch(wish, wish.change, changed(key, wish.change))
