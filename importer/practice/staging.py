"""Prepare one run in practice: its settings, its vendor, and a journal that knows what earlier runs delivered.

Input: the rows of a file, and the workspace's journal, which is only read. Output: settings and a vendor. The address
in the settings is on this machine and belongs to nobody. Nothing calls it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from importer.api import Answer, FoundProspect, Vendor
from importer.delivery.earlier import sort_plan
from importer.journal import Answered, Claim, Journal, Matches
from importer.models import Plan, Request, Rows
from importer.practice.vendor import Prospects, in_memory
from importer.settings import Settings, Topic

_READING = (Topic.FILE, Topic.PROSPECTS)
_PLANNING = (*_READING, Topic.SIZE, Topic.PLACE, Topic.RESULTS, Topic.GUARDS, Topic.NEW_JOURNAL)


def planning(settings: Settings) -> Settings:
    """Return the settings for planning a file in practice: without hours, pace, archive and list of unknown people."""
    chosen = {"first": settings.first, "again": settings.again, "unknown_emails": None}
    return settings.only(_PLANNING, **chosen, key=settings.key)


@contextmanager
def staged(
    settings: Settings,
    vendor: Vendor,
    rows: Rows,
    plan: Plan,
    journal: Journal | None,
    looked_up: Mapping[str, Matches],
    batch_size: int,
) -> Iterator[tuple[Settings, Vendor]]:
    """Yield the settings and the vendor for one run, whose journal is removed when the block ends.

    Args:
        settings: the settings of the import.
        vendor: the vendor that would receive the notes.
        rows: the rows of the file, with the prospects of their emails as far as they are known.
        plan: these rows, grouped.
        journal: the workspace's journal; None if there is none yet.
        looked_up: the emails that were looked up, with their prospects.
        batch_size: maximum number of prospects in a request.

    Raises:
        JournalFailed: the workspace's journal can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="note-importer-", ignore_cleanup_errors=True) as folder:
        own = settings.only(
            _READING,
            profile=settings.profile,
            base_url="http://127.0.0.1/practice",
            journal=Path(folder) / "journal.sqlite",
            batch_size=batch_size,
            unknown_emails=None,
            min_rows=0,
            first=settings.first,
            again=settings.again,
        )
        if journal is not None:
            _enter_made(settings, own, rows, plan, journal)
        yield own, in_memory(vendor, _prospects(rows, looked_up))


def _enter_made(settings: Settings, own: Settings, rows: Rows, plan: Plan, journal: Journal) -> None:
    """Copy the deliveries of the file that earlier runs made from the workspace's journal to that of the practice."""
    made = [one for one in sort_plan(rows, plan, journal, settings.workspace) if one.made]
    if not made:
        return
    with Journal.open(own.journal) as copy, copy.transaction():
        deliveries, run = copy.deliveries, copy.runs.begin(own.workspace, "", "", 0.0, again=False)
        numbers, _ = deliveries.enter_notes(own.workspace, [one.key for one in made])
        for number, one in zip(numbers, made, strict=True):
            positions = one.group.positions[[i for i, _ in one.made]]
            prospects, keys = map(tuple, rows.deliveries(positions))
            claim = Claim(number, Request(one.group.note, tuple(positions.tolist()), prospects, keys), None)
            [request] = deliveries.claim(run, [claim], 0.0) or [0]
            deliveries.answer(
                Answered(request, number, prospect, key, Answer(known.note_id), known.at)
                for prospect, key, (_, known) in zip(prospects, keys, one.made, strict=True)
            )


def _prospects(rows: Rows, looked_up: Mapping[str, Matches]) -> Prospects:
    """Return the prospects by email: those that were looked up, those beside an ID, and an invented one for each other.

    An email that was looked up in vain has none, as in the workspace.
    """
    found = {email: {one.prospect: one.created_at for one in matches.all} for email, matches in looked_up.items()}
    pairs = [] if rows.email is None else zip(rows.email.tolist(), rows.prospect.tolist(), strict=True)
    for number, (email, prospect) in enumerate(sorted(pairs, key=lambda pair: pair[0] == pair[1])):  # IDs first
        if email and email not in looked_up and (email != prospect or email not in found):
            found.setdefault(email, {})[prospect if email != prospect else f"practice-{number}"] = float(number)
    return {email: tuple(FoundProspect(one, email, at) for one, at in ids.items()) for email, ids in found.items()}
