"""Read back every delivered note of a file by its ID, and write what became of it. Takes no lock, and changes nothing.

Input: a file and settings. Output: a results file whose reasons say *there*, *changed since*, *gone* or *there twice*.
If a run of the workspace begins or sends, this ends early.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from importer import results
from importer.api import Cause, Endpoint, Failure, FoundNote, NoteChange, NotesPage, Reply, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.calls.caller import stopped_by
from importer.calls.stage import Stage
from importer.calls.windows import ASSUMED
from importer.delivery.changes import described, has_form
from importer.delivery.outcomes import Outcomes, gathered, settle_before
from importer.delivery.tasks import WholeRead
from importer.errors import Outage, Stopped
from importer.importing import logs
from importer.importing.api_context import Context, calls
from importer.importing.hours import slower
from importer.importing.loading import load, results_path, writable
from importer.importing.report import write_results
from importer.importing.wording import duration, rate
from importer.importing.workspaces import check_journal, learned_rates
from importer.journal import DeliveryState, Journal, KnownDelivery
from importer.markup import are_alike, seen_digests
from importer.messages import Message, Said, day, say, words
from importer.models import Progress, Result, Status
from importer.operations.hide import deliveries_in
from importer.results.presentation import MEANINGS, Meaning
from importer.settings import Settings

FINDINGS = ("there", "hidden", "changed", "gone", "twice", "unseen", "unread")
_FINE = ("verified.there", "verified.hidden", "verified.unseen")
_BAD = ("verified.changed", "verified.gone", "verified.twice", "verified.unread")


@dataclass(frozen=True)
class ReadBack:
    """What became of a file's notes.

    Attributes:
        notes: number of the notes that were delivered.
        counts: finding, of :data:`FINDINGS` → number of notes.
        results: path of the results; ``remark``: what is to be known about it.
        stopped: why reading ended early, or None.
    """

    notes: int
    counts: Mapping[str, int]
    results: Path
    remark: Message | None
    stopped: Stopped | None

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all notes are there as they were; 1: some aren't; 3 and 4: reading ended early."""
        is_bad = any(self.counts[kind.removeprefix("verified.")] for kind in _BAD)
        return self.stopped.exit_status if self.stopped else int(is_bad)


@dataclass(eq=False, slots=True)
class _Look(WholeRead):
    """Reading of a prospect's notes, with the deliveries that are looked for, and their texts."""

    wanted: Sequence[tuple[KnownDelivery, str]]
    is_second: bool = False

    purpose: ClassVar[Message] = say("purpose.reading-all")


class _ReadingAll(Stage[_Look, None]):
    """Reading of all notes. What isn't as it was is read twice, because reading may be behind.

    Attributes:
        found: name of a delivery → what became of its note.
    """

    def __init__(self, context: Context, size: int) -> None:
        super().__init__(context.caller, (_Look.kind,), lambda _: None)
        self.found: dict[bytes, Sequence[Message]] = {}
        self._journal, self._settings, self._observe = context.journal, context.settings, context.observe
        self._size = size

    def read(self, wanted: Mapping[str, Sequence[tuple[KnownDelivery, str]]]) -> Stopped | None:
        """Read back notes, by their prospects; return why that ended early, or None."""
        self._run([_Look(prospect, some) for prospect, some in wanted.items()])
        return self._dispatcher.stopped

    def _perform(self, task: _Look) -> Reply[NotesPage]:
        take = self._api.traits.page - task.is_second  # a cache may have the first look's page
        return self._api.find(task.prospect, task.skip, take)

    def _succeeded(self, task: _Look, value: NotesPage) -> None:
        before, page = len(task.notes), task.take_in(value)
        if page.has_more and len(task.notes) > before:
            task.go_on()
            self._dispatcher.add(task)
        else:
            self._decide(task, {delivery.name: self._became(delivery, text, page) for delivery, text in task.wanted})

    def _decide(self, look: _Look, found: dict[bytes, Sequence[Message]]) -> None:
        left = [] if look.is_second else [one for one in look.wanted if found[one[0].name][0].kind not in _FINE]
        for delivery, _ in left:
            del found[delivery.name]
        self.found |= found
        if left:
            self._dispatcher.add(_Look(look.prospect, left, is_second=True), self._clock() + 12 * self._settings.settle)

    def _became(self, delivery: KnownDelivery, text: str, page: NotesPage) -> Sequence[Message]:
        """Return what became of a note, by all notes of its prospect."""
        forms = [self._journal.deliveries.key_of(n) for n in (delivery.note, delivery.changing) if n is not None]
        notes = {note.note_id: note for note in page.all}
        if (note := notes.pop(delivery.note_id or "", None)) is None:
            is_hidden = page.draft is not None and any(form.status is Status.DRAFT for form in forms)
            return [say("verified.unseen" if is_hidden and self._api.traits.one_draft else "verified.gone")]
        form = next((form for form in forms if has_form(note, form, text)), forms[0])
        is_same = not form.readings.isdisjoint(seen_digests(note.content))
        is_same = is_same or bool(text and are_alike(text, note.content))
        change = NoteChange(content=None if is_same else note.content)
        if delivery.state is not DeliveryState.FOUND:  # a note of somebody else may have any form
            visibility = None if note.visibility is form.visibility else note.visibility
            change = replace(change, visibility=visibility, status=None if note.status is form.status else note.status)
        found = [say("verified.hidden" if delivery.state is DeliveryState.HIDDEN else "verified.there")]
        if change or None in (note.visibility, note.status):
            what = described(change) or (say("verified.unknown-form"),)
            found = [say("verified.changed", what=what), *_last_change(note)]
        alike = [
            one.note_id
            for one in notes.values()
            if (one.visibility, one.status) == (form.visibility, form.status)
            and not form.readings.isdisjoint(seen_digests(one.content))
        ]
        if alike:
            owned = {one.note_id for one in self._journal.deliveries.with_note_ids(self._settings.workspace, alike)}
            alike = [one for one in alike if one not in owned]
        return [*found, say("verified.twice", ids=tuple(alike))] if alike else found

    def _refused(self, task: _Look, failure: Failure) -> None:
        became = [say("verified.unread", why=failure.text)]
        if failure.cause is Cause.UNKNOWN_PROSPECT:
            became = [say("verified.gone"), say("verified.because", why=failure.text)]
        self._decide(task, {delivery.name: became for delivery, _ in task.wanted})

    def _unclear(self, task: _Look, failure: Failure) -> None:
        if failure.cause is Cause.REDIRECTED:
            self._dispatcher.halt(stopped_by(failure))
        elif not self._dispatcher.retry(task, failure, self._retry):
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))

    def _tell(self) -> None:
        self._observe(self._dispatcher.progress(self._size, len(self.found), {}))


def _last_change(note: FoundNote) -> Sequence[Message]:
    """Return when a note was last changed, and by whom, as far as the API says."""
    if note.edited_at is None:
        return ()
    when = day(datetime.fromtimestamp(note.edited_at, UTC).astimezone().date(), year=True)
    if not note.edited_by:
        return [say("verified.changed-on", day=when)]
    return [say("verified.changed-by", day=when, who=words(note.edited_by))]


def verify_all(
    file: Path,
    settings: Settings,
    *,
    begin: Callable[[Message, int], None] = lambda *_: None,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> ReadBack:
    """Read back the notes that were delivered for a file's rows, and write what became of them.

    Args:
        file: the file.
        settings: the workspace, how the file is read, and how to call the API.
        begin: receives how many calls it takes, and how long; and the number of notes.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, reading ends early.
        clock: seconds since 1970.
        vendor: the vendor whose API is read.

    Raises:
        Unusable: the file, or the journal, can't be used.
        ResultsNotWritten: the notes were read, but the results could not be written anywhere.
    """
    target = results_path(file, replace(settings, results="{name}.verified.xlsx"))
    with Journal.open(settings.journal) as journal, load(file, settings) as loaded:
        check_journal(journal, settings)
        if loaded.unclear is not None:
            raise loaded.unclear
        of_row = defaultdict[int, dict[bytes, str]](dict)
        wanted = defaultdict[str, dict[bytes, tuple[KnownDelivery, str]]](dict)  # by prospect and name
        for rows, text, known in deliveries_in(loaded, settings, journal):
            if known.note_id is not None:
                wanted[known.prospect][known.name] = known, text
                for row in rows:
                    of_row[row][known.name] = known.note_id
        before = journal.runs.latest(settings.workspace)
        names = [name for some in wanted.values() for name in some]
        pace = slower(learned_rates(journal, settings).get(Endpoint.READ, ASSUMED), settings.rate)
        time = duration(max(0, len(wanted) - 1) // pace.calls * pace.seconds)
        begin(say("verified.takes", n=len(wanted), time=time, rate=rate(pace.calls, pace.seconds)), len(names))

        def ends() -> Said | None:
            is_in_use = journal.runs.latest(settings.workspace) != before
            return stop() or (say("verified.yields") if is_in_use else None)

        with calls(settings, journal, vendor, clock, observe, ends) as context:
            stage = _ReadingAll(context, len(names))
            stopped = stage.read({prospect: [*some.values()] for prospect, some in wanted.items()})
        outcomes = Outcomes(len(loaded.rows))
        settle_before(loaded.rows, outcomes, loaded.sheet.headings)
        outcomes = gathered(outcomes, loaded.rows)
        outcomes.explain(Result.NOT_SENT, say("verified.not-delivered"))
        unread = [say("verified.unread", why=stopped.message)] if stopped else []
        for at, row in enumerate(loaded.rows.number[: loaded.rows.in_sheet].tolist()):
            if ids := of_row.get(row):
                note_ids = [*ids.values()] if len(ids) == 1 else None
                became = [one for name in ids for one in stage.found.get(name, unread)]
                reason = say("outcome.reasons", reasons=tuple(became))
                outcomes.settle([at], Result.ALREADY_IMPORTED, note_ids=note_ids, reason=reason)
                if any(one.kind in _BAD for one in became):
                    outcomes.left[at] = ()
        kinds = Counter(one.kind for name in names for one in stage.found.get(name, unread))
        counts = {finding: kinds[f"verified.{finding}"] for finding in FINDINGS}
        logs.event("read back", notes=len(names), **counts)
        lines: list[tuple[Said, Said | int]] = [(say("history.of-file"), writable(loaded.sheet.source))]
        lines += [(say(f"label.verified-{finding}"), number) for finding, number in counts.items()]
        meanings = {**MEANINGS, Result.NOT_SENT: Meaning(say("verified.not-delivered"))}
        summary = results.Summary(say("verified.title"), lines, settings.profile, meanings)
        written = write_results(target, loaded, outcomes, "", summary)
        return ReadBack(len(names), counts, written.path, written.remark, stopped)
