"""Define the identities of rows: what a row says, whatever its visibility, its status and its markup.

Input: rows. Output: digests. Two rows, or a row and a delivery, with the same prospect are the same note if they share
the digest of a record or of a text. A digest has 16 bytes. Its first byte is its sort, so that the digests of a
delivery can be told apart; the digest of a record has one half for the heading of its column and one for the ID.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from importer.journal.memory import keyed
from importer.markup import targets, visible
from importer.models import AttachedFile, Ints, Note, Rows, Texts, hashed

TEXT, RECORD, WORDS = b"T", b"R", b"W"
"""First byte of the digest of a text, of a record, and of the text of a cell that a template composes."""

_HALF = 8
_GUID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.IGNORECASE)
_NUMBER = re.compile(r"(\d+|\d{1,3}([,.'’ \u202f])\d{3}(?:\2\d{3})*)(?:[.,]0+)?")  # with separators and decimals
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


class RowIdentity(NamedTuple):
    """What a row says to its prospect.

    Attributes:
        texts: digests of its text. There are two if files are attached: with their contents, and with their names.
        record: digest of its record; empty if it has none.
        earlier: digests of its text as earlier templates composed it.
        plain: digests of its text without the template that composes it and without further fields, if it has either.
        words: digest of the template, and of the text of its cell.
        stood: digests of what the row said before somebody corrected it, and of its place in the file.
    """

    position: int
    texts: tuple[bytes, ...]
    key: str = ""
    record: bytes = b""
    note_ids: frozenset[str] = frozenset()
    earlier: tuple[bytes, ...] = ()
    plain: tuple[bytes, ...] = ()
    words: bytes = b""
    stood: tuple[bytes, ...] = ()

    @property
    def all(self) -> list[bytes]:
        """All digests by which a delivery of the row is to be known."""
        words = [self.words] if self.plain else []
        return [*self.texts, *([self.record] if self.record else []), *words]


def text_digests(note: Note, files: Mapping[str, AttachedFile]) -> tuple[bytes, ...]:
    """Return the digests of what a reader sees of a note: its text, the targets of links and pictures, attachments.

    An attached file is known by its content, and by its name: a file under another name makes no other note, and one
    that was saved anew makes none in a later sheet.
    """
    said = [visible(note.content), *targets(note.content)]
    said += [part for role, text in note.further for part in ("further", role, text)]
    if not note.files:
        return (_digest(TEXT, *said, "", *sorted(note.attachments)),)
    names = sorted({files[digest].name if digest in files else digest for digest in note.files})
    return _digest(TEXT, *said, "holding", *sorted(note.files)), _digest(TEXT, *said, "named", *names)


def same_texts(notes: Sequence[Note], files: Mapping[str, AttachedFile]) -> Ints:
    """Return a number for each note of a sheet, which notes share if they say, and their files hold, the same."""
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(text_digests(note, files)[0], i) for i, note in enumerate(notes)], np.int32)


def record_digest(record: str) -> bytes:
    """Return the digest of a record: the heading of its column, a space, and its ID; empty for a row without one."""
    if not record:
        return b""
    heading, _, number = record.partition(" ")
    return RECORD + hashed(heading)[: _HALF - 1] + hashed(number)[:_HALF]


def spelled_alike(record: str) -> str:
    """Return the ID of a record in the spelling that all its spellings share: numbers, GUIDs, IDs of Salesforce."""
    if number := _NUMBER.fullmatch(record):
        return re.sub(r"\D", "", number[1])
    if _GUID.fullmatch(record):
        return record.strip("{}").lower()
    return record[:15] if record[15:] == _checks_of(record[:15]) else record


def _checks_of(number: str) -> str:
    """Return the three characters that Salesforce puts after an ID of 15 to say which of its letters are capitals."""
    if not (number.isascii() and number.isalnum()):
        return ""
    fives = (number[start : start + 5] for start in range(0, 15, 5))
    return "".join(_CHECKS[sum(sign.isupper() << i for i, sign in enumerate(five))] for five in fives)


def words_digest(template: str, text: str) -> bytes:
    """Return the digest of a cell's text, and of the template that composes the note's text from it; empty if none."""
    return WORDS + hashed(template)[: _HALF - 1] + hashed(visible(text))[:_HALF]


def part_of(digest: bytes) -> bytes:
    """Return the part of a digest that names the heading of a record, or the template of words."""
    return digest[:_HALF]


@dataclass(frozen=True)
class Identities:
    """The identities of a sheet's rows. Emails are digested with the API ``key``, unless it is empty."""

    rows: Rows
    key: str = field(default="", repr=False)

    @cached_property
    def templates(self) -> frozenset[bytes]:
        """Parts of the digests of words that name this sheet's template, or an earlier one of its kind."""
        earlier = (part_of(words_digest(template, "")) for template, _ in self.rows.earlier)
        return frozenset({part_of(words_digest(self.rows.template, "")), *earlier})

    def of(self, positions: Sequence[int]) -> Iterator[RowIdentity]:
        """Yield the identities of some rows."""
        rows, positions = self.rows, [*positions]
        keys, records = texts_at(rows.key, positions), texts_at(rows.record, positions)
        numbers, of_sheet = rows.note[positions].tolist(), rows.of_sheet(np.array(positions, dtype=np.int32)).tolist()
        for position, row, number, key, record in zip(positions, of_sheet, numbers, keys, records, strict=True):
            note_ids = frozenset(rows.done.get(row, ()))
            if number < 0:
                yield RowIdentity(position, (), note_ids=note_ids)
                continue
            earlier = self._earlier(row, rows.notes[number]) if rows.earlier else ()
            texts, *of_words = self._said[number]
            yield RowIdentity(position, texts, key, record_digest(record), note_ids, earlier, *of_words)

    @cached_property
    def _said(self) -> list[tuple[tuple[bytes, ...], tuple[bytes, ...], bytes]]:
        """Digests of the text of each note, of its text alone (``plain``), and of its words."""
        template, files, said = self.rows.template, self.rows.files, []
        for note in self.rows.notes:
            cell = note.uncomposed if template else note.content
            plain: tuple[bytes, ...] = ()
            if template or note.further:
                plain = text_digests(replace(note, content=cell, further=()), files)
            said.append((text_digests(note, files), plain, words_digest(template, cell)))
        return said

    def _earlier(self, row: int, note: Note) -> tuple[bytes, ...]:
        """Return the digests of a row's text as earlier templates composed it."""
        contents = filter(None, (contents()[row] for contents in self.rows.earlier.values()))
        found = (text_digests(replace(note, content=content), self.rows.files) for content in contents)
        return tuple(digest for digests in found for digest in digests)

    def who(self, positions: Sequence[int]) -> list[str]:
        """Return the prospect of each row; of a row whose email isn't looked up, the keyed digest of the email."""
        people = zip(texts_at(self.rows.prospect, positions), texts_at(self.rows.email, positions), strict=True)
        return [self.digest_of(email) if prospect == email else prospect for prospect, email in people]

    def names(self, positions: Sequence[int]) -> list[list[str]]:
        """Return all by which the prospect of each row is known: its ID if that is known, and its email's digest."""
        emails = texts_at(self.rows.email if self.key else None, positions)
        return [
            [*dict.fromkeys([who, *([self.digest_of(email)] if email else [])])]
            for who, email in zip(self.who(positions), emails, strict=True)
        ]

    def digest_of(self, email: str) -> str:
        """Return the keyed digest of an email, by which the journal knows it; the email itself if there is no key."""
        if not self.key or not email:
            return email
        return f"@{keyed(self.key, email)}"


def texts_at(column: Texts | None, positions: Sequence[int] | Ints) -> list[str]:
    """Return the texts of a column at these positions; empty ones if there is no such column."""
    return [""] * len(positions) if column is None else column[np.asarray(positions, dtype=np.int32)].tolist()


def place_digest(fingerprint: str, sheet: str, row: int) -> bytes:
    """Return the digest of a row's place in a file, by which the row is known whatever somebody corrects in it."""
    return _digest(TEXT, "row", fingerprint, sheet, str(row))


def delivery_name(workspace: str, prospect: str, row: RowIdentity, occurrence: str) -> bytes:
    """Return the name of the delivery that a row makes, so that two processes can't both claim it."""
    return _digest(b"D", workspace, prospect, row.texts[0].hex(), row.record.hex(), row.key, occurrence)


def _digest(sort: bytes, *parts: str) -> bytes:
    return sort + hashed("".join(f"{len(part)}:{part}" for part in parts))[:15]
