"""Read notes back: settle unconfirmed deliveries, or say what became of every note of a file. Creates nothing.

Input: the workspace, or a file. Output: the findings; for a file, results whose reasons say *there*, *hidden*, *changed
since*, *gone* or *there twice*. Settling takes the lock, and looks for notes that exist twice after they were sent
again. Reading back a file takes no lock and changes nothing. It ends early if a run of the workspace begins or sends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from importer import results
from importer.api import Cause, Endpoint, Failure, FoundNote, NoteChange, NotesPage, Reply, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.calls.dispatcher import Caller
from importer.calls.stage import Stage
from importer.delivery.changes import day_of, described, differing
from importer.delivery.coordinator import Coordinator
from importer.delivery.decisions import has_form, has_text
from importer.delivery.matching import still_visible
from importer.delivery.outcomes import Outcomes, gather, settle_before
from importer.delivery.reads import WholeRead, read_on
from importer.errors import Stopped
from importer.importing import logs
from importer.importing.api_context import LAG, calls, delivering
from importer.importing.hours import estimated
from importer.importing.loading import load
from importer.importing.report import write_results
from importer.importing.workspaces import check_confirmed, keep_in_mind, learned_rates
from importer.journal import DeliveryState, Journal, KnownDelivery
from importer.journal.lock import check_journal, held, opened
from importer.messages import Message, Said, say, words
from importer.models import Note, Progress, Result, Status
from importer.operations.hide import deliveries_in, notes_in
from importer.operations.history import there
from importer.results.layout import MEANINGS, Meaning
from importer.settings import Settings
from importer.telling.rendering import duration, rate

FINDINGS = ("there", "visible", "hidden", "changed", "gone", "twice", "unseen", "unread", "undelivered")
_MEANINGS = {**MEANINGS, Result.NOT_SENT: Meaning(say("verified.not-delivered"), say("verified.not-delivered.next"))}
_DOUBTED = ("verified.changed", "verified.gone", "verified.twice", "verified.unread")
_BAD = ("verified.visible", *_DOUBTED)


@dataclass(frozen=True)
class Verified:
    """Findings of reading back deliveries.

    Attributes:
        found: number of notes that exist; they count as created from now on.
        absent: number of notes that certainly don't exist; the import sends them when it is run again.
        unconfirmed: number of notes that are still in doubt.
        doubts: reason for the doubt, in words → number of notes.
        duplicates: IDs of further notes that are like the ones found.
        stopped: why the look-up ended early, or None.
    """

    found: int
    absent: int
    unconfirmed: int
    doubts: Mapping[Message, int]
    duplicates: Sequence[str]
    stopped: Stopped | None

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all deliveries are settled; 1: some need a person; 3 and 4: the look-up ended early."""
        return self.stopped.exit_status if self.stopped else int(bool(self.unconfirmed or self.duplicates))


def unclear(settings: Settings) -> int:
    """Return how many deliveries of the workspace are to be looked up, including those of an import under way."""
    with opened(settings) as journal:
        if journal is None:
            return 0
        deliveries, workspace = journal.deliveries, settings.workspace
        return sum(map(len, deliveries.unsettled(workspace).values())) + len(deliveries.resent(workspace))


def verify(
    settings: Settings,
    *,
    begin: Callable[[int], None] = lambda _: None,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    vendor: Vendor = SALESHANDY,
) -> Verified:
    """Read back every delivery of the workspace whose outcome no run knows. Creates nothing.

    Deliveries that a run sent again, but broke off before checking, are checked too. ``begin`` receives the number of
    unsettled deliveries. If ``stop`` returns a sentence, the look-up ends early. Raises BadSettings without a journal.
    """
    there(settings).close()
    with held(settings, observe=observe, stop=stop) as journal:
        unsettled = journal.deliveries.unsettled(settings.workspace)
        resent = journal.deliveries.resent(settings.workspace)
        if unsettled or resent:  # a journal without its deliveries may be another one's
            keep_in_mind(journal, settings)
        size = sum(map(len, unsettled.values()))
        begin(size)
        outcomes = Outcomes(size + len(resent))
        outcomes.settle(range(size, len(outcomes)), Result.ALREADY_IMPORTED)
        with calls(settings, journal, vendor, stop) as caller:
            delivery = Coordinator(delivering(settings, journal, caller), outcomes, observe)
            start = 0
            for deliveries in unsettled.values():
                delivery.takeover.take_up(deliveries, range(start, start + len(deliveries)))
                start += len(deliveries)
            for position, known in enumerate(resent, size):
                delivery.takeover.check(position, known)
            stopped = None
            try:
                delivery.run()
            except Stopped as error:
                stopped = error
        counts = outcomes.counts()
        duplicates = [note_id for ids in outcomes.duplicates.values() for note_id in ids]
        logs.event("looked up", **{result.value.replace(" ", "_"): rows for result, rows in counts.items()})
        doubts = outcomes.reasons(Result.UNCONFIRMED)
        return Verified(
            counts.get(Result.CREATED, 0),
            counts.get(Result.NOT_SENT, 0),
            doubts.total(),
            {reason: rows for reason, rows in doubts.items() if reason is not None},
            duplicates,
            stopped,
        )


@dataclass(frozen=True)
class ReadBack:
    """What became of a file's notes.

    Attributes:
        counts: finding, of :data:`FINDINGS` → number of notes; ``headline``: the same in words.
        results: path of the results; ``remark``: what is to be known about it.
        stopped: why reading ended early, or None.
    """

    counts: Mapping[str, int]
    headline: Message = field(repr=False)
    results: Path
    remark: Message | None
    stopped: Stopped | None

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all notes are there as they were; 1: some aren't; 3 and 4: reading ended early."""
        is_bad = any(self.counts[kind.removeprefix("verified.")] for kind in (*_BAD, "undelivered"))
        return self.stopped.exit_status if self.stopped else int(is_bad)


_Wanted = tuple[KnownDelivery, Note | None]
"""Delivery and what its row says."""


@dataclass(eq=False, slots=True)
class _Look(WholeRead):
    """Reading of a prospect's notes, with the deliveries that are looked for, and what their rows say."""

    wanted: Sequence[_Wanted]
    is_second: bool = False

    purpose: ClassVar[Message] = say("purpose.reading-all")


class _ReadingAll(Stage[_Look, None]):
    """Reading of all notes. What isn't as it was is read twice, because reading may be behind.

    Attributes:
        found: name of a delivery → what became of its note.
    """

    def __init__(
        self, caller: Caller, journal: Journal, settings: Settings, observe: Callable[[Progress], None], size: int
    ) -> None:
        super().__init__(caller, (_Look.kind,), lambda _: None)
        self.found: dict[bytes, Sequence[Message]] = {}
        self._journal, self._settings, self._observe, self._size = journal, settings, observe, size

    def read(self, wanted: Iterable[Sequence[_Wanted]]) -> Stopped | None:
        """Read back notes, those of a prospect together; return why that ended early, or None."""
        self._run([_Look(some[0][0].prospect, some, take=self._api.traits.page) for some in wanted])
        return self._dispatcher.stopped

    def _perform(self, task: _Look) -> Reply[NotesPage]:
        return self._api.find(task.prospect, task.skip, task.take)

    def _succeeded(self, task: _Look, value: NotesPage) -> None:
        if (page := read_on(task, value, self._dispatcher)) is not None:
            self._decide(task, {delivery.name: self._became(delivery, says, page) for delivery, says in task.wanted})

    def _decide(self, look: _Look, found: dict[bytes, Sequence[Message]]) -> None:
        left = [] if look.is_second else [one for one in look.wanted if found[one[0].name][0].kind in _DOUBTED]
        for delivery, _ in left:
            del found[delivery.name]
        self.found |= found
        if left:  # a cache may have the first look's page
            again = _Look(look.prospect, left, is_second=True, take=self._api.traits.page - 1)
            self._dispatcher.add(again, self._clock() + LAG * self._settings.settle)

    def _became(self, delivery: KnownDelivery, says: Note | None, page: NotesPage) -> Sequence[Message]:
        """Return what became of a note, by all notes of its prospect."""
        text, forms = says.text if says else "", delivery.forms
        notes = {note.note_id: note for note in page.all}
        if (note := notes.pop(delivery.note_id or "", None)) is None:
            is_covered = page.draft is not None and any(form.status is Status.DRAFT for form in forms)
            return [say("verified.unseen" if is_covered and self._api.traits.one_draft else "verified.gone")]
        if delivery.state is DeliveryState.FOUND:  # a note of somebody else may have any form
            visibility, status = note.visibility or forms[0].visibility, note.status or forms[0].status
            forms = [replace(form, visibility=visibility, status=status) for form in forms]
        form = next((form for form in forms if has_form(note, form, text)), None)
        is_hidden = delivery.state in (DeliveryState.HIDDEN, DeliveryState.LEFT)
        found = [say("verified.hidden" if is_hidden else "verified.there")]
        if form and says and (still := still_visible(form, says, is_ours=delivery.state is not DeliveryState.FOUND)):
            found = [say("verified.visible", why=still)]
        elif form is None:
            form = forms[0]
            is_same = has_text(note, form.readings, text)
            change = NoteChange(note.visibility, note.status, None if is_same else note.content)
            what = described(differing(change, form)) or (say("verified.unknown-form"),)
            found = [say("verified.changed", what=(*what, *_last_change(note)))]
            there = replace(form, visibility=note.visibility or form.visibility, status=note.status or form.status)
            if says and still_visible(there, says, is_ours=True):
                found.append(say("verified.visible", why=say("verified.too-visible")))
        alike = [one.note_id for one in notes.values() if has_form(one, form)]
        owned = self._journal.deliveries.delivered(self._settings.workspace, alike).keys() if alike else ()
        twice = tuple(one for one in alike if one not in owned)
        return [*found, say("verified.twice", ids=twice)] if twice else found

    def _refused(self, task: _Look, failure: Failure) -> None:
        is_gone = failure.cause is Cause.UNKNOWN_PROSPECT
        became = say("verified.gone") if is_gone else say("verified.unread", why=failure.text)
        self._decide(task, {delivery.name: [became] for delivery, _ in task.wanted})

    def _tell(self) -> None:
        self._observe(self._dispatcher.progress(self._size, len(self.found), {}))


def _last_change(note: FoundNote) -> Sequence[Message]:
    """Return when a note was last changed, and by whom, as far as the API says."""
    if note.edited_at is None:
        return ()
    on = say("verified.changed-on", day=day_of(note.edited_at))
    return [say("verified.changed-by", on=on, who=words(note.edited_by)) if note.edited_by else on]


def verify_all(
    file: Path,
    settings: Settings,
    *,
    begin: Callable[[Message, int], None] = lambda *_: None,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    vendor: Vendor = SALESHANDY,
) -> ReadBack:
    """Read back the notes that were delivered for a file's rows, and write what became of them.

    ``begin`` receives how many calls it takes, and how long; and the number of notes. See :func:`verify`.

    Raises:
        Unusable: the file, or the journal, can't be used.
        ResultsNotWritten: the notes were read, but the results could not be written anywhere.
    """
    target = results.target_of(file, replace(settings, results="{name}.verified.xlsx"))
    with there(settings) as journal, load(file, settings) as loaded:
        check_journal(journal, settings)
        check_confirmed(journal, settings, is_agreed=False)
        of_position, notes = dict[int, KnownDelivery](), notes_in(loaded)
        wanted = defaultdict[str, dict[bytes, _Wanted]](dict)  # by prospect and name
        for positions, known in deliveries_in(loaded, journal):
            if known.note_id is not None:
                wanted[known.prospect][known.name] = known, notes.get(positions[0])
                of_position |= dict.fromkeys(positions, known)
        names = [name for some in wanted.values() for name in some]
        before = journal.runs.latest(settings.workspace)
        takes = estimated({Endpoint.READ: len(wanted)}, learned_rates(journal, settings), settings.rate)
        about = {"time": duration(takes.seconds), "rate": rate(takes.rate.calls, takes.rate.seconds)}
        begin(say("verified.takes", n=len(wanted), **about), len(names))

        def ends() -> Said | None:
            is_in_use = journal.runs.latest(settings.workspace) != before
            return stop() or (say("verified.yields") if is_in_use else None)

        with calls(settings, journal, vendor, ends) as caller:
            stage = _ReadingAll(caller, journal, settings, observe, len(names))
            stopped = stage.read([*some.values()] for some in wanted.values())
        outcomes = Outcomes(len(loaded.rows))
        settle_before(loaded.rows, outcomes, loaded.sheet.headings)
        outcomes.explain(Result.NOT_SENT, say("verified.not-delivered"))
        unread = [say("verified.unread", why=stopped.message)] if stopped else []
        for at, known in of_position.items():
            became = tuple(stage.found.get(known.name, unread))
            reason, note_ids = say("outcome.reasons", reasons=became), [known.note_id or ""]
            outcomes.settle([at], Result.ALREADY_IMPORTED, note_ids=note_ids, reason=reason)
            if any(one.kind in _BAD for one in became):
                outcomes.left[at] = ()
        outcomes.left |= dict.fromkeys(outcomes.positions(Result.NOT_SENT).tolist(), ())
        gather(outcomes, loaded.rows)
        kinds = Counter(one.kind for name in names for one in stage.found.get(name, unread))
        counts = {finding: kinds[f"verified.{finding}"] for finding in FINDINGS}
        counts["undelivered"] = len(outcomes.positions(Result.NOT_SENT, Result.INVALID))
        logs.event("read back", notes=len(names), **counts)
        told = [(say(f"label.verified-{finding}"), n) for finding, n in counts.items() if n or finding == "there"]
        headline = say("outcome.reasons", reasons=tuple(say("labelled", label=label, text=n) for label, n in told))
        of_file = [(say("history.of-file"), loaded.file)]
        summary = results.Summary(say("verified.title"), headline, of_file, settings.profile, _MEANINGS)
        written = write_results(target, loaded, outcomes, summary)
        return ReadBack(counts, headline, written.path, written.remark, stopped)
