"""Say what is needed to know which rows of a loaded file earlier runs delivered.

Input: a loaded file, the settings, and the journal, if there is one yet. Output: an :class:`Earlier`.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from importer.commands.loading import Loaded, load
from importer.delivery.earlier import Earlier
from importer.errors import ImporterError
from importer.identity import Identities, record_digest, text_digests
from importer.journal import Journal
from importer.models import OnSeveral
from importer.resultsfile import added_columns
from importer.rows.earlier_texts import contents
from importer.settings import Settings
from importer.settings.reading import folded_heading


def known_rows(loaded: Loaded, settings: Settings, journal: Journal | None, occurrence: str = "") -> Earlier:
    """Return how to find the deliveries of a file's rows.

    Rows are also known by their emails, unless each prospect of an email receives the notes of its rows.
    """
    key = "" if settings.on_several is OnSeveral.ALL else settings.key
    asked = settings.in_doubt, settings.hidden, settings.skip_existing
    before = partial(_before_correction, loaded)
    sheet = kind_of(loaded), *asked, loaded.sheet.fingerprint
    keeps_markup = journal is not None and journal.learned.keeps_markup(settings.workspace)
    return Earlier(loaded.rows, journal, settings.workspace, key, occurrence, *sheet, keeps_markup, before)


def _before_correction(loaded: Loaded) -> dict[int, Sequence[bytes]]:
    """Return the digests of what the rows of a corrected copy said in the sheets that it is from, if it was different.

    So a run that reads such a sheet itself knows what was sent of the copy.
    """
    found: dict[int, Sequence[bytes]] = {}
    rows, own = loaded.rows, Identities(loaded.rows)
    at = {number: row for row, number in enumerate(rows.number[: rows.in_sheet].tolist())}
    for path in loaded.copy_of.values():
        with contextlib.suppress(ImporterError, OSError), load(path, loaded.settings) as source:
            if source.unclear is not None:
                continue
            records = source.rows.record
            for position, content in enumerate(contents(source.sheet, source.roles, source.settings)):
                row = at.get(int(source.rows.number[position]), -1)
                if content and row >= 0 and rows.note[row] >= 0:
                    note = replace(rows.notes[int(rows.note[row])], content=content)
                    record = b"" if records is None else record_digest(str(records[position]))
                    said = (*text_digests(note, rows.files), *([record] if record else []))
                    [now] = own.of([row])
                    if not {*said} <= {*now.all}:
                        found[row] = (*found.get(row, ()), *said)
    return found


def kind_of(loaded: Loaded) -> str:
    """Return a digest of a sheet's headings, which sheets of one kind share."""
    ours = added_columns(loaded.sheet.headings)
    headings = [folded_heading(text) for at, text in enumerate(loaded.sheet.headings) if at not in ours]
    return hashlib.sha256("\n".join(headings).encode("utf-8", "surrogatepass")).hexdigest()[:16]
