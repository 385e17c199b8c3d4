"""Make notes private drafts, because the API can't delete notes, and give them back as they were.

Input: the notes that a person agreed to hide: those of a run, of rows of a file, with certain IDs, or duplicates.
Output: how many were hidden, and which the API refused. No note is created, and none is read before. Listing the notes
takes no lock. Hiding takes the lock, lists them again, and refuses if the list has changed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from importer.api import NoteChange, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.delivery.changes import Fate, Wish
from importer.delivery.context import DeliveryContext
from importer.delivery.matching import How
from importer.delivery.updating import Updating
from importer.errors import BadSettings, Changed, ImporterError, Stopped
from importer.identity import RECORD, TEXT
from importer.importing.api_context import calls, policy
from importer.importing.loading import Loaded, load
from importer.importing.workspaces import check_journal, find_run, held, keep_in_mind
from importer.journal import DeliveryState, Journal, KnownDelivery, Run
from importer.messages import Said, say
from importer.models import Progress, Status, Visibility
from importer.settings import Settings

SHOWN = 5  # number of notes that a person sees before they are hidden
_AT_ONCE = 500  # prospects whose deliveries are compared together
_ROWS = re.compile(r"\s*(\d{1,9})\s*(?:-\s*(\d{1,9})\s*)?")
_LIVE = frozenset({DeliveryState.CREATED, DeliveryState.UNCLEAR})


class Which(NamedTuple):
    """The notes to hide; the duplicates that were seen if neither a run nor a file nor an ID is named.

    Attributes:
        run: name of a run, or ``last``.
        file: a file, whose rows are meant; ``rows``: numbers of some of them, as in ``2-40, 44``; empty: all rows.
        note_ids: IDs of notes.
        undo: whether hidden notes are to be as they were before.
    """

    run: str | None = None
    file: Path | None = None
    rows: str = ""
    note_ids: Sequence[str] = ()
    undo: bool = False

    @property
    def are_duplicates(self) -> bool:
        """Whether the duplicates are meant."""
        return self.run is None and self.file is None and not self.note_ids


@dataclass(frozen=True)
class Hiding:
    """Notes that would be hidden, or given back.

    Attributes:
        which: which notes a person named.
        run: the run that created the notes, if one was named.
        notes: the deliveries, each with the ID of the note that would be hidden.
        left: deliveries whose note isn't changed: its text differs from the text that was sent; or, when notes are
            given back, its row was sent again since.
    """

    which: Which
    run: Run | None
    notes: Sequence[KnownDelivery]
    left: Sequence[KnownDelivery] = ()


@dataclass(frozen=True)
class Hidden:
    """Result of hiding notes, or of giving them back.

    Attributes:
        which: which notes a person named.
        hidden: number of notes that are private drafts now, or as they were before.
        refused: note ID → the API's words, for notes that it would not change.
        stopped: why hiding ended early, or None. The same command hides the rest.
    """

    which: Which
    hidden: int
    refused: Mapping[str, Said] = field(default_factory=dict)
    stopped: Stopped | None = None

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all notes are hidden; 1: some were refused; 3 and 4: hiding ended early."""
        return self.stopped.exit_status if self.stopped else int(bool(self.refused))


def what_to_hide(which: Which, settings: Settings, *, expected: int | None = None) -> Hiding:
    """Return the notes that would be hidden, without changing them; ``expected`` so many if a person agreed to that.

    Raises:
        BadSettings: there is no such run or note, or it belongs to another workspace.
        Changed: the number of notes isn't ``expected``.
    """
    with Journal.open(settings.journal) as journal:
        check_journal(journal, settings)
        hiding = _found(which, journal, settings)
    if expected is not None and len(hiding.notes) != expected:
        raise Changed(say("hide.number-has-changed", expected=expected, notes=len(hiding.notes)))
    return hiding


def _found(which: Which, journal: Journal, settings: Settings) -> Hiding:
    run = None
    if which.run is not None:
        run, known = _of_run(which, which.run, journal, settings)
        if run.workspace != journal.owner(settings.workspace):
            raise BadSettings(
                say("hide.other-workspace", run=run.name, other=str(run.workspace), workspace=str(settings.workspace))
            )
    elif which.file is not None:
        known = [*_of_rows(which, journal, settings)]
    elif which.note_ids:
        known = [*journal.deliveries.delivered(settings.workspace, which.note_ids).values()]
        if unknown := {*which.note_ids}.difference(one.note_id or "" for one in known):
            raise BadSettings(say("hide.no-such-note", ids=tuple(sorted(unknown)), workspace=str(settings.workspace)))
    else:
        deliveries = journal.deliveries.with_duplicates(settings.workspace)
        return Hiding(which, None, [one._replace(note_id=note_id) for one in deliveries for note_id in one.duplicates])
    if which.undo:
        known = [one for one in known if one.state in (DeliveryState.HIDDEN, DeliveryState.LEFT)]
        left = _sent_again(known, journal, settings)
    else:
        known = [one for one in known if one.state is DeliveryState.CREATED]
        # A note that was recognised only by its likeness isn't hidden, because it may be a colleague's.
        left = {one.name for one in known if one.is_by_likeness}
    return Hiding(
        which, run, [one for one in known if one.name not in left], [one for one in known if one.name in left]
    )


def _of_run(which: Which, name: str, journal: Journal, settings: Settings) -> tuple[Run, Sequence[KnownDelivery]]:
    """Return a run with its notes; for ``last``, the latest that made notes, or that has hidden ones to give back."""
    states = {DeliveryState.HIDDEN} if which.undo else {DeliveryState.CREATED, DeliveryState.HIDDEN}
    for run in journal.runs.listed(settings.workspace) if name == "last" else []:
        known = journal.deliveries.created_by(run)
        if any(one.state in states for one in known):
            return run, known
    run = find_run(journal, name, settings.workspace)
    return run, journal.deliveries.created_by(run)


def _of_rows(which: Which, journal: Journal, settings: Settings) -> Iterator[KnownDelivery]:
    """Yield the deliveries of the rows of a file, each once."""
    wanted: set[int] = set()
    for part in which.rows.split(",") if which.rows else ():
        if (match := _ROWS.fullmatch(part)) is None:
            raise BadSettings(say("hide.no-rows", rows=repr(which.rows)))
        wanted.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    assert which.file is not None
    with load(which.file, settings) as loaded:
        if loaded.unclear is not None:
            raise loaded.unclear
        found = [*deliveries_in(loaded, settings, journal)]
    yield from {one.name: one for numbers, _, one in found if not which.rows or wanted & {*numbers}}.values()


def _sent_again(hidden: Sequence[KnownDelivery], journal: Journal, settings: Settings) -> set[bytes]:
    """Return the names of hidden deliveries of which the same was sent again since."""
    prospects, found = [*dict.fromkeys(one.prospect for one in hidden)], set[bytes]()
    for start in range(0, len(prospects), _AT_ONCE):
        told = [*journal.identities.told(settings.workspace, prospects[start : start + _AT_ONCE])]
        latest: defaultdict[tuple[str, bytes], int] = defaultdict(int)  # request that told it and may have been applied
        for who, one, digests in told:
            for digest in digests if one.state in _LIVE else ():
                latest[who, digest] = max(one.request, latest[who, digest])
        for who, one, digests in told:
            if any(latest[who, digest] > one.request for digest in digests if digest[:1] in (TEXT, RECORD)):
                found.add(one.name)
    return found


def described(planned: Hiding, settings: Settings | None) -> dict[str, tuple[Sequence[int], str]]:
    """Return the rows and the text of the first notes that would be hidden, by their IDs, as far as the file has them.

    The journal contains no texts. The file is the one that was named, or that the run names.
    """
    wanted = {known.name: known.note_id or "" for known in planned.notes[:SHOWN]}
    path = planned.which.file or (None if planned.run is None else Path(planned.run.file))
    if path is None or settings is None:
        return {}
    try:
        with Journal.open(settings.journal) as journal, load(path, settings) as loaded:
            found = deliveries_in(loaded, settings, journal)
            return {wanted[known.name]: (numbers, text) for numbers, text, known in found if known.name in wanted}
    except (ImporterError, OSError):  # the file may be elsewhere, or may have changed
        return {}


def hide(
    planned: Hiding,
    settings: Settings,
    *,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
    clock: Callable[[], float] | None = None,
    vendor: Vendor = SALESHANDY,
) -> Hidden:
    """Make notes private drafts, or give them back as they were. If ``stop`` returns a sentence, that ends early.

    Raises:
        Changed, Busy, FirstRun: the notes aren't those that were agreed to; an import is running; nobody has confirmed
            the workspace or its key. Nothing was changed.
    """
    with held(settings, observe=observe, stop=stop) as journal:
        current = _found(planned.which, journal, settings)
        if [delivery.note_id for delivery in current.notes] != [delivery.note_id for delivery in planned.notes]:
            raise Changed(say("hide.others-meanwhile"))
        if current.notes:
            keep_in_mind(journal, settings)
        with calls(settings, journal, vendor, clock, observe, stop) as context:
            rules = policy(settings, resends=False)
            changing = DeliveryContext.of(journal, settings.workspace, None, context.caller, rules)
            stage = Updating(changing, observe)
            stopped = stage.change([*wishes(current, journal)])
    left = {note_id: why for note_id, (fate, why) in stage.ended.items() if fate is Fate.LEFT and why is not None}
    return Hidden(planned.which, stage.counts[Fate.CHANGED], left, stopped)


def wishes(planned: Hiding, journal: Journal) -> Iterator[Wish]:
    """Yield the wish about each note, whatever its text is by now."""
    key_of, which = cache(journal.deliveries.key_of), planned.which
    becomes = DeliveryState.CREATED if which.undo else None if which.are_duplicates else DeliveryState.HIDDEN
    for one in planned.notes:
        change, opened = NoteChange(Visibility.PRIVATE, Status.DRAFT), None
        if which.undo and one.was is not None:
            change = NoteChange(key_of(one.was).visibility, key_of(one.was).status)
        if one.changing is not None and becomes is not None:
            opened = key_of(one.changing)
        yield Wish(one, key_of(one.note), change, opened=opened, is_read=False, becomes=becomes)


def deliveries_in(
    loaded: Loaded, settings: Settings, journal: Journal
) -> Iterator[tuple[Sequence[int], str, KnownDelivery]]:
    """Yield the deliveries of a file's rows that exist, with the numbers of their rows and their texts."""
    rows, found = loaded.rows, list[tuple[int, KnownDelivery]]()
    answered = loaded.known(replace(settings, in_doubt=()), journal).sort(
        loaded.plan, lambda some: found.extend((one.position, one.delivery) for one in some)
    )
    for match in (*answered.asked, *answered.others):
        if match.known is not None and (match.how.answers or match.how is How.HIDDEN):
            found.append((match.row.position, match.known.delivery))
    repeats = loaded.plan.original
    for position, known in sorted(found, key=lambda one: one[0]):
        numbers = [int(rows.number[position]), *rows.number[np.flatnonzero(repeats == position)].tolist()]
        yield numbers, rows.notes[int(rows.note[position])].text if rows.note[position] >= 0 else "", known
