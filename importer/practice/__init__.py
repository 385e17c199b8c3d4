"""Practise an import: everything happens on this machine, with a vendor in memory that accepts every note.

Input: the rows of a file, and the workspace's journal, which is only read. Output: settings, a vendor
(:mod:`.vendor`), and a journal that knows what earlier runs delivered, for one run of the file. It needs no key, and
makes no calls: the address in its settings is on this machine, and belongs to nobody.

The folder ``samples/``, if installed, has example sheets, and the files that one of them names.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from importer.api import FoundProspect, Vendor
from importer.delivery.earlier import Earlier
from importer.delivery.matching import AnsweredRow
from importer.journal import FoundDelivery, Journal, NoteKey, Owners
from importer.models import Plan, Rows
from importer.practice.vendor import Prospects, in_memory
from importer.settings import Settings, Topic

_INSTALLED = Path(__file__).with_name("samples")
SAMPLES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parents[2] / "samples"
"""The folder of example sheets: in the package, or at the top of the source tree."""

_READING = (Topic.FILE, Topic.PROSPECTS)
_PLANNING = (*_READING, Topic.PLACE, Topic.GUARDS, "batch-size", "results", "new-journal")


def planning(settings: Settings) -> Settings:
    """Return the settings for planning a file in practice: without hours, pace and archive."""
    chosen = {"first": settings.first, "again": settings.again, "update": settings.update}
    return settings.only(_PLANNING, **chosen, key=settings.key)


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
            first=settings.first,
            again=settings.again,
        )
        if journal is not None:
            _enter_made(settings, own, rows, plan, journal)
        yield own, in_memory(vendor, _prospects(rows, looked_up))


def _enter_made(settings: Settings, own: Settings, rows: Rows, plan: Plan, journal: Journal) -> None:
    """Copy the deliveries of the file that earlier runs made from the workspace's journal to that of the practice."""
    made: list[AnsweredRow] = []
    Earlier(rows, journal, settings.workspace, settings.key, in_doubt=settings.in_doubt).sort(plan, made.extend)
    notes = {one.position: one.note for one in made if one.note is not None and one.delivery.note_id is not None}
    made = [one for one in made if one.position in notes]
    if not made:
        return
    with Journal.open(own.journal) as copy, copy.transaction():
        run, known = (
            copy.runs.begin(own.workspace, "", "", 0.0, again=False),
            Earlier(rows, copy, own.workspace, own.key),
        )
        numbers = copy.deliveries.enter_notes(own.workspace, [NoteKey.of(note) for note in notes.values()])
        names = known.names([*notes])
        found = [
            FoundDelivery(name, number, str(rows.prospect[one.position]), one.match.row.key, one.delivery.note_id or "")
            for one, name, number in zip(made, names, numbers, strict=True)
        ]
        copy.deliveries.found(run, found, 0.0)
        copy.identities.enter(own.workspace, known.told([*notes], names))


def _prospects(rows: Rows, looked_up: Mapping[str, Owners]) -> Prospects:
    """Return the prospects by email: those that were looked up, those beside an ID, and an invented one for each other.

    An email that was looked up in vain has none, as in the workspace.
    """
    found = {email: [*owners] for email, owners in looked_up.items()}
    pairs = [] if rows.email is None else zip(rows.email.tolist(), rows.prospect.tolist(), strict=True)
    for number, (email, prospect) in enumerate(sorted(pairs, key=lambda pair: pair[0] == pair[1])):  # IDs first
        if email and email not in looked_up and (email != prospect or email not in found):
            found.setdefault(email, []).append(prospect if email != prospect else f"practice-{number}")
    return {email: tuple(FoundProspect(one, email) for one in dict.fromkeys(ids)) for email, ids in found.items()}
