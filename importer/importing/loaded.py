"""Define the file that was loaded, and know its rows again.

Input: a sheet as it was understood, with a person's corrections; the journal, if there is one yet. Output:
:class:`Loaded`; :class:`LookedUpEmails`, with prospects' IDs in the place of emails; what rows say as they stand in the
file; the rows that a person left out of an earlier sheet, which this one leaves out, too.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from importer import grouping, practice, resultsfile
from importer.delivery.earlier import AsItStood, Earlier, Sorted
from importer.delivery.outcomes import Outcomes, gather, settle_after
from importer.errors import UnclearColumns
from importer.fields import WORDED
from importer.identity import Identities, place_digest
from importer.importing import logs
from importer.importing.workspaces import workspace_of
from importer.journal import Journal, Owners
from importer.messages import Cell, Message, cut, lines, say
from importer.models import Plan, Question, Role, Rows, Visibility, hashed
from importer.reading import Sheet, column_letter
from importer.resultsfile import TO_FIX, own_columns
from importer.rows.attachments import Folder
from importer.rows.columns import Roles, called
from importer.rows.emails import Answers, Lookups, emails_of, named
from importer.rows.validation import contradicted, validate
from importer.settings import Settings
from importer.settings.address import journal_place
from importer.settings.reading import folded_heading
from importer.storage import Url, place


@dataclass(frozen=True)
class Loaded:
    """Input file that was read, checked and grouped.

    Attributes:
        sheet: the open sheet.
        roles: the role of each column; empty if the roles are unclear.
        rows: the rows of the sheet; none if the roles are unclear.
        settings: the settings for this sheet, with the answers about its kind.
        unclear: why it is unclear which column has which role, or None.
    """

    sheet: Sheet
    roles: Roles
    rows: Rows
    settings: Settings
    unclear: UnclearColumns | None = None

    @cached_property
    def plan(self) -> Plan:
        """The rows, grouped."""
        return grouping.plan(self.rows)

    @property
    def file(self) -> str:
        """The file's name as text. Bytes that aren't valid text, such as in names from other systems, become a ?."""
        return writable(self.sheet.source)

    @property
    def sheet_name(self) -> str:
        """The sheet's name as the journal has it; empty if the file has no other one."""
        name = writable(self.sheet.name or "").replace("\0", " ")  # PostgreSQL refuses U+0000
        return "" if [*self.sheet.sheets] == [self.sheet.name] else name

    def known(self, journal: Journal | None, occurrence: str = "") -> Earlier:
        """Return how to find the deliveries that earlier runs made of the rows, which are known by their emails, too.

        A run that reads the file itself, or with other corrections, knows what was sent.
        """
        sheet, rows, settings = self.sheet, self.rows, self.settings

        def stood() -> dict[int, AsItStood]:
            of_number = as_they_stand(self, sheet.corrections or ())
            numbers = rows.number[: rows.in_sheet].tolist() if of_number else []
            return {at: of_number[number] for at, number in enumerate(numbers) if number in of_number}

        workspace = workspace_of(journal, settings)
        of_sheet = kind_of(sheet), settings.in_doubt, settings.skip_existing, sheet.fingerprint
        return Earlier(
            rows, journal, workspace, settings.key, occurrence, *of_sheet, settings.update, settings.batch_size, stood
        )

    def complete(self, outcomes: Outcomes) -> None:
        """Settle the rows that repeat others, make one outcome for each row of the sheet, and what was corrected."""
        settle_after(self.rows, self.plan, outcomes)
        gather(outcomes, self.rows)
        corrected, numbers = corrected_cells(self.sheet), self.rows.number[: len(outcomes)]
        for position in np.flatnonzero(np.isin(numbers, [*corrected])).tolist():
            outcomes.remark(position, corrected[int(numbers[position])])

    @property
    def headings(self) -> dict[Role, str]:
        """Heading of each role's column."""
        return {role: self.sheet.headings[at] for role, at in self.roles.columns.items()}

    @property
    def template(self) -> str | None:
        """Template by which several columns make a note's text, with the headings of this sheet; None if none does."""
        composition = self.roles.composition
        return None if composition is None else composition.renamed(partial(called, self.sheet.headings))

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions about the file for a person. Nothing can be sent before those that aren't optional are answered."""
        return self.unclear.questions if self.unclear is not None else tuple(self.rows.questions)

    @property
    def undecided(self) -> UnclearColumns | None:
        """Error about the questions that must be answered; None if there are none."""
        questions = [question for question in self.rows.questions if not question.is_optional]
        if self.unclear is not None or not questions:
            return self.unclear
        texts = (question.text for question in questions)
        return UnclearColumns(lines(*texts, say("questions.nothing-sent")), questions)

    @property
    def to_fix(self) -> str:
        """Name of the sheet with the rows to correct, if this is another sheet of our results; otherwise empty."""
        is_ours = bool(resultsfile.our_columns(self.sheet.headings))
        return TO_FIX if is_ours and self.sheet.name != TO_FIX and TO_FIX in self.sheet.sheets else ""


@dataclass(frozen=True)
class LookedUpEmails:
    """Emails of a file, with the prospects that are known for them.

    Attributes:
        loaded: the file, as it was read.
        journal: the journal; None if there is none yet.
        occurrence: the prefix of every row's key in the run; empty unless the file is imported again.
        emails: the emails of the rows that can be delivered.
        answers: the known prospects of each email, or why it couldn't be looked up.
        before: what a run would do if it knew no more prospects than the file names; None if unknown. The emails of
            rows whose notes are there aren't looked up any more.
    """

    loaded: Loaded
    journal: Journal | None
    occurrence: str
    emails: Sequence[str]
    answers: Answers
    before: Sorted | None = None

    @property
    def open(self) -> list[str]:
        """Emails that haven't been looked up yet."""
        return [email for email in self.emails if email not in self.answers]

    @cached_property
    def resolved(self) -> Loaded:
        """File with IDs in place of the emails whose prospects are known, so that all rows of a person are compared.

        A row whose note is there changes only if that is its prospect's.
        """
        loaded, column = self.loaded, self.loaded.roles.columns.get(Role.EMAIL)
        if column is None or (emails := loaded.rows.email) is None:
            return loaded
        before = self.before
        rows = named(loaded.rows, self.answers, loaded.sheet, column, None if before is None else before.is_there)
        if before is not None:
            for at in np.flatnonzero(before.is_there).tolist():
                if self.answers.get(emails[at]) == (before.whose[at],):
                    rows.prospect[at] = before.whose[at]
        return replace(loaded, rows=contradicted(rows, loaded.sheet, loaded.roles))

    @property
    def left(self) -> Sorted:
        """What a run would do. The file is sorted anew only if a prospect became known."""
        if self.before is not None and len(self.open) == len(self.emails):
            return self.before
        return self._practised[0]

    @cached_property
    def _practised(self) -> tuple[Sorted, Outcomes]:
        loaded = self.resolved
        return practice.sort(loaded.known(self.journal, self.occurrence), loaded.plan, loaded.sheet.headings)

    @cached_property
    def expected(self) -> tuple[Loaded, Outcomes]:
        """The file, and its rows' outcomes, if the API knew every prospect and accepted every note."""
        if self.open:
            return replace(self, answers=practice.with_invented(self.answers, self.loaded.rows)).expected
        outcomes = self._practised[1]
        self.resolved.complete(outcomes)
        return self.resolved, outcomes

    def looked_up(self, lookups: Lookups) -> LookedUpEmails:
        """Look up the emails whose prospects aren't known.

        Raises:
            Stopped: the run can't go on. Prospects found so far are recorded in the journal.
        """
        if not (emails := self.open):
            return self
        answers = lookups.look_up(emails)
        nobody, refused = [*answers.values()].count(()), sum(isinstance(one, Message) for one in answers.values())
        logs.event("emails looked up", emails=len(emails), nobody=nobody, refused=refused)
        return replace(self, answers={**self.answers, **answers})


def asked(loaded: Loaded, journal: Journal | None, occurrence: str = "") -> LookedUpEmails:
    """Return the emails of a file, with the prospects that the journal or an earlier look-up knows."""
    emails, before, answers = emails_of(loaded.rows), None, dict[str, Owners | Message]()
    if journal is not None and emails:
        before = loaded.known(journal, occurrence).sort(loaded.plan)
        emails = emails_of(loaded.rows, before.is_there)
        found = journal.found(loaded.settings.workspace, loaded.settings.key, time.time).known(emails)
        answers = {email: tuple(owners) for email, owners in found.items()}
    return LookedUpEmails(loaded, journal, occurrence, emails, answers, before)


def folder_of(sheet: Sheet, roles: Roles, settings: Settings) -> Folder | None:
    """Return the folder of the files that a sheet names, with the files that must never be uploaded; None without one.

    Raises:
        BadSettings: the folder doesn't exist, or the program keeps its own files there.
    """
    if settings.attachments is None or Role.ATTACHMENTS not in roles.columns:
        return None
    files = (place(sheet.source), settings.results)
    never = [file for file in files if file is not None and not isinstance(file, str | Url)]  # a folder holds no URL
    journal = journal_place(settings.journal)
    ours = [*settings.origin.secret_files, *([journal] if isinstance(journal, Path) else [])]
    return Folder(settings.attachments, never, ours)


def in_any_form(sheet: Sheet, roles: Roles, settings: Settings) -> Rows:
    """Return the rows of a sheet as private notes, whatever their words of visibility and status."""
    others = replace(roles, columns={role: at for role, at in roles.columns.items() if role not in WORDED})
    settings = replace(settings, default_visibility=Visibility.PRIVATE)
    return validate(sheet, others, settings, folder_of(sheet, roles, settings))


def as_they_stand(loaded: Loaded, numbers: Collection[int]) -> dict[int, AsItStood]:
    """Return what rows say as they stand in the file, whatever their words of visibility and status; by their numbers.

    Of a row that says nothing to anybody, only its place is known.
    """
    found = {number: AsItStood(_place(loaded.sheet, number)) for number in numbers}
    if not found:
        return found
    with loaded.sheet.as_it_stands({*numbers}) as sheet:
        rows = in_any_form(sheet, loaded.roles, loaded.settings)
    identities, valid = Identities(rows, loaded.settings.key), np.flatnonzero(rows.note >= 0).tolist()
    for row, names in zip(identities.of(valid), identities.names(valid), strict=True):
        one = found[number := int(rows.number[row.position])]
        what = (row.record, *row.texts) if row.record else row.texts
        found[number] = one._replace(people=[*one.people, names], what=what, record=row.record)
    return found


def left_out_before(loaded: Loaded) -> dict[int, Message]:
    """Return the numbers of the rows that a person left out of an earlier sheet, each with the reason.

    A row is left out if it has the same place in the same sheet, or says the same to one of its people: it has the
    same record, or the same text unless both have a record. Of the sheet in which somebody corrects rows now, only what
    that person leaves out now counts, and a row that is corrected now isn't left out. Of a row of which only some
    people were left out, these are skipped here.
    """
    sheet, rows, settings = loaded.sheet, loaded.rows, loaded.settings
    if settings.again or not Journal.exists(settings.journal):
        return {}
    this = _place(sheet, 0).hex()
    with Journal.open(settings.journal) as journal:
        found = journal.left_out(settings.workspace).known(but="" if sheet.corrections is None else this)
    if not found:
        return {}
    any_text = {(who, what[:16]): file for (who, what), file in found.items()}
    those, wanted = {who for who, _ in found}, set[int]()
    whose = [*Identities(rows, settings.key).names(range(len(rows)))]
    for number, names in zip(rows.number.tolist(), whose, strict=True):
        if not those.isdisjoint(names) or (this in those and (this, _place(sheet, number)) in found):
            wanted.add(number)
    wanted -= {*(sheet.corrections or ()), *sheet.left_out, *rows.number[[*rows.done]].tolist()}
    left_out = {}
    for number, said in as_they_stand(loaded, wanted).items():
        among = found if said.record else any_text
        files = [_file_of(_pairs([names], said.what), among) for names in said.people]
        if any(files) and not all(files):
            for at in np.flatnonzero(rows.number == number).tolist():
                if file := _file_of(_pairs([whose[at]], said.what), among):
                    rows.note[at], rows.skipped[at] = -1, say("skipped.before", file=file)
        elif file := _file_of([(this, said.place)], among) or "".join(files[:1]):
            left_out[number] = say("skipped.before", file=file)
    return left_out


def _file_of(told: Iterable[tuple[str, bytes]], among: Mapping[tuple[str, bytes], str]) -> str:
    """Return the name of the file in which one of these was left out; empty if none was."""
    return next((among[one] for one in told if one in among), "")


def enter_left_out(journal: Journal, loaded: Loaded) -> None:
    """Record whom a person left out of this sheet's rows, or took out of them, unless another row says the same."""
    sheet, rows, earlier = loaded.sheet, loaded.rows, loaded.known(journal)
    corrections, whose = sheet.corrections or {}, earlier.identities.names
    now = {number: set[str]() for number, row in corrections.items() if row.is_left_out}
    valid = np.flatnonzero(rows.note >= 0)
    corrected = valid[np.isin(rows.number[valid], [*corrections])].tolist()
    for number, names in zip(rows.number[corrected].tolist(), whose(corrected), strict=True):
        now.setdefault(number, set()).update(names)
    this, left_out, stay = _place(sheet, 0).hex(), set[tuple[str, bytes]](), set[tuple[str, bytes]]()
    for number, said in as_they_stand(loaded, now).items():
        gone = said.gone(now[number])
        if gone or not now[number]:
            left_out.add((this, said.place))
        left_out |= _pairs(gone, [one if one == said.record else one + said.record for one in said.what])
        stay |= _pairs([names for names in said.people if names not in gone], said.what)
    if those := {who for who, _ in left_out}:
        every = valid.tolist()
        sent = [at for at, names in zip(every, whose(every), strict=True) if not those.isdisjoint(names)]
        others = stay.union((who, what) for who, what, _ in earlier.told(sent, [b""] * len(sent)))
        left_out = {(who, what) for who, what in left_out if (who, what[:16]) not in others}
    journal.left_out(loaded.settings.workspace).enter(this, loaded.file, left_out, stay)


def _place(sheet: Sheet, row: int) -> bytes:
    return place_digest(sheet.fingerprint, sheet.name or "", row)


def _pairs(people: Sequence[Sequence[str]], what: Sequence[bytes]) -> set[tuple[str, bytes]]:
    return {(who, one) for names in people for who in names for one in what}


def corrected_cells(sheet: Sheet) -> dict[int, Message]:
    """Return what a person changed in the cells of each corrected row, by the row's number."""
    written = {number: one.texts for number, one in (sheet.corrections or {}).items() if not one.is_left_out}
    found: dict[int, Message] = {}
    if not written:  # most sheets; the rows would all be read once more
        return found
    with sheet.as_it_stands(written) as before:
        for number, cells in before.rows():
            texts = sorted(written[number].items())
            changed = tuple(_change(at, number, cells[at], text) for at, text in texts if text != cells[at])
            if changed:
                found[number] = say("outcome.corrected", changes=changed)
    return found


def _change(column: int, number: int, before: str, after: str) -> Message:
    lines = (" ".join(text.split()) for text in (before, after))
    texts = [Cell(cut(line)) if line else say("corrected.blank") for line in lines]
    return say("corrected.cell", cell=f"{column_letter(column)}{number}", before=texts[0], after=texts[1])


def kind_of(sheet: Sheet) -> str:
    """Return a digest of a sheet's headings, which sheets of one kind share."""
    headings = [folded_heading(sheet.headings[at]) for at in own_columns(sheet.headings)]
    return hashed("\n".join(headings)).hex()[:16]


def writable(name: str) -> str:
    """Return a file's name as text. Bytes that aren't valid text, such as in names from other systems, become a ?."""
    return name.encode("utf-8", "replace").decode("utf-8")
