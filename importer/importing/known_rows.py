"""Say what is needed to know which rows of a loaded file earlier runs delivered.

Input: a loaded file, the settings, and the journal, if there is one yet. Output: an :class:`Earlier`.
"""

from __future__ import annotations

import hashlib
from functools import partial

from importer.delivery.earlier import AsItStood, Earlier
from importer.identity import place_digest
from importer.importing.loading import Loaded
from importer.journal import Journal
from importer.models import OnSeveral
from importer.settings import Settings
from importer.settings.reading import folded_heading, own_columns


def known_rows(loaded: Loaded, settings: Settings, journal: Journal | None, occurrence: str = "") -> Earlier:
    """Return how to find the deliveries of a file's rows.

    Rows are also known by their emails, unless each prospect of an email receives the notes of its rows.
    """
    key = "" if settings.on_several is OnSeveral.ALL else settings.key
    asked = settings.in_doubt, settings.hidden, settings.skip_existing
    before = partial(_before_correction, loaded, key)
    sheet = kind_of(loaded), *asked, loaded.sheet.fingerprint
    workspace = settings.workspace if journal is None else journal.owner(settings.workspace)
    keeps_markup = journal is not None and journal.learned.keeps_markup(settings.workspace)
    return Earlier(loaded.rows, journal, workspace, key, occurrence, *sheet, keeps_markup, before)


def _before_correction(loaded: Loaded, key: str) -> dict[int, AsItStood]:
    """Return what the corrected rows of a sheet said before: index of the row → what it said.

    So a run that reads the file itself, or with other corrections, knows what was sent.
    """
    sheet, rows = loaded.sheet, loaded.rows
    wanted = {number for number, one in (sheet.corrections or {}).items() if not one.is_left_out}
    if not wanted:
        return {}
    said, found = loaded.as_understood.said(wanted, key), {}
    for at, number in enumerate(rows.number[: rows.in_sheet].tolist()):
        if number in wanted:
            found[at] = AsItStood(place_digest(sheet.fingerprint, sheet.name or "", number))
        if number in wanted and (one := said.get(number)) is not None:
            who = one.who if key or one.person.find("@") < 0 else ""
            found[at] = found[at]._replace(person=one.person, who=who, what=one.all)
    return found


def kind_of(loaded: Loaded) -> str:
    """Return a digest of a sheet's headings, which sheets of one kind share."""
    headings = [folded_heading(loaded.sheet.headings[at]) for at in own_columns(loaded.sheet.headings)]
    return hashlib.sha256("\n".join(headings).encode("utf-8", "surrogatepass")).hexdigest()[:16]
