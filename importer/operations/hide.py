"""Make notes private drafts, because the API can't delete notes, and give them back as they were.

Input: the notes that a person agreed to hide: those of a run, of a file's rows, or with certain IDs.
Output: how many were hidden, and which the API refused. No note is created, and none is read before. Listing the notes
takes no lock. Hiding takes the lock, lists them again, and refuses if the list has changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from importer.api import NoteChange, Vendor
from importer.api.saleshandy import SALESHANDY
from importer.delivery.changes import Wish
from importer.delivery.matching import How, Match
from importer.delivery.updating import Updating
from importer.errors import BadSettings, Changed, ImporterError, Stopped
from importer.identity import RECORD, TEXT
from importer.importing.api_context import calls, delivering
from importer.importing.loaded import Loaded, in_any_form
from importer.importing.loading import load
from importer.importing.workspaces import keep_in_mind
from importer.journal import DeliveryState, Journal, KnownDelivery, Run
from importer.journal.lock import check_journal, held
from importer.messages import Said, say
from importer.models import Note, Progress, Result, Status, Visibility
from importer.operations.history import find_run, there
from importer.settings import Settings
from importer.settings.kinds import SeveralInCell

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
        unmatched: numbers of the file's rows that name a person for whom no note of this program is known.
        unclear: number of the run's notes that may exist, because their requests got no clear reply.
    """

    which: Which
    run: Run | None
    notes: Sequence[KnownDelivery]
    left: Sequence[KnownDelivery] = ()
    unmatched: Sequence[int] = ()
    unclear: int = 0


@dataclass(frozen=True)
class Hidden:
    """Result of hiding notes, or of giving them back.

    Attributes:
        planned: the notes to which a person agreed.
        hidden: number of notes that are private drafts now, or as they were before.
        refused: note ID → the API's words, for notes that it would not change.
        stopped: why hiding ended early, or None. The same command hides the rest.
        others: name of another run of the same file → number of its notes that aren't hidden.
    """

    planned: Hiding
    hidden: int
    refused: Mapping[str, Said] = field(default_factory=dict)
    stopped: Stopped | None = None
    others: Mapping[str, int] = field(default_factory=dict)

    @property
    def exit_status(self) -> int:
        """Exit status. 0: all notes are hidden; 1: some aren't, or may exist, too; 3 and 4: hiding ended early."""
        planned, stopped = self.planned, self.stopped
        some = self.refused or planned.unmatched or planned.unclear or (planned.left and not planned.which.undo)
        return stopped.exit_status if stopped else int(bool(some))


def what_to_hide(which: Which, settings: Settings) -> Hiding:
    """Return the notes that would be hidden. Raises BadSettings if the workspace has none such."""
    with there(settings) as journal:
        check_journal(journal, settings)
        return _found(which, journal, settings)


def _found(which: Which, journal: Journal, settings: Settings) -> Hiding:
    run, copies, unmatched, workspace = None, list[KnownDelivery](), list[int](), str(settings.workspace)
    if which.run is not None:
        run = _of_run(which, which.run, journal, settings)
        known = journal.deliveries.created_by(run)
        if run.workspace != journal.owner(settings.workspace):
            raise BadSettings(say("hide.other-workspace", run=run.name, other=str(run.workspace), workspace=workspace))
    elif which.file is not None:
        known, unmatched = _of_file(which.file, journal, settings)
    else:
        known = [*journal.deliveries.delivered(settings.workspace, which.note_ids).values()]
        ours = [one for one in known if one.state is not DeliveryState.FOUND]
        unknown = {*which.note_ids}.difference(one.note_id or "" for one in ours)
        copies = [*journal.deliveries.copies(settings.workspace, unknown)] if unknown and not which.undo else []
        if unknown := unknown.difference(one.note_id or "" for one in copies):
            raise BadSettings(say("hide.no-such-note", ids=tuple(sorted(unknown)), workspace=workspace))
    if which.undo:
        known = [one for one in known if one.state in (DeliveryState.HIDDEN, DeliveryState.LEFT)]
        left = _sent_again(known, journal, settings)
    else:
        known = [one for one in known if one.state is DeliveryState.CREATED]
        # A note that was recognised only by its likeness isn't hidden, because it may be a colleague's.
        left = {one.name for one in known if one.is_by_likeness}
    notes = [*(one for one in known if one.name not in left), *copies]
    unclear = 0 if run is None or which.undo else journal.deliveries.states_of(run)[DeliveryState.UNCLEAR]
    return Hiding(which, run, notes, [one for one in known if one.name in left], unmatched, unclear)


def _of_file(file: Path, journal: Journal, settings: Settings) -> tuple[list[KnownDelivery], list[int]]:
    """Return the deliveries of a file, and the numbers of the rows that aren't matched."""
    with _in_any_form(file, settings) as loaded:
        rows, found = loaded.rows, dict[bytes, KnownDelivery]()
        is_open = np.ones(len(rows), dtype=bool)
        is_open[[*rows.skipped]] = False
        for positions, one in deliveries_in(loaded, journal):
            found[one.name] = one
            if one.state not in (DeliveryState.FOUND, DeliveryState.UNCLEAR):
                is_open[positions] = False
        return [*found.values()], sorted({*rows.number[is_open].tolist()})


@contextmanager
def _in_any_form(file: Path, settings: Settings) -> Iterator[Loaded]:
    """Yield a file with a note for each person in every row, whatever its words of visibility and status are."""
    with load(file, replace(settings, default_visibility=settings.default_visibility or Visibility.PRIVATE)) as loaded:
        if loaded.unclear is not None:
            raise loaded.unclear
        sheet, several = replace(loaded.sheet, left_out={}), loaded.settings.several_in_cell or SeveralInCell.EACH
        rows = in_any_form(sheet, loaded.roles, replace(loaded.settings, several_in_cell=several))
        rows.template, rows.earlier = loaded.rows.template, loaded.rows.earlier
        yield replace(loaded, sheet=sheet, rows=rows)


def _of_run(which: Which, name: str, journal: Journal, settings: Settings) -> Run:
    """Return a run; for ``last``, the latest that made notes, or may have, or that has hidden ones to give back."""
    states = {DeliveryState.HIDDEN, DeliveryState.LEFT} if which.undo else _LIVE | {DeliveryState.HIDDEN}
    runs = journal.runs.listed(settings.workspace) if name == "last" else ()
    found = (run for run in runs if not states.isdisjoint(journal.deliveries.states_of(run)))
    return next(found, None) or find_run(journal, name, settings.workspace)


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
        for place in (one for one in places if one and one != Path("-")):  # what came in once doesn't come again
            with suppress(ImporterError, OSError), _in_any_form(place, settings) as loaded:  # it may have changed
                rows, notes = loaded.rows, notes_in(loaded)
                for positions, known in deliveries_in(loaded, journal):
                    if known.name in wanted:
                        at, numbers = positions[0], rows.number[positions].tolist()
                        text = notes[at].text if at in notes else ""
                        said.setdefault(wanted[known.name], (numbers, rows.person(at), text))
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
        of_file = journal.runs.listed(settings.workspace, fingerprint=current.run.fingerprint) if current.run else []
        shown = ((one, journal.deliveries.states_of(one)[DeliveryState.CREATED]) for one in of_file)
        others = {one.name: n for one, n in shown if n and one != current.run}
    refused = {name: end.why for name, end in stage.ended.items() if end.why is not None}
    return Hidden(current, stage.counts[Result.UPDATED], refused, stopped, others)


def wishes(planned: Hiding) -> Iterator[Wish]:
    """Yield the wish about each note, whatever its text is by now."""
    for one in planned.notes:
        form = one.was if planned.which.undo else None
        change = NoteChange(form.visibility, form.status) if form else NoteChange(Visibility.PRIVATE, Status.DRAFT)
        becomes = DeliveryState.CREATED if planned.which.undo else DeliveryState.HIDDEN
        yield Wish(one, change, is_read=False, becomes=becomes)


def deliveries_in(loaded: Loaded, journal: Journal) -> Iterator[tuple[Sequence[int], KnownDelivery]]:
    """Yield the deliveries of a file's rows that exist, each with the positions that it answers for."""
    if loaded.unclear is not None:
        raise loaded.unclear
    matches, undecided = list[Match](), replace(loaded, settings=replace(loaded.settings, in_doubt=()))
    answered = undecided.known(journal).sort(loaded.plan, lambda some: matches.extend(one.match for one in some))
    matches += [one for one in answered.asked if one.how.answers or one.how is How.HIDDEN]
    original, repeats = loaded.plan.original, defaultdict[int, list[int]](list)
    for at in np.flatnonzero(original >= 0).tolist():
        repeats[int(original[at])].append(at)
    for (at, *_), _, known in sorted(matches, key=lambda one: one.row.position):
        if known is not None:
            yield [at, *repeats[at]], known


def notes_in(loaded: Loaded) -> Mapping[int, Note]:
    """Return position of each row that repeats no other → the note that it says, as visible as the least of them."""
    return {at: group.note for group in loaded.plan.groups for at in group.positions.tolist()}
