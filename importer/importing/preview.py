"""Define the one document of facts of a plan, for the terminal, the page and JSON.

Input: none; :mod:`importer.importing.planning` collects the facts. Output: a :class:`Preview`, which is
shown by processes that load no large library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from importer.importing.hours import Estimate
from importer.messages import Message, Said
from importer.models import Problem, Question, Remaining, Result, Role, Status, Visibility

if TYPE_CHECKING:
    from importer.importing.workspaces import Unconfirmed
    from importer.settings.reading import Reading


@dataclass(frozen=True)
class RoleColumn:
    """The column of a role.

    Attributes:
        position: its position among the columns.
        letter, heading: its letter in a spreadsheet program, and the text above it.
        meanings: the meaning of each of its words, "" for a blank cell; None: its rows are left out.
    """

    position: int
    letter: str
    heading: str
    meanings: Mapping[str, Visibility | Status | None]


@dataclass(frozen=True)
class Trouble:
    """Problems of one kind.

    Attributes:
        count: number of cells with the problem.
        text: what is wrong, and what is allowed.
        problems: the first of these problems.
    """

    count: int
    text: Message
    problems: Sequence[Problem]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What becomes of the rows of a file, in numbers.

    Attributes:
        counts: result → rows.
        reasons: why rows need action, in kinds without cell values: result → kind → rows.
        to_fix: number of rows that need a person's attention, which are those on the sheet *To fix*.
        asked: number of rows in question, which aren't sent before a person has answered.
        to_agree: number of rows whose notes aren't changed before a person has agreed.
        more_visible: number of rows whose notes are more visible than the sheet says.
        left_alone: number of rows whose notes were to follow them and don't, or not in all.
    """

    counts: Mapping[Result, int]
    reasons: Mapping[Result, Mapping[Message, int]]
    to_fix: int
    asked: int
    to_agree: int
    more_visible: int
    left_alone: int


@dataclass(frozen=True)
class Preview:
    """All facts about a file, its problems, and what would be sent.

    Its fields are the JSON document of a check. Fields that ``repr`` leaves out are not in it, because they hold texts
    of cells, or only a face needs them.

    Attributes:
        profile, base_url, vendor: where the notes would be sent.
        unconfirmed: why a person has to say whose workspace the profile is; None if that is known.
        file: name of the file.
        format: its format.
        sheet: the selected one of ``sheets``; None in a text file.
        sheets: the sheets of the workbook.
        header_row: the row with the headings.
        encoding, delimiter: of a text file; None in a workbook.
        mapping: the column of each role.
        unused: letter and heading of each column without a role.
        default_visibility: the visibility of all notes, if no column says it.
        reading: the reading whose answers apply; None if none does.
        remarks: remarks about how the file was read.
        questions: open questions. While any that isn't optional is left, nothing can be sent.
        guarded: setting → problem with the file as a whole. While there are any, nothing can be sent.
        rows: number of rows.
        expected: what becomes of them if the vendor knows every prospect and accepts every note: practice's results.
        remaining: the notes that no earlier run delivered, as far as the prospects of their emails are known.
        updates: numbers of notes that are there and ``differ`` from the sheet, that can follow it (``total``), without
            a person's yes (``notes``) or with it (``asked``), and that become ``public`` or ``published``, or get other
            ``texts``.
        follows: whether they do (the setting ``update``).
        people: number of prospects, or emails before their look-up, that receive the remaining notes.
        audience: numbers of public notes, private notes and drafts among the remaining ones.
        to_compare: number of prospects whose notes are read first, to skip those that are there already.
        to_look_up: number of emails that aren't looked up yet; until then each counts as one prospect.
        uploads: number of files to upload, and their bytes.
        several_drafts: number of prospects with several drafts, if the vendor shows only one of them.
        estimate: how long the calls take.
        troubles: problems with cells, by kind, the most frequent first.
        to_fix: the sheet of corrections in a results file, if another sheet was read; else empty.
        template: the template that makes the texts of several columns; empty if each is the text of one cell.
        offer: the offer to compose the texts from further columns, which are its samples; None if there are none.
        asked: questions about rows that may be notes which were sent before. Without an answer they aren't sent.
        digest: digest of all that would be sent; :func:`importer.importing.planning.digest`.
    """

    profile: str
    base_url: str
    vendor: str
    unconfirmed: Unconfirmed | None
    file: str
    format: Message
    sheet: str | None
    sheets: Sequence[str]
    header_row: int
    encoding: str | None
    delimiter: str | None
    mapping: Mapping[Role, RoleColumn]
    unused: Sequence[tuple[str, str]]
    default_visibility: Visibility | None
    reading: Reading | None
    remarks: Sequence[Said]
    questions: Sequence[Question] = field(repr=False)
    guarded: Mapping[str, Said]
    rows: int
    expected: Totals
    remaining: Remaining
    updates: Mapping[str, int]
    follows: bool
    people: int
    audience: Mapping[str, int]
    to_look_up: int
    uploads: tuple[int, int]
    to_compare: int
    several_drafts: int
    estimate: Estimate
    troubles: Sequence[Trouble]
    to_fix: str = field(repr=False)
    template: str
    offer: Question | None = field(repr=False)
    asked: Sequence[Question] = field(repr=False)
    digest: str = field(repr=False)

    @property
    def total(self) -> int:
        """Number of notes that a person agrees to: all that may be sent or looked up."""
        return self.remaining.total

    @property
    def must_decide(self) -> list[Question]:
        """Open questions that aren't optional. While there are any, nothing can be sent."""
        return [question for question in self.questions if not question.is_optional]

    @property
    def to_update(self) -> int:
        """Number of notes that are to follow the sheet, if a person agrees where that is needed."""
        return self.updates["total"] if self.follows else 0

    @property
    def is_clear(self) -> bool:
        """Whether nothing is undecided, and no guard fires."""
        return not self.questions and not self.guarded

    @property
    def exit_status(self) -> int:
        """Exit status that a run of the file would have if the API accepted every note."""
        return 2 if self.must_decide or self.guarded else int(bool(self.expected.to_fix))
