"""Read cells: a prospect's ID or email address, a note's content, or attachment IDs.

Input: a cell's text. Output: the value, or :class:`Wrong`. No email is guessed: a cell with other words is an error. A
column is read block by block; for speed, each distinct text of it is read only once, and then represented by a code.
Emails are also read in ``mailto:jo@example.com``, ``Jo Berg <Jo@Example.com>`` and ``Jo Berg (jo@example.com)``. A cell
that names several people, with separators between them, gives all of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from importer.markup import INVISIBLE, is_html, targets, visible
from importer.messages import Cell, Message, in_quotes, say
from importer.models import Ints, Role, Status, Visibility
from importer.resultsfile import was_cut

Value: TypeAlias = Visibility | Status

_WORDS = re.compile(r"(?:\A|>)[^<>&]*\w")  # outside of markup
_LINE_END = re.compile("\r\n?|[\x0b\x0c\u2028\u2029]")  # \x0b is Word's line break within a paragraph
_HALF = re.compile("[\ud800-\udfff]")  # a lone surrogate, half a character
_DOUBTFUL = re.compile("\\A#|\\]\\Z|[\ud800-\udfff]")  # an error value, the end of a cut text, half a character
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")  # which notes can't have: not tabs or line breaks
# Long numbers damaged by a spreadsheet program: digits lost to an exponent, or zeros after the fifteenth digit.
_DAMAGED = re.compile(r"\d(?:[.,]\d+)?E\+\d+|[1-9]\d{14}0{3,}", re.IGNORECASE)
# Error values of formulas in Excel, in English, German, French, Spanish and Portuguese.
_ERROR_VALUE = re.compile(
    r"#¡?(N/A|N/D|NV|REF!|BEZUG!|VALUE!|WERT!|VALEUR!|VALOR!|NAME\?|NOM\?|NOMBRE\?|NOME\?|DIV/0!|NUM!|ZAHL!|NOMBRE!"
    r"|NULL!|NUL!|NULO!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)"
)
_FILE_NAME = re.compile(r".*\.[^\W_]{1,5}|.*[/\\].*")  # a file extension or a path; IDs have neither
TEXT = np.dtypes.StringDType()
"""Data type of a column with texts of any length."""
_LONGEST_SHOWN = 60
LONGEST_ID = 200
ID_SHAPE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?![A-Z][a-z]+$)[A-Za-z0-9]{8,10}")
"""Shape of the IDs in Saleshandy's documentation: 8 to 10 mixed-case letters and digits, but not a capitalised word."""
_LIKE_AN_ID = re.compile(r"[A-Za-z0-9]{8,10}")
_SEPARATORS = re.compile("[;,|\r\n\x0b\u2028\u2029]")
LONGEST_KEY = 400
"""Maximum length of an occurrence key in characters: every database can index it, whatever the characters are."""
SURE_ID = re.compile(r"(?!(?i:true|false)\Z)[A-Za-z][A-Za-z0-9]{0,199}")
"""Texts that can be IDs for certain: alphanumeric, no number, and not a checkbox's TRUE or FALSE."""
_LONGEST_EMAIL = 320
_ADDRESS = re.compile(r"[^\s<>(),:;\"\[\]|/\\@]+@[^\s<>(),:;\"\[\]|/\\@]+")
_DOMAIN = re.compile(r"(?:[^\s.]+\.)+[^\s.]{2,}")
_NAMED = re.compile(r"[^<>]*<([^<>]*)>|[^()]*\(([^()]*)\)")
# What stands between separators, which don't count within quotes and brackets.
_BETWEEN = re.compile(r"""(?:"[^"]*"|\([^()]*\)|<[^<>]*>|[^;|\r\n\x0b\u2028\u2029])+""")
_BETWEEN_COMMAS = re.compile(r"""(?:"[^"]*"|\([^()]*\)|<[^<>]*>|[^,])+""")
_SCHEME = re.compile(r"mailto:\s*", re.IGNORECASE)
# The IDs that Saleshandy shows. It matches no word or name.
_SHOWN_ID = re.compile(r"(?=.*[a-z])(?=.+[A-Z0-9])[A-Za-z0-9]{10}")
_QUERY = re.compile(r"(?<=[^\s?])\?[^\s>)]*")  # the query of a mailto link: ?subject=…


def cleaned_id(text: str) -> str:
    """Return an ID or a word without outer spaces and invisible characters; no-break spaces become plain ones."""
    return INVISIBLE.sub("", text.replace("\u00a0", " ")).strip()


def cleaned_content(text: str) -> str:
    r"""Return a note without outer white space and control characters, with ``\n`` line ends, to compare notes."""
    return CONTROL.sub("", _LINE_END.sub("\n", text)).strip()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A cell's text that is not a valid value.

    Attributes:
        word: the text if it is a word to which the setting ``value`` can give a meaning; else empty.
        is_left_out: whether the user said to leave out rows with this word, so that the row is no problem.
        column: position of the cell's column, if it isn't the column of the value.
        part: the part of the text that is not valid; empty if the whole text isn't.
        near: the word that is probably meant; empty if there is none.
    """

    reason: Message
    word: str = ""
    is_left_out: bool = False
    column: int | None = None
    part: str = ""
    near: str = ""


def _is_empty(content: str) -> bool:
    """Return whether a note shows nothing: no sign, no picture and no link."""
    has_no_target = is_html(content) and not targets(content)
    return not INVISIBLE.sub("", visible(content) if has_no_target else content).strip()


def read_content(text: str) -> str | Wrong:
    """Return the cleaned content of a note, or why it is not valid: empty, an error value, cut, or half a character."""
    content = cleaned_content(text)
    if not _WORDS.search(content) and _is_empty(content):  # the markup of most notes isn't parsed here
        return Wrong(say("note.empty"))
    wrong = _wrong_with_text(content) if _DOUBTFUL.search(content) else None
    return Wrong(wrong) if wrong else content


def read_field(column: int | None, text: str) -> str | Wrong:
    """Return the value of a further field, or that a template puts before a text, or why it is not valid."""
    value = cleaned_content(text)
    if not INVISIBLE.sub("", value).strip():
        return ""
    wrong = _wrong_with_text(value)
    return Wrong(wrong, column=column) if wrong else value


def _wrong_with_text(content: str) -> Message | None:
    """Return why a text that is not empty can't be part of a note, or None."""
    if error := error_in(content):
        return error
    if was_cut(content):
        return say("note.cut")
    return say("note.half-a-character") if _HALF.search(content) else None


def read_attachments(text: str) -> tuple[str, ...] | Wrong:
    """Return the attachment IDs in a cell, each once; they are separated by commas, semicolons or line breaks."""
    ids = [cleaned_id(part) for part in re.split(r"[,;\n]", text)]
    attachments = tuple(dict.fromkeys(part for part in ids if part))
    for attachment in attachments:
        if _FILE_NAME.fullmatch(attachment) and not is_link(attachment) and "@" not in attachment:
            return Wrong(say("attachment.file-name", value=Cell(quoted(attachment))))
        if wrong := wrong_with_id(attachment, "attachment"):
            return Wrong(wrong)
    return attachments


def read_emails(text: str) -> tuple[str, ...] | Wrong:
    """Return the emails in a cell, each once and in lowercase; none if the cell is blank.

    If the cell names several people, IDs may stand among the emails.
    """
    cell = cleaned_id(text)
    if wrong := error_in(cell):
        return Wrong(wrong)
    parts = _parts(cell) if _SEPARATORS.search(cell) else [cell] if cell else []
    people = {part: part if part != cell and is_id(part) else _one_email(part) for part in parts}
    each = tuple(dict.fromkeys(person for person in people.values() if isinstance(person, str)))
    if parts and not any("@" in person for person in each):
        found = _one_email(cell)
        return found if isinstance(found, Wrong) else (found,)
    for part, person in people.items():
        if isinstance(person, Wrong):
            return Wrong(say("people.unreadable", value=Cell(quoted(part))), part=part)
    return each


def _one_email(cell: str) -> str | Wrong:
    plain = cell
    if _SCHEME.search(cell):
        plain = _QUERY.sub("", _SCHEME.sub("", cell))
    addresses = list(dict.fromkeys(match.lower() for match in _ADDRESS.findall(plain[: 10 * _LONGEST_EMAIL])))
    if len(addresses) > 1:
        return Wrong(say("email.holds-several", value=Cell(quoted(cell)), n=len(addresses)))
    with_name = _NAMED.fullmatch(plain)
    address = (with_name[1] or with_name[2] or "" if with_name else plain).strip(" \t\r\n;,").lower()
    if not addresses or address != addresses[0] or not _is_email(address):
        return Wrong(say("email.no-email", value=Cell(quoted(cell))))
    return address


def _parts(cell: str) -> list[str]:
    """Return the parts of a cell between its separators. A comma may also be part of a name: ``Berg, Jo <jo@…>``."""
    parts: list[str] = []
    for line in filter(None, map(cleaned_id, _BETWEEN.findall(cell))):
        names = [line] if isinstance(_one_email(line), str) else map(cleaned_id, _BETWEEN_COMMAS.findall(line))
        before = len(parts)
        for name in filter(None, names):
            is_surname = len(parts) > before and "@" not in parts[-1] and not is_id(parts[-1])
            parts.append(f"{parts.pop()}, {name}" if is_surname and _NAMED.fullmatch(name) else name)
    return parts


def ids_in(cell: str) -> tuple[str, ...]:
    """Return the IDs, each once, of a cell with separators; empty if it has none, or holds anything else."""
    ids = tuple(dict.fromkeys(filter(None, map(cleaned_id, _SEPARATORS.split(cell)))))
    is_sure = all(map(_LIKE_AN_ID.fullmatch, ids)) and any(map(ID_SHAPE.fullmatch, ids))
    return ids if is_sure and ids != (cell,) else ()


def is_id(text: str) -> bool:
    """Return whether a cleaned cell holds a prospect ID, which may replace an email that several prospects have."""
    return _SHOWN_ID.fullmatch(text) is not None


def _is_email(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    is_plain = address.isprintable() and not any("\ud800" <= sign <= "\udfff" for sign in address)
    return bool(local) and is_plain and len(address) <= _LONGEST_EMAIL and _DOMAIN.fullmatch(domain) is not None


def wrong_with_id(text: str, what: str = "prospect") -> Message | None:
    """Return why a text is certainly not the ID of a prospect or an attachment, or None; IDs are opaque."""
    value = Cell(quoted(text))
    if not text:
        return say("id.blank", what=what)
    if error := error_in(text):
        return error
    if len(text) <= LONGEST_ID and re.search(r"\s", text):
        return say("id.space", value=value, what=what)
    is_checkbox, is_email = text.casefold() in ("true", "false"), re.fullmatch(r"[^@]+@[^@]+\.[^@]+", text)
    is_text = any(sign.isalnum() for sign in text) and not CONTROL.search(text) and not _HALF.search(text)
    if len(text) > LONGEST_ID or is_link(text) or is_checkbox or is_email or not is_text:
        kind = "id.is-an-email" if is_email and what == "prospect" else "id.no-id"
        return say(kind, value=value, what=what)
    return say("id.damaged", value=value, what=what) if is_damaged(text) else None


def is_damaged(text: str) -> bool:
    """Return whether a text is a long number of which a spreadsheet program has lost digits."""
    return _DAMAGED.fullmatch(text) is not None


def is_link(text: str) -> bool:
    """Return whether a text begins like a web address."""
    return re.match(r"(?i)https?://", text) is not None


def error_in(text: str) -> Message | None:
    """Return the message about a cell that shows a formula's error, or None for other cells."""
    return say("cell.error", error=text) if _ERROR_VALUE.fullmatch(text) else None


def meaning(role: Role, word: str, value: Value | None) -> str:
    """Return the text for the setting ``value`` that gives a word a meaning; with None, its rows are left out."""
    return f"{role}:{word}={value.name.capitalize() if value else ''}"


def folded(word: str) -> str:
    """Return a word in comparable form: NFKC, without case, with single spaces in place of spaces and underscores."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().replace("_", " ").split())


def shortened(text: str) -> str:
    """Return a cell's text, cut to a length that fits in a message."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def quoted(text: str) -> str:
    """Return a cell's text for a message: shortened, in quotation marks, with invisible characters escaped."""
    return in_quotes(shortened(text)).replace("\\\\", "\\")


class ColumnReader:
    """Reader of one column, if the sheet has it. Each distinct text is read once and then represented by a code.

    ``values`` has the value, or the :class:`Wrong`, of each code, ``wrong`` the codes of the latter.
    ``texts`` are the distinct texts.
    """

    def __init__(self, position: int | None, read: Callable[[str], object]) -> None:
        self.position = position
        self.values: list[object] = []
        self._read = read
        self.code: dict[str, int] = {}
        self.texts: Collection[str] = self.code.keys()
        self._code_of_value: dict[object, int] = {}
        self.wrong: set[int] = set()

    def codes(self, block: Block) -> Ints:
        """Return the code of each row's text: an index into ``values``."""
        texts = block.column(self.position)
        for text in dict.fromkeys(texts):
            if text not in self.code:
                self.code[text] = self._code(self._read(text))
        return np.fromiter(map(self.code.__getitem__, texts), dtype=np.int32, count=len(block))

    def _code(self, value: object) -> int:
        code = self._code_of_value.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
            if isinstance(value, Wrong):
                self.wrong.add(code)
        return code

    def meanings(self) -> dict[str, Value | None]:
        """Return the value of each word in a column of visibility or status: public words first, None if left out."""
        spellings: dict[str, tuple[str, Value | None]] = {}
        for text, code in self.code.items():
            value, word = self.values[code], cleaned_id(text)
            if isinstance(value, Visibility | Status):
                spellings.setdefault(folded(word), (word, value))
            elif isinstance(value, Wrong) and value.is_left_out:
                spellings.setdefault(folded(word), (word, None))
        return dict(sorted(spellings.values(), key=lambda pair: (pair[1] is None, pair[1] or "")))


class WordReader(ColumnReader):
    """Reader of the column of visibility or status, and of further columns that can only make notes less visible.

    ``least`` is the value of the least visible note; ``further`` has position of each further column → whether a cell
    makes the note of its row so, and ``restricted`` the number of rows where it did.
    """

    def __init__(
        self,
        position: int | None,
        read: Callable[[str], object],
        least: Value,
        further: Mapping[int, Callable[[str], bool]],
    ) -> None:
        super().__init__(position, read)
        self._least, self._further = least, further
        self.restricted = dict.fromkeys(further, 0)

    def codes(self, block: Block) -> Ints:
        """See :meth:`ColumnReader.codes`. A cell that is not valid stays so."""
        codes = super().codes(block)
        for position, restricts in self._further.items():
            for i, text in enumerate(block.columns[position]):
                if restricts(text) and isinstance(value := self.values[codes[i]], Visibility | Status):
                    self.restricted[position] += value is not self._least
                    codes[i] = self._code(self._least)
        return codes


@dataclass(frozen=True)
class Block:
    """Some successive rows of a sheet. An index counts from the first of them, a position from the sheet's first."""

    numbers: Sequence[int]
    columns: Sequence[Sequence[str]]
    start: int = 0

    def __len__(self) -> int:
        return len(self.numbers)

    def without(self, positions: Collection[int]) -> Block:
        """Return the block with blank cells in the rows at these positions."""
        columns = [["" if self.start + i in positions else text for i, text in enumerate(one)] for one in self.columns]
        return Block(self.numbers, columns, self.start)

    def column(self, column: int | None) -> Sequence[str]:
        """Return the texts of a column, empty ones if the sheet has no such column."""
        return ("",) * len(self) if column is None else self.columns[column]

    def cell(self, index: int, column: int | None) -> str:
        """Return the text of a cell, empty if the sheet has no such column."""
        return "" if column is None else self.columns[column][index]
