"""Text → canonical values, or a problem with its cell. Every row is checked before the first request.

Comes in: a sheet's blocks of text and the roles of its columns. Goes out: :class:`~importer.models.Rows`. A value is
read once for all the rows that hold it, so that a million rows cost little more than their distinct values.
"""

from __future__ import annotations

import difflib
import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeVar

import numpy as np
import pandas as pd

from importer.columns import Role, Roles, overlooked
from importer.markup import INVISIBLE, ContentKind, content_of
from importer.models import TEXT, Note, Problem, Rows, Status, Texts, Visibility
from importer.reading import Sheet, cell_name
from importer.results import was_cut

# The words people use, per value: English, then German, French, Spanish, Portuguese.
VISIBILITY_WORDS: Mapping[Visibility, tuple[str, ...]] = {
    Visibility.PUBLIC: (
        "1", "Public", "Team", "Everyone", "All", "Shared", "All team members", "Whole team",
        "Öffentlich", "Alle", "Publique", "Tous", "Équipe", "Público", "Pública", "Todos", "Equipo", "Equipe",
    ),
    Visibility.PRIVATE: (
        "2", "Private", "Only me", "Me", "Owner", "Personal", "Just me", "Owner only",
        "Privat", "Nur ich", "Privé", "Privée", "Moi seulement", "Privado", "Privada", "Solo yo", "Só eu",
        "Somente eu",
    ),
}  # fmt: skip
STATUS_WORDS: Mapping[Status, tuple[str, ...]] = {
    Status.DRAFT: (
        "0", "Draft", "Unpublished", "Entwurf", "Brouillon", "Borrador", "Rascunho",
    ),
    Status.PUBLISHED: (
        "1", "Published", "Publish", "Live", "Final", "Veröffentlicht", "Publié", "Publiée", "Publicado", "Publicada",
    ),
}  # fmt: skip

_LINE_END = re.compile("\r\n?|[\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What a spreadsheet program makes of a long number: digits lost behind an exponent, or zeros after the fifteenth digit.
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?E\+\d+|[1-9]\d{14}0{3,}", re.IGNORECASE)
# What a cell shows whose formula failed, in Excel's English, German, French, Spanish and Portuguese.
_ERROR_VALUE = re.compile(
    r"#¡?(N/A|N/D|NV|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|VALOR!|NAME\?|NOM\?|NOMBRE\?|NOME\?|DIV/0!|NUM!|ZAHL!|NOMBRE!"
    r"|NULL!|NUL!|NULO!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
)
_Value = TypeVar("_Value", Visibility, Status)
_LONGEST_SHOWN = 60
_LONGEST_ID = 200
_FIRST_LOOK = 100  # rows that tell of nearly every column whether it may hold a role's values
_LONGEST_NEAR = 40
"""Characters up to which a text is looked at for a near word; the longest word has 16, and none of more is like it."""


@dataclass(frozen=True)
class Rules:
    """What the person said about values.

    Attributes:
        default_visibility: for blank cells and sheets without the column; None: a blank is a problem.
        content: how the cells of the content column are meant.
    """

    default_visibility: Visibility | None = None
    content: ContentKind = ContentKind.AUTO


def validate(sheet: Sheet, roles: Roles, rules: Rules) -> Rows:
    """Read every row of a sheet; what is wrong with a row is a value, never an exception."""
    return _Validation(sheet, roles, rules).rows()


def cleaned_id(text: str) -> str:
    """An id or a choice without outer spaces, no-break spaces and signs that nobody sees."""
    return INVISIBLE.sub("", text.replace("\u00a0", " ")).strip()


def _is_unclean(text: str) -> bool:
    return cleaned_id(text) != text.strip(string.whitespace)


def cleaned_content(text: str) -> str:
    r"""A note without outer white space and with ``\n`` line ends; what notes are compared by."""
    return _LINE_END.sub("\n", text).strip()


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What a value is read as that is none: says why."""

    reason: str


class _Column:
    """Codes for the values of one column: each distinct text is read once, then known by its number.

    Attributes:
        position: of the column in the sheet, None where the sheet has no such column.
        values: what the codes mean.
        cleaned: cells that held signs which nobody sees, where those don't belong to the value.
    """

    def __init__(self, position: int | None, read: Callable[[str], object], *, is_prose: bool = False) -> None:
        self.position = position
        self.values: list[object] = []
        self.cleaned = 0
        self._unclean: set[str] = set()
        self._read = read
        self._is_prose = is_prose
        self._code: dict[str, int] = {}
        self._code_of_value: dict[object, int] = {}

    def codes(self, block: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """One code a row: an index into ``values``, where a :class:`_Wrong` stands for a value that is none."""
        texts = repeat("", len(block)) if self.position is None else block[self.position].array
        code, add = self._code, self._add
        codes = np.fromiter(
            (code[text] if text in code else add(text) for text in texts), dtype=np.int32, count=len(block)
        )
        if self._unclean:
            self.cleaned += int(block[self.position].isin(self._unclean).sum())
        return codes

    def _add(self, text: str) -> int:
        value = self._read(text)
        code = self._code_of_value.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        self._code[text] = code
        if not self._is_prose and _is_unclean(text):
            self._unclean.add(text)
        return code

    def wrong(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """For each code whether its value is wrong."""
        return np.array([isinstance(value, _Wrong) for value in self.values], dtype=bool)


class _Overlooked:
    """Looks for columns that were meant for the visibility or the status, but whose headings nobody knows.

    Such a column holds nothing but words of these roles, and at least one of a role that no column has. Where the
    visibility has its column, a second one with ``Everyone`` and ``Team`` is about something else; bare numbers, as in
    ``0`` and ``1``, are everywhere. A column is looked at until it holds anything else, which for most is its first
    block's first rows.
    """

    def __init__(self, sheet: Sheet, roles: Roles) -> None:
        self._headings = sheet.headings
        self._vacant = [role for role in _WORDS if role in roles.vacant]
        self._values: dict[int, dict[str, None]] = {i: {} for i in roles.unexplained if self._vacant}

    def look(self, block: pd.DataFrame) -> None:
        """Drop the columns in which something else stands."""
        for position, values in [*self._values.items()]:
            column = block[position]
            for part in (column.iloc[:_FIRST_LOOK], column.iloc[_FIRST_LOOK:]):
                new = [text for text in part.unique() if text not in values]
                values.update(dict.fromkeys(new))
                if not all(_is_word(text) for text in new):
                    del self._values[position]
                    break

    def sentences(self) -> list[str]:
        """What to say of those that are left."""
        found = []
        for position, texts in self._values.items():
            values = list({_folded(cleaned_id(text)): cleaned_id(text) for text in texts if cleaned_id(text)}.values())
            telling = {_folded(value) for value in values if not value.isdecimal()}
            roles = [role for role in self._vacant if telling & _WORDS[role]]
            if roles:
                found.append(overlooked(self._headings, position, roles, values))
        return found


def _is_word(text: str) -> bool:
    """Whether a cell is blank, or holds a word that says who may see a note or whether it is published."""
    if len(text) > _LONGEST_SHOWN:
        return False
    word = _folded(cleaned_id(text))
    return not word or any(word in words for words in _WORDS.values())


class _Validation:
    """One pass over a sheet."""

    def __init__(self, sheet: Sheet, roles: Roles, rules: Rules) -> None:
        self.sheet, self.roles, self.rules = sheet, roles, rules
        at = roles.columns.get
        self.content = _Column(at(Role.CONTENT), _read_content, is_prose=True)
        self.visibility = _Column(at(Role.VISIBILITY), self._read_visibility)
        self.status = _Column(at(Role.STATUS), _read_status)
        self.attachments = _Column(at(Role.ATTACHMENTS), _read_attachments)
        self.problems: dict[int, list[Problem]] = {}
        self.done: dict[int, str] = {}
        self.cleaned_ids = 0

    def rows(self) -> Rows:
        size = self.sheet.row_count
        number = np.zeros(size, dtype=np.int32)
        prospect: Texts = np.full(size, "", dtype=TEXT)
        note = np.full(size, -1, dtype=np.int32)
        key: Texts | None = np.full(size, "", dtype=TEXT) if Role.KEY in self.roles.columns else None
        notes: list[Note] = []
        note_of: dict[tuple[int, ...], int] = {}
        unexplained = _Overlooked(self.sheet, self.roles)
        start = 0
        for block in self.sheet.blocks():
            unexplained.look(block)
            part = slice(start, start + len(block))
            number[part] = block.index
            ids = self._prospects(block, start)
            prospect[part] = np.array(ids, dtype=TEXT)
            if key is not None:
                key[part] = np.array([text.strip() for text in block[self.roles.columns[Role.KEY]]], dtype=TEXT)
            codes = [column.codes(block) for column in self._columns()]
            self._note_problems(block, codes, start)
            self._note_flaws(block, start)
            self._note_done(block, start)
            usable = np.array(
                [start + i not in self.problems and start + i not in self.done for i in range(len(block))]
            )
            note[part] = self._notes(codes, usable, notes, note_of)
            start += len(block)
        return Rows(
            number, prospect, note, notes, key, self.problems, self.done, self._remarks(), unexplained.sentences()
        )

    def _columns(self) -> tuple[_Column, _Column, _Column, _Column]:
        return (self.content, self.visibility, self.status, self.attachments)

    def _prospects(self, block: pd.DataFrame, start: int) -> list[str]:
        """The block's cleaned prospect ids; what is wrong with one is noted."""
        column = self.roles.columns[Role.PROSPECT]
        ids = block[column].tolist()
        for i, text in enumerate(ids):
            if text.isascii() and text.isalnum() and not text[0].isdigit() and len(text) <= _LONGEST_ID:
                continue  # what nearly every id looks like
            prospect = cleaned_id(text)
            self.cleaned_ids += _is_unclean(text)
            if wrong := _wrong_with_id(prospect):
                self._add(start + i, block.index[i], column, text, wrong)
            ids[i] = prospect[:_LONGEST_ID]
        return ids

    def _notes(
        self,
        codes: Sequence[np.ndarray[tuple[int], np.dtype[np.int32]]],
        usable: np.ndarray[tuple[int], np.dtype[np.bool_]],
        notes: list[Note],
        note_of: dict[tuple[int, ...], int],
    ) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        """For each row of a block the index of its note in ``notes``, which grows; -1 where the row is not usable."""
        result = np.full(len(usable), -1, dtype=np.int32)
        combined = pd.DataFrame(dict(enumerate(column[usable] for column in codes)))
        combination = combined.groupby(list(combined.columns), sort=False).ngroup().to_numpy()
        index = []
        for row in combined.iloc[np.unique(combination, return_index=True)[1]].itertuples(index=False, name=None):
            if row not in note_of:
                note_of[row] = len(notes)
                notes.append(self._note(row))
            index.append(note_of[row])
        if index:
            result[usable] = np.array(index, dtype=np.int32)[combination]
        return result

    def _note(self, row: tuple[int, ...]) -> Note:
        content, visibility, status, attachments = (
            column.values[code] for column, code in zip(self._columns(), row, strict=True)
        )
        assert isinstance(content, str)
        assert isinstance(visibility, Visibility)
        assert isinstance(status, Status)
        assert isinstance(attachments, tuple)
        return Note(content, visibility, status, attachments, content_of(content, self.rules.content))

    def _note_problems(
        self, block: pd.DataFrame, codes: Sequence[np.ndarray[tuple[int], np.dtype[np.int32]]], start: int
    ) -> None:
        for column, code in zip(self._columns(), codes, strict=True):
            wrong = column.wrong()
            at = column.position
            for i in np.flatnonzero(wrong[code]).tolist() if wrong.any() else ():
                found = column.values[code[i]]
                assert isinstance(found, _Wrong)
                value = "" if at is None else str(block.iat[i, at])
                self._add(start + i, block.index[i], at, value, found.reason)

    def _note_flaws(self, block: pd.DataFrame, start: int) -> None:
        """What reading found wrong, where it concerns a row as a whole or a cell that is used."""
        flaws = self.sheet.flaws
        if not flaws:
            return
        used = set(self.roles.columns.values())
        for i, number in enumerate(block.index):
            for flaw in flaws.get(number, ()):
                if flaw.column is None or flaw.column in used:
                    value = "" if flaw.column is None else str(block.iat[i, flaw.column])
                    self._replace(start + i, number, flaw.column, value, flaw.text)

    def _note_done(self, block: pd.DataFrame, start: int) -> None:
        """Rows that an earlier results file says were delivered are left alone, whatever else stands in them."""
        if not self.roles.ours:
            return
        column = self.roles.ours["note_id"]
        for i, text in enumerate(block[column]):
            if note_id := cleaned_id(text):
                self.done[start + i] = note_id
                self.problems.pop(start + i, None)

    def _add(self, position: int, number: int, column: int | None, value: str, text: str) -> None:
        name = f"row {number}" if column is None else cell_name(self.sheet.name, int(number), column)
        problem = Problem(int(number), column, name, _shortened(value), text)
        self.problems.setdefault(position, []).append(problem)

    def _replace(self, position: int, number: int, column: int | None, value: str, text: str) -> None:
        """A flaw of the cell explains what validation would say of its text."""
        name = None if column is None else cell_name(self.sheet.name, int(number), column)
        kept = [problem for problem in self.problems.pop(position, ()) if problem.cell != name]
        if kept:
            self.problems[position] = kept
        self._add(position, number, column, value, text)

    def _remarks(self) -> list[str]:
        counts = {
            "prospect id": self.cleaned_ids,
            "visibility": self.visibility.cleaned,
            "status": self.status.cleaned,
            "attachment": self.attachments.cleaned,
        }
        cells = [f"{count:,} {what} cell{'' if count == 1 else 's'}" for what, count in counts.items() if count]
        if not cells:
            return []
        return [
            f"{' and '.join(cells)} held characters that nobody sees (such as no-break or zero-width spaces); they were"
            " removed."
        ]

    def _read_visibility(self, text: str) -> Visibility | _Wrong:
        choice = cleaned_id(text)
        if choice:
            return _choice(choice, VISIBILITY_WORDS, "visibility", "Public (or 1) and Private (or 2)")
        return self.rules.default_visibility or _Wrong(
            "the visibility is blank; write Public or Private, or run with --default-visibility private"
        )


def _read_status(text: str) -> Status | _Wrong:
    choice = cleaned_id(text)
    if not choice:
        return Status.PUBLISHED  # the API's own default (vendor's reference, Create Note)
    return _choice(choice, STATUS_WORDS, "status", "Published (or 1), Draft (or 0), and blank for published")


def _read_content(text: str) -> str | _Wrong:
    content = cleaned_content(text)
    if not INVISIBLE.sub("", content).strip():
        return _Wrong("the note is empty; write its text, or delete the row")
    if _ERROR_VALUE.fullmatch(content):
        return _Wrong(_error_value(content))
    if was_cut(content):
        return _Wrong("an earlier results workbook holds only the beginning of this note; paste its whole text")
    if match := _CONTROL.search(content):
        return _Wrong(
            f"the note holds a control character (number {ord(match[0])}) that can't be sent; delete it,"
            " or type that part of the note anew"
        )
    if any("\ud800" <= sign <= "\udfff" for sign in content):
        return _Wrong("the note holds half of a character (a damaged emoji); type that part anew")
    return content


def _read_attachments(text: str) -> tuple[str, ...] | _Wrong:
    ids = [cleaned_id(part) for part in re.split(r"[,;\n]", text)]
    found = tuple(dict.fromkeys(part for part in ids if part))
    for attachment in found:
        if wrong := _wrong_with_id(attachment, "attachment id"):
            return _Wrong(wrong)
    return found


def _wrong_with_id(text: str, what: str = "prospect id") -> str | None:
    """What is wrong with a cleaned id, if anything; ids are opaque, so only what surely is none is turned away."""
    if not text:
        return f"the {what} is blank; write the id that Saleshandy shows for it"
    if _ERROR_VALUE.fullmatch(text):
        return _error_value(text)
    if len(text) > _LONGEST_ID:
        return f"the {what} has {len(text):,} characters, which no id has"
    if re.search(r"\s", text):
        several = "one id a row" if what == "prospect id" else "separate several by commas"
        return f"the {what} {_shortened(text)!r} holds a space or a line break; {several}"
    if re.match(r"https?://", text) or not any(sign.isalnum() for sign in text):
        return f"{_shortened(text)!r} is no {what}; write the id that Saleshandy shows for it"
    if re.fullmatch(r"[^@]+@[^@]+\.[^@]+", text):
        return f"{_shortened(text)!r} is an e-mail address; write the {what} that Saleshandy shows for it"
    if _CONTROL.search(text) or any("\ud800" <= sign <= "\udfff" for sign in text):
        return f"the {what} holds a control character; type it anew"
    if _DAMAGED.fullmatch(text):
        return (
            f"the {what} {text!r} was damaged by a spreadsheet program, which took it for a number and lost digits;"
            " format the column as text and paste the ids anew"
        )
    return None


def _error_value(text: str) -> str:
    return f"the cell shows the error {text}; correct the formula, or type the value"


def _choice(text: str, words: Mapping[_Value, tuple[str, ...]], what: str, allowed: str) -> _Value | _Wrong:
    """The value that a word stands for; exact words only, near ones are suggested."""
    word = _folded(text)
    values = {_folded(known): value for value, all_known in words.items() for known in all_known}
    found = values.get(word)
    if found is not None:
        return found
    near = difflib.get_close_matches(word, values, n=1, cutoff=0.6) if len(word) <= _LONGEST_NEAR else ()
    meant = f"; did you mean {words[values[near[0]]][1]}?" if near else ""
    return _Wrong(f"{_shortened(text)!r} is no {what}; allowed are {allowed}{meant}")


def _folded(word: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", word).casefold().replace("_", " ").split())


_WORDS: Mapping[Role, frozenset[str]] = {
    role: frozenset(_folded(word) for known in words.values() for word in known)
    for role, words in ((Role.VISIBILITY, VISIBILITY_WORDS), (Role.STATUS, STATUS_WORDS))
}


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
