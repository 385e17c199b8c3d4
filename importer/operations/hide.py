"""Make notes private drafts, because the API can't delete notes, and give them back as they were.

Input: the notes that a person agreed to hide: those of a run, of a file's rows, or with certain IDs.
Output: how many were hidden, and which the API refused. No note is created, and none is read before. Listing the notes
takes no lock. Hiding takes the lock, lists them again, and refuses if the list has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from importer.api import NoteChange, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.delivery.changes import Wish
from importer.delivery.matching import How
from importer.delivery.updating import Updating
from importer.errors import BadSettings, Changed, ImporterError, Stopped
from importer.identity import RECORD, TEXT
from importer.importing.api_context import calls, delivering
from importer.importing.loaded import Loaded
from importer.importing.loading import load
from importer.importing.workspaces import keep_in_mind
from importer.journal import DeliveryState, Journal, KnownDelivery, Run
from importer.journal.lock import check_journal, held
from importer.messages import Said, say
from importer.models import Note, Progress, Result, Status, Visibility
from importer.operations.history import find_run, there
from importer.settings import Settings

SHOWN = 5  # number of notes that a person sees before they are hidden
_LIVE = frozenset({DeliveryState.CREATED, DeliveryState.UNCLEAR})


class Which(NamedTuple):
    """The notes to hide: those of a run, of a file's rows, or with these IDs.

    Attributes:
        run: name of a run, or ``last``.
        note_ids: IDs of notes, or of further copies of them that were found.
        undo: whether hidden notes are to be as they were before.
    """

    run: str | None = None
    file: Path | None = None
    note_ids: Sequence[str] = ()
    undo: bool = False


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


def what_to_hide(which: Which, settings: Settings) -> Hiding:
    """Return the notes that would be hidden. Raises BadSettings if the workspace has none such."""
    with there(settings) as journal:
        check_journal(journal, settings)
        return _found(which, journal, settings)


def _found(which: Which, journal: Journal, settings: Settings) -> Hiding:
    run, copies = None, list[KnownDelivery]()
    if which.run is not None:
        run, known = _of_run(which, which.run, journal, settings)
        if run.workspace != journal.owner(settings.workspace):
            raise BadSettings(
                say("hide.other-workspace", run=run.name, other=str(run.workspace), workspace=str(settings.workspace))
            )
    elif which.file is not None:
        with load(which.file, settings) as loaded:
            known = [*{one.name: one for *_, one in deliveries_in(loaded, journal)}.values()]
    else:
        known = [*journal.deliveries.delivered(settings.workspace, which.note_ids).values()]
        unknown = {*which.note_ids}.difference(one.note_id or "" for one in known)
        copies = [*journal.deliveries.copies(settings.workspace, unknown)] if unknown and not which.undo else []
        if unknown := unknown.difference(one.note_id or "" for one in copies):
            raise BadSettings(say("hide.no-such-note", ids=tuple(sorted(unknown)), workspace=str(settings.workspace)))
    if which.undo:
        known = [one for one in known if one.state in (DeliveryState.HIDDEN, DeliveryState.LEFT)]
        left = _sent_again(known, journal, settings)
    else:
        known = [one for one in known if one.state is DeliveryState.CREATED]
        # A note that was recognised only by its likeness isn't hidden, because it may be a colleague's.
        left = {one.name for one in known if one.is_by_likeness}
    notes = [*(one for one in known if one.name not in left), *copies]
    return Hiding(which, run, notes, [one for one in known if one.name in left])


def _of_run(which: Which, name: str, journal: Journal, settings: Settings) -> tuple[Run, Sequence[KnownDelivery]]:
    """Return a run with its notes; for ``last``, the latest that made notes, or that has hidden ones to give back."""
    states = {DeliveryState.HIDDEN, DeliveryState.LEFT} if which.undo else {DeliveryState.CREATED, DeliveryState.HIDDEN}
    for run in journal.runs.listed(settings.workspace) if name == "last" else []:
        known = journal.deliveries.created_by(run)
        if any(one.state in states for one in known):
            return run, known
    run = find_run(journal, name, settings.workspace)
    return run, journal.deliveries.created_by(run)


def _sent_again(hidden: Sequence[KnownDelivery], journal: Journal, settings: Settings) -> set[bytes]:
    """Return the names of hidden deliveries of which the same was sent again since."""
    found, since = set[bytes](), set[tuple[str, bytes]]()
    told = journal.identities.told(settings.workspace, [*dict.fromkeys(one.prospect for one in hidden)])
    for who, one in sorted(told, key=lambda some: -some[1].request):
        said = {(who, digest) for digest in one.identities if digest[:1] in (TEXT, RECORD)}
        if not since.isdisjoint(said):
            found.add(one.name)
        since |= said if one.state in _LIVE else set()
    return found


def described(planned: Hiding, settings: Settings) -> dict[str, tuple[Sequence[int], str, str]]:
    """Return the rows, the person and the text of the first notes, by their IDs, as far as their files have them.

    The journal contains no texts. A file is the one that was named, or that a note's run names, there or in the
    archive. The person is named as the sheet names them.
    """
    shown, said = planned.notes[:SHOWN], dict[str, tuple[Sequence[int], str, str]]()
    wanted = {known.name: known.note_id or "" for known in shown}
    with Journal.open(settings.journal) as journal:
        file_of = {run.id: run.file for run in journal.runs.listed()}
        paths = dict.fromkeys(planned.which.file or Path(file_of[known.run]) for known in shown)
        places = [place for path in paths for place in (path, settings.archive and settings.archive / path.name)]
        for place in filter(None, places):
            with suppress(ImporterError, OSError), load(place, settings) as loaded:  # it may be elsewhere, or changed
                for numbers, who, note, known in deliveries_in(loaded, journal):
                    if known.name in wanted:
                        said.setdefault(wanted[known.name], (numbers, who, note.text if note else ""))
    return said


def hide(
    planned: Hiding,
    settings: Settings,
    *,
    observe: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], Said | None] = lambda: None,
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
        with calls(settings, journal, vendor, stop) as caller:
            stage = Updating(delivering(settings, journal, caller), observe)
            stopped = stage.change([*wishes(current)])
    refused = {name: end.why for name, end in stage.ended.items() if end.why is not None}
    return Hidden(planned.which, stage.counts[Result.UPDATED], refused, stopped)


def wishes(planned: Hiding) -> Iterator[Wish]:
    """Yield the wish about each note, whatever its text is by now."""
    undo = planned.which.undo
    for one in planned.notes:
        change = NoteChange(Visibility.PRIVATE, Status.DRAFT)
        if undo and one.was is not None:
            change = NoteChange(one.was.visibility, one.was.status)
        becomes = DeliveryState.CREATED if undo else DeliveryState.HIDDEN
        yield Wish(one, change, is_read=False, becomes=becomes)


def deliveries_in(loaded: Loaded, journal: Journal) -> Iterator[tuple[Sequence[int], str, Note | None, KnownDelivery]]:
    """Yield the deliveries of a file's rows that exist: numbers of the rows, person as named there, note, delivery.

    The note is what the rows say; None if they say none that is valid.
    """
    if loaded.unclear is not None:
        raise loaded.unclear
    rows, found = loaded.rows, list[tuple[int, KnownDelivery]]()
    undecided = replace(loaded, settings=replace(loaded.settings, in_doubt=()))
    answered = undecided.known(journal).sort(
        loaded.plan, lambda some: found.extend((one.position, one.delivery) for one in some)
    )
    for match in answered.asked:
        if match.known is not None and (match.how.answers or match.how is How.HIDDEN):
            found.append((match.row.position, match.known))
    repeats = loaded.plan.original
    for position, known in sorted(found, key=lambda one: one[0]):
        numbers = [int(rows.number[position]), *rows.number[np.flatnonzero(repeats == position)].tolist()]
        note = rows.notes[int(rows.note[position])] if rows.note[position] >= 0 else None
        yield numbers, rows.person(position), note, known
