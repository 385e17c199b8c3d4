"""Make notes private drafts, because the API can't delete notes: those that a run created, or duplicates.

Input: the notes that a person agreed to hide. Output: how many were hidden, and which the API refused. No note is
created. Listing the notes takes no lock. Hiding takes the lock, lists them again, and refuses if the list has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from importer.api import Cause, Failure, NotesApi, Reply, Vendor
from importer.api.protocol import API_REFUSED
from importer.api.saleshandy import SALESHANDY
from importer.calls.caller import Caller, stopped_by
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts, RetryPolicy
from importer.commands.calling import calls, policy, steady_clock
from importer.commands.workspaces import check_journal, find_run, held, keep_in_mind
from importer.errors import BadSettings, Changed, Outage, Stopped
from importer.journal import Journal, KnownDelivery, Run
from importer.messages import Message, Said, say
from importer.models import Progress, Status, Visibility
from importer.settings import Settings


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
    if run.workspace != settings.workspace:
        raise BadSettings(
            say("hide.other-workspace", run=run.name, other=str(run.workspace), workspace=str(settings.workspace))
        )
    created = journal.deliveries.created_by(run)
    # A note that was recognised only by its likeness isn't hidden, because it may be a colleague's.
    by_likeness = [delivery for delivery in created if delivery.is_by_likeness]
    return Hiding(run, [delivery for delivery in created if not delivery.is_by_likeness], by_likeness)


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
    """
    clock = clock or steady_clock()
    with held(settings, observe=observe, stop=stop) as journal:
        current = _found(planned.run.name if planned.run is not None else None, journal, settings)
        if [delivery.note_id for delivery in current.notes] != [delivery.note_id for delivery in planned.notes]:
            raise Changed(say("hide.others-meanwhile"))
        if current.notes:
            keep_in_mind(journal, settings)
        with calls(settings, vendor, clock, stop) as caller:
            record = journal.deliveries.hide_duplicates if planned.run is None else journal.deliveries.hide
            return _hide(current.notes, record, caller, policy(settings).retry, observe)


@dataclass(eq=False, slots=True)
class _Change:
    """Change of one note into a private draft."""

    known: KnownDelivery
    attempts: Attempts | None = None

    kind: ClassVar[str] = "PATCH"
    purpose: ClassVar[Message] = say("purpose.changing-again")


def _perform(api: NotesApi, change: _Change) -> Reply[None]:
    return api.update(change.known.note_id or "", Visibility.PRIVATE, Status.DRAFT)


def _hide(
    notes: Sequence[KnownDelivery],
    record: Callable[[Sequence[KnownDelivery]], None],
    caller: Caller,
    policy: RetryPolicy,
    observe: Callable[[Progress], None],
) -> Hidden:
    dispatcher: Dispatcher[_Change] = Dispatcher(caller, partial(_perform, caller.api), (_Change.kind,))
    dispatcher.add_all([_Change(delivery) for delivery in notes])
    hidden = 0
    refused: dict[str, Said] = {}
    unwritten: list[KnownDelivery] = []

    def enter(_: object = None) -> bool:
        record(unwritten)
        unwritten.clear()
        return True

    def tell() -> None:
        settled = hidden + len(refused)
        seconds_left = dispatcher.seconds_for(len(notes) - settled)
        observe(
            Progress(
                len(notes),
                settled,
                hidden,
                len(refused),
                0,
                dispatcher.trouble,
                seconds_left=seconds_left,
                gives_up_in=dispatcher.gives_up_in,
            )
        )

    for change, reply in dispatcher.replies(enter=enter, after_round=tell):
        match reply.failure:
            case None:
                unwritten.append(change.known)
                hidden += 1
            case Failure(cause=cause, text=text) if cause in API_REFUSED:
                refused[change.known.note_id or ""] = text
            case Failure(cause=Cause.RATE_LIMITED | Cause.CLAIM_EXPIRED):
                dispatcher.add(change)
            case Failure(cause=Cause.BAD_KEY | Cause.BLOCKED | Cause.REDIRECTED) as failure:
                dispatcher.halt(stopped_by(failure))
            case failure:
                if not dispatcher.retry(change, failure, policy):
                    dispatcher.halt(Outage(say("stopped.keeps-failing", why=failure.text)))
    enter()
    tell()
    return Hidden(hidden, refused, dispatcher.stopped)
