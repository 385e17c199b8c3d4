"""Practise an import: everything happens on this machine, with a vendor in memory that accepts every note.

Input: the rows of a file, and the workspace's journal, which is only read. Output: settings, a vendor in memory that
knows the prospects of the sheet's emails, and a journal that knows what earlier runs delivered, for one run of the
file. It needs no key, and makes no calls: the address in its settings is on this machine, and belongs to nobody.

The folder ``samples/``, if installed, has example sheets, and the files that one of them names.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from importer.api import (
    Answer,
    Endpoint,
    FilePart,
    FoundNote,
    FoundProspect,
    NoteChange,
    NotesPage,
    Reply,
    Traits,
    Vendor,
)
from importer.delivery.earlier import Earlier
from importer.delivery.matching import AnsweredRow
from importer.journal import Claim, Journal, NoteKey, Owners
from importer.models import Note, Plan, Request, Rows
from importer.settings import Settings, Topic

_INSTALLED = Path(__file__).with_name("samples")
SAMPLES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "samples"
"""The folder of example sheets: in the package, or at the top of the source tree."""

_Value = TypeVar("_Value")
Prospects = Mapping[str, Sequence[FoundProspect]]
"""Email → the prospects that have it."""

_READING = (Topic.FILE, Topic.PROSPECTS)
_PLANNING = (*_READING, Topic.PLACE, Topic.GUARDS, "batch-size", "results", "new-journal")


def planning(settings: Settings) -> Settings:
    """Return the settings for planning a file in practice: without hours, pace and archive."""
    return settings.only(_PLANNING, again=settings.again, update=settings.update, key=settings.key)


@contextmanager
def staged(
    settings: Settings,
    vendor: Vendor,
    rows: Rows,
    plan: Plan,
    journal: Journal | None,
    looked_up: Mapping[str, Owners],
) -> Iterator[tuple[Settings, Vendor]]:
    """Yield the settings and the vendor for one run, whose journal is removed when the block ends.

    ``rows`` has the prospects of the emails as far as they are known, and ``looked_up`` all emails that were looked up.
    Raises JournalFailed if the workspace's journal can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder:
        own = settings.only(
            _READING,
            profile=settings.profile,
            base_url="http://127.0.0.1/practice",
            journal=Path(folder) / "journal.sqlite",
            batch_size=settings.batch_size,
            min_rows=0,
            again=settings.again,
        )
        if journal is not None:
            _enter_made(settings, own, rows, plan, journal)
        yield own, in_memory(vendor, _prospects(rows, looked_up))


def _enter_made(settings: Settings, own: Settings, rows: Rows, plan: Plan, journal: Journal) -> None:
    """Copy the deliveries of the file that earlier runs made from the workspace's journal to that of the practice."""
    made: list[AnsweredRow] = []
    Earlier(rows, journal, settings.workspace, settings.key, in_doubt=settings.in_doubt).sort(plan, made.extend)
    made = [one for one in made if one.delivery.note_id is not None]
    if not made:
        return
    with Journal.open(own.journal) as copy, copy.transaction():
        run = copy.runs.begin(own.workspace, "", "", 0.0, again=False)
        known = Earlier(rows, copy, own.workspace, own.key)
        positions = [one.position for one in made]
        names = known.names(positions)
        for one, name in zip(made, names, strict=True):
            request = Request(None, (one.position,), (str(rows.prospect[one.position]),), (name,))
            claim = Claim(NoteKey.of(one.note), request, keys=[one.match.row.key])
            copy.deliveries.found(run, claim, one.delivery.note_id or "", 0.0)
        copy.identities.enter(own.workspace, known.told(positions, names))


def _prospects(rows: Rows, looked_up: Mapping[str, Owners]) -> Prospects:
    """Return the prospects by email: looked up, beside an ID, or else invented. One looked up in vain has none."""
    found = {email: [*owners] for email, owners in looked_up.items()}
    pairs = [] if rows.email is None else zip(rows.email.tolist(), rows.prospect.tolist(), strict=True)
    for number, (email, prospect) in enumerate(sorted(pairs, key=lambda pair: pair[0] == pair[1])):  # IDs first
        if email and email not in looked_up and (email != prospect or email not in found):
            found.setdefault(email, []).append(prospect if email != prospect else f"practice-{number}")
    return {email: tuple(FoundProspect(one, email) for one in dict.fromkeys(ids)) for email, ids in found.items()}


def in_memory(vendor: Vendor, prospects: Prospects) -> Vendor:
    """Return a vendor with the traits of another, whose API is in memory and has these prospects."""
    traits = replace(vendor.traits, is_practice=True)

    def connect(*_: object, clock: Callable[[], float], **__: object) -> _PracticeApi:
        return _PracticeApi(traits, prospects, clock)

    return replace(vendor, traits=traits, connect=connect)


class _PracticeApi:
    """API in memory. Every prospect ID exists. See :class:`NotesApi`."""

    def __init__(self, traits: Traits, prospects: Prospects, clock: Callable[[], float]) -> None:
        self.traits, self._clock, self._numbers = traits, clock, itertools.count(1)
        self._by_email, self._all = prospects, list(itertools.chain.from_iterable(prospects.values()))
        self._notes: dict[str, list[FoundNote]] = {}  # by prospect, the oldest first

    def create(self, note: Note, prospects: Sequence[str]) -> Reply[dict[str, Answer]]:
        ids = {prospect: f"practice-{next(self._numbers)}" for prospect in prospects}
        for prospect, note_id in ids.items():
            found = FoundNote(note_id, note.content, note.visibility, note.status, self._clock())
            self._notes.setdefault(prospect, []).append(found)
        return self._reply(Endpoint.CREATE, {prospect: Answer(note_id) for prospect, note_id in ids.items()})

    def find(self, prospect: str, skip: int, take: int) -> Reply[NotesPage]:
        notes = self._notes.get(prospect, [])[::-1]
        return self._reply(Endpoint.READ, NotesPage(tuple(notes[skip : skip + take]), None, len(notes) > skip + take))

    def update(self, note_id: str, change: NoteChange) -> Reply[bool]:  # noqa: ARG002
        return self._reply(Endpoint.UPDATE, True)  # noqa: FBT003 - it is a value

    def upload(self, file: FilePart) -> Reply[str]:  # noqa: ARG002
        return self._reply(Endpoint.UPLOAD, f"practice-{next(self._numbers)}")

    def look_up(self, search: str, page: int) -> Reply[tuple[FoundProspect, ...]]:
        found, size = self._by_email.get(search, ()) if search else self._all, self.traits.page
        return self._reply(Endpoint.PROSPECTS, tuple(found[(page - 1) * size : page * size]))

    def renew(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _reply(self, kind: Endpoint, value: _Value) -> Reply[_Value]:
        return Reply(kind, self._clock(), self._clock(), value, status=200)
