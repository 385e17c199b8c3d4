"""Make notes private drafts, because the API can't delete notes: those that a run created, or duplicates.

Input: the notes that a person agreed to hide. Output: how many were hidden, and which the API refused. No note is
created. Listing the notes takes no lock. Hiding takes the lock, lists them again, and refuses if the list has changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from importer.api import Cause, Endpoint, Failure, Reply, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.calls.caller import stopped_by
from importer.calls.retry import Attempts
from importer.calls.stage import Stage
from importer.commands.calling import Context, calls, connected, steady_clock
from importer.commands.results import in_sheet
from importer.commands.workspaces import check_journal, find_run, held, keep_in_mind
from importer.errors import BadSettings, Busy, Changed, ImporterError, Outage, Stopped
from importer.journal import Journal, KnownDelivery, Run
from importer.markup import lines
from importer.messages import Message, Said, say
from importer.models import Progress, Status, Visibility
from importer.settings import Settings

_SHOWN = 5  # number of notes that a person sees before they are hidden


@dataclass(frozen=True)
class Hiding:
    """Notes that would be hidden.

    Attributes:
        run: the run that created the notes; None: the notes are duplicates, from any run.
        notes: the deliveries, each with the ID of the note that would be hidden.
        left: deliveries of the run whose note isn't hidden, because its text differs from the text that was sent.
    """

    run: Run | None
    notes: Sequence[KnownDelivery]
    left: Sequence[KnownDelivery] = ()


@dataclass(frozen=True)
class Hidden:
    """Result of hiding notes.

    Attributes:
        hidden: number of notes that are private drafts now.
        refused: note ID → the API's words, for notes that it would not change.
        stopped: why hiding ended early, or None. The same command hides the rest.
    """

    hidden: int
    refused: dict[str, Said]
    stopped: Stopped | None

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all notes are hidden; 1: some were refused; 3 and 4: hiding ended early."""
        return self.stopped.exit_status if self.stopped else int(bool(self.refused))


def what_to_hide(name: str | None, settings: Settings, *, expected: int | None = None) -> Hiding:
    """Return the notes that would be hidden, without changing them.

    Args:
        name: name of a run, or ``last``; None: the duplicates that were seen.
        settings: the settings, which name the workspace.
        expected: number of notes that a person has agreed to; None: nobody was asked yet.

    Raises:
        BadSettings: there is no such run, or it belongs to another workspace.
        Changed: the number of notes isn't ``expected``.
    """
    with Journal.open(settings.journal) as journal:
        check_journal(journal, settings)
        hiding = _found(name, journal, settings)
    if expected is not None and len(hiding.notes) != expected:
        raise Changed(say("hide.number-has-changed", expected=expected, notes=len(hiding.notes)))
    return hiding


def _found(name: str | None, journal: Journal, settings: Settings) -> Hiding:
    if name is None:
        deliveries = journal.deliveries.with_duplicates(settings.workspace)
        return Hiding(
            None, [delivery._replace(note_id=note_id) for delivery in deliveries for note_id in delivery.duplicates]
        )
    run = find_run(journal, name, settings.workspace)
    if run.workspace != journal.owner(settings.workspace):
        raise BadSettings(
            say("hide.other-workspace", run=run.name, other=str(run.workspace), workspace=str(settings.workspace))
        )
    created = journal.deliveries.created_by(run)
    # A note that was recognised only by its likeness isn't hidden, because it may be a colleague's.
    by_likeness = [delivery for delivery in created if delivery.is_by_likeness]
    return Hiding(run, [delivery for delivery in created if not delivery.is_by_likeness], by_likeness)


def described(
    planned: Hiding, settings: Settings, as_read: Settings | None, *, read_back: bool, vendor: Vendor = SALESHANDY
) -> dict[str, tuple[Sequence[int], str]]:
    """Return the rows and the text of the first notes that would be hidden, by their IDs, as far as they can be found.

    Args:
        planned: the notes.
        settings: the workspace, and how to call the API.
        as_read: how the run's file is read; None if that isn't known.
        read_back: whether notes that aren't in the run's file are read back, with one call for each.
        vendor: the vendor whose API is called.
    """
    first, found = planned.notes[:_SHOWN], dict[str, tuple[Sequence[int], str]]()
    if planned.run is not None and as_read is not None:
        with contextlib.suppress(ImporterError, OSError):  # the file may be elsewhere, or may have changed
            found |= in_sheet(first, Path(planned.run.file), as_read)
    left = [known for known in first if known.note_id not in found] if read_back else []
    api = connected(settings, vendor, steady_clock())
    try:
        for known in left:
            reply = api.find(known.prospect, 0, api.traits.page)
            if reply.value is None:  # sending the change will say why
                break
            found |= {
                note.note_id: ((), lines(note.content)) for note in reply.value.all if note.note_id == known.note_id
            }
    finally:
        api.close()
    return found


def hide(
    planned: Hiding,
    settings: Settings,
    *,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> Hidden:
    """Make notes private drafts. Changing a note twice does no harm.

    Args:
        planned: the notes that a person agreed to hide.
        settings: the workspace, and how to call the API.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, hiding ends early.
        clock: seconds since 1970.
        vendor: the vendor whose API is called.

    Raises:
        Changed: the notes to hide aren't those that were agreed to; nothing was changed.
        Busy: an import of the workspace is running; nothing was changed.
        FirstRun: nobody has confirmed the workspace or its key; nothing was changed.
    """
    try:
        with held(settings, observe=observe, stop=stop) as journal:
            current = _found(planned.run.name if planned.run is not None else None, journal, settings)
            if [delivery.note_id for delivery in current.notes] != [delivery.note_id for delivery in planned.notes]:
                raise Changed(say("hide.others-meanwhile"))
            if current.notes:
                keep_in_mind(journal, settings)
            with calls(settings, journal, vendor, clock, observe, stop) as context:
                return _Hides(context, is_of_run=planned.run is not None).hide(current.notes)
    except Busy as error:  # its own words are about sending
        raise Busy(say("hide.busy", who=error.holder), error.holder) from error


@dataclass(eq=False, slots=True)
class _Hide:
    """Change of one note into a private draft."""

    known: KnownDelivery
    attempts: Attempts | None = None

    kind: ClassVar[Endpoint] = Endpoint.UPDATE
    purpose: ClassVar[Message] = say("purpose.changing-again")


class _Hides(Stage[_Hide, KnownDelivery]):
    """Changes of notes into private drafts; ``is_of_run`` is False for duplicates."""

    def __init__(self, context: Context, *, is_of_run: bool) -> None:
        deliveries = context.journal.deliveries
        super().__init__(context.caller, _Hide.kind, deliveries.hide if is_of_run else deliveries.hide_duplicates)
        self._observe = context.observe
        self._size = self._hidden = 0
        self._refusals: dict[str, Said] = {}

    def hide(self, notes: Sequence[KnownDelivery]) -> Hidden:
        """Hide these notes."""
        self._size = len(notes)
        self._run([_Hide(delivery) for delivery in notes])
        self._tell()
        return Hidden(self._hidden, self._refusals, self._dispatcher.stopped)

    def _perform(self, task: _Hide) -> Reply[None]:
        return self._api.update(task.known.note_id or "", Visibility.PRIVATE, Status.DRAFT)

    def _succeeded(self, task: _Hide, _: None) -> None:
        self._unwritten.append(task.known)
        self._hidden += 1

    def _tell(self) -> None:
        calls, refused = self._dispatcher, len(self._refusals)
        left = calls.seconds_for({})
        progress = Progress(self._size, self._hidden + refused, self._hidden, refused, 0, calls.trouble)
        self._observe(replace(progress, seconds_left=left, gives_up_in=calls.gives_up_in))

    def _refused(self, task: _Hide, failure: Failure) -> None:
        self._refusals[task.known.note_id or ""] = failure.text

    def _unclear(self, task: _Hide, failure: Failure) -> None:
        if failure.cause is Cause.REDIRECTED:
            self._dispatcher.halt(stopped_by(failure))
        elif not self._dispatcher.retry(task, failure, self._retry):
            self._dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))
