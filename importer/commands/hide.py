"""The notes that a run created, made private drafts: the API can't delete. Creates nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from importer.api import Cause, Failure, NotesApi, Reply, Vendor
from importer.api.protocol import API_REFUSED
from importer.api.saleshandy import SALESHANDY
from importer.calls.dispatcher import Dispatcher
from importer.calls.retry import Attempts, RetryPolicy
from importer.commands.calling import calls, policy, steady_clock
from importer.commands.workspaces import find_run, held, keep_in_mind
from importer.delivery.decisions import stopped_by
from importer.delivery.delivery import Caller
from importer.errors import BadSettings, Outage, Stopped, by_name
from importer.journal import Journal, Known, Run
from importer.models import Progress, Status, Visibility
from importer.settings import Settings


@dataclass(frozen=True)
class Hiding:
    """What would be hidden: a run, and the notes that it created."""

    run: Run
    notes: Sequence[Known]


@dataclass(frozen=True)
class Hidden:
    """What became of a run's notes.

    Attributes:
        hidden: how many are private drafts now.
        refused: note id → the API's words, for those that it would not change.
        stopped: why it ended before its end, or None; the same command goes on.
    """

    hidden: int
    refused: dict[str, str]
    stopped: Stopped | None

    @property
    def exit_status(self) -> int:
        """0: all are hidden; 1: some were refused; 3 and 4: stopped before the end."""
        return self.stopped.exit_status if self.stopped else int(bool(self.refused))


def hide(
    name: str,
    settings: Settings,
    confirm: Callable[[Hiding], bool],
    *,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], str | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> Hidden | None:
    """Make every note that a run created a private draft; the API can't delete. Changing a note twice does no harm.

    Returns:
        None where ``confirm`` said no.

    Raises:
        BadSettings: there is no such run, or it belongs to another workspace.
    """
    clock = clock or steady_clock()
    with held(settings) as journal:
        run = find_run(journal, name, settings.workspace)
        if run.workspace != settings.workspace:
            raise BadSettings(
                f"Run {run.name} belongs to the workspace '{run.workspace}', not to '{settings.workspace}'. Give the"
                f" same {by_name('profile')} and {by_name('base-url')} as that run had."
            )
        notes = journal.deliveries.created_by(run)
        if not confirm(Hiding(run, notes)):
            return None
        keep_in_mind(journal, settings)
        with calls(settings, vendor, clock, stop) as caller:
            return _hide(journal, notes, caller, policy(settings).retry, observe)


@dataclass(eq=False, slots=True)
class _Change:
    """A note to be hidden: its delivery."""

    known: Known
    attempts: Attempts | None = None

    kind: ClassVar[str] = "PATCH"
    purpose: ClassVar[str] = "changing again what failed"


def _perform(api: NotesApi, change: _Change) -> Reply[None]:
    return api.update(change.known.note_id or "", Visibility.PRIVATE, Status.DRAFT)


def _hide(
    journal: Journal,
    notes: Sequence[Known],
    caller: Caller,
    policy: RetryPolicy,
    observe: Callable[[Progress], None],
) -> Hidden:
    """Change notes one by one, several at a time."""
    dispatcher: Dispatcher[_Change] = Dispatcher(
        caller.pool, partial(_perform, caller.api), caller.limiter, (_Change.kind,),
        clock=caller.clock, give_up=caller.give_up, stop=caller.stop,
    )  # fmt: skip
    dispatcher.add_all([_Change(known) for known in notes])
    hidden = 0
    refused: dict[str, str] = {}
    unwritten: list[Known] = []

    def enter(_: object = None) -> bool:
        journal.deliveries.hide(unwritten)
        unwritten.clear()
        return True

    def tell() -> None:
        settled = hidden + len(refused)
        observe(Progress(len(notes), settled, hidden, len(refused), 0, dispatcher.trouble))

    for change, reply in dispatcher.replies(enter=enter, after_round=tell):
        match reply.failure:
            case None:
                unwritten.append(change.known)
                hidden += 1
            case Failure(cause=cause, text=text) if cause in API_REFUSED:
                refused[change.known.note_id or ""] = text
            case Failure(cause=Cause.RATE_LIMITED | Cause.OUTDATED):
                dispatcher.add(change)
            case Failure(cause=Cause.BAD_KEY | Cause.BLOCKED | Cause.REDIRECTED) as failure:
                dispatcher.halt(stopped_by(failure))
            case failure:
                if not dispatcher.retry(change, failure, policy):
                    dispatcher.halt(Outage(f"The API keeps failing: {failure.text}. Run the same command again later."))
    enter()
    tell()
    return Hidden(hidden, refused, dispatcher.stopped)
