"""Keep the rows of a run with their results and notes, so that a person can look at all of them, and search in them.

Input: the rows and their outcomes at the end of a run. Output: a private file (SQLite), and a page of the rows in it
that match. The file holds texts of the sheet, so it belongs beside the sheet, and goes with it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from importer.delivery.outcomes import Outcomes
from importer.importing.loaded import Loaded
from importer.importing.planning import text_of
from importer.messages import Message, cut, render, say
from importer.models import Note, Result, Role, Rows
from importer.settings.reading import WORDS

TO_FIX = "to fix"
"""In place of a result: the rows that need a person's attention, except the unconfirmed ones."""
_ON_A_PAGE = 100
"""Number of rows that are shown at once."""
_CHARACTERS = 3_000
"""Maximum number of characters shown of a note."""
_AT_ONCE = 4_000  # rows that are written at once
_TABLES = """
CREATE TABLE said (id INTEGER PRIMARY KEY, shown TEXT, audience TEXT, folded TEXT);
CREATE TABLE line (
    id INTEGER PRIMARY KEY, number INTEGER, prospect TEXT, email TEXT, result TEXT, part TEXT, reason INTEGER,
    note INTEGER, folded TEXT, note_id TEXT
);
"""
_MATCHES = """
    FROM line WHERE :result IN ('', result, part) AND (
        :words = '' OR instr(folded, :words) OR note_id = :words
        OR note IN (SELECT id FROM said WHERE instr(folded, :words))
        OR reason IN (SELECT id FROM said WHERE instr(folded, :words))
    )
"""
_COUNT = f"SELECT count(*) {_MATCHES}"
_PAGE = f"""
SELECT line.number, prospect, email, result, reason.shown, note.shown,
    CASE result WHEN 'already imported' THEN '' ELSE note.audience END
FROM (SELECT * {_MATCHES} ORDER BY id LIMIT {_ON_A_PAGE} OFFSET :start) AS line
LEFT JOIN said AS note ON note.id = line.note LEFT JOIN said AS reason ON reason.id = line.reason ORDER BY line.id
"""  # noqa: S608 - made of constants


@dataclass(frozen=True)
class RowOutcome:
    """A row and its result.

    Attributes:
        row: the row's number in the spreadsheet.
        prospect: the prospect of its note; if it isn't known, the cell that should name it.
        email: the email address that names the prospect; empty if none does.
        result, reason: as in the results.
        text: the beginning of the note, without markup; of a row without a valid note, of its text in the sheet.
        audience: visibility and status of the note in words; empty if the row has no valid note, or one of an earlier
            run, which may have others by now.
    """

    row: int
    prospect: str
    email: str
    result: Result
    reason: str
    text: str
    audience: str


@dataclass(frozen=True)
class RowPage:
    """Rows that match, at most 100 of them.

    Attributes:
        rows: the rows.
        total: number of all rows that match.
        number: the page's number, from 1.
        result, words: what was asked for; empty for any.
    """

    rows: Sequence[RowOutcome]
    total: int
    number: int
    result: str = ""
    words: str = ""

    @property
    def pages(self) -> int:
        """Number of pages; at least 1."""
        return max(1, -(-self.total // _ON_A_PAGE))

    @property
    def start(self) -> int:
        """Number of the page's first row among all that match, from 1."""
        return (self.number - 1) * _ON_A_PAGE + 1

    def query(self, *, result: str | None = None, page: int = 1) -> str:
        """Return the query of an address for another result, or for another page."""
        asked = {"result": self.result if result is None else result, "words": self.words}
        return "?" + urlencode({**asked, **({"page": page} if page > 1 else {})})


def write(path: Path, loaded: Loaded, outcomes: Outcomes) -> None:
    """Write the rows of a run into a new file. If that fails, there is none, and the results still have all rows."""
    new, rows = path.with_suffix(".new"), loaded.rows
    texts, people = _cells_of_others(loaded)
    others: dict[str | Message, int] = {}  # text in a cell, or reason → its number after those of the notes
    with contextlib.suppress(OSError, sqlite3.Error):
        try:
            with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as database:
                database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")
                for start in range(0, len(outcomes), _AT_ONCE):
                    lines = _lines(rows, outcomes, start, texts, people, others)
                    database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)
                database.executemany("INSERT INTO said VALUES (?, ?, ?, ?)", _said(rows.notes, others))
                database.execute("COMMIT")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def _cells_of_others(loaded: Loaded) -> tuple[dict[int, str], dict[int, str]]:
    """Return the text, and the cell that should name a prospect, of each row without a valid note, by its position."""
    others = (loaded.rows.note[: loaded.rows.in_sheet] < 0).tolist()
    texts, people, start = dict[int, str](), dict[int, str](), 0
    wanted = ((Role.CONTENT, texts), (Role.EMAIL, people), (Role.PROSPECT, people))  # of a person's two, the ID counts
    found = [(loaded.roles.columns[role], into) for role, into in wanted if role in loaded.roles.columns]
    for numbers, columns in loaded.sheet.columns() if any(others) else ():
        for column, into in found:
            into |= {at: text for at, text in enumerate(columns[column], start) if others[at] and text.strip()}
        start += len(numbers)
    return texts, people


def _lines(
    rows: Rows,
    outcomes: Outcomes,
    start: int,
    texts: Mapping[int, str],
    people: Mapping[int, str],
    others: dict[str | Message, int],
) -> Iterator[tuple[object, ...]]:
    stop = min(start + _AT_ONCE, len(outcomes))

    def number_of(one: str | Message | None) -> int | None:
        return others.setdefault(one, len(rows.notes) + len(others)) if one else None

    columns, is_to_fix = outcomes.columns(start, stop), outcomes.to_fix()[start:stop].tolist()
    fields = zip(
        range(start, stop),
        rows.number[start:stop].tolist(),
        rows.prospect[start:stop].tolist(),
        [""] * (stop - start) if rows.email is None else rows.email[start:stop].tolist(),
        columns.result,
        is_to_fix,
        columns.reason,
        columns.note_id,
        rows.note[start:stop].tolist(),
        strict=True,
    )
    for position, number, prospect, email, result, needs_attention, reason, note_id, note in fields:
        part = TO_FIX if needs_attention and result != Result.UNCONFIRMED else None
        text = note if note >= 0 else number_of(texts.get(position))
        person = prospect or people.get(position, "")
        who = _storable(person), _storable(email)
        folded = _folded(f"{person}\n{email}"), _folded(note_id)
        yield position, number, *who, result, part, number_of(reason), text, *folded


def _said(notes: Sequence[Note], others: Mapping[str | Message, int]) -> Iterator[tuple[int, str, str, str]]:
    """Yield the number, text, audience and folded text of each note, each text in a cell, and each reason."""
    for number, note in enumerate(notes):
        text = _storable(text_of(note))
        audience = render(say("names", names=(WORDS[note.visibility.name], WORDS[note.status.name])))
        yield number, cut(text, _CHARACTERS), audience, _folded(text)
    for other, number in others.items():
        text = _storable(render(other))
        yield number, cut(text, _CHARACTERS), "", _folded(text)


def read(path: Path, result: str = "", words: str = "", number: int = 1) -> RowPage | None:
    """Return a page of the rows that match, the last one if there are fewer; None if the file can't be read.

    Args:
        path: a file from :func:`write`.
        result: the result, or :data:`TO_FIX`; empty for any.
        words: a part of the prospect, email address, note or reason, in upper or lower case; or a whole note ID.
        number: the page's number, from 1.
    """
    if not path.is_file():
        return None
    wanted: dict[str, str | int] = {"result": result, "words": _folded(words.strip())}
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            total = database.execute(_COUNT, wanted).fetchone()[0]
            number = max(1, min(number, -(-total // _ON_A_PAGE)))
            found = database.execute(_PAGE, {**wanted, "start": (number - 1) * _ON_A_PAGE})
            return RowPage([_row(*one) for one in found], total, number, result, words)
    except sqlite3.Error:
        return None


def _row(number: int, prospect: str, email: str, result: str, *shown: str | None) -> RowOutcome:
    reason, text, audience = (text or "" for text in shown)
    return RowOutcome(number, prospect, email, Result(result), reason, text, audience)


def _folded(text: str) -> str:
    """Return the text as it is compared with others: without upper case, and each character in one spelling."""
    return unicodedata.normalize("NFKC", _storable(text)).casefold()


def _storable(text: str) -> str:
    """Return the text with lone surrogates, which can't be stored, replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
