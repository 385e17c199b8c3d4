"""Change notes: let them follow the sheet, hide them, or give hidden notes back. No note is created.

Input: wishes. Output: what became of each. The form that a note is about to get is in the journal before the call
leaves, and the answer after it came. A change without a clear answer rests until it can't be applied any more, and the
note is read before anything else is sent to it. :mod:`.changes` decides.
"""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias

from importer.api import Cause, Endpoint, Failure, FoundNote, NoteChange, NotesPage, Reply
from importer.calls.dispatcher import ATTEMPTS
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.delivery.changes import Wish, changed, decide, described
from importer.delivery.context import LONGEST_CLAIM, DeliveryContext, leaving_by
from importer.delivery.decisions import has_form
from importer.delivery.outcomes import Outcomes
from importer.delivery.reads import WholeRead, read_on
from importer.errors import Busy, JournalFailed, NeedsAPerson, Outage, Stopped
from importer.journal import KnownDelivery, NoteKey
from importer.markup import seen_digests
from importer.messages import Message, say
from importer.models import Progress, Result, Status

_LOOKS = 7  # looks at a changed note until it is shown as it was changed


@dataclass(eq=False, slots=True)
class Patch:
    """Call that changes a note.

    Attributes:
        wish: the wish; its delivery is as the journal knows it now.
        form: the form that the note gets.
        before: the note as it was read before; None if it wasn't.
        why: why the status is left as it is; None if it isn't.
        is_unclear: whether an attempt has no clear answer, so that the change may have been applied.
    """

    wish: Wish
    change: NoteChange
    form: NoteKey
    before: FoundNote | None = None
    why: Message | None = None
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
class Look(WholeRead):
    """Call that reads a page of a prospect's notes.

    Attributes:
        proves: the change that is read back; None if the notes are read before they are changed.
        looks: number of looks before this one that showed something else.
    """

    wishes: Sequence[Wish]
    proves: Patch | None = None
    looks: int = 0

    purpose: ClassVar[Message] = say("purpose.reading-changed-notes")


_Entry: TypeAlias = Callable[[], object]


class End(NamedTuple):
    """What became of a wish.

    Attributes:
        result: updated; unconfirmed, if that isn't clear; otherwise already imported, because the note is as it was.
        change: the fields that were changed.
        why: why the note, or its status, doesn't follow; None if it does.
    """

    result: Result
    change: NoteChange = NoteChange()
    why: Message | None = None


class Updating(Stage[Patch | Look, _Entry]):
    """Changes of notes.

    Args:
        context: the context of the run.
        observe: receives the progress after each round.
        drafts: prospects that are about to get a draft, so that no note of theirs becomes another one.

    Attributes:
        ended: note ID → what became of the wish about it.
    """

    def __init__(
        self, context: DeliveryContext, observe: Callable[[Progress], None] = lambda _: None, drafts: Iterable[str] = ()
    ) -> None:
        super().__init__(context.caller, (Patch.kind, Look.kind), _written)
        self.ended: dict[str, End] = {}
        self._context, self._journal, self._policy = context, context.journal, context.policy
        self._observe, self._size = observe, 0
        self._drafts = dict.fromkeys(drafts, "")  # prospect → the note that becomes its draft, if it is there
        self._is_proven = False
        self._unclear_answers: Counter[str] = Counter()

    @property
    def counts(self) -> Counter[Result]:
        """Number of notes by what became of the wishes about them."""
        return Counter(end.result for end in self.ended.values())

    def change(self, wishes: Sequence[Wish]) -> Stopped | None:
        """Change notes as wished, the first alone (D177); return why that ended early, or None."""
        self._size = len(wishes)
        by_prospect: defaultdict[str, list[Wish]] = defaultdict(list)
        for wish in [wish for wish in wishes if wish.is_read]:
            if self._is_proven:
                by_prospect[wish.delivery.prospect].append(wish)
            elif self._dispatcher.stopped is None:
                self._begin([self._look([wish])])
        self._begin([*map(self._look, by_prospect.values())])
        self._begin([_unread(wish) for wish in wishes if not wish.is_read])
        self._tell()
        return self._dispatcher.stopped

    def _look(self, wishes: Sequence[Wish], proves: Patch | None = None, looks: int = 0) -> Look:
        """Return a look for another number of notes than any before it, because a cache may have an earlier page."""
        prospect, ids = wishes[0].delivery.prospect, {wish.note_id for wish in wishes}
        return Look(prospect, wishes, proves, looks, take=self._context.reads.take(prospect), enough=ids)

    def _begin(self, tasks: Sequence[Patch | Look]) -> None:
        """Make calls, each once earlier changes of its notes have come to rest. The clock of an earlier run is moot."""
        rests = [run.rest for run in self._context.runs.values()]
        due = self._clock() + max([self._policy.read_timeout + self._policy.rest, *rests])
        for task in tasks:
            is_open = any(wish.delivery.opened is not None for wish in task.wishes)
            self._dispatcher.add(task, due if is_open else -math.inf)
        self._run(())

    # -- the journal ------------------------------------------------------------------------------------------------

    def enter(self, tasks: Sequence[Patch | Look] = ()) -> bool:
        """Record answers, and the forms that notes are about to get; return whether the calls may leave."""
        patches = [task for task in tasks if isinstance(task, Patch) and not task.wish.delivery.is_copy]
        entries, self._unwritten = self._unwritten, []
        if not entries and not patches:
            return True
        until = time.time() + LONGEST_CLAIM if self._journal.is_shared else math.inf
        try:
            with self._journal.transaction():
                _written(entries)
                changing = self._changing(patches)
            self._journal.see_that_it_stands()
        except (JournalFailed, Busy) as error:
            self._unwritten = entries
            self._dispatcher.halt(error)
            return False
        for patch, delivery in zip(patches, changing, strict=True):
            patch.wish, patch.good_until = replace(patch.wish, delivery=delivery), until
            self.ended[patch.wish.note_id] = End(Result.UNCONFIRMED)
        return True

    def _changing(self, patches: Sequence[Patch]) -> list[KnownDelivery]:
        """Enter the forms that notes are about to get, and return the deliveries as they are then. Raises Busy."""
        changes = [(patch.wish.delivery, patch.form) for patch in patches]
        if (changing := self._journal.deliveries.change(self._context.workspace, changes)) is None:
            raise Busy(say("journal.claimed-by-another"))
        return changing

    def _enter_form(self, wish: Wish, form: NoteKey) -> None:
        """Record that a note has a form."""
        if wish.delivery.is_copy:
            self._journal.deliveries.hide_duplicates([wish.delivery])
        else:
            self._journal.deliveries.changed(self._context.workspace, wish.delivery, form, wish.becomes)

    def _release(self, wish: Wish, touched: float | None = None) -> Wish:
        """Record that a note didn't get another form, and return the wish as it is then."""
        self._unwritten.append(partial(self._journal.deliveries.unchanged, wish.delivery.name, touched))
        self.ended.pop(wish.note_id, None)
        return replace(wish, delivery=wish.delivery._replace(changing=None, opened=None))

    # -- calls ------------------------------------------------------------------------------------------------------

    def _perform(self, task: Patch | Look) -> Reply[Any]:
        if isinstance(task, Look):
            return self._api.find(task.prospect, task.skip, task.take)
        with leaving_by(task.good_until):
            return self._api.update(task.wish.note_id, task.change)

    def _succeeded(self, task: Patch | Look, value: NotesPage | None) -> None:
        if isinstance(task, Patch):
            self._unwritten.append(partial(self._enter_form, task.wish, task.form))
            self.ended[task.wish.note_id] = End(Result.UPDATED, task.change, task.why)
            if task.before is not None and not self._is_proven:
                self._dispatcher.add(self._look([task.wish], task))
        elif value is not None and (page := read_on(task, value, self._dispatcher)) is not None:
            self._read(task, page)

    def _read(self, look: Look, page: NotesPage) -> None:
        found = {note.note_id: note for note in page.all}
        if look.proves is not None:
            self._prove(look, look.proves, found.get(look.proves.wish.note_id))
        elif doubtful := [
            wish for wish in look.wishes if not self._decided(look, wish, found.get(wish.note_id), page.draft)
        ]:
            self._dispatcher.add(self._look(doubtful, looks=1), self._clock() + self._policy.lag)  # it may be behind

    def _decided(self, look: Look, wish: Wish, found: FoundNote | None, draft: FoundNote | None) -> bool:
        """Carry out what is to be done about a wish; return False if the note must be looked at again."""
        name = wish.note_id
        other = {self._drafts.get(look.prospect, name), name if draft is None else draft.note_id} != {name}
        decision = decide(wish, found, other_draft=other)
        if not decision.is_sure and not look.looks:
            return False
        if (form := decision.form) is None:
            if found is not None:
                self._release(wish, found.edited_at or self._clock())
            self.ended[name] = End(Result.ALREADY_IMPORTED, why=decision.why)
            return True
        opened, changing = wish.delivery.opened, wish.delivery.changing
        if decision.is_opened and opened is not None and changing is not None:
            self._unwritten.append(partial(self._enter_form, wish, opened))
            delivery = wish.delivery._replace(note=changing, form=opened, changing=None, opened=None)
            wish = replace(wish, delivery=delivery)
        if decision.change:
            if decision.change.status is Status.DRAFT:
                self._drafts[look.prospect] = name
            self._dispatcher.add(Patch(wish, decision.change, form, found, why=decision.why))
            return True
        if wish.delivery.opened is not None:
            wish = self._release(wish)
        if form != wish.delivery.form:
            self._unwritten.append(partial(self._enter_form, wish, form))
        change = {None: wish.change, wish.to_agree: wish.now}.get(decision.why, NoteChange())
        result = Result.UPDATED if decision.is_opened and change else Result.ALREADY_IMPORTED
        self.ended[name] = End(result, change, decision.why)
        return True

    def _prove(self, look: Look, patch: Patch, found: FoundNote | None) -> None:
        """Compare the first changed note with what was sent. What isn't shown yet is looked at again."""
        form, content, name = patch.form, patch.change.content, patch.wish.note_id
        if content is None and patch.before is not None:
            form = replace(form, readings=seen_digests(patch.before.content))
        if found is not None and has_form(found, form, content or ""):
            self._is_proven = True
        elif look.looks < _LOOKS:  # reading may be behind
            self._dispatcher.add(self._look(look.wishes, patch, look.looks + 1), self._clock() + self._policy.lag / 3)
        elif found is not None or form.status is not Status.DRAFT:  # a draft isn't always shown
            self._dispatcher.halt(NeedsAPerson(say("update.not-shown", note=name, prospect=look.prospect)))

    def _failed(self, task: Patch | Look, failure: Failure) -> None:
        is_applied = failure.is_applied is None or (isinstance(task, Patch) and task.is_unclear)
        if isinstance(task, Patch) and not is_applied and not task.wish.delivery.is_copy:
            task.wish = self._release(task.wish)
        super()._failed(task, failure)

    def _refused(self, task: Patch | Look, failure: Failure) -> None:
        if isinstance(task, Patch) or task.proves is None:
            left = End(Result.ALREADY_IMPORTED, why=failure.text)
            self.ended |= {wish.note_id: left for wish in task.wishes}

    def _unclear(self, task: Patch | Look, failure: Failure) -> None:
        if isinstance(task, Patch) and failure.is_applied is None and failure.cause is not Cause.REDIRECTED:
            self._rest(task, failure)
        else:
            super()._unclear(task, failure)

    def _rest(self, patch: Patch, failure: Failure) -> None:
        """Read a note again, or repeat its change, once the change can't be applied any more."""
        name, wait = patch.wish.note_id, self._policy.rest
        self._unclear_answers[name] += 1
        if self._unclear_answers[name] >= ATTEMPTS:
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))
            return
        if failure.at_work or failure.cause is not Cause.FAILED:
            wait += self._policy.read_timeout
        patch.is_unclear = True
        again = self._look([patch.wish]) if patch.wish.is_read else patch
        self._dispatcher.add(again, self._clock() + max(wait, failure.wait or 0.0))

    def _tell(self) -> None:
        ended = sum(end.result is not Result.UNCONFIRMED for end in self.ended.values())
        self._observe(self._dispatcher.progress(self._size, ended, {}))


def settle(ended: Mapping[str, End], wishes: Sequence[Wish], outcomes: Outcomes) -> None:
    """Settle the rows whose notes were to follow them, by note ID; those that nobody came to stay."""
    for wish in wishes:
        result, change, why = ended.get(wish.note_id, End(Result.NOT_SENT, why=wish.to_agree))
        if result in (Result.UPDATED, Result.UNCONFIRMED):
            reason = say("outcome.updated", what=described(change)) if change else say("outcome.update-unclear")
            outcomes.settle(wish.positions, result, note_ids=[wish.note_id] * len(wish.positions), reason=reason)
        follows = result is Result.UPDATED or (result is Result.ALREADY_IMPORTED and why is None)
        mark = outcomes.left if wish.left or why is not None else None
        if why is not None and why.kind == "update.needs-a-yes":
            mark = outcomes.asked
        for position in wish.positions:
            if follows:
                outcomes.visible.pop(position, None)
            for remark in wish.left if why is None else (*wish.left, why):
                outcomes.remark(position, remark, mark)


def _written(entries: Sequence[_Entry]) -> None:
    for entry in entries:
        entry()


def _unread(wish: Wish) -> Patch:
    """Return the change of a note that isn't read first. Its text may be that of an earlier change."""
    key, opened = wish.delivery.form, wish.delivery.opened
    if opened is not None:
        is_known = opened.seen == key.seen
        key = replace(key, seen=key.seen if is_known else bytes(32), readings=key.readings | opened.readings)
    return Patch(wish, wish.change, changed(key, wish.change), is_unclear=opened is not None)
