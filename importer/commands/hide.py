"""Notes that a run created, or that are there once too often, made private drafts: the API can't delete.

Comes in: what a person agreed to. Goes out: what became of it. Creates nothing. Looking what there is holds no lock;
hiding takes the lock, looks anew, and refuses where that is not what was agreed to.
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
    """What would be hidden.

    Attributes:
        run: the run whose notes they are; None: of any run, those that are there besides a delivery's own.
        notes: the deliveries, each with the id of the note that would be hidden.
        left: deliveries of the run whose note is left alone, for it reads differently from what was sent.
    """

    run: Run | None
    notes: Sequence[KnownDelivery]
    left: Sequence[KnownDelivery] = ()


@dataclass(frozen=True)
class Hidden:
    """What became of the notes.

    Attributes:
        hidden: how many are private drafts now.
        refused: note id → the API's words, for those that it would not change.
        stopped: why it ended before its end, or None; the same command goes on.
    """

    hidden: int
    refused: dict[str, Said]
    stopped: Stopped | None

    @property
    def exit_status(self) -> int:
        """0: all are hidden; 1: some were refused; 3 and 4: stopped before the end."""
        return self.stopped.exit_status if self.stopped else int(bool(self.refused))


def what_to_hide(name: str | None, settings: Settings, *, expected: int | None = None) -> Hiding:
    """What there is to hide; changes nothing.

    Args:
        name: of a run, or ``last``; None: the notes that stand there besides a delivery's own, as far as was seen.
        settings: which workspace.
        expected: how many notes a person agreed to already; None: nobody was asked yet.

    Raises:
        BadSettings: there is no such run, or it belongs to another workspace.
        Changed: that are not as many notes as ``expected``.
    """
    with Journal.open(settings.journal) as journal:
        check_journal(journal, settings)
        found = _found(name, journal, settings)
    if expected is not None and len(found.notes) != expected:
        raise Changed(say("hide.number-has-changed", expected=expected, notes=len(found.notes)))
    return found


def hidden_since(run: Run, settings: Settings) -> tuple[int, int]:
    """How many notes that a run created were hidden since, and how many weren't."""
    with Journal.open(settings.journal) as journal:
        return journal.deliveries.hidden_of(run)


def _found(name: str | None, journal: Journal, settings: Settings) -> Hiding:
    if name is None:
        found = journal.deliveries.with_duplicates(settings.workspace)
        return Hiding(None, [known._replace(note_id=twin) for known in found for twin in known.duplicates])
    run = find_run(journal, name, settings.workspace)
    if run.workspace != settings.workspace:
        raise BadSettings(
            say("hide.other-workspace", run=run.name, other=str(run.workspace), workspace=str(settings.workspace))
        )
    made = journal.deliveries.created_by(run)
    # A note that was recognised by its likeness stays, because it may be a colleague's after all.
    by_likeness = [known for known in made if known.is_by_likeness]
    return Hiding(run, [known for known in made if not known.is_by_likeness], by_likeness)


def hide(
    planned: Hiding,
    settings: Settings,
    *,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> Hidden:
    """Make notes private drafts; the API can't delete. Changing a note twice does no harm.

    Args:
        planned: what a person agreed to.
        settings: which workspace, and how to call the API.
        observe: told of progress.
        stop: asked again and again; a sentence ends it early.
        clock: seconds since 1970.
        vendor: whose API is called.

    Raises:
        Changed: there are others by now; nothing was changed.
    """
    clock = clock or steady_clock()
    with held(settings, observe=observe, stop=stop) as journal:
        found = _found(planned.run.name if planned.run is not None else None, journal, settings)
        if [known.note_id for known in found.notes] != [known.note_id for known in planned.notes]:
            raise Changed(say("hide.others-meanwhile"))
        if found.notes:
            keep_in_mind(journal, settings)
        with calls(settings, vendor, clock, stop) as caller:
            are_hidden = journal.deliveries.hide_duplicates if planned.run is None else journal.deliveries.hide
            return _hide(found.notes, are_hidden, caller, policy(settings).retry, observe)


@dataclass(eq=False, slots=True)
class _Change:
    """A note to be hidden: its delivery."""

    known: KnownDelivery
    attempts: Attempts | None = None

    kind: ClassVar[str] = "PATCH"
    purpose: ClassVar[Message] = say("purpose.changing-again")


def _perform(api: NotesApi, change: _Change) -> Reply[None]:
    return api.update(change.known.note_id or "", Visibility.PRIVATE, Status.DRAFT)


def _hide(
    notes: Sequence[KnownDelivery],
    are_hidden: Callable[[Sequence[KnownDelivery]], None],
    caller: Caller,
    policy: RetryPolicy,
    observe: Callable[[Progress], None],
) -> Hidden:
    """Change notes one by one, several at a time."""
    dispatcher: Dispatcher[_Change] = Dispatcher.of(caller, partial(_perform, caller.api), (_Change.kind,))
    dispatcher.add_all([_Change(known) for known in notes])
    hidden = 0
    refused: dict[str, Said] = {}
    unwritten: list[KnownDelivery] = []

    def enter(_: object = None) -> bool:
        are_hidden(unwritten)
        unwritten.clear()
        return True

    def tell() -> None:
        settled = hidden + len(refused)
        left = dispatcher.seconds_for(len(notes) - settled)
        observe(
            Progress(
                len(notes),
                settled,
                hidden,
                len(refused),
                0,
                dispatcher.trouble,
                seconds_left=left,
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
