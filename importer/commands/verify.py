"""Deliveries that no clear answer came for, looked up and settled; what was sent again, looked at once more.

Creates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.commands import logs
from importer.commands.calling import calls, policy, steady_clock
from importer.commands.report import NotFound
from importer.commands.workspaces import elsewhere, held, keep_in_mind
from importer.delivery.delivery import Delivery
from importer.delivery.outcomes import Outcomes
from importer.errors import Stopped
from importer.journal import Journal
from importer.messages import Message, Said
from importer.models import Progress, Result
from importer.settings import Settings


@dataclass(frozen=True)
class Verified:
    """What reading back found.

    Attributes:
        found: how many notes are there; they count as created from now on.
        absent: how many surely aren't; the import sends them when it is run again.
        unconfirmed: how many are still in doubt.
        doubts: why they are, in words → how many.
        duplicates: ids of notes that stand there besides those that were found.
        stopped: why it ended before its end, or None.
        not_found, could_not_look, not_looked_at: of notes that earlier runs created, as a run's report has them.
        due_at: when the next of these notes can be read back, in seconds since 1970; None if none waits.
        elsewhere: of which workspaces the journal knows runs, if it knows none of this one.
    """

    found: int
    absent: int
    unconfirmed: int
    doubts: Mapping[Message, int]
    duplicates: Sequence[str]
    stopped: Stopped | None
    elsewhere: Message | None = None
    not_found: Sequence[NotFound] = ()
    could_not_look: bool = False
    not_looked_at: int = 0
    due_at: float | None = None

    @property
    def exit_status(self) -> int:
        """0: all are settled; 1: some need a person; 3 and 4: stopped before the end."""
        needs_a_look = self.unconfirmed > 0 or self.duplicates or self.not_found
        return self.stopped.exit_status if self.stopped else int(bool(needs_a_look))


def unclear(settings: Settings) -> int:
    """How many deliveries of the workspace there are to look up, those that an import at work waits for included."""
    if not Journal.exists(settings.journal):
        return 0
    with Journal.open(settings.journal) as journal:
        unsettled = journal.deliveries.unsettled(settings.workspace)
        return sum(len(known) for _, known in unsettled.values()) + len(journal.deliveries.resent(settings.workspace))


def verify(
    settings: Settings,
    *,
    begin: Callable[[int], None] = lambda _: None,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> Verified:
    """Read back every delivery of the workspace of which no run knows what became of it; creates nothing.

    What a run sent again and then, because it broke off, didn't look at once more, is looked at too; and so are the
    notes of a run's sample that were too new when it ended.

    Args:
        settings: which workspace, and how to call the API.
        begin: told how many there are.
        observe: told of progress.
        stop: asked again and again; a sentence ends it early.
        clock: seconds since 1970.
        vendor: whose API is read.
    """
    clock = clock or steady_clock()
    with held(settings, observe=observe, stop=stop) as journal:
        unsettled = journal.deliveries.unsettled(settings.workspace)
        resent = journal.deliveries.resent(settings.workspace)
        sampled = journal.deliveries.sampled(settings.workspace)
        if (
            unsettled or resent or sampled
        ):  # a journal that knows nothing of the workspace isn't thereby the workspace's
            keep_in_mind(journal, settings)
        size = sum(len(deliveries) for _, deliveries in unsettled.values())
        begin(size)
        outcomes = Outcomes(size + len(resent))
        outcomes.settle(range(size, len(outcomes)), Result.ALREADY_IMPORTED)
        with calls(settings, vendor, clock, stop) as caller:
            how = policy(settings, resends=False)
            delivery = Delivery(outcomes, journal, settings.workspace, None, caller, how, observe)
            start = 0
            for key, deliveries in unsettled.values():
                delivery.take_up(key, deliveries[0].note, deliveries, range(start, start + len(deliveries)))
                start += len(deliveries)
            for position, (key, known) in enumerate(resent, size):
                delivery.check(key, [(position, known)])
            stopped = None
            try:
                delivery.run()
            except Stopped as error:
                stopped = error
        counts = outcomes.counts()
        created = counts.get(Result.CREATED, 0)
        duplicates = [note_id for ids in outcomes.duplicates.values() for note_id in ids]
        logs.event("looked up", **{result.value.replace(" ", "_"): rows for result, rows in counts.items()})
        absent, doubts = counts.get(Result.NOT_SENT, 0), outcomes.reasons(Result.UNCONFIRMED)
        samples = delivery.samples
        return Verified(
            created,
            absent,
            doubts.total(),
            {why: rows for why, rows in doubts.items() if why is not None},
            duplicates,
            stopped,
            elsewhere(journal, settings),
            [NotFound(None, prospect, note_id) for prospect, note_id in outcomes.missing_elsewhere],
            samples.could_not_look,
            samples.left,
            samples.looks.due_at,
        )
