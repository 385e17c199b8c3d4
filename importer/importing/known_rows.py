"""Know rows again: those that earlier runs delivered, and those that a person left out of an earlier sheet.

Input: a sheet as it was understood, with a person's corrections; the settings, and the journal, if there is one yet.
Output: an :class:`Earlier`; what rows say as they stand in the file, whatever a person corrected or left out; and the
rows that a person left out of an earlier sheet, which this one leaves out, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from importer.delivery.earlier import AsItStood, Earlier
from importer.fields import WORDED
from importer.identity import RECORD, Identities, place_digest
from importer.journal import Journal
from importer.messages import Message, say
from importer.models import Rows, Visibility, Workspace
from importer.reading import Sheet
from importer.rows.attachments import Folder
from importer.rows.columns import Roles
from importer.rows.validation import validate
from importer.settings import Settings
from importer.settings.reading import folded_heading, own_columns


class AsUnderstood(NamedTuple):
    """A sheet and how it is understood."""

    sheet: Sheet
    roles: Roles
    settings: Settings
    folder: Folder | None

    def said(self, numbers: Collection[int], key: str) -> dict[int, AsItStood]:
        """Return what rows say as they stand, whatever their words of visibility and status; by the rows' numbers.

        Of a row that says nothing to anybody, or names several people, only its place is known.

        Args:
            numbers: the numbers of the rows.
            key: the API key, with which emails are digested; empty if they aren't.
        """
        of_file = self.sheet.fingerprint, self.sheet.name or ""
        found = {number: AsItStood(place_digest(*of_file, number)) for number in numbers}
        if not found:
            return found
        columns = {role: at for role, at in self.roles.columns.items() if role not in WORDED}
        settings = replace(self.settings, default_visibility=Visibility.PRIVATE)
        with self.sheet.as_it_stands({*numbers}) as sheet:
            rows = validate(sheet, replace(self.roles, columns=columns), settings, self.folder)
        of_sheet = rows.of_sheet(np.arange(len(rows), dtype=np.int32))
        [alone] = np.nonzero((np.bincount(of_sheet, minlength=1)[of_sheet] == 1) & (rows.note >= 0))
        identities = Identities(rows, key)
        for row, who in zip(identities.of(alone.tolist()), identities.who(alone.tolist()), strict=True):
            number, person = int(rows.number[row.position]), str(rows.prospect[row.position])
            what = (row.record, *row.texts) if row.record else row.texts
            found[number] = AsItStood(found[number].place, person, who if key or "@" not in person else "", what)
        return found


def left_out_before(one: AsUnderstood, rows: Rows) -> dict[int, Message]:
    """Return the numbers of the rows that a person left out of an earlier sheet, each with the reason.

    Of the file in which somebody corrects rows now, only what that person leaves out now counts, and a row that is
    corrected now isn't left out.
    """
    sheet, settings = one.sheet, one.settings
    if settings.again or not Journal.exists(settings.journal):
        return {}
    with Journal.open(settings.journal) as journal:
        but = "" if sheet.corrections is None else sheet.fingerprint
        found = journal.left_out(settings.workspace).known(but=but)
    if not found:
        return {}
    those = {who for who, _ in found}
    whose = Identities(rows, settings.key).who(range(rows.in_sheet))
    candidates = {int(rows.number[at]) for at, who in enumerate(whose) if who in those and at not in rows.done}
    wanted = candidates - (sheet.corrections or {}).keys() - sheet.left_out.keys()
    left_out = {}
    for number, said in one.said(wanted, settings.key).items():
        what = said.what[:1] if said.what and said.what[0].startswith(RECORD) else said.what
        if file := next((found[said.who, one] for one in what if (said.who, one) in found), ""):
            left_out[number] = say("skipped.before", file=file)
    return left_out


def enter_left_out(journal: Journal, workspace: Workspace, one: AsUnderstood, rows: Rows, file: str) -> None:
    """Record which rows a person left out of this sheet, unless another of its rows says the same."""
    corrections = one.sheet.corrections or {}
    key, by_hand = one.settings.key, {number for number, row in corrections.items() if row.is_left_out}
    said = one.said(corrections.keys(), key)
    people = [said[number].person for number in by_hand]
    is_theirs = np.isin(rows.prospect, people)
    if rows.email is not None:
        is_theirs |= np.isin(rows.email, people)
    identities = Identities(rows, key)
    [sent] = np.nonzero(is_theirs & (rows.note >= 0))
    others = {
        (who, what)
        for row, names in zip(identities.of(sent.tolist()), identities.names(sent.tolist()), strict=True)
        for who in names
        for what in row.all
    }
    left_out, corrected = _pairs(said, by_hand), _pairs(said, corrections.keys() - by_hand)
    journal.left_out(workspace).enter(one.sheet.fingerprint, file, left_out - others - corrected, corrected)


def _pairs(said: Mapping[int, AsItStood], numbers: Collection[int]) -> set[tuple[str, bytes]]:
    return {(said[number].who, what) for number in numbers for what in said[number].what}


def earlier(
    sheet: Sheet,
    rows: Rows,
    said: Callable[[Collection[int], str], Mapping[int, AsItStood]],
    settings: Settings,
    journal: Journal | None,
    occurrence: str = "",
) -> Earlier:
    """Return how to find the deliveries of a file's rows.

    Rows are also known by their emails. ``said`` returns what rows say as they stand; see :class:`AsUnderstood`. So a
    run that reads the file itself, or with other corrections, knows what was sent.
    """

    def stood() -> dict[int, AsItStood]:
        of_number = said((sheet.corrections or {}).keys(), settings.key) if sheet.corrections else {}
        numbers = rows.number[: rows.in_sheet].tolist() if of_number else []
        return {at: of_number[number] for at, number in enumerate(numbers) if number in of_number}

    workspace = settings.workspace if journal is None else journal.owner(settings.workspace)
    of_sheet = kind_of(sheet), settings.in_doubt, settings.skip_existing, sheet.fingerprint
    return Earlier(rows, journal, workspace, settings.key, occurrence, *of_sheet, settings.update, stood)


def kind_of(sheet: Sheet) -> str:
    """Return a digest of a sheet's headings, which sheets of one kind share."""
    headings = [folded_heading(sheet.headings[at]) for at in own_columns(sheet.headings)]
    return hashlib.sha256("\n".join(headings).encode("utf-8", "surrogatepass")).hexdigest()[:16]
