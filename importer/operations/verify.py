"""Look up and settle unconfirmed deliveries, and check whether notes sent again exist twice. Creates nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from importer.api import Vendor
from importer.api.saleshandy import SALESHANDY
from importer.delivery.context import DeliveryContext
from importer.delivery.coordinator import Coordinator
from importer.delivery.outcomes import Outcomes
from importer.errors import Stopped
from importer.importing import logs
from importer.importing.api_context import calls, policy
from importer.importing.workspaces import elsewhere, held, keep_in_mind, opened
from importer.journal import Journal
from importer.messages import Message, Said
from importer.models import Progress, Result
from importer.settings import Settings


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
        elsewhere: message that names the journal's workspaces, if the journal has no runs of this workspace.
        known_missing: number of notes of each run, by its name, that it did not find when it read a sample back.
    """

    found: int
    absent: int
    unconfirmed: int
    doubts: Mapping[Message, int]
    duplicates: Sequence[str]
    stopped: Stopped | None
    elsewhere: Message | None = None
    known_missing: Mapping[str, int] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all deliveries are settled; 1: some need a person; 3 and 4: the look-up ended early."""
        needs_a_look = self.unconfirmed > 0 or self.duplicates
        return self.stopped.exit_status if self.stopped else int(bool(needs_a_look))


def unclear(settings: Settings) -> int:
    """Return how many deliveries of the workspace are to be looked up, including those of an import under way."""
    with opened(settings) as journal:
        if journal is None:
            return 0
        unsettled = journal.deliveries.unsettled(settings.workspace)
        resent = journal.deliveries.resent(settings.workspace)
        return sum(len(deliveries) for _, deliveries in unsettled.values()) + len(resent)


def verify(
    settings: Settings,
    *,
    begin: Callable[[int], None] = lambda _: None,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> Verified:
    """Read back every delivery of the workspace whose outcome no run knows. Creates nothing.

    Deliveries that a run sent again, but broke off before checking, are checked too.

    Args:
        settings: the workspace, and how to call the API.
        begin: receives the number of unsettled deliveries.
        observe: receives the progress.
        stop: called repeatedly. If it returns a sentence, the look-up ends early.
        clock: seconds since 1970.
        vendor: the vendor whose API is read.
    """
    with held(settings, observe=observe, stop=stop) as journal:
        unsettled = journal.deliveries.unsettled(settings.workspace)
        resent = journal.deliveries.resent(settings.workspace)
        if unsettled or resent:  # a journal without its deliveries may be another one's
            keep_in_mind(journal, settings)
        size = sum(len(deliveries) for _, deliveries in unsettled.values())
        begin(size)
        outcomes = Outcomes(size + len(resent))
        outcomes.settle(range(size, len(outcomes)), Result.ALREADY_IMPORTED)
        with calls(settings, journal, vendor, clock, observe, stop) as context:
            rules = policy(settings, resends=False)
            delivering = DeliveryContext.of(journal, settings.workspace, None, context.caller, rules)
            delivery = Coordinator(delivering, outcomes, observe)
            start = 0
            for key, deliveries in unsettled.values():
                delivery.takeover.take_up(key, deliveries, range(start, start + len(deliveries)))
                start += len(deliveries)
            for position, (key, known_delivery) in enumerate(resent, size):
                delivery.takeover.check(key, [(position, known_delivery)])
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
        return Verified(
            created,
            absent,
            doubts.total(),
            {reason: rows for reason, rows in doubts.items() if reason is not None},
            duplicates,
            stopped,
            elsewhere(journal, settings.workspace),
            _known_missing(journal, settings) if stopped is None else {},
        )


def _known_missing(journal: Journal, settings: Settings) -> Mapping[str, int]:
    """Return run → number of its notes that it did not find when it read a sample of them back."""
    missing = journal.deliveries.missing(settings.workspace)
    names = {run.id: run.name for run in journal.runs.listed(settings.workspace)} if missing else {}
    return Counter(names[note.run] for note in missing)
